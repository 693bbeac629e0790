// Publishing: what a store has, in a binary cache that every Nix client reads.
#pragma once

#include <map>

#include "base/events.hpp"
#include "cache/compression.hpp"
#include "cache/place.hpp"
#include "cache/signing_key.hpp"
#include "store/store.hpp"

namespace swage {

struct PushOptions {
  const SecretKey* key = nullptr;                 // null: nothing is signed
  Compression compression = Compression::zstd;
  int level = 0;                                  // 0: the format's own default
  unsigned jobs = 0;                              // paths at once; 0: as many as there are cores
  bool again = false;                             // what the cache has already, too
  // What one of these has is not pushed: whoever reads the cache is to read them too.
  std::vector<CachePlace*> upstreams{};
  // Texts of derivations, and of what they read, that the store may not have: of what was taken from others.
  std::map<StorePath, std::string> made_of{};
};
struct PushResult {
  std::uint64_t pushed = 0;                       // paths
  std::uint64_t present = 0;                      // that the cache had
  std::uint64_t upstream = 0;                     // that only an upstream has
  std::uint64_t derivations = 0;                  // files that tell what they were made of (pushed_derivations.hpp)
  std::uint64_t nar_bytes = 0, file_bytes = 0;    // of what was pushed, before and after compression
};

// The closure of `paths`, and what these were made of, as far as the store knows (pushed_derivations.hpp). A narinfo is
// written when its NAR and the narinfos of all its references are there: whoever reads at any moment, also after a kill
// -9, finds no path with a hole. A path whose bytes are not those that the store registered is refused
// (Errc::hash_mismatch), and its NAR is not published. Makes `nix-cache-info` where there is none. No collection
// (collect_cache.hpp) runs meanwhile: it is waited for. An upstream that does not answer has nothing, which is said as
// a message.
Result<PushResult> push_paths(Store& store, const StorePathSet& paths, CachePlace& place, const PushOptions& options,
                              Reporter& reporter);

}  // namespace swage
