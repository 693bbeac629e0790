// Whether a cache is what its clients need it to be.
#pragma once

#include "base/events.hpp"
#include "cache/narinfo.hpp"
#include "cache/place.hpp"

namespace swage {

struct CheckCacheOptions {
  std::vector<PublicKey> keys{};    // one of which must have signed each path that is not addressed by its content
  bool contents = true;             // read and hash every NAR
  unsigned jobs = 0;                // NARs read at once; 0: as many as there are cores
};
struct CacheProblem {
  std::string name{};               // of the file in the cache
  std::string what{};               // wrong with it
};
struct CheckCacheResult {
  std::uint64_t paths = 0;
  std::uint64_t bytes = 0;          // of NAR files that were read
  std::vector<CacheProblem> problems{};   // by name
  std::vector<std::string> unused{};      // NAR files that no narinfo names: no problem
};

// Every narinfo is read: is it of that name and well-formed, are its references there, is its NAR, of that size and
// those hashes, and is it signed. Errors are of reading the place itself. Works where the place can list.
Result<CheckCacheResult> check_cache(CachePlace& place, const CheckCacheOptions& options, Reporter& reporter);

}  // namespace swage
