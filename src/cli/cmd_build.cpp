// swage build: makes targets and links them.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/config_report.hpp"
#include "cli/goals.hpp"
#include "cli/realising.hpp"

namespace swage {

namespace {

struct BuildOptions {
  TargetOptions targets{};
  RealiseOptions realise{};
  std::string out_link{};
  bool no_link = false;
  bool print_paths = false;
  bool dry_run = false;
};

// `result`, or `result-NAME-PLATFORM` when there are several; outputs other than `out` append their name.
std::string link_name(const BuildOptions& options, const Goal& goal, std::size_t count, std::string_view output) {
  const std::string base = options.out_link.empty() ? "result" : options.out_link;
  std::string name = goal.target.recipe.empty() ? goal.target.name : goal.target.recipe;
  std::replace(name.begin(), name.end(), '@', '-');
  const std::string link = count == 1 ? base : fmt::format("{}-{}-{}", base, name, goal.platform->name);
  return output == "out" ? link : fmt::format("{}-{}", link, output);
}

Result<int> run(Session& session, const BuildOptions& options) {
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options.targets, "defconfig"));
  SWAGE_TRY(Planned planned, plan_and_check(session, goals, KernelGoal::artifact));
  if (options.dry_run) return print_dry_run(session, planned, options.realise.check);
  SWAGE_TRY(const RealiseResult done, realise_planned(session, planned, options.realise));
  if (options.realise.check && !session.options().quiet && !session.options().json)
    for (const Goal& goal : goals) fmt::print(stderr, "{} was built again and is the same bit for bit\n", goal_label(goal));
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  SWAGE_TRY(Store* store, session.store());
  for (const Goal& goal : goals) {
    const Derivation& drv = planned.planner->graph().find(goal.wanted->drv)->drv;
    nlohmann::ordered_json outputs = nlohmann::ordered_json::object();
    for (const auto& [name, output] : drv.outputs) {
      SWAGE_TRY(const StorePath path, StorePath::parse(output.path));
      const fs::path real = store->real_path(path);
      outputs[name] = {{"path", output.path}, {"realPath", real.string()}};
      if (!options.no_link) {
        const fs::path link = fs::absolute(link_name(options, goal, goals.size(), name));
        SWAGE_CHECK(make_symlink_atomically(real.string(), link));
        SWAGE_CHECK(store->add_indirect_root(link));
      }
      if (!session.options().json && options.print_paths && name == "out") fmt::print("{}\n", real.string());
    }
    SWAGE_TRY(const std::optional<ConfigReport> report, config_report_of(session, planned, goal));
    tell_config_report(session, goal, report);
    results.push_back({{"target", goal.target.text}, {"platform", goal.platform->name},
                       {"drv", goal.wanted->drv.str()}, {"outputs", std::move(outputs)}});
    if (report) results.back()["configuration"] = config_report_json(*report);
  }
  if (session.options().json) {
    auto built = nlohmann::ordered_json::array();
    for (const BuildRecord& one : done.built)
      built.push_back({{"drv", one.drv.str()}, {"seconds", one.seconds}, {"cpuSeconds", one.cpu_seconds}, {"maxRss", one.max_rss}});
    fmt::print("{}\n", nlohmann::ordered_json{{"results", std::move(results)}, {"built", std::move(built)}}.dump());
  }
  return 0;
}

}  // namespace

Action declare_build(CLI::App& app) {
  auto options = std::make_shared<BuildOptions>();
  declare_targets(app, options->targets);
  declare_realise(app, options->realise);
  app.add_option("-o,--out-link", options->out_link, "name of the link to the result (default: result)");
  app.add_flag("--no-link", options->no_link, "make no link");
  app.add_flag("--print-out-paths", options->print_paths, "print where each target's output `out` is");
  app.add_flag("--dry-run", options->dry_run, "say what would be built and fetched");
  app.add_flag("--check", options->realise.check, "build once more and compare bit for bit");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
