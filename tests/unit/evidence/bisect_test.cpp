// The search by halves, over tables of outcomes that are made up: what it tries, in which order, and what it says then.
#include "evidence/bisect.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace swage {
namespace {

// A table is a letter for each version: w works, f fails; upper case: dear.
struct Search {
  std::string order{};   // of what was tried
  Found found{};
  std::size_t most = 0;
};

Line line_of(const std::string& table, std::size_t start, std::optional<std::size_t> bound) {
  Line line{.start = start, .bound = bound};
  for (const char letter : table) {
    line.outcomes.push_back(Outcome::untried);
    line.dear.push_back(letter < 'a');
  }
  return line;
}

Search search(const std::string& table, std::size_t start = 0, std::optional<std::size_t> bound = {}) {
  Line line = line_of(table, start, bound);
  Search done{.most = most_probes(line)};
  while (const auto next = next_probe(line)) {
    done.order += fmt::format("{}{}", done.order.empty() ? "" : " ", *next);
    EXPECT_EQ(line.outcomes.at(*next), Outcome::untried) << table;
    line.outcomes[*next] = table[*next] == 'w' || table[*next] == 'W' ? Outcome::works : Outcome::fails;
  }
  done.found = found(line);
  return done;
}

std::string text(const Search& done) {
  const auto side = [](std::optional<std::size_t> at) { return at ? std::to_string(*at) : "none"; };
  std::string odd;
  for (const std::size_t at : done.found.odd) odd += fmt::format(" odd {}", at);
  return fmt::format("{}: {} | {}{}", done.order, side(done.found.works), side(done.found.fails), odd);
}

TEST(Bisect, FindsTheFirstThatFailsByHalves) {
  EXPECT_EQ(text(search("wwwwwfff")), "0 7 3 5 4: 4 | 5");
  EXPECT_EQ(text(search("wf")), "0 1: 0 | 1");
  EXPECT_EQ(text(search("wwwwwwwf")), "0 7 3 5 6: 6 | 7");
  EXPECT_EQ(search(std::string(30, 'w') + std::string(34, 'f')).most, 8u) << "two ends, and six halves of 64";
}

TEST(Bisect, BeginsAtWhatIsExpectedToWork) {
  EXPECT_EQ(text(search("wwwwwfff", 4)), "4 7 5: 4 | 5");
  EXPECT_EQ(text(search("wwffffff", 4)), "4 0 2 1: 1 | 2") << "it does not, so the frontier is before it";
}

TEST(Bisect, LooksAtBothSidesOfAKnownBoundFirst) {
  EXPECT_EQ(text(search("wwwwwfff", 1, 5)), "4 5: 4 | 5") << "two builds, when it is true";
  EXPECT_EQ(text(search("wwwwwwwf", 1, 5)), "4 5 7 6: 6 | 7") << "it is too early";
  EXPECT_EQ(text(search("wwwwwwww", 1, 5)), "4 5 7: 7 | none") << "there is none";
  EXPECT_EQ(text(search("wwwfffff", 1, 5)), "4 5 0 2 3: 2 | 3") << "it is too late";
}

TEST(Bisect, AllMayWorkAndNoneMay) {
  EXPECT_EQ(text(search("wwww")), "0 3: 3 | none");
  EXPECT_EQ(text(search("ffff")), "0: none | 0");
  EXPECT_EQ(text(search("ffff", 2)), "2 0: none | 0");
  EXPECT_EQ(text(search("w")), "0: 0 | none");
  EXPECT_EQ(text(search("")), ": none | none");
}

TEST(Bisect, OneThatFailsBetweenTwoThatWorkIsTold) {
  EXPECT_EQ(text(search("wwwfwww", 0, 4)), "3 4 0 1 2: 2 | 3 odd 4");
  EXPECT_EQ(text(search("wwwfwww")), "0 6: 6 | none") << "what is not tried is not known";
  EXPECT_EQ(text(search("wfwwffff")), "0 7 3 5 4: 3 | 4");
  EXPECT_EQ(text(search("fwww", 0, 1)), "0 1: none | 0 odd 1");
}

TEST(Bisect, WhatIsDearIsTriedOnlyWhereNothingElseNarrows) {
  EXPECT_EQ(text(search("wWWwFFfF")), "0 6 3 4: 3 | 4") << "neither end, nor a middle that others have";
  EXPECT_EQ(text(search("wWWwWFfF")), "0 6 3 4 5: 4 | 5");
  EXPECT_EQ(text(search("wWWwWFF")), "0 3 6 4 5: 4 | 5") << "nothing else is newer";
  EXPECT_EQ(text(search("wWFf", 0, 2)), "0 3 1 2: 1 | 2") << "both sides of the bound, as near as is cheap";
  EXPECT_EQ(text(search("WF", 0, 1)), "0 1: 0 | 1");
}

RC_GTEST_PROP(BisectProperty, OfOrderedOutcomesTheEdgeIsFoundInAtMostWhatWasSaid, ()) {
  const auto size = *rc::gen::inRange<std::size_t>(1, 60);
  const auto works = *rc::gen::inRange<std::size_t>(0, size + 1);
  std::string table = std::string(works, 'w') + std::string(size - works, 'f');
  for (char& letter : table)
    if (*rc::gen::inRange(0, 3) == 0) letter = letter == 'w' ? 'W' : 'F';
  const auto start = *rc::gen::inRange<std::size_t>(0, size);
  const auto bound = *rc::gen::inRange<std::size_t>(0, size);
  const Search done = search(table, start, bound == 0 ? std::nullopt : std::optional(bound));
  RC_ASSERT(done.found.odd.empty());
  RC_ASSERT(static_cast<std::size_t>(std::count(done.order.begin(), done.order.end(), ' ')) + 1 <= done.most);
  if (works == 0) RC_ASSERT(done.found.fails == std::optional<std::size_t>(0));
  else RC_ASSERT(done.found.works == std::optional(works - 1));
  if (works > 0) RC_ASSERT(done.found.fails == (works == size ? std::nullopt : std::optional(works)));
}

}  // namespace
}  // namespace swage
