#include "realise/remote.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <thread>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "base/visible.hpp"
#include "daemon/daemon_progress.hpp"
#include "realise/build_log.hpp"
#include "realise/build_one.hpp"
#include "realise/first_error.hpp"
#include "realise/scheduler.hpp"

namespace swage {

namespace {

using RemoteClock = std::chrono::steady_clock;
using RemoteEnds = std::map<StorePath, std::pair<BuildEnd, std::string>>;   // and because of what

double seconds_from(RemoteClock::time_point begin) {
  return std::chrono::duration<double>(RemoteClock::now() - begin).count();
}

// Listens to what is told of builds there: keeps their logs here, and sees which of them fail. Of what was not asked
// for itself a daemon says so in a line for its user that names the derivation, next to the end of the build: before
// it, or behind it (Nix 2.34 does). Of the others its answer says it. Ends are held back until it is known.
class RemoteBuilds final : public Reporter {
 public:
  struct Build {
    StorePath drv;
    BuildLog log;
    std::unique_ptr<FirstError> first;
    RemoteClock::time_point begin = RemoteClock::now();
    double seconds = 0;
    bool over = false;
    std::string failure{};          // what the daemon says of it; "": nothing
    std::optional<JobFinished> held{};
  };

  // `ends`: of all derivations that may be built.
  RemoteBuilds(Store& store, const RemoteEnds& ends, const RealiseOptions& options, Reporter& reporter)
      : store_(store), ends_(ends), options_(options), reporter_(reporter) {}

  void on(const Event& event) override {
    if (!std::holds_alternative<Message>(event)) went_well();
    if (const auto* started = std::get_if<JobStarted>(&event)) start(*started);
    else if (const auto* line = std::get_if<JobLog>(&event)) take_line(*line);
    else if (const auto* finished = std::get_if<JobFinished>(&event)) return finish(*finished);
    else if (const auto* message = std::get_if<Message>(&event)) return tell(*message);
    reporter_.on(event);
  }
  std::map<std::uint64_t, Build>& all() { return builds_; }   // in the order of their beginning
  // The answer will tell how these end.
  void leave_to_answer(StorePathSet drvs) { answered_ = std::move(drvs); }
  // Tells the ends that were held back; `ok`: which went well, none: nobody knows.
  void release(const std::optional<StorePathSet>& ok) {
    for (auto& [id, build] : builds_) {
      if (!build.held) continue;
      build.held->cancelled = !ok;
      end(build, ok && ok->contains(build.drv));
    }
  }

 private:
  void end(Build& build, bool ok) {
    build.held->ok = ok;
    reporter_.on(*std::exchange(build.held, std::nullopt));
  }

  // Something else is told: so nothing was said of those that ended last.
  void went_well() {
    for (auto& [id, build] : builds_)
      if (build.held && !answered_.contains(build.drv)) end(build, true);
  }

  void start(const JobStarted& job) {
    const Result<StorePath> drv = StorePath::parse(job.subject);
    if (job.kind != "build" || !drv || !ends_.contains(*drv)) return;
    auto first = std::make_unique<FirstError>(options_.error_lines);
    Result<BuildLog> log = BuildLog::create(log_file(store_, *drv), options_.log_lines,
                                            [&first = *first](const std::string& line) { first.take(line); });
    if (log) builds_.emplace(job.id, Build{.drv = *drv, .log = *std::move(log), .first = std::move(first)});
    else reporter_.on(Message{fmt::format("the log of '{}' is not kept: {}", job.name, log.error().what)});
  }

  void take_line(const JobLog& line) {
    const auto build = builds_.find(line.id);
    if (build == builds_.end()) return;
    build->second.log.append(line.line + "\n");
    build->second.log.flush_when_due(RemoteClock::now());
  }

