// NARs as binary caches keep them: compressed streams, by libarchive, in one pass and with bounded memory.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "store/nar.hpp"

namespace swage {

enum class Compression : std::uint8_t { none, xz, bzip2, zstd, gzip };

std::string_view compression_name(Compression compression);       // as in a narinfo: "zstd"
std::string_view compression_suffix(Compression compression);     // of the file's name: ".zst"
std::optional<Compression> parse_compression(std::string_view name);

// Writes what `produce` gives to its sink, compressed, to `out`. Level 0: the format's own default. More than one
// thread where the format has it (zstd, xz).
Result<void> compress(Compression compression, int level, unsigned threads,
                      const std::function<Result<void>(const ByteSink&)>& produce, const ByteSink& out);

// Gives `use` the bytes that `in` is the compressed form of. What comes after `use` is done, or after the end of the
// compressed stream, is an error: Errc::corrupt, as is a damaged stream. `file` is for messages.
Result<void> decompress(Compression compression, const ByteSource& in, std::string_view file,
                        const std::function<Result<void>(const ByteSource&)>& use);

}  // namespace swage
