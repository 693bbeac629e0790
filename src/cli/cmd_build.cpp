// swage build: makes targets and links them.
#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "base/text.hpp"
#include "cache/background_push.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/out_links.hpp"
#include "cli/output.hpp"
#include "cli/realise_output.hpp"
#include "cli/target_options.hpp"
#include "daemon/address.hpp"
#include "request/config_report.hpp"
#include "request/goals.hpp"
#include "request/image_start.hpp"
#include "request/realising.hpp"

namespace swage {

namespace {

struct BuildOptions {
  TargetOptions targets{};
  RealiseOptions realise{};
  std::string out_link{};
  bool no_link = false;
  bool print_paths = false;
  bool dry_run = false;
  std::string push_to{};
  std::string key{};
  std::vector<std::string> upstreams{};
};

// What tells a goal from the others: the name alone, unless another target of this run has it too; of an image its own,
// which no other has.
std::string link_part(const std::vector<const Goal*>& goals, const Goal& goal) {
  if (goal.target.image) return goal.target.image->name;
  const auto name_of = [](const Goal& one) { return one.target.recipe.empty() ? one.target.name : one.target.recipe; };
  const bool alone = std::none_of(goals.begin(), goals.end(), [&](const Goal* other) {
    return other->target.text != goal.target.text && name_of(*other) == name_of(goal);
  });
  std::string name = alone && !goal.instance ? name_of(goal) : goal.target.text;
  std::replace(name.begin(), name.end(), '@', '-');
  return fmt::format("{}-{}", name, goal.platform->name);
}

// `result`, or `result-NAME-PLATFORM` when there are several (`result-NAME` of images); outputs other than `out` append
// their name.
std::string link_name(const BuildOptions& options, const std::vector<const Goal*>& goals, const Goal& goal,
                      std::string_view output) {
  const std::string base = options.out_link.empty() ? "result" : options.out_link;
  const std::string link = goals.size() == 1 ? base : fmt::format("{}-{}", base, link_part(goals, goal));
  return output == "out" ? link : fmt::format("{}-{}", link, output);
}

Result<void> check_links(Session& session, const BuildOptions& options, const Planned& planned) {
  if (options.no_link) return {};
  SWAGE_TRY(Store* store, session.store());
  for (const Goal* goal : planned.goals) {
    for (const auto& [name, output] : planned.planner->graph().find(goal->wanted->drv)->drv.outputs) {
      SWAGE_TRY(const fs::path link, absolute_path(link_name(options, planned.goals, *goal, name)));
      SWAGE_CHECK(check_out_link(*store, link));
    }
  }
  return {};
}

// Links what was made; the goal's outputs as JSON.
Result<Json> hand_over(Session& session, const BuildOptions& options, const Planned& planned, const Goal& goal) {
  SWAGE_TRY(Store* store, session.store());
  Json outputs = Json::object();
  for (const auto& [name, output] : planned.planner->graph().find(goal.wanted->drv)->drv.outputs) {
    SWAGE_TRY(const StorePath path, StorePath::parse(output.path));
    SWAGE_TRY(const bool valid, store->is_valid(path));
    if (!valid) continue;   // a cache gave the others
    const fs::path real = store->real_path(path);
    outputs[name] = {{"path", output.path}, {"realPath", real.string()}};
    if (!options.no_link) {
      SWAGE_TRY(const fs::path link, absolute_path(link_name(options, planned.goals, goal, name)));
      SWAGE_CHECK(make_out_link(*store, real, link));
    }
    if (!as_json() && options.print_paths && name == "out") print_result("{}\n", real.string());
  }
  return outputs;
}

// An image from which its board would not start is handed over, so that it can be looked at, and is an error.
Result<void> check_start(Session& session, const Planned& planned, const Goal& goal, std::vector<Error>& errors) {
  if (!goal.target.image) return {};
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const StorePath made,
            StorePath::parse(planned.planner->graph().find(goal.wanted->drv)->drv.outputs.at("out").path));
  SWAGE_TRY(const std::optional<BootReport> report, image_start(session, *goal.target.image, store->real_path(made)));
  if (!report) return {};
  for (std::string& line : start_warnings(*report, *goal.target.image))
    session.reporter().on(Message{std::move(line)});
  if (std::optional<Error> error = start_error(*report, *goal.target.image)) errors.push_back(*std::move(error));
  return {};
}

// --push-to, opened before anything is built for it. It begins with each path when that is built.
struct Publishing {
  std::unique_ptr<CachePlace> place{};   // none: nothing is published
  std::optional<SecretKey> key{};
  std::vector<std::unique_ptr<CachePlace>> upstreams{};
  std::unique_ptr<BackgroundPush> meanwhile{};

