#include "cli/health.hpp"

#include <gmock/gmock.h>

namespace swage {
namespace {

using State = Health::State;

TEST(Health, SpaceIsMeasuredAgainstWhatAFirstBootTakes) {
  EXPECT_EQ(examine_space(50'000'000'000, 10'000'000, "/home").state, State::ok);
  EXPECT_EQ(examine_space(50'000'000'000, 10'000'000, "/home").what, "50.0 GB free at /home");
  EXPECT_EQ(examine_space(3'000'000'000, 10'000'000, "/home").state, State::warn);
  EXPECT_EQ(examine_space(100'000'000, 10'000'000, "/home").state, State::fail);
  EXPECT_EQ(examine_space(100'000'000, 10'000'000, "/home").hint, "make room with: swage store gc");
}

TEST(Health, FilesRunOutToo) {
  EXPECT_EQ(examine_space(50'000'000'000, 100'000, "/home").state, State::warn);
  EXPECT_EQ(examine_space(50'000'000'000, 100, "/home").state, State::fail);
  EXPECT_THAT(examine_space(50'000'000'000, 100, "/home").notes, testing::Contains("room for 100 files"));
}

TEST(Health, MemoryIsWhatIsAvailable) {
  const Health much = examine_memory("MemTotal:       16000000 kB\nMemFree:   10 kB\nMemAvailable:   15000000 kB\n");
  EXPECT_EQ(much.state, State::ok);
  EXPECT_EQ(much.what, "15.4 GB of 16.4 GB available");
  EXPECT_EQ(examine_memory("MemTotal: 16000000 kB\nMemAvailable: 1000000 kB\n").state, State::warn);
  EXPECT_EQ(examine_memory("MemTotal: 16000000 kB\nMemAvailable: 100000 kB\n").state, State::fail);
  EXPECT_EQ(examine_memory("").state, State::warn);
  EXPECT_EQ(examine_memory("MemTotal:\nMemAvailable: x\n").state, State::warn);
}

TEST(Health, TheClockIsWithinTheIndicesLife) {
  EXPECT_EQ(examine_clock("2026-02-01T00:00:00Z", "2026-01-31T00:00:00Z", "2026-02-07T00:00:00Z").state, State::ok);
  EXPECT_EQ(examine_clock("2026-02-01T00:00:00Z", "", "").state, State::ok);
  EXPECT_EQ(examine_clock("1970-01-01T00:00:00Z", "2026-01-31T00:00:00Z", "").state, State::fail);
  EXPECT_EQ(examine_clock("2026-03-01T00:00:00Z", "2026-01-31T00:00:00Z", "2026-02-07T00:00:00Z").state, State::warn);
}

}  // namespace
}  // namespace swage
