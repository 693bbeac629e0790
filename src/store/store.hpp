// A Nix local store on disk: objects under <root>/nix/store, the SQLite database (schema 10) under
// <root>/nix/var/nix/db, roots under <root>/nix/var/nix/gcroots. The real Nix reads and writes the same store through
// `nix --store <root>`; the locks are the ones it takes.
//
// Rules that hold at any moment, also after kill -9:
//  - a path in the database is complete and immutable on disk; what is on disk and not in the database is litter;
//  - an object is renamed into place first (with its data synced when Durability says so), registered after;
//  - registration of several paths is one transaction; references must be valid or in the same batch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/interrupt.hpp"
#include "store/derivation.hpp"
#include "store/nar.hpp"
#include "store/store_path.hpp"

namespace swage {

struct PathInfo {
  StorePath path;
  Hash nar_hash{};                             // sha256
  std::uint64_t nar_size = 0;
  StorePathSet references{};                   // may contain path itself
  std::optional<StorePath> deriver{};
  std::int64_t registration_time = 0;          // seconds since 1970; 0: now
  bool ultimate = false;                       // built here
  std::vector<std::string> signatures{};
  std::optional<ContentAddress> ca{};
};

struct GcOptions {
  bool dry_run = false;
  std::uint64_t max_freed = UINT64_MAX;        // stop after freeing this many bytes; the oldest goes first
  std::optional<std::int64_t> keep_newer{};    // what was built or fetched in so many seconds stays, and its references
  StorePathSet pinned{};                       // what lock files of workspaces pin stays, unless build inputs go
  // What is alive keeps what it was built with: its derivation's inputs, their outputs, and so on (Nix: keep-outputs).
  // Without, what was built is kept with what it refers to, and building a change of it begins with the toolchain.
  bool keep_build_inputs = true;
  // Of all that could go, these alone, without what something else refers to.
  std::optional<StorePathSet> only{};
};
struct PathCount {
  std::uint64_t paths = 0;
  std::uint64_t bytes = 0;                     // NAR sizes
};
// What stayed for one reason. A path that several keep counts for the first of them.
struct GcKept : PathCount {
  enum class Because : std::uint8_t { link, process, newer, building, lock } because{};
};
struct GcResult {
  std::vector<StorePath> deleted{};            // or what would be deleted
  std::uint64_t bytes_freed = 0;
  std::vector<GcKept> kept{};
  PathCount left{};                            // what could go, and max_freed was reached before
  std::vector<Error> stuck{};                  // what this user cannot remove, as what another one has made; all else
                                               // is gone
};

struct VerifyOptions {
  bool check_contents = true;                  // re-hash every object
  bool repair = false;                         // unregister missing or corrupt paths and what refers to them, remove
                                               // litter
  StorePathSet damaged{};                      // paths that are known to be
};
struct VerifyProblem {
  // A repair leaves the unreadable alone.
  enum class Kind { missing, hash_mismatch, unreadable, dangling_reference, litter } kind{};
  std::string path{};                          // logical path
  std::string detail{};
};
struct VerifyResult {
  std::uint64_t checked = 0;
  std::uint64_t bytes = 0;
  std::vector<VerifyProblem> problems{};       // litter is listed, but is no damage
  std::vector<Error> stuck{};                  // of a repair: what this user cannot remove
  bool damaged() const;
};

struct OptimiseResult {
  std::uint64_t files = 0;                     // that could share their content
  std::uint64_t hashed = 0;                    // that were read
  std::uint64_t linked = 0;                    // that share it from now on
  std::uint64_t bytes_freed = 0;               // on disk
};

class Store {
 public:
  // Opens or creates the store below `root` (SWAGE_HOME). Read-only file systems, and a store of another user's that
  // this one cannot write, give a store that can be queried. Whoever can write a store that is another's (root) is
  // refused, unless SWAGE_FOREIGN_HOME is 1: its owner could not remove what is added.
  enum class Purpose {
    usual,
    free_space,   // works on a full disk: gives up the reserve, which the end of a collection, deletion or repair
                  // renews
  };
  static Result<std::unique_ptr<Store>> open(const fs::path& root, Purpose purpose = Purpose::usual);
  virtual ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const fs::path& root() const;
  bool is_writable() const;
  fs::path real_path(const StorePath& path) const;          // <root>/nix/store/<base>
  fs::path state_dir() const;                                // <root>/nix/var/nix
  fs::path log_dir() const;                                  // <root>/nix/var/log/nix/drvs
  fs::path work_dir() const;                                 // <root>/nix/var/swage: builds, durations, downloads

  // Queries. All are safe from several threads.
  Result<bool> is_valid(const StorePath& path);
  Result<StorePathSet> valid_paths(const StorePathSet& among);
  Result<std::optional<PathInfo>> query(const StorePath& path);
  Result<std::vector<StorePath>> all_paths();
  Result<StorePathSet> referrers(const StorePath& path);
  Result<StorePathSet> closure(const StorePathSet& of);     // references, transitively; error on an invalid member
  Result<std::optional<StorePath>> from_hash_part(std::string_view hash_part);

