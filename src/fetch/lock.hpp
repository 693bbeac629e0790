// Makes swage.lock: asks the host's own apt, with private state, what the catalog's package lists mean today. The
// solver is apt itself; the indices are checked against the distribution's signatures by apt. Nothing of the host's apt
// state is touched and no root rights are needed.
#pragma once

#include <map>
#include <set>

#include "base/events.hpp"
#include "catalog/catalog.hpp"
#include "fetch/fetch.hpp"
#include "plan/lockfile.hpp"

namespace swage {

// One question to apt. What it means in the lock is in its key: `root:NAME` and `toolchain:ID` become sets, `seed:NAME`
// a program, and `source:SUITE/PACKAGE` the upstream tarball of a source package: of the version that apt takes, or of
// `source:SUITE/PACKAGE@SERIES` the newest of that series. An index may name what the mirrors do not have yet, or no
// longer: then it is the newest that they have, of the index or of the lock before.
struct LockRequest {
  std::string key{};                        // "root:build"
  std::string suite{};
  std::vector<std::string> packages{};      // sorted, each once
  std::vector<std::string> only{};          // of what apt takes, what has such a name; empty: all
  std::vector<std::string> components{"main"};
  std::string architecture = "amd64";       // of the packages
  bool on_demand = false;                   // is_on_demand()
  std::string locked_as{};                  // of a set: LockedSet::request
  SourcePos pos{};                          // the row that asks
  std::optional<Version> series{};          // of a source
  std::string member{};                     // seeds: the program in the package
  std::map<std::string, Version> declared{};  // package -> the upstream version that its row says it has
};
// Every set, seed and source that the catalog mentions, sorted by key.
Result<std::vector<LockRequest>> lock_requests(const Catalog& catalog);
// Whether the root is pinned only when something needs it, and not by `swage lock`: one of another platform, or a part
// of images.
bool is_on_demand(const RootRow& row);
// The keys of such roots that the lock file pins.
std::set<std::string> pinned_on_demand(const Catalog& catalog, const Lockfile& lock);

// A mirror of the distribution, as an apt source.
struct AptSource {
  // What its suites are called after the release's name: "" the release itself, "-updates", "-security". A mirror that
  // has both is two.
  std::string pocket{};
  std::string uri{};                        // http, https or file
  std::string signed_by{};                  // key rings, separated by spaces, or a whole key; "": what apt trusts
  bool trusted = false;                     // [trusted=yes]: its signature is not looked at
  bool expires = true;                      // false: [check-valid-until=no], or the host's apt looks at no Valid-Until
                                            // at all
};

struct LockOptions {
  fs::path cache_dir{};                     // private apt state, kept between runs to make updates small
  std::vector<AptSource> sources{};         // in this order; empty: those of the host
  FetchOptions fetch{};                     // how often to try, ...; mirrors and proxies are filled in
  const Lockfile* keep = nullptr;           // what it pins stays pinned so; only what it does not pin is asked for
  // The keys of what is asked for, where `keep` does not pin it as its row says now. What the catalog does not have is
  // missing. Only the indices of suites are read that these are of.
  std::set<std::string> wanted{};
  // The lock that is replaced, if any: what was published of its archives does not change; no suite may be older than
  // it was; where the mirrors do not have what an index names, what it pins will do.
  const Lockfile* before = nullptr;
  bool allow_older = false;                 // suites may be older than they were, and expired
};

// A request that cannot be met, or is met with another version than its row declares because the suite moved on, leaves
// out its set: Lockfile::missing has the reason and a Message tells it. Errors: Errc::environment when apt or every
// suite's index cannot be had, or a suite is older than it was or has expired (an attacker may replay old indices, with
// vulnerable packages: their signatures stay good); Errc::invalid_input when nothing that is wanted can be had.
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
