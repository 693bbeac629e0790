#include "request/known_workspaces.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include "plan/lockfile.hpp"
#include "store/base32.hpp"

namespace swage {

namespace {
fs::path directory_of(const Store& store) { return store.work_dir() / "workspaces"; }
}  // namespace

Result<void> remember_workspace(Session& session, Store& store) {
  SWAGE_TRY(const std::optional<fs::path> directory, session.workspace_directory());
  if (!directory || !store.is_writable()) return {};
  SWAGE_TRY(const fs::path named, session.lock_path());
  SWAGE_TRY(const fs::path lock, absolute_path(named));
  const std::string target = lock.lexically_normal().string();
  const fs::path link = directory_of(store) / hash_base32(hash_string(HashAlgo::sha1, target));
  if (path_exists(link)) return {};
  SWAGE_CHECK(make_directories(directory_of(store)));
  return make_symlink_atomically(target, link);
}

Result<StorePathSet> pinned_by_workspaces(Store& store, Reporter& reporter) {
  StorePathSet pinned;
  if (!path_exists(directory_of(store))) return pinned;
  SWAGE_TRY(const std::vector<std::string> names, list_directory(directory_of(store)));
  for (const std::string& name : names) {
    const fs::path link = directory_of(store) / name;
    const Result<std::string> target = swage::read_symlink(link);
    if (!target) continue;
    if (!path_exists(*target)) {
      if (store.is_writable()) ::unlink(link.c_str());
      continue;
    }
    const Result<Lockfile> lock = Lockfile::read(*target);
    if (!lock) {
      reporter.on(Message{fmt::format("warning: what '{}' pins is not kept: {}", *target, lock.error().what)});
      continue;
    }
    for (const auto& [sha256, file] : lock->files) {
      SWAGE_TRY(StorePath path, file.store_path());
      pinned.insert(std::move(path));
    }
  }
  return pinned;
}

}  // namespace swage
