// Making room in a cache: what nobody keeps goes, and what it was kept in.
#pragma once

#include <optional>

#include "base/events.hpp"
#include "cache/cache_contents.hpp"

namespace swage {

// What is kept, with all that it refers to, and with the derivations that are there of what is kept and all that these
// refer to.
struct CacheRoot {
  std::string because{};            // for people: "pin 'demo'"
  StorePathSet paths{};             // what of it is not there counts for nothing
};

struct CollectedPath {
  StorePath path;
  std::uint64_t bytes = 0;          // of its NAR's file
};
struct KeptPaths {
  std::string because{};
  StorePathSet paths{};             // that no root before it keeps
  std::uint64_t bytes = 0;
};
struct CollectResult {
  std::vector<CollectedPath> deleted{};     // what refers comes before what it refers to
  std::vector<std::string> unused{};        // NARs that no path named: of pushes and collections that were ended
  std::vector<std::string> derivations{};   // files that tell what nobody keeps was made of
  std::uint64_t freed = 0;                  // bytes of NARs and of these
  std::vector<KeptPaths> kept{};            // one for each root, in their order
};

// The right to remove, for as long as it lives: who pushes waits, or is waited for. Works where the place can list.
class CacheCollection {
 public:
  // An error when a narinfo or a pin cannot be read: nobody knows then what it refers to.
  static Result<CacheCollection> begin(CachePlace& place, Reporter& reporter);

  const CacheContents& contents() const { return contents_; }
  const CachePins& pins() const { return pins_; }

  // Also kept are paths whose narinfo was written in the last `newer` seconds, and NARs likewise that no path names:
  // other programs do not know the lock. At any moment, also after a kill -9, each path that is there has what it
  // refers to, and its NAR.
  Result<CollectResult> collect(const std::vector<CacheRoot>& roots, std::optional<std::int64_t> newer, bool dry_run);

 private:
  CacheCollection(CachePlace& place, CachePlace::Held lock) : place_(place), lock_(std::move(lock)) {}
  KeptPaths reach(const CacheRoot& root, StorePathSet& kept) const;
  void find_unused(const StorePathSet& kept, std::int64_t oldest, CollectResult& result) const;
  Result<void> find_unneeded_derivations(const StorePathSet& kept, std::int64_t oldest, CollectResult& result) const;
  Result<void> sweep(const StorePathSet& kept, const CollectResult& result);

  CachePlace& place_;
  CachePlace::Held lock_;
  CacheContents contents_{};
  CachePins pins_{};
};

}  // namespace swage
