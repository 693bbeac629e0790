// What the rooms of the store share: store.cpp (layout, queries), store_add.cpp, store_locks.cpp, store_roots.cpp,
// store_gc.cpp with store_marks.cpp, store_litter.cpp, store_verify.cpp, store_optimise.cpp, rebuild_database.cpp.
// Inside the store layer only.
#pragma once

#include <mutex>
#include <span>

#include "store/registry.hpp"
#include "store/store.hpp"

namespace swage {

// --- Locks (store_locks.cpp) ---

// Waits in short steps, so that Ctrl-C ends the wait.
Result<FileLock> wait_for_lock(const fs::path& file, FileLock::Mode mode);
fs::path lock_file_of(const fs::path& store_dir, const StorePath& path);
// Whether this process holds that lock file through a PathLocks.
bool holds_lock(const fs::path& file);
// Unlinks a held lock file so that whoever waits for it starts over (Nix looks for a byte written to it).
void retire_lock_file(const fs::path& file, int fd);

// --- Roots (store_roots.cpp, runtime_roots.cpp) ---

// The paths that this process works on, in <state>/temproots/<pid>, in Nix's format: NUL-terminated paths in a file
// that is locked while its owner lives.
class TempRoots {
 public:
  explicit TempRoots(fs::path state_dir) : state_dir_(std::move(state_dir)) {}
  TempRoots(const TempRoots&) = delete;
  TempRoots& operator=(const TempRoots&) = delete;
  ~TempRoots();
  Result<void> add(const StorePathSet& paths);  // both wait while a garbage collection runs
  Result<void> drop(const StorePathSet& paths);

  // Of all living processes. Files of dead ones are removed.
  Result<std::vector<Store::Root>> of_all();

 private:
  Result<void> create();
  fs::path state_dir_;
  std::mutex mutex_{};
  std::optional<FileLock> lock_{};
  fs::path file_{};
  int owner_ = 0;                               // a forked child makes its own file
  StorePathSet written_{};
};

// Store paths that running processes have open, mapped, as working directory or in their environment.
std::vector<Store::Root> runtime_roots(const fs::path& store_dir);

// --- The store ---

Result<void> create_layout(const fs::path& root);   // the directories that a store has

struct NewObject {
  Registration registration;
  fs::path tree{};
};

struct Store::State {
  fs::path root;
  fs::path store_dir;
  fs::path state_dir;
  fs::path work_dir;
  bool writable;
  bool frees_space = false;             // opened without the reserve, which its end renews
  std::optional<FileLock> big_lock{};   // shared: nobody changes the schema while this store is open
  Registry registry;
  std::mutex registry_mutex{};
  std::mutex commit_mutex{};            // threads of this process that move things into the store
  TempRoots temp_roots;

  State(const fs::path& root_dir, bool is_writable, Registry opened);
  ~State();

  template <class F>
  auto with_registry(F body) {
    const std::lock_guard lock(registry_mutex);
    return body(registry);
  }
  fs::path real(const StorePath& path) const { return store_dir / path.base(); }
  fs::path gc_lock() const { return state_dir / "gc.lock"; }
  Result<void> need_writable() const;

  // A new directory below work_dir, removed with its content at the end of its life.
  Result<TempDir> scratch(std::string_view kind) const;
  // Puts finished, canonical trees in their places, makes that durable and registers all of them in one transaction.
  Result<void> commit(std::vector<NewObject> objects);
  // Writes files that are not valid yet and registers all in one transaction. `tree` of each object is set here.
  Result<void> add_texts(std::vector<NewObject> objects, const std::vector<std::string_view>& texts);

  // Permanent roots: links that name a path of this store.
  enum class Stale { keep, remove };
  Result<std::vector<Store::Root>> link_roots(Stale stale) const;

  // --- Litter (store_gc.cpp) ---
  struct Entries {
    std::vector<std::string> unregistered{};   // names in the store directory that nobody works on
    StorePathSet locked{};                     // paths whose lock is held
  };
  // `names` is what the store directory held before `temporary` and `graph` were read: what came since is in neither.
  Result<Entries> entries(std::vector<std::string> names, const PathGraph& graph,
                          std::span<const Root> temporary) const;
  struct Collection;
  Result<Collection> begin_collection(Stale stale, const GcOptions& options);
  // Unregisters `paths`, which nothing outside them refers to, and takes them and `litter` (names) out of the store
  // directory; what is not gone after that is in `result.stuck`. The bytes are freed when the trash goes, or here when
  // the disk has no room for it.
  Result<void> sweep(std::span<const StorePath> paths, std::span<const std::string> litter, std::vector<TempDir>& trash,
                     std::vector<Error>& stuck, std::uint64_t& freed);
};

// --- Litter and reserve (store_litter.cpp) ---

void release_reserve(const fs::path& root);
void renew_reserve(const fs::path& root);
// Removes what dead processes left in a home, outside the store directory. Needs no database. Returns the bytes freed.
Result<std::uint64_t> remove_litter(const fs::path& root, std::vector<Error>& stuck);

// Removes logs of derivations that are not valid any more, a month after they were written; those of a build that
// failed are wanted for longer than a collection. Returns the bytes freed.
Result<std::uint64_t> remove_old_logs(const fs::path& root, const StorePathSet& valid);

// rename(2) that also moves a read-only directory for an ordinary user.
Result<void> rename_tree(const fs::path& from, const fs::path& to);

}  // namespace swage
