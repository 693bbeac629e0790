// <work_dir>/builds/<hash>.XXXXXX: where one build happens, with `build` (the sandbox's /build) and `store` (its
// /nix/store). No build waits for another's directory, nor for what a killed swage left.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/files.hpp"

namespace swage {

class BuildDir {
 public:
  static Result<BuildDir> create(const fs::path& work_dir, std::string_view hash);

  fs::path build() const { return dir_.path() / "build"; }
  fs::path store() const { return dir_.path() / "store"; }
  // Moves `build` to a new name in <work_dir>/failed; returns where it is now.
  Result<fs::path> keep(const fs::path& work_dir, std::string_view name);

 private:
  explicit BuildDir(TempDir dir) : dir_(std::move(dir)) {}
  TempDir dir_;   // removes everything
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

// Removes the directories of builds whose process is gone. Returns what could not be removed, which is in nobody's way.
Result<std::vector<Error>> clean_stale_builds(const fs::path& work_dir);

}  // namespace swage
