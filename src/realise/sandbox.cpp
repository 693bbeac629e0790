#include "realise/sandbox.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.hpp"
#include "realise/sandbox_child.hpp"
#include "realise/seccomp.hpp"

namespace swage {

namespace {

bool sysctl_is(const char* path, std::string_view value) {
  const Result<std::string> text = read_file(path);
  return text && trim(*text) == value;
}

bool kernel_is_at_least(int major, int minor) {
  utsname system{};
  int own_major = 0, own_minor = 0;
  if (::uname(&system) != 0 || std::sscanf(system.release, "%d.%d", &own_major, &own_minor) != 2) return false;
  return std::pair(own_major, own_minor) >= std::pair(major, minor);
}

// Why this system refuses namespaces, and what its owner can do about it.
Fail refused_namespaces(std::string doing, int error) {
  Error out{.code = Errc::environment, .what = "'user namespaces' are refused by this system, and builds need them"};
  out.notes.push_back(fmt::format("{}: {}", doing, std::strerror(error)));
  if (sysctl_is("/proc/sys/user/max_user_namespaces", "0")) {
    out.notes.push_back("/proc/sys/user/max_user_namespaces is 0");
    out.hint = "allow them with: sudo sysctl -w user.max_user_namespaces=65536";
  } else if (sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", "0")) {
    out.notes.push_back("/proc/sys/kernel/unprivileged_userns_clone is 0");
    out.hint = "allow them with: sudo sysctl -w kernel.unprivileged_userns_clone=1";
  } else if (sysctl_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")) {
    out.notes.push_back("AppArmor restricts them: /proc/sys/kernel/apparmor_restrict_unprivileged_userns is 1");
    out.hint = "allow them with: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  } else if (error == ENOSPC || error == EUSERS) {
    out.hint = "see the limits with: sysctl user";
  } else {
    out.hint =
        "inside a container, start it with user namespaces allowed: docker run --security-opt seccomp=unconfined "
        "--security-opt systempaths=unconfined";
  }
  return Fail(std::move(out));
}

Result<SandboxMount> describe(const fs::path& from, const std::string& to, bool writable) {
  struct stat st {};
  if (::lstat(from.c_str(), &st) != 0)
    return fail_errno(fmt::format("cannot use '{}' in a sandbox", from.string()), errno);
  if (S_ISLNK(st.st_mode)) {
    SWAGE_TRY(std::string target, swage::read_symlink(from));
    return SandboxMount{SandboxMount::Kind::symlink, false, std::move(target), to};
  }
  // Links on the way lead through the system's root, which is at /.host in there.
  std::error_code error;
  const fs::path whole = fs::canonical(from, error);
  if (error) return fail_errno(fmt::format("cannot use '{}' in a sandbox", from.string()), error.value());
  return SandboxMount{S_ISDIR(st.st_mode) ? SandboxMount::Kind::directory : SandboxMount::Kind::file, writable,
                      "/.host" + whole.string(), to};
}

Result<std::vector<SandboxMount>> plan_mounts(const SandboxSpec& spec) {
  std::vector<SandboxMount> mounts;
  mounts.reserve(spec.read_only.size() + spec.read_write.size() + 2);
  const auto add = [&](const fs::path& from, const std::string& to, bool writable) -> Result<void> {
    SWAGE_TRY(SandboxMount mount, describe(from, to, writable));
    mounts.push_back(std::move(mount));
    return {};
  };
  if (!spec.build_dir.empty()) SWAGE_CHECK(add(spec.build_dir, "/build", true));
  if (!spec.store_dir.empty()) SWAGE_CHECK(add(spec.store_dir, "/nix/store", true));
  for (const auto& [from, to] : spec.read_only) SWAGE_CHECK(add(from, to, false));
  for (const auto& [from, to] : spec.read_write) SWAGE_CHECK(add(from, to, true));
  return mounts;
}

// A user's are counted in the sandbox's user namespace since Linux 5.14, before that together with all else that the
// user runs. Root's are never counted; a pid namespace has a limit of its own since Linux 6.14, before that this would
// be the machine's.
void limit_tasks(ChildSetup& setup, std::uint64_t most) {
  if (most == 0) return;
  rlimit now{};
  if (::geteuid() == 0) {
    if (kernel_is_at_least(6, 14)) setup.max_tasks = std::to_string(std::min<std::uint64_t>(most, 1 << 22));
  } else if (kernel_is_at_least(5, 14) && ::getrlimit(RLIMIT_NPROC, &now) == 0) {
    setup.max_user_tasks = std::min<rlim_t>(most, now.rlim_max);
  }
}

void add_pointers(std::vector<char*>& pointers, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
}

// Like fork(2), into new namespaces. Signals stay blocked across it, so that no handler of ours runs in the child.
Result<pid_t> clone_child(const ChildSetup& setup, int& pidfd) {
  clone_args args{};
  args.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_PIDFD;
  if (!setup.network) args.flags |= CLONE_NEWNET;
  if (setup.cgroup_fd >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(setup.cgroup_fd);
  }
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0 && setup.cgroup_fd >= 0) {   // the group was taken away, or takes no processes
    args.flags &= ~static_cast<std::uint64_t>(CLONE_INTO_CGROUP);
    pid = ::syscall(SYS_clone3, &args, sizeof args);
  }
  const int error = errno;
  if (pid == 0) run_sandbox_child(setup);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return refused_namespaces("cannot make the namespaces of a sandbox", error);
  return static_cast<pid_t>(pid);
}

Fail explain(const SetupFailure& failure) {
  const std::string what(failure.what.data());
  if (failure.step == SetupFailure::Step::execute)
    return fail(Errc::build_failed, fmt::format("{}: {}", what, std::strerror(failure.error)));
  if (failure.error == EPERM || failure.error == EACCES)
    return refused_namespaces(what + " in a sandbox", failure.error);
  return fail_errno(what + " in a sandbox", failure.error);
}

}  // namespace

