#include "realise/build_one.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <memory>
#include <optional>
#include <poll.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "realise/build_dir.hpp"
#include "realise/build_log.hpp"
#include "realise/builder_env.hpp"
#include "realise/cgroup.hpp"
#include "realise/first_error.hpp"
#include "realise/load.hpp"
#include "realise/outputs.hpp"
#include "realise/sandbox.hpp"
#include "realise/usage.hpp"

namespace swage {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLookAgain = std::chrono::milliseconds(500);

enum class Ended { by_itself, silent, timeout, log, processes, memory, stopped };

// Follows a running builder to its end, or kills it for one of the other reasons.
class Monitor {
 public:
  Monitor(const BuildContext& context, Sandbox& sandbox, int output, BuildLog& log)
      : context_(context), limits_(context.options.limits), sandbox_(sandbox), output_(output), log_(log) {
    if (limits_.processes == 0 && limits_.memory == 0) return;
    if (Result<UsageReader> opened = UsageReader::open(sandbox)) usage_ = *std::move(opened);   // else it has ended
  }

  Result<Ended> run() {
    // Both ends are awaited: a builder may close its output and go on, and what it wrote may be read after its end.
    while (output_open_ || !exited_) {
      const bool may_kill = !exited_ && ended_ == Ended::by_itself;
      pollfd fds[] = {{output_open_ ? output_ : -1, POLLIN, 0},
                      {exited_ ? -1 : sandbox_.pidfd(), POLLIN, 0},
                      {may_kill ? context_.stop.fd() : -1, POLLIN, 0},
                      {may_kill ? interrupt_fd() : -1, POLLIN, 0}};
      if (::poll(fds, std::size(fds), may_kill ? wait_ms() : 500) < 0 && errno != EINTR)
        return fail_errno("cannot watch a builder", errno);
      if (fds[0].revents) SWAGE_CHECK(read_output());
      if (fds[1].revents) exited_ = true;
      log_.flush_when_due(Clock::now());
      if (may_kill && !exited_) kill_when_due();
    }
    return ended_;
  }

 private:
  // Sleeps until the next limit, but wakes for the log and for an interrupt that came without a descriptor.
  int wait_ms() const {
    auto next = Clock::now() + kLookAgain;
    if (usage_) next = std::min(next, look_at_usage_);
    if (context_.options.max_silent.count()) next = std::min(next, last_output_ + context_.options.max_silent);
    if (context_.options.timeout.count()) next = std::min(next, started_ + context_.options.timeout);
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now()).count() + 1;
    return static_cast<int>(std::max<long>(ms, 0));
  }

