#include "store/rebuild_database.hpp"

#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "store/journal.hpp"
#include "store/store_state.hpp"

namespace swage {

namespace {

using Known = std::map<StorePath, PathInfo>;

// All that can still be read of the old database; it may break off anywhere.
void salvage(const fs::path& file, Known& known) {
  Result<Registry> old = Registry::open(file, Database::Access::read_only);
  if (!old) return;
  const Result<std::vector<StorePath>> paths = old->all_paths();
  if (!paths) return;
  for (const StorePath& path : *paths)
    if (Result<std::optional<PathInfo>> info = old->query(path); info && *info) known.insert_or_assign(path, **info);
}

// What a derivation refers to: its text also names its outputs.
Result<StorePathSet> references_of(const StorePath& path, const fs::path& object, const ScannedTree& scanned) {
  if (!path.is_derivation()) return scanned.references;
  SWAGE_TRY(const std::string text, read_file(object));
  SWAGE_TRY(const Derivation drv, parse_derivation(text, path.name().substr(0, path.name().size() - 4)));
  StorePathSet references = drv.input_srcs;
  for (const auto& [input, outputs] : drv.input_drvs) references.insert(input);
  return references;
}

// A path that its name vouches for. `scanned`: what its content names of the store's paths.
std::optional<PathInfo> by_name(const StorePath& path, const fs::path& object, const ScannedTree& scanned) {
  PathInfo info{.path = path, .nar_hash = scanned.nar.hash, .nar_size = scanned.nar.size};
  const auto is = [&](const ContentAddress& address, const StorePathSet& references) {
    const Result<StorePath> made = address.method == ContentMethod::text
                                       ? make_text_path(path.name(), address.hash, references)
                                       : make_fixed_path(path.name(), address.method, address.hash, references);
    if (!made || *made != path) return false;
    info.ca = address;
    info.references = references;
    return true;
  };
  struct stat st {};
  if (::lstat(object.c_str(), &st) != 0) return std::nullopt;
  if (S_ISREG(st.st_mode) && (st.st_mode & S_IXUSR) == 0) {
    const Result<Hash> flat = hash_file(HashAlgo::sha256, object);
    const Result<StorePathSet> references = references_of(path, object, scanned);
    if (!flat || !references) return std::nullopt;
    // A text may name a path by chance, without referring to it.
    if (is({ContentMethod::flat, *flat}, {}) || is({ContentMethod::text, *flat}, *references) ||
        is({ContentMethod::text, *flat}, {}))
      return info;
  }
  if (is({ContentMethod::recursive, scanned.nar.hash}, {})) return info;
  return std::nullopt;
}

class Rebuild {
 public:
  Rebuild(const fs::path& root, Known known) : store_dir_(root / "nix/store"), known_(std::move(known)) {}

  Result<void> look() {
    SWAGE_TRY(const std::vector<std::string> names, list_directory(store_dir_));
    StorePathSet all;
    for (const std::string& name : names)
      if (auto path = StorePath::parse_base(name); path && !name.ends_with(".lock")) all.insert(std::move(*path));
    for (const StorePath& path : all) {
      SWAGE_CHECK(check_interrupt());
      SWAGE_CHECK(look_at(path, all));
    }
    add_what_derivations_tell();
    leave_out_what_dangles();
    return {};
  }

  std::vector<Registration> registrations() const {
    std::vector<Registration> all;
    for (const auto& [path, one] : found_) all.push_back(one);
    return all;
  }

  RebuiltDatabase result{};

 private:
  Result<void> look_at(const StorePath& path, const StorePathSet& all) {
    const fs::path object = store_dir_ / path.base();
    const Result<ScannedTree> scanned = scan_tree(object, all);
    if (!scanned && scanned.error().code == Errc::interrupted) return Fail(scanned.error());
    if (!scanned) {
      result.left_out.push_back(path);
      return {};
    }
    const auto known = known_.find(path);
    const bool agrees = known != known_.end() && known->second.nar_hash == scanned->nar.hash;
    std::optional<PathInfo> info = by_name(path, object, *scanned);
    if (info) ++result.self_verified;
    if (agrees) info = known->second;   // tells more: when, by whom
    if (!info) {
      result.left_out.push_back(path);
      return {};
    }
    Registration one{.info = std::move(*info)};
    if (path.is_derivation()) {
      SWAGE_TRY(const std::string text, read_file(object));
      if (const auto drv = parse_derivation(text, path.name().substr(0, path.name().size() - 4)))
        for (const auto& [name, output] : drv->outputs)
          if (!output.path.empty()) one.outputs.emplace(name, output.path);
    }
    found_.emplace(path, std::move(one));
    return {};
  }