  PushOptions how() const {
    PushOptions how{.key = key ? &*key : nullptr};
    for (const auto& upstream : upstreams) how.upstreams.push_back(upstream.get());
    return how;
  }
};
Result<void> open_publishing(Session& session, const BuildOptions& options, Publishing& to) {
  if (options.push_to.empty()) return {};
  if (!options.key.empty()) {
    SWAGE_TRY(SecretKey key, SecretKey::read(options.key));
    to.key = std::move(key);
  }
  SWAGE_TRY(to.upstreams, open_places(options.upstreams));
  SWAGE_TRY(to.place, open_place(options.push_to, true));
  SWAGE_TRY(Store* store, session.store());
  to.meanwhile = std::make_unique<BackgroundPush>(*store, *to.place, to.how());
  return {};
}

OnBuilt push_when_built(const Publishing& to, const Planned& planned) {
  if (!to.meanwhile) return {};
  return [&](const StorePath& drv, const Result<BuildRecord>& outcome, const FailedLog&) {
    if (!outcome) return;
    StorePathSet paths;
    for (const auto& [name, output] : planned.planner->graph().find(drv)->drv.outputs)
      if (Result<StorePath> path = StorePath::parse(output.path)) paths.insert(*std::move(path));
    to.meanwhile->add(paths);
  };
}

// What the goals made, and all that this run built on the way.
Result<StorePathSet> made_paths(Store& store, const Planned& planned, const Made& made) {
  std::set<StorePath> drvs;
  for (const BuildRecord& one : made.done.built) drvs.insert(one.drv);
  for (std::size_t i = 0; i < planned.goals.size(); ++i)
    if (made.ends[i].end == BuildEnd::built) drvs.insert(planned.goals[i]->wanted->drv);
  StorePathSet paths;
  for (const StorePath& drv : drvs)
    for (const auto& [name, output] : planned.planner->graph().find(drv)->drv.outputs) {
      SWAGE_TRY(StorePath path, StorePath::parse(output.path));
      paths.insert(std::move(path));
    }
  return store.valid_paths(paths);
}

// The rest of it, once nothing is built any more.
Result<PushResult> publish(Session& session, const Publishing& to, const Planned& planned, const Made& made) {
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const StorePathSet paths, made_paths(*store, planned, made));
  const PushResult before = to.meanwhile->finish();
  SWAGE_TRY(PushResult pushed, push_paths(*store, paths, *to.place, to.how(), session.reporter()));
  pushed.present -= std::min(pushed.present, before.pushed);
  pushed.pushed += before.pushed;
  pushed.derivations += before.derivations;
  pushed.file_bytes += before.file_bytes;
  return pushed;
}

// What became of it, for programs. What went wrong is an error to end with: all is built, and linked.
Json publish_and_tell(Session& session, const Publishing& to, const Planned& planned, Made& made) {
  if (!to.place) return nullptr;
  const Result<PushResult> pushed = publish(session, to, planned, made);
  session.stop_reporter();
  if (!pushed) {
    Error error = pushed.error();
    made.errors.push_back(std::move(error).note(fmt::format("while pushing to '{}'", to.place->shown())));
    return {{"pushed", nullptr},      {"present", nullptr},   {"upstream", nullptr},
            {"derivations", nullptr}, {"fileBytes", nullptr}, {"error", error_json(made.errors.back())}};
  }
  if (!output_mode().quiet && !as_json())
    print_aside("pushed {} paths to '{}': {}; it had {} already\n", pushed->pushed, to.place->shown(),
                human_bytes(pushed->file_bytes), pushed->present);
  return {{"pushed", pushed->pushed},
          {"present", pushed->present},
          {"upstream", pushed->upstream},
          {"derivations", pushed->derivations},
          {"fileBytes", pushed->file_bytes},
          {"error", nullptr}};
}

// Of a daemon's builds swage bounds neither memory nor processes, and their log is as long as the daemon lets it be.
Result<void> check_build_at(Session& session, const RealiseOptions& realise) {
  if (realise.build_at.empty()) return {};
  SWAGE_TRY(const DaemonAddress address, DaemonAddress::parse(realise.build_at));
  if (address.socket.empty()) SWAGE_CHECK(session.check_online(fmt::format("'{}' cannot be reached", address.uri)));
  RealiseOptions limits;
  limits.limits = realise.limits;
  const std::string option = given_realise_option(limits);
  if (option.empty()) return {};
  return Fail(Error{.what = fmt::format("'{}' says nothing of what a Nix daemon builds", option),
                    .hint = "such limits are that machine's: leave it out, or --store"});
}

