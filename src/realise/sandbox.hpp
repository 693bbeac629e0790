// The sandbox that one builder runs in: user, mount, pid, network, ipc and uts namespaces, no network, a private root
// with nothing in it but the given store paths (read-only), /build, /proc and a small /dev; uid 1000, gid 100, a
// session keyring of its own, a filter of system calls (realise/seccomp.hpp). It may nest user namespaces, a few, and
// of the others those of mounts, processes, ipc and names, which concern nobody else; not network namespaces, whose
// owner could load and reach the kernel's whole network code. Works as an ordinary user and as root in the same way;
// needs Linux 5.10. What a builder sees is the contract of facts nix_formats section 10; source: NixOS/nix
// src/libstore/unix/build (sandbox set-up).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/files.hpp"

namespace swage {

struct SandboxSpec {
  std::string builder{};                              // absolute path inside; argv[0] is its last part, as with Nix
  std::vector<std::string> args{};                    // argv[1...]
  std::map<std::string, std::string> env{};           // all of it
  fs::path build_dir{};                               // mounted at /build, read-write
  fs::path store_dir{};                               // mounted at /nix/store, read-write: outputs appear here
  std::vector<std::pair<fs::path, std::string>> read_only{};   // (real path, path inside)
  std::vector<std::pair<fs::path, std::string>> read_write{};  // likewise, writable: what an interactive shell needs
  std::vector<std::pair<int, int>> pass_fds{};        // (descriptor here, its number inside, 3 to 99): the jobserver's
  int output_fd = -1;                                 // becomes stdout and stderr; stdin is /dev/null
  std::uint64_t max_tasks = 0;                        // processes and threads at once, where the kernel can bound them;
                                                      // 0: any number
  int cgroup_fd = -1;                                 // begin in this control group
  bool network = false;                               // share the caller's network (interactive shells only)
  bool interactive = false;                           // keep the caller's terminal: stdin, stdout and stderr inherited
};

// A running sandbox. Destroying it kills everything inside (the builder is the pid namespace's init). So does the end
// of the thread that started it, however it ends: keep that thread until wait() has returned.
class Sandbox {
 public:
  // Returns once the builder runs. Errc::environment with a hint when the kernel refuses user namespaces or a mount,
  // Errc::build_failed when the builder cannot be executed.
  static Result<Sandbox> start(const SandboxSpec& spec);
  Sandbox(Sandbox&&) noexcept;
  Sandbox& operator=(Sandbox&&) noexcept;
  ~Sandbox();

  struct Exit {
    int status = 0;               // of the builder: exit status, or 128 + signal
    double cpu_seconds = 0;
    std::uint64_t max_rss = 0;    // bytes, of the largest process
  };
  void kill();
  pid_t pid() const;              // of the builder, outside
  int pidfd() const;              // readable (poll) once it has ended
  int proc() const;               // the sandbox's own /proc, whatever the builder puts in its place; -1: cannot be seen
                                  // from here
  Result<Exit> wait();

 private:
  struct State;
  explicit Sandbox(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Tries to make the namespaces once; ok, or why not with what the user can do about it.
Result<void> probe_namespaces();

}  // namespace swage
