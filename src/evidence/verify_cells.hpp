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
// The kernels that the options name, or every one that the lock file pins, on all platforms. `skip_verified` leaves out cells that have a
// record of success. Goes on after failures. With `idle`, one cell after the other (evidence/idle_run.hpp).
Result<VerifiedCells> verify_cells(Session& session, TargetOptions targets, bool skip_verified,
                                   const fs::path& directory, const RealiseOptions& realise,
                                   const std::optional<IdleOptions>& idle = {});

// Where records go: `named`, or the catalog in use when it can be written, else the data directory.
Result<fs::path> record_directory(Session& session, const std::string& named);

}  // namespace swage
