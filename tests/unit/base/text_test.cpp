#include "base/text.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

TEST(DidYouMean, SuggestsTheNearestOfAClosedSet) {
  const std::vector<std::string> names{"arm64", "armhf", "armel", "mipsel", "x86_64"};
  EXPECT_EQ(did_you_mean("arm46", names), "did you mean 'arm64'?");
  EXPECT_EQ(did_you_mean("mispel", names), "did you mean 'mipsel'?");
  EXPECT_EQ(did_you_mean("sparc", names), "");
}

TEST(DidYouMean, NamesAtMostThree) {
  const std::vector<std::string> names{"armaa", "armab", "armac", "armad"};
  EXPECT_EQ(did_you_mean("armax", names), "did you mean 'armaa', 'armab' or 'armac'?");
}

TEST(EditDistance, CountsASwapAsOne) {
  EXPECT_EQ(edit_distance("arm46", "arm64"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(split_words("  a \t b\n"), (std::vector<std::string_view>{"a", "b"}));
}

TEST(LastLines, AreCountedFromTheEnd) {
  EXPECT_EQ(last_lines("a\nb\nc\n", 2), "b\nc\n");
  EXPECT_EQ(last_lines("a\nb\nc", 1), "c");
  EXPECT_EQ(last_lines("a\nb\n", 2), "a\nb\n");
  EXPECT_EQ(last_lines("a\nb\n", 9), "a\nb\n");
  EXPECT_EQ(last_lines("a\n\n\n", 2), "\n\n");
  EXPECT_EQ(last_lines("\n", 1), "\n");
  EXPECT_EQ(last_lines("", 3), "");
  EXPECT_EQ(last_lines("a\nb", 0), "");
}

TEST(Human, RoundsForPeople) {
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1500), "1.5 kB");
  EXPECT_EQ(human_bytes(143000000), "143.0 MB");
  EXPECT_EQ(human_seconds(0.31), "0.3 s");
  EXPECT_EQ(human_seconds(185), "3 m 05 s");
}

TEST(Text, ShellWordsAreQuotedWhenTheyNeedIt) {
  EXPECT_EQ(shell_quoted("/home/u/a-b_c.d+e:f,g@h%i=j"), "/home/u/a-b_c.d+e:f,g@h%i=j");
  EXPECT_EQ(shell_quoted("with space"), "'with space'");
  EXPECT_EQ(shell_quoted("it's\n$HOME"), "'it'\\''s\n$HOME'");
  EXPECT_EQ(shell_quoted(""), "''");
}

}  // namespace
}  // namespace swage