  // Adding. Each returns the path, valid and registered; adding what is there already is cheap and no error.
  Result<StorePath> add_text(std::string_view name, std::string_view content, const StorePathSet& references = {});
  // Moves a finished file (or copies it when on another file system) in as a flat fixed path. The caller has verified
  // the hash. `staging` files belong to work_dir().
  Result<StorePath> add_fixed_file(std::string_view name, const Hash& sha256, const fs::path& file);
  // Copies a tree or file in as a recursive fixed path (a source tree, an executable).
  Result<StorePath> add_tree(std::string_view name, const fs::path& tree, const PathFilter& keep = {});
  // Writes a batch of .drv files (inputs first) and registers them in one transaction.
  Result<void> add_derivations(const std::vector<const FinishedDerivation*>& drvs);
  // Moves `tree` (same file system, already canonical: see canonicalise()) to the path of `info` and registers the
  // batch in one transaction. Used by the executor for all outputs of a build at once. Wrong leftovers at a target are
  // removed.
  struct NewPath {
    PathInfo info;
    fs::path tree;
  };
  Result<void> register_outputs(std::vector<NewPath> outputs);

  // Read a .drv of this store.
  Result<Derivation> read_derivation(const StorePath& drv);

  // Removing and checking. A collection also removes litter: what is on disk and not in the database, lock files that
  // nobody holds, and what killed processes left below work_dir() and in the data directory: builds, staging and trash
  // directories, interrupted downloads, temporary files. A path that a running process has open, mapped, as working
  // directory or in its environment counts as a root. Any number of processes may collect at once.
  Result<GcResult> collect_garbage(const GcOptions& options);
  // Deletes exactly these if nothing alive and nothing outside the list refers to them (error names the referrer or
  // root).
  Result<GcResult> delete_paths(const StorePathSet& paths);
  // What keeps a valid path from such a collection, from it up to a root: a sentence each, none when nothing does.
  Result<std::vector<std::string>> why_kept(const StorePath& path, const GcOptions& options = {});
  // With all cores; `progress` is told each path, by one thread at a time.
  Result<VerifyResult> verify(const VerifyOptions& options, const std::function<void(const StorePath&)>& progress = {});

  // Puts `tree` (same file system, canonical) in the place of a valid path's content that is damaged or missing. It is
  // moved there when it has the registered hash; Errc::hash_mismatch, and nothing happens, when it has another.
  Result<void> replace_content(const StorePath& path, const fs::path& tree);
  // Removes what of `.links` is damaged, so that no file is made of it any more.
  Result<void> remove_damaged_links();

  // Lets files of the same content share it, by hard links through `.links`, as Nix does it. Safe beside builds,
  // collections and readers; an interrupt leaves the store whole.
  Result<OptimiseResult> optimise(bool dry_run = false);

  // Roots. A temporary root protects a path from gc for the life of this process; add it before looking whether the
  // path is valid. add_indirect_root(link): `link` is a symlink outside the store, made by the caller before,
  // registered under gcroots/auto; when the link goes, so does the root.
  Result<void> add_temp_root(const StorePath& path) { return add_temp_roots({path}); }
  Result<void> add_temp_roots(const StorePathSet& paths);
  // This process needs them no more.
  Result<void> drop_temp_roots(const StorePathSet& paths);
  Result<void> add_indirect_root(const fs::path& link);
  // Whether this symlink leads to an object of this store or names one of another: the name is for results, and a new
  // one takes it.
  bool may_forget_link(const fs::path& link) const;
  struct Root {
    std::string link{};                        // where it comes from: a link, "{temp:PID}" or "{process:PID}"
    StorePath path;
  };
  Result<std::vector<Root>> find_roots();

  // Exclusive right to build or add these paths, across processes: flock on `<path>.lock` beside the store path, taken
  // in sorted order (Nix takes the same ones). The files are removed on release. The process that holds a path's lock
  // may still call add_...() for that path. Interrupting ends the wait.
  class PathLocks {
   public:
    PathLocks();
    PathLocks(PathLocks&&) noexcept;
    PathLocks& operator=(PathLocks&&) noexcept;
    ~PathLocks();

   private:
    friend class Store;
    std::vector<std::pair<fs::path, FileLock>> held_;
  };
  Result<PathLocks> lock_paths(const StorePathSet& paths);                          // waits
  Result<std::optional<PathLocks>> try_lock_paths(const StorePathSet& paths);      // nullopt: another process holds one

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Makes a tree what a store object must be: modes 0444 or 0555, mtime 1, no set-id bits, no special files (error), no
// hard links to outside. Ownership stays with the caller.
Result<void> canonicalise(const fs::path& tree, const Checkpoint& checkpoint = check_interrupt);

// Hash and references of a canonical tree in one pass. An interrupt ends it whatever the checkpoint says.
struct ScannedTree {
  NarHash nar{};
  StorePathSet references{};
};
Result<ScannedTree> scan_tree(const fs::path& tree, const StorePathSet& candidates,
                              const Checkpoint& checkpoint = check_interrupt);

}  // namespace swage
