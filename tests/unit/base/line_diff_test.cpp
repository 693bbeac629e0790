#include "base/line_diff.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace swage {
namespace {

std::string shown(std::string_view before, std::string_view after) {
  return join(line_diff(before, after), "|");
}

TEST(LineDiff, TellsTheFewestLines) {
  EXPECT_EQ(shown("", ""), "");
  EXPECT_EQ(shown("a\nb\n", "a\nb"), "");   // a last line need not end
  EXPECT_EQ(shown("", "a\n"), "+a");
  EXPECT_EQ(shown("a\nb\nc\n", "a\nx\nc\n"), "-b|+x");
  EXPECT_EQ(shown("a\nb\nc\nd\n", "b\nd\nc\n"), "-a|-c|+c");
  EXPECT_EQ(shown("one\n\ntwo\n", "one\ntwo\n"), "-");
}

// What it says makes one text of the other.
TEST(LineDiff, IsRight) {
  unsigned state = 7;
  const auto next = [&] { return (state = state * 1103515245 + 12345) >> 16; };
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> a, b;
    for (unsigned i = next() % 9; i > 0; --i) a.push_back(std::string(1, static_cast<char>('a' + next() % 4)));
    for (unsigned i = next() % 9; i > 0; --i) b.push_back(std::string(1, static_cast<char>('a' + next() % 4)));
    const auto text = [](const std::vector<std::string>& lines) {
      std::string all;
      for (const std::string& line : lines) all += line + "\n";
      return all;
    };
    std::vector<std::string> kept_of_a = a, kept_of_b = b;
    for (const std::string& line : line_diff(text(a), text(b))) {
      std::vector<std::string>& of = line.front() == '-' ? kept_of_a : kept_of_b;
      const auto at = std::find(of.begin(), of.end(), line.substr(1));
      ASSERT_NE(at, of.end());
      of.erase(at);
    }
    std::sort(kept_of_a.begin(), kept_of_a.end());
    std::sort(kept_of_b.begin(), kept_of_b.end());
    EXPECT_EQ(kept_of_a, kept_of_b) << text(a) << "--\n" << text(b);
  }
}

// More pairs of lines than are compared: all of the middle is another.
TEST(LineDiff, LargeTextsAreTold) {
  std::string a = "same\n", b = "same\n";
  for (int i = 0; i < 3000; ++i) {
    a += "a" + std::to_string(i) + "\n";
    b += "b" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(line_diff(a + "end\n", b + "end\n").size(), 6000u);
}

}  // namespace
}  // namespace swage
