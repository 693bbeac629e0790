#include "realise/load.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace swage {
namespace {

constexpr const char* kStat = "cpu  300 40 50 1000 60 7 8 9 5 1\n"
                              "cpu0 100 10 20 500 30 3 4 5 5 1\n"
                              "cpu1 200 30 30 500 30 4 4 4 0 0\n"
                              "intr 12345 0 1\nctxt 99\nbtime 1700000000\n";

TEST(Load, ProcessorsAreThoseThatMayBeUsed) {
  const ProcessorTicks both = processor_ticks(kStat, [](unsigned) { return true; });
  EXPECT_EQ(both.processors, 2u);
  EXPECT_EQ(both.ticks, 300u + 40 + 50 + 1000 + 60 + 7 + 8 + 9) << "what guests had is in user and nice already";
  EXPECT_EQ(both.unused, 1060u);
  const ProcessorTicks second = processor_ticks(kStat, [](unsigned processor) { return processor == 1; });
  EXPECT_EQ(second.processors, 1u);
  EXPECT_EQ(second.unused, 530u);
  EXPECT_EQ(processor_ticks("", [](unsigned) { return true; }).processors, 0u);
}

TEST(Load, TheNameOfAProcessMayHoldAnything) {
  const auto found = process_ticks("42 (a ) 7 (b) S 17 42 42 0 -1 4194560 1 2 3 4 10 20 300 4000 39 19 1 0 5 6 7");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->process, 42);
  EXPECT_EQ(found->parent, 17);
  EXPECT_EQ(found->ticks, 4330u) << "its own, and of the children that it waited for";
  EXPECT_FALSE(found->lowest);
  EXPECT_TRUE(
      process_ticks(
          "8 (x) S 1 8 8 0 -1 0 0 0 0 0 1 1 0 0 39 19 1 0 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 17 0 0 5 0 0")
          ->lowest);
  EXPECT_FALSE(process_ticks("42 (cut"));
  EXPECT_FALSE(process_ticks("42 (cut) S 17 42"));
}

TEST(Load, OwnTimeIsThatOfAllBelow) {
  const std::vector<ProcessTicks> processes{{1, 0, 1000},  {10, 1, 5},     {11, 10, 20},
                                            {12, 11, 300}, {13, 10, 4000}, {20, 1, 70000}};
  EXPECT_EQ(ticks_by(10, processes).own, 4325u);
  EXPECT_EQ(ticks_by(12, processes).own, 300u);
  EXPECT_EQ(ticks_by(99, processes).own, 0u);
  EXPECT_EQ(ticks_by(2, {{2, 3, 1}, {3, 2, 10}}).own, 11u)
      << "numbers given anew while they were read make no endless loop";
}

TEST(Load, OthersOfTheSamePriorityAreTold) {
  const TicksBy by =
      ticks_by(10, {{10, 1, 5, true}, {11, 10, 20, true}, {20, 1, 300, true}, {21, 20, 4000}, {22, 1, 50000}});
  EXPECT_EQ(by.own, 25u);
  EXPECT_EQ(by.equal, 300u);
}

TEST(Load, MemoryIsInBytes) {
  constexpr const char* text =
      "MemTotal:       24683416 kB\nMemFree:        16439028 kB\nMemAvailable:   22367156 kB\n";
  EXPECT_EQ(meminfo_bytes(text, "MemTotal"), 24683416ull * 1024);
  EXPECT_EQ(meminfo_bytes(text, "MemAvailable"), 22367156ull * 1024);
  EXPECT_EQ(meminfo_bytes(text, "Mem"), 0u);
}

TEST(Load, IsReadOfThisMachine) {
  const Result<Load> first = read_load("/");
  ASSERT_TRUE(first) << render(first.error());
  EXPECT_GT(first->processors, 0u);
  EXPECT_GT(first->memory, first->memory_available);
  EXPECT_GT(first->disk_free, 0u);
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  volatile unsigned spin = 0;
  while (std::chrono::steady_clock::now() < until) spin = spin + 1;
  const Result<Load> second = read_load("/");
  ASSERT_TRUE(second);
  EXPECT_GT(second->own, first->own) << "what this process has just done is its own";
  EXPECT_GT(second->seconds, first->seconds);
  EXPECT_EQ(render(read_load("/nowhere").error()),
            "error: cannot see how much of the disk of '/nowhere' is free: No such file or directory\n");
}

}  // namespace
}  // namespace swage
