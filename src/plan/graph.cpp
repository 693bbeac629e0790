#include "plan/graph.hpp"

namespace swage {

const Source::Download* Source::download() const {
  if (const auto* file = std::get_if<Download>(&how)) return file;
  if (const auto* program = std::get_if<Member>(&how)) return &program->package;
  return nullptr;
}

const FinishedDerivation* Graph::find(const StorePath& drv) const {
  const auto at = index.find(drv);
  return at == index.end() ? nullptr : &derivations[at->second];
}

namespace {

void collect(const Graph& graph, const StorePath& drv, StorePathSet& seen, std::vector<StorePath>& order) {
  if (!seen.insert(drv).second) return;
  for (const auto& [input, outputs] : graph.find(drv)->drv.input_drvs) collect(graph, input, seen, order);
  order.push_back(drv);
}

}  // namespace

std::vector<StorePath> Graph::closure(const StorePath& drv) const {
  StorePathSet seen;
  std::vector<StorePath> order;
  collect(*this, drv, seen, order);
  return order;
}

}  // namespace swage
