// A plan as a picture: who needs whom.
#pragma once

#include <set>
#include <string>

#include "plan/graph.hpp"

namespace swage {

enum class GraphFormat { dot, mermaid, json };

// Nodes are derivations, an edge goes from an input to its user. `built`: .drv paths whose outputs are there. Store
// names have no character that any of the formats would want escaped.
//   dot       Graphviz; what is built is filled grey
//   mermaid   for Markdown pages; what is built has round corners
//   json      {"nodes": [{drv, name, state}], "edges": [{from, to, outputs: [NAME]}]}
std::string graph_text(const Graph& graph, GraphFormat format, const std::set<StorePath>& built);

}  // namespace swage
