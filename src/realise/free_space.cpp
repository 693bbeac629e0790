#include "realise/free_space.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "realise/load.hpp"

namespace swage {

namespace {
constexpr std::chrono::seconds kTryAgain{60};
}

Result<void> FreeSpace::make_room() {
  if (limits_.least == 0) return {};
  const std::scoped_lock lock(mutex_);
  if (Clock::now() < not_before_) return {};
  SWAGE_TRY(const std::uint64_t before, disk_free(store_.work_dir()));
  if (before >= limits_.least) return {};
  const std::uint64_t wanted = std::max(limits_.wanted, limits_.least);
  const Result<GcResult> done = store_.collect_garbage({.max_freed = wanted - before, .pinned = limits_.pinned});
  if (!done && done.error().code == Errc::interrupted) return Fail(done.error());
  SWAGE_TRY(const std::uint64_t after, disk_free(store_.work_dir()));
  if (after < limits_.least) not_before_ = Clock::now() + kTryAgain;
  std::string what;
  if (!done) what = fmt::format("warning: garbage is not collected: {}", done.error().what);
  else if (done->deleted.empty()) what = "warning: nothing can be deleted to make room";
  else
    what = fmt::format("note: deleted {}, {}, to make room", counted(done->deleted.size(), "path"),
                       human_bytes(done->bytes_freed));
  reporter_.on(Message{fmt::format("{}: {} of the disk are free, and --min-free is {}", what, human_bytes(after),
                                   human_bytes(limits_.least))});
  return {};
}

}  // namespace swage
