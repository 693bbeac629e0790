#include "realise/seccomp.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/files.hpp"

namespace swage {
namespace {

// The error number of `call` in a child process under the filter; 0: it succeeded.
int filtered(const std::function<long()>& call) {
  const std::vector<sock_filter>* filter = builder_filter().value();
  const pid_t child = ::fork();
  if (child == 0) {
    const sock_fprog program{static_cast<unsigned short>(filter->size()), const_cast<sock_filter*>(filter->data())};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) ::_exit(255);
    ::_exit(call() < 0 ? errno : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class SeccompTest : public testing::Test {
 protected:
  SeccompTest() { EXPECT_TRUE(write_file_atomically(file_, "x")); }
  TempDir dir_ = TempDir::create("swage-seccomp").value();
  fs::path file_ = dir_.path() / "file";
};

TEST_F(SeccompTest, SetIdModesAreRefusedByEveryCall) {
  const UniqueFd fd = open_file(file_, O_RDONLY).value();
  for (const mode_t mode : {04755U, 02755U, 06755U}) {
    EXPECT_EQ(filtered([&] { return ::chmod(file_.c_str(), mode); }), EPERM);
    EXPECT_EQ(filtered([&] { return ::fchmod(fd.get(), mode); }), EPERM);
    EXPECT_EQ(filtered([&] { return ::fchmodat(AT_FDCWD, file_.c_str(), mode, 0); }), EPERM);
    EXPECT_EQ(filtered([&] { return ::syscall(452, AT_FDCWD, file_.c_str(), mode, 0); }), EPERM) << "fchmodat2";
  }
  EXPECT_EQ(filtered([&] { return ::chmod(file_.c_str(), 01755); }), 0);
  EXPECT_EQ(filtered([&] { return ::fchmod(fd.get(), 0600); }), 0);
  EXPECT_NE(filtered([&] { return ::syscall(452, AT_FDCWD, file_.c_str(), 0755, 0); }), EPERM);
}

TEST_F(SeccompTest, FilesMayBeMadeWithAnyMode) {
  // Every tar makes them so; where the file system does not obey them (nosuid) they are gone when an output is registered.
  const fs::path fresh = dir_.path() / "fresh";
  EXPECT_EQ(filtered([&] { return ::syscall(SYS_openat, AT_FDCWD, fresh.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 02755); }), 0);
}

TEST_F(SeccompTest, TheTieToTheParentCannotBeUndone) {
  for (const long signal : {0L, 9L}) EXPECT_EQ(filtered([&] { return ::prctl(PR_SET_PDEATHSIG, signal); }), EPERM);
  EXPECT_EQ(filtered([&] { return ::syscall(SYS_prctl, 1L << 32 | PR_SET_PDEATHSIG, 0); }), EPERM) << "the kernel looks at half of it";
  EXPECT_EQ(filtered([] { return ::prctl(PR_SET_NAME, "name"); }), 0);
}

TEST_F(SeccompTest, ExtendedAttributesAreNotSupported) {
  const UniqueFd fd = open_file(file_, O_RDONLY).value();
  char buffer[64];
  EXPECT_EQ(filtered([&] { return ::setxattr(file_.c_str(), "user.a", "v", 1, 0); }), ENOTSUP);
  EXPECT_EQ(filtered([&] { return ::lsetxattr(file_.c_str(), "user.a", "v", 1, 0); }), ENOTSUP);
  EXPECT_EQ(filtered([&] { return ::fsetxattr(fd.get(), "user.a", "v", 1, 0); }), ENOTSUP);
  EXPECT_EQ(filtered([&] { return ::getxattr(file_.c_str(), "user.a", buffer, sizeof buffer); }), ENOTSUP);
  EXPECT_EQ(filtered([&] { return ::listxattr(file_.c_str(), buffer, sizeof buffer); }), ENOTSUP);
  for (const long number : {463, 464, 465}) EXPECT_EQ(filtered([&] { return ::syscall(number, 0, 0, 0, 0, 0, 0); }), ENOTSUP) << number;
  EXPECT_NE(filtered([&] { return ::syscall(466, 0, 0, 0, 0, 0, 0); }), ENOTSUP) << "removexattrat";
}

TEST_F(SeccompTest, InterfacesBesideTheNamespacesAreNotThere) {
  for (const long number : {SYS_keyctl, SYS_add_key, SYS_request_key, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
                            SYS_userfaultfd, SYS_bpf, SYS_perf_event_open, SYS_open_by_handle_at, SYS_syslog, SYS_kexec_load,
                            SYS_kexec_file_load, SYS_init_module, SYS_finit_module, SYS_delete_module})
    EXPECT_EQ(filtered([&] { return ::syscall(number, 0, 0, 0, 0, 0, 0); }), ENOSYS) << number;
}

TEST_F(SeccompTest, SocketsAreOfAFewFamilies) {
  for (const int family : {AF_UNIX, AF_INET, AF_INET6}) EXPECT_EQ(filtered([&] { return ::socket(family, SOCK_STREAM, 0); }), 0) << family;
  EXPECT_EQ(filtered([&] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }), 0);
  for (int protocol = 1; protocol < 23; ++protocol)
    EXPECT_EQ(filtered([&] { return ::socket(AF_NETLINK, SOCK_RAW, protocol); }), EPROTONOSUPPORT) << protocol;
  for (int family = 0; family < 64; ++family) {
    if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK) continue;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET})
      EXPECT_EQ(filtered([&] { return ::socket(family, type, 0); }), EAFNOSUPPORT) << family;
    EXPECT_EQ(filtered([&] { int pair[2]; return ::socketpair(family, SOCK_STREAM, 0, pair); }), EAFNOSUPPORT) << family;
  }
  EXPECT_EQ(filtered([&] { return ::syscall(SYS_socket, 1L << 32 | AF_VSOCK, SOCK_STREAM, 0); }), EAFNOSUPPORT);
  EXPECT_EQ(filtered([&] { return ::syscall(SYS_socket, 1L << 32 | AF_AX25, SOCK_STREAM, 0); }), EAFNOSUPPORT);
  EXPECT_EQ(filtered([&] { int pair[2]; return ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair); }), 0);
}

