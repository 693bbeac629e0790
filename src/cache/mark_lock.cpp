#include "cache/mark_lock.hpp"

#include <algorithm>
#include <condition_variable>
#include <fmt/core.h>
#include <mutex>
#include <random>
#include <thread>

#include "base/interrupt.hpp"

namespace swage {

namespace {

constexpr std::string_view kAdds = "locks/add-", kRemoves = "locks/remove-";

class Mark {
 public:
  Mark(MarkPlace place, std::string name, std::chrono::milliseconds renewed)
      : place_(std::move(place)), name_(std::move(name)) {
    thread_ = std::jthread([this, renewed](const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      while (!wake_.wait_for(lock, stop, renewed, [] { return false; }) && !stop.stop_requested())
        (void)place_.put(name_);   // it has some more turns before it is taken for dead
    });
  }
  ~Mark() {
    thread_.request_stop();
    thread_.join();
    place_.remove(name_);
  }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

 private:
  const MarkPlace place_;
  const std::string name_;
  std::mutex mutex_{};
  std::condition_variable_any wake_{};
  std::jthread thread_{};
};

std::string random_name(std::string_view kind) {
  std::random_device random;
  return fmt::format("{}{:08x}{:08x}", kind, random(), random());
}

enum class Look { clear, wait, step_back };

// What to do by the marks that are there. `dead`: those that count for nothing.
Look look(const std::vector<CachePlace::Entry>& marks, const std::string& own, std::int64_t dead_after,
          std::vector<std::string>& dead) {
  const auto mine = std::find_if(marks.begin(), marks.end(), [&](const auto& mark) { return mark.name == own; });
  if (mine == marks.end()) return Look::step_back;
  const bool removes = own.starts_with(kRemoves);
  Look found = Look::clear;
  for (const CachePlace::Entry& mark : marks) {
    if (mark.name == own) continue;
    if (mine->modified - mark.modified > dead_after) {
      dead.push_back(mark.name);
      continue;
    }
    const bool is_removal = mark.name.starts_with(kRemoves);
    if (!removes && !is_removal) continue;
    // Of two that would remove, the first by name stays.
    if (is_removal && (!removes || mark.name < own)) return Look::step_back;
    found = Look::wait;
  }
  return found;
}

Result<void> pause(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
    SWAGE_CHECK(check_interrupt());
    std::this_thread::sleep_for(std::min(time, std::chrono::milliseconds(50)));
  }
  return check_interrupt();
}

}  // namespace

Result<CachePlace::Held> lock_by_mark(CachePlace::Use use, const MarkPlace& place, const std::function<void()>& waiting,
                                      const MarkTimes& times) {
  const std::string name = random_name(use == CachePlace::Use::remove ? kRemoves : kAdds);
  std::minstd_rand chance(std::random_device{}());
  std::shared_ptr<const Mark> mark;
  for (bool first = true;; first = false) {
    if (!mark) {
      SWAGE_CHECK(place.put(name));
      mark = std::make_shared<const Mark>(place, name, times.renewed);
    }
    SWAGE_TRY(const std::vector<CachePlace::Entry> marks, place.list());
    std::vector<std::string> dead;
    const Look found = look(marks, name, times.dead, dead);
    if (found == Look::clear) {
      for (const std::string& one : dead) place.remove(one);
      return CachePlace::Held(mark);
    }
    if (first) waiting();
    if (found == Look::step_back) mark.reset();
    SWAGE_CHECK(pause(times.looked * (1 + chance() % 3)));   // so that two do not meet again and again
  }
}

}  // namespace swage