  Result<void> read_output() {
    char buffer[65536];
    const ssize_t got = ::read(output_, buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return {};
    if (got < 0) return fail_errno("cannot read a builder's output", errno);
    if (got == 0) output_open_ = false;
    last_output_ = Clock::now();
    if (ended_ != Ended::log) log_.append({buffer, static_cast<std::size_t>(got)});
    return {};
  }

  void kill_when_due() {
    const auto now = Clock::now();
    const RealiseOptions& options = context_.options;
    if (interrupted() || context_.stop.is_set()) end(Ended::stopped);
    else if (options.timeout.count() && now - started_ >= options.timeout) end(Ended::timeout);
    else if (options.max_silent.count() && now - last_output_ >= options.max_silent) end(Ended::silent);
    else if (limits_.log && log_.size() > limits_.log) end(Ended::log);
    else if (usage_ && now >= look_at_usage_) look_at_usage(now);
  }

  // Memory can be had at some gigabytes a second, processes at some thousands: who has many is looked at more often.
  void look_at_usage(Clock::time_point now) {
    const UsageReader::Usage usage = usage_->look(limits_);
    const bool near = usage.memory > limits_.memory / 2 || usage.tasks > limits_.processes / 2;
    look_at_usage_ = now + (near ? kLookAgain / 10 : kLookAgain);
    if (limits_.processes && usage.tasks > limits_.processes) end(Ended::processes);
    else if (limits_.memory && usage.memory > limits_.memory) end(Ended::memory);
  }

  void end(Ended reason) {
    sandbox_.kill();
    ended_ = reason;
  }

  const BuildContext& context_;
  const BuildLimits& limits_;
  Sandbox& sandbox_;
  int output_;
  BuildLog& log_;
  bool output_open_ = true;
  bool exited_ = false;
  Ended ended_ = Ended::by_itself;
  Clock::time_point started_ = Clock::now();
  Clock::time_point last_output_ = started_;
  std::optional<UsageReader> usage_{};
  Clock::time_point look_at_usage_ = started_;
};

struct Run {
  Sandbox::Exit exit{};
  Ended ended = Ended::by_itself;
  double seconds = 0;
  Clock::time_point started = Clock::now();
};

Result<Run> run_builder(const BuildContext& context, const FinishedDerivation& drv, const StorePathSet& closure,
                        const BuildDir& dir, BuildLog& log) {
  SandboxSpec spec{
      .builder = drv.drv.builder, .args = drv.drv.args, .build_dir = dir.build(), .store_dir = dir.store()};
  for (const StorePath& path : closure) spec.read_only.emplace_back(context.store.real_path(path), path.str());
  SWAGE_TRY(spec.env, builder_env(drv.drv, context.cores, context.jobserver, dir.build()));
  SWAGE_TRY(const Jobserver::Lease lease, context.jobserver.lease());
  spec.pass_fds = lease.pass_fds();
  const BuildLimits& limits = context.options.limits;
  const std::unique_ptr<BuildCgroup> cgroup = BuildCgroup::create(limits);
  if (cgroup) spec.cgroup_fd = cgroup->fd();
  spec.max_tasks = hard_limit(limits.processes);
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  const UniqueFd output(fds[0]);
  UniqueFd write_end(fds[1]);
  ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
  spec.output_fd = write_end.get();
  Run run;
  SWAGE_TRY(Sandbox sandbox, Sandbox::start(spec).map_error([&](Error error) {
    return std::move(error).note(fmt::format("while starting the builder of '{}'", drv.drv.name));
  }));
  write_end.reset();
  SWAGE_TRY(run.ended, Monitor(context, sandbox, output.get(), log).run());
  SWAGE_TRY(run.exit, sandbox.wait());
  if (run.ended == Ended::by_itself && cgroup && cgroup->memory_ran_out()) run.ended = Ended::memory;
  run.seconds = std::chrono::duration<double>(Clock::now() - run.started).count();
  if (const Result<void> kept = log.finish(); !kept)
    context.reporter.on(Message{fmt::format("the log of '{}' is not kept whole: {}", drv.drv.name, kept.error().what)});
  return run;
}

// Also when there is room again by now, because other builds have ended: what the builder said last tells.
bool disk_was_full(const fs::path& dir, const BuildLog& log) {
  if (const Result<std::uint64_t> free = disk_free(dir); free && *free < 1'000'000) return true;
  return std::any_of(log.tail().begin(), log.tail().end(),
                     [](const std::string& line) { return line.find("No space left on device") != std::string::npos; });
}

constexpr int kKilled = 128;   // a shell's status of what a signal ended, plus the signal

Fail builder_failed(const BuildContext& context, const FinishedDerivation& drv, const Run& run, const BuildLog& log,
                    const FirstError& first, FailedLog& failed) {
  const RealiseOptions& options = context.options;
  failed = {.by_clock = run.ended == Ended::silent || run.ended == Ended::timeout, .seconds = run.seconds,
            .cpu_seconds = run.exit.cpu_seconds};
  Error error{.code = Errc::build_failed, .notes = first.notes(log.tail()), .hint = "swage log " + drv.path.str()};
  std::string why;
  if (run.ended == Ended::silent) {
    why = fmt::format("it printed nothing for {} s", options.max_silent.count());
    error.hint = "give it longer with: --max-silent-time SECONDS (0: for ever)";
  } else if (run.ended == Ended::timeout) {
    why = fmt::format("it ran for more than {} s", options.timeout.count());
    error.hint = "give it longer with: --timeout SECONDS";
  } else if (run.ended == Ended::log) {
    why = fmt::format("it printed more than {}", human_bytes(options.limits.log));
    error.hint = "let it print more with: --max-log-size BYTES (0: any number)";
  } else if (run.ended == Ended::processes) {
    why = fmt::format("it had more than {} processes at once", options.limits.processes);
    error.hint = "let it have more with: --max-processes NUMBER (0: any number)";
  } else if (run.ended == Ended::memory) {
    why = fmt::format("it needed more than {} of memory", human_bytes(options.limits.memory));
    error.hint = "let it have more with: --max-memory BYTES (0: all there is)";
  } else if (disk_was_full(context.store.work_dir(), log)) {
    error.code = Errc::environment;
    why = "the disk is full";
    error.hint = "free space with: swage store gc";
  } else {
    why = fmt::format("builder ended with status {}", run.exit.status);
    if (run.exit.status <= kKilled) {
      failed.by_itself = true;
      failed.cause = first.row();
      failed.known = first.known(log.tail());
    }
  }
  error.what = fmt::format("'{}' did not build: {}", drv.drv.name, why);
  return Fail(std::move(error));
}

// A builder may leave outputs that take longer to read than it took to make them: its limit holds until they are
// registered.
Checkpoint within_limits(const BuildContext& context, const FinishedDerivation& drv, const Run& run) {
  return [&]() -> Result<void> {
    if (interrupted() || context.stop.is_set()) return fail(Errc::interrupted, "interrupted");
    const auto limit = context.options.timeout;
    if (limit.count() == 0 || Clock::now() - run.started < limit) return {};
    return Fail(Error{.code = Errc::build_failed,
                      .what = fmt::format("'{}' did not build: it ran for more than {} s", drv.drv.name, limit.count()),
                      .notes = {fmt::format("its builder ended after {}: the rest went into reading its outputs",
                                            human_seconds(run.seconds))},
                      .hint = "swage log " + drv.path.str()});
  };
}

// A build directory, until the end of its build.
struct Used {
  BuildDirRemover& remover;
  BuildDir dir;
  ~Used() { remover.take(std::move(dir)); }
};

}  // namespace

