// What a daemon says of its work, as events of ours: builds and their logs are shown as those of this machine are.
#pragma once

#include <chrono>
#include <map>

#include "base/events.hpp"
#include "daemon/worker_protocol.hpp"

namespace swage {

class DaemonProgress {
 public:
  explicit DaemonProgress(Reporter& reporter) : reporter_(reporter) {}
  ~DaemonProgress();   // what is still under way is told as cancelled

  // Builds and substitutions become jobs, lines of logs theirs; a line that the daemon has for its user becomes a
  // message. A build that is over is told as done: how it ended is in the answer to the request.
  void on(const DaemonMessage& message);

 private:
  struct Job {
    std::uint64_t id = 0;
    std::chrono::steady_clock::time_point begin{};
  };
  void start(const DaemonStart& start);

  Reporter& reporter_;
  std::map<std::uint64_t, Job> jobs_{};   // by the daemon's number
};

}  // namespace swage
