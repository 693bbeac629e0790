// What the error of a failed build shows of its log.
#include "realise/first_error.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/text.hpp"

namespace swage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class FirstErrorTest : public testing::Test {
 protected:
  // The notes of a log of which the last `tail` lines are shown anyway.
  std::vector<std::string> notes(const std::vector<std::string>& log, std::size_t tail = 3) {
    first_ = FirstError(&lines_);
    tail_.clear();
    for (const std::string& line : log) {
      first_.take(line);
      tail_.push_back(line);
      if (tail_.size() > tail) tail_.pop_front();
    }
    return first_.notes(tail_);
  }
  std::string row() const { return first_.row() ? first_.row()->id : "none"; }
  static std::vector<std::string> numbered(std::size_t from, std::size_t to) {
    std::vector<std::string> lines;
    for (; from <= to; ++from) lines.push_back(fmt::format("line {}", from));
    return lines;
  }
  static std::vector<std::string> plus(std::vector<std::string> a, const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  std::vector<LogLineRow> rows_{{.id = "error", .pattern = "error:"},
                                {.id = "weak", .pattern = "weak", .weak = true},
                                {.id = "known", .pattern = "known", .weak = true, .text = "t"}};
  LogLines lines_ = LogLines::compile(rows_).value();
  FirstError first_{nullptr};
  std::deque<std::string> tail_{};
};

TEST_F(FirstErrorTest, IsShownWithItsNeighboursAndThenTheTail) {
  EXPECT_THAT(notes(plus(plus(numbered(1, 9), {"x.c:1: error: y"}), numbered(11, 40))),
              ElementsAre("the first error, in line 10 of its log:\n  line 6\n  line 7\n  line 8\n  line 9\n  x.c:1: error: y\n  line 11\n  line 12\n"
                          "  line 13\n  line 14\n  line 15\n  line 16\n  line 17\n  line 18",
                          "last 3 lines of its log:\n  line 38\n  line 39\n  line 40"));
  EXPECT_EQ(row(), "error");
}

TEST_F(FirstErrorTest, NoLineIsShownTwice) {
  EXPECT_THAT(notes(plus({"a", "b", "error: c"}, numbered(4, 8))),
              ElementsAre("the first error, in line 3 of its log:\n  a\n  b\n  error: c\n  line 4\n  line 5",
                          "last 3 lines of its log:\n  line 6\n  line 7\n  line 8"));
  EXPECT_THAT(notes({"a", "b", "error: c", "d", "e"}), ElementsAre("last 3 lines of its log:\n  error: c\n  d\n  e")) << "the tail has it";
  EXPECT_THAT(notes({"a", "error: b", "c", "d", "e"}),
              ElementsAre("the first error, in line 2 of its log:\n  a\n  error: b", "last 3 lines of its log:\n  c\n  d\n  e"));
}

TEST_F(FirstErrorTest, LaterErrorsAreNotTheFirst) {
  EXPECT_THAT(notes({"error: 1", "error: 2", "x", "y", "z"}).front(), HasSubstr("in line 1 of its log:\n  error: 1\n  error: 2"));
}

TEST_F(FirstErrorTest, AWeakLineCountsWhereThereIsNoOther) {
  EXPECT_THAT(notes(plus({"weak 1"}, numbered(2, 9))).front(), HasSubstr("in line 1 of its log:\n  weak 1\n"));
  EXPECT_EQ(row(), "weak");
  EXPECT_THAT(notes(plus({"weak 1", "weak 2", "error: 3"}, numbered(4, 9))).front(), HasSubstr("in line 3 of its log:\n  weak 1\n  weak 2\n  error: 3\n"));
  EXPECT_EQ(row(), "error");
  EXPECT_THAT(notes(plus({"error: 1", "weak 2"}, numbered(3, 9))).front(), HasSubstr("in line 1 of its log"));
}

TEST_F(FirstErrorTest, WithoutOneTheTailIsAll) {
  EXPECT_THAT(notes(numbered(1, 5)), ElementsAre("last 3 lines of its log:\n  line 3\n  line 4\n  line 5"));
  EXPECT_THAT(notes({"one"}), ElementsAre("last line of its log:\n  one"));
  EXPECT_THAT(notes({}), ElementsAre("it printed nothing"));
  EXPECT_EQ(row(), "none");
  FirstError none(nullptr);
  none.take("error: x");
  EXPECT_THAT(none.notes({"error: x"}), ElementsAre("last line of its log:\n  error: x"));
}

TEST_F(FirstErrorTest, WhatIsKnownMayStandInAnyLineThatIsShown) {
  notes(plus({"error: 1", "known"}, numbered(3, 30)));
  ASSERT_TRUE(first_.known(tail_));
  EXPECT_EQ(first_.known(tail_)->id, "known");
  notes(plus(plus({"error: 1"}, numbered(2, 30)), {"known"}));
  ASSERT_TRUE(first_.known(tail_));
  notes(plus(plus(plus({"error: 1"}, numbered(2, 30)), {"known"}), numbered(31, 60)));
  EXPECT_FALSE(first_.known(tail_)) << "builds go on after many a line";
  notes(plus({"known"}, numbered(2, 60)));
  EXPECT_TRUE(first_.known(tail_)) << "where nothing else is wrong";
}

TEST_F(FirstErrorTest, TheLineBeforeMayTellMoreOfIt) {
  const std::vector<LogLineRow> rows{{.id = "build", .pattern = "^E: none", .after = "^build:", .text = "t"}, {.id = "host", .pattern = "^E: none", .text = "u"}};
  lines_ = LogLines::compile(rows).value();
  const auto row_of = [&](const std::vector<std::string>& log) {
    notes(log);
    return row();
  };
  EXPECT_EQ(row_of({"build: zlib", "", "E: none"}), "build") << "over blank lines";
  EXPECT_EQ(row_of({"build: zlib", "host: zlib", "E: none"}), "host");
  EXPECT_EQ(row_of({"E: none"}), "host");
}

TEST_F(FirstErrorTest, AHostileLogTakesNoMoreThanAnother) {
  const std::string endless(100'000, 'x');
  std::vector<std::string> log(200, endless);
  log[100] = "error: " + endless;
  const std::vector<std::string> got = notes(log);
  ASSERT_THAT(got, SizeIs(2));
  for (const std::string& note : got) EXPECT_LT(note.size(), 20'000u);
  EXPECT_THAT(got.front(), HasSubstr("in line 101 of its log:\n  xxx"));
  EXPECT_THAT(notes({"error: " + std::string(992, 'x') + "\xc3\xa9", "a", "b", "c"}).front(), HasSubstr("xxx...")) << "no half character";
}

}  // namespace
}  // namespace swage
