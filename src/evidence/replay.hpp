// Does what is recorded still come out the same, bit for bit?
#pragma once

#include "base/json.hpp"
#include "request/goals.hpp"
#include "request/realising.hpp"

namespace swage {

struct ReplayedItem {
  const char* name = "";
  std::string recorded_drv{}, recorded{};   // .drv path and hash of the record
  std::optional<StorePath> drv{};           // of today
  std::string now{};                        // "" it did not come out
  std::string problem{};                    // why not, or that two builds of today differ
  bool is_boot = false;                     // of an image: that it boots is what is repeated, its console differs;
                                            // `recorded` and `now` say so in a word
  bool equal() const { return problem.empty() && now == recorded; }
  bool changed() const { return drv->str() != recorded_drv; }
};

// A record, and what became of it.
struct Replay {
  std::string title{}, when{}, toolchain{};
  Json says{};                              // what tells it from other records
  fs::path file{};
  Lockfile lock{};                          // that was kept with it
  Goal goal;                                // keeps its address while it is planned
  std::vector<ReplayedItem> items{};
};

// Plans the newest record of every target, a kernel or a package, and platform again, or the records that are named by
// their files, from the lock file that was kept with it, builds kernel and boot, or the package (once more when the
// store has them), and compares the results' hashes with the record's.
Result<std::vector<Replay>> replay(Session& session, const TargetOptions& targets, const RealiseOptions& options);

}  // namespace swage
