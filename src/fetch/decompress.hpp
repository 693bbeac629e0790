// Single compressed files, as /proc/config.gz is one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace swage {

// Whether the bytes begin as those of gzip, bzip2, xz or zstd do (RFC 1952, RFC 8878, and the formats' own
// descriptions).
bool is_compressed(std::string_view bytes);

// What was compressed: at most `limit` bytes, more is an error. `file` is for messages. Errc::corrupt when the bytes
// are cut off or damaged.
Result<std::string> decompressed(std::string_view bytes, std::size_t limit, std::string_view file);

// The same of what is behind a descriptor, into another one, with holes in place of blocks of zeros.
Result<void> decompress_file(int from, int to, std::uint64_t limit, std::string_view file);

}  // namespace swage
