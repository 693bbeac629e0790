// Realising at a Nix daemon: all that is built is built there, and what is wanted comes back.
//
// The order of things: what is wanted and not valid here is looked for there, and in the daemon's own caches -> sources
// of the rest are fetched here, since a daemon's builds reach no network and its fetchers know no lock file -> the
// derivations go there with all sources, all of them content-addressed, so the daemon need not trust its user -> it
// builds -> outputs of what is wanted come back, verified, and are registered at once. What is built on the way stays
// there, for the next time.
#pragma once

#include "daemon/daemon_store.hpp"
#include "realise/realise.hpp"

namespace swage {

// As realise(), for what is not valid here. Logs are kept here. An interrupt, and a lost connection, end the builds
// there; nothing of them becomes valid here. Of the options, `jobs`, `cores`, `keep_going`, `keep_failed` and the time
// limits are told to the daemon; it has `jobs` as Nix's max-jobs. Processor time is not known: 0. Errors besides those
// of realise(): Errc::environment when the connection is lost, Errc::hash_mismatch when other bytes come than
// announced.
Result<RealiseResult> realise_at(DaemonStore& daemon, Store& store, const Graph& graph,
                                 const std::vector<Wanted>& wanted, SourceFetcher& fetcher,
                                 const RealiseOptions& options, Reporter& reporter);

// Why a build failed, by what a daemon says of it: "builder failed with exit code 3". Exposed for tests.
std::string reason_of_failure(std::string_view text, const StorePath& drv);

}  // namespace swage