Result<int> run(Session& session, const BuildOptions& options) {
  SWAGE_CHECK(check_build_at(session, options.realise));
  LeftOut left_out(session, options.realise.keep_going);
  SWAGE_TRY(const OnImpossible collector, left_out.collector(options.targets));
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options.targets, "defconfig", KernelGoal::artifact, collector));
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::artifact, collector));
  const std::optional<Error> impossible = left_out.error(planned.wanted.empty());
  if (left_out.ends(impossible, planned.wanted.empty())) return Fail(*impossible);
  if (options.dry_run) {
    SWAGE_TRY(const int code, print_dry_run(session, planned, options.realise.check));
    if (impossible) return Fail(*impossible);
    return code;
  }
  SWAGE_CHECK(check_links(session, options, planned));
  Publishing publishing;
  SWAGE_CHECK(open_publishing(session, options, publishing));
  RealiseOptions realise = options.realise;
  realise.on_built = push_when_built(publishing, planned);
  SWAGE_TRY(Made made, make_and_tell(session, planned, std::move(realise)));
  auto results = Json::array();
  for (std::size_t i = 0; i < planned.goals.size(); ++i) {
    const Goal& goal = *planned.goals[i];
    const GoalEnd& end = made.ends[i];
    auto outputs = Json::object();
    std::optional<ConfigReport> report;
    if (end.end == BuildEnd::built) {
      SWAGE_TRY(outputs, hand_over(session, options, planned, goal));
      SWAGE_TRY(report, config_report_of(session, planned, goal));
      SWAGE_CHECK(check_start(session, planned, goal, made.errors));
      tell_config_report(goal_label(goal), report);
      if (options.realise.check && !output_mode().quiet && !as_json())
        print_aside("{} was built again and is the same bit for bit\n", goal_label(goal));
    }
    results.push_back({{"target", goal.target.text},
                       {"platform", goal.platform->name},
                       {"drv", goal.wanted->drv.str()},
                       {"state", end_name(end.end)},
                       {"because", text_or_null(end.because)},
                       {"error", error_or_null(end.error)},
                       {"outputs", std::move(outputs)}});
    if (report) results.back()["configuration"] = config_report_json(*report);
  }
  for (const LeftOut::Item& item : left_out.items())
    results.push_back({{"target", item.target},
                       {"platform", item.platform},
                       {"drv", nullptr},
                       {"state", "impossible"},
                       {"because", nullptr},
                       {"error", error_or_null(item.error)},
                       {"outputs", Json::object()}});
  Json pushed = publish_and_tell(session, publishing, planned, made);
  if (as_json()) {
    auto built = Json::array();
    for (const BuildRecord& one : made.done.built)
      built.push_back(
          {{"drv", one.drv.str()}, {"seconds", one.seconds}, {"cpuSeconds", one.cpu_seconds}, {"maxRss", one.max_rss}});
    SWAGE_TRY(Json caches, caches_json(session));
    print_json({{"results", std::move(results)},
                {"built", std::move(built)},
                {"caches", std::move(caches)},
                {"pushed", std::move(pushed)}});
  }
  if (impossible) made.errors.push_back(*impossible);
  if (!made.errors.empty()) return Fail(together(std::move(made.errors)));
  return 0;
}

}  // namespace

Action declare_build(const Options& app) {
  auto options = std::make_shared<BuildOptions>();
  declare_targets(app, options->targets);
  declare_realise(app, options->realise);
  declare_lowest_priority(app, options->realise);
  const Option out_link =
      app.add_option("-o,--out-link", options->out_link, "name of the link to the result (default: result)");
  const Option no_link = app.add_flag("--no-link", options->no_link, "make no link").excludes(out_link);
  const Option print_paths =
      app.add_flag("--print-out-paths", options->print_paths, "print where each target's output `out` is");
  const Option push_to =
      app.add_option("--push-to", options->push_to, "copy what is built into this cache, as it is built");
  app.add_option("--key", options->key, "sign what is pushed with the secret key in this file").needs(push_to);
  app.add_option("--upstream", options->upstreams, "what this cache has is not pushed").needs(push_to);
  const Option store = app.add_option("--store", options->realise.build_at,
                                      "build at this Nix daemon: daemon, unix://PATH or ssh-ng://HOST");
  app.add_flag("--dry-run", options->dry_run, "say what would be built, fetched and taken from caches")
      .excludes(out_link)
      .excludes(no_link)
      .excludes(print_paths)
      .excludes(push_to)
      .excludes(store);
  app.add_flag("--check", options->realise.check, "build once more and compare bit for bit").excludes(store);
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
