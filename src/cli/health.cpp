#include "cli/health.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <future>
#include <sched.h>
#include <set>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.hpp"
#include "base/text.hpp"
#include "fetch/apt.hpp"
#include "fetch/apt_host.hpp"
#include "fetch/libraries.hpp"
#include "fetch/lock.hpp"
#include "fetch/transport.hpp"
#include "realise/cgroup.hpp"
#include "realise/sandbox.hpp"

namespace swage {

namespace {

using State = Health::State;

constexpr std::uint64_t kGB = 1'000'000'000;
constexpr std::uint64_t kFirstBoot = 4 * kGB;     // that the home has after `make demo`
constexpr std::uint64_t kLeastSpace = kGB;

// `hint`: what to do where the error does not say it.
Health of_error(std::string name, const Error& error, const char* hint) {
  return {.name = std::move(name),
          .state = State::fail,
          .what = error.what,
          .notes = error.notes,
          .hint = error.hint.empty() ? hint : error.hint};
}

Health kernel_health() {
  utsname system{};
  int major = 0, minor = 0;
  if (::uname(&system) != 0 || std::sscanf(system.release, "%d.%d", &major, &minor) != 2)
    return {.name = "kernel",
            .state = State::warn,
            .what = "it does not say its version",
            .hint = "swage needs Linux 5.10 or newer"};
  if (std::pair(major, minor) < std::pair(5, 10))
    return {.name = "kernel",
            .state = State::fail,
            .what = fmt::format("Linux {} is too old", system.release),
            .hint = "swage needs Linux 5.10 or newer"};
  return {.name = "kernel", .what = fmt::format("Linux {}", system.release)};
}

Health namespaces_health() {
  const Result<void> tried = probe_namespaces();
  if (!tried) return of_error("namespaces", tried.error(), "see the limits with: sysctl user");
  return {.name = "namespaces", .what = "a sandbox could be made"};
}

// Registering an emulator needs a binfmt_misc of a user namespace's own. In a child, which nothing of remains.
Health emulation_health() {
  const std::string uids = fmt::format("0 {} 1", ::geteuid()), gids = fmt::format("0 {} 1", ::getegid());
  const pid_t child = ::fork();
  if (child == 0) {
    const auto put = [](const char* file, std::string_view text) {
      const int fd = ::open(file, O_WRONLY | O_CLOEXEC);
      return fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    };
    const bool own = ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && put("/proc/self/setgroups", "deny") &&
                     put("/proc/self/uid_map", uids) && put("/proc/self/gid_map", gids);
    ::_exit(!own ? 2 : ::mount("binfmt_misc", "/proc/sys/fs/binfmt_misc", "binfmt_misc", 0, nullptr) == 0 ? 0 : 1);
  }
  int status = 0;
  const bool ended = child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status);
  if (ended && WEXITSTATUS(status) == 0) return {.name = "emulation", .what = "programs of other platforms can be run"};
  return {.name = "emulation",
          .state = State::warn,
          .what = "programs of other platforms cannot be run: `swage run`, --emulate and the tests of foreign packages "
                  "need that",
          .notes = {ended && WEXITSTATUS(status) == 1 ? "this kernel has no binfmt_misc for namespaces"
                                                      : "a user namespace of its own could not be entered"},
          .hint = "take a kernel with CONFIG_BINFMT_MISC, Linux 6.7 or newer; kernels are built and booted without"};
}

fs::path nearest_existing(fs::path path) {
  while (!path_exists(path) && path != path.root_path()) path = path.parent_path();
  return path;
}

// ext4, nfs4, ...: by device number, of which the last mount counts.
std::string file_system_of(const fs::path& place) {
  struct stat st {};
  if (::stat(place.c_str(), &st) != 0) return "";
  const std::string device = fmt::format("{}:{}", major(st.st_dev), minor(st.st_dev));
  std::string type;
  const std::string mounts = read_file("/proc/self/mountinfo").value_or("");
  // proc(5): the device is the 3rd field, the type comes after a dash.
  for (const std::string_view line : split(mounts, '\n')) {
    const std::vector<std::string_view> fields = split_words(line);
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() > 5 && fields.end() - dash > 1 && fields[2] == device) type = dash[1];
  }
  return type;
}

