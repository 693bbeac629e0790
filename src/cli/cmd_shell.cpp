// swage shell: the caller's own shell with the toolchain of a target on PATH and its variables set.
#include <cstdlib>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/realising.hpp"
#include "realise/host_view.hpp"

namespace swage {

namespace {

struct ShellOptions {
  TargetOptions targets{};
  RealiseOptions realise{};
  std::string command{};
};

std::map<std::string, std::string> variables(const Goal& goal, const std::string& toolchain) {
  const ToolchainRow& row = *goal.cell.toolchain;
  const char* path = std::getenv("PATH");
  std::map<std::string, std::string> env{
      {"PATH", fmt::format("{}/bin:{}", toolchain, path ? path : "/usr/bin:/bin")},
      {"ARCH", goal.platform->kernel_arch},
      {"CROSS_COMPILE", row.prefix},
      {"CC", row.prefix + row.compiler},
      {"SWAGE_TOOLCHAIN", toolchain},
      {"SWAGE_SHELL", fmt::format("{} {}", goal.platform->name, row.id)},
  };
  for (const auto& [name, tool] : {std::pair("LD", "ld"), std::pair("AR", "ar"), std::pair("NM", "nm"), std::pair("STRIP", "strip"),
                                   std::pair("OBJCOPY", "objcopy"), std::pair("OBJDUMP", "objdump")})
    env[name] = row.prefix + tool;
  return env;
}

Result<int> run(Session& session, const ShellOptions& options) {
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options.targets, "tiny"));
  if (goals.size() != 1) return fail(Errc::invalid_input, "'swage shell' wants one platform");
  Goal& goal = goals.front();
  if (!goal.resolution) return fail(Errc::invalid_input, fmt::format("'{}' has no toolchain to open a shell with", goal.target.text));
  goal.target.name = "toolchain";   // what is built for a shell, whatever it is for
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::artifact));
  SWAGE_TRY(Store* store, session.store());
  const Derivation& drv = planned.planner->graph().find(goal.wanted->drv)->drv;
  const std::string toolchain = drv.outputs.at("out").path;
  SWAGE_TRY(const StorePath path, StorePath::parse(toolchain));
  SWAGE_CHECK(store->add_temp_root(path));
  SWAGE_CHECK(realise_planned(session, planned, options.realise));
  session.stop_reporter();

  HostViewSpec spec{.store_root = store->root(), .env = variables(goal, toolchain)};
  const char* shell = std::getenv("SHELL");
  if (!options.command.empty()) spec.argv = {"/bin/sh", "-c", options.command};
  else spec.argv = {shell && *shell ? shell : "/bin/sh"};
  return run_in_host_view(spec);
}

}  // namespace

Action declare_shell(CLI::App& app) {
  auto options = std::make_shared<ShellOptions>();
  declare_targets(app, options->targets, TargetsAs::one);
  declare_realise(app, options->realise);
  app.add_option("-c,--command", options->command, "run this and leave with its status");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
