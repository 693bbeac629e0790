#include "realise/sandbox_child.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <climits>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "realise/priority.hpp"

namespace swage {

namespace {

using Step = SetupFailure::Step;

// <linux/mount.h> and <sys/mount.h> cannot be included together with this C library; these are the few that are needed.
constexpr unsigned long kNoSuid = 2, kNoDev = 4, kNoExec = 8, kReadOnly = 1, kRemount = 32, kBind = 4096,
                        kRecursive = 16384, kPrivate = 1UL << 18;

// Two are what `enter-emulated` and `enter` make; the others are for packages that try out what they are for.
constexpr const char* kNestedUserNamespaces = "8";

class Child {
 public:
  explicit Child(const ChildSetup& setup) : setup_(setup), error_fd_(setup.error_fd) {}

  [[noreturn]] void run() {
    reset_signals();
    arrange_descriptors();
    tie_to_parent();
    map_ids();
    leave_keyring();
    if (!setup_.interactive) {
      ::setsid();
      keep_niceness_in_session();
    }
    enter_empty_root();
    make_devices();
    if (!setup_.interactive) open_input();
    make_etc();
    for (const SandboxMount& mount : setup_.mounts) bind(mount);
    leave_host();
    name_host();
    limit_namespaces();
    limit_processes();
    if (setup_.by_root) protect_kernel();
    if (setup_.probe) ::_exit(0);
    await_parent();
    confine();
    ::execve(setup_.builder.c_str(), setup_.argv.data(), setup_.envp.data());
    fail(Step::execute, "cannot execute", setup_.builder.c_str());
  }

 private:
  [[noreturn]] void fail(Step step, const char* doing, const char* subject) const {
    SetupFailure failure;
    failure.step = step;
    failure.error = errno;
    std::size_t at = 0;
    const auto add = [&](const char* text) {
      while (*text && at + 1 < failure.what.size()) failure.what[at++] = *text++;
    };
    add(doing);
    add(" '");
    add(subject);
    add("'");
    if (::write(error_fd_, &failure, sizeof failure) != sizeof failure) ::_exit(126);
    ::_exit(125);
  }

  // Handlers of the parent must not run here, and an ignored signal must not be inherited by a build. By the system
  // call itself: glibc refuses to touch the two signals that it keeps for threads, and some callers start us with one
  // ignored.
  static void reset_signals() {
    struct {
      void* handler = nullptr;   // SIG_DFL
      unsigned long flags = 0;
      void* restorer = nullptr;
      unsigned long mask = 0;
    } const to_default{};
    for (int signal = 1; signal < NSIG; ++signal)
      ::syscall(SYS_rt_sigaction, signal, &to_default, nullptr, sizeof to_default.mask);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
  }

  // Above every number that the builder gets, and no higher: the caller may be allowed few descriptors.
  int move_up(int fd) const {
    int lowest = STDERR_FILENO + 1;
    for (const auto& [from, to] : setup_.pass_fds) lowest = std::max(lowest, to + 1);
    const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, lowest);
    if (moved < 0) fail(Step::namespaces, "cannot copy", "a descriptor");
    return moved;
  }

  // Only 0, 1, 2 and the passed ones reach the builder. Sources go above these first, so that no target hits a source.
  void arrange_descriptors() {
    error_fd_ = move_up(error_fd_);
    const int output = setup_.output_fd >= 0 ? move_up(setup_.output_fd) : -1;
    bool keep[100] = {true, true, true};
    int moved[100];
    for (const auto& [from, to] : setup_.pass_fds) moved[to] = move_up(from);
    for (const auto& [from, to] : setup_.pass_fds) {
      if (::dup2(moved[to], to) < 0) fail(Step::namespaces, "cannot copy", "a descriptor");
      keep[to] = true;
    }
    if (output >= 0)
      for (const int fd : {1, 2}) ::dup2(output, fd);
    for (int fd = 3; fd < 100; ++fd)
      if (!keep[fd] && fd != error_fd_) ::close(fd);
    const auto error_fd = static_cast<unsigned>(std::max(error_fd_, 99));
    if (error_fd > 100) ::syscall(SYS_close_range, 100U, error_fd - 1, 0);
    ::syscall(SYS_close_range, error_fd + 1, ~0U, 0);
  }

