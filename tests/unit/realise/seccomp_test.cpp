#include "realise/seccomp.hpp"

#include <cerrno>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
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

}  // namespace
}  // namespace swage
