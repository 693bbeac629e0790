// NAR, the Nix archive: a file tree as one canonical byte stream (no times, owners, hard links; entries sorted).
//   nar  = str("nix-archive-1") node
//   node = "(" "type" ("regular" ["executable" ""] "contents" BYTES | "symlink" "target" STR | "directory" entry*) ")"
// where str(s) = u64le length, bytes, zero padding to 8. Source: NixOS/nix src/libutil/archive.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/files.hpp"
#include "base/hash.hpp"

namespace swage {

// Receives the bytes of a stream in order. Returning an error stops the producer.
using ByteSink = std::function<Result<void>(std::string_view)>;
// Fills the buffer, returns how many bytes it got; 0 means the end.
using ByteSource = std::function<Result<std::size_t>(char* buffer, std::size_t size)>;

// Writes the NAR of the file or tree at `path`. Special files (devices, sockets, FIFOs) are an error. Reading and
// writing end with Errc::interrupted at the next buffer when the user wants it. `keep` (when given) is asked for every
// entry below the root with its path relative to the root; false drops it.
using PathFilter = std::function<bool(std::string_view relative_path)>;
Result<void> dump_nar(const fs::path& path, const ByteSink& sink, const PathFilter& keep = {});

struct NarHash {
  Hash hash{};              // sha256 of the NAR
  std::uint64_t size = 0;   // its bytes
};
Result<NarHash> hash_nar(const fs::path& path, const PathFilter& keep = {});

// Unpacks a NAR into `target`, which must not exist. Rejects names that are empty, `.`, `..`, hold `/` or NUL, repeat
// or are out of order, non-zero padding, depth over 100,000, names over 255 and symlink targets over 4095 bytes, and
// trailing bytes. On an error nothing is left at `target`.
Result<void> restore_nar(const ByteSource& source, const fs::path& target);

// Reads a NAR without writing anything: the same checks, plus the hash of what was read. For fuzzing and verification.
Result<NarHash> check_nar(const ByteSource& source);

// The same of a NAR that is one file: also the hash of that file's bytes. Nothing, when it is a tree, a link or may be
// run.
struct NarFile {
  NarHash nar{};
  std::optional<Hash> content{};
};
Result<NarFile> check_nar_file(const ByteSource& source, HashAlgo algo);

}  // namespace swage
