// What a cache holds, as far as it can be told without reading a NAR, and what it says of that in files of its own:
// which paths there are (`store-paths`, for those who cannot list a web server's directory), and which of them are kept
// (`pins/NAME`).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cache/narinfo.hpp"
#include "cache/place.hpp"

namespace swage {

struct CacheProblem {
  std::string name{};               // of the file in the cache
  std::string what{};               // wrong with it
};

struct HeldPath {
  NarInfo narinfo;
  std::int64_t modified = 0;        // its narinfo; 0 where the place has no list
};
struct CacheContents {
  std::map<StorePath, HeldPath> paths{};
  std::map<std::string, CachePlace::Entry> others{};   // all files but the narinfos, by name; none without a list
  std::vector<CacheProblem> problems{};                // of narinfos that are none
};

// All that there is, of a place that can list.
Result<CacheContents> list_contents(CachePlace& place);
// These and what they refer to, as far as it is there; of what is not there nothing is said.
Result<CacheContents> closure_contents(CachePlace& place, const StorePathSet& paths);

// The index is a promise: what it names is there. What is there and not named was written by others than swage, or by
// one who was killed.
inline constexpr std::string_view kCacheIndex = "store-paths";
Result<std::optional<StorePathSet>> read_cache_index(CachePlace& place);
// Adds what was written; with what was there.
Result<void> add_to_cache_index(CachePlace& place, const StorePathSet& paths);
Result<void> write_cache_index(CachePlace& place, const StorePathSet& paths);

// What a pin names is kept by every collection (collect_cache.hpp), with all that it refers to.
using CachePins = std::map<std::string, StorePathSet>;
Result<CachePins> read_cache_pins(CachePlace& place);    // of a place that can list
// All of them must be there. A pin of that name is replaced.
Result<void> pin_in_cache(CachePlace& place, const std::string& name, const StorePathSet& paths,
                          const std::function<void()>& waiting);
Result<void> unpin_in_cache(CachePlace& place, const std::string& name);   // Errc::invalid_input when there is none

}  // namespace swage
