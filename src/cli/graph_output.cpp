#include "cli/graph_output.hpp"
#include "cli/json.hpp"

#include <fmt/core.h>

namespace swage {

namespace {

std::string json_graph(const Graph& graph, const std::set<StorePath>& built) {
  Json out{{"nodes", Json::array()}, {"edges", Json::array()}};
  for (const FinishedDerivation& derivation : graph.derivations) {
    out["nodes"].push_back({{"drv", derivation.path.str()},
                            {"name", derivation.drv.name},
                            {"state", built.contains(derivation.path) ? "built" : "to build"}});
    for (const auto& [input, outputs] : derivation.drv.input_drvs)
      out["edges"].push_back({{"from", input.str()}, {"to", derivation.path.str()}, {"outputs", outputs}});
  }
  return json_text(out) + "\n";
}

}  // namespace

std::string graph_text(const Graph& graph, GraphFormat format, const std::set<StorePath>& built) {
  if (format == GraphFormat::json) return json_graph(graph, built);
  const bool dot = format == GraphFormat::dot;
  std::string text = dot ? "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n" : "graph LR\n";
  for (std::size_t i = 0; i < graph.derivations.size(); ++i) {
    const FinishedDerivation& derivation = graph.derivations[i];
    const bool done = built.contains(derivation.path);
    if (dot)
      text += fmt::format("  n{} [label=\"{}\"{}];\n", i, derivation.drv.name,
                          done ? ", style=filled, fillcolor=lightgrey" : "");
    else text += fmt::format("  n{}{}\"{}\"{}\n", i, done ? "(" : "[", derivation.drv.name, done ? ")" : "]");
    for (const auto& [input, outputs] : derivation.drv.input_drvs)
      text += fmt::format("  n{} {} n{}{}\n", graph.index.at(input), dot ? "->" : "-->", i, dot ? ";" : "");
  }
  if (dot) text += "}\n";
  return text;
}

}  // namespace swage
