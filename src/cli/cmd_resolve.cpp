// swage resolve: which toolchain, and why. Builds nothing.
#include <fmt/core.h>
#include <set>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/target_options.hpp"
#include "request/goals.hpp"

namespace swage {

namespace {

struct ResolveOptions {
  TargetOptions targets{};
  bool explain = false;
};

// Of a kernel that the catalog does not have, which it has: it can be resolved, not built. Said once for each.
Result<std::optional<std::vector<std::string>>> kernels_instead(Session& session, const Goal& goal,
                                                                std::set<std::string>& told) {
  if (!goal.cell.kernel || goal.cell.kernel->source) return std::nullopt;
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const LockView lock, session.lock_view());
  SWAGE_TRY(std::vector<std::string> nearest, nearest_kernels(*catalog, lock.sources(), goal.cell.kernel->version));
  if (told.insert(goal.target.text).second)
    session.reporter().on(
        Message{fmt::format("note: '{}' is not in the catalog: it can be resolved, not built; nearest: {}",
                            goal.target.text, join(nearest, " and "))});
  return nearest;
}

Result<int> run(Session& session, const ResolveOptions& options) {
  SWAGE_TRY(const std::deque<Goal> goals, make_goals(session, options.targets, "tiny", KernelGoal::resolution));
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  const bool json = as_json();
  std::optional<Error> impossible;
  bool first = true;
  std::set<std::string> told;
  if (json) print_result("{{\"resolutions\":[");
  for (const Goal& goal : goals) {
    if (!goal.resolution) return fail(Errc::invalid_input, fmt::format("'{}' needs no toolchain", goal.target.text));
    const Resolution& resolution = *goal.resolution;
    SWAGE_TRY(const auto nearest, kernels_instead(session, goal, told));
    if (json) print_result("{}{}", first ? "" : ",", resolution_json(resolution, nearest));
    else if (options.explain) print_result("{}{}", first ? "" : "\n", explain(resolution));
    else if (resolution.chosen) print_result("{}: {}\n", goal_label(goal), resolution.chosen->id);
    if (!resolution.chosen) {
      Error error = unsatisfied(*catalog, resolution);
      if (impossible) impossible->also.push_back(std::move(error));
      else impossible = std::move(error);
    }
    first = false;
  }
  if (json) print_result("]}}\n");
  if (impossible) return Fail(std::move(*impossible));
  return 0;
}

}  // namespace

Action declare_resolve(const Options& app) {
  auto options = std::make_shared<ResolveOptions>();
  declare_targets(app, options->targets);
  app.add_flag("--explain", options->explain, "every rule that applied and every candidate that was rejected");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
