#include "realise/scheduler.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <thread>

#include "base/interrupt.hpp"

namespace swage {

namespace {

constexpr auto kSetAsideFor = std::chrono::milliseconds(25);
constexpr auto kInterruptLatency = std::chrono::milliseconds(100);
constexpr auto kAskPace = std::chrono::milliseconds(250);
constexpr double kBytesPerSecond = 10e6;   // of a download, for expectations only

std::string file_name(std::string_view url) { return std::string(url.substr(url.rfind('/') + 1)); }

// Of a source that comes from outside, the job that gets it; nothing: it is at hand.
std::optional<JobStarted> fetch_job(const Source& source, std::uint64_t id) {
  if (const auto* tree = std::get_if<Source::Tree>(&source.how))
    return JobStarted{id, "fetch", tree->name, tree->urls.empty() ? tree->name : file_name(tree->urls.front())};
  const Source::Download* download = source.download();
  if (!download) return std::nullopt;
  return JobStarted{id, "fetch", download->name,
                    file_name(!download->pool_path.empty() ? download->pool_path
                              : download->urls.empty()     ? download->name
                                                           : download->urls.front())};
}

Result<StorePathSet> output_paths(const Derivation& drv) {
  StorePathSet paths;
  for (const auto& [name, output] : drv.outputs) {
    SWAGE_TRY(StorePath path, StorePath::parse(output.path));
    paths.insert(std::move(path));
  }
  return paths;
}

}  // namespace

Scheduler::Scheduler(Store& store, const Graph& graph, SourceFetcher& fetcher, const RealiseOptions& options,
                     Reporter& reporter, DerivationWriter& writer, Durations& durations, Jobserver& jobserver,
                     StopSignal& stop, FreeSpace& free_space)
    : store_(store),
      graph_(graph),
      fetcher_(fetcher),
      options_(options),
      reporter_(reporter),
      writer_(writer),
      durations_(durations),
      stop_(stop),
      free_space_(free_space),
      context_{.store = store,
               .options = options,
               .reporter = reporter,
               .jobserver = jobserver,
               .stop = stop,
               .remover = remover_,
               .cores = options.cores} {}

Result<void> Scheduler::make_nodes(const RealisePlan& plan, const StorePathSet& check) {
  std::unordered_map<StorePath, std::size_t> position;
  for (const StorePath& path : plan.fetch) {
    const auto source = graph_.sources.find(path);
    if (source == graph_.sources.end())
      return fail(Errc::invalid_input, fmt::format("'{}' is needed, and nothing says where to get it", path.str()));
    position[path] = nodes_.size();
    nodes_.push_back({.source = &source->second});
  }
  for (const StorePath& path : plan.build) {
    const FinishedDerivation& drv = graph_.derivations[graph_.index.at(path)];
    const std::size_t self = nodes_.size();
    position[path] = self;
    Node node{.drv = &drv, .outputs_are = check.contains(path) ? OutputsAre::compared : OutputsAre::registered};
    const auto depend = [&](const StorePath& input) {
      const auto at = position.find(input);
      if (at == position.end()) return;
      nodes_[at->second].users.push_back(self);
      ++node.missing;
    };
    for (const StorePath& source : drv.drv.input_srcs) depend(source);
    for (const auto& [input, outputs] : drv.drv.input_drvs) depend(input);
    nodes_.push_back(std::move(node));
  }
  return {};
}

// Users come after what they use, so one pass from the end knows every path.
void Scheduler::expect_durations() {
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    for (const std::size_t user : node.users)
      node.path_seconds = std::max(node.path_seconds, nodes_[user].path_seconds);
    if (node.drv) node.path_seconds += durations_.expected(node.drv->drv.name);
    else if (const auto* download = node.source->download())
      node.path_seconds += static_cast<double>(download->size) / kBytesPerSecond;
  }
}

void Scheduler::enqueue(std::size_t node) {
  (nodes_[node].drv ? ready_builds_ : ready_fetches_).emplace(-nodes_[node].path_seconds, node);
}

bool Scheduler::over() const {
  return finished_ + skipped_ == nodes_.size() || pace_ == Pace::finish || stop_.is_set() || interrupted();
}

