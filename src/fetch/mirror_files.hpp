// Filling a mirror with what plans and lock files pin, and proving that it has it.
#pragma once

#include "base/events.hpp"
#include "fetch/fetch.hpp"
#include "fetch/mirror.hpp"

namespace swage {

// A file that something pins.
struct WantedFile {
  Source source;                       // of the file itself; a Tree's or a Present's is its NAR
  std::string name{};
  std::uint64_t size = 0;              // 0: unknown
  std::set<std::string> needed_by{};
};
using WantedFiles = std::map<std::string, WantedFile>;   // by sha256

// Adds what has bytes of its own: of a Member its package; no Text, and a Present only with the `nar_sha256` of it.
void want_source(WantedFiles& files, const Source& source, const std::string& needed_by,
                 const std::string& nar_sha256 = {});
// Every source of these derivations and of their inputs.
void want_sources(WantedFiles& files, const Graph& graph, const std::vector<StorePath>& derivations,
                  const std::string& needed_by);
// All that a lock file pins.
Result<void> want_locked(WantedFiles& files, const Lockfile& lock, const std::string& needed_by);

// A file that a mirror should have, and does not.
struct MirrorProblem {
  std::string sha256{}, name{};
  std::string what{};                  // "is not there"
  std::vector<std::string> notes{};    // who was asked, and the answers
  std::set<std::string> needed_by{};
};

struct MirrorPush {
  std::uint64_t present = 0, taken = 0, fetched = 0;   // files: there before, from the store, downloaded
  std::uint64_t bytes = 0;             // of those that were not there before
  std::vector<MirrorProblem> missing{};   // by sha256: that no source has
};
// Puts the files into the directory, which is made: out of the store where they are there (sharing their blocks, where
// the file system can, or as further names of the same file), else from where `fetch` says. Each appears whole, with
// the hash that it is named by, or not at all, so that two may push at once and one that is killed leaves no harm.
// Errors: Errc::interrupted, and Errc::environment of the directory itself, such as a full disk; what is there by then
// is in its index.
Result<MirrorPush> push_to_mirror(const fs::path& directory, const WantedFiles& files, Store& store,
                                  const FetchOptions& fetch, Reporter& reporter);

enum class MirrorProof {
  usual,                               // the bytes of a directory, the sizes that a web server says
  deep,                                // all bytes
};
struct MirrorCheck {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;             // that were read
  std::vector<MirrorProblem> problems{};   // by sha256
};
// Whether the mirror has the files, or all that its index says. `url`: mirror_url(). Errors: of reading the index, and
// Errc::interrupted.
Result<MirrorCheck> check_mirror(const std::string& url, const WantedFiles* files, MirrorProof proof,
                                 const FetchOptions& fetch, Reporter& reporter);

}  // namespace swage
