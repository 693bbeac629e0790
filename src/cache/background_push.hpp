// Pushing while something else is done: by one thread, quietly.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "cache/push.hpp"

namespace swage {

class BackgroundPush {
 public:
  // The place and what the options name outlive it. One path at once, whatever these say.
  BackgroundPush(Store& store, CachePlace& place, PushOptions options);
  ~BackgroundPush();

  // With their closures, which are valid, when all that was added before is pushed. Thread-safe.
  void add(const StorePathSet& paths);

  // Ends what is being done, and begins nothing more: what was pushed until then. After an error nothing is: whoever
  // pushes the rest finds out whether it still holds.
  PushResult finish();

 private:
  void work();

  Store& store_;
  CachePlace& place_;
  PushOptions options_;
  std::mutex mutex_{};                       // guards all below
  std::condition_variable changed_{};
  StorePathSet queue_{};
  bool ending_ = false;
  PushResult result_{};
  std::thread thread_{};
};

}  // namespace swage
