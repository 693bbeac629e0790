#include "cli/clues.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "catalog/signatures.hpp"

namespace swage {

namespace {

bool needs_derivation(const Graph& graph, const StorePath& drv, const std::string& name, StorePathSet& seen) {
  if (!seen.insert(drv).second) return false;
  const Derivation& derivation = graph.find(drv)->drv;
  return derivation.name == name || std::any_of(derivation.input_drvs.begin(), derivation.input_drvs.end(), [&](const auto& input) {
           return needs_derivation(graph, input.first, name, seen);
         });
}

const ToolchainRow* next_candidate(const Goal& goal) {
  if (!goal.resolution) return nullptr;
  const auto& ranking = goal.resolution->ranking;
  const auto chosen = std::find_if(ranking.begin(), ranking.end(), [&](const Candidate& row) { return row.toolchain == goal.cell.toolchain; });
  return chosen == ranking.end() || chosen + 1 == ranking.end() ? nullptr : (chosen + 1)->toolchain;
}

}  // namespace

Result<Clue> find_clue(const Catalog& catalog, Store& store, const Graph& graph, const Goal& goal, const StorePath& drv) {
  Clue clue;
  if (const Result<std::string> log = read_log(store, drv)) {
    SWAGE_TRY(clue.signature, recognise(catalog.signatures(), *log));
  }
  StorePathSet seen;
  const bool toolchains = goal.cell.toolchain && needs_derivation(graph, drv, "toolchain-" + goal.cell.toolchain->group, seen);
  if (toolchains) clue.next = next_candidate(goal);
  return clue;
}

void add_clue(Error& error, const Clue& clue) {
  if (clue.signature)
    error.notes.push_back(fmt::format("this is known: {} (constraint '{}')", clue.signature->text, clue.signature->constraint));
  if (clue.next) error.notes.push_back(fmt::format("the next best toolchain: --toolchain {}", clue.next->id));
}

}  // namespace swage
