#include "realise/host_view.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/binfmt.hpp"

namespace swage {

namespace {

Result<void> write_map(const char* file, const std::string& text) {
  SWAGE_TRY(UniqueFd fd, open_file(file, O_WRONLY));
  return write_all(fd.get(), text, file);
}

// A user namespace in which the caller's `uid` and `gid` are those that are given.
Result<void> enter_user_namespace(int also, uid_t uid, gid_t gid) {
  const uid_t own_uid = ::geteuid();
  const gid_t own_gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | also) != 0) return fail_errno("cannot create a user namespace", errno);
  SWAGE_CHECK(write_map("/proc/self/setgroups", "deny"));
  SWAGE_CHECK(write_map("/proc/self/uid_map", fmt::format("{} {} 1", uid, own_uid)));
  return write_map("/proc/self/gid_map", fmt::format("{} {} 1", gid, own_gid));
}

Result<void> bind(const fs::path& from, const fs::path& to) {
  if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return fail_errno(fmt::format("cannot bind '{}'", from.string()), errno);
  return {};
}

// What a system has of its own. All else (homes, /etc with its users, /tmp, /proc, ...) stays the host's.
bool is_of_system(std::string_view name) {
  return name == "usr" || name == "bin" || name == "sbin" || name.starts_with("lib");
}

// A new root of links and binds: /nix cannot be created in the host's own when it is not there.
Result<void> build_root(const fs::path& root, const fs::path& store_root, const fs::path& system) {
  if (::mount("root", root.c_str(), "tmpfs", 0, "mode=0755") != 0)
    return fail_errno("cannot mount a file system", errno);
  SWAGE_TRY(std::vector<std::string> names, list_directory("/"));
  if (!system.empty()) {
    std::erase_if(names, is_of_system);
    SWAGE_TRY(std::vector<std::string> own, list_directory(system));
    std::copy_if(own.begin(), own.end(), std::back_inserter(names), is_of_system);
  }
  for (const std::string& name : names) {
    if (name == "nix") continue;
    const fs::path from = (!system.empty() && is_of_system(name) ? system : fs::path("/")) / name;
    const fs::path to = root / name;
    struct stat st {};
    if (::lstat(from.c_str(), &st) != 0) continue;
    if (S_ISLNK(st.st_mode)) {
      SWAGE_TRY(const std::string target, swage::read_symlink(from));
      if (::symlink(target.c_str(), to.c_str()) != 0)
        return fail_errno(fmt::format("cannot create link '{}'", to.string()), errno);
    } else if (S_ISDIR(st.st_mode)) {
      SWAGE_CHECK(make_directories(to));
      SWAGE_CHECK(bind(from, to));
    }
  }
  SWAGE_CHECK(make_directories(root / "nix"));
  return bind(store_root / "nix", root / "nix");
}

Result<void> register_emulator(const Emulation& emulation) {
  constexpr const char* place = "/proc/sys/fs/binfmt_misc";
  if (::mount("binfmt_misc", place, "binfmt_misc", 0, nullptr) != 0)
    return fail_errno(
        fmt::format("programs of '{}' cannot be run: this kernel has no binfmt_misc for namespaces (Linux 6.7 has)",
                    emulation.platform->name),
        errno);
  SWAGE_TRY(UniqueFd fd, open_file(fmt::format("{}/register", place), O_WRONLY));
  return write_all(fd.get(),
                   fmt::format(":swage:M::{}:{}:F", binfmt_magic(*emulation.platform), emulation.emulator.string()),
                   place);
}

// The caller keeps its own user and group; only the capability to mount is new, and only in here. A binfmt_misc belongs
// to its namespace's root, so that is what the caller is until the emulator is registered.
Result<void> enter(const HostViewSpec& spec, const fs::path& root) {
  const Result<fs::path> here = spec.directory.empty() ? current_directory() : absolute_path(spec.directory);
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  SWAGE_CHECK(enter_user_namespace(CLONE_NEWNS, spec.emulation ? 0 : uid, spec.emulation ? 0 : gid));
  if (spec.emulation) SWAGE_CHECK(register_emulator(*spec.emulation));
  SWAGE_CHECK(build_root(root, spec.store_root, spec.system));
  if (spec.emulation && uid != 0) SWAGE_CHECK(enter_user_namespace(0, uid, gid));   // not possible in a chroot
  if (::chroot(root.c_str()) != 0 || ::chdir("/") != 0) return fail_errno("cannot change the root directory", errno);
  if (here && ::chdir(here->c_str()) != 0) return fail_errno(fmt::format("cannot enter '{}'", here->string()), errno);
  for (const std::string& key : spec.unset) ::unsetenv(key.c_str());
  for (const auto& [key, value] : spec.env) ::setenv(key.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (const std::string& arg : spec.argv) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  // The shell handles Ctrl-C itself, so it must not inherit that it is ignored.
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
  ::execvp(argv[0], argv.data());
  return fail_errno(fmt::format("cannot run '{}'", spec.argv[0]), errno);
}

}  // namespace

Result<int> run_in_host_view(const HostViewSpec& spec) {
  SWAGE_TRY(const TempDir root, TempDir::create("swage-view"));
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  UniqueFd from_child(report[0]);
  UniqueFd to_parent(report[1]);
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("cannot start a process", errno);
  if (child == 0) {
    const Result<void> failed = enter(spec, root.path());   // returns only on failure
    const std::string text = failed ? "" : failed.error().what;
    (void)write_all(to_parent.get(), text, "pipe");
    ::_exit(127);
  }
  to_parent.reset();
  // An interactive program and its waiting parent share the terminal: Ctrl-C is for the program.
  const auto old_interrupt = ::signal(SIGINT, SIG_IGN);
  SWAGE_TRY(const std::string failure, read_fd(from_child.get(), "pipe"));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ::signal(SIGINT, old_interrupt);
  if (!failure.empty())
    return Fail(Error{.code = Errc::environment,
                      .what = failure,
                      .hint = "allow user namespaces with: sysctl user.max_user_namespaces=10000"});
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace swage
