// The system-call filter of every sandbox. It refuses
//  - what a store object cannot hold, so that a build does not come to rely on it: set-user-id and set-group-id modes
//  (EPERM)
//    and extended attributes (ENOTSUP), as Nix does; source: NixOS/nix src/libstore/unix/build (seccomp set-up);
//  - what reaches past the namespaces: the caller's keyrings, sockets that no network namespace holds (AF_VSOCK,
//  AF_ALG, ...),
//    the kernel's log, modules, kexec, handles of files, and the interfaces of which most ways out of a container were
//    made (io_uring, userfaultfd, bpf, perf events). A build finds a kernel that was configured without them: ENOSYS,
//    EAFNOSUPPORT;
//  - new network, time and cgroup namespaces (EPERM). After `enter` a build is root with all capabilities in a user
//  namespace of
//    its own, and such a root has power over what belongs to that namespace only: so nothing else comes to belong to
//    it. This is for the message; what holds, for clone3(2) too, are the limits that the sandbox sets on its user
//    namespace.
//  - prctl(PR_SET_PDEATHSIG) (EPERM): by it a builder dies with swage, and its processes die with it.
// Everything else is allowed; the namespaces do the isolating.
//
// 32-bit x86: a program that makes sockets by socketcall(2), as glibc does there, gets none: its arguments are behind a
// pointer and could change after they were looked at. musl asks by socket(2) first. Compilers and build tools need
// none.
#pragma once

#include <linux/filter.h>
#include <vector>

#include "base/error.hpp"

namespace swage {

// The filter as a BPF program for seccomp(2), for the machine's own system-call table and its 32-bit ones. Made once.
Result<const std::vector<sock_filter>*> builder_filter();

}  // namespace swage
