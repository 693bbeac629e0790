#include "catalog/version.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "support/versions.hpp"

namespace swage {
namespace {

std::string refusal(const Error& error) { return error.what + (error.hint.empty() ? "" : " | " + error.hint); }
std::string version_refusal(std::string_view text) {
  const auto version = Version::parse(text);
  return version ? "accepted" : refusal(version.error());
}
std::string range_refusal(std::string_view text) {
  const auto range = VersionRange::parse(text);
  return range ? "accepted" : refusal(range.error());
}
bool in(std::string_view range, std::string_view version) {
  return VersionRange::parse(range).value().contains(Version::parse(version).value());
}

TEST(Version, OrdersByNumberWithCandidatesFirst) {
  const char* ascending[] = {"2.6.31", "2.6.32", "2.6.32.67", "3.0", "5.8-rc1", "5.8-rc10", "5.8", "5.8.1", "5.10", "6.1.9", "6.1.170"};
  for (std::size_t i = 0; i < std::size(ascending); ++i)
    for (std::size_t j = 0; j < std::size(ascending); ++j)
      EXPECT_EQ(Version::parse(ascending[i]).value() <=> Version::parse(ascending[j]).value(), i <=> j)
          << ascending[i] << " " << ascending[j];
  EXPECT_EQ(Version::parse("6.1").value(), Version::parse("6.1.0").value());
}

TEST(Version, PrefixIsBySeries) {
  const auto prefix = [](const char* a, const char* b) { return Version::parse(a)->is_prefix_of(*Version::parse(b)); };
  EXPECT_TRUE(prefix("6.1", "6.1.170"));
  EXPECT_TRUE(prefix("6.1", "6.1-rc3"));
  EXPECT_TRUE(prefix("6.1.0", "6.1"));
  EXPECT_FALSE(prefix("6.1", "6.10"));
  EXPECT_FALSE(prefix("6.1.170", "6.1"));
  EXPECT_FALSE(prefix("6.1-rc3", "6.1"));
}

TEST(VersionErrors, SayWhy) {
  EXPECT_EQ(version_refusal(""), "'' is not a version: it has an empty part");
  EXPECT_EQ(version_refusal("6..1"), "'6..1' is not a version: it has an empty part");
  EXPECT_EQ(version_refusal("6.x"), "'6.x' is not a version: 'x' is not a number");
  EXPECT_EQ(version_refusal("6.1-beta"), "'6.1-beta' is not a version: '-beta' is not '-rc' and a number");
  EXPECT_EQ(version_refusal("6.1-rc0"), "'6.1-rc0' is not a version: '-rc0' is not '-rc' and a number");
  EXPECT_EQ(version_refusal("6.99999999999"), "'6.99999999999' is not a version: '99999999999' is not a number");
  EXPECT_EQ(version_refusal("v6.1"), "'v6.1' is not a version: 'v6' is not a number | did you mean '6.1'?");
  EXPECT_EQ(version_refusal("6.1 "), "'6.1 ' is not a version: '1 ' is not a number");
}

TEST(VersionRange, ASeriesBoundDoesNotTestTheSublevel) {
  EXPECT_TRUE(in("<=4.18", "4.18.20"));
  EXPECT_FALSE(in(">4.18", "4.18.20"));
  EXPECT_TRUE(in(">=4.18", "4.18.20"));
  EXPECT_FALSE(in("<4.18", "4.18.20"));
  EXPECT_TRUE(in("2.6.19..4.18", "4.18.20"));
  EXPECT_TRUE(in("<4.4.122", "4.4.121"));
  EXPECT_FALSE(in("<4.4.122", "4.4.122"));
  EXPECT_TRUE(in("<6.15", "6.15-rc7"));
}

TEST(VersionRange, CombinesClausesAndBounds) {
  const char* plt32 = ">=4.10,<4.14.28|=4.15|<4.4.122";
  EXPECT_TRUE(in(plt32, "4.10"));
  EXPECT_TRUE(in(plt32, "4.14.27"));
  EXPECT_FALSE(in(plt32, "4.14.28"));
  EXPECT_TRUE(in(plt32, "4.15.18"));
  EXPECT_FALSE(in(plt32, "4.16"));
  EXPECT_FALSE(in(plt32, "4.9.200"));
  EXPECT_TRUE(in(" >= 2.30 , < 2.41 ", "2.40"));
  EXPECT_TRUE(in("=6.1", "6.1.170"));
  EXPECT_FALSE(in("=6.1", "6.10"));
  EXPECT_TRUE(in("*", "1"));
}

TEST(VersionRangeErrors, SayWhyAndWhere) {
  EXPECT_EQ(range_refusal("4.16"), "'4.16' is not a bound: it starts with none of <, <=, >, >=, =");
  EXPECT_EQ(range_refusal(""), "'' is not a bound: it is empty");
  EXPECT_EQ(range_refusal(">=5.1,"), "'' is not a bound: it is empty");
  EXPECT_EQ(range_refusal("<4.x"), "'4.x' is not a version: 'x' is not a number");
  EXPECT_EQ(range_refusal("5.1..4.9"), "'5.1..4.9' is empty: its first version is the later one");
  EXPECT_EQ(range_refusal(">=5,<4"), "'>=5,<4' is empty: no version is all of that");
  EXPECT_EQ(range_refusal("<3 | >5, <6"), "'>5, <6' is empty: no version is all of that");
  EXPECT_EQ(range_refusal(">=6.0,<6.1,>7"), "'>=6.0,<6.1,>7' is empty: no version is all of that");
  EXPECT_EQ(range_refusal("=6.1,>=6.2"), "'=6.1,>=6.2' is empty: no version is all of that");
  EXPECT_TRUE(VersionRange::parse(">5.10,<6.1|>=5.10.262,<5.11|=5.4,>5.4.3|<0.1|>=6.15-rc1,<6.15"));
  TextSpan bad;
  ASSERT_FALSE(VersionRange::parse(">=4.10, <4.y | =5.1", &bad));
  EXPECT_EQ(bad.offset, 8u);
  EXPECT_EQ(bad.length, 4u);
}

TEST(KernelSeries, HasThreeNumbersOfTwoAndTwoOfAllOthers) {
  using Series = std::array<unsigned, 3>;
  const auto series = [](const char* text) { return kernel_series(Version::parse(text).value()); };
  EXPECT_EQ(series("2.6.32.71"), (Series{2, 6, 32}));
  EXPECT_EQ(series("6.1.170"), (Series{6, 1, 0}));
  EXPECT_EQ(series("6.1-rc3"), series("6.1"));
  EXPECT_EQ(series("7"), series("7.0.5"));
}

RC_GTEST_PROP(VersionProperty, ParseAndPrintAreInverse, ()) {
  const std::string text = *gen_version_text();
  RC_ASSERT(Version::parse(text)->str() == text);
}

RC_GTEST_PROP(VersionProperty, OrderIsTotalAndTransitive, ()) {
  const Version a = *gen_version(), b = *gen_version(), c = *gen_version();
  RC_ASSERT((a < b) + (a == b) + (a > b) == 1);
  RC_ASSERT(!(a <= b && b <= c) || a <= c);
}

// An empty range is refused: nothing is in it.
bool is_in(const std::string& range, const Version& version) {
  const Result<VersionRange> parsed = VersionRange::parse(range);
  return parsed && parsed->contains(version);
}

RC_GTEST_PROP(VersionRangeProperty, OppositeBoundsPartitionTheVersions, ()) {
  const std::string bound = *gen_version_text();
  const Version version = *gen_version();
  const auto holds = [&](std::string op) { return is_in(op + bound, version); };
  RC_ASSERT(holds("<") != holds(">="));
  RC_ASSERT(holds(">") != holds("<="));
  RC_ASSERT(holds("<=") || !holds("<"));
}

RC_GTEST_PROP(VersionRangeProperty, BarIsUnionAndCommaIsIntersection, ()) {
  const std::string a = *gen_range_text(), b = *gen_range_text();
  const Version version = *gen_version();
  const auto holds = [&](const std::string& text) { return is_in(text, version); };
  if (VersionRange::parse(a) && VersionRange::parse(b)) RC_ASSERT(holds(a + "|" + b) == (holds(a) || holds(b)));
  // What holds candidates (-rc) alone is refused too.
  if (a.find('|') == std::string::npos && b.find('|') == std::string::npos && VersionRange::parse(a + "," + b))
    RC_ASSERT(holds(a + "," + b) == (holds(a) && holds(b)));
}

}  // namespace
}  // namespace swage
