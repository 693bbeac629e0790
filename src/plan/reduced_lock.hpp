// The part of a lock file that given derivations were planned from: enough to plan them again, to the same .drv paths.
#pragma once

#include <optional>
#include <vector>

#include "plan/graph.hpp"
#include "plan/lockfile.hpp"

namespace swage {

// What `wanted` and their inputs take from `lock`: files that are sources of theirs, sets that one derivation takes
// whole, sources and seeds. Nothing that is missing, and the date as it was.
Lockfile reduced_lock(const Lockfile& lock, const Graph& graph, const std::vector<StorePath>& wanted);

// Adds the roots that the record's lock does not have, as they are in `today`: what recipes have come to build in
// since.
void add_missing_roots(Lockfile& record, const Lockfile& today);

// Whether everything in `part` is in `whole` too, where its files were seen as well: what was planned from the one can
// be planned from the other, and had as long.
bool covers(const Lockfile& whole, const Lockfile& part);

// What two lock files say together; nothing when they contradict each other. What was planned from either is planned
// from it too, as long as both were made of lock files of one day: of another day the distribution may not have given
// what the other has, and a plan may depend on that. It never depends on what nobody had asked for yet.
std::optional<Lockfile> joined(const Lockfile& one, const Lockfile& other);

}  // namespace swage
