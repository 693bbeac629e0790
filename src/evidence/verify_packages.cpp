#include "evidence/verify_packages.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <mutex>
#include <set>

#include "base/text.hpp"
#include "catalog/package_evidence.hpp"
#include "evidence/recorder.hpp"

namespace swage {

std::string_view end_of(const PackageRun& run) {
  if (run.skipped) return "skipped";
  return run.done ? package_state_name(run.record.state) : "not tried";
}

namespace {

class PackageRecorder {
 public:
  PackageRecorder(Store& store, const Graph& graph, Reporter& reporter, std::deque<PackageRun>& runs,
                  RecorderPlace place)
      : store_(store), graph_(graph), reporter_(reporter), runs_(runs), place_(std::move(place)) {}

  // Those that are in the store already.
  Result<void> record_present() {
    const std::scoped_lock lock(mutex_);
    for (PackageRun& run : runs_) {
      if (!run.problem.empty() || run.skipped) continue;
      SWAGE_TRY(const std::optional<PathInfo> out, output_of(run));
      if (out) SWAGE_CHECK(succeed(run, *out));
    }
    return {};
  }
  void on_built(const StorePath& drv, const Result<BuildRecord>& outcome) {
    // Being stopped and a lack of the machine's say nothing about a package.
    if (!outcome && (outcome.error().code == Errc::interrupted || outcome.error().code == Errc::environment)) return;
    const std::scoped_lock lock(mutex_);
    for (PackageRun& run : runs_) {
      if (run.done || run.skipped || !run.problem.empty() ||
          (outcome ? run.wanted() != drv : !run.reached.contains(drv)))
        continue;
      if (outcome && !outcome->waited_for_other)
        run.record.seconds = static_cast<unsigned>(std::lround(outcome->seconds));
      Result<void> recorded = outcome ? succeed_now(run) : fail_with(run, outcome.error());
      if (!recorded && !problem_)
        problem_ = std::move(recorded).error().note(fmt::format("while recording {}", goal_label(run.goal)));
    }
  }
  Result<void> problem() const {
    if (problem_) return Fail(*problem_);
    return {};
  }

 private:
  Result<std::optional<PathInfo>> output_of(const PackageRun& run) {
    SWAGE_TRY(const StorePath out, StorePath::parse(graph_.find(run.wanted())->drv.outputs.at("out").path));
    return store_.query(out);
  }
  Result<void> succeed_now(PackageRun& run) {
    SWAGE_TRY(const std::optional<PathInfo> out, output_of(run));
    if (!out)
      return fail(Errc::corrupt,
                  fmt::format("'{}' is not valid in the store, and it was just made", run.wanted().str()));
    return succeed(run, *out);
  }
  Result<void> succeed(PackageRun& run, const PathInfo& out) {
    // The tests are part of the build: what is there has passed them.
    const Platform& platform = *run.goal.platform;
    const bool tested = !run.recipe->tests.empty() && (platform.name == kBuildPlatform || !platform.qemu_user.empty());
    run.record.state = tested ? PackageState::tested : PackageState::built;
    run.record.nar = out.nar_hash.hex();
    run.record.when = date_of(out.registration_time);
    return write(run);
  }
  Result<void> fail_with(PackageRun& run, const Error& error) {
    run.record.state = PackageState::failed;
    run.record.when = today();
    run.record.reason = error.what;
    return write(run);
  }
  // A record of the same derivation with the same result says all that a new one would, and the time as well.
  Result<void> write(PackageRun& run) {
    run.done = true;
    const std::string& platform = run.goal.platform->name;
    SWAGE_TRY(PackageRecords records, read_package_evidence(place_.directory, platform));
    const PackageRecord& record = records[run.record.name];
    const bool same = record.drv == run.record.drv && record.nar == run.record.nar && record.state == run.record.state;
    if (same && !run.record.seconds) {
      run.record = record;
    } else {
      if (lock_name_.empty()) { SWAGE_TRY(lock_name_, keep_lock(place_)); }
      run.record.lock = lock_name_;
      SWAGE_CHECK(keep_package_record(place_.directory, platform, run.record));
    }
    run.recorded = true;
    reporter_.on(Message{fmt::format("{} {}: {}", end_of(run), goal_label(run.goal), run.record.toolchain)});
    return {};
  }

