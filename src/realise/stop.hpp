// Tells the builds of one run to end early, because another one failed. Waking is by descriptor, as for interrupts.
#pragma once

#include <atomic>

#include "base/files.hpp"

namespace swage {

class StopSignal {
 public:
  static Result<StopSignal> create();
  StopSignal(StopSignal&& other) noexcept : event_(std::move(other.event_)), set_(other.set_.load()) {}
  void set();
  bool is_set() const { return set_; }
  int fd() const { return event_.get(); }   // becomes readable, and stays so

 private:
  explicit StopSignal(UniqueFd event) : event_(std::move(event)) {}
  UniqueFd event_;
  std::atomic<bool> set_{false};
};

}  // namespace swage