  void finish(JobFinished job) {
    if (const auto at = builds_.find(job.id); at != builds_.end()) {
      Build& build = at->second;
      build.over = !job.cancelled;
      build.seconds = seconds_from(build.begin);
      if (const Result<void> kept = build.log.finish(); !kept)
        reporter_.on(
            Message{fmt::format("the log of '{}' is not kept whole: {}", build.drv.name(), kept.error().what)});
      if (!build.failure.empty()) job.ok = false;
      else if (build.over) {
        build.held = job;
        return;
      }
    }
    reporter_.on(job);
  }

  void tell(const Message& message) {
    const std::string text = visible(message.text);
    for (auto& [id, build] : builds_)
      if ((!build.over || build.held) && build.failure.empty() && text.find(build.drv.str()) != std::string::npos) {
        build.failure = text;   // is in the error
        if (build.held) end(build, false);
        return;
      }
    went_well();
    reporter_.on(Message{text});
  }

  Store& store_;
  const RemoteEnds& ends_;
  const RealiseOptions& options_;
  Reporter& reporter_;
  StorePathSet answered_{};
  std::map<std::uint64_t, Build> builds_{};
};

// A job of this side's, as long as it is there.
class TransferJob {
 public:
  TransferJob(Reporter& reporter, const char* kind, std::string name) : reporter_(reporter) {
    reporter_.on(JobStarted{.id = id_, .kind = kind, .name = name, .subject = name});
  }
  TransferJob(const TransferJob&) = delete;
  ~TransferJob() {
    reporter_.on(
        JobFinished{.id = id_, .ok = ok_, .seconds = seconds_from(begin_), .cancelled = !ok_ && interrupted()});
  }
  void done(std::uint64_t bytes) {
    ok_ = true;
    reporter_.on(JobProgress{.id = id_, .done = bytes, .total = bytes});
  }

 private:
  Reporter& reporter_;
  const std::uint64_t id_ = next_job_id();
  const RemoteClock::time_point begin_ = RemoteClock::now();
  bool ok_ = false;
};

class RealiseAt {
 public:
  RealiseAt(DaemonStore& daemon, Store& store, const Graph& graph, SourceFetcher& fetcher,
            const RealiseOptions& options, Reporter& reporter)
      : daemon_(daemon), store_(store), graph_(graph), fetcher_(fetcher), options_(options), reporter_(reporter),
        builds_(store, ends_, options, reporter) {}

  Result<RealiseResult> run(const std::vector<Wanted>& wanted) {
    SWAGE_CHECK(look_here(wanted));
    if (open_.empty()) return result_;
    Result<void> done = make();
    for (const auto& [drv, end] : ends_)
      if (options_.on_end) options_.on_end(drv, end.first, end.second);
    if (!done) {
      Error error = std::move(done).error();
      if (error.code == Errc::environment && error.hint.empty())
        error.hint = "what is built there stays: run the same again";
      return Fail(std::move(error));
    }
    return result_;
  }

 private:
  const Derivation& derivation(const StorePath& drv) const {
    return graph_.derivations[graph_.index.at(drv)].drv;
  }

  Result<StorePathSet> outputs_of(const StorePathSet& drvs) const {
    StorePathSet paths;
    for (const StorePath& drv : drvs)
      for (const auto& [name, output] : derivation(drv).outputs) {
        SWAGE_TRY(StorePath path, StorePath::parse(output.path));
        paths.insert(std::move(path));
      }
    return paths;
  }

  // What is wanted and is not valid here, and all derivations that may be built for it.
  Result<void> look_here(const std::vector<Wanted>& wanted) {
    StorePathSet drvs;
    for (const Wanted& want : wanted) drvs.insert(want.drv);
    SWAGE_CHECK(keep_wanted(store_, graph_, wanted));
    SWAGE_TRY(const RealisePlan plan, plan_realise(store_, graph_, wanted));
    result_.already_valid = plan.valid.size();
    for (const StorePath& drv : plan.build) {
      ends_[drv] = {BuildEnd::cancelled, ""};
      if (drvs.contains(drv)) open_.insert(drv);
    }
    return {};
  }

