// The report of a kernel that was built.
#include <fmt/core.h>

#include "base/beneath.hpp"
#include "request/config_report.hpp"
#include "request/realising.hpp"

namespace swage {

Result<std::optional<ConfigReport>> config_report_of(Session& session, const Planned& planned, const Goal& goal) {
  if (!goal.cell.kernel || !goal.cell.toolchain) return std::nullopt;
  SWAGE_TRY(Store* store, session.store());
  const Graph& graph = planned.planner->graph();
  const std::string name = fmt::format("linux-{}-{}", goal.cell.kernel->version.str(), goal.platform->name);
  for (const StorePath& drv : graph.closure(goal.wanted->drv)) {
    const Derivation& derivation = graph.find(drv)->drv;
    if (derivation.name != name) continue;
    SWAGE_TRY(const StorePath out, StorePath::parse(derivation.outputs.at("out").path));
    SWAGE_TRY(const bool valid, store->is_valid(out));
    if (!valid) return std::nullopt;   // what was made of it came from a cache
    SWAGE_TRY(const Beneath files, Beneath::open(store->real_path(out)));
    SWAGE_TRY(const std::optional<std::string> text, files.find("config-drift.json"));
    if (!text) return std::nullopt;   // a layer's own recipe for kernels
    SWAGE_TRY(ConfigReport report, parse_config_report(*text));
    return report;
  }
  return std::nullopt;
}

}  // namespace swage
