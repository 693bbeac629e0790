#include "realise/cgroup.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/text.hpp"

namespace swage {

namespace {

constexpr std::string_view kPrefix = "swage-";

bool write_value(const fs::path& file, std::string_view value) {
  const Result<UniqueFd> fd = open_file(file, O_WRONLY);
  return fd && write_all(fd->get(), value, file.string());
}

bool has_words(const fs::path& file, std::initializer_list<std::string_view> wanted) {
  const std::string text = read_file(file).value_or("");
  const std::vector<std::string_view> words = split_words(text);
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); });
}

bool controls_children(const fs::path& group) {
  return has_words(group / "cgroup.subtree_control", {"memory", "pids"});
}

// A group whose children are controlled has no processes of its own, but for the root of all: so this one moves down,
// if it is alone.
bool let_control_children(const fs::path& group) {
  if (controls_children(group)) return true;
  const fs::path own = group / fmt::format("{}main", kPrefix);
  if (path_exists(group / "cgroup.type")) {   // not the root of all
    if (trim(read_file(group / "cgroup.procs").value_or("")) != std::to_string(::getpid())) return false;
    if (!make_directories(own) || !write_value(own / "cgroup.procs", "0")) return false;
  }
  if (write_value(group / "cgroup.subtree_control", "+memory +pids")) return true;
  write_value(group / "cgroup.procs", "0");
  ::rmdir(own.c_str());
  return false;
}

// Groups of builds whose swage was killed.
void remove_stale(const fs::path& group) {
  for (const std::string& name : list_directory(group).value_or(std::vector<std::string>{})) {
    pid_t owner = 0;
    if (name.starts_with(kPrefix)) std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), owner);
    if (owner > 0 && ::kill(owner, 0) != 0) ::rmdir((group / name).c_str());
  }
}

std::optional<fs::path> find_parent() {
  const std::optional<fs::path> group =
      cgroup_directory(read_file("/proc/self/cgroup").value_or(""), read_file("/proc/self/mountinfo").value_or(""));
  if (!group || !has_words(*group / "cgroup.controllers", {"memory", "pids"})) return std::nullopt;
  if (::access(group->c_str(), W_OK) != 0 || !let_control_children(*group)) return std::nullopt;
  remove_stale(*group);
  return group;
}

}  // namespace

std::optional<fs::path> cgroup_directory(std::string_view self, std::string_view mountinfo) {
  std::optional<std::string_view> place;
  for (const std::string_view line : split(self, '\n'))
    if (line.starts_with("0::/")) place = line.substr(3);
  if (!place) return std::nullopt;
  for (const std::string_view line : split(mountinfo, '\n')) {
    // proc(5): root and mount point are the 4th and 5th.
    const std::vector<std::string_view> fields = split_words(line);
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 6 || fields.end() - dash < 2 || dash[1] != "cgroup2") continue;
    const std::string_view root = fields[3] == "/" ? "" : fields[3];
    if (!place->starts_with(root)) continue;
    const std::string_view below = place->substr(root.size());
    return fs::path(fields[4]) / below.substr(std::min<std::size_t>(1, below.size()));
  }
  return std::nullopt;
}

std::unique_ptr<BuildCgroup> BuildCgroup::create(const BuildLimits& limits) {
  static const std::optional<fs::path> parent = find_parent();
  static std::atomic<unsigned> last{0};
  if (!parent) return nullptr;
  const fs::path path = *parent / fmt::format("{}{}-{}", kPrefix, ::getpid(), ++last);
  if (::mkdir(path.c_str(), 0755) != 0) return nullptr;
  Result<UniqueFd> fd = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!fd) return nullptr;
  if (limits.memory) {
    write_value(path / "memory.max", std::to_string(limits.memory));
    write_value(path / "memory.swap.max", "0");
    write_value(path / "memory.oom.group", "1");
  }
  if (limits.processes) write_value(path / "pids.max", std::to_string(hard_limit(limits.processes)));
  return std::unique_ptr<BuildCgroup>(new BuildCgroup(path, *std::move(fd)));
}

BuildCgroup::~BuildCgroup() {
  write_value(path_ / "cgroup.kill", "1");   // Linux 5.14
  for (int tries = 0; ::rmdir(path_.c_str()) != 0 && errno == EBUSY && tries < 100; ++tries) ::usleep(10'000);
}

bool BuildCgroup::memory_ran_out() const {
  const std::string events = read_file(path_ / "memory.events").value_or("");
  for (const std::string_view line : split(events, '\n'))
    if (line.starts_with("oom_kill ") && line != "oom_kill 0") return true;
  return false;
}

}  // namespace swage
