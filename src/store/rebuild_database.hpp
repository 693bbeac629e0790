// A new database for a store whose own is damaged or missing.
#pragma once

#include "store/store.hpp"

namespace swage {

struct RebuiltDatabase {
  std::uint64_t registered = 0;            // paths that are valid by it
  std::uint64_t self_verified = 0;         // of these, by their own names: derivations, sources, texts
  std::vector<StorePath> left_out{};       // on disk, and nothing vouches for their content, or for what they refer to
  fs::path aside{};                        // directory of the old database; empty: there was none
};

// Each path below `root` is looked at anew. One is valid if its name is the hash of its content (derivations, texts,
// sources), or if its content has the hash that the old database, as far as it can be read, or the log of registrations
// knows. The new database takes the old one's place when it is whole; what was left out is litter from then on.
// Errc::environment while another process has the store open. Interrupting changes nothing.
Result<RebuiltDatabase> rebuild_database(const fs::path& root);

}  // namespace swage
