#include "realise/realise.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <sys/statvfs.h>
#include <thread>

#include "base/interrupt.hpp"
#include "realise/build_dir.hpp"
#include "realise/build_log.hpp"
#include "realise/priority.hpp"
#include "realise/remote.hpp"
#include "realise/scheduler.hpp"
#include "realise/substitution.hpp"

namespace swage {

namespace {

RealiseOptions filled_in(RealiseOptions options) {
  const unsigned machine = std::max(std::thread::hardware_concurrency(), 1U);
  if (options.jobs == 0) options.jobs = machine;
  if (options.cores == 0) options.cores = machine;
  if (options.downloads == 0) options.downloads = 1;
  return options;
}

Result<void> add_outputs(const Graph& graph, const StorePath& drv, StorePathSet& paths) {
  const FinishedDerivation* finished = graph.find(drv);
  if (!finished) return {};
  for (const auto& [name, output] : finished->drv.outputs) {
    SWAGE_TRY(StorePath path, StorePath::parse(output.path));
    paths.insert(std::move(path));
  }
  return {};
}

// A path must be a root before it is looked whether it is valid, else gc may take it in between. Which paths matter is
// only known after a look; so what a look met is made a root, until a look has met nothing else.
Result<RealisePlan> rooted_plan(Store& store, const Graph& graph, const std::vector<Wanted>& wanted, bool check,
                                Substituter* substituter) {
  SWAGE_CHECK(keep_wanted(store, graph, wanted));
  StorePathSet rooted;
  for (;;) {
    SWAGE_TRY(RealisePlan plan, plan_realise(store, graph, wanted, check, substituter));
    if (plan.build.empty() && plan.substitute.empty()) return plan;
    StorePathSet met;
    for (const auto* list : {&plan.build, &plan.valid})
      for (const StorePath& drv : *list) SWAGE_CHECK(add_outputs(graph, drv, met));
    for (const Offer& offer : plan.substitute) {
      met.insert(offer.path);
      met.insert(offer.references.begin(), offer.references.end());
    }
    for (const StorePath& drv : plan.build) {
      const StorePathSet& sources = graph.find(drv)->drv.input_srcs;
      met.insert(sources.begin(), sources.end());
    }
    if (std::includes(rooted.begin(), rooted.end(), met.begin(), met.end())) return plan;
    SWAGE_CHECK(store.add_temp_roots(met));
    rooted.merge(met);
  }
}

// What is left to do when everything that others made and give is there. What could not be had after all is offered no
// more, so this ends.
Result<RealisePlan> plan_of_the_rest(Store& store, const Graph& graph, const std::vector<Wanted>& wanted, bool check,
                                     const RealiseOptions& options, FreeSpace& free_space, Reporter& reporter,
                                     RealiseResult& result) {
  for (bool first = true;; first = false) {
    SWAGE_TRY(RealisePlan plan, rooted_plan(store, graph, wanted, check, options.substituter));
    if (first && !check) result.already_valid = plan.valid.size();
    if (plan.substitute.empty()) return plan;
    SWAGE_CHECK(free_space.make_room());
    SWAGE_TRY(const StorePathSet got,
              substitute(store, *options.substituter, plan.substitute, options.downloads, reporter));
    result.substituted += got.size();
  }
}

// Nothing that is built could be run there, beginning with the builder.
Result<void> check_executable(const fs::path& store_dir) {
  struct statvfs system {};
  if (::statvfs(store_dir.c_str(), &system) != 0 || (system.f_flag & ST_NOEXEC) == 0) return {};
  return Fail(Error{
      .code = Errc::environment,
      .what = fmt::format("'{}' is on a file system without permission to run programs (noexec)", store_dir.string()),
      .hint = "take a home elsewhere: swage --home DIR ..., or SWAGE_HOME"});
}

// Said once, however many there are.
std::string left_behind(const std::vector<Error>& stuck) {
  if (stuck.size() == 1)
    return fmt::format("warning: an earlier build has left something behind: {}", stuck.front().what);
  return fmt::format("warning: {} earlier builds have left something behind: {}", stuck.size(), stuck.front().what);
}

}  // namespace

Result<void> keep_wanted(Store& store, const Graph& graph, const std::vector<Wanted>& wanted) {
  if (!store.is_writable()) return {};   // then nobody who is this user deletes anything
  StorePathSet paths;
  for (const Wanted& want : wanted) SWAGE_CHECK(add_outputs(graph, want.drv, paths));
  return store.add_temp_roots(paths);
}

Result<RealiseResult> realise(Store& store, const Graph& graph, const std::vector<Wanted>& wanted,
                              SourceFetcher& fetcher, const RealiseOptions& options, Reporter& reporter) {
  if (!options.build_at.empty()) {
    SWAGE_TRY(const DaemonAddress address, DaemonAddress::parse(options.build_at));
    SWAGE_TRY(const std::unique_ptr<DaemonStore> daemon, DaemonStore::connect(address));
    return realise_at(*daemon, store, graph, wanted, fetcher, options, reporter);
  }
  const RealiseOptions complete = filled_in(options);
  RealiseResult result;
  FreeSpace free_space(store, complete.free_space, reporter);
  SWAGE_TRY(RealisePlan plan, plan_of_the_rest(store, graph, wanted, false, complete, free_space, reporter, result));
  if (options.only_fetch) plan.build.clear();
  if (plan.build.empty() && plan.fetch.empty() && !options.check) return result;

  if (options.lowest_priority) SWAGE_CHECK(take_lowest_priority());
  SWAGE_CHECK(check_executable(store.root() / "nix/store"));
  SWAGE_CHECK(make_directories(store.work_dir()));
  SWAGE_TRY(const std::vector<Error> stuck, clean_stale_builds(store.work_dir()));
  if (!stuck.empty()) reporter.on(Message{left_behind(stuck)});
  Durations durations = Durations::load(store.work_dir() / "durations");
  SWAGE_TRY(Jobserver jobserver, Jobserver::create(complete.cores));
  SWAGE_TRY(StopSignal stop, StopSignal::create());
  DerivationWriter writer(store, graph);
  const auto run = [&](const RealisePlan& todo, const StorePathSet& check) -> Result<void> {
    SWAGE_CHECK(writer.write(todo.build));
    Scheduler scheduler(store, graph, fetcher, complete, reporter, writer, durations, jobserver, stop, free_space);
    return scheduler.run(todo, check, result);
  };
  Result<void> done = run(plan, {});
  if (done && options.check) {
    StorePathSet compared;
    for (const Wanted& want : wanted) compared.insert(want.drv);
    SWAGE_TRY(const RealisePlan again,
              plan_of_the_rest(store, graph, wanted, true, complete, free_space, reporter, result));
    done = run(again, compared);
  }
  (void)durations.save();   // only a hint for the next run
  if (!done) return Fail(std::move(done).error());
  return result;
}

bool has_log(Store& store, const StorePath& drv) {
  fs::path file = log_file(store, drv);
  return path_exists(file) || path_exists(file.replace_extension());
}

std::vector<StorePath> logged_derivations(Store& store, const std::function<bool(std::string_view)>& is_meant) {
  const fs::path logs = store.log_dir();
  std::vector<std::pair<fs::file_time_type, StorePath>> found;
  std::error_code error;
  for (const std::string& start : list_directory(logs).value_or(std::vector<std::string>{}))
    for (const std::string& file : list_directory(logs / start).value_or(std::vector<std::string>{})) {
      const std::string base = start + file.substr(0, file.ends_with(".bz2") ? file.size() - 4 : file.size());
      Result<StorePath> drv = StorePath::parse_base(base);
      if (drv && drv->is_derivation() && is_meant(drv->name().substr(0, drv->name().size() - 4)))
        found.emplace_back(fs::last_write_time(logs / start / file, error), *std::move(drv));
    }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return b.first < a.first; });
  std::vector<StorePath> drvs;
  for (auto& [time, drv] : found) drvs.push_back(std::move(drv));
  return drvs;
}

Result<void> stream_log(Store& store, const StorePath& drv, const LogSink& sink) {
  const fs::path packed = log_file(store, drv);
  if (path_exists(packed)) return decompress_log(packed, sink);
  fs::path plain = packed;
  plain.replace_extension();
  if (!path_exists(plain))
    return Fail(
        Error{.code = Errc::invalid_input, .what = fmt::format("'{}' has no log: it was not built here", drv.str())});
  SWAGE_TRY(const MappedFile log, map_file(plain));
  sink(log.text());
  return {};
}

Result<std::string> read_log(Store& store, const StorePath& drv) {
  std::string text;
  SWAGE_CHECK(stream_log(store, drv, [&](std::string_view bytes) { text += bytes; }));
  return text;
}

}  // namespace swage
