// Opening a store and asking it.
#include "store/store.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "store/store_state.hpp"

namespace swage {

namespace {

constexpr std::string_view kSchemaVersion = "10";

fs::path database_dir(const fs::path& root) { return root / "nix/var/nix/db"; }

// nullopt: nobody has made a store here yet.
Result<std::optional<std::string>> schema_version(const fs::path& root) {
  const fs::path file = database_dir(root) / "schema";
  if (!path_exists(file)) return std::optional<std::string>();
  SWAGE_TRY(const std::string text, read_file(file));
  return std::optional(std::string(trim(text)));
}

constexpr const char* kLayout[] = {"nix/store/.links",     "nix/var/nix/db",           "nix/var/nix/temproots",
                                   "nix/var/nix/profiles", "nix/var/nix/gcroots/auto", "nix/var/log/nix/drvs",
                                   "nix/var/swage"};

// Several processes may come here at once. The lock may also be held, shared and for long, by one that has made the
// store since we looked: then there is nothing left to do.
Result<void> initialise(const fs::path& root) {
  SWAGE_CHECK(create_layout(root));
  const fs::path directory = database_dir(root);
  for (;;) {
    SWAGE_TRY(const std::optional<FileLock> lock,
              FileLock::try_acquire(directory / "big-lock", FileLock::Mode::exclusive));
    SWAGE_TRY(const std::optional<std::string> version, schema_version(root));
    if (version) return {};
    if (lock) {
      SWAGE_TRY(Registry registry, Registry::open(directory / "db.sqlite", Database::Access::create));
      SWAGE_CHECK(registry.create_schema());
      return write_file_atomically(directory / "schema", kSchemaVersion);
    }
    if (interrupted()) return fail(Errc::interrupted, "interrupted");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace

Result<void> create_layout(const fs::path& root) {
  for (const char* directory : kLayout) SWAGE_CHECK(make_directories(root / directory));
  // Nix makes this link only together with gcroots itself.
  const fs::path link = root / "nix/var/nix/gcroots/profiles";
  if (path_exists(link)) return {};
  return make_symlink_atomically((root / "nix/var/nix/profiles").string(), link);
}

Store::State::State(const fs::path& root_dir, bool is_writable, Registry opened)
    : root(root_dir),
      store_dir(root_dir / "nix/store"),
      state_dir(root_dir / "nix/var/nix"),
      work_dir(root_dir / "nix/var/swage"),
      writable(is_writable),
      registry(std::move(opened)),
      temp_roots(state_dir) {}

Store::State::~State() {
  if (frees_space) renew_reserve(root);
}

Result<void> Store::State::need_writable() const {
  if (writable) return {};
  return fail(Errc::environment, fmt::format("store '{}' is read-only", root.string()));
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

namespace {

std::string user_name(uid_t uid) {
  const passwd* entry = ::getpwuid(uid);
  return entry ? fmt::format("'{}'", entry->pw_name) : fmt::format("{}", uid);
}

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// SQLite refuses names of more than 512 bytes, and does not say so.
constexpr std::size_t kLongestHome = 400;

Result<void> check_place(const fs::path& root) {
  struct stat st {};
  const char* another = "name another home with: swage --home DIR ..., or SWAGE_HOME";
  if (const std::size_t size = root.string().size(); size > kLongestHome)
    return Fail(Error{.code = Errc::environment,
                      .what = fmt::format("'{}' has too long a name for a home: {} bytes, where its database allows {}",
                                          root.string(), size, kLongestHome),
                      .hint = another});
  if (::stat(root.c_str(), &st) == 0) {
    if (S_ISDIR(st.st_mode)) return {};
    return Fail(Error{
        .code = Errc::environment, .what = fmt::format("'{}' is not a directory", root.string()), .hint = another});
  }
  const int error = errno;
  const auto target = swage::read_symlink(root);
  if (!target) return {};   // there is nothing yet, or what there is says so itself
  if (error != ENOENT) return fail_errno(fmt::format("cannot follow the link '{}'", root.string()), error);
  return Fail(Error{.code = Errc::environment,
                    .what = fmt::format("'{}' is a link to '{}', which does not exist", root.string(), *target),
                    .hint = another});
}

struct Owned {
  fs::path place{};
  uid_t owner{};
};

// Whose a store is. Of a new one each directory that something would be made in counts, wherever the home's links lead:
// one that is not this user's is told.
std::optional<Owned> owner_of(const fs::path& root) {
  struct stat st {};
  if (path_exists(database_dir(root) / "schema") && ::stat((root / "nix/store").c_str(), &st) == 0)
    return Owned{root, st.st_uid};
  if (::stat(root.c_str(), &st) == 0) {
    Owned found{root, st.st_uid};
    for (const char* directory : kLayout) {
      fs::path place = root / directory;
      while (place != root && ::stat(place.c_str(), &st) != 0) place = place.parent_path();
      if (place == root || st.st_uid == ::geteuid()) continue;
      return Owned{found.owner == st.st_uid ? root : place, st.st_uid};
    }
    return found;
  }
  // sudo may keep the user's HOME: a store of root's there would be in its way.
  const std::string sudo_user = env("SUDO_UID");
  for (fs::path up = root.parent_path(); !sudo_user.empty(); up = up.parent_path()) {
    if (::stat(up.c_str(), &st) == 0)
      return fmt::format("{}", st.st_uid) == sudo_user ? std::optional(Owned{root, st.st_uid}) : std::nullopt;
    if (up == up.root_path()) break;
  }
  return std::nullopt;
}

// Root writes everywhere; what it writes in another user's store, that user could never remove.
Result<void> check_owner(const fs::path& root) {
  const std::optional<Owned> found = owner_of(root);
  if (!found || found->owner == ::geteuid() || env("SWAGE_FOREIGN_HOME") == "1") return {};
  Error error{.code = Errc::environment,
              .what = fmt::format("'{}' belongs to user {}, not to {}", found->place.string(), user_name(found->owner),
                                  user_name(::geteuid())),
              .notes = {"what another user adds to it, its owner can neither use fully nor remove"}};
  error.hint = "take a home of your own with --home DIR, or run swage as its owner; to add to it all the same: "
               "SWAGE_FOREIGN_HOME=1 swage ...";
  return Fail(std::move(error));
}

// Objects are made beside the store and moved in whole, which rename(2) does within one mount only.
Result<void> check_one_mount(const fs::path& store_dir, const fs::path& work_dir) {
  struct statx store {}, work {};
  const auto look = [](const fs::path& path, struct statx& into) {
    return ::statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS | STATX_MNT_ID, &into) == 0;
  };
  if (!look(store_dir, store) || !look(work_dir, work))
    return fail_errno(fmt::format("cannot read '{}'", store_dir.string()), errno);
  const bool same_device = store.stx_dev_major == work.stx_dev_major && store.stx_dev_minor == work.stx_dev_minor;
  const bool known = (store.stx_mask & work.stx_mask & STATX_MNT_ID) != 0;
  if (same_device && (!known || store.stx_mnt_id == work.stx_mnt_id)) return {};
  return Fail(
      Error{.code = Errc::environment,
            .what = fmt::format("'{}' and '{}' are not on one file system", store_dir.string(), work_dir.string()),
            .notes = {"what is built in the second is moved to the first in one step"},
            .hint = "put the whole home on the other file system: swage --home DIR ..., or SWAGE_HOME"});
}

Result<void> check_database(const fs::path& file) {
  struct stat st {};
  if (::stat(file.c_str(), &st) == 0) return {};
  if (errno != ENOENT) return fail_errno(fmt::format("cannot read '{}'", file.string()), errno);
  return Fail(
      with_way_out({.code = Errc::corrupt, .what = fmt::format("database '{}' is missing", file.string())}, file));
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const fs::path& given, Purpose purpose) {
  SWAGE_TRY(const fs::path named, absolute_path(given));
  const fs::path root = named.lexically_normal();
  const auto explain = [&](Error error) {
    return std::move(error).note(fmt::format("while opening the store '{}'", root.string()));
  };
  const fs::path file = database_dir(root) / "db.sqlite";
  SWAGE_CHECK(check_place(root));
  const auto can_write = [&] {
    return ::access(database_dir(root).c_str(), W_OK) == 0 && ::access((root / "nix/store").c_str(), W_OK) == 0;
  };
  if (can_write() || !path_exists(database_dir(root) / "schema")) SWAGE_CHECK(check_owner(root));
  SWAGE_TRY(std::optional<std::string> version, schema_version(root).map_error(explain));
  if (!version) {
    SWAGE_CHECK(initialise(root).map_error(explain));
    SWAGE_TRY(version, schema_version(root).map_error(explain));
  }
  if (version != kSchemaVersion)
    return fail(Errc::environment, fmt::format("store '{}' has schema version '{}', only {} is known", root.string(),
                                               version.value_or(""), kSchemaVersion));
  SWAGE_CHECK(check_database(file).map_error(explain));
  const bool writable = can_write() && ::access(file.c_str(), W_OK) == 0;
  const Database::Access access = writable ? Database::Access::read_write : Database::Access::read_only;
  if (writable && purpose == Purpose::free_space) release_reserve(root);
  Result<Registry> registry = Registry::open(file, access);
  if (!registry && writable && purpose == Purpose::free_space && is_no_space(registry.error().os_error)) {
    std::vector<Error> ignored;   // the collection that follows meets it again
    SWAGE_CHECK(remove_litter(root, ignored));
    registry = Registry::open(file, access);
  }
  if (!registry && purpose == Purpose::free_space && is_no_space(registry.error().os_error))
    return Fail(
        explain(std::move(registry).error())
            .hinted(
                "there is no room even for that: remove some file on this disk, 1 MB is enough, then: swage store gc"));
  if (!registry) return Fail(explain(std::move(registry).error()));
  auto state = std::make_unique<State>(root, writable, std::move(*registry));
  if (writable) {
    SWAGE_TRY(state->big_lock,
              wait_for_lock(database_dir(root) / "big-lock", FileLock::Mode::shared).map_error(explain));
    // A store that Nix made has everything else.
    if (::mkdir(state->work_dir.c_str(), 0755) != 0 && errno != EEXIST)
      return fail_errno(fmt::format("cannot create directory '{}'", state->work_dir.string()), errno);
    SWAGE_CHECK(check_one_mount(state->store_dir, state->work_dir));
    state->frees_space = purpose == Purpose::free_space;
    if (!state->frees_space) renew_reserve(root);
    if (state->frees_space) SWAGE_CHECK(state->registry.keep_log_short());
  }
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

const fs::path& Store::root() const { return state_->root; }
bool Store::is_writable() const { return state_->writable; }
fs::path Store::real_path(const StorePath& path) const { return state_->real(path); }
fs::path Store::state_dir() const { return state_->state_dir; }
fs::path Store::log_dir() const { return state_->root / "nix/var/log/nix/drvs"; }
fs::path Store::work_dir() const { return state_->work_dir; }

Result<bool> Store::is_valid(const StorePath& path) {
  return state_->with_registry([&](Registry& registry) { return registry.is_valid(path); });
}
Result<StorePathSet> Store::valid_paths(const StorePathSet& among) {
  return state_->with_registry([&](Registry& registry) { return registry.valid_paths(among); });
}
Result<std::optional<PathInfo>> Store::query(const StorePath& path) {
  return state_->with_registry([&](Registry& registry) { return registry.query(path); });
}
Result<std::vector<StorePath>> Store::all_paths() {
  return state_->with_registry([&](Registry& registry) { return registry.all_paths(); });
}
Result<StorePathSet> Store::referrers(const StorePath& path) {
  return state_->with_registry([&](Registry& registry) { return registry.referrers(path); });
}
Result<StorePathSet> Store::closure(const StorePathSet& of) {
  return state_->with_registry([&](Registry& registry) { return registry.closure(of); });
}
Result<std::optional<StorePath>> Store::from_hash_part(std::string_view hash_part) {
  return state_->with_registry([&](Registry& registry) { return registry.from_hash_part(hash_part); });
}

Result<Derivation> Store::read_derivation(const StorePath& drv) {
  if (!drv.is_derivation()) return fail(Errc::invalid_input, fmt::format("'{}' is not a derivation", drv.str()));
  SWAGE_TRY(const bool valid, is_valid(drv));
  if (!valid) return fail(Errc::invalid_input, fmt::format("'{}' is not in the store", drv.str()));
  SWAGE_TRY(const std::string text, read_file(real_path(drv)));
  return parse_derivation(text, drv.name().substr(0, drv.name().size() - 4));
}

}  // namespace swage