Health home_health(const fs::path& home) {
  const auto failed = [](std::string what, std::string hint) {
    return Health{.name = "home", .state = State::fail, .what = std::move(what), .hint = std::move(hint)};
  };
  const std::string elsewhere = "take a home elsewhere: swage --home DIR ..., or SWAGE_HOME";
  if (path_exists(home / "nix/store")) {
    const Result<std::unique_ptr<Store>> store = Store::open(home);   // says whose it is, and whether it is whole
    if (!store) return of_error("home", store.error(), "look at it with: swage store verify");
  }
  std::error_code error;
  const fs::path place = nearest_existing(home);
  if (!fs::is_directory(place, error)) return failed(fmt::format("'{}' is not a directory", place.string()), elsewhere);
  if (::access(place.c_str(), W_OK | X_OK) != 0)
    return failed(fmt::format("'{}' cannot be written by this user", place.string()), elsewhere);
  struct statvfs system {};
  if (::statvfs(place.c_str(), &system) != 0)
    return failed(fmt::format("'{}' cannot be looked at: {}", place.string(), std::strerror(errno)), elsewhere);
  if (system.f_flag & ST_NOEXEC)
    return failed(fmt::format("'{}' is on a file system without permission to run programs (noexec)", place.string()),
                  elsewhere);
  if (system.f_flag & ST_RDONLY)
    return failed(fmt::format("'{}' is on a file system that cannot be written", place.string()), elsewhere);
  const std::string type = file_system_of(place);
  const auto is_one_of = [&](std::initializer_list<std::string_view> types) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  if (is_one_of({"vfat", "msdos", "exfat", "ntfs3"}))
    return failed(fmt::format("'{}' is on {}, which has no symbolic links", place.string(), type), elsewhere);
  Health health{.name = "home",
                .what = fmt::format("{}{}{}", home.string(), type.empty() ? "" : ", on " + type,
                                    place == home ? "" : ", not made yet")};
  if (is_one_of({"tmpfs", "ramfs"})) {
    health.state = State::warn;
    health.notes = {"its files are in memory: they count against it, and are gone after a restart"};
    health.hint = elsewhere;
  } else if (is_one_of({"nfs", "nfs4", "cifs", "smb3", "9p"}) || type.starts_with("fuse")) {
    health.state = State::warn;
    health.notes = {"builds have many small files, which file systems of this kind are slow with"};
    health.hint = elsewhere;
  }
  return health;
}

// Home and space: both are of the same place.
void examine_home(Session& session, std::vector<Health>& all) {
  const Result<fs::path> home = session.home();
  if (!home) return all.push_back(of_error("home", home.error(), "name one with: SWAGE_HOME=DIR swage ..."));
  all.push_back(home_health(*home));
  struct statvfs system {};
  const fs::path place = nearest_existing(*home);
  if (::statvfs(place.c_str(), &system) != 0) return;
  // Some file systems do not count files.
  all.push_back(examine_space(system.f_bavail * system.f_frsize,
                              system.f_files == 0 ? ~std::uint64_t{0} : system.f_favail, place.string()));
}

Health cores_health() {
  cpu_set_t set;
  const unsigned usable = ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
  return {.name = "cores", .what = fmt::format("{} usable", usable)};
}

// Also where nice counts within a session only (sched(7)): a builder's session is as nice as its builder.
Health priority_health() {
  const int nice = ::getpriority(PRIO_PROCESS, 0);
  return {.name = "priority",
          .what = fmt::format("builds {} others (nice {})", nice > 0 ? "give way to" : "are as important as", nice)};
}

