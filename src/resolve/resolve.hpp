// Chooses a toolchain for a kernel (or userland) on a platform by solving the catalog's constraints, and says why.
//
// Candidates are all toolchain rows of the platform. A constraint whose `when` holds for (kernel, platform, candidate)
// and whose `require` does not is a rejection. A candidate answers for gcc, clang, binutils and its C library; versions of
// one that it does not have (clang, for a gcc; binutils, for LLVM) are no concern of it, and the C library is none of a kernel's. Host tools
// such as make come from the root: constraints on them are listed as not tested. The survivors are ranked by, in this order:
//   1. recorded evidence for this cell (none yet in this version of the catalog)
//   2. closeness to the kernel's era: the absolute difference of the compiler's and the kernel's release dates, in days. A
//      kernel without a row has the date of the nearest older series that has one,
//   3. prebuilt before built from source,
//   4. provider rank, 5. newer compiler, 6. id (so that ties are impossible).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.hpp"

namespace swage {

enum class Purpose {
  kernel,      // needs no C library
  userland,    // needs one
  boot,        // a kernel and the boot test's userland, which a toolchain without C library has too (ToolchainRow::userland)
};
std::string_view purpose_name(Purpose purpose);   // "kernel", ...

struct ResolveRequest {
  const Platform* platform = nullptr;
  Purpose purpose = Purpose::kernel;
  std::optional<Version> kernel{};           // exact version, sublevel included; userland: the kernel it runs on, if known
  std::string compiler = "gcc";              // --llvm: clang
  std::optional<std::string> toolchain{};    // --toolchain ID: only this one, whatever its compiler, still checked
};

struct RuleApplied {                         // a constraint that concerned this cell and holds for the chosen toolchain
  const ConstraintRow* constraint = nullptr;
  std::string text{};                        // "gcc 12.2.0 satisfies >=5.1"
};
struct Rejection {
  const ToolchainRow* toolchain = nullptr;
  std::vector<const ConstraintRow*> by{};    // empty: rejected for `reason` alone
  std::string reason{};                      // "gcc 4.9.4 is not >=5.1", "has no C library"
};

struct Resolution {                          // points into the catalog, which must outlive it
  ResolveRequest request{};
  std::string kernel_released{};             // the date that ages were compared with; "" no kernel given
  const ToolchainRow* chosen = nullptr;      // null: impossible
  std::vector<RuleApplied> rules{};
  std::vector<RuleApplied> untested{};       // concern this cell, but what they require is not a toolchain's: "make >=3.82"
  std::vector<Rejection> rejected{};
  std::vector<const ToolchainRow*> ranking{};   // satisfying candidates, best first
  std::vector<std::string> why{};               // why the first beats the second, by ranking step
};

// Always returns the whole explanation; `chosen` is null when nothing satisfies the constraints. Errors only for input that
// names unknown things (a toolchain id).
Result<Resolution> resolve(const Catalog& catalog, const ResolveRequest& request);

// The error for a resolution without a choice: Errc::unsatisfiable, one note per rejected candidate, and a hint that says
// which kernels or toolchains would work.
Error unsatisfied(const Catalog& catalog, const Resolution& resolution);

std::string toolchain_text(const ToolchainRow& row);   // "gcc 12.2.0, binutils 2.40, glibc 2.36"

// The explanation on one screen: at most 40 lines, long lists shortened.
std::string explain(const Resolution& resolution);
// One JSON object; every key is always there, and null where there is nothing to say.
//   {kernel, arch, purpose, toolchain: {id, provider, compiler, version, binutils, libc} or null,
//    rules: [{id, effect, tested, text, reason, source, confidence}], rejected: [{toolchain, reason, rules: [id]}]}
std::string resolution_json(const Resolution& resolution);

// Days between two dates written YYYY-MM-DD.
long days_between(std::string_view a, std::string_view b);

}  // namespace swage
