// Opening a store and asking it.
#include "store/store.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
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

Result<void> create_layout(const fs::path& root) {
  for (const char* directory : {"nix/store/.links", "nix/var/nix/db", "nix/var/nix/temproots", "nix/var/nix/profiles",
                                "nix/var/nix/gcroots/auto", "nix/var/log/nix/drvs", "nix/var/swage"})
    SWAGE_CHECK(make_directories(root / directory));
  // Nix makes this link only together with gcroots itself.
  const fs::path link = root / "nix/var/nix/gcroots/profiles";
  if (path_exists(link)) return {};
  return make_symlink_atomically((root / "nix/var/nix/profiles").string(), link);
}

// Several processes may come here at once. The lock may also be held, shared and for long, by one that has made the
// store since we looked: then there is nothing left to do.
Result<void> initialise(const fs::path& root) {
  SWAGE_CHECK(create_layout(root));
  const fs::path directory = database_dir(root);
  for (;;) {
    SWAGE_TRY(const std::optional<FileLock> lock, FileLock::try_acquire(directory / "big-lock", FileLock::Mode::exclusive));
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

Store::State::State(const fs::path& root_dir, bool is_writable, Registry opened)
    : root(root_dir),
      store_dir(root_dir / "nix/store"),
      state_dir(root_dir / "nix/var/nix"),
      work_dir(root_dir / "nix/var/swage"),
      writable(is_writable),
      registry(std::move(opened)),
      temp_roots(state_dir) {}

Result<void> Store::State::need_writable() const {
  if (writable) return {};
  return fail(Errc::environment, fmt::format("store '{}' is read-only", root.string()));
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const fs::path& given) {
  const fs::path root = fs::absolute(given).lexically_normal();
  const auto explain = [&](Error error) { return std::move(error).note(fmt::format("while opening the store '{}'", root.string())); };
  SWAGE_TRY(std::optional<std::string> version, schema_version(root).map_error(explain));
  if (!version) {
    SWAGE_CHECK(initialise(root).map_error(explain));
    SWAGE_TRY(version, schema_version(root).map_error(explain));
  }
  if (version != kSchemaVersion)
    return fail(Errc::environment, fmt::format("store '{}' has schema version '{}', only {} is known", root.string(),
                                               version.value_or(""), kSchemaVersion));
  const fs::path file = database_dir(root) / "db.sqlite";
  const bool writable = ::access(file.c_str(), W_OK) == 0 && ::access((root / "nix/store").c_str(), W_OK) == 0;
  SWAGE_TRY(Registry registry,
            Registry::open(file, writable ? Database::Access::read_write : Database::Access::read_only).map_error(explain));
  auto state = std::make_unique<State>(root, writable, std::move(registry));
  if (writable) {
    SWAGE_TRY(state->big_lock, wait_for_lock(database_dir(root) / "big-lock", FileLock::Mode::shared).map_error(explain));
    // A store that Nix made has everything else.
    if (::mkdir(state->work_dir.c_str(), 0755) != 0 && errno != EEXIST)
      return fail_errno(fmt::format("cannot create directory '{}'", state->work_dir.string()), errno);
  }
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

const fs::path& Store::root() const { return state_->root; }
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