  Result<void> make() {
    daemon_.on_message({});
    SWAGE_CHECK(daemon_.set_options(settings()));
    SWAGE_TRY(const StorePathSet ready, built_there(open_, DaemonStore::Substitutes::its_caches));
    StorePathSet to_build;
    std::set_difference(open_.begin(), open_.end(), ready.begin(), ready.end(),
                        std::inserter(to_build, to_build.end()));
    Result<void> built;
    if (!to_build.empty()) {
      SWAGE_CHECK(send(to_build));
      built = build(to_build);
      if (!built && built.error().code != Errc::build_failed) return built;
    }
    // With keep_going what was built is had, although something else failed.
    SWAGE_TRY(const StorePathSet made, built_there(open_, DaemonStore::Substitutes::left_alone));
    SWAGE_CHECK(bring(made));
    return built;
  }

  DaemonSettings settings() const {
    // Where cores are "all", 0, Nix tells builds just that (2.8 does), and make takes no -j0.
    const unsigned machine = std::max(std::thread::hardware_concurrency(), 1U);
    return {.keep_failed = options_.keep_failed,
            .keep_going = options_.keep_going,
            .jobs = options_.jobs ? options_.jobs : machine,
            .cores = options_.cores ? options_.cores : machine,
            .max_silent = static_cast<std::uint64_t>(options_.max_silent.count()),
            .timeout = static_cast<std::uint64_t>(options_.timeout.count())};
  }

  // Those whose outputs the daemon has, all of them.
  Result<StorePathSet> built_there(const StorePathSet& drvs, DaemonStore::Substitutes substitutes) {
    SWAGE_TRY(const StorePathSet outputs, outputs_of(drvs));
    SWAGE_CHECK(daemon_.keep(outputs));
    SWAGE_TRY(const StorePathSet valid, daemon_.valid_paths(outputs, substitutes));
    StorePathSet ready;
    for (const StorePath& drv : drvs) {
      SWAGE_TRY(const StorePathSet all, outputs_of({drv}));
      if (std::includes(valid.begin(), valid.end(), all.begin(), all.end())) ready.insert(drv);
    }
    return ready;
  }

  // The derivations with all that they are made from, as far as the daemon lacks it.
  Result<void> send(const StorePathSet& drvs) {
    SWAGE_TRY(const StorePathSet there, daemon_.valid_paths(drvs, DaemonStore::Substitutes::left_alone));
    StorePathSet sources, missing;
    for (const StorePath& drv : drvs) {
      if (there.contains(drv)) continue;
      missing.insert(drv);
      for (const StorePath& input : graph_.closure(drv)) {
        const StorePathSet& more = derivation(input).input_srcs;
        sources.insert(more.begin(), more.end());
      }
    }
    if (missing.empty()) return daemon_.keep(drvs);
    SWAGE_CHECK(fetch_sources(sources));
    DerivationWriter writer(store_, graph_);
    SWAGE_CHECK(writer.write({missing.begin(), missing.end()}));
    TransferJob job(reporter_, "upload", "to " + daemon_.uri());
    SWAGE_TRY(const UploadResult sent, daemon_.upload(store_, missing));
    job.done(sent.nar_bytes);
    return daemon_.keep(drvs);
  }

  Result<void> fetch_sources(const StorePathSet& sources) {
    SWAGE_CHECK(store_.add_temp_roots(sources));
    SWAGE_TRY(const StorePathSet valid, store_.valid_paths(sources));
    RealisePlan plan;
    std::set_difference(sources.begin(), sources.end(), valid.begin(), valid.end(), std::back_inserter(plan.fetch));
    RealiseOptions options = options_;
    options.on_end = {};
    options.downloads = std::max(options.downloads, 1U);
    SWAGE_TRY(Jobserver jobserver, Jobserver::create(1));
    SWAGE_TRY(StopSignal stop, StopSignal::create());
    Durations durations = Durations::load(store_.work_dir() / "durations");
    DerivationWriter writer(store_, graph_);
    FreeSpace free_space(store_, options.free_space, reporter_);
    return Scheduler(store_, graph_, fetcher_, options, reporter_, writer, durations, jobserver, stop, free_space)
        .run(plan, {}, result_);
  }

