// What a binary cache says of a store path (`<hash part>.narinfo`) and of itself (`nix-cache-info`).
// Source: NixOS/nix src/libstore/nar-info.cc, binary-cache-store.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cache/compression.hpp"
#include "cache/signing_key.hpp"
#include "store/store.hpp"

namespace swage {

struct NarInfo {
  PathInfo info;                              // its hash, size, references, deriver, signatures, content address
  std::string url{};                          // of the NAR: a name below the cache, or a whole http(s) URL
  Compression compression = Compression::none;
  std::optional<Hash> file_hash{};            // sha256 of the compressed file
  std::uint64_t file_size = 0;                // its bytes; 0: not said
};

std::string narinfo_name(const StorePath& path);            // in a cache: `<hash part>.narinfo`
inline constexpr std::size_t kLargestNarInfo = 4'000'000;   // bytes: references of 40,000 paths

// Errc::corrupt: a line that is none, a field that is missing, twice or malformed, a path outside /nix/store, another
// hash than sha256, a `URL` that leads out of the cache or is of another scheme than http(s). Fields that are not known
// are passed over. `name` is for messages.
Result<NarInfo> parse_narinfo(std::string_view text, std::string_view name);
std::string format_narinfo(const NarInfo& narinfo);

// What a signature is made of.
std::string fingerprint(const PathInfo& info);
// Whether one of these keys signed it.
bool is_trusted(const PathInfo& info, const std::vector<PublicKey>& keys);

// Whether the path is the one of its content address: such bytes need no signature. A tree's address is that of its
// NAR's hash; that of a flat file or a text shows only in its bytes (proves_address).
bool is_content_addressed(const PathInfo& info);
// Whether this NAR, which is of the hash that `info` says, has the content that its address is of.
bool proves_address(const PathInfo& info, const NarFile& nar);

struct CacheInfo {
  bool want_mass_query = true;
  int priority = 50;                          // the lower is asked first
};
// Errc::corrupt when it is of another store directory than /nix/store, or no such file.
Result<CacheInfo> parse_cache_info(std::string_view text, std::string_view name);
std::string format_cache_info(const CacheInfo& info);

// Whether a name that somebody else wrote stays below the cache: relative, no empty part, no `.` and `..`, no
// backslash, query, escape or character that does not show.
bool is_cache_name(std::string_view name);

}  // namespace swage
