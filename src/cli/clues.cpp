#include "cli/clues.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "catalog/signatures.hpp"

namespace swage {

namespace {

bool needs_toolchain(const Graph& graph, const StorePath& drv, const ToolchainRow& toolchain) {
  const std::vector<StorePath> behind = graph.closure(drv);
  return std::any_of(behind.begin(), behind.end(), [&](const StorePath& one) { return graph.find(one)->drv.name == "toolchain-" + toolchain.group; });
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
    SWAGE_TRY(const std::vector<SignatureRow>* signatures, catalog.signatures());
    SWAGE_TRY(clue.signature, recognise(*signatures, *log));
  }
  if (goal.cell.toolchain && needs_toolchain(graph, drv, *goal.cell.toolchain)) clue.next = next_candidate(goal);
  return clue;
}

void add_clue(Error& error, const Clue& clue) {
  if (clue.signature)
    error.notes.push_back(fmt::format("this is known: {} (constraint '{}')", clue.signature->text, clue.signature->constraint));
  if (clue.next) error.notes.push_back(fmt::format("the next best toolchain: --toolchain {}", clue.next->id));
}

}  // namespace swage
