// Makes swage.lock: asks the host's own apt, with private state, what the catalog's package lists mean today. The solver is
// apt itself; the indices are checked against the distribution's signatures by apt. Nothing of the host's apt state is
// touched and no root rights are needed.
#pragma once

#include <map>
#include <set>

#include "base/events.hpp"
#include "catalog/catalog.hpp"
#include "fetch/fetch.hpp"
#include "plan/lockfile.hpp"

namespace swage {

// One question to apt. What it means in the lock is in its key: `root:NAME` and `toolchain:ID` become sets, `seed:NAME` a
// program, and `source:SUITE/PACKAGE` the upstream tarball of a source package: of the version that apt takes, or of
// `source:SUITE/PACKAGE@SERIES` the newest of that series that the mirrors have. An index may name what they do not have yet,
// or no longer.
struct LockRequest {
  std::string key{};                        // "root:build"
  std::string suite{};
  std::vector<std::string> packages{};      // sorted, each once
  std::string architecture = "amd64";       // of the packages
  SourcePos pos{};                          // the row that asks
  std::optional<Version> series{};          // of a source
  std::string member{};                     // seeds: the program in the package
  std::map<std::string, Version> declared{};  // package -> the upstream version that its row says it has
};
// Every set, seed and source that the catalog mentions, sorted by key.
Result<std::vector<LockRequest>> lock_requests(const Catalog& catalog);
// The architectures, besides the build platform's, of the roots that the lock file pins.
std::set<std::string> pinned_architectures(const Catalog& catalog, const Lockfile& lock);

// A mirror of the distribution, as an apt source.
struct AptSource {
  std::string uri{};                        // http, https or file
  std::string signed_by{};                  // key rings, separated by spaces, or a whole key; "": what apt trusts
  bool trusted = false;                     // [trusted=yes]: its signature is not looked at
};

struct LockOptions {
  fs::path cache_dir{};                     // private apt state, kept between runs to make updates small
  std::vector<AptSource> sources{};         // in this order; empty: those of the host
  FetchOptions fetch{};                     // how often to try, ...; mirrors and proxies are filled in
  const Lockfile* keep = nullptr;           // what it pins stays pinned so; only what it does not pin is asked for
  // Others than the build platform's: their roots are only asked for when they are named here or pinned in `keep`.
  std::set<std::string> architectures{};
  // Lockfile::archives to go on with where `keep` is null: what was published of an archive does not change.
  std::map<std::string, std::string> archives{};
};

// A request that cannot be met, or is met with another version than its row declares because the suite moved on, leaves out
// its set: Lockfile::missing has the reason and a Message tells it. Errors: Errc::environment when apt or every suite's index
// cannot be had, Errc::invalid_input when no request at all can be met.
Result<Lockfile> make_lock(const Catalog& catalog, const LockOptions& options, Reporter& reporter);

// The mirrors that the host's apt is configured with for its own release, in order, and all their suites are taken from
// them. Empty: none configured.
Result<std::vector<AptSource>> host_sources();
// Their URLs alone, for FetchOptions::mirrors.
Result<std::vector<std::string>> host_mirrors();

// apt's Acquire::http::Proxy and Acquire::https::Proxy, for FetchOptions; "" where none is set.
struct HostProxies {
  std::string http{};
  std::string https{};
};
Result<HostProxies> host_proxies();

}  // namespace swage
