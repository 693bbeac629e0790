#include "realise/build_dir.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <unistd.h>

namespace swage {

namespace {

fs::path lock_of(const fs::path& dir) { return dir.string() + ".lock"; }

Result<void> make_directory(const fs::path& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 || ::chmod(path.c_str(), mode) != 0)
    return fail_errno(fmt::format("cannot create directory '{}'", path.string()), errno);
  return {};
}

}  // namespace

Result<BuildDir> BuildDir::create(const fs::path& work_dir, std::string_view hash) {
  SWAGE_CHECK(make_directories(work_dir / "builds"));
  const fs::path path = work_dir / "builds" / hash;
  SWAGE_TRY(FileLock lock, FileLock::acquire(lock_of(path), FileLock::Mode::exclusive));
  BuildDir dir(path, std::move(lock));
  SWAGE_CHECK(remove_tree(path));
  SWAGE_CHECK(make_directory(path, 0700));
  SWAGE_CHECK(make_directory(dir.build(), 0700));
  SWAGE_CHECK(make_directory(dir.store(), 0755));
  return dir;
}

BuildDir::~BuildDir() {
  if (!lock_) return;
  (void)remove_tree(path_);
  ::unlink(lock_of(path_).c_str());
}

Result<fs::path> BuildDir::keep(const fs::path& work_dir, std::string_view name) {
  SWAGE_CHECK(make_directories(work_dir / "failed"));
  for (unsigned number = 0;; ++number) {
    fs::path target = work_dir / "failed" / fmt::format("{}-{}", name, number);
    if (path_exists(target)) continue;
    if (::rename(build().c_str(), target.c_str()) == 0) return target;
    if (errno != EEXIST && errno != ENOTEMPTY) return fail_errno(fmt::format("cannot keep '{}'", target.string()), errno);
  }
}

BuildDirRemover::~BuildDirRemover() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void BuildDirRemover::take(BuildDir dir) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(dir));
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  }
  changed_.notify_one();
}

void BuildDirRemover::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::optional<BuildDir> dir(std::move(waiting_.front()));
    waiting_.pop_front();
    lock.unlock();
    dir.reset();
    lock.lock();
  }
}

Result<void> clean_stale_builds(const fs::path& work_dir) {
  const fs::path builds = work_dir / "builds";
  if (!path_exists(builds)) return {};
  SWAGE_TRY(const std::vector<std::string> names, list_directory(builds));
  for (const std::string& name : names) {
    const fs::path path = builds / (name.ends_with(".lock") ? name.substr(0, name.size() - 5) : name);
    SWAGE_TRY(const std::optional<FileLock> lock, FileLock::try_acquire(lock_of(path), FileLock::Mode::exclusive));
    if (!lock) continue;
    SWAGE_CHECK(remove_tree(path));
    ::unlink(lock_of(path).c_str());
  }
  return {};
}

}  // namespace swage
