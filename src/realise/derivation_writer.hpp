// Puts .drv files into the store, as far as that is possible: a .drv refers to its sources and input derivations, and
// what refers must not be valid before what it refers to. Inputs that were found valid are not fetched, so their .drv
// may have to stay unwritten; outputs name their deriver all the same.
#pragma once

#include <mutex>
#include <set>

#include "plan/graph.hpp"
#include "store/store.hpp"

namespace swage {

class DerivationWriter {
 public:
  DerivationWriter(Store& store, const Graph& graph) : store_(store), graph_(graph) {}
  // Writes those of `drvs`, and of their inputs, whose sources are valid now; in one transaction. Thread-safe.
  Result<void> write(const std::vector<StorePath>& drvs);

 private:
  Result<std::set<std::size_t>> unwritten(const std::vector<StorePath>& drvs);

  Store& store_;
  const Graph& graph_;
  std::mutex mutex_{};
  StorePathSet written_{};
};

}  // namespace swage
