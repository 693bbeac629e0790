#include "request/clues.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "catalog/signatures.hpp"

namespace swage {

namespace {

bool needs_toolchain(const Graph& graph, const StorePath& drv, const ToolchainRow& toolchain) {
  const std::vector<StorePath> behind = graph.closure(drv);
  return std::any_of(behind.begin(), behind.end(),
                     [&](const StorePath& one) { return graph.find(one)->drv.name == "toolchain-" + toolchain.group; });
}

const ToolchainRow* next_candidate(const Goal& goal) {
  if (!goal.resolution) return nullptr;
  const auto& ranking = goal.resolution->ranking;
  const auto chosen = std::find_if(ranking.begin(), ranking.end(),
                                   [&](const Candidate& row) { return row.toolchain == goal.cell.toolchain; });
  return chosen == ranking.end() || chosen + 1 == ranking.end() ? nullptr : (chosen + 1)->toolchain;
}

// Another toolchain may help: an error of one of its tools, or a known one that its versions are to blame for.
bool may_be_cured(const FailedLog& failed, const ConstraintRow* broken) {
  if (!broken) return failed.cause && is_of_toolchain(*failed.cause);
  return std::any_of(broken->require.begin(), broken->require.end(),
                     [](const auto& one) { return one.first != "kernel" && !is_host_tool(one.first); });
}

Result<const ConstraintRow*> constraint_of(const Catalog& catalog, const Platform& platform,
                                           const SignatureRow* signature) {
  if (!signature) return nullptr;
  SWAGE_TRY(const std::vector<const ConstraintRow*> rows, catalog.constraints(platform));
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const ConstraintRow* row) { return row->id == signature->constraint; });
  return found == rows.end() ? nullptr : *found;
}

std::string filled_in(std::string text, const Goal& goal) {
  using namespace std::string_view_literals;
  for (const auto& [word, value] :
       {std::pair("{target}"sv, &goal.target.text), std::pair("{platform}"sv, &goal.platform->name)})
    for (std::size_t at; (at = text.find(word)) != std::string::npos;) text.replace(at, word.size(), *value);
  return text;
}

}  // namespace

Result<Clue> find_clue(const Catalog& catalog, Store& store, const Graph& graph, const Goal& goal, const StorePath& drv,
                       const FailedLog& failed) {
  if (!failed.by_itself) return Clue();
  Clue clue{.known = failed.known};
  if (const Result<std::string> log = read_log(store, drv)) {
    SWAGE_TRY(const std::vector<SignatureRow>* signatures, catalog.signatures());
    SWAGE_TRY(clue.signature, recognise(*signatures, *log));
  }
  SWAGE_TRY(const ConstraintRow* broken, constraint_of(catalog, *goal.platform, clue.signature));
  if (may_be_cured(failed, broken) && goal.cell.toolchain && needs_toolchain(graph, drv, *goal.cell.toolchain))
    clue.next = next_candidate(goal);
  return clue;
}

void add_clue(Error& error, const Clue& clue, const Goal& goal) {
  if (clue.signature)
    error.notes.push_back(
        fmt::format("this is known: {} (constraint '{}')", clue.signature->text, clue.signature->constraint));
  else if (clue.known)
    error.notes.push_back(fmt::format("this is known: {}", clue.known->text));
  if (clue.next) error.notes.push_back(fmt::format("the next best toolchain: --toolchain {}", clue.next->id));
  if (clue.signature || !clue.known || clue.known->hint.empty()) return;
  error.notes.push_back(fmt::format("the whole log: {}", error.hint));
  error.hint = filled_in(clue.known->hint, goal);
}

}  // namespace swage
