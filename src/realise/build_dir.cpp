#include "realise/build_dir.hpp"

#include <cerrno>
#include <fmt/core.h>
#include <unistd.h>

namespace swage {

namespace {

Result<void> make_directory(const fs::path& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 || ::chmod(path.c_str(), mode) != 0)
    return fail_errno(fmt::format("cannot create directory '{}'", path.string()), errno);
  return {};
}

}  // namespace

Result<BuildDir> BuildDir::create(const fs::path& work_dir, std::string_view hash) {
  const fs::path builds = work_dir / "builds";
  SWAGE_CHECK(make_directories(builds));
  SWAGE_TRY(TempDir made, TempDir::create(hash, builds));
  BuildDir dir(std::move(made));
  SWAGE_CHECK(make_directory(dir.build(), 0700));
  SWAGE_CHECK(make_directory(dir.store(), 0755));
  return dir;
}

Result<fs::path> BuildDir::keep(const fs::path& work_dir, std::string_view name) {
  SWAGE_CHECK(make_directories(work_dir / "failed"));
  for (unsigned number = 0;; ++number) {
    fs::path target = work_dir / "failed" / fmt::format("{}-{}", name, number);
    if (path_exists(target)) continue;
    if (::rename(build().c_str(), target.c_str()) == 0) return target;
    if (errno != EEXIST && errno != ENOTEMPTY)
      return fail_errno(fmt::format("cannot keep '{}'", target.string()), errno);
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

Result<std::vector<Error>> clean_stale_builds(const fs::path& work_dir) {
  std::vector<Error> stuck;
  SWAGE_CHECK(remove_abandoned(work_dir / "builds", Abandoned::every_entry, stuck));
  return stuck;
}

}  // namespace swage
