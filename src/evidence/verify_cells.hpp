// Verifying kernels: builds and boots cells, and keeps a record of each.
#pragma once

#include "evidence/idle_run.hpp"
#include "evidence/recorder.hpp"

namespace swage {

struct VerifiedCells {
  std::deque<CellRun> cells{};
  std::optional<Error> error{};             // to end with
  std::optional<IdleSummary> idle{};
};
enum class Repeat {
  all,
  unverified,   // not cells that have a record of success
  unmeasured,   // nor those of which a record tells how the same derivations ended, be it badly
};
// The kernels that the options name, or every one that the lock file pins, on all platforms. What is not repeated ends
// as `skipped`, with its record as its row. Goes on after failures. With `idle`, one cell after the other
// (evidence/idle_run.hpp).
Result<VerifiedCells> verify_cells(Session& session, TargetOptions targets, Repeat repeat, const fs::path& directory,
                                   const RealiseOptions& realise, const std::optional<IdleOptions>& idle = {});

// Where records go: `named`, or the catalog in use when it can be written, else the data directory.
Result<fs::path> record_directory(Session& session, const std::string& named);

}  // namespace swage
