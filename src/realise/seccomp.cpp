#include "realise/seccomp.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <fmt/core.h>
#include <memory>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.hpp"

namespace swage {

namespace {

using Context = std::unique_ptr<void, decltype(&::seccomp_release)>;

// Programs of the machine's older tables run in the sandbox too; without them the filter would be a bad-architecture
// kill.
int add_secondary_tables(scmp_filter_ctx context) {
  switch (::seccomp_arch_native()) {
    case SCMP_ARCH_X86_64:
      if (const int error = ::seccomp_arch_add(context, SCMP_ARCH_X86)) return error;
      return ::seccomp_arch_add(context, SCMP_ARCH_X32);
    case SCMP_ARCH_AARCH64: return ::seccomp_arch_add(context, SCMP_ARCH_ARM);
    default: return 0;
  }
}

// Refuses a call, or only what all of `conditions` are true of.
int refuse(scmp_filter_ctx context, const char* name, int error, std::initializer_list<scmp_arg_cmp> conditions = {}) {
  return ::seccomp_rule_add_array(context, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error)),
                                  ::seccomp_syscall_resolve_name(name), static_cast<unsigned>(conditions.size()),
                                  conditions.begin());
}

int refuse_all(scmp_filter_ctx context, std::initializer_list<const char*> names, int error) {
  for (const char* name : names)
    if (const int problem = refuse(context, name, error)) return problem;
  return 0;
}

int refuse_set_id_modes(scmp_filter_ctx context) {
  struct Call {
    const char* name;
    unsigned mode_argument;
  };
  for (const Call& call : {Call{"chmod", 1}, Call{"fchmod", 1}, Call{"fchmodat", 2}}) {
    for (const scmp_datum_t bit : {S_ISUID, S_ISGID}) {
      if (const int error = refuse(context, call.name, EPERM, {{call.mode_argument, SCMP_CMP_MASKED_EQ, bit, bit}}))
        return error;
    }
  }
  return 0;
}

int refuse_extended_attributes(scmp_filter_ctx context) {
  return refuse_all(context,
                    {"setxattr", "lsetxattr", "fsetxattr", "getxattr", "lgetxattr", "fgetxattr", "listxattr",
                     "llistxattr", "flistxattr"},
                    ENOTSUP);
}

int refuse_interfaces(scmp_filter_ctx context) {
  return refuse_all(context,
                    {"keyctl", "add_key", "request_key", "io_uring_setup", "io_uring_enter", "io_uring_register",
                     "userfaultfd", "bpf", "perf_event_open", "open_by_handle_at", "syslog", "kexec_load",
                     "kexec_file_load", "init_module", "finit_module", "delete_module"},
                    ENOSYS);
}

// The builder is to die with who started it. Of the first argument the kernel looks at the lower half only.
int refuse_untying(scmp_filter_ctx context) {
  return refuse(context, "prctl", EPERM, {{0, SCMP_CMP_MASKED_EQ, 0xffffffff, PR_SET_PDEATHSIG}});
}

int refuse_namespaces(scmp_filter_ctx context) {
  // CLONE_NEWTIME: of unshare(2) only, to clone(2) it is part of a signal's number.
  constexpr scmp_datum_t new_time = 0x80;
  for (const scmp_datum_t kind :
       {static_cast<scmp_datum_t>(CLONE_NEWNET), static_cast<scmp_datum_t>(CLONE_NEWCGROUP), new_time}) {
    const scmp_arg_cmp flags{0, SCMP_CMP_MASKED_EQ, kind, kind};
    if (const int error = refuse(context, "unshare", EPERM, {flags})) return error;
    if (kind == new_time) continue;
    if (const int error = refuse(context, "clone", EPERM, {flags})) return error;
  }
  return refuse(context, "setns", EPERM);
}

// All but a few families, in both calls that make sockets. Of netlink what tells of interfaces and routes, which is
// confined to the sandbox's network.
int refuse_sockets(scmp_filter_ctx context) {
  constexpr scmp_datum_t allowed[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
  static_assert(AF_UNIX == 1 && AF_NETLINK == 16, "the first and the last");
  for (const char* name : {"socket", "socketpair"}) {
    if (const int error = refuse(context, name, EAFNOSUPPORT, {{0, SCMP_CMP_EQ, AF_UNSPEC, 0}})) return error;
    if (const int error = refuse(context, name, EAFNOSUPPORT, {{0, SCMP_CMP_GT, AF_NETLINK, 0}})) return error;
    for (scmp_datum_t family = AF_UNIX; family < AF_NETLINK; ++family) {
      if (std::find(std::begin(allowed), std::end(allowed), family) != std::end(allowed)) continue;
      if (const int error = refuse(context, name, EAFNOSUPPORT, {{0, SCMP_CMP_EQ, family, 0}})) return error;
    }
  }
  return refuse(context, "socket", EPROTONOSUPPORT,
                {{0, SCMP_CMP_EQ, AF_NETLINK, 0}, {2, SCMP_CMP_NE, NETLINK_ROUTE, 0}});
}

// Calls that are younger than the library, put before its program. Since Linux 5.1 a new call has the same number in
// all tables (x32 adds bit 30), so that no test of the table is needed.
std::vector<sock_filter> rules_for_new_calls() {
  constexpr std::uint32_t fchmodat2 = 452, setxattrat = 463, listxattrat = 465, x32_bit = 1U << 30;
  constexpr std::uint32_t low_half = std::endian::native == std::endian::little ? 0 : 4;
  const auto load = [](std::size_t offset) -> sock_filter {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
  };
  const auto refuse = [](int error) -> sock_filter {
    return BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error));
  };
  return {
      load(offsetof(seccomp_data, nr)),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~x32_bit),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, fchmodat2, 0, 3),
      load(offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t) + low_half),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, S_ISUID | S_ISGID, 0, 4),
      refuse(EPERM),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, setxattrat, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, listxattrat, 1, 0),
      refuse(ENOTSUP),
  };
}

Result<std::vector<sock_filter>> compile() {
  const auto refused = [](int error) { return fail_errno("cannot make the sandbox's system-call filter", -error); };
  const Context context(::seccomp_init(SCMP_ACT_ALLOW), &::seccomp_release);
  if (!context) return refused(-ENOMEM);
  if (const int error = add_secondary_tables(context.get())) return refused(error);
  // Decisions as a binary tree: a linear list would cost each of a build's many system calls some 40 comparisons.
  if (const int error = ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2)) return refused(error);
  for (const auto rules : {refuse_set_id_modes, refuse_extended_attributes, refuse_interfaces, refuse_namespaces,
                           refuse_untying, refuse_sockets})
    if (const int error = rules(context.get())) return refused(error);
  const UniqueFd memory(::memfd_create("filter", MFD_CLOEXEC));
  if (!memory) return refused(-errno);
  if (const int error = ::seccomp_export_bpf(context.get(), memory.get())) return refused(error);
  std::vector<sock_filter> program = rules_for_new_calls();
  const std::size_t own = program.size();
  const auto bytes = static_cast<std::size_t>(::lseek(memory.get(), 0, SEEK_END));
  program.resize(own + bytes / sizeof(sock_filter));
  if (::pread(memory.get(), program.data() + own, bytes, 0) != static_cast<ssize_t>(bytes)) return refused(-EIO);
  return program;
}

}  // namespace

Result<const std::vector<sock_filter>*> builder_filter() {
  static const Result<std::vector<sock_filter>> filter = compile();
  if (!filter) return Fail(filter.error());
  return &*filter;
}

}  // namespace swage