  Result<void> build(const StorePathSet& drvs) {
    Result<std::vector<DaemonBuild>> answer = [&] {
      DaemonProgress progress(builds_);
      builds_.leave_to_answer(drvs);
      daemon_.on_message([&](const DaemonMessage& message) { progress.on(message); });
      auto built = daemon_.build(drvs);
      daemon_.on_message({});
      return built;
    }();
    // A daemon that is gone can be asked nothing.
    if (!answer && answer.error().code != Errc::build_failed) {
      builds_.release(std::nullopt);
      return Fail(std::move(answer).error());
    }
    return tell_ends(drvs, answer);
  }

  Result<void> tell_ends(const StorePathSet& drvs, const Result<std::vector<DaemonBuild>>& answer) {
    StorePathSet all;
    for (const auto& [drv, end] : ends_) all.insert(drv);
    SWAGE_TRY(const StorePathSet made, built_there(all, DaemonStore::Substitutes::left_alone));
    std::vector<Error> errors;
    std::string because;
    builds_.release(made);
    for (auto& [id, build] : builds_.all())
      if (build.over && build.failure.empty() && !made.contains(build.drv))
        build.failure = failure_in(drvs, answer, build.drv);
    // Of those that ended without a result the daemon names who failed; the others were ended because of them.
    bool named = false;
    for (const auto& [id, build] : builds_.all())
      named = named || (!made.contains(build.drv) && !build.failure.empty());
    for (auto& [id, build] : builds_.all()) {
      if (made.contains(build.drv)) {
        result_.built.push_back({.drv = build.drv, .seconds = build.seconds});
      } else if (build.over && (!named || !build.failure.empty()) && ends_.at(build.drv).first != BuildEnd::failed) {
        errors.push_back(tell_failed(build));
        if (because.empty()) because = derivation(build.drv).name;
      }
    }
    for (const StorePath& drv : made) ends_[drv] = {BuildEnd::built, ""};
    for (auto& [drv, end] : ends_)
      if (end.first == BuildEnd::cancelled && !because.empty() && stands_on_failed(drv))
        end = {BuildEnd::not_built, because};
    if (!errors.empty()) return Fail(together(std::move(errors)));
    if (!answer) return Fail(answer.error());
    for (std::size_t i = 0; i < answer->size(); ++i) {
      const DaemonBuild& one = (*answer)[i];
      if (one.ok()) continue;
      errors.push_back(
          {.code = Errc::build_failed,
           .what = fmt::format("'{}' {} at '{}'", derivation(*std::next(drvs.begin(), static_cast<long>(i))).name,
                               build_status(one.status), daemon_.uri()),
           .notes = {"the daemon says: " + std::string(trim(visible(one.message)))}});
    }
    if (!errors.empty()) return Fail(together(std::move(errors)));
    return {};
  }

  // What the answer says of a build that failed; "": nothing.
  static std::string failure_in(const StorePathSet& drvs, const Result<std::vector<DaemonBuild>>& answer,
                                const StorePath& drv) {
    if (!answer) {   // by Nix before 2.8, a message for all
      for (const std::string& note : answer.error().notes)
        if (note.find("'" + drv.str() + "' failed") != std::string::npos) return note;
      return {};
    }
    const auto at = drvs.find(drv);
    if (at == drvs.end()) return {};
    const DaemonBuild& one = (*answer)[static_cast<std::size_t>(std::distance(drvs.begin(), at))];
    return one.ok() ? std::string() : visible(one.message);
  }

