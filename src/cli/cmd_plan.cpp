// swage plan: the derivations behind targets and the state of each. Reads no network; writes .drv files only when asked.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/realising.hpp"

namespace swage {

namespace {

struct PlanOptions {
  TargetOptions targets{};
  bool instantiate = false;
};

// The derivations that the goals reach, inputs first.
std::vector<const FinishedDerivation*> reached(const Graph& graph) {
  std::vector<const FinishedDerivation*> order;
  for (const FinishedDerivation& derivation : graph.derivations) order.push_back(&derivation);
  return order;
}

Result<int> instantiate(Session& session, const Graph& graph) {
  SWAGE_TRY(Store* store, session.store());
  // A .drv refers to its sources, and the store registers nothing with missing references: scripts are written, downloads fetched.
  std::unique_ptr<SourceFetcher> fetcher;
  for (const auto& [path, source] : graph.sources) {
    SWAGE_TRY(const bool valid, store->is_valid(path));
    if (valid) continue;
    if (!fetcher) {
      SWAGE_TRY(fetcher, session.fetcher());
    }
    SWAGE_CHECK(fetcher->fetch(source, next_job_id()));
  }
  SWAGE_CHECK(store->add_derivations(reached(graph)));
  return 0;
}

Result<int> run(Session& session, const PlanOptions& options) {
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options.targets, "tiny", KernelGoal::boot));
  // A platform without a boot machine for this kernel is no reason not to plan the others of `--for all`.
  if (goals.size() > 1)
    std::erase_if(goals, [](const Goal& goal) { return goal.cell.kernel && (!goal.cell.machine || !goal.cell.toolchain); });
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::boot));
  const Graph& graph = planned.planner->graph();
  if (options.instantiate) SWAGE_CHECK(instantiate(session, graph));
  SWAGE_TRY(Store* store, session.store());
  StorePathSet outputs;
  for (const FinishedDerivation& derivation : graph.derivations)
    for (const auto& [name, output] : derivation.drv.outputs) {
      SWAGE_TRY(StorePath path, StorePath::parse(output.path));
      outputs.insert(std::move(path));
    }
  SWAGE_TRY(const StorePathSet valid, store->valid_paths(outputs));
  auto list = nlohmann::ordered_json::array();
  std::size_t built = 0;
  for (const FinishedDerivation* derivation : reached(graph)) {
    nlohmann::ordered_json out = nlohmann::ordered_json::object();
    bool all_valid = true;
    for (const auto& [name, output] : derivation->drv.outputs) {
      out[name] = output.path;
      SWAGE_TRY(const StorePath path, StorePath::parse(output.path));
      all_valid = all_valid && valid.contains(path);
    }
    built += all_valid;
    const char* state = all_valid ? "built" : "to build";
    if (session.options().json)
      list.push_back({{"drv", derivation->path.str()}, {"name", derivation->drv.name}, {"outputs", std::move(out)}, {"state", state}});
    else fmt::print("{:>8}  {}\n", state, derivation->path.str());
  }
  if (session.options().json) fmt::print("{}\n", nlohmann::ordered_json{{"derivations", std::move(list)}}.dump());
  else fmt::print(stderr, "{} derivations, {} built, {} sources\n", graph.derivations.size(), built, graph.sources.size());
  return 0;
}

}  // namespace

Action declare_plan(CLI::App& app) {
  auto options = std::make_shared<PlanOptions>();
  declare_targets(app, options->targets);
  app.add_flag("--instantiate", options->instantiate, "write the .drv files and fetch their sources, so that Nix can build them");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
