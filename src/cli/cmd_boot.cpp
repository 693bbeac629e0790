// swage boot: builds a kernel and its userland, boots them in QEMU and tells what they said.
#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/realise_output.hpp"
#include "cli/target_options.hpp"
#include "evidence/recorder.hpp"
#include "realise/durations.hpp"
#include "request/config_report.hpp"
#include "request/realising.hpp"

namespace swage {

namespace {

struct BootOptions {
  TargetOptions targets{};
  RealiseOptions realise{};
};

// One part of a boot: a derivation that the boot was made from, with how long it took here when it was built.
struct Part {
  std::string name;
  std::optional<double> seconds{};
  bool built_now = false;
  bool in_store = false;      // no: the boot itself, or what it was made from, came from a cache
};

struct Verdict {
  std::string banner, userland, log_path;
  std::vector<Part> parts{};
};

Result<Verdict> read_verdict(Session& session, const Planned& planned, const Goal& goal, const RealiseResult& done) {
  SWAGE_TRY(Store* store, session.store());
  const Graph& graph = planned.planner->graph();
  SWAGE_TRY(const StorePath out, StorePath::parse(graph.find(goal.wanted->drv)->drv.outputs.at("out").path));
  const fs::path directory = store->real_path(out);
  Verdict verdict{.log_path = (directory / "log").string()};
  for (auto [file, text] : {std::pair("banner", &verdict.banner), std::pair("userland", &verdict.userland)}) {
    SWAGE_TRY(*text, read_output_line(directory, file));
  }
  const Durations durations = Durations::load(store->work_dir() / "durations");
  for (const StorePath& drv : graph.closure(goal.wanted->drv)) {
    const Derivation& derivation = graph.find(drv)->drv;
    Part part{.name = derivation.name};
    SWAGE_TRY(const StorePath output, StorePath::parse(derivation.outputs.begin()->second.path));
    SWAGE_TRY(part.in_store, store->is_valid(output));
    part.seconds = durations.find(part.name);
    for (const BuildRecord& record : done.built)
      if (record.drv == drv) {
        part.seconds = record.seconds;
        part.built_now = true;
      }
    verdict.parts.push_back(std::move(part));
  }
  return verdict;
}

void print_verdict(const Goal& goal, const Verdict& verdict) {
  print_result("{} booted\n  toolchain  {}\n  banner     {}\n  userland   {}\n", goal_label(goal),
               fmt::format("{} ({})", toolchain_text(*goal.cell.toolchain), goal.cell.toolchain->id), verdict.banner,
               verdict.userland);
  for (const Part& part : verdict.parts)
    print_result("  {:>9}  {}{}\n", part.seconds ? human_seconds(*part.seconds) : "?", part.name,
               part.built_now ? "" : part.in_store ? " (in the store)" : " (not needed)");
}

Json to_json(const Goal& goal, const Verdict& verdict) {
  auto parts = Json::array();
  for (const Part& part : verdict.parts) {
    Json seconds = nullptr;
    if (part.seconds) seconds = *part.seconds;
    parts.push_back({{"name", part.name},
                     {"seconds", std::move(seconds)},
                     {"builtNow", part.built_now},
                     {"inStore", part.in_store}});
  }
  return {{"target", goal.target.text},
          {"platform", goal.platform->name},
          {"kernel", goal.cell.kernel ? Json(goal.cell.kernel->version.str()) : Json(nullptr)},
          {"toolchain", goal.cell.toolchain->id},
          {"drv", goal.wanted->drv.str()},
          {"banner", verdict.banner},
          {"userland", verdict.userland},
          {"log", verdict.log_path},
          {"parts", std::move(parts)}};
}

Result<int> run(Session& session, const BootOptions& options) {
  SWAGE_TRY(const std::vector<Target> targets, find_targets(session, options.targets));
  for (const Target& target : targets) SWAGE_CHECK(check_boots(target));
  LeftOut left_out(session, options.realise.keep_going);
  SWAGE_TRY(const OnImpossible impossible, left_out.collector(options.targets));
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options.targets, "tiny", KernelGoal::boot, impossible));
  for (std::size_t i = 0; i < goals.size();) {
    if (goals[i].cell.machine || goals[i].cell.image) {   // a board without an emulator says why itself
      ++i;
      continue;
    }
    const Error error{.code = Errc::unsatisfiable,
                      .what = fmt::format("'{}' has no boot machine for linux {}", goals[i].platform->name,
                                          goals[i].cell.kernel->version.str())};
    if (!impossible) return Fail(error);
    impossible(goals[i], error);
    goals.erase(goals.begin() + static_cast<std::ptrdiff_t>(i));
  }
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::boot, impossible));
  std::optional<Error> unmade = left_out.error(planned.wanted.empty());
  if (left_out.ends(unmade, planned.wanted.empty())) return Fail(*std::move(unmade));
  SWAGE_TRY(Made made, make_and_tell(session, planned, options.realise));
  session.stop_reporter();
  auto boots = Json::array();
  for (std::size_t i = 0; i < planned.goals.size(); ++i) {
    if (made.ends[i].end != BuildEnd::built) continue;
    const Goal& goal = *planned.goals[i];
    SWAGE_TRY(const Verdict verdict, read_verdict(session, planned, goal, made.done));
    SWAGE_TRY(const std::optional<ConfigReport> report, config_report_of(session, planned, goal));
    tell_config_report(goal_label(goal), report);
    if (!as_json()) {
      print_verdict(goal, verdict);
      continue;
    }
    boots.push_back(to_json(goal, verdict));
    if (report) boots.back()["configuration"] = config_report_json(*report);
  }
  if (as_json()) {
    SWAGE_TRY(Json caches, caches_json(session));
    print_json({{"boots", std::move(boots)}, {"caches", std::move(caches)}});
  }
  if (unmade) made.errors.push_back(*std::move(unmade));
  if (!made.errors.empty()) return Fail(together(std::move(made.errors)));
  return 0;
}

}  // namespace

Action declare_boot(const Options& app) {
  auto options = std::make_shared<BootOptions>();
  declare_targets(app, options->targets);
  declare_realise(app, options->realise);
  declare_lowest_priority(app, options->realise);
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