  bool stands_on_failed(const StorePath& drv) const {
    const std::vector<StorePath> closure = graph_.closure(drv);
    return std::any_of(closure.begin(), closure.end(), [&](const StorePath& input) {
      const auto end = ends_.find(input);
      return end != ends_.end() && end->second.first == BuildEnd::failed;
    });
  }

  Error tell_failed(RemoteBuilds::Build& build) {
    const std::string& name = derivation(build.drv).name;
    ends_[build.drv] = {BuildEnd::failed, ""};
    const std::string why = reason_of_failure(build.failure, build.drv);
    Result<BuildRecord> outcome = Fail(
        Error{.code = Errc::build_failed,
              .what = fmt::format("'{}' did not build at '{}'{}", name, daemon_.uri(), why.empty() ? "" : ": " + why),
              .notes = build.first->notes(build.log.tail()),
              .hint = "swage log " + build.drv.str()});
    if (options_.on_built)
      options_.on_built(build.drv, outcome,
                        {.by_itself = why.find("exit code") != std::string::npos,
                         .cause = build.first->row(),
                         .known = build.first->known(build.log.tail()),
                         .by_clock = why.find("timed out") != std::string::npos,
                         .seconds = build.seconds});
    return outcome.error();
  }

  // Outputs of what is wanted, with all that they refer to.
  Result<void> bring(const StorePathSet& drvs) {
    if (drvs.empty()) return {};
    SWAGE_TRY(const StorePathSet outputs, outputs_of(drvs));
    TransferJob job(reporter_, "copy", "from " + daemon_.uri());
    SWAGE_TRY(const DownloadResult got, daemon_.fetch(store_, outputs));
    job.done(got.nar_bytes);
    for (const StorePath& drv : drvs) {
      ends_[drv] = {BuildEnd::built, ""};
      const auto built = std::find_if(result_.built.begin(), result_.built.end(),
                                      [&](const BuildRecord& record) { return record.drv == drv; });
      Result<BuildRecord> outcome(BuildRecord{.drv = drv, .waited_for_other = built == result_.built.end()});
      if (built != result_.built.end()) outcome = *built;
      if (options_.on_built) options_.on_built(drv, outcome, {});
    }
    return {};
  }

  DaemonStore& daemon_;
  Store& store_;
  const Graph& graph_;
  SourceFetcher& fetcher_;
  const RealiseOptions& options_;
  Reporter& reporter_;
  StorePathSet open_{};             // derivations that are wanted
  RemoteEnds ends_{};               // of all that may be built
  RemoteBuilds builds_;
  RealiseResult result_{};
};

}  // namespace

std::string reason_of_failure(std::string_view text, const StorePath& drv) {
  constexpr std::string_view kReason = "Reason: ";   // of Nix 2.34, in a line of its own
  std::string_view rest = text;
  if (const std::size_t at = text.find(kReason); at != std::string_view::npos) {
    rest = text.substr(at + kReason.size());
    rest = trim(rest.substr(0, rest.find('\n')));
    if (rest.ends_with('.')) rest.remove_suffix(1);
    return std::string(rest);
  }
  rest = trim(rest.substr(0, rest.find('\n')));
  if (const std::size_t log = rest.find("; last "); log != std::string_view::npos) rest = rest.substr(0, log);
  if (rest.ends_with(';')) rest.remove_suffix(1);
  const std::string named = "builder for '" + drv.str() + "' ";
  const std::size_t at = rest.find(named);
  if (at == std::string_view::npos) return std::string(rest);
  return "builder " + std::string(rest.substr(at + named.size()));
}

Result<RealiseResult> realise_at(DaemonStore& daemon, Store& store, const Graph& graph,
                                 const std::vector<Wanted>& wanted, SourceFetcher& fetcher,
                                 const RealiseOptions& options, Reporter& reporter) {
  return RealiseAt(daemon, store, graph, fetcher, options, reporter).run(wanted);
}

}  // namespace swage