Health cgroups_health() {
  const std::string hint =
      "let the kernel hold builds within their limits: systemd-run --user --scope -p Delegate=yes swage ...";
  const std::optional<fs::path> group =
      cgroup_directory(read_file("/proc/self/cgroup").value_or(""), read_file("/proc/self/mountinfo").value_or(""));
  const auto watched = [&](std::string note) {
    return Health{.name = "cgroups",
                  .state = State::warn,
                  .what = "builds are watched, not held within their limits",
                  .notes = {std::move(note)},
                  .hint = hint};
  };
  if (!group) return watched("there are no control groups of version 2");
  const std::string controllers = read_file(*group / "cgroup.controllers").value_or("");
  const std::vector<std::string_view> known = split_words(controllers);
  for (const char* wanted : {"memory", "pids"})
    if (std::find(known.begin(), known.end(), wanted) == known.end())
      return watched(fmt::format("the control group of this process has no '{}'", wanted));
  if (::access(group->c_str(), W_OK) != 0)
    return watched("the control group of this process is not the user's to divide");
  return {.name = "cgroups", .what = "this process may divide its control group"};
}

// What the mirrors said of themselves.
struct Asked {
  std::vector<std::string> failed{};
  std::size_t answered = 0;
  AptRelease newest{};
};

Asked ask_mirrors(const std::vector<AptSource>& sources, const HostProxies& proxies, const std::string& codename,
                  std::vector<Health>& all) {
  Asked asked;
  Result<TempDir> place = TempDir::create("swage-doctor");
  if (!place) {
    all.push_back(of_error("mirrors", place.error(), "name a directory for temporary files with TMPDIR"));
    return asked;
  }
  const auto ask = [&](const AptSource& source) -> Result<AptRelease> {
    NullReporter nobody;
    Transport transport({.mirrors = {source.uri},
                         .http_proxy = proxies.http,
                         .https_proxy = proxies.https,
                         .tries = 1,
                         .connect_timeout = 5,
                         .stall_timeout = 10,
                         .largest_unsized = 50'000'000},
                        nobody);
    const std::string suite = codename + source.pocket;
    const std::string key = std::to_string(&source - sources.data());
    SWAGE_TRY(const PartFile part, PartFile::acquire(place->path() / key, std::string(64, '0')));
    SWAGE_CHECK(transport.get({.name = suite, .pool_path = fmt::format("dists/{}/InRelease", suite)}, part, 0));
    SWAGE_TRY(const std::string text, read_file(part.path()));
    return parse_release(text, suite);
  };
  std::vector<std::future<Result<AptRelease>>> answers;
  for (const AptSource& source : sources) answers.push_back(std::async(std::launch::async, ask, std::cref(source)));
  for (auto& answer : answers) {
    const Result<AptRelease> release = answer.get();
    if (!release) {
      asked.failed.push_back(release.error().notes.empty() ? release.error().what : release.error().notes.front());
      continue;
    }
    ++asked.answered;
    if (asked.newest.date < release->date) asked.newest = *release;
  }
  return asked;
}

