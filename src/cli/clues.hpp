// What a failed build says beyond its status: the constraint that its log is known for, and the toolchain to try next.
#pragma once

#include "cli/goals.hpp"
#include "realise/realise.hpp"

namespace swage {

struct Clue {
  const SignatureRow* signature = nullptr;   // null: the log is not recognised
  const ToolchainRow* next = nullptr;        // null: none is left, or the failure has nothing to do with the toolchain
};

// Of a derivation that failed on the way to `goal`, by its kept log.
Result<Clue> find_clue(const Catalog& catalog, Store& store, const Graph& graph, const Goal& goal, const StorePath& drv);
// As notes for the user.
void add_clue(Error& error, const Clue& clue);

}  // namespace swage
