// swage fetch: what builds of targets need from outside, so that they need no network afterwards.
#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/realise_output.hpp"
#include "cli/target_options.hpp"
#include "request/substituters.hpp"

namespace swage {

namespace {

struct FetchCommand {
  TargetOptions targets{};
  bool boot = false;
  bool keep_going = false;
  bool dry_run = false;
};

// A source that comes from outside.
struct Outside {
  StorePath path;
  std::string name{};
  std::uint64_t size = 0;                  // 0: not known before it is there
};

std::vector<Outside> from_outside(const Graph& graph, const std::vector<StorePath>& sources) {
  std::vector<Outside> files;
  for (const StorePath& path : sources) {
    const Source& source = graph.sources.at(path);
    if (const Source::Download* download = source.download())
      files.push_back({.path = path, .name = download->name, .size = download->size});
    else if (const auto* tree = std::get_if<Source::Tree>(&source.how))
      files.push_back({.path = path, .name = tree->name});
  }
  return files;
}

Json files_json(const std::vector<Outside>& files) {
  Json all = Json::array();
  for (const Outside& file : files)
    all.push_back(
        {{"path", file.path.str()}, {"name", file.name}, {"size", file.size ? Json(file.size) : Json(nullptr)}});
  return all;
}

Result<int> print_fetch_plan(Session& session, const std::vector<Outside>& files, const std::vector<Offer>& offers) {
  std::uint64_t bytes = 0;
  std::size_t unknown = 0;
  for (const Outside& file : files) {
    bytes += file.size;
    unknown += file.size == 0;
  }
  if (as_json()) {
    SWAGE_TRY(Json uses, caches_json(session));
    print_json({{"files", files_json(files)},
                {"bytes", bytes},
                {"unknownSizes", unknown},
                {"substitute", offers_json(offers)},
                {"caches", std::move(uses)}});
    return 0;
  }
  print_result("would fetch {} ({}{})\n", counted(files.size(), "file"), human_bytes(bytes),
               unknown ? fmt::format(" and {} of unknown size", unknown) : "");
  for (const Outside& file : files)
    print_result("  {} ({})\n", file.name, file.size ? human_bytes(file.size) : "size unknown");
  SWAGE_CHECK(print_offers(session, offers));
  return 0;
}

Result<int> print_fetched(Session& session, const std::vector<Outside>& files, const RealiseResult& done) {
  const Traffic::Total traffic = session.traffic().total();
  if (as_json()) {
    SWAGE_TRY(Json uses, caches_json(session));
    print_json({{"files", files_json(files)},
                {"fetched", done.fetched},
                {"substituted", done.substituted},
                {"bytes", traffic.bytes},
                {"seconds", traffic.seconds},
                {"caches", std::move(uses)}});
  } else if (done.fetched == 0 && done.substituted == 0) {
    print_result("nothing is to be fetched: all is there\n");
  } else {
    print_result("fetched {}{}: {}\n", counted(done.fetched, "file"),
                 done.substituted ? fmt::format(" and {} of caches", counted(done.substituted, "path")) : "",
                 traffic_text(traffic));
  }
  return 0;
}

Result<int> run(Session& session, const FetchCommand& command) {
  LeftOut left_out(session, command.keep_going);
  SWAGE_TRY(const OnImpossible collector, left_out.collector(command.targets));
  const KernelGoal kernel_goal = command.boot ? KernelGoal::farthest : KernelGoal::artifact;
  SWAGE_TRY(std::deque<Goal> goals,
            make_goals(session, command.targets, command.boot ? "tiny" : "defconfig", kernel_goal, collector));
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, kernel_goal, collector));
  const std::optional<Error> impossible = left_out.error(planned.wanted.empty());
  if (left_out.ends(impossible, planned.wanted.empty())) return Fail(*impossible);
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(CacheSubstituter* caches, session.substituter());
  const Graph& graph = planned.planner->graph();
  SWAGE_TRY(const RealisePlan todo, plan_realise(*store, graph, planned.wanted, false, caches));
  const std::vector<Outside> files = from_outside(graph, todo.fetch);
  int code = 0;
  if (command.dry_run) {
    SWAGE_TRY(code, print_fetch_plan(session, files, todo.substitute));
  } else {
    SWAGE_TRY(const RealiseResult done,
              realise_planned(session, planned, {.keep_going = command.keep_going, .only_fetch = true}));
    session.stop_reporter();
    SWAGE_TRY(code, print_fetched(session, files, done));
  }
  if (impossible) return Fail(*impossible);
  return code;
}

}  // namespace

Action declare_fetch(const Options& app) {
  auto command = std::make_shared<FetchCommand>();
  declare_targets(app, command->targets);
  app.add_flag("--boot", command->boot, "also what booting kernels takes");
  app.add_flag("-k,--keep-going", command->keep_going, "after a failure, fetch the rest");
  app.add_flag("--dry-run", command->dry_run, "say what would be fetched and taken from caches, and how much");
  return [command](Session& session) { return run(session, *command); };
}

}  // namespace swage