struct Sandbox::State {
  pid_t pid = -1;
  UniqueFd pidfd{};
  UniqueFd proc{};
  bool ended = false;

  // Afterwards a builder may have a root with anything at /proc.
  void look_inside() {
    proc = UniqueFd(::open(fmt::format("/proc/{}/root/proc", pid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  Result<Exit> reap() {
    int status = 0;
    rusage usage{};
    while (::wait4(pid, &status, 0, &usage) < 0)
      if (errno != EINTR) return fail_errno("cannot wait for a builder", errno);
    ended = true;
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    Exit exit;
    exit.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    exit.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    exit.max_rss = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    return exit;
  }
};

Sandbox::Sandbox(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sandbox::Sandbox(Sandbox&&) noexcept = default;
Sandbox& Sandbox::operator=(Sandbox&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
Sandbox::~Sandbox() {
  if (!state_ || state_->ended) return;
  kill();
  (void)state_->reap();
}

Result<Sandbox> Sandbox::start(const SandboxSpec& spec) {
  ChildSetup setup;
  setup.uid_map = fmt::format("{} {} 1\n", kSandboxUid, ::geteuid());
  setup.gid_map = fmt::format("{} {} 1\n", kSandboxGid, ::getegid());
  SWAGE_TRY(setup.mounts, plan_mounts(spec));
  SWAGE_TRY(const std::vector<sock_filter>* const filter, builder_filter());
  setup.filter = {.len = static_cast<unsigned short>(filter->size()),
                  .filter = const_cast<sock_filter*>(filter->data())};
  setup.pass_fds = spec.pass_fds;
  for (const auto& [from, to] : spec.pass_fds) assert(from >= 0 && to >= 3 && to < 100);
  setup.output_fd = spec.output_fd;
  setup.cgroup_fd = spec.cgroup_fd;
  limit_tasks(setup, spec.max_tasks);
  setup.by_root = ::geteuid() == 0;
  setup.network = spec.network;
  setup.interactive = spec.interactive;
  setup.probe = spec.builder.empty();
  setup.builder = spec.builder;
  std::vector<std::string> argv{fs::path(spec.builder).filename().string()};
  argv.insert(argv.end(), spec.args.begin(), spec.args.end());
  std::vector<std::string> env;
  env.reserve(spec.env.size());
  for (const auto& [key, value] : spec.env) env.push_back(key + "=" + value);
  add_pointers(setup.argv, argv);
  add_pointers(setup.envp, env);

  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail_errno("cannot make a socket", errno);
  const UniqueFd own_end(ends[0]);
  UniqueFd child_end(ends[1]);
  setup.error_fd = child_end.get();
  int pidfd = -1;
  SWAGE_TRY(const pid_t pid, clone_child(setup, pidfd));
  child_end.reset();
  Sandbox sandbox(std::make_unique<State>(State{.pid = pid, .pidfd = UniqueFd(pidfd)}));
  SetupFailure failure;
  const auto hear = [&] {
    ssize_t got = 0;
    while ((got = ::read(own_end.get(), &failure, sizeof failure)) < 0 && errno == EINTR) {
    }
    return got;
  };
  ssize_t got = hear();
  if (got == 1) {
    sandbox.state_->look_inside();
    (void)::send(own_end.get(), "", 1, MSG_NOSIGNAL);   // one that is gone by now is heard of below
    got = hear();
  }
  if (got == sizeof failure) return explain(failure);
  return sandbox;
}

void Sandbox::kill() { ::syscall(SYS_pidfd_send_signal, state_->pidfd.get(), SIGKILL, nullptr, 0); }
pid_t Sandbox::pid() const { return state_->pid; }
int Sandbox::pidfd() const { return state_->pidfd.get(); }
int Sandbox::proc() const { return state_->proc.get(); }
Result<Sandbox::Exit> Sandbox::wait() { return state_->reap(); }

Result<void> probe_namespaces() {
  SWAGE_TRY(Sandbox sandbox, Sandbox::start({}));
  SWAGE_TRY(const Sandbox::Exit exit, sandbox.wait());
  if (exit.status != 0)
    return fail(Errc::environment,
                fmt::format("'user namespaces' do not work here: a trial ended with status {}", exit.status));
  return {};
}

}  // namespace swage
