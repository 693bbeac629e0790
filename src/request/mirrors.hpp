// Where a session takes files from, by its settings, and what it does without a network.
#pragma once

#include "fetch/fetch.hpp"
#include "realise/realise.hpp"
#include "request/session.hpp"

namespace swage {

// Of --mirror, SWAGE_MIRRORS or swage.toml: the nearest of the three that says anything counts. As mirror_url().
Result<std::vector<std::string>> mirror_urls(Session& session);

// These, the host's mirrors with their proxies, and the catalog's archives of old packages.
Result<FetchOptions> fetch_options(Session& session);

// With --offline: an error that lists every file that would have to be fetched and that no directory has.
Result<void> check_offline(Session& session, const Graph& graph, const RealisePlan& todo);

}  // namespace swage
