#include "realise/derivation_writer.hpp"

namespace swage {

Result<bool> DerivationWriter::can_write(const StorePath& drv, std::map<std::size_t, const FinishedDerivation*>& batch) {
  if (const auto known = known_.find(drv); known != known_.end()) return known->second;
  const auto position = graph_.index.find(drv);
  SWAGE_TRY(bool possible, store_.is_valid(drv));
  if (!possible && position != graph_.index.end()) {
    const FinishedDerivation& finished = graph_.derivations[position->second];
    SWAGE_TRY(const StorePathSet valid, store_.valid_paths(finished.drv.input_srcs));
    possible = valid.size() == finished.drv.input_srcs.size();
    for (const auto& [input, outputs] : finished.drv.input_drvs) {
      if (!possible) break;
      SWAGE_TRY(possible, can_write(input, batch));
    }
    if (possible) batch[position->second] = &finished;
  }
  known_[drv] = possible;
  return possible;
}

Result<void> DerivationWriter::write(const std::vector<StorePath>& drvs) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(known_, [](const auto& entry) { return !entry.second; });  // their sources may have come meanwhile
  std::map<std::size_t, const FinishedDerivation*> batch;
  for (const StorePath& drv : drvs) SWAGE_CHECK(can_write(drv, batch));
  if (batch.empty()) return {};
  std::vector<const FinishedDerivation*> ordered;
  for (const auto& [position, finished] : batch) {
    SWAGE_CHECK(store_.add_temp_root(finished->path));
    ordered.push_back(finished);
  }
  return store_.add_derivations(ordered);
}

}  // namespace swage
