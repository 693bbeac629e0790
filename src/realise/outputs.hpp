// What a builder left behind becomes store objects, or is compared with them.
#pragma once

#include "plan/graph.hpp"
#include "store/store.hpp"

namespace swage {

// All outputs that `drv` promises are below `made` (named as in the store); those not valid yet are made canonical,
// checked against a fixed hash, scanned for references among `inputs` and each other, and registered in one
// transaction. Errc::build_failed when one is missing or no store object, Errc::hash_mismatch for fixed outputs.
// `checkpoint` is asked at every entry and buffer: its error ends the work.
Result<void> register_built(Store& store, const FinishedDerivation& drv, const fs::path& made,
                            const StorePathSet& inputs, const Checkpoint& checkpoint);

// Compares a second build with the valid outputs, bit for bit. Errc::irreproducible names the first that differs; with
// `keep_in` it is moved there, and a note says so.
Result<void> compare_built(Store& store, const FinishedDerivation& drv, const fs::path& made, const fs::path& keep_in,
                           const Checkpoint& checkpoint);

// Outputs that are among `damaged`, which was compared, are put in the place of what the store has.
Result<void> replace_built(Store& store, const FinishedDerivation& drv, const fs::path& made,
                           const StorePathSet& damaged);

}  // namespace swage
