// What a failed build says beyond its status: what its log is known for, what to do, and the toolchain to try next.
#pragma once

#include "realise/realise.hpp"
#include "request/goals.hpp"

namespace swage {

struct Clue {
  const SignatureRow* signature = nullptr;   // null: the log is not recognised
  const LogLineRow* known = nullptr;         // null: no line of the log says what to do
  const ToolchainRow* next = nullptr;        // null: none is left, or the failure has nothing to do with the toolchain
};

// Of a derivation that failed on the way to `goal`, by its kept log and what was seen in it. Nothing of one that did
// not end by itself.
Result<Clue> find_clue(const Catalog& catalog, Store& store, const Graph& graph, const Goal& goal, const StorePath& drv,
                       const FailedLog& failed);
// As notes for the user, and a hint.
void add_clue(Error& error, const Clue& clue, const Goal& goal);

}  // namespace swage
