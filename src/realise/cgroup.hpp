// A control group (version 2) of one build, where this process may make some: as root outside of any, in a container's
// own hierarchy, or in a unit that systemd delegates (`systemd-run --user --scope -p Delegate=yes swage ...`). There
// the kernel itself holds a build within its limits, and files in a tmpfs count as memory. Elsewhere there is none, and
// builds are watched (realise/usage.hpp). Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <memory>
#include <optional>

#include "base/files.hpp"
#include "realise/limits.hpp"

namespace swage {

class BuildCgroup {
 public:
  // Null: there can be none here.
  static std::unique_ptr<BuildCgroup> create(const BuildLimits& limits);
  BuildCgroup(const BuildCgroup&) = delete;
  BuildCgroup& operator=(const BuildCgroup&) = delete;
  ~BuildCgroup();   // kills what is left in it

  int fd() const { return fd_.get(); }      // for SandboxSpec::cgroup_fd
  bool memory_ran_out() const;              // the kernel ended the build for it

 private:
  BuildCgroup(fs::path path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  fs::path path_;
  UniqueFd fd_;
};

// Where a process whose /proc/self/cgroup is `self` finds its group, by /proc/self/mountinfo: nothing when version 2 is
// not there.
std::optional<fs::path> cgroup_directory(std::string_view self, std::string_view mountinfo);

}  // namespace swage
