#include "evidence/idle_run.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.hpp"

namespace swage {
namespace {

// With so many cores for so long.
FailedLog failed(double cores, bool by_clock = false) {
  return {.by_itself = !by_clock, .by_clock = by_clock, .seconds = 100, .cpu_seconds = 100 * cores};
}

TEST(NoEvidence, AFailureOnAQuietMachineIsOne) {
  for (const bool boot : {false, true})
    for (const bool clock : {false, true})
      for (const double cores : {0.0, 0.2, 1.0}) EXPECT_EQ(no_evidence(failed(cores, clock), boot, {}), "");
}

TEST(NoEvidence, WhatTheClockEndedForWantOfProcessorsIsNone) {
  const Shortage busy{.processors = true};
  EXPECT_EQ(no_evidence(failed(0.2), true, busy),
            "others had the processors, it got 20 % of one, and its time is limited");
  EXPECT_EQ(no_evidence(failed(0.1, true), false, busy),
            "others had the processors, it got 10 % of one, and its time is limited");
  EXPECT_EQ(no_evidence(failed(0.2), false, busy), "") << "a compiler's error is the same at any speed";
  EXPECT_EQ(no_evidence(failed(0.5), true, busy), "") << "it had enough";
  EXPECT_EQ(no_evidence({}, true, busy), "");
}

TEST(NoEvidence, WhatFailedForWantOfMemoryIsNone) {
  EXPECT_EQ(no_evidence(failed(1), false, {.memory = true}), "the machine was short of memory meanwhile");
}

TEST(IdleLockTest, OneProcessHasIt) {
  const TempDir dir = TempDir::create("swage-idle").value();
  const std::unique_ptr<Store> store = Store::open(dir.path() / "home").value();
  {
    const Result<IdleLock> first = IdleLock::take(*store);
    ASSERT_TRUE(first) << render(first.error());
    ASSERT_TRUE(first->says("linux@6.1 for arm64"));
    const Result<IdleLock> second = IdleLock::take(*store);
    ASSERT_FALSE(second);
    const std::string minute = time_text("%Y-%m-%d %H:%M UTC", std::time(nullptr));
    EXPECT_EQ(second.error().code, Errc::environment);
    EXPECT_THAT(
        render(second.error()),
        testing::StartsWith("error: '" + store->root().string() + "' has an idle run already\nnote: it is process " +
                            std::to_string(::getpid()) + ", since " + minute.substr(0, 10)));
    EXPECT_THAT(render(second.error()),
                testing::EndsWith(" UTC, and is at linux@6.1 for arm64\n"
                                  "hint: let it go on; or verify something beside it, without --idle\n"));
  }
  EXPECT_TRUE(IdleLock::take(*store)) << "it ends with its process, whatever is written there";
}

}  // namespace
}  // namespace swage
