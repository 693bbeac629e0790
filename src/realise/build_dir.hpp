// <work_dir>/builds/<hash>: where one build happens, with `build` (the sandbox's /build) and `store` (its /nix/store). A lock
// file beside it tells the living from what a killed swage left.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/files.hpp"

namespace swage {

class BuildDir {
 public:
  // The caller holds the locks of the output paths, so at most a cleaner is in the way, and for a moment only.
  static Result<BuildDir> create(const fs::path& work_dir, std::string_view hash);
  BuildDir(BuildDir&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, std::nullopt)) {}
  BuildDir& operator=(BuildDir&&) = delete;
  ~BuildDir();   // removes everything

  fs::path build() const { return path_ / "build"; }
  fs::path store() const { return path_ / "store"; }
  // Moves `build` to a new name in <work_dir>/failed; returns where it is now.
  Result<fs::path> keep(const fs::path& work_dir, std::string_view name);

 private:
  BuildDir(fs::path path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  fs::path path_;
  std::optional<FileLock> lock_;
};

// Removes build directories while the next builds run: of a compiler's there may be a hundred thousand files.
class BuildDirRemover {
 public:
  BuildDirRemover() = default;
  ~BuildDirRemover();   // when all are gone
  BuildDirRemover(const BuildDirRemover&) = delete;
  BuildDirRemover& operator=(const BuildDirRemover&) = delete;
  void take(BuildDir dir);

 private:
  void work();
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::deque<BuildDir> waiting_{};
  bool ending_ = false;
  std::thread thread_{};   // once there is something to do
};

// Removes the directories of builds whose process is gone.
Result<void> clean_stale_builds(const fs::path& work_dir);

}  // namespace swage