// The first answer comes before anything begins.
void Scheduler::keep_pace(const std::stop_token& ended) {
  std::unique_lock lock(mutex_);
  while (!ended.stop_requested() && !over()) {
    const bool waiting = !ready_builds_.empty() || !ready_fetches_.empty();
    lock.unlock();
    const Pace pace = options_.ask_pace(waiting);
    lock.lock();
    if (pace == Pace::stop) stop_.set();
    if (std::exchange(pace_, pace) != pace) changed_.notify_all();
    changed_.wait_for(lock, kAskPace, [&] { return ended.stop_requested() || over(); });
  }
}

std::optional<std::size_t> Scheduler::next(bool builds) {
  if (builds) {
    const auto now = Clock::now();
    std::erase_if(set_aside_, [&](const auto& entry) {
      if (entry.first > now) return false;
      enqueue(entry.second);
      return true;
    });
  }
  auto& ready = builds ? ready_builds_ : ready_fetches_;
  if (ready.empty() || pace_ != Pace::go) return std::nullopt;
  return ready.extract(ready.begin()).value().second;
}

void Scheduler::work(bool builds) {
  std::unique_lock lock(mutex_);
  while (!over()) {
    const std::optional<std::size_t> node = next(builds);
    if (!node) {
      changed_.wait_for(lock, builds && !set_aside_.empty() ? kSetAsideFor : kInterruptLatency);
      continue;
    }
    ++running_;
    report_totals();
    lock.unlock();
    Result<Outcome> outcome = run_node(nodes_[*node]);
    lock.lock();
    --running_;
    complete(*node, std::move(outcome));
  }
}

void Scheduler::complete(std::size_t node, Result<Outcome> outcome) {
  if (outcome && *outcome == Outcome::locked_elsewhere) {
    set_aside_.emplace_back(Clock::now() + kSetAsideFor, node);
    return;
  }
  ++finished_;
  if (outcome) {
    nodes_[node].end = BuildEnd::built;
    for (const std::size_t user : nodes_[node].users)
      if (--nodes_[user].missing == 0 && !nodes_[user].skipped) enqueue(user);
  } else {
    const Error& error = outcome.error();
    // A lack of the machine's would befall every other build as well.
    const bool hopeless = error.code == Errc::environment && nodes_[node].drv;
    if (error.code == Errc::interrupted) {
      cut_short_ = true;
      stop_.set();
    } else {
      nodes_[node].end = BuildEnd::failed;
      errors_.push_back(error);
      skip_users(node);
    }
    if (!options_.keep_going || hopeless) stop_.set();
  }
  report_totals();
  changed_.notify_all();
}

void Scheduler::skip_users(std::size_t failed) {
  const Node& cause = nodes_[failed];
  const Source::Download* download = cause.source ? cause.source->download() : nullptr;
  const std::string name = cause.drv  ? cause.drv->drv.name
                           : download ? download->name
                                      : std::string(cause.source->path.name());
  std::vector<std::size_t> open = cause.users;
  while (!open.empty()) {
    Node& user = nodes_[open.back()];
    open.pop_back();
    if (std::exchange(user.skipped, true)) continue;
    ++skipped_;
    user.end = BuildEnd::not_built;
    user.because = name;
    open.insert(open.end(), user.users.begin(), user.users.end());
  }
}

void Scheduler::report_totals() {
  reporter_.on(Totals{.done = finished_, .running = running_, .total = nodes_.size()});
}

Result<Scheduler::Outcome> Scheduler::run_node(Node& node) {
  SWAGE_CHECK(free_space_.make_room());
  return node.drv ? build(node) : fetch(node);
}

Result<Scheduler::Outcome> Scheduler::fetch(const Node& node) {
  const std::uint64_t job = next_job_id();
  const std::optional<JobStarted> told = fetch_job(*node.source, job);
  if (told) reporter_.on(*told);
  const auto start = Clock::now();
  Result<void> fetched = fetcher_.fetch(*node.source, job);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (told)
    reporter_.on(JobFinished{.id = job,
                             .ok = fetched.has_value(),
                             .seconds = seconds,
                             .cancelled = !fetched && fetched.error().code == Errc::interrupted});
  if (!fetched) return Fail(std::move(fetched).error());
  if (told) {
    const std::scoped_lock lock(mutex_);
    ++result_->fetched;
  }
  return Outcome::done;
}

