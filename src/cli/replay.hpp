// swage verify --replay: does what is recorded still come out the same, bit for bit?
#pragma once

#include "cli/goals.hpp"
#include "realise/realise.hpp"

namespace swage {

// Plans the newest record of every target, a kernel or a package, and platform again, from the lock file that was kept with it, builds
// kernel and boot, or the package (once more when the store has them), and compares the results' hashes with the record's. The exit code: 1 when one differs.
Result<int> replay(Session& session, const TargetOptions& targets, const RealiseOptions& options);

}  // namespace swage