  Store& store_;
  const Graph& graph_;
  Reporter& reporter_;
  std::deque<PackageRun>& runs_;
  RecorderPlace place_;
  std::mutex mutex_{};                      // guards everything below, the runs and the files
  std::string lock_name_{};
  std::optional<Error> problem_{};
};

// What cannot be planned, for a source that the lock file lacks or a platform without a toolchain, is no reason not to
// verify the others.
// Packages of the usual set, cross-compiled.
bool is_recorded(const Goal& goal) {
  const bool package = !goal.target.recipe.empty() && !goal.cell.kernel && !goal.cell.target;
  return package && !goal.instance && goal.cell.mode == BuildMode::cross;
}

Result<std::deque<PackageRun>> plan_runs(Session& session, std::deque<Goal>& goals, Planned& planned) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  std::map<const Goal*, std::string> problems;
  SWAGE_TRY(planned.planner, plan_with_pins(session, [&](Planner& with) {
              problems.clear();
              return plan_goals(session, goals, with, KernelGoal::artifact,
                                [&](const Goal& goal, const Error& error) { problems[&goal] = error.what; });
            }));
  const Planner& planner = *planned.planner;
  SWAGE_TRY(const Lockfile* lock, session.lock());
  std::deque<PackageRun> runs;
  std::set<std::pair<std::string, std::string>> seen;
  for (const Goal& goal : goals) {
    if (!is_recorded(goal))
      return Fail(Error{
          .what = fmt::format(
              "'{}' cannot be verified here: records are of kernels, or of packages of the usual set, cross-compiled",
              goal.target.text),
          .hint = goal.instance && goal.target.version.empty() && !goal.target.image
                      ? "of the usual set with: swage --instance none verify ..."
                      : "verify kernels, packages and images by a command for each"});
    if (!seen.emplace(goal.target.recipe, goal.platform->name).second) continue;   // named twice
    PackageRun& run = runs.emplace_back(PackageRun{.goal = goal});
    SWAGE_TRY(run.recipe, catalog->recipe(goal.target.recipe));
    if (run.recipe->system.empty())
      return fail(
          Errc::invalid_input,
          fmt::format("'{}' cannot be verified: it is neither a kernel nor a package that a build system builds",
                      goal.target.text));
    run.record.name = goal.target.recipe;
    run.record.version = package_version(*run.recipe, *lock);
    run.record.toolchain = goal.cell.toolchain ? goal.cell.toolchain->id : "";
    if (const auto problem = problems.find(&goal); problem != problems.end()) {
      run.problem = problem->second;
      continue;
    }
    run.record.drv = run.wanted().str();
    const std::vector<StorePath> reached = planner.graph().closure(run.wanted());
    run.reached.insert(reached.begin(), reached.end());
  }
  return runs;
}

// The files of packages hold those of other runs too, so they must be readable.
Result<void> check_place(const fs::path& evidence, const std::deque<PackageRun>& runs) {
  SWAGE_CHECK(check_evidence_place(evidence, {kLocks, package_evidence_file({}, "").parent_path().string()}));
  for (const PackageRun& run : runs) SWAGE_CHECK(read_package_evidence(evidence, run.goal.platform->name));
  return {};
}

Result<void> skip_verified_runs(const fs::path& evidence, std::deque<PackageRun>& runs) {
  std::map<std::string, PackageRecords> known;
  for (PackageRun& run : runs) {
    const std::string& platform = run.goal.platform->name;
    if (!known.contains(platform)) { SWAGE_TRY(known[platform], read_package_evidence(evidence, platform)); }
    const auto found = known[platform].find(run.record.name);
    if (found == known[platform].end()) continue;
    const PackageRecord& record = found->second;
    if (record.state == PackageState::failed || record.drv != run.record.drv) continue;
    run.record = record;
    run.skipped = run.recorded = true;
  }
  return {};
}

Result<void> realise_runs(Session& session, Planned& planned, std::deque<PackageRun>& runs, const fs::path& evidence,
                          RealiseOptions options) {
  std::vector<StorePath> wanted;
  for (const PackageRun& run : runs)
    if (run.problem.empty() && !run.skipped) {
      wanted.push_back(run.wanted());
      planned.wanted.push_back(*run.goal.wanted);
      planned.goals.push_back(&run.goal);
    }
  if (wanted.empty()) return {};
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const Lockfile* lock, session.lock());
  const Graph& graph = planned.planner->graph();
  PackageRecorder recorder(*store, graph, session.reporter(), runs,
                           {.directory = evidence, .lock = reduced_lock(*lock, graph, wanted)});
  SWAGE_CHECK(recorder.record_present());
  options.keep_going = true;
  options.may_substitute = false;   // a record is of what was built here
  options.on_built = [&](const StorePath& drv, Result<BuildRecord>& outcome, const FailedLog&) {
    recorder.on_built(drv, outcome);
  };
  const Result<RealiseResult> done = realise_planned(session, planned, options);
  SWAGE_CHECK(recorder.problem());
  if (!done) return Fail(done.error());
  return {};
}

}  // namespace

Result<VerifiedPackages> verify_packages(Session& session, TargetOptions targets, bool all, bool skip_verified,
                                         const fs::path& evidence, RealiseOptions realise) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  if (all) {
    SWAGE_TRY(const std::vector<const RecipeRow*> recipes, catalog->recipes());
    for (const RecipeRow* recipe : recipes)
      if (!recipe->system.empty()) targets.targets.push_back(recipe->full_name());
  }
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, targets, "tiny"));
  if (all)   // of those not named, what is not for a platform is none of its business
    std::erase_if(goals, [&](const Goal& goal) {
      const Result<const RecipeRow*> recipe = catalog->recipe(goal.target.recipe);
      return recipe && !(*recipe)->is_for(*goal.platform);
    });
  Planned planned;
  SWAGE_TRY(std::deque<PackageRun> runs, plan_runs(session, goals, planned));
  SWAGE_CHECK(check_place(evidence, runs));
  if (skip_verified) SWAGE_CHECK(skip_verified_runs(evidence, runs));
  const Result<void> realised = realise_runs(session, planned, runs, evidence, realise);
  VerifiedPackages verified{.runs = std::move(runs)};
  if (!realised) verified.error = realised.error();
  return verified;
}

}  // namespace swage