void examine_apt(std::vector<Health>& all) {
  const Result<ProcessResult> apt = run_process({.argv = {"apt-get", "--version"}});
  const std::string codename = release_codename(read_file("/etc/os-release").value_or(""));
  const Result<std::vector<AptSource>> sources = host_sources();
  if (!apt || !apt->ok() || !sources) {
    all.push_back({.name = "apt",
                   .state = State::fail,
                   .what = "there is none: it is asked which packages to pin, and where its mirrors are",
                   .notes = {!apt       ? apt.error().what
                             : !sources ? sources.error().what
                                        : fmt::format("'apt-get --version' ends with status {}", apt->status)},
                   .hint = "run swage on Debian 12, in a container if need be"});
    return;
  }
  if (sources->empty()) {
    all.push_back({.name = "apt", .state = State::fail, .what = fmt::format("it has no source of '{}' main", codename),
                   .hint = "add one to /etc/apt/sources.list.d, as sources.list(5) says"});
    return;
  }
  const std::string version(apt->out.substr(0, apt->out.find('\n')));
  all.push_back({.name = "apt",
                 .what = fmt::format("{}, {} source{} of {}", version.substr(0, version.find(" (")), sources->size(),
                                     sources->size() == 1 ? "" : "s", codename)});
  const Asked asked = ask_mirrors(*sources, host_proxies().value_or(HostProxies{}), codename, all);
  if (asked.answered == sources->size()) {
    all.push_back(
        {.name = "mirrors", .what = asked.answered == 1 ? "it answers" : fmt::format("all {} answer", asked.answered)});
  } else if (asked.failed.size() == sources->size()) {
    all.push_back({.name = "mirrors",
                   .state = State::fail,
                   .what = "none answers: only what is in the store can be built from",
                   .notes = asked.failed,
                   .hint = "look at the network, and at apt's proxy: apt-get update"});
  } else if (!asked.failed.empty()) {
    all.push_back({.name = "mirrors",
                   .state = State::warn,
                   .what = fmt::format("{} of {} answer", asked.answered, sources->size()),
                   .notes = asked.failed,
                   .hint = "look at the others with: apt-get update"});
  }
  if (asked.answered > 0) {
    const bool expires =
        std::all_of(sources->begin(), sources->end(), [](const AptSource& source) { return source.expires; });
    all.push_back(examine_clock(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))),
                                asked.newest.date, expires ? asked.newest.valid_until : ""));
  }
}

Health git_health() {
  const Result<ProcessResult> version = run_process({.argv = {"git", "--version"}});
  if (version && version->ok()) return {.name = "git", .what = std::string(trim(version->out))};
  return {.name = "git",
          .state = State::warn,
          .what = "there is none: trees cannot be fetched (--src URL)",
          .hint = "install it with: sudo apt-get install git"};
}

Health libraries_health() {
  for (const Result<void>& loaded : {load_curl(), load_archive()})
    if (!loaded)
      return of_error("libraries", loaded.error(), "install them with: sudo apt-get install libcurl4 libarchive13");
  return {.name = "libraries", .what = "curl and archive can be loaded"};
}

Health catalog_health(Session& session) {
  const Result<fs::path> directory = session.catalog_dir();
  const Result<const Catalog*> tables = session.catalog();
  if (!directory || !tables)
    return of_error("catalog", directory ? tables.error() : directory.error(),
                    "name another with: swage --catalog DIR ..., or SWAGE_CATALOG");
  return {.name = "catalog",
          .what = fmt::format("{}: {} kernels, {} platforms", directory->string(), (*tables)->kernels().size(),
                              (*tables)->platforms().size())};
}

// QEMU is not the host's: which packages of it are pinned, of the roots that have it.
Health qemu_health(Session& session) {
  const std::string always = "this machine's own is not used";
  const Result<fs::path> path = session.lock_path();
  const Result<const Catalog*> tables = session.catalog();
  const Health later{.name = "qemu", .what = "the first command that needs it pins its packages; " + always};
  if (!path || !tables || !path_exists(*path)) return later;
  const Result<LockView> lock = LockView::open(*path);
  if (!lock) return of_error("qemu", lock.error(), "make it anew with: swage lock --update");
  const auto is_emulator = [](const std::string& name) {
    return name.starts_with("qemu-system-") && name != "qemu-system-common" && name != "qemu-system-data";
  };
  std::set<std::string> versions;
  for (const RootRow& root : (*tables)->roots()) {
    if (std::none_of(root.packages.begin(), root.packages.end(),
                     [](const std::string& name) { return name.starts_with("qemu-"); }))
      continue;
    const Result<const LockedSet*> set = lock->set("root:" + root.name);
    if (!set || !*set) continue;
    for (const std::string& sha256 : (*set)->files)
      if (const LockedFile* file = lock->file(sha256); file && is_emulator(file->name))
        versions.insert(upstream_version(file->version));
  }
  if (versions.empty()) return later;
  return {.name = "qemu",
          .what = fmt::format("{} pinned; {}",
                              join(std::vector<std::string>(versions.begin(), versions.end()), " and "), always)};
}

}  // namespace

