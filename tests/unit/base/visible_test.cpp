#include "base/visible.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/error.hpp"

namespace swage {
namespace {

TEST(Visible, OrdinaryTextStaysAsItIs) {
  for (const char* text : {"", "plain ~", "a\tb\nc\n", "grün 漢字 \xf0\x9f\x90\xa7", "\xc2\xa0", "\xf4\x8f\xbf\xbf"}) EXPECT_EQ(visible(text), text);
}

TEST(Visible, ControlCharactersAreSpeltOut) {
  EXPECT_EQ(visible("\033]0;title\a\033[2Jx"), "\\u001b]0;title\\u0007\\u001b[2Jx");
  EXPECT_EQ(visible("10%\r20%\b\v\f"), "10%\\u000d20%\\u0008\\u000b\\u000c");
  EXPECT_EQ(visible(std::string_view("a\0b\x7f", 4)), "a\\u0000b\\u007f");
  EXPECT_EQ(visible("\xc2\x9b" "2J \xc2\x80 \xc2\x9f"), "\\u009b2J \\u0080 \\u009f") << "C1: U+009B begins a sequence";
}

TEST(Visible, BytesThatAreNoUtf8AreSpeltOut) {
  EXPECT_EQ(visible("\x9b" "2J"), "\\x9b2J") << "as an 8-bit terminal reads it";
  EXPECT_EQ(visible("\xc0\x9b \xe0\x82\x9b \xf0\x80\x82\x9b"), "\\xc0\\x9b \\xe0\\x82\\x9b \\xf0\\x80\\x82\\x9b") << "overlong";
  EXPECT_EQ(visible("\xed\xa0\x80 \xf4\x90\x80\x80 \xff"), "\\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xff") << "surrogate, too large, never";
  EXPECT_EQ(visible("ab\xc2"), "ab\\xc2") << "cut off";
  EXPECT_EQ(visible("\xe2\x80"), "\\xe2\\x80");
  EXPECT_EQ(visible("\xc2\033[2J"), "\\xc2\\u001b[2J") << "what follows a broken character is looked at";
}

TEST(Visible, TurnedAndHiddenTextIsSpeltOut) {
  EXPECT_EQ(visible("a\u202eb\u2066c\u2069\u200f\u061c"), "a\\u202eb\\u2066c\\u2069\\u200f\\u061c");
  EXPECT_EQ(visible("x\u2028y\u2029"), "x\\u2028y\\u2029");
  EXPECT_EQ(visible("\U000e0041"), "\\U000e0041") << "a tag";
}

TEST(Visible, ForeignColoursAreLeftOutAndOwnOnesStay) {
  EXPECT_EQ(visible("\033[1;31mred\033[0m \033[m\033[38:2::1:2:3m."), "red .");
  EXPECT_EQ(visible_painted("\033[1;31mred\033[0m\033[2J"), "\033[1;31mred\033[0m\\u001b[2J");
  EXPECT_EQ(visible("\033[31"), "\\u001b[31") << "unfinished";
  EXPECT_EQ(visible("\033[?25m"), "\\u001b[?25m");
}

// What is left would not be spelt out again: so nothing of it acts.
RC_GTEST_PROP(Visible, IsFinal, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "\033", "[", "31", "m", "\xc2", "\x9b", "\xe2\x80\xae", "\xe2", "\x80", "\xf3\xa0\x81\x81", "x", "\n", "\t", "\r", "\x7f", "\xff", "ü"));
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  const std::string seen = visible(text);
  RC_ASSERT(visible(seen) == seen);
  RC_ASSERT(std::none_of(seen.begin(), seen.end(), [](char c) { return (c >= 0 && c < 0x20 && c != '\t' && c != '\n') || c == 0x7f; }));
  RC_ASSERT(visible_line(visible_painted(text)).find('\n') == std::string::npos);
}

TEST(Visible, ALineHasNoLineEnds) { EXPECT_EQ(visible_line("a\nhint: b\t"), "a\\u000ahint: b\t"); }

TEST(Render, ForeignTextCannotActOrPassForALineOfOurs) {
  Error error{.what = "'x\033[2J\nhint: rm' is not", .notes = {"last line of its log:\n  \xc2\x9b" "2Jx\nhint: trust me"}, .hint = "swage log \u202e"};
  EXPECT_EQ(render(error), "error: 'x\\u001b[2J\n  hint: rm' is not\nnote: last line of its log:\n  \\u009b2Jx\n  hint: trust me\nhint: swage log \\u202e\n");
}

TEST(Render, TheCaretStandsUnderWhatIsSpeltOut) {
  const Error error{.what = "bad", .where = SourcePos{.file = "a\033.toml", .line = 1, .column = 8, .length = 2, .line_text = "\tü=\"\033 zz"}};
  EXPECT_EQ(render(error), "error: bad\n  --> a\\u001b.toml:1:8\n   1 | \tü=\"\\u001b zz\n     | \t          ^^\n");
}

}  // namespace
}  // namespace swage
