// Chooses a toolchain and a build root for a kernel (or userland) on a platform by solving the catalog's constraints,
// and says why.
//
// Candidates are all toolchain rows of the platform but fallbacks (ToolchainRow::fallback). These are candidates too
// where none of the others fits, where a record says that one of them has booted this cell, or when one is asked for by
// name; otherwise their files are not even read. Where none of these fits either they are not among the rejected,
// unless nothing else is.
//
// A constraint whose `when` holds for (kernel, platform, candidate) and whose `require` does not is violated. A
// candidate answers for gcc, clang, binutils and its C library; versions of one that it does not have (clang, for a
// gcc; binutils, for LLVM) are no concern of it, and the C library is none of a kernel's. Of one that it has in an
// unknown version no requirement can be said to hold: it is violated, or not tested where the toolchain was asked for
// by name. Host tools such as make are answered by the build root that the candidate is tried in; of a tool whose
// version no root declares the constraints are listed as not tested. A quirk that applies lifts constraints: the
// candidate then stays, with the quirk. A constraint that is violated and not lifted rejects the candidate.
//
// Every candidate is tried in every build root and takes the best: the one in which nothing rejects it, then in which
// the gravest lifted constraint on host tools is least, then the one that says it comes first for the kernel (the
// oldest tools that can be had, for kernels that are older still), then by rank (the default root is first), by
// closeness of the suite's release to the kernel's era, and by name. So any other kernel leaves the default root only
// for one that needs less help.
//
// The survivors are ranked by, in this order:
//   1. recorded evidence for this cell, or for the nearest recorded sublevel of its series (ResolveRequest::evidence):
//   one that has
//      booted first,
//   2. what its quirks lift of what nobody would see: nothing, then misbehaves, then boots-not, by the gravest lifted
//   constraint; first
//      of those on the toolchain, then of those on the root,
//   3. prebuilt before built from source: a wrong kernel costs more than the hour that a compiler takes, a flag or two
//   less, 4. what its quirks lift of what a failed build would tell (builds-not): nothing first; of the toolchain, then
//   of the root, 5. closeness to the kernel's era: the absolute difference of the compiler's and the kernel's release
//   dates, in days. A
//      kernel without a row has the date of the nearest older series that has one,
//   6. provider rank, 7. newer compiler, 8. id (so that ties are impossible).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.hpp"

namespace swage {

enum class Purpose {
  kernel,      // needs no C library
  userland,    // needs the platform's
  boot,        // a kernel and the boot test's userland, which a toolchain without C library has too
               // (ToolchainRow::userland)
};
enum class Evidence { booted, none, failed };   // the order is that of the ranking
std::string_view purpose_name(Purpose purpose);   // "kernel", ...

struct ResolveRequest {
  const Platform* platform = nullptr;
  Purpose purpose = Purpose::kernel;
  std::optional<Version> kernel{};           // exact version, sublevel included; userland: the kernel it runs on, if
                                             // known
  std::string compiler = "gcc";              // --llvm: clang
  std::optional<Version> version{};          // of the compiler: 13, 13.2 ...; nothing: any
  std::optional<std::string> toolchain{};    // --toolchain ID: only this one, whatever its compiler, still checked
  std::map<std::string, Evidence> evidence{};   // what is recorded of this cell, by toolchain id
  std::optional<Version> recorded{};         // the release of the same series that it is recorded of; nothing: of
                                             // `kernel` itself
  // Of who measures whether constraints are true. What these say does not count, and no quirk is taken for their sake:
  std::set<std::string> waived{};            // ids of constraints
  std::string root{};                        // this build root, whatever the others are good for; "" the best
  friend bool operator==(const ResolveRequest&, const ResolveRequest&) = default;
};

struct RuleApplied {                         // a constraint that concerned this cell and holds for the chosen toolchain
  const ConstraintRow* constraint = nullptr;
  std::string text{};                        // "gcc 12.2.0 satisfies >=5.1"
};
struct QuirkApplied {
  const QuirkRow* quirk = nullptr;
  std::vector<const ConstraintRow*> lifts{};  // that are violated; empty: the quirk lifts nothing
};
struct Candidate {                           // that nothing rejects
  const ToolchainRow* toolchain = nullptr;
  const RootRow* root = nullptr;             // null: the catalog has no build roots
  std::vector<QuirkApplied> quirks{};        // sorted by id
};
struct Rejection {
  const ToolchainRow* toolchain = nullptr;
  std::vector<const ConstraintRow*> by{};    // not lifted; empty: rejected for `reason` alone
  std::string reason{};                      // "gcc 4.9.4 is not >=5.1", "has no C library"
};

struct Resolution {                          // points into the catalog, which must outlive it
  ResolveRequest request{};
  std::string kernel_released{};             // the date that ages were compared with; "" no kernel given
  const ToolchainRow* chosen = nullptr;      // null: impossible
  const RootRow* root = nullptr;             // that kernels are built in; null: the catalog has none, or nothing is
                                             // chosen
  std::vector<QuirkApplied> quirks{};        // of the chosen one
  std::vector<const ConstraintRow*> waived{};   // that the choice violates and that do not count; sorted by id
  std::vector<RuleApplied> rules{};
  std::vector<RuleApplied> untested{};       // concern this cell, but no root declares that tool: "rustc >=1.78"
  std::vector<RuleApplied> elsewhere{};      // rules of other kernels on this platform that the choice would violate,
                                             // gravest first
  std::vector<Rejection> rejected{};
  std::vector<Candidate> ranking{};          // satisfying candidates, best first
  std::vector<std::string> why{};            // why the first beats the second, by ranking step; why this root
};

// Always returns the whole explanation; `chosen` is null when nothing satisfies the constraints. Errors only for input
// that names unknown things (a toolchain id, a root, a version that no compiler of the platform has).
Result<Resolution> resolve(const Catalog& catalog, const ResolveRequest& request);

// The toolchain of that id, which must be one for the platform.
Result<const ToolchainRow*> check_toolchain(const Catalog& catalog, const std::string& id, const Platform& platform);

// The error for a resolution without a choice: Errc::unsatisfiable, the sets of constraints that block and whom, the
// toolchain that is nearest to fitting, and a hint that says which kernels or toolchains would work.
Error unsatisfied(const Catalog& catalog, const Resolution& resolution);

std::string toolchain_text(const ToolchainRow& row);   // "gcc 12.2.0, binutils 2.40, glibc 2.36"

// The explanation on one screen: at most 40 lines, long lists shortened.
std::string explain(const Resolution& resolution);
// One JSON object; every key is always there, and null where there is nothing to say.
//   {kernel, nearestKernels: [kernel] or null, arch, purpose, toolchain: {id, provider, compiler, version, binutils,
//   libc} or null,
//    root: {name, suite, tools: {tool: version}} or null, quirks: [{id, lifts: [id], reason, source, confidence,
//    measured, assumed, assumes: [id]}], rules: [{id, effect, tested, text, reason, source, confidence, measured,
//    assumed}], rejected: [{toolchain, reason, rules: [id], assumes: [id]}], elsewhere: [{id, effect, kernels, text}]}
// `measured` lists where a row was seen, if it says so; `assumed` is true where that is not this platform, and
// `assumes` names the constraints of which that is so. `nearest_kernels`: that the catalog has, if it does not have
// this one.
std::string resolution_json(const Resolution& resolution,
                            const std::optional<std::vector<std::string>>& nearest_kernels = {});

// Days between two dates written YYYY-MM-DD.
long days_between(std::string_view a, std::string_view b);

}  // namespace swage
