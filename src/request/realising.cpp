#include "request/realising.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fmt/core.h>
#include <map>
#include <mutex>
#include <thread>

#include "base/text.hpp"
#include "request/clues.hpp"
#include "request/known_workspaces.hpp"
#include "request/mirrors.hpp"
#include "request/setting_words.hpp"
#include "request/substituters.hpp"

namespace swage {

Result<std::unique_ptr<Planner>> plan_with_pins(Session& session, const PlanWith& plan) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const Instances* instances, session.instances());
  std::unique_ptr<Planner> planner;
  const auto begin = [&]() -> Result<void> {
    SWAGE_TRY(LockView lock, session.lock_view());
    planner = std::make_unique<Planner>(*catalog, std::move(lock), *instances);
    return {};
  };
  SWAGE_CHECK(begin());
  planner->collect_absent();
  SWAGE_CHECK(plan(*planner));
  const std::set<std::string> absent = planner->end_collecting();
  if (absent.empty()) return planner;
  Result<void> pinned = session.pin(absent);
  if (!pinned && pinned.error().code == Errc::interrupted) return Fail(std::move(pinned).error());
  SWAGE_CHECK(begin());
  if (Result<void> planned = plan(*planner); !planned)
    return Fail(pinned ? std::move(planned).error() : std::move(pinned).error());
  if (!pinned) session.reporter().on(Message{fmt::format("note: {}", pinned.error().what)});
  return planner;
}

Result<Planned> plan_and_check(Session& session, std::deque<Goal>& goals, KernelGoal kernel_goal,
                               const OnImpossible& impossible, const PlanWith& more) {
  std::vector<std::pair<const Goal*, Error>> left_out;
  OnImpossible leave_out;
  if (impossible) leave_out = [&](const Goal& goal, const Error& error) { left_out.emplace_back(&goal, error); };
  Planned planned;
  SWAGE_TRY(planned.planner, plan_with_pins(session, [&](Planner& planner) -> Result<void> {
              left_out.clear();
              for (Goal& goal : goals) goal.wanted.reset();
              SWAGE_CHECK(plan_goals(session, goals, planner, kernel_goal, leave_out));
              return more ? more(planner) : Result<void>();
            }));
  for (const auto& [goal, error] : left_out) impossible(*goal, error);
  for (const Goal& goal : goals) {
    if (!goal.wanted) continue;
    planned.wanted.push_back(*goal.wanted);
    planned.goals.push_back(&goal);
  }
  return planned;
}

namespace {

// Puts what is known of a failure into its error, by the first goal that it stands in the way of.
void add_clues(const Catalog& catalog, Store& store, const Planned& planned, const StorePath& drv,
               Result<BuildRecord>& outcome, const FailedLog& log) {
  if (outcome || outcome.error().code != Errc::build_failed) return;
  for (std::size_t i = 0; i < planned.wanted.size(); ++i) {
    const Graph& graph = planned.planner->graph();
    const std::vector<StorePath> behind = graph.closure(planned.wanted[i].drv);
    if (std::find(behind.begin(), behind.end(), drv) == behind.end()) continue;
    const Result<Clue> clue = find_clue(catalog, store, graph, *planned.goals[i], drv, log);
    if (clue) add_clue(outcome.error(), *clue, *planned.goals[i]);
    else outcome.error().also.push_back(clue.error());
    return;
  }
}

// How well a run used the machine: processor time of its builds against that of all cores. Of failed builds it is not
// known.
class Work {
 public:
  void add(const Result<BuildRecord>& outcome) {
    const std::scoped_lock lock(mutex_);
    if (!outcome) ++failed_;   // or cancelled
    else if (!outcome->waited_for_other) {
      ++built_;
      cpu_seconds_ += outcome->cpu_seconds;
    }
  }
  // "" of a single build, whose time is shown already, and where some failed.
  std::string summary() const {
    if (built_ < 2 || failed_ > 0) return {};
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const unsigned cores = std::max(std::thread::hardware_concurrency(), 1U);
    return fmt::format("{} built in {}, with {:.0f} % of {} cores in use", built_, human_seconds(wall),
                       100 * cpu_seconds_ / (wall * cores), cores);
  }

