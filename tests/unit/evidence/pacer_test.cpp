#include "evidence/pacer.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>

namespace swage {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t GB = 1'000'000'000;

// A machine of one processor that another program has for itself from time to time, and a clock that stands until it is
// set.
class PacerTest : public testing::Test, public Reporter {
 protected:
  void on(const Event& event) override {
    if (const auto* paused = std::get_if<Paused>(&event))
      told_.push_back(fmt::format("paused for {}: {}", paused->scarce, paused->why));
    else if (const auto* resumed = std::get_if<Resumed>(&event))
      told_.push_back(fmt::format("goes on after {}", resumed->seconds));
  }
  Pace ask_after(double seconds, double others, bool waiting = true) {
    now_ += seconds;
    load_.ticks += static_cast<std::uint64_t>(seconds * 100 + 0.5);
    load_.unused += static_cast<std::uint64_t>(seconds * (1 - others) * 100 + 0.5);
    load_.seconds = now_;
    return pacer_.ask(waiting);
  }

  double now_ = 100;
  unsigned looks_ = 0;
  bool over_ = false;
  std::vector<std::string> told_{};
  Load load_{.seconds = 100, .processors = 1, .memory = 10 * GB, .memory_available = 9 * GB, .disk_free = 50 * GB};
  Pacer pacer_{{.spare = 0.5, .keep_free = 10 * GB},
               *this,
               {.look = [this]() -> Result<Load> {
                  ++looks_;
                  return load_;
                },
                .is_over = [this] { return over_; },
                .now = [this] { return now_; }}};
};

TEST_F(PacerTest, LooksNowAndThen) {
  EXPECT_EQ(pacer_.ask(true), Pace::hold) << "nothing is known yet";
  EXPECT_EQ(ask_after(0.5, 0), Pace::hold);
  EXPECT_EQ(looks_, 1u);
  EXPECT_EQ(ask_after(0.5, 0), Pace::go);
  EXPECT_EQ(ask_after(1.5, 0), Pace::go);
  EXPECT_EQ(looks_, 2u);
  EXPECT_EQ(ask_after(0.5, 0), Pace::go);
  EXPECT_EQ(looks_, 3u) << "every other second";
  EXPECT_THAT(told_, ElementsAre()) << "to look first is no pause";
  EXPECT_EQ(pacer_.paused_seconds(), 0);
}

TEST_F(PacerTest, APauseIsToldAndCounted) {
  pacer_.ask(true);
  ask_after(10, 0);
  EXPECT_EQ(ask_after(10, 1, false), Pace::hold);
  EXPECT_THAT(told_, ElementsAre()) << "nothing waits for it";
  EXPECT_EQ(ask_after(2, 1), Pace::hold);
  EXPECT_EQ(ask_after(2, 1), Pace::hold);
  EXPECT_EQ(pacer_.paused_seconds(), 2);
  EXPECT_EQ(ask_after(9, 0), Pace::go);
  EXPECT_EQ(ask_after(5, 0), Pace::go);
  EXPECT_THAT(told_, ElementsAre("paused for processors: others leave 0.00 of 1 processor, and builds begin at 0.50",
                                 "goes on after 11"));
  EXPECT_EQ(pacer_.paused_seconds(), 11);
}

TEST_F(PacerTest, AnEndedRunDoesNotWait) {
  pacer_.ask(true);
  over_ = true;
  EXPECT_EQ(ask_after(2, 0), Pace::go) << "the cell that is begun is finished";
  EXPECT_EQ(ask_after(10, 1), Pace::finish);
  over_ = false;
  EXPECT_EQ(ask_after(2, 1), Pace::hold);
}

TEST_F(PacerTest, ADiskThatFillsEndsInsteadOfWaiting) {
  pacer_.ask(true);
  load_.disk_free = 9 * GB;
  EXPECT_EQ(ask_after(2, 0), Pace::finish);
  load_.disk_free = GB;
  EXPECT_EQ(ask_after(2, 0), Pace::stop);
  EXPECT_EQ(pacer_.verdict().scarce, Scarce::disk);
  EXPECT_THAT(told_, ElementsAre());
}

}  // namespace
}  // namespace swage
