// swage verify of packages: builds them, which checks and tests them, and keeps a record of each.
#pragma once

#include "cli/goals.hpp"
#include "cli/realising.hpp"

namespace swage {

// The packages that the options name or, with `all`, every one that is for the platforms. `skip_verified` leaves out those that have a
// record of success for the derivation that would be built now. Goes on after failures; prints a line for each package and returns the exit code.
Result<int> verify_packages(Session& session, TargetOptions targets, bool all, bool skip_verified, const fs::path& evidence, RealiseOptions realise);

}  // namespace swage
