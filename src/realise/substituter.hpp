// Paths that others have made: who has them, and getting them.
#pragma once

#include <vector>

#include "store/store.hpp"

namespace swage {

// A path that can be had without making it.
struct Offer {
  StorePath path;
  StorePathSet references{};               // may contain path itself
  std::uint64_t download = 0;              // bytes that come over the wire; 0: not known
  std::uint64_t nar_size = 0;
};

// The caches, for tests a fake.
struct Substituter {
  virtual ~Substituter() = default;
  // Which of these can be had; nothing is promised of what they refer to. Asked for many at once.
  virtual Result<std::vector<Offer>> offers(const StorePathSet& paths) = 0;
  // Unpacks what was offered to `tree`, canonical and verified, and tells what it is. Nothing: it could not be had
  // after all, and is never offered again. Errors end the run. Called from several threads. Reports progress as `id`.
  virtual Result<std::optional<PathInfo>> get(const Offer& offer, const fs::path& tree, std::uint64_t id) = 0;
};

}  // namespace swage
