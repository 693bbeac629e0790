#include "realise/usage.hpp"

#include <cctype>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <fmt/core.h>
#include <optional>
#include <string>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/files.hpp"
#include "base/text.hpp"

namespace swage {

namespace {

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Of a process that may have ended meanwhile: "" then.
std::string read_of(int proc, const char* process, const char* file) {
  const UniqueFd fd(::openat(proc, fmt::format("{}/{}", process, file).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return {};
  return read_fd(fd.get(), file).value_or("");
}

// proc(5): the fields after the name, which may hold anything, begin with the third.
UsageReader::Usage usage_of(std::string_view stat) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return {};
  const std::vector<std::string_view> fields = split_words(stat.substr(name_end + 1));
  constexpr std::size_t threads = 20 - 3, resident_pages = 24 - 3;
  if (fields.size() <= resident_pages) return {};
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {.tasks = number(fields[threads]), .memory = number(fields[resident_pages]) * page};
}

// A process's part of what it shares, without files that are on disk.
std::uint64_t proportional_memory(std::string_view rollup) {
  std::uint64_t kilobytes = 0;
  for (const std::string_view line : split(rollup, '\n'))
    if (line.starts_with("Pss_Anon:") || line.starts_with("Pss_Shmem:"))
      kilobytes += number(trim(line.substr(line.find(':') + 1)));
  return kilobytes * 1024;
}

}  // namespace

std::uint64_t usual_memory_limit() {
  struct sysinfo machine {};
  if (::sysinfo(&machine) != 0) return 0;
  return static_cast<std::uint64_t>(machine.totalram) * machine.mem_unit / 10 * 9;
}

Result<UsageReader> UsageReader::open(const Sandbox& sandbox) {
  const int fd = ::openat(sandbox.proc(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* directory = fd < 0 ? nullptr : ::fdopendir(fd);
  if (!directory) return fail_errno("cannot watch what a build uses", errno);
  return UsageReader(directory);
}

UsageReader::Usage UsageReader::look(const BuildLimits& limits) {
  const int proc = ::dirfd(directory_.get());
  Usage sum;
  const auto too_many = [&] { return limits.processes && sum.tasks > limits.processes; };
  const auto for_each = [&](const auto& what) {
    ::rewinddir(directory_.get());
    while (const dirent* entry = too_many() ? nullptr : ::readdir(directory_.get()))
      if (std::isdigit(static_cast<unsigned char>(entry->d_name[0]))) what(entry->d_name);
  };
  for_each([&](const char* process) {
    const Usage one = usage_of(read_of(proc, process, "stat"));
    sum.tasks += one.tasks;
    sum.memory += one.memory;
  });
  if (too_many() || limits.memory == 0 || sum.memory <= limits.memory) return sum;
  const std::uint64_t at_most = std::exchange(sum.memory, 0);
  for_each([&](const char* process) { sum.memory += proportional_memory(read_of(proc, process, "smaps_rollup")); });
  if (sum.memory == 0) sum.memory = at_most;   // a kernel that does not tell
  return sum;
}

}  // namespace swage
