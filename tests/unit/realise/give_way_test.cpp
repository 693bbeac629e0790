#include "realise/give_way.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

constexpr std::uint64_t GB = 1'000'000'000;

// Two processors, a hundred ticks a second each, of which others use `others` and this run uses `own`.
class GiveWayTest : public testing::Test {
 protected:
  PaceVerdict after(double seconds, double others, double own = 0) {
    const auto ticks = [&](double processors) { return static_cast<std::uint64_t>(processors * seconds * 100 + 0.5); };
    now_.seconds += seconds;
    now_.ticks += ticks(2);
    now_.own += ticks(own);
    now_.unused += ticks(2 - others - own);
    return policy_.take(now_);
  }
  Load now_{.seconds = 1000, .processors = 2, .memory = 20 * GB, .memory_available = 15 * GB, .disk_free = 50 * GB};
  GiveWay policy_{{.spare = 0.5, .keep_free = 10 * GB}};
};

TEST_F(GiveWayTest, NothingBeginsBeforeAnythingIsKnown) {
  const PaceVerdict first = policy_.take(now_);
  EXPECT_EQ(first.pace, Pace::hold);
  EXPECT_EQ(first.scarce, Scarce::unknown);
  EXPECT_EQ(after(0.5, 0).scarce, Scarce::unknown);
  EXPECT_EQ(after(0.6, 0).pace, Pace::go);
}

TEST_F(GiveWayTest, OthersHoldItUpAndItsOwnWorkDoesNot) {
  policy_.take(now_);
  EXPECT_EQ(after(2, 0, 2).pace, Pace::go) << "all of the machine is its own";
  EXPECT_EQ(after(10, 1.4, 0.6).pace, Pace::go);
  const PaceVerdict busy = after(10, 1.8, 0.2);
  EXPECT_EQ(busy.pace, Pace::hold);
  EXPECT_EQ(busy.scarce, Scarce::processors);
  EXPECT_EQ(busy.why, "others leave 0.20 of 2 processors, and builds begin at 0.50");
}

TEST_F(GiveWayTest, TheMeanOfTenSecondsCounts) {
  policy_.take(now_);
  for (int second = 0; second < 20; ++second) after(1, 0);
  for (int second = 0; second < 7; ++second) EXPECT_EQ(after(1, 2).pace, Pace::go) << second;
  EXPECT_EQ(after(1, 2).pace, Pace::hold) << "of the last ten seconds two were quiet";
  for (int second = 0; second < 2; ++second) EXPECT_EQ(after(1, 0).pace, Pace::hold) << second;
  EXPECT_EQ(after(1, 0).pace, Pace::go) << "three of ten are";
}

TEST_F(GiveWayTest, OthersOfTheSamePriorityHoldNothingUp) {
  policy_.take(now_);
  now_.equal += 1900;
  EXPECT_EQ(after(10, 2).pace, Pace::go) << "1.9 of the two are theirs";
  EXPECT_TRUE(policy_.shortage_since(now_.seconds).processors)
      << "a boot that shares with them may be too slow all the same";
}

TEST_F(GiveWayTest, WithoutALimitOthersNeverHoldItUp) {
  policy_ = GiveWay({.spare = 0});
  policy_.take(now_);
  EXPECT_EQ(after(10, 2).pace, Pace::go);
  EXPECT_TRUE(policy_.shortage_since(now_.seconds - 1).processors) << "short it is all the same";
}

TEST_F(GiveWayTest, AMachineThatDoesNotTellHoldsNothingUp) {
  now_.processors = 0;
  now_.memory = now_.memory_available = 0;
  EXPECT_EQ(policy_.take(now_).pace, Pace::go);
}

TEST_F(GiveWayTest, LittleMemoryHoldsUpAndNearlyNoneEnds) {
  policy_.take(now_);
  after(2, 0);
  now_.memory_available = 2 * GB;
  EXPECT_EQ(after(1, 0).pace, Pace::go);
  now_.memory_available = 2 * GB - 1;
  const PaceVerdict low = after(1, 0);
  EXPECT_EQ(low.pace, Pace::hold);
  EXPECT_EQ(low.why, "2.0 GB of memory are available, and builds begin at 2.0 GB");
  now_.memory_available = GB / 2;
  const PaceVerdict least = after(1, 0);
  EXPECT_EQ(least.pace, Pace::stop);
  EXPECT_EQ(least.scarce, Scarce::memory);
  EXPECT_EQ(least.why, "500.0 MB of memory are available, and builds are ended below 600.0 MB");
}

TEST_F(GiveWayTest, TheDiskIsKeptFree) {
  policy_.take(now_);
  after(2, 0);
  now_.disk_free = 10 * GB - 1;
  const PaceVerdict low = after(1, 0);
  EXPECT_EQ(low.pace, Pace::finish) << "waiting would make no room";
  EXPECT_EQ(low.why, "10.0 GB of the disk are free, and builds begin at 10.0 GB");
  now_.disk_free = 2 * GB;
  const PaceVerdict least = after(1, 0);
  EXPECT_EQ(least.pace, Pace::stop);
  EXPECT_EQ(least.why, "2.0 GB of the disk are free, and builds are ended below 2.5 GB");
  policy_ = GiveWay({.spare = 0.5});
  now_.disk_free = 0;
  policy_.take(now_);
  EXPECT_EQ(after(2, 0).pace, Pace::go);
}

TEST_F(GiveWayTest, TheStrictestIsNamed) {
  policy_.take(now_);
  now_.memory_available = GB;
  now_.disk_free = GB;
  EXPECT_EQ(after(2, 2).scarce, Scarce::disk);
  now_.memory_available = 0;
  now_.disk_free = 5 * GB;
  EXPECT_EQ(after(2, 2).scarce, Scarce::memory);
}

TEST_F(GiveWayTest, AShortageIsRememberedByItsTime) {
  policy_.take(now_);
  after(20, 2);
  const double busy = now_.seconds;
  now_.memory_available = GB;
  after(20, 0);
  const double low = now_.seconds;
  now_.memory_available = 15 * GB;
  after(20, 0);
  EXPECT_TRUE(policy_.shortage_since(busy).processors && policy_.shortage_since(busy).memory);
  EXPECT_TRUE(!policy_.shortage_since(busy + 1).processors && policy_.shortage_since(low).memory);
  EXPECT_FALSE(policy_.shortage_since(low + 1).memory);
}

}  // namespace
}  // namespace swage
