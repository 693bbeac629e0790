// The first version of a tool with which a kernel does not build or boot, by bisection over what the catalog can make;
// and whether what a constraint says of such a version is true.
//
// What constraints on the tool say does not count for the search: whether it is true is the question. All others do. A
// record is kept of each try, as `swage verify` keeps it, with the constraints that it was made against; a try of which
// there is one already, of the same derivations, is not made again.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "evidence/bisect.hpp"
#include "evidence/verify_cells.hpp"

namespace swage {

struct FrontierOptions {
  TargetOptions targets{};               // of one kernel and one platform; of a constraint both may be left open
  std::string tool{};                    // gcc, clang, binutils, make, perl ...; "" that of the constraint, or gcc
  std::string constraint{};              // id: only its two sides are looked at
  std::vector<std::string> ignore{};     // ids of constraints on other tools that do not count either
  std::vector<std::string> providers{};  // of toolchains; none: all
  bool older = false;                    // towards older versions
  bool prebuilt = false;                 // no toolchain that is built from source
};

// One version of the tool, and what is taken for it.
struct FrontierCandidate {
  Version version;  // of the tool
  const ToolchainRow* toolchain = nullptr;
  const RootRow* root = nullptr;                  // that kernels are built in with it
  std::vector<const ConstraintRow*> forbidden{};  // by which of those that do not count
};

struct FrontierPlan {
  TargetOptions targets{};  // of every try, but for its toolchain
  std::string tool{};
  const Platform* platform = nullptr;
  Version kernel;
  const ConstraintRow* constraint = nullptr;  // null: none is looked at, the frontier is searched
  bool older = false;
  std::vector<FrontierCandidate> candidates{};  // in the order of `line`
  Line line{};
  std::vector<std::pair<std::string, std::string>> left_out{};  // toolchains or roots, and why; sorted
  bool of_root() const;                                         // the tool is the build root's
  std::string label() const;                                    // "linux 5.10.223 for x86_64"
};
// Builds nothing, and asks no network. Errc::unsatisfiable when there is nothing to search.
Result<FrontierPlan> plan_frontier(Session& session, const FrontierOptions& options);

struct FrontierTry {
  std::size_t candidate = 0;  // of the plan
  Outcome outcome = Outcome::untried;
  EvidenceRow row{.kernel = {}};
  fs::path record{};
  bool known = false;       // by a record: nothing was built
  std::string reason{};     // of what fails: what its log is known for, or else says
  std::string known_for{};  // id of the constraint that its log is known for; "" none
};
// "boots", "builds", "does not build", "does not boot".
const char* outcome_text(const EvidenceRow& row);

struct Frontier {
  std::vector<FrontierTry> tries{};  // in their order
  Found found{};                     // positions are those of the plan's candidates
  std::optional<Error> error{};      // what failed was not the tool's: it ended the search, and counts for neither side
  const FrontierTry* of(std::optional<std::size_t> candidate) const;  // null: it was not tried
};
Result<Frontier> find_frontier(Session& session, const FrontierPlan& plan, const fs::path& directory,
                               const RealiseOptions& realise);

// What the search says of constraints: those that are true of the two sides (of several that may be, all), and those
// that forbid what works.
struct FrontierVerdict {
  std::vector<const ConstraintRow*> confirmed{}, contradicted{};
  std::string differ{};  // what else the two sides differ in: "binutils 2.40 | 2.44"; "" nothing
};
FrontierVerdict judge_frontier(const FrontierPlan& plan, const Frontier& frontier);

// A row for a person to accept, where something fails that no constraint forbids.
struct ProposedRow {
  std::string id{};
  std::string text{};  // of TOML, with a comment
};
std::optional<ProposedRow> propose_row(const FrontierPlan& plan, const Frontier& frontier);

// Adds the row to a table of constraints, which must not have it yet. The file is replaced whole.
Result<void> add_row(const fs::path& file, const ProposedRow& row);

}  // namespace swage
