// Trees deeper than a path can name, a limit on descriptors, and what permissions do to an ordinary user.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.hpp"

namespace swage::test {

// `levels` directories, one in the other, each called `name`; a file `leaf` in the last.
inline void make_deep(const fs::path& root, unsigned levels, const std::string& name, std::string_view leaf_text = "leaf") {
  if (::mkdir(root.c_str(), 0755) != 0) std::abort();
  UniqueFd at(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (unsigned i = 0; i < levels; ++i) {
    if (::mkdirat(at.get(), name.c_str(), 0755) != 0) std::abort();
    at = UniqueFd(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  const UniqueFd leaf(::openat(at.get(), "leaf", O_WRONLY | O_CREAT, 0644));
  if (!leaf || !write_all(leaf.get(), leaf_text, "leaf")) std::abort();
}

// No more than so many descriptors, as `ulimit -n` sets it, as long as this lives.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit lower{limit, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &lower);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

inline constexpr uid_t kNobody = 65534;

// As an ordinary user, in a child when this is root; `owned` is made that user's.
template <class Body>
void as_nobody(const fs::path& owned, Body body) {
  if (::geteuid() != 0) return body();
  ASSERT_EQ(::chown(owned.c_str(), kNobody, kNobody), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(99);
    body();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// On a file system of its own of so many bytes, mounted at `where` for a child only. The child's failures are printed and end the test.
template <class Body>
void on_small_disk(const fs::path& where, std::size_t bytes, Body body, unsigned long flags = 0) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool root = ::geteuid() == 0;
    const std::string map = std::to_string(::geteuid());
    const std::string size = "size=" + std::to_string(bytes);
    if (::unshare(root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) ::_exit(77);
    if (!root) {
      std::ofstream("/proc/self/setgroups") << "deny";
      std::ofstream("/proc/self/uid_map") << "0 " << map << " 1";
    }
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 || (::mkdir(where.c_str(), 0755) != 0 && errno != EEXIST) ||
        ::mount("none", where.c_str(), "tmpfs", flags, size.c_str()) != 0)
      ::_exit(77);
    body();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no mounts here";
  EXPECT_EQ(status, 0);
}

// Writes to a new file until nothing more fits.
inline void fill_disk(const fs::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::string piece(64 * 1024, 'x');
  for (std::size_t size = piece.size(); size > 0;)
    if (::write(fd.get(), piece.data(), size) <= 0) size /= 2;
}

}  // namespace swage::test
