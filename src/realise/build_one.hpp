// One derivation: sandbox, log, time limits, outputs. The scheduler has made the inputs valid and holds the locks.
#pragma once

#include "realise/build_dir.hpp"
#include "realise/jobserver.hpp"
#include "realise/realise.hpp"
#include "realise/stop.hpp"

namespace swage {

struct BuildContext {
  Store& store;
  const RealiseOptions& options;
  Reporter& reporter;
  Jobserver& jobserver;
  const StopSignal& stop;
  BuildDirRemover& remover;
  unsigned cores = 1;            // NIX_BUILD_CORES
};

enum class OutputsAre {
  registered,
  compared,     // with the valid ones
};

// `inputs` are the store paths that the derivation names; the builder sees their closure. Reports JobLog events as
// `job`. Errc::interrupted when told to stop, by the user or by `context.stop`. `failed`: what the log tells of a
// failure.
Result<BuildRecord> build_one(const BuildContext& context, const FinishedDerivation& drv, const StorePathSet& inputs,
                              OutputsAre outputs_are, std::uint64_t job, FailedLog& failed);

// Where the log of a derivation is kept (bzip2, as Nix does).
fs::path log_file(Store& store, const StorePath& drv);

}  // namespace swage
