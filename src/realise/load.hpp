// What the machine has to do and what it has left, as a run that gives way to others looks at it.
//
// The processors' time is told by /proc/stat, and that of this process and all that it started is taken off; what
// others use is the rest. The kernel's own figure for it, /proc/pressure/cpu, is of no use here: a process that waits
// at the lowest priority is pressure, too.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/files.hpp"

namespace swage {

struct Load {
  double seconds = 0;       // on a clock that only goes forward
  unsigned processors = 0;  // that this process may use; 0: the machine does not tell
  // Ticks of these processors since the machine was started: all of them, those without work, those of this process and
  // what it started, and those of others that run at the lowest priority as well.
  std::uint64_t ticks = 0, unused = 0, own = 0, equal = 0;
  std::uint64_t memory = 0, memory_available = 0;  // bytes; 0: the machine does not tell
  std::uint64_t disk_free = 0;                     // bytes that this user may fill
};

// Bytes that this user may fill, of the file system that `place` is on.
Result<std::uint64_t> disk_free(const fs::path& place);
// Disk and all else, as disk_free(). An error only where that cannot be asked.
Result<Load> read_load(const fs::path& place);

// What it is read from.
struct ProcessorTicks {
  unsigned processors = 0;
  std::uint64_t ticks = 0, unused = 0;
};
ProcessorTicks processor_ticks(std::string_view stat,
                               const std::function<bool(unsigned processor)>& is_ours);  // of /proc/stat
struct ProcessTicks {
  pid_t process = 0, parent = 0;
  std::uint64_t ticks = 0;  // of itself, and of those of its children that have ended
  bool lowest = false;      // SCHED_IDLE
};
std::optional<ProcessTicks> process_ticks(std::string_view stat);  // of /proc/<pid>/stat
struct TicksBy {
  std::uint64_t own = 0;    // of `top` and all below it
  std::uint64_t equal = 0;  // of all others at the lowest priority
};
TicksBy ticks_by(pid_t top, const std::vector<ProcessTicks>& processes);
std::uint64_t meminfo_bytes(std::string_view meminfo, std::string_view key);  // 0: it is not there

}  // namespace swage
