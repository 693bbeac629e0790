#include "evidence/idle_run.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <fmt/core.h>
#include <mutex>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "base/text.hpp"
#include "catalog/evidence.hpp"
#include "evidence/make_room.hpp"
#include "evidence/step_times.hpp"
#include "realise/durations.hpp"
#include "realise/priority.hpp"

namespace swage {

namespace {

using End = CellRun::End;

constexpr unsigned kMostStops = 2;     // of a cell, for want of memory or disk
constexpr std::size_t kMostLacks = 3;  // in a row, each of something else: what cells need and cannot be had
constexpr auto kLookAtPace = std::chrono::milliseconds(250);
constexpr double kRoomAbove = 1.25;  // of keep_free, once room has to be made: not again for the next cell

double processor_seconds() {
  const auto of = [](int who) {
    rusage usage{};
    ::getrusage(who, &usage);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  };
  return of(RUSAGE_SELF) + of(RUSAGE_CHILDREN);
}

std::vector<EvidenceRow> all_rows(const std::vector<EvidenceRow>& of_catalog, const std::deque<CellRun>& cells,
                                  std::string_view platform) {
  std::vector<EvidenceRow> rows = of_catalog;
  for (const CellRun& cell : cells)
    if (cell.row.platform == platform && !cell.record.empty()) rows.push_back(cell.row);
  return rows;
}

// The session's of now, which is another one after each build.
struct SessionReporter final : Reporter {
  explicit SessionReporter(Session& of) : session(of) {}
  void on(const Event& event) override { session.reporter().on(event); }
  Session& session;
};

class IdleRun {
 public:
  IdleRun(Session& session, Planned& planned, std::deque<CellRun>& cells, RecorderPlace place, RealiseOptions realise,
          const IdleOptions& idle, Store& store, const Catalog& catalog)
      : session_(session),
        planned_(planned),
        cells_(cells),
        realise_(std::move(realise)),
        idle_(idle),
        store_(store),
        catalog_(catalog),
        graph_(planned.planner->graph()),
        reporter_(session),
        recorder_(store, catalog, graph_, reporter_, cells, std::move(place), realise_.cores),
        pacer_({.spare = static_cast<double>(idle.spare) / 100, .keep_free = idle.keep_free}, reporter_,
               {.look = [&store] { return read_load(store.root()); }, .is_over = [this] { return time_is_over(); }}) {
    realise_.keep_going = true;
    realise_.ask_pace = [this](bool waiting) { return pacer_.ask(waiting); };
  }

  Result<IdleOutcome> run(const std::set<std::size_t>& again) {
    SWAGE_TRY(const IdleLock lock, IdleLock::take(store_));
    SWAGE_CHECK(recorder_.record_present());
    SWAGE_CHECK(look_ahead(again));
    while (const std::optional<std::size_t> next = ahead_.next()) {
      CellRun& cell = cells_[*next];
      if (cell.end != End::open) {  // failed together with another
        ahead_.close(*next);
        continue;
      }
      if (interrupted()) break;
      if (const std::string why = limit_reached(*next); !why.empty()) {
        leave_rest(why);
        break;
      }
      if (const Result<void> room = see_to_room(); !room) {
        errors_.push_back(room.error());
        break;
      }
      SWAGE_CHECK(lock.says(goal_label(cell.goal)));
      if (const Result<void> tried = attempt(*next); !tried) {
        errors_.push_back(tried.error());
        break;
      }
      if (machine_lacks_) break;
    }
    if (interrupted()) errors_.insert(errors_.begin(), Error{.code = Errc::interrupted, .what = "interrupted"});
    return IdleOutcome{.summary = {.seconds = steady_seconds() - started_,
                                   .cpu_seconds = processor_seconds(),
                                   .paused_seconds = pacer_.paused_seconds(),
                                   .bytes_freed = bytes_freed_},
                       .errors = std::move(errors_)};
  }

 private:
  bool time_is_over() const {
    return idle_.seconds > 0 && steady_seconds() - started_ >= static_cast<double>(idle_.seconds);
  }

  std::string limit_reached(std::size_t next) const {
    if (idle_.limit > 0 && begun_.size() >= idle_.limit && !begun_.contains(next))
      return fmt::format("--limit {} is reached", idle_.limit);
    if (time_is_over()) return fmt::format("--for-time {} is over", human_seconds(static_cast<double>(idle_.seconds)));
    return "";
  }

  void leave_rest(const std::string& why) {
    for (CellRun& cell : cells_)
      if (cell.end == End::open) {
        cell.end = End::left;
        cell.reason = why;
      }
  }