  // The sandbox's own /dev/null: through a descriptor of the one outside, whoever owns that could change its mode.
  void open_input() const {
    const int opened = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (opened < 0) fail(Step::mounts, "cannot open", "/dev/null");
    const int null = move_up(opened);
    ::dup2(null, 0);
    if (setup_.output_fd >= 0) return;
    ::dup2(null, 1);
    ::dup2(null, 2);
  }

  // The builder dies with the thread that started it, even when that is killed by SIGKILL. If it died before prctl(2),
  // nobody has the other end of the socket any more.
  void tie_to_parent() const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pollfd parent{error_fd_, 0, 0};
    if (::poll(&parent, 1, 0) == 1) ::_exit(124);
  }

  // The parent looks at the sandbox as it is now, before anything of the builder runs in it.
  void await_parent() const {
    char byte = 0;
    ssize_t got = 0;
    if (::write(error_fd_, &byte, 1) != 1) ::_exit(126);
    while ((got = ::read(error_fd_, &byte, 1)) < 0 && errno == EINTR) {
    }
    if (got != 1) ::_exit(124);
  }

  void write_file(const char* path, std::string_view text, Step step = Step::namespaces) const {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC | O_CREAT, 0644);
    if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      fail(step, "cannot write", path);
    ::close(fd);
  }

  void map_ids() const {
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/gid_map", setup_.gid_map);
    write_file("/proc/self/uid_map", setup_.uid_map);
  }

  // The session keyring comes with the process, into any namespace. Should a new one be refused, because the caller may
  // not have more keys, the filter still keeps builds from the old one.
  static void leave_keyring() { ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr); }

  void mount(const char* from, const char* to, const char* type, unsigned long flags,
             const char* data = nullptr) const {
    if (::syscall(SYS_mount, from, to, type, flags, data) != 0) fail(Step::mounts, "cannot mount", to);
  }
  void directory(const char* path, mode_t mode = 0755) const {
    if (::mkdir(path, mode) != 0 && errno != EEXIST) fail(Step::mounts, "cannot create", path);
  }
  void link(const char* target, const char* path) const {
    if (::symlink(target, path) != 0) fail(Step::mounts, "cannot create", path);
  }

  // The new root is a tmpfs; the old one hangs at /.host until leave_host(). The tmpfs is first mounted on /proc, a
  // directory that every system has and that nothing below is needed of: pivot_root(2) uncovers it again.
  void enter_empty_root() const {
    mount(nullptr, "/", nullptr, kPrivate | kRecursive);
    mount("none", "/proc", "tmpfs", kNoSuid | kNoDev, "mode=0755");
    if (::chdir("/proc") != 0) fail(Step::mounts, "cannot enter", "/proc");
    directory(".host");
    if (::syscall(SYS_pivot_root, ".", ".host") != 0) fail(Step::mounts, "cannot change the root to", "/proc");
    if (::chdir("/") != 0) fail(Step::mounts, "cannot enter", "/");
    ::umask(0);
    directory("/proc");
    mount("none", "/proc", "proc", kNoSuid | kNoDev | kNoExec);
    directory("/tmp", 01777);
    directory("/nix");
    directory("/etc");
    directory("/dev");
  }

  // The nodes are the machine's. What is written to them goes through all the same; their modes and times are what
  // root's builds, whose user is the nodes' owner, must not change.
  void make_devices() const {
    static constexpr const char* devices[][2] = {{"/.host/dev/null", "/dev/null"}, {"/.host/dev/zero", "/dev/zero"},
        {"/.host/dev/full", "/dev/full"}, {"/.host/dev/random", "/dev/random"}, {"/.host/dev/urandom", "/dev/urandom"},
        {"/.host/dev/tty", "/dev/tty"}};
    for (const auto& [from, to] : devices) {
      touch(to);
      mount(from, to, nullptr, kBind);
      restrict(to, MOUNT_ATTR_RDONLY);
    }
    directory("/dev/shm", 01777);
    mount("none", "/dev/shm", "tmpfs", kNoSuid | kNoDev, "mode=1777");
    directory("/dev/pts");
    mount("none", "/dev/pts", "devpts", kNoSuid | kNoExec, "newinstance,ptmxmode=0666,mode=0620");
    link("pts/ptmx", "/dev/ptmx");
    link("/proc/self/fd", "/dev/fd");
    link("/proc/self/fd/0", "/dev/stdin");
    link("/proc/self/fd/1", "/dev/stdout");
    link("/proc/self/fd/2", "/dev/stderr");
  }

  // The same accounts as in Nix's sandbox: their names and ids are visible to builds.
  void make_etc() const {
    write_file("/etc/passwd",
               "root:x:0:0:Nix build user:/build:/noshell\n"
               "nixbld:x:1000:100:Nix build user:/build:/noshell\n"
               "nobody:x:65534:65534:Nobody:/:/noshell\n", Step::mounts);
    write_file("/etc/group", "root:x:0:\nnixbld:!:100:\nnogroup:x:65534:\n", Step::mounts);
    write_file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n", Step::mounts);
  }

  void touch(const char* path) const {
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) fail(Step::mounts, "cannot create", path);
    ::close(fd);
  }

  void make_parents(const std::string& path) const {
    char prefix[4096];
    if (path.size() >= sizeof prefix) fail(Step::mounts, "cannot create", path.c_str());
    for (std::size_t i = 1; i < path.size(); ++i) {
      prefix[i - 1] = path[i - 1];
      if (path[i] != '/') continue;
      prefix[i] = '\0';
      directory(prefix);
    }
  }

  void bind(const SandboxMount& item) const {
    const char* to = item.to.c_str();
    if (item.kind == SandboxMount::Kind::symlink) {
      if (::symlink(item.from.c_str(), to) == 0) return;
      if (errno == ENOENT) make_parents(item.to);
      return link(item.from.c_str(), to);
    }
    const auto point = [&] {
      if (item.kind == SandboxMount::Kind::directory) return ::mkdir(to, 0755) == 0 || errno == EEXIST;
      const int fd = ::open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
      if (fd >= 0) ::close(fd);
      return fd >= 0;
    };
    if (!point()) {
      if (errno == ENOENT) make_parents(item.to);
      if (!point()) fail(Step::mounts, "cannot create", to);
    }
    if (::syscall(SYS_mount, item.from.c_str(), to, nullptr, kBind | kRecursive, nullptr) != 0)
      fail(Step::mounts, "cannot mount", item.from.c_str() + sizeof "/.host" - 1);
    restrict(to, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (item.writable ? 0 : MOUNT_ATTR_RDONLY));
  }

  void restrict(const char* path, std::uint64_t attr_set) const {
    mount_attr attributes{};
    attributes.attr_set = attr_set;
    if (::syscall(SYS_mount_setattr, AT_FDCWD, path, 0x8000 /* AT_RECURSIVE */, &attributes, sizeof attributes) == 0)
      return;
    if (errno != ENOSYS) fail(Step::mounts, "cannot protect", path);
    // Before Linux 5.12: a remount must repeat the flags that the user namespace may not clear.
    struct statvfs now {};
    if (::statvfs(path, &now) != 0) fail(Step::mounts, "cannot protect", path);
    static_assert(MOUNT_ATTR_RDONLY == kReadOnly && MOUNT_ATTR_NOSUID == kNoSuid && MOUNT_ATTR_NODEV == kNoDev &&
                  MOUNT_ATTR_NOEXEC == kNoExec);
    unsigned long flags = kRemount | kBind | attr_set;
    flags |= now.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_NODIRATIME | ST_RELATIME);
    mount(nullptr, path, nullptr, flags);
  }

  void leave_host() const {
    if (::syscall(SYS_umount2, "/.host", 2 /* MNT_DETACH */) != 0) fail(Step::mounts, "cannot detach", "/");
    ::rmdir("/.host");
    ::chmod("/etc", 0555);
    ::chmod("/", 0555);
  }

  void name_host() const {
    if (::sethostname("localhost", 9) != 0) fail(Step::namespaces, "cannot set", "hostname");
    if (::setdomainname("(none)", 6) != 0) fail(Step::namespaces, "cannot set", "domainname");
    if (setup_.network) return;
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
    if (fd < 0 || ::ioctl(fd, SIOCSIFFLAGS, &request) != 0) fail(Step::namespaces, "cannot bring up", "lo");
    ::close(fd);
  }

  // Counted for this user namespace and all below it, by each of which only its own limit could be raised.
  void limit_namespaces() const {
    write_file("/proc/sys/user/max_net_namespaces", setup_.network ? "0" : "1");   // the sandbox's own
    write_file("/proc/sys/user/max_time_namespaces", "0");
    write_file("/proc/sys/user/max_cgroup_namespaces", "0");
    write_file("/proc/sys/user/max_user_namespaces", kNestedUserNamespaces);
    // These count for the user outside too, the machine's root among them, who has 128 instances and must keep some.
    for (const char* instances : {"/proc/sys/user/max_inotify_instances", "/proc/sys/user/max_fanotify_groups"})
      try_write(instances, "16");
    for (const char* watches : {"/proc/sys/user/max_inotify_watches", "/proc/sys/user/max_fanotify_marks"})
      try_write(watches, "8192");
  }

  // Root's processes are not counted by user; since Linux 6.14 a pid namespace can bound them instead. For the
  // machine's sake: should memory run out, it is a build that the kernel ends, not swage or what else its user does.
  void limit_processes() const {
    const rlimit most{setup_.max_user_tasks, setup_.max_user_tasks};
    if (most.rlim_max != RLIM_INFINITY && ::setrlimit(RLIMIT_NPROC, &most) != 0)
      fail(Step::namespaces, "cannot set", "RLIMIT_NPROC");
    try_write("/proc/sys/kernel/pid_max", setup_.max_tasks);
    try_write("/proc/self/oom_score_adj", "500");
  }

  // The machine's root owns the kernel's settings, and many need no capability: to whoever is its user, by whatever
  // name, /proc/sys/kernel/core_pattern is a way to run programs outside, /proc/sysrq-trigger to stop the machine; and
  // directly below /proc an entry's mode is that of every /proc. So all that is not of a process is read-only, and what
  // others than root may not read is empty, together with what container engines hide; source: moby, oci/defaults.go.
  // What an ordinary user's builds see needs none of it, and stays whole, so that they can mount /proc anew.
  void protect_kernel() const {
    const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) fail(Step::mounts, "cannot open", "/proc");
    alignas(dirent64) char entries[8192];
    for (;;) {
      const long got = ::syscall(SYS_getdents64, proc, entries, sizeof entries);
      if (got < 0) fail(Step::mounts, "cannot read", "/proc");
      if (got == 0) break;
      for (long at = 0; at < got;) {
        const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
        at += entry->d_reclen;
        if (entry->d_type != DT_LNK && entry->d_name[0] != '.' && !(entry->d_name[0] >= '0' && entry->d_name[0] <= '9'))
          protect(entry->d_name);
      }
    }
    ::close(proc);
    for (const char* path :
         {"/proc/acpi", "/proc/scsi", "/proc/tty/driver", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug"}) {
      struct stat st {};
      if (::stat(path, &st) == 0) hide(path, st.st_mode);
    }
  }

  void protect(const char* name) const {
    char path[sizeof "/proc/" + NAME_MAX];
    ::stpcpy(::stpcpy(path, "/proc/"), name);
    struct stat st {};
    if (::stat(path, &st) != 0) return;   // a module has left
    if ((st.st_mode & S_IRUSR) != 0 && (st.st_mode & S_IROTH) == 0) return hide(path, st.st_mode);
    mount(path, path, nullptr, kBind | kRecursive);
    mount(nullptr, path, nullptr, kRemount | kBind | kReadOnly | kNoSuid | kNoDev | kNoExec);
  }

  void hide(const char* path, mode_t mode) const {
    if (S_ISDIR(mode)) mount("none", path, "tmpfs", kReadOnly | kNoSuid | kNoDev | kNoExec, "mode=0555");
    else mount("/dev/null", path, nullptr, kBind);
  }

  static void try_write(const char* path, std::string_view text) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    [[maybe_unused]] const auto written = ::write(fd, text.data(), text.size());
    ::close(fd);
  }

  void confine() const {
    ::umask(022);
    ::personality(ADDR_NO_RANDOMIZE);
    const rlimit no_core{0, RLIM_INFINITY};
    ::setrlimit(RLIMIT_CORE, &no_core);  // a soft limit: a core file would be an impure output
    if (::chdir("/build") != 0) fail(Step::mounts, "cannot enter", "/build");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(Step::namespaces, "cannot set", "no_new_privs");
    // SPEC_ALLOW: without it, kernels before 5.16 switch on costly speculation barriers for every filtered process.
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &setup_.filter) != 0)
      fail(Step::namespaces, "cannot install", "seccomp filter");
  }

  const ChildSetup& setup_;
  int error_fd_;
};

}  // namespace

void run_sandbox_child(const ChildSetup& setup) noexcept { Child(setup).run(); }

}  // namespace swage
