// What is on record of constraints: a row says where tools cease to work, and records may have seen both sides of that,
// one, or none.
//
// A failure is one of a constraint that the recorded cell violates, unlifted by quirks, when the log is known for it
// (SignatureRow), or for another one on the same tool; and, of a log that is not known, when it is the only such
// constraint. The kernel's build must have failed for builds-not, its boot for the others. What works is seen of
// whatever the constraint concerns and allows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/evidence.hpp"

namespace swage {

// A record, and its version of the constraint's tool.
struct SeenSide {
  const EvidenceRow* record = nullptr;
  Version version;
};

struct Boundary {
  const ConstraintRow* constraint = nullptr;
  std::string tool{};  // that its sides differ in: the first that it requires; "" it is about kernels alone
  // Both: of one kernel, configuration and platform, of all such pairs the one whose versions are nearest to each
  // other. One: the nearest to a version that the row names.
  std::optional<SeenSide> fails{}, works{};
  std::vector<SeenSide>
      against{};  // that the constraint forbids and that worked all the same, with no quirk that lifts it
};
// `both`, `fails`, `works` or `none`.
const char* seen_sides(const Boundary& boundary);

// Of every constraint, in the catalog's order. Reads all records of kernels; they live as long as the catalog.
Result<std::vector<Boundary>> boundaries(const Catalog& catalog);

// "both sides (gcc 14.4.0 | 15.3.0, linux 5.10.223 for x86_64)", "one side (works: gcc ...)", "only reported".
std::string boundary_text(const Boundary& boundary);

// What records say against the catalog's constraints, a sentence each.
Result<std::vector<std::string>> contradictions(const Catalog& catalog);

// Whether what worked is what the constraint says does not: one that only misbehaves builds and boots.
bool contradicts(const EvidenceRow& worked, const ConstraintRow& row);
// Whether the step that failed, the kernel's build or its boot, is the one that the constraint speaks of.
bool is_of_failed_step(const ConstraintRow& row, const EvidenceRow& failed);

// The tool that a constraint is about: the first that it requires and that is not the kernel; "" there is none.
std::string tool_of(const ConstraintRow& row);
// How far apart two versions are: part by part, the first that differs counts most.
std::vector<unsigned> distance(const Version& a, const Version& b);

}  // namespace swage