  Result<void> look_ahead(const std::set<std::size_t>& again) {
    const Durations durations = Durations::load(store_.work_dir() / "durations");
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const CellRun& cell = cells_[i];
      if (cell.end != End::open) continue;
      SWAGE_CHECK(check_interrupt());
      SWAGE_TRY(const RealisePlan plan, plan_realise(store_, graph_, {{.drv = cell.wanted()}}));
      SWAGE_TRY(const std::vector<EvidenceRow>* on_record, catalog_.evidence(cell.row.platform));
      const std::vector<EvidenceRow> rows = all_rows(*on_record, cells_, cell.row.platform);
      std::vector<MissingPart> parts;
      for (const StorePath& drv : plan.build) {
        const std::string& name = graph_.find(drv)->drv.name;
        std::optional<double> seconds = durations.find(name);
        if (!seconds && drv == cell.kernel) seconds = recorded_build_seconds(rows, cell.row, realise_.cores);
        else if (!seconds && drv == cell.boot) seconds = recorded_boot_seconds(rows, cell.row);
        else if (!seconds) seconds = durations.expected(name);
        parts.push_back({.drv = drv, .seconds = seconds});
      }
      ahead_.add(i, std::move(parts), again.contains(i));
      ++open_;
    }
    return {};
  }

  // What is there is looked at before each cell, and again where a cell was stopped for it.
  Result<void> see_to_room() {
    if (idle_.keep_free == 0) return {};
    SWAGE_TRY(const Load load, read_load(store_.root()));
    if (load.disk_free >= idle_.keep_free) return {};
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(idle_.keep_free) * kRoomAbove);
    SWAGE_TRY(const RoomFreed room, make_room(store_, catalog_, graph_, cells_, wanted));
    bytes_freed_ += room.bytes;
    if (room.paths > 0)
      reporter_.on(Message{fmt::format("freed {} of what cells that are done with were made of ({} paths)",
                                       human_bytes(room.bytes), room.paths)});
    if (room.free >= idle_.keep_free) return {};
    return Fail(
        Error{.code = Errc::environment,
              .what = fmt::format("'{}' is on a disk with {} free, and {} are to be kept", store_.root().string(),
                                  human_bytes(room.free), human_bytes(idle_.keep_free)),
              .notes = {"nothing is left that only cells with a record need"},
              .hint = "free space with: swage store gc; or keep less free: swage verify --idle --keep-free BYTES"});
  }

  Result<void> attempt(std::size_t number) {
    CellRun& cell = cells_[number];
    const Begun& begun = begin(number);
    std::vector<StorePath> made;
    std::mutex mutex;
    RealiseOptions options = realise_;
    options.may_substitute = false;   // a record is of what was built here
    options.on_built = [&](const StorePath& drv, Result<BuildRecord>& outcome, const FailedLog& log) {
      if (outcome) {
        const std::scoped_lock lock(mutex);
        made.push_back(drv);
      } else if (outcome.error().code == Errc::environment) {
        machine_lacks_ = true;
      } else if (outcome.error().code == Errc::build_failed) {
        const Shortage shortage = pacer_.shortage_since(steady_seconds() - log.seconds);
        if (const std::string why = no_evidence(log, drv == cell.boot, shortage); !why.empty()) {
          outcome.error().notes.push_back("this is no record: " + why);
          return recorder_.pass_over(drv, why);
        }
      }
      recorder_.on_built(drv, outcome, log);
    };
    planned_.wanted = {{.drv = cell.wanted()}};
    planned_.goals = {&cell.goal};
    const Result<RealiseResult> done = realise_planned(session_, planned_, options);
    SWAGE_CHECK(recorder_.problem());
    for (const StorePath& drv : made) ahead_.made(drv);
    if (interrupted()) return {};
    if (done && cell.end == End::open)
      SWAGE_CHECK(recorder_.record_present());  // another process has made it meanwhile
    if (!done && cell.end == End::open) {
      SWAGE_CHECK(not_made(number, done.error()));
    } else if (!done) {
      errors_.push_back(done.error());
    }
    if (cell.end == End::open) return {};  // once more
    if (cell.end != End::not_tried) lacks_.clear();
    const double seconds = steady_seconds() - begun.at;
    if (done && begun.said) ahead_.took(seconds - (pacer_.paused_seconds() - begun.paused), *begun.said);
    ahead_.close(number);
    reporter_.on(StepFinished{.number = begun.number,
                              .of = open_,
                              .name = goal_label(cell.goal),
                              .end = std::string(end_name(cell.end)),
                              .seconds = seconds});
    return {};
  }

  // When a cell was first begun, and what was said then.
  struct Begun {
    std::size_t number = 0;
    double at = 0, paused = 0;
    std::optional<double> said{};
  };
  const Begun& begin(std::size_t cell) {
    const auto [found, fresh] = begun_.try_emplace(cell);
    Begun& begun = found->second;
    if (!fresh) return begun;
    begun = {begun_.size(), steady_seconds(), pacer_.paused_seconds(), ahead_.seconds_of(cell)};
    reporter_.on(StepStarted{.number = begun.number,
                             .of = open_,
                             .name = goal_label(cells_[cell].goal),
                             .seconds = begun.said,
                             .left = ahead_.seconds_of_all()});
    return begun;
  }

