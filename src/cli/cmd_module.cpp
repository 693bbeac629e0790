// swage module: builds out-of-tree modules against a kernel, and loads them in a boot of it.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/goals.hpp"
#include "cli/realising.hpp"
#include "cli/trees.hpp"

namespace swage {

namespace {

struct ModuleOptions {
  std::string directory{};
  TargetOptions targets{};
  RealiseOptions realise{};
  std::string out_link = "result";
  bool boot = false;
};

Result<int> run(Session& session, const ModuleOptions& options) {
  TargetOptions targets = options.targets;
  // Before the user's own, which may say otherwise.
  targets.enable.insert(targets.enable.begin(), {"MODULES", "MODULE_UNLOAD"});
  const KernelGoal kernel_goal = options.boot ? KernelGoal::boot : KernelGoal::artifact;
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, targets, "tiny", kernel_goal));
  SWAGE_TRY(const Source modules, module_source(session, options.directory));
  for (Goal& goal : goals) {
    if (!goal.cell.kernel) return fail(Errc::invalid_input, fmt::format("'{}' is not a kernel", goal.target.text));
    goal.cell.kernel->options.modules = modules;
    goal.target.name = goal.target.recipe = options.boot ? "boot-modules" : "module";
  }
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::artifact));
  SWAGE_CHECK(realise_planned(session, planned, options.realise));
  session.stop_reporter();
  SWAGE_TRY(Store* store, session.store());
  auto results = nlohmann::ordered_json::array();
  for (const Goal& goal : goals) {
    SWAGE_TRY(const StorePath out, StorePath::parse(planned.planner->graph().find(goal.wanted->drv)->drv.outputs.at("out").path));
    const fs::path real = store->real_path(out);
    const std::string kernel = fmt::format("linux {} for {}", goal.cell.kernel->version.str(), goal.platform->name);
    if (options.boot) {
      SWAGE_TRY(const std::string said, read_file(real / "userland"));
      if (!session.options().json) fmt::print("loaded in a boot of {}\n  {}", kernel, said);
    } else {
      const fs::path link = fs::absolute(goals.size() == 1 ? options.out_link : fmt::format("{}-{}", options.out_link, goal.platform->name));
      SWAGE_CHECK(make_symlink_atomically(real.string(), link));
      SWAGE_CHECK(store->add_indirect_root(link));
      SWAGE_TRY(const std::vector<std::string> files, list_directory(real));
      if (!session.options().json)
        for (const std::string& file : files) fmt::print("{}/{}: for {}\n", link.filename().string(), file, kernel);
    }
    results.push_back({{"kernel", goal.cell.kernel->version.str()}, {"platform", goal.platform->name}, {"toolchain", goal.cell.toolchain->id},
                       {"drv", goal.wanted->drv.str()}, {"path", real.string()}, {"booted", options.boot}});
  }
  if (session.options().json) fmt::print("{}\n", nlohmann::ordered_json{{"modules", std::move(results)}}.dump());
  return 0;
}

}  // namespace

Action declare_module(CLI::App& app) {
  auto options = std::make_shared<ModuleOptions>();
  app.add_option("DIR", options->directory, "a directory with a Kbuild or Makefile that says obj-m")->required();
  declare_targets(app, options->targets, TargetsAs::kernel_option);
  declare_realise(app, options->realise);
  app.add_flag("--boot", options->boot, "boot the kernel and load the modules; fails unless it takes them");
  app.add_option("-o,--out-link", options->out_link, "name of the link to the result (default: result)");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