Result<Scheduler::Outcome> Scheduler::build(Node& node) {
  const FinishedDerivation& drv = *node.drv;
  SWAGE_TRY(const StorePathSet outputs, output_paths(drv.drv));
  SWAGE_TRY(const std::optional<Store::PathLocks> locks, store_.try_lock_paths(outputs));
  if (!locks) {
    if (!std::exchange(node.announced, true))
      reporter_.on(Message{fmt::format("waiting for another process that builds '{}'", drv.drv.name)});
    return Outcome::locked_elsewhere;
  }
  if (node.outputs_are == OutputsAre::registered) {
    SWAGE_TRY(const StorePathSet valid, store_.valid_paths(outputs));
    if (valid.size() == outputs.size()) {
      Result<BuildRecord> record(BuildRecord{.drv = drv.path, .waited_for_other = true});
      if (options_.on_built) options_.on_built(drv.path, record, {});
      const std::scoped_lock lock(mutex_);
      result_->built.push_back(*std::move(record));
      return Outcome::done;
    }
  }
  SWAGE_CHECK(writer_.write({drv.path}));
  StorePathSet inputs = drv.drv.input_srcs;
  for (const auto& [input, names] : drv.drv.input_drvs)
    for (const std::string& name : names) {
      SWAGE_TRY(StorePath path, StorePath::parse(graph_.derivations[graph_.index.at(input)].drv.outputs.at(name).path));
      inputs.insert(std::move(path));
    }
  const std::uint64_t job = next_job_id();
  reporter_.on(
      JobStarted{job, node.outputs_are == OutputsAre::registered ? "build" : "check", drv.drv.name, drv.path.str()});
  const auto start = Clock::now();
  FailedLog failed;
  Result<BuildRecord> record = build_one(context_, drv, inputs, node.outputs_are, job, failed);
  reporter_.on(JobFinished{.id = job,
                           .ok = record.has_value(),
                           .seconds = std::chrono::duration<double>(Clock::now() - start).count(),
                           .cancelled = !record && record.error().code == Errc::interrupted});
  if (options_.on_built) options_.on_built(drv.path, record, failed);
  if (!record) return Fail(std::move(record).error());
  const std::scoped_lock lock(mutex_);
  durations_.record(drv.drv.name, record->seconds);
  result_->built.push_back(*std::move(record));
  return Outcome::done;
}

void Scheduler::tell_ends() const {
  if (!options_.on_end) return;
  for (const Node& node : nodes_)
    if (node.drv) options_.on_end(node.drv->path, node.end.value_or(BuildEnd::cancelled), node.because);
}

Result<void> Scheduler::verdict() {
  cut_short_ = cut_short_ || finished_ + skipped_ != nodes_.size();
  if (interrupted() && cut_short_)
    return Fail(Error{.code = Errc::interrupted, .what = "interrupted", .also = std::move(errors_)});
  if (!errors_.empty()) {
    Error error = std::move(errors_.front());
    errors_.erase(errors_.begin());
    if (options_.keep_going && skipped_ > 0)
      (errors_.empty() ? error : errors_.back())
          .notes.push_back(fmt::format("{} more not started, because of what failed", skipped_));
    error.also = std::move(errors_);
    return Fail(std::move(error));
  }
  if (cut_short_) return fail(Errc::interrupted, "interrupted");
  return {};
}

Result<void> Scheduler::run(const RealisePlan& plan, const StorePathSet& check, RealiseResult& result) {
  result_ = &result;
  SWAGE_CHECK(make_nodes(plan, check));
  if (nodes_.empty()) return {};
  expect_durations();
  std::size_t fetches = 0;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].source) ++fetches;
    if (nodes_[i].missing == 0) enqueue(i);
  }
  report_totals();
  std::jthread pacing;
  if (options_.ask_pace) {
    pace_ = Pace::hold;
    pacing = std::jthread([this](const std::stop_token& ended) { keep_pace(ended); });
  }
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < std::min<std::size_t>(options_.jobs, nodes_.size() - fetches); ++i)
    workers.emplace_back([this] { work(true); });
  for (std::size_t i = 0; i < std::min<std::size_t>(options_.downloads, fetches); ++i)
    workers.emplace_back([this] { work(false); });
  workers.clear();   // joins
  if (pacing.joinable()) {
    std::unique_lock lock(mutex_);
    pacing.request_stop();
    lock.unlock();
    changed_.notify_all();
    pacing.join();
  }
  tell_ends();
  return verdict();
}

}  // namespace swage
