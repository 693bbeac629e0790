// What is said of builds that commands ask for, besides their progress.
#pragma once

#include "base/json.hpp"
#include "request/config_report.hpp"
#include "request/realising.hpp"

namespace swage {

// make_planned(); when something failed, people see on stderr what became of each goal.
Result<Made> make_and_tell(Session& session, const Planned& planned, RealiseOptions options);
// Prints the summary of a built kernel's configuration to stderr, unless that is to be quiet or for programs. `kernel`:
// "linux@6.1.170 for arm64"
void tell_config_report(const std::string& kernel, const std::optional<ConfigReport>& report);
// What the caches were to this run: [{cache, paths, bytes, untrusted, failed, failure, leftOut}].
Result<Json> caches_json(Session& session);
// [{path, download, narSize}]: bytes, 0 where they are not known.
Json offers_json(const std::vector<Offer>& offers);
// "12 paths (3.4 MB, 9.9 MB unpacked)"
std::string offers_text(const std::vector<Offer>& offers);
// Prints what would be taken from caches, where any are asked.
Result<void> print_offers(Session& session, const std::vector<Offer>& offers);
// Prints what would be built, fetched and taken from caches; returns the exit code.
Result<int> print_dry_run(Session& session, const Planned& planned, bool check);

}  // namespace swage
