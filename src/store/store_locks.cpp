#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "store/store_state.hpp"

namespace swage {

namespace {

// A process may hold a path's lock around its own call to add that path: flock(2) would make it wait for itself.
struct Held {
  std::mutex mutex;
  std::set<fs::path> files;
};
Held& held() {
  static Held instance;
  return instance;
}

}  // namespace

Result<FileLock> wait_for_lock(const fs::path& file, FileLock::Mode mode) {
  for (auto pause = std::chrono::milliseconds(1);;) {
    SWAGE_TRY(std::optional<FileLock> lock, FileLock::try_acquire(file, mode));
    if (lock) return std::move(*lock);
    if (interrupted()) return fail(Errc::interrupted, "interrupted");
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(50));
  }
}

fs::path lock_file_of(const fs::path& store_dir, const StorePath& path) { return store_dir / (path.base() + ".lock"); }

bool holds_lock(const fs::path& file) {
  const std::lock_guard lock(held().mutex);
  return held().files.contains(file);
}

void retire_lock_file(const fs::path& file, int fd) {
  ::unlink(file.c_str());
  (void)write_all(fd, "d", file.string());
}

Store::PathLocks::PathLocks() = default;
Store::PathLocks::PathLocks(PathLocks&&) noexcept = default;

Store::PathLocks& Store::PathLocks::operator=(PathLocks&& other) noexcept {
  held_.swap(other.held_);
  return *this;
}

Store::PathLocks::~PathLocks() {
  const std::lock_guard lock(held().mutex);
  for (const auto& [file, file_lock] : held_) {
    retire_lock_file(file, file_lock.fd());
    held().files.erase(file);
  }
}

Result<Store::PathLocks> Store::lock_paths(const StorePathSet& paths) {
  SWAGE_CHECK(state_->need_writable());
  PathLocks locks;
  for (const StorePath& path : paths) {
    const fs::path file = lock_file_of(state_->store_dir, path);
    SWAGE_TRY(FileLock lock, wait_for_lock(file, FileLock::Mode::exclusive));
    locks.held_.emplace_back(file, std::move(lock));
    const std::lock_guard guard(held().mutex);
    held().files.insert(file);
  }
  return locks;
}

Result<std::optional<Store::PathLocks>> Store::try_lock_paths(const StorePathSet& paths) {
  SWAGE_CHECK(state_->need_writable());
  PathLocks locks;
  for (const StorePath& path : paths) {
    const fs::path file = lock_file_of(state_->store_dir, path);
    SWAGE_TRY(std::optional<FileLock> lock, FileLock::try_acquire(file, FileLock::Mode::exclusive));
    if (!lock) return std::optional<PathLocks>();
    locks.held_.emplace_back(file, std::move(*lock));
    const std::lock_guard guard(held().mutex);
    held().files.insert(file);
  }
  return std::optional(std::move(locks));
}

}  // namespace swage