 private:
  std::mutex mutex_{};
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::size_t built_ = 0, failed_ = 0;
  double cpu_seconds_ = 0;
};

// Made for the first source: to ask the host for its mirrors takes longer than to take a kernel from a cache.
class FetcherWhenNeeded final : public SourceFetcher {
 public:
  explicit FetcherWhenNeeded(Session& session) : session_(session) {}
  Result<void> fetch(const Source& source, std::uint64_t id) override {
    SWAGE_CHECK(make());
    return fetcher_->fetch(source, id);
  }

 private:
  Result<void> make() {
    const std::scoped_lock lock(mutex_);
    if (fetcher_) return {};
    SWAGE_TRY(fetcher_, session_.fetcher());
    return {};
  }

  Session& session_;
  std::mutex mutex_{};
  std::unique_ptr<SourceFetcher> fetcher_{};
};

}  // namespace

namespace {

// What the command line leaves to the environment.
Result<void> fill_in(FreeSpaceLimits& limits, Session& session) {
  const auto read = [](const char* name, std::uint64_t& value, std::uint64_t unset) -> Result<void> {
    const char* text = std::getenv(name);
    if (!text || value != unset) return {};
    SWAGE_TRY(value, bytes_of_word(text).map_error([&](Error error) { return in_variable(std::move(error), name); }));
    return {};
  };
  const FreeSpaceLimits usual;
  SWAGE_CHECK(read("SWAGE_MIN_FREE", limits.least, usual.least));
  SWAGE_CHECK(read("SWAGE_MAX_FREE", limits.wanted, usual.wanted));
  if (limits.least == 0) return {};
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(limits.pinned, pinned_by_workspaces(*store, session.reporter()));
  return {};
}

}  // namespace

Result<RealiseResult> realise_planned(Session& session, const Planned& planned, RealiseOptions options) {
  SWAGE_CHECK(fill_in(options.free_space, session));
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  const Graph& graph = planned.planner->graph();
  SWAGE_CHECK(keep_wanted(*store, graph, planned.wanted));
  SWAGE_CHECK(remember_workspace(session, *store));
  // Everything there already: no fetcher, no threads. This is the path of a no-op, which must take milliseconds.
  SWAGE_TRY(const RealisePlan todo, plan_realise(*store, graph, planned.wanted, options.check));
  if (todo.build.empty() && todo.fetch.empty() && !options.check)
    return RealiseResult{.already_valid = todo.valid.size()};
  FetcherWhenNeeded fetcher(session);
  CacheSubstituter* caches = nullptr;
  if (options.may_substitute) { SWAGE_TRY(caches, session.substituter()); }
  options.substituter = caches;
  if (session.options().offline) {
    SWAGE_TRY(const RealisePlan offline, plan_realise(*store, graph, planned.wanted, options.check, caches));
    SWAGE_CHECK(check_offline(session, graph, offline));
  }
  Work work;
  SWAGE_TRY(const std::vector<LogLineRow>* rows, catalog->log_lines());
  SWAGE_TRY(const LogLines error_lines, LogLines::compile(*rows));
  options.error_lines = &error_lines;
  options.on_built = [&, also = std::move(options.on_built)](const StorePath& drv, Result<BuildRecord>& outcome,
                                                             const FailedLog& log) {
    add_clues(*catalog, *store, planned, drv, outcome, log);
    work.add(outcome);
    if (also) also(drv, outcome, log);
  };
  Result<RealiseResult> result = realise(*store, graph, planned.wanted, fetcher, options, session.reporter());
  const Traffic::Total traffic = session.traffic().total();
  const bool tell_traffic = traffic.bytes > 0 && !options.only_fetch;   // where it is no result
  // Of builds elsewhere nobody knows what they used.
  const std::string summary = options.build_at.empty() ? work.summary() : std::string();
  for (const std::string& text : {tell_traffic ? "downloaded " + traffic_text(traffic) : std::string(), summary,
                                  caches ? caches_summary(caches->uses()) : std::string()})
    if (!text.empty()) session.reporter().on(Message{text});
  session.stop_reporter();
  return result;
}

