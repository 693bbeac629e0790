#include "cache/background_push.hpp"

#include <utility>

namespace swage {

BackgroundPush::BackgroundPush(Store& store, CachePlace& place, PushOptions options)
    : store_(store), place_(place), options_(std::move(options)) {
  options_.jobs = 1;   // the rest of the machine builds
  thread_ = std::thread([this] { work(); });
}

BackgroundPush::~BackgroundPush() { finish(); }

void BackgroundPush::add(const StorePathSet& paths) {
  const std::lock_guard lock(mutex_);
  queue_.insert(paths.begin(), paths.end());
  changed_.notify_all();
}

PushResult BackgroundPush::finish() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  return result_;
}

void BackgroundPush::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (ending_) return;
    const StorePathSet paths = std::exchange(queue_, {});
    lock.unlock();
    NullReporter quiet;
    const Result<PushResult> pushed = push_paths(store_, paths, place_, options_, quiet);
    lock.lock();
    if (!pushed) return;
    result_.pushed += pushed->pushed;
    result_.derivations += pushed->derivations;
    result_.nar_bytes += pushed->nar_bytes;
    result_.file_bytes += pushed->file_bytes;
  }
}

}  // namespace swage
