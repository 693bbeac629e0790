// Puts .drv files into the store, as far as that is possible: a .drv refers to its sources and input derivations, and what
// refers must not be valid before what it refers to. Inputs that were found valid are not fetched, so their .drv may have
// to stay unwritten; outputs name their deriver all the same.
#pragma once

#include <mutex>
#include <unordered_map>

#include "plan/graph.hpp"
#include "store/store.hpp"

namespace swage {

class DerivationWriter {
 public:
  DerivationWriter(Store& store, const Graph& graph) : store_(store), graph_(graph) {}
  // Writes those of `drvs`, and of their inputs, whose sources are valid now; in one transaction. Thread-safe.
  Result<void> write(const std::vector<StorePath>& drvs);

 private:
  Result<bool> can_write(const StorePath& drv, std::map<std::size_t, const FinishedDerivation*>& batch);

  Store& store_;
  const Graph& graph_;
  std::mutex mutex_{};
  std::unordered_map<StorePath, bool> known_{};   // written, or waiting for sources as of this call
};

}  // namespace swage
