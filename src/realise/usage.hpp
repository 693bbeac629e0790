// How much the processes of a sandbox use, by its own /proc, in which they are alone: what needs neither privileges nor
// control groups.
#pragma once

#include <cstdint>
#include <dirent.h>
#include <memory>

#include "base/error.hpp"
#include "realise/limits.hpp"
#include "realise/sandbox.hpp"

namespace swage {

class UsageReader {
 public:
  static Result<UsageReader> open(const Sandbox& sandbox);

  struct Usage {
    std::uint64_t tasks = 0;    // processes and their threads
    std::uint64_t memory = 0;   // bytes: at most this
  };
  // Counts tasks until they are more than the limit. Counts a page for each process that has it, which is quick; but
  // where that gives more than the limit it counts each page once. Files in a tmpfs, which are memory too, count as far
  // as they are mapped.
  Usage look(const BuildLimits& limits);

 private:
  struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  explicit UsageReader(DIR* directory) : directory_(directory) {}
  std::unique_ptr<DIR, Close> directory_;
};

}  // namespace swage
