// swage plan: the derivations behind targets and the state of each. Reads no network but for what the lock file lacks;
// writes .drv files only when asked.
#include <array>
#include <fmt/core.h>
#include <set>

#include "cli/command.hpp"
#include "cli/graph_output.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/realise_output.hpp"
#include "cli/target_options.hpp"
#include "request/substituters.hpp"

namespace swage {

namespace {

struct PlanOptions {
  TargetOptions targets{};
  bool instantiate = false;
  std::optional<GraphFormat> graph{};
};

Result<int> instantiate(Session& session, const Graph& graph) {
  SWAGE_TRY(Store* store, session.store());
  // A .drv refers to its sources, and the store registers nothing with missing references: scripts are written,
  // downloads fetched.
  std::unique_ptr<SourceFetcher> fetcher;
  for (const auto& [path, source] : graph.sources) {
    SWAGE_TRY(const bool valid, store->is_valid(path));
    if (valid) continue;
    if (!fetcher) {
      SWAGE_TRY(fetcher, session.fetcher());
    }
    SWAGE_CHECK(fetcher->fetch(source, next_job_id()));
  }
  std::vector<const FinishedDerivation*> derivations;
  for (const FinishedDerivation& derivation : graph.derivations) derivations.push_back(&derivation);
  SWAGE_CHECK(store->add_derivations(derivations));
  return 0;
}

// Those of which every output is there.
Result<std::set<StorePath>> built_ones(Session& session, const Graph& graph) {
  SWAGE_TRY(Store* store, session.store());
  std::vector<std::pair<StorePath, StorePath>> outputs;   // and their derivations
  StorePathSet all;
  for (const FinishedDerivation& derivation : graph.derivations)
    for (const auto& [name, output] : derivation.drv.outputs) {
      SWAGE_TRY(StorePath path, StorePath::parse(output.path));
      all.insert(path);
      outputs.emplace_back(std::move(path), derivation.path);
    }
  SWAGE_TRY(const StorePathSet valid, store->valid_paths(all));
  std::set<StorePath> built;
  for (const FinishedDerivation& derivation : graph.derivations) built.insert(derivation.path);
  for (const auto& [output, drv] : outputs)
    if (!valid.contains(output)) built.erase(drv);
  return built;
}

// Of several; "" it is planned.
std::string why_left_out(const Catalog& catalog, const Goal& goal) {
  if (goal.unpinned) return goal.unpinned->what;
  if (!goal.cell.kernel) return "";
  if (goal.resolution && !goal.resolution->chosen) return unsatisfied(catalog, *goal.resolution).what;
  return goal.cell.machine ? ""
                           : fmt::format("'{}' has no boot machine for linux {}", goal.platform->name,
                                         goal.cell.kernel->version.str());
}

Result<int> run(Session& session, const PlanOptions& options) {
  if (as_json() && options.graph)
    return Fail(Error{.what = "'--json' and '--graph' cannot be given together",
                      .hint = "a graph for programs is: --graph json"});
  LeftOut left_out(session, false);
  SWAGE_TRY(const OnImpossible collector, left_out.collector(options.targets));
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options.targets, "tiny", KernelGoal::farthest, collector));
  // A platform without a boot machine for this kernel is no reason not to plan the others.
  if (goals.size() > 1) {
    SWAGE_TRY(const Catalog* catalog, session.catalog());
    std::erase_if(goals, [&](const Goal& goal) {
      const std::string why = why_left_out(*catalog, goal);
      if (!why.empty()) session.reporter().on(Message{fmt::format("note: {} is left out: {}", goal_label(goal), why)});
      return !why.empty();
    });
  }
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::farthest, collector));
  if (const std::optional<Error> error = left_out.error(planned.wanted.empty())) return Fail(*error);
  const Graph& graph = planned.planner->graph();
  if (options.instantiate) SWAGE_CHECK(instantiate(session, graph));
  SWAGE_TRY(const std::set<StorePath> built, built_ones(session, graph));
  if (options.graph) {
    print_result("{}", graph_text(graph, *options.graph, built));
    return 0;
  }
  SWAGE_TRY(CacheSubstituter* caches, session.substituter());
  RealisePlan todo;   // where caches are asked: what of it is needed
  if (caches) {
    SWAGE_TRY(Store* store, session.store());
    SWAGE_TRY(todo, plan_realise(*store, graph, planned.wanted, false, caches));
  }
  const std::set<StorePath> to_build(todo.build.begin(), todo.build.end());
  const std::set<StorePath> to_take(todo.substituted.begin(), todo.substituted.end());
  const auto state_of = [&](const StorePath& drv) {
    if (built.contains(drv)) return "built";
    if (!caches || to_build.contains(drv)) return "to build";
    return to_take.contains(drv) ? "cached" : "unneeded";
  };
  auto list = Json::array();
  for (const FinishedDerivation& derivation : graph.derivations) {
    Json out = Json::object();
    for (const auto& [name, output] : derivation.drv.outputs) out[name] = output.path;
    const char* state = state_of(derivation.path);
    if (as_json())
      list.push_back({{"drv", derivation.path.str()},
                      {"name", derivation.drv.name},
                      {"outputs", std::move(out)},
                      {"state", state}});
    else print_result("{:>8}  {}\n", state, derivation.path.str());
  }
  if (as_json()) {
    SWAGE_TRY(Json uses, caches_json(session));
    print_json({{"derivations", std::move(list)},
                {"substitute", offers_json(todo.substitute)},
                {"caches", std::move(uses)}});
    return 0;
  }
  print_aside("{} derivations, {} built, {} sources\n", graph.derivations.size(), built.size(), graph.sources.size());
  if (!caches) return 0;
  print_aside("from caches: {}\n", offers_text(todo.substitute));
  if (const std::string text = caches_summary(caches->uses()); !text.empty()) print_aside("{}\n", text);
  return 0;
}

}  // namespace

Action declare_plan(const Options& app) {
  auto options = std::make_shared<PlanOptions>();
  declare_targets(app, options->targets);
  app.add_flag("--instantiate", options->instantiate,
               "write the .drv files and fetch their sources, so that Nix can build them");
  static constexpr std::array formats{GraphFormat::dot, GraphFormat::mermaid, GraphFormat::json};
  app.add_choice(
      "--graph", {"dot", "mermaid", "json"}, [options](std::size_t i) { options->graph = formats[i]; }, "FORMAT",
      "print who needs whom instead: dot, mermaid or json");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
