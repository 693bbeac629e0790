#include "evidence/step_times.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

EvidenceRow row(const std::string& kernel, const std::string& compiler, unsigned build, unsigned boot,
                unsigned cores = 2) {
  return {.kernel = kernel, .compiler = compiler, .build_seconds = build, .boot_seconds = boot, .cores = cores};
}

TEST(RecordedSeconds, AreThoseOfTheNearest) {
  const std::vector<EvidenceRow> rows{row("6.1.170", "gcc", 300, 10), row("6.1.170", "clang", 500, 11),
                                      row("6.1.90", "gcc", 200, 12), row("4.4.302", "clang", 100, 13)};
  const auto build = [&](const std::string& kernel, const std::string& compiler, unsigned cores = 2) {
    return recorded_build_seconds(rows, row(kernel, compiler, 0, 0), cores);
  };
  EXPECT_EQ(build("6.1.170", "gcc"), 300);
  EXPECT_EQ(build("6.1.170", "clang"), 500);
  EXPECT_EQ(build("6.1.90", "clang"), 200) << "the same kernel counts more than the same compiler";
  EXPECT_EQ(build("6.1.1", "gcc"), 250) << "the median of the series";
  EXPECT_EQ(build("6.1.1", "clang"), 500);
  EXPECT_EQ(build("6.10.1", "gcc"), 250) << "6.10 is no 6.1";
  EXPECT_EQ(build("6.10.1", "clang"), 300) << "the median of 500 and 100";
  EXPECT_EQ(build("6.1.170", "gcc", 4), 150) << "twice as many cores";
  EXPECT_EQ(recorded_boot_seconds(rows, row("6.1.170", "gcc", 0, 0)), 10) << "a boot has one core";
}

TEST(RecordedSeconds, OfAnotherConfigurationSayNothing) {
  std::vector<EvidenceRow> rows{row("6.1.170", "gcc", 300, 10)};
  rows[0].config = "defconfig";
  EXPECT_EQ(recorded_build_seconds(rows, row("6.1.170", "gcc", 0, 0), 2), std::nullopt);
  rows[0].config = "tiny";
  rows[0].recipe = "another";
  EXPECT_EQ(recorded_build_seconds(rows, row("6.1.170", "gcc", 0, 0), 2), std::nullopt);
  rows[0].recipe = "";
  rows[0].build_seconds.reset();
  EXPECT_EQ(recorded_build_seconds(rows, row("6.1.170", "gcc", 0, 0), 2), std::nullopt);
  EXPECT_EQ(recorded_build_seconds({}, row("6.1.170", "gcc", 0, 0), 2), std::nullopt);
}

TEST(RecordedSeconds, SeriesOfOldHaveThreeParts) {
  const std::vector<EvidenceRow> rows{row("2.6.32.71", "gcc", 100, 1), row("2.6.11", "gcc", 50, 1)};
  EXPECT_EQ(recorded_build_seconds(rows, row("2.6.32.5", "gcc", 0, 0), 2), 100);
  EXPECT_EQ(recorded_build_seconds(rows, row("2.6.27", "gcc", 0, 0), 2), 75);
}

class AheadTest : public testing::Test {
 protected:
  static StorePath drv(const std::string& name) {
    return StorePath::parse("/nix/store/" + std::string(32, 'a') + "-" + name + ".drv").value();
  }
  static MissingPart part(const std::string& name, std::optional<double> seconds) {
    return {.drv = drv(name), .seconds = seconds};
  }
  // The numbers in the order in which they would be verified, when all goes well.
  std::vector<std::size_t> order(const std::map<std::size_t, std::vector<std::string>>& parts) {
    std::vector<std::size_t> numbers;
    while (const auto next = ahead_.next()) {
      numbers.push_back(*next);
      for (const std::string& name : parts.at(*next)) ahead_.made(drv(name));
      ahead_.close(*next);
    }
    return numbers;
  }
  Ahead ahead_{};
};

TEST_F(AheadTest, WhatIsDoneSoonestComesNext) {
  ahead_.add(0, {part("gcc-source", 3000), part("a", 100)}, false);
  ahead_.add(1, {part("gcc-12", 60), part("b", 300)}, false);
  ahead_.add(2, {part("gcc-source", 3000), part("c", 50)}, false);
  ahead_.add(3, {part("gcc-12", 60), part("d", 320)}, false);
  ahead_.add(4, {part("gcc-13", 61), part("e", 300)}, false);
  EXPECT_EQ(order({{0, {"gcc-source", "a"}},
                   {1, {"gcc-12", "b"}},
                   {2, {"gcc-source", "c"}},
                   {3, {"gcc-12", "d"}},
                   {4, {"gcc-13", "e"}}}),
            (std::vector<std::size_t>{1, 3, 4, 2, 0}))
      << "the second of gcc-12 has its toolchain by then, and so has the second of gcc-source";
}

TEST_F(AheadTest, WhatHasARecordComesLast) {
  ahead_.add(0, {part("a", 1)}, true);
  ahead_.add(1, {part("b", 500)}, false);
  ahead_.add(2, {part("c", 500)}, false);
  EXPECT_EQ(order({{0, {"a"}}, {1, {"b"}}, {2, {"c"}}}), (std::vector<std::size_t>{1, 2, 0})) << "of equals the first";
}

TEST_F(AheadTest, TimesAreOfWhatIsMissing) {
  ahead_.add(0, {part("gcc", 60), part("a", 100)}, false);
  ahead_.add(1, {part("gcc", 60), part("b", 200)}, false);
  EXPECT_EQ(ahead_.seconds_of(0), 160);
  EXPECT_EQ(ahead_.seconds_of_all(), 360) << "the toolchain once";
  ahead_.made(drv("gcc"));
  EXPECT_EQ(ahead_.seconds_of(1), 200);
  ahead_.close(0);
  EXPECT_EQ(ahead_.seconds_of_all(), 200);
}

TEST_F(AheadTest, TimesFollowThisMachine) {
  ahead_.add(0, {part("a", 100)}, false);
  ahead_.add(1, {part("b", 100)}, false);
  ahead_.took(200, *ahead_.seconds_of(0));
  ahead_.close(0);
  EXPECT_EQ(ahead_.seconds_of(1), 200) << "twice as slow as on record";
  ahead_.took(100, *ahead_.seconds_of(1));
  EXPECT_DOUBLE_EQ(*ahead_.seconds_of(1), 150) << "300 s for 200 on record";
}

TEST_F(AheadTest, WhatIsNotKnownIsNotMadeUp) {
  ahead_.add(0, {part("a", std::nullopt)}, false);
  EXPECT_EQ(ahead_.seconds_of(0), std::nullopt);
  EXPECT_EQ(ahead_.seconds_of_all(), std::nullopt);
  ahead_.add(1, {part("b", 100)}, false);
  EXPECT_EQ(ahead_.seconds_of(0), std::nullopt);
  EXPECT_EQ(ahead_.seconds_of_all(), 200) << "of the sum it counts like the others";
  EXPECT_EQ(ahead_.next(), 0u);
  EXPECT_EQ(order({{0, {"a"}}, {1, {"b"}}}).size(), 2u);
  EXPECT_EQ(ahead_.seconds_of_all(), 0);
}

}  // namespace
}  // namespace swage
