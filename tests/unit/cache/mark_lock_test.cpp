// Marks that stand for locks, in a bucket that is a map and has a clock of its own.
#include <atomic>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <thread>

#include "cache/mark_lock.hpp"

namespace swage {
namespace {

using Use = CachePlace::Use;
using namespace std::chrono_literals;

class MarkLock : public testing::Test {
 protected:
  std::mutex mutex{};
  std::map<std::string, std::int64_t> marks{};   // name, and when it was put
  std::int64_t now = 1000;                       // seconds
  MarkPlace place{
      .put = [this](const std::string& name) -> Result<void> {
        const std::scoped_lock lock(mutex);
        marks[name] = now;
        return {};
      },
      .list = [this]() -> Result<std::vector<CachePlace::Entry>> {
        const std::scoped_lock lock(mutex);
        std::vector<CachePlace::Entry> all;
        for (const auto& [name, when] : marks) all.push_back({.name = name, .modified = when});
        return all;
      },
      .remove = [this](const std::string& name) {
        const std::scoped_lock lock(mutex);
        marks.erase(name);
      }};
  const MarkTimes times{.renewed = 60s, .looked = 5ms, .dead = 120};
  std::atomic<std::size_t> waited = 0;

  Result<CachePlace::Held> take(Use use) {
    return lock_by_mark(use, place, [this] { ++waited; }, times);
  }
  std::size_t count() {
    const std::scoped_lock lock(mutex);
    return marks.size();
  }
};

TEST_F(MarkLock, ThoseWhoAddDoNotWaitForEachOther) {
  const auto first = take(Use::add), second = take(Use::add);
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(waited, 0U);
  EXPECT_EQ(count(), 2U);
}

TEST_F(MarkLock, WhoRemovesWaitsForAllOthers) {
  auto adds = std::make_unique<Result<CachePlace::Held>>(take(Use::add));
  std::atomic<bool> taken = false;
  std::jthread remover([&] {
    const auto held = take(Use::remove);
    EXPECT_TRUE(held);
    taken = true;
  });
  std::this_thread::sleep_for(50ms);
  EXPECT_FALSE(taken);
  adds.reset();
  remover.join();
  EXPECT_TRUE(taken);
  EXPECT_EQ(waited, 1U) << "it is told once";
  EXPECT_EQ(count(), 0U) << "marks go with what holds them";
}

TEST_F(MarkLock, WhoAddsStepsBackForWhoRemoves) {
  auto removes = std::make_unique<Result<CachePlace::Held>>(take(Use::remove));
  std::atomic<bool> taken = false;
  std::jthread adder([&] {
    EXPECT_TRUE(take(Use::add));
    taken = true;
  });
  std::this_thread::sleep_for(50ms);
  EXPECT_FALSE(taken);
  removes.reset();
  adder.join();
  EXPECT_TRUE(taken);
}

TEST_F(MarkLock, OfManyWhoRemoveOneDoesAtATime) {
  std::atomic<int> inside = 0, most = 0, done = 0;
  {
    std::vector<std::jthread> removers;
    for (int i = 0; i < 4; ++i)
      removers.emplace_back([&] {
        const auto held = take(Use::remove);
        EXPECT_TRUE(held);
        const int here = ++inside;
        if (here > most) most = here;
        std::this_thread::sleep_for(10ms);
        --inside;
        ++done;
      });
  }
  EXPECT_EQ(most, 1);
  EXPECT_EQ(done, 4);
}

TEST_F(MarkLock, ADeadMarkCountsForNothingAndIsRemoved) {
  marks["locks/remove-0000"] = 1000;
  marks["locks/add-0000"] = 1000;
  now = 1121;
  const auto held = take(Use::remove);
  ASSERT_TRUE(held);
  EXPECT_EQ(waited, 0U);
  EXPECT_EQ(count(), 1U);
}

TEST_F(MarkLock, AMarkThatIsNotOldEnoughIsWaitedForUntilItGoes) {
  marks["locks/add-0000"] = 1000;
  now = 1119;
  std::jthread owner([this] {
    std::this_thread::sleep_for(30ms);
    const std::scoped_lock lock(mutex);
    marks.erase("locks/add-0000");
  });
  EXPECT_TRUE(take(Use::remove));
  EXPECT_EQ(waited, 1U);
}

}  // namespace
}  // namespace swage
