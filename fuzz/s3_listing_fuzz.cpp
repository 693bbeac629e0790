// Any text as the list of a bucket: every name that comes out of it stays below the cache, and whoever follows it ends.
#include "cache/s3_listing.hpp"

#include "cache/narinfo.hpp"
#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto listing = parse_s3_listing(as_text(data, size), "x"))
    for (const CachePlace::Entry& entry : listing->entries) FUZZ_ASSERT(is_cache_name(entry.name));
  return 0;
}
