// A mirror: files that plans pin, by their hash, in a plain directory that any web server serves as it is.
//
//   sha256/ab/abcdef...    the file with this sha256, whole; of a tree its NAR
//   files.jsonl            what is there, a line for each, sorted by hash, after a line with the format:
//                            {"swage-mirror":1}
//                            {"sha256":"abcdef...","size":108512,"name":"bc_1.07_amd64.deb","for":["root@build"]}
//   .incoming/             what is being written
//
// Whoever takes a file out of one looks at its hash, so a mirror need not be trusted.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/files.hpp"

namespace swage {

inline constexpr const char* kMirrorIndex = "files.jsonl";
inline constexpr const char* kMirrorIncoming = ".incoming";
inline constexpr std::uint64_t kLargestMirrorIndex = 256'000'000;

std::string mirror_path(std::string_view sha256);   // sha256/ab/abcdef...

// The URL to put a path after: of a directory, as it is written on a command line or in a swage.toml below `base`, or
// of a web server. Errc::invalid_input for another scheme and for passwords in URLs.
Result<std::string> mirror_url(std::string_view place, const fs::path& base = {});
// The directory that such a URL is of; nothing: it is a web server's.
std::optional<fs::path> mirror_directory(std::string_view url);

struct MirrorEntry {
  std::string name{};                  // of the file, for people
  std::uint64_t size = 0;
  std::set<std::string> needed_by{};   // a few of those that it was put there for
  friend bool operator==(const MirrorEntry&, const MirrorEntry&) = default;
};
using MirrorIndex = std::map<std::string, MirrorEntry>;   // by sha256

// Reading the text gives the index again, with no more than a few `needed_by` of each.
std::string mirror_index_text(const MirrorIndex& index);
// Errc::corrupt: it is none. Errc::invalid_input: of a later format.
Result<MirrorIndex> parse_mirror_index(std::string_view text, std::string_view name_for_errors);

}  // namespace swage