  // Nothing of it failed that would be on record.
  Result<void> not_made(std::size_t number, const Error& error) {
    CellRun& cell = cells_[number];
    if (error.code == Errc::interrupted) {  // by its pace
      const PaceVerdict verdict = pacer_.verdict();
      std::this_thread::sleep_for(kLookAtPace);
      if (verdict.pace != Pace::stop || ++stops_[number] < kMostStops) return {};
      cell.reason = fmt::format("ended {} times: {}", stops_[number], verdict.why);
    } else {
      cell.reason = error.what;
      if (lacks_.insert(error.what).second) errors_.push_back(error);
    }
    cell.end = End::not_tried;
    if (lacks_.size() < kMostLacks) return {};
    return Fail(
        Error{.code = Errc::environment,
              .what = fmt::format("'{}' could not be tried, for a third reason in a row", goal_label(cell.goal)),
              .hint = "see what this machine lacks with: swage doctor"});
  }

  Session& session_;
  Planned& planned_;
  std::deque<CellRun>& cells_;
  RealiseOptions realise_;
  const IdleOptions& idle_;
  Store& store_;
  const Catalog& catalog_;
  const Graph& graph_;
  SessionReporter reporter_;
  Recorder recorder_;
  Pacer pacer_;
  Ahead ahead_{};
  const double started_ = steady_seconds();
  std::uint64_t open_ = 0, bytes_freed_ = 0;
  std::map<std::size_t, Begun> begun_{};
  std::map<std::size_t, unsigned> stops_{};
  std::set<std::string> lacks_{};
  std::atomic<bool> machine_lacks_ = false;  // what every build needs
  std::vector<Error> errors_{};
};

}  // namespace

Result<std::set<std::size_t>> skip_recorded(const Catalog& catalog, std::deque<CellRun>& cells, bool retry) {
  std::set<std::size_t> again;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    CellRun& cell = cells[i];
    if (cell.end != End::open) continue;
    SWAGE_TRY(const std::vector<EvidenceRow>* rows,
              catalog.evidence(cell.row.platform, cell.goal.cell.kernel->version, cell.goal.target.recipe));
    for (const EvidenceRow& row : *rows) {
      if (evidence_name(row) != evidence_name(cell.row)) continue;
      again.insert(i);
      const bool same = row.kernel_drv == cell.row.kernel_drv && row.boot_drv == cell.row.boot_drv;
      if (!same || (retry && row.state == EvidenceState::failed)) continue;
      cell.end = End::skipped;
      cell.reason = fmt::format("{} on {}", evidence_state_name(row.state), row.when);
      cell.record = row.file;
      cell.row = row;
      again.erase(i);
      break;
    }
  }
  return again;
}

Result<IdleLock> IdleLock::take(Store& store) {
  const fs::path file = store.work_dir() / "idle.lock";
  SWAGE_CHECK(make_directories(store.work_dir()));
  SWAGE_TRY(std::optional<FileLock> lock, FileLock::try_acquire(file, FileLock::Mode::exclusive));
  if (lock) {
    IdleLock taken(*std::move(lock));
    SWAGE_CHECK(taken.says("its plan"));
    return taken;
  }
  const std::string text = read_file(file).value_or("");
  const std::vector<std::string_view> lines = split(text, '\n');
  Error error{.code = Errc::environment,
              .what = fmt::format("'{}' has an idle run already", store.root().string()),
              .hint = "let it go on; or verify something beside it, without --idle"};
  if (lines.size() >= 3)
    error.notes.push_back(fmt::format("it is process {}, since {}, and is at {}", lines[0], lines[1], lines[2]));
  return Fail(std::move(error));
}

Result<void> IdleLock::says(const std::string& doing) const {
  static const std::string since = time_text("%Y-%m-%d %H:%M UTC", std::time(nullptr));
  const std::string text = fmt::format("{}\n{}\n{}\n", ::getpid(), since, doing);
  if (::ftruncate(lock_.fd(), 0) != 0 || ::lseek(lock_.fd(), 0, SEEK_SET) != 0)
    return fail_errno("cannot write what an idle run is at", errno);
  return write_all(lock_.fd(), text, "idle.lock");
}

std::string no_evidence(const FailedLog& log, bool of_boot, const Shortage& shortage) {
  if (shortage.memory) return "the machine was short of memory meanwhile";
  const double part = log.seconds > 0 ? log.cpu_seconds / log.seconds : 1;
  if (!shortage.processors || !(of_boot || log.by_clock) || part >= 0.5) return "";
  return fmt::format("others had the processors, it got {:.0f} % of one, and its time is limited", part * 100);
}

Result<IdleOutcome> verify_idly(Session& session, Planned& planned, std::deque<CellRun>& cells,
                                const std::set<std::size_t>& again, const fs::path& directory,
                                const RealiseOptions& realise, const IdleOptions& idle) {
  std::vector<StorePath> wanted;
  for (const CellRun& cell : cells)
    if (cell.end == End::open) wanted.push_back(cell.wanted());
  if (wanted.empty()) return IdleOutcome{};
  SWAGE_TRY(Store * store, session.store());
  SWAGE_TRY(const Lockfile* lock, session.lock());
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  RealiseOptions options = realise;
  if (options.cores == 0) options.cores = std::max(std::thread::hardware_concurrency(), 1U);
  IdleRun run(session, planned, cells,
              {.directory = directory, .lock = reduced_lock(*lock, planned.planner->graph(), wanted)}, options, idle,
              *store, *catalog);
  return run.run(again);
}

}  // namespace swage
