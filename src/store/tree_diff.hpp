// How two trees (store paths, results of two builds) differ, down to the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/interrupt.hpp"

namespace swage {

// An entry of a tree as a NAR knows it: owners and times are none of its concern.
struct TreeEntry {
  enum class Kind : std::uint8_t { file, directory, link, other } kind{};
  bool executable = false;     // of a file
  std::uint64_t size = 0;      // of a file, in bytes
  std::string target{};        // of a link
  friend bool operator==(const TreeEntry&, const TreeEntry&) = default;
};

struct TreeDifference {
  std::string path{};                      // below the root; "" for the root itself
  std::optional<TreeEntry> first{};        // nullopt: only the second tree has it
  std::optional<TreeEntry> second{};
  // Of two files of different content; else bytes is 0. What one file has more counts as different.
  std::uint64_t bytes = 0;                 // how many are not the same
  std::uint64_t at = 0;                    // the first of them
  static constexpr std::size_t kShown = 16;
  std::string first_bytes{};               // at most kShown from there on
  std::string second_bytes{};
};

// In the order of their paths' bytes; of a directory that only one tree has the directory alone is told. Each may be a
// file or a link, too.
Result<std::vector<TreeDifference>> diff_trees(const fs::path& first, const fs::path& second,
                                               const Checkpoint& checkpoint = check_interrupt);

}  // namespace swage
