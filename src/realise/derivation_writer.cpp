#include "realise/derivation_writer.hpp"

#include <algorithm>

namespace swage {

// Positions in the graph of `drvs` and their inputs that are not in the store; asked wave by wave, since below a valid
// .drv all are. Roots before it is asked: else a collection may take in between what an earlier process left.
Result<std::set<std::size_t>> DerivationWriter::unwritten(const std::vector<StorePath>& drvs) {
  std::set<std::size_t> missing;
  StorePathSet wave(drvs.begin(), drvs.end());
  while (!wave.empty()) {
    std::erase_if(wave, [&](const StorePath& drv) { return written_.contains(drv); });
    SWAGE_CHECK(store_.add_temp_roots(wave));
    SWAGE_TRY(const StorePathSet valid, store_.valid_paths(wave));
    written_.insert(valid.begin(), valid.end());
    StorePathSet next;
    for (const StorePath& drv : wave) {
      const auto position = graph_.index.find(drv);
      if (valid.contains(drv) || position == graph_.index.end() || !missing.insert(position->second).second) continue;
      for (const auto& [input, outputs] : graph_.derivations[position->second].drv.input_drvs) next.insert(input);
    }
    wave = std::move(next);
  }
  return missing;
}

Result<void> DerivationWriter::write(const std::vector<StorePath>& drvs) {
  const std::scoped_lock lock(mutex_);
  SWAGE_TRY(const std::set<std::size_t> missing, unwritten(drvs));
  StorePathSet sources;
  for (const std::size_t position : missing) {
    const StorePathSet& needed = graph_.derivations[position].drv.input_srcs;
    sources.insert(needed.begin(), needed.end());
  }
  SWAGE_TRY(const StorePathSet valid, store_.valid_paths(sources));
  std::vector<const FinishedDerivation*> batch;
  for (const std::size_t position : missing) {   // in graph order: inputs first
    const FinishedDerivation& finished = graph_.derivations[position];
    const Derivation& drv = finished.drv;
    const bool complete = std::includes(valid.begin(), valid.end(), drv.input_srcs.begin(), drv.input_srcs.end()) &&
                          std::all_of(drv.input_drvs.begin(), drv.input_drvs.end(),
                                      [&](const auto& input) { return written_.contains(input.first); });
    if (!complete) continue;
    written_.insert(finished.path);
    batch.push_back(&finished);
  }
  if (batch.empty()) return {};
  return store_.add_derivations(batch);
}

}  // namespace swage
