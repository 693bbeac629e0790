// What the store database says: valid paths, their references, derivers and derivation outputs, in Nix's schema 10.
// Inside the store layer only; one thread at a time.
#pragma once

#include <span>

#include "store/database.hpp"
#include "store/store.hpp"

namespace swage {

// A path about to become valid; `outputs` is what a .drv makes (output name -> path), empty for other paths.
struct Registration {
  PathInfo info;
  std::map<std::string, std::string> outputs{};
};

// The whole database in memory, for garbage collection: nodes are indices.
struct PathGraph {
  std::vector<StorePath> paths{};
  std::vector<std::uint64_t> nar_sizes{};
  std::vector<std::int64_t> times{};                      // of registration, in seconds since 1970
  std::vector<std::vector<std::uint32_t>> references{};
  std::vector<std::optional<std::uint32_t>> derivers{};  // those that are valid themselves
  std::vector<std::vector<std::uint32_t>> outputs{};      // of a derivation: what it made that is valid
  std::unordered_map<StorePath, std::uint32_t> index{};
};

class Registry {
 public:
  static Result<Registry> open(const fs::path& file, Database::Access access);
  Result<void> create_schema();   // what exists already stays
  Result<void> keep_log_short();  // for a disk that is nearly full: the write-ahead log is used anew after each
                                  // transaction

  Result<bool> is_valid(const StorePath& path);
  Result<StorePathSet> valid_paths(const StorePathSet& among);
  Result<std::optional<PathInfo>> query(const StorePath& path);
  Result<std::vector<StorePath>> all_paths();
  Result<StorePathSet> referrers(const StorePath& path);
  Result<StorePathSet> closure(const StorePathSet& of);
  Result<std::optional<StorePath>> from_hash_part(std::string_view hash_part);
  Result<PathGraph> graph();
  struct Content {
    Hash nar_hash{};
    std::uint64_t nar_size = 0;
  };
  // What each path of graph() is to be, in the same order when nothing was registered or removed meanwhile; an error
  // where the row says no hash.
  Result<std::vector<std::pair<StorePath, Result<Content>>>> contents();
  // Rows that name no valid path, as (referrer, what is wrong): only a damaged database has them.
  Result<std::vector<std::pair<std::string, std::string>>> broken_rows();

  // One transaction. What is valid already is left alone. Errc::invalid_input when a reference is neither valid nor in
  // the batch, or when references in the batch form a cycle.
  Result<void> add(std::span<const Registration> batch);
  // One transaction. Fails when a path outside `paths` refers to one of them.
  Result<void> remove(const StorePathSet& paths);
  Result<void> remove_broken_rows();

 private:
  explicit Registry(Database database) : database_(std::move(database)) {}
  Result<std::optional<std::int64_t>> id_of(const StorePath& path);
  Result<StorePathSet> references(const StorePath& path);
  Result<std::int64_t> insert(const Registration& registration);
  Database database_;
};

}  // namespace swage
