// Verifying packages: builds them, which checks and tests them, and keeps a record of each.
#pragma once

#include <deque>
#include <set>

#include "catalog/package_evidence.hpp"
#include "request/goals.hpp"
#include "request/realising.hpp"

namespace swage {

// A package that is verified, and what became of it.
struct PackageRun {
  Goal goal;
  const RecipeRow* recipe = nullptr;
  PackageRecord record{};                   // `state` only once it is `done`
  std::set<StorePath> reached{};            // every derivation that it needs
  bool done = false;
  bool recorded = false;
  bool skipped = false;
  std::string problem{};                    // why it was not tried
  StorePath wanted() const { return goal.wanted->drv; }
};
std::string_view end_of(const PackageRun& run);   // "tested", "built", "failed", "skipped", "not tried"

struct VerifiedPackages {
  std::deque<PackageRun> runs{};
  std::optional<Error> error{};             // to end with
};
// The packages that the options name or, with `all`, every one that is for the platforms. `skip_verified` leaves out
// those that have a record of success for the derivation that would be built now. Goes on after failures.
Result<VerifiedPackages> verify_packages(Session& session, TargetOptions targets, bool all, bool skip_verified,
                                         const fs::path& evidence, RealiseOptions realise);

}  // namespace swage