  void add_what_derivations_tell() {
    for (const auto& [drv, one] : found_)
      for (const auto& [name, text] : one.outputs) {
        const auto path = StorePath::parse(text);
        if (!path) continue;
        if (const auto made = found_.find(*path); made != found_.end() && !made->second.info.deriver)
          made->second.info.deriver = drv;
      }
  }

  // Until nothing refers to what is not there.
  void leave_out_what_dangles() {
    for (bool changed = true; changed;) {
      changed = false;
      for (auto one = found_.begin(); one != found_.end();) {
        const StorePathSet& references = one->second.info.references;
        const bool dangles = std::any_of(references.begin(), references.end(),
                                         [&](const StorePath& to) { return !found_.contains(to); });
        if (dangles) result.left_out.push_back(one->first);
        one = dangles ? found_.erase(one) : std::next(one);
        changed = changed || dangles;
      }
    }
  }

  fs::path store_dir_;
  Known known_;
  std::map<StorePath, Registration> found_{};
};

constexpr const char* kFiles[] = {"db.sqlite", "db.sqlite-wal", "db.sqlite-shm", "db.sqlite-journal"};

Result<fs::path> put_aside(const fs::path& directory) {
  fs::path aside;
  for (const char* name : kFiles) {
    if (!path_exists(directory / name)) continue;
    if (aside.empty()) {
      aside = directory / fmt::format("damaged-{}", time_text("%Y%m%d-%H%M%S", std::time(nullptr)));
      SWAGE_CHECK(make_directories(aside));
    }
    if (::rename((directory / name).c_str(), (aside / name).c_str()) != 0)
      return fail_errno(fmt::format("cannot move '{}'", (directory / name).string()), errno);
  }
  return aside;
}

}  // namespace

Result<RebuiltDatabase> rebuild_database(const fs::path& root) {
  const fs::path directory = root / "nix/var/nix/db", fresh = directory / "db.sqlite.rebuilt";
  if (!path_exists(root / "nix/store"))
    return fail(Errc::invalid_input, fmt::format("'{}' has no store", root.string()));
  SWAGE_CHECK(create_layout(root));
  SWAGE_TRY(const std::optional<FileLock> alone,
            FileLock::try_acquire(directory / "big-lock", FileLock::Mode::exclusive));
  if (!alone)
    return Fail(Error{.code = Errc::environment,
                      .what = fmt::format("another process has the store '{}' open", root.string()),
                      .hint = "end it first: it would go on with the old database"});
  const Journal journal(root / "nix/var/swage");
  SWAGE_TRY(Known known, journal.read());
  salvage(directory / "db.sqlite", known);
  Rebuild rebuild(root, std::move(known));
  SWAGE_CHECK(rebuild.look());
  const std::vector<Registration> all = rebuild.registrations();
  for (const char* end : {"", "-wal", "-shm"}) SWAGE_CHECK(remove_tree(fresh.string() + end));
  {
    SWAGE_TRY(Registry registry, Registry::open(fresh, Database::Access::create));
    SWAGE_CHECK(registry.create_schema());
    SWAGE_CHECK(registry.add(all));
  }   // its log is worked in when it is closed
  SWAGE_TRY(rebuild.result.aside, put_aside(directory));
  if (::rename(fresh.c_str(), (directory / "db.sqlite").c_str()) != 0)
    return fail_errno(fmt::format("cannot move '{}'", fresh.string()), errno);
  if (!path_exists(directory / "schema")) SWAGE_CHECK(write_file_atomically(directory / "schema", "10"));
  SWAGE_CHECK(sync_directory(directory));
  SWAGE_CHECK(journal.rewrite(all));
  rebuild.result.registered = all.size();
  return std::move(rebuild.result);
}

}  // namespace swage
