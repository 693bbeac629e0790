// The pace of a run in idle hours: looks at the machine every other second, says when the run is paused and goes on,
// and counts for how long.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "base/events.hpp"
#include "realise/give_way.hpp"

namespace swage {

// On the clock of Load::seconds.
inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class Pacer {
 public:
  struct Seams {
    std::function<Result<Load>()> look{};
    std::function<bool()> is_over{};  // the time that the run has
    std::function<double()> now = steady_seconds;
  };
  Pacer(const GiveWayLimits& limits, Reporter& reporter, Seams seams)
      : policy_(limits), reporter_(reporter), seams_(std::move(seams)) {}

  // As AskPace; from any thread. While nothing may begin, a run whose time is over ends.
  Pace ask(bool waiting);
  PaceVerdict verdict() const;  // the last one
  Shortage shortage_since(double seconds) const;
  double paused_seconds() const;  // so far

 private:
  void tell(bool paused);
  mutable std::mutex mutex_{};
  GiveWay policy_;
  Reporter& reporter_;
  Seams seams_;
  PaceVerdict verdict_{};
  std::optional<double> looked_{}, paused_since_{};
  double paused_ = 0;
};

}  // namespace swage
