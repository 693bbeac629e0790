// Whether a cache is what its clients need it to be.
#pragma once

#include <optional>

#include "base/events.hpp"
#include "cache/cache_contents.hpp"

namespace swage {

struct CheckCacheOptions {
  std::vector<PublicKey> keys{};    // one of which must have signed each path that is not addressed by its content
  bool contents = true;             // read and hash every NAR
  unsigned jobs = 0;                // NARs read at once; 0: as many as there are cores
  std::optional<StorePathSet> paths{};     // these, and all that they refer to; none: all that there is
  std::vector<CachePlace*> upstreams{};    // that may have what paths refer to
};
// What was looked at.
enum class CheckScope {
  all,       // every file that there is
  index,     // what the cache's index names, and what that refers to: the place has no list
  paths,     // what was asked for, and what that refers to
};
struct CheckCacheResult {
  CheckScope scope = CheckScope::all;
  std::uint64_t paths = 0;
  std::uint64_t bytes = 0;          // of NAR files that were read
  std::uint64_t upstream = 0;       // paths that are referred to, and that an upstream has
  std::vector<CacheProblem> problems{};   // by name
  std::vector<std::string> unused{};      // NAR files that no narinfo names: no problem
  std::uint64_t unlisted = 0;       // paths that are there, and not in the index: no problem
};

// Every narinfo is read: is it of that name and well-formed, are its references there, is its NAR, of that size and
// those hashes, and is it signed; of a place that can list, whether the files of derivations are what
// their names say. Errors are of reading the place itself, and of one that cannot list and has no index.
Result<CheckCacheResult> check_cache(CachePlace& place, const CheckCacheOptions& options, Reporter& reporter);

}  // namespace swage