Health examine_space(std::uint64_t free_bytes, std::uint64_t free_files, const std::string& place) {
  Health health{.name = "space", .what = fmt::format("{} free at {}", human_bytes(free_bytes), place)};
  if (free_bytes < kLeastSpace || free_files < 10'000) health.state = State::fail;
  else if (free_bytes < kFirstBoot || free_files < 200'000) health.state = State::warn;
  if (health.state == State::ok) return health;
  if (free_files < 200'000) health.notes.push_back(fmt::format("room for {} files", free_files));
  health.notes.push_back(
      fmt::format("a first boot takes {}: a root, a toolchain, a kernel's source", human_bytes(kFirstBoot)));
  health.hint = "make room with: swage store gc";
  return health;
}

Health examine_memory(std::string_view meminfo) {
  const auto value = [&](std::string_view key) {
    std::uint64_t kilobytes = 0;
    for (const std::string_view line : split(meminfo, '\n'))
      if (line.starts_with(key)) {
        const std::vector<std::string_view> words = split_words(line);
        if (words.size() > 1) std::from_chars(words[1].data(), words[1].data() + words[1].size(), kilobytes);
      }
    return kilobytes * 1024;
  };
  const std::uint64_t total = value("MemTotal:"), available = value("MemAvailable:");
  if (total == 0)
    return {.name = "memory",
            .state = State::warn,
            .what = "the kernel does not say how much there is",
            .hint = "see whether /proc is mounted"};
  Health health{.name = "memory",
                .what = fmt::format("{} of {} available", human_bytes(available), human_bytes(total))};
  if (available < kGB / 2) health.state = State::fail;
  else if (available < 2 * kGB) health.state = State::warn;
  if (health.state != State::ok) {
    health.notes = {"a kernel's link and a boot take 1 GB, compilers built from source 2 GB for each core"};
    health.hint = "build with fewer processes at once: swage build -j1 --cores 1 ...";
  }
  return health;
}

Health examine_clock(const std::string& now, const std::string& date, const std::string& valid_until) {
  Health health{.name = "clock", .what = fmt::format("{}, after the mirrors' newest index", now)};
  if (date.empty()) return {.name = "clock", .what = now};
  if (now < date) {
    health = {.name = "clock",
              .state = State::fail,
              .what = fmt::format("{} is before the mirrors' newest index, of {}", now, date),
              .notes = {"apt takes no index from the future"},
              .hint = "set the clock: sudo date -s ..., or install an NTP client"};
  } else if (!valid_until.empty() && valid_until < now) {
    health = {.name = "clock",
              .state = State::warn,
              .what = fmt::format("{} is after the end of the mirrors' newest index, {}", now, valid_until),
              .notes = {"the clock is ahead, or the mirrors have stood still"},
              .hint = "set the clock: sudo date -s ..., or take another mirror"};
  }
  return health;
}

std::vector<Health> examine(Session& session) {
  // first: what forks comes before what starts threads.
  std::vector<Health> all{kernel_health(), namespaces_health(), emulation_health()};
  examine_home(session, all);
  all.push_back(examine_memory(read_file("/proc/meminfo").value_or("")));
  all.push_back(cores_health());
  all.push_back(priority_health());
  all.push_back(cgroups_health());
  all.push_back(libraries_health());
  examine_apt(all);
  all.push_back(catalog_health(session));
  all.push_back(qemu_health(session));
  all.push_back(git_health());
  return all;
}

}  // namespace swage
