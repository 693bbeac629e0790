// Collects garbage while a run goes on, when the disk gets full.
#pragma once

#include <chrono>
#include <mutex>

#include "base/events.hpp"
#include "store/store.hpp"

namespace swage {

// Nix's min-free and max-free.
struct FreeSpaceLimits {
  std::uint64_t least = 0;                     // bytes: with less, garbage is collected; 0: never
  std::uint64_t wanted = UINT64_MAX;           // bytes: until so much is free; all garbage, if it is not
  StorePathSet pinned{};                       // as GcOptions::pinned
};

class FreeSpace {
 public:
  FreeSpace(Store& store, const FreeSpaceLimits& limits, Reporter& reporter)
      : store_(store), limits_(limits), reporter_(reporter) {}
  // Before something begins: what this run needs has temporary roots by then. From several threads; one collects, and
  // the others wait for it. A collection that could not free enough is tried again only after a minute. A collection
  // that goes wrong is said, and ends nothing but by Errc::interrupted.
  Result<void> make_room();

 private:
  using Clock = std::chrono::steady_clock;
  Store& store_;
  FreeSpaceLimits limits_;
  Reporter& reporter_;
  std::mutex mutex_{};
  Clock::time_point not_before_ = Clock::time_point::min();
};

}  // namespace swage
