// Makes swage.lock: asks the host's own apt, with private state, what the catalog's package lists mean today. The solver is
// apt itself; the indices are checked against the distribution's signatures by apt. Nothing of the host's apt state is
// touched and no root rights are needed.
#pragma once

#include "base/events.hpp"
#include "catalog/catalog.hpp"
#include "plan/lockfile.hpp"

namespace swage {

// One question to apt.
struct LockRequest {
  std::string key{};                        // "root:build"
  std::string suite{};
  std::vector<std::string> packages{};
};
// Every set and source that the catalog mentions.
std::vector<LockRequest> lock_requests(const Catalog& catalog);

struct LockOptions {
  fs::path cache_dir{};                     // private apt state, kept between runs to make updates small
};

// Errors: Errc::environment when apt or the mirror cannot be reached, Errc::invalid_input when a package is unknown in its
// suite (with the set's position in the catalog). A package that cannot be had makes only that set fail.
Result<Lockfile> make_lock(const Catalog& catalog, const LockOptions& options, Reporter& reporter);

// Base URLs of the distribution's mirrors as the host's apt is configured, in order. Empty: none configured.
Result<std::vector<std::string>> host_mirrors();

}  // namespace swage
