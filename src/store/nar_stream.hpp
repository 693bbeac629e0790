// What the NAR functions share inside the store layer: the token constants, the writer's way out, and the visitor that
// the reader drives.
#pragma once

#include <span>

#include "store/nar.hpp"

namespace swage::nar {

inline constexpr std::string_view kMagic = "nix-archive-1";
inline constexpr std::size_t kMaxDepth = 100'000;   // only memory sets a limit: a level costs a reader some hundred
                                                    // bytes
inline constexpr std::size_t kMaxName = 255;
inline constexpr std::size_t kMaxTarget = 4095;
inline constexpr std::size_t kMaxToken = 32;

// Where a dump goes. The writer fills the buffer it was given and hands it over for the next one.
class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual Result<std::span<char>> next() = 0;                // a buffer to fill, of at least 4 KiB
  virtual Result<void> flush(std::string_view filled) = 0;   // the used part of that buffer
};
Result<void> dump(const fs::path& path, Outlet& outlet, const PathFilter& keep);

// Sees each piece of a stream on the thread that reads the files. Its error ends the work.
using Tap = ByteSink;
// Reads the tree on this thread and hashes on a second one as soon as the tree is larger than a buffer.
Result<NarHash> hash(const fs::path& path, const PathFilter& keep, const Tap& tap);
// Copies a tree as restore_nar(dump_nar()) would, reading and writing at the same time.
Result<NarHash> copy(const fs::path& from, const fs::path& to, const PathFilter& keep);

// The hash of the NAR of a plain file with this content, without a file.
NarHash hash_of_text(std::string_view content);

// One call per thing in the archive, in its order. `name` is "" for the root.
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual Result<void> begin_directory(const std::string& name) = 0;
  virtual Result<void> end_directory() = 0;
  virtual Result<void> begin_file(const std::string& name, bool executable) = 0;
  virtual Result<void> data(std::string_view bytes) = 0;
  virtual Result<void> end_file() = 0;
  virtual Result<void> symlink(const std::string& name, const std::string& target) = 0;
};
Result<void> read(const ByteSource& source, Visitor& visitor);

}  // namespace swage::nar