TEST_F(SeccompTest, NamespacesThatGivePowerAreRefused) {
  for (const int kind : {CLONE_NEWNET, CLONE_NEWCGROUP, 0x80 /* CLONE_NEWTIME */}) {
    EXPECT_EQ(filtered([&] { return ::syscall(SYS_unshare, CLONE_NEWUSER | kind); }), EPERM) << kind;
  }
  for (const int kind : {CLONE_NEWNET, CLONE_NEWCGROUP}) {
    EXPECT_EQ(filtered([&] { return ::syscall(SYS_clone, CLONE_NEWUSER | kind | SIGCHLD, 0, 0, 0, 0); }), EPERM) << kind;
  }
  EXPECT_EQ(filtered([&] {
    const int fd = ::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    return ::syscall(SYS_setns, fd, 0);
  }), EPERM);
  EXPECT_EQ(filtered([&] { return ::syscall(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS); }), 0);
}

#if defined __x86_64__
// The table of 32-bit programs, as any 64-bit program can reach it.
long call_32(long number, long first, long second = 0, long third = 0) {
  long result = number;
  asm volatile("int $0x80" : "+a"(result) : "b"(first), "c"(second), "d"(third) : "memory", "r8", "r9", "r10", "r11");
  if (static_cast<int>(result) >= 0) return 0;
  errno = static_cast<int>(-result);
  return -1;
}

TEST_F(SeccompTest, The32BitTableIsNoWayRound) {
  EXPECT_EQ(filtered([&] { return call_32(359, AF_UNIX, SOCK_STREAM); }), 0) << "socket";
  EXPECT_EQ(filtered([&] { return call_32(359, AF_VSOCK, SOCK_STREAM); }), EAFNOSUPPORT);
  EXPECT_EQ(filtered([&] { return call_32(359, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER); }), EPROTONOSUPPORT);
  auto* arguments = static_cast<std::uint32_t*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
  const long place = reinterpret_cast<long>(arguments);
  for (const std::uint32_t family : {AF_VSOCK, AF_ALG, AF_UNIX, AF_NETLINK}) {
    arguments[0] = family, arguments[1] = SOCK_STREAM, arguments[2] = 0;
    EXPECT_EQ(filtered([&] { return call_32(102, 1, place); }), EAFNOSUPPORT) << "socketcall: socket of family " << family;
    EXPECT_EQ(filtered([&] { return call_32(102, 8, place); }), EAFNOSUPPORT) << "socketcall: socketpair of family " << family;
  }
  EXPECT_EQ(filtered([&] { return call_32(102, 2, place); }), EBADF) << "socketcall: bind, of no descriptor";
  for (const long number : {286, 287, 288, 425, 374, 357, 336, 342}) EXPECT_EQ(filtered([&] { return call_32(number, 0); }), ENOSYS) << number;
  EXPECT_EQ(filtered([&] { return call_32(310, CLONE_NEWUSER | CLONE_NEWNET); }), EPERM) << "unshare";
  EXPECT_EQ(filtered([&] { return call_32(120, CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD); }), EPERM) << "clone";
  ::munmap(arguments, 4096);
}
#endif

}  // namespace
}  // namespace swage
