// Out of a cache into whoever wants it: one pass over one NAR.
#pragma once

#include "cache/narinfo.hpp"
#include "cache/place.hpp"

namespace swage {

// Reads the NAR that a narinfo names, from first to last byte, and gives it to `use` decompressed. Errc::corrupt or
// Errc::hash_mismatch when file or NAR are of another size or hash; what `use` was given then counts for nothing.
// `progress` is told how many bytes of the file have come, now and then. The file's own hash says nothing that the
// NAR's does not, to whoever wants the NAR alone.
enum class FileHash { checked, left_alone };
Result<void> read_nar(CachePlace& place, const NarInfo& narinfo,
                      const std::function<Result<void>(const ByteSource&)>& use,
                      const std::function<void(std::uint64_t)>& progress = {},
                      FileHash file_hash = FileHash::checked);

}  // namespace swage
