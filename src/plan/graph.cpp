#include "plan/graph.hpp"

namespace swage {

const FinishedDerivation* Graph::find(const StorePath& drv) const {
  const auto at = index.find(drv);
  return at == index.end() ? nullptr : &derivations[at->second];
}

}  // namespace swage
