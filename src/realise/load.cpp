#include "realise/load.hpp"

#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fmt/core.h>
#include <map>
#include <sched.h>
#include <set>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.hpp"

namespace swage {

namespace {

template <class Number>
Number number_of(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<ProcessTicks> all_processes() {
  std::vector<ProcessTicks> processes;
  for (const std::string& name : list_directory("/proc").value_or(std::vector<std::string>{})) {
    if (std::isdigit(static_cast<unsigned char>(name[0])) == 0) continue;
    const Result<std::string> stat = read_file(fmt::format("/proc/{}/stat", name));  // it may have ended
    if (const auto found = stat ? process_ticks(*stat) : std::nullopt) processes.push_back(*found);
  }
  return processes;
}

std::function<bool(unsigned)> usable_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return [](unsigned) { return true; };
  return [set](unsigned processor) { return processor < CPU_SETSIZE && CPU_ISSET(processor, &set); };
}

}  // namespace

// proc(5): user, nice, system, idle, iowait, irq, softirq, steal; what guests had is in the first two already. What the
// host of this machine has taken (steal) is not unused: others have it.
ProcessorTicks processor_ticks(std::string_view stat, const std::function<bool(unsigned)>& is_ours) {
  constexpr std::size_t idle = 3, iowait = 4, last = 7;
  ProcessorTicks sum;
  for (const std::string_view line : split(stat, '\n')) {
    const std::vector<std::string_view> words = split_words(line);
    if (words.size() < iowait + 2 || !words[0].starts_with("cpu") || words[0] == "cpu") continue;
    if (!is_ours(number_of<unsigned>(words[0].substr(3)))) continue;
    ++sum.processors;
    for (std::size_t i = 0; i <= last && i + 1 < words.size(); ++i) {
      const auto ticks = number_of<std::uint64_t>(words[i + 1]);
      sum.ticks += ticks;
      if (i == idle || i == iowait) sum.unused += ticks;
    }
  }
  return sum;
}

// proc(5): the fields after the name, which may hold anything, begin with the third.
std::optional<ProcessTicks> process_ticks(std::string_view stat) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  const std::vector<std::string_view> fields = split_words(stat.substr(name_end + 1));
  constexpr std::size_t parent = 4 - 3, first_time = 14 - 3, last_time = 17 - 3, policy = 41 - 3;
  if (fields.size() <= last_time) return std::nullopt;
  ProcessTicks found{.process = number_of<pid_t>(stat), .parent = number_of<pid_t>(fields[parent])};
  for (std::size_t i = first_time; i <= last_time; ++i) found.ticks += number_of<std::uint64_t>(fields[i]);
  found.lowest = fields.size() > policy && number_of<int>(fields[policy]) == SCHED_IDLE;
  return found;
}

TicksBy ticks_by(pid_t top, const std::vector<ProcessTicks>& processes) {
  std::multimap<pid_t, const ProcessTicks*> children;
  std::set<const ProcessTicks*> own;
  for (const ProcessTicks& process : processes) {
    children.emplace(process.parent, &process);
    if (process.process == top) own.insert(&process);
  }
  std::vector<pid_t> open{top};
  while (!open.empty()) {
    const auto [begin, end] = children.equal_range(open.back());
    open.pop_back();
    for (auto child = begin; child != end; ++child) {
      own.insert(child->second);
      open.push_back(child->second->process);
    }
    children.erase(begin, end);  // once, whatever was read while processes came and went
  }
  TicksBy sum;
  for (const ProcessTicks& process : processes) {
    if (own.contains(&process)) sum.own += process.ticks;
    else if (process.lowest) sum.equal += process.ticks;
  }
  return sum;
}

std::uint64_t meminfo_bytes(std::string_view meminfo, std::string_view key) {
  for (const std::string_view line : split(meminfo, '\n'))
    if (line.starts_with(key) && line.substr(key.size()).starts_with(":"))
      return number_of<std::uint64_t>(trim(line.substr(key.size() + 1))) * 1024;
  return 0;
}

Result<std::uint64_t> disk_free(const fs::path& place) {
  struct statvfs disk {};
  if (::statvfs(place.c_str(), &disk) != 0)
    return fail_errno(fmt::format("cannot see how much of the disk of '{}' is free", place.string()), errno);
  return disk.f_bavail * disk.f_frsize;
}

Result<Load> read_load(const fs::path& place) {
  SWAGE_TRY(const std::uint64_t free, disk_free(place));
  const ProcessorTicks processors = processor_ticks(read_file("/proc/stat").value_or(""), usable_processors());
  const TicksBy used = ticks_by(::getpid(), all_processes());
  const std::string meminfo = read_file("/proc/meminfo").value_or("");
  return Load{.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(),
              .processors = processors.processors,
              .ticks = processors.ticks,
              .unused = processors.unused,
              .own = used.own,
              .equal = used.equal,
              .memory = meminfo_bytes(meminfo, "MemTotal"),
              .memory_available = meminfo_bytes(meminfo, "MemAvailable"),
              .disk_free = free};
}

}  // namespace swage
