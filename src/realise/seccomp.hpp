// The system-call filter of every sandbox. It refuses what a store object cannot hold, so that a build does not come to
// rely on it: set-user-id and set-group-id modes (EPERM) and extended attributes (ENOTSUP). Everything else is allowed;
// the namespaces do the isolating. Source of the rules: NixOS/nix src/libstore/unix/build (seccomp set-up).
#pragma once

#include <linux/filter.h>
#include <vector>

#include "base/error.hpp"

namespace swage {

// The filter as a BPF program for seccomp(2), for the machine's own system-call table and its 32-bit ones. Made once.
Result<const std::vector<sock_filter>*> builder_filter();

}  // namespace swage