fs::path log_file(Store& store, const StorePath& drv) {
  return store.log_dir() / drv.base().substr(0, 2) / (drv.base().substr(2) + ".bz2");
}

Result<BuildRecord> build_one(const BuildContext& context, const FinishedDerivation& drv, const StorePathSet& inputs,
                              OutputsAre outputs_are, std::uint64_t job, FailedLog& failed) {
  Store& store = context.store;
  SWAGE_TRY(const StorePathSet closure, store.closure(inputs));
  SWAGE_TRY(BuildDir made, BuildDir::create(store.work_dir(), drv.path.hash_part()));
  Used used{context.remover, std::move(made)};
  BuildDir& dir = used.dir;
  FirstError first(context.options.error_lines);
  SWAGE_TRY(BuildLog log,
            BuildLog::create(log_file(store, drv.path), context.options.log_lines, [&](const std::string& line) {
              first.take(line);
              context.reporter.on(JobLog{job, line});
            }));
  const auto fail_keeping = [&](Error error) -> Fail {
    if (!context.options.keep_failed) return Fail(std::move(error));
    Result<fs::path> kept =
        dir.keep(store.work_dir(), fmt::format("{}-{}", drv.path.hash_part().substr(0, 8), drv.drv.name));
    error.notes.push_back(kept ? fmt::format("its build directory is kept in '{}'", kept->string())
                               : kept.error().what);
    return Fail(std::move(error));
  };
  SWAGE_TRY(const Run run, run_builder(context, drv, closure, dir, log));
  if (run.ended == Ended::stopped) return fail(Errc::interrupted, "interrupted");
  if (run.ended != Ended::by_itself || run.exit.status != 0)
    return fail_keeping(builder_failed(context, drv, run, log, first, failed).value());
  const fs::path kept = context.options.keep_failed ? store.work_dir() / "failed" : fs::path();
  const Checkpoint checkpoint = within_limits(context, drv, run);
  Result<void> finished = outputs_are == OutputsAre::registered
                              ? register_built(store, drv, dir.store(), closure, checkpoint)
                              : compare_built(store, drv, dir.store(), kept, checkpoint);
  if (finished && outputs_are == OutputsAre::compared)
    finished = replace_built(store, drv, dir.store(), context.options.repair);
  if (!finished && finished.error().code == Errc::interrupted) return Fail(std::move(finished).error());
  if (!finished) return fail_keeping(std::move(finished).error());
  return BuildRecord{
      .drv = drv.path, .seconds = run.seconds, .cpu_seconds = run.exit.cpu_seconds, .max_rss = run.exit.max_rss};
}

}  // namespace swage