const char* end_name(BuildEnd end) {
  switch (end) {
    case BuildEnd::built: return "built";
    case BuildEnd::failed: return "failed";
    case BuildEnd::cancelled: return "cancelled";
    case BuildEnd::not_built: break;
  }
  return "not built";
}

Result<Made> make_planned(Session& session, const Planned& planned, RealiseOptions options) {
  Made made;
  std::mutex mutex;
  std::map<StorePath, GoalEnd> ends;        // of every derivation that was to be built
  std::map<StorePath, Error> errors;
  options.on_built = [&, also = std::move(options.on_built)](const StorePath& drv, Result<BuildRecord>& outcome,
                                                             const FailedLog& log) {
    if (also) also(drv, outcome, log);
    const std::scoped_lock lock(mutex);
    if (outcome) made.done.built.push_back(*outcome);
    else errors.insert_or_assign(drv, outcome.error());
  };
  options.on_end = [&](const StorePath& drv, BuildEnd end, const std::string& because) {
    ends[drv] = {.end = end, .because = because};
  };
  Result<RealiseResult> done = realise_planned(session, planned, options);
  made.stopped = !done && done.error().code == Errc::interrupted;
  if (!done && (ends.empty() || (made.stopped && done.error().also.empty()))) return Fail(std::move(done).error());
  if (done) made.done = *std::move(done);
  else made.errors.push_back(std::move(done).error());
  for (const Wanted& wanted : planned.wanted) {
    const auto told = ends.find(wanted.drv);
    GoalEnd& end = made.ends.emplace_back(told == ends.end() ? GoalEnd() : told->second);
    if (const auto error = errors.find(wanted.drv); end.end == BuildEnd::failed && error != errors.end())
      end.error = error->second;
  }
  return made;
}

Result<OnImpossible> LeftOut::collector(const TargetOptions& options) {
  SWAGE_TRY(const Workspace* workspace, session_.workspace());
  all_ = names_all(options.platforms.empty() ? workspace->platforms : options.platforms);
  if (!keep_going_ && !all_) return OnImpossible{};
  return [this](const Goal& goal, const Error& error) {
    items_.push_back({.target = goal.target.text, .platform = goal.platform->name, .error = error});
    if (keep_going_ || error.code == Errc::unsatisfiable)
      session_.reporter().on(Message{fmt::format("note: {} is left out: {}", goal_label(goal), error.what)});
  };
}

std::optional<Error> LeftOut::error(bool nothing_left) const {
  std::vector<Error> errors;
  for (const Item& item : items_)
    if (nothing_left || !all_ || item.error.code != Errc::unsatisfiable) errors.push_back(item.error);
  if (errors.empty()) return std::nullopt;
  if (!keep_going_) {   // the first that is no fault of its platform
    const auto first = std::find_if(errors.begin(), errors.end(),
                                    [](const Error& error) { return error.code != Errc::unsatisfiable; });
    return first == errors.end() ? errors.front() : *first;
  }
  return together(std::move(errors));
}

Result<Store*> realise_to_run(Session& session, const Planned& planned, const RealiseOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  for (const Wanted& wanted : planned.wanted) {
    SWAGE_TRY(const StorePath path, StorePath::parse(output_path(planned, wanted)));
    SWAGE_CHECK(store->add_temp_root(path));
  }
  SWAGE_CHECK(realise_planned(session, planned, options));
  session.stop_reporter();
  return store;
}

std::string output_path(const Planned& planned, const Wanted& wanted) {
  return planned.planner->graph().find(wanted.drv)->drv.outputs.at("out").path;
}

Emulation emulation_by(const Store& store, const Planned& planned, const Wanted& emulators, const Platform& platform) {
  return {&platform, store.root() / fmt::format("{}/usr/bin/qemu-{}", output_path(planned, emulators).substr(1),
                                                platform.qemu_user)};
}

}  // namespace swage
