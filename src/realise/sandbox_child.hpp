// The half of the sandbox that runs after clone(2): in the new namespaces, in a copy of a process that may have had
// other threads. So it must not allocate, lock or throw; all that it needs is prepared here by the parent.
#pragma once

#include <array>
#include <cstddef>
#include <linux/filter.h>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace swage {

inline constexpr uid_t kSandboxUid = 1000;
inline constexpr gid_t kSandboxGid = 100;

struct SandboxMount {
  enum class Kind { directory, file, symlink };
  Kind kind = Kind::directory;
  bool writable = false;
  std::string from{};     // below /.host, where the old root is during set-up; a symlink's target
  std::string to{};
};

struct ChildSetup {
  std::string uid_map{};
  std::string gid_map{};
  std::vector<SandboxMount> mounts{};        // parents before children
  std::vector<std::pair<int, int>> pass_fds{};
  int output_fd = -1;
  int error_fd = -1;
  int cgroup_fd = -1;
  std::string max_tasks{};                   // "": any number
  rlim_t max_user_tasks = RLIM_INFINITY;
  bool by_root = false;                      // the builder's user is the machine's root, without capabilities
  bool network = false;
  bool interactive = false;
  bool probe = false;                        // set up, then exit 0
  std::string builder{};
  std::vector<char*> argv{};                 // null-terminated
  std::vector<char*> envp{};
  sock_fprog filter{};
};

// What the child writes to error_fd, a packet, when a step fails. When all is set up it writes a single byte, and
// executes the builder once it has got one back; then the socket is closed.
struct SetupFailure {
  enum class Step : int { namespaces, mounts, execute };
  Step step = Step::mounts;
  int error = 0;
  std::array<char, 512> what{};              // "cannot mount '/dev/pts'"
};

[[noreturn]] void run_sandbox_child(const ChildSetup& setup) noexcept;

}  // namespace swage
