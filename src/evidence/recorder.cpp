#include "evidence/recorder.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/core.h>

#include "base/beneath.hpp"
#include "base/text.hpp"
#include "evidence/object_verdicts.hpp"
#include "request/clues.hpp"

namespace swage {

namespace {

constexpr std::size_t kFailureLines = 60;

// A record of the same derivations with the same results says all that a new one would, and the times as well.
bool says_the_same(const EvidenceRow& old, const EvidenceRow& row) {
  return old.state == row.state && old.kernel_drv == row.kernel_drv && old.boot_drv == row.boot_drv &&
         old.kernel_nar == row.kernel_nar && old.boot_nar == row.boot_nar && old.sample == row.sample;
}

}  // namespace

std::string_view end_name(CellRun::End end) {
  switch (end) {
    case CellRun::End::booted: return "booted";
    case CellRun::End::built: return "built";
    case CellRun::End::failed: return "failed";
    case CellRun::End::skipped: return "skipped";
    case CellRun::End::impossible: return "impossible";
    case CellRun::End::left: return "left";
    case CellRun::End::open:
    case CellRun::End::not_tried: break;
  }
  return "not tried";
}

std::string date_of(std::int64_t seconds_since_1970) {
  return time_text("%Y-%m-%d", static_cast<std::time_t>(seconds_since_1970));
}

std::string today() { return date_of(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())); }

Result<std::string> keep_lock(const RecorderPlace& place) {
  SWAGE_TRY(const fs::path locks, evidence_subdirectory(place.directory, kLocks));
  // Another swage may keep one too: what it adds must not be lost.
  SWAGE_TRY(const UniqueFd held, lock_directory(locks));
  std::optional<std::pair<std::string, Lockfile>> wider;
  for (const std::string& name : list_directory(locks).value_or(std::vector<std::string>{})) {
    if (!name.ends_with(".lock")) continue;
    const Result<Lockfile> known = read_kept_lock(place.directory, name);
    if (!known) continue;
    if (covers(*known, place.lock)) return name;
    if (!wider)
      if (std::optional<Lockfile> both = joined(*known, place.lock)) wider.emplace(name, *std::move(both));
  }
  const std::string text = wider ? wider->second.str() : place.lock.str();
  const std::string name =
      wider ? wider->first : fmt::format("{}-{}.lock", place.lock.created, sha256(text).hex().substr(0, 8));
  SWAGE_CHECK(write_file_atomically(locks / name, text));
  return name;
}

Result<Lockfile> read_kept_lock(const fs::path& evidence, const std::string& name) {
  const fs::path file = fs::path(kLocks) / name;
  SWAGE_TRY(const std::string text, read_beneath(evidence, file));
  Result<Lockfile> lock = Lockfile::parse(text, (evidence / file).string());
  if (!lock)
    lock.error().hint =
        "it is a record's, not yours: what it was made with is in no other file; record anew with: swage verify";
  return lock;
}

Result<std::string> read_output_line(const fs::path& output, const char* file) {
  SWAGE_TRY(const std::string text, read_beneath(output, file));
  return std::string(trim(text));
}

Result<std::optional<PathInfo>> Recorder::output_of(const StorePath& drv) {
  SWAGE_TRY(const StorePath out, StorePath::parse(graph_.find(drv)->drv.outputs.at("out").path));
  return store_.query(out);
}

std::optional<unsigned> Recorder::seconds_of(const StorePath& drv) const {
  const auto found = seconds_.find(drv);
  if (found == seconds_.end()) return std::nullopt;
  return static_cast<unsigned>(std::lround(found->second));
}

Result<std::string> Recorder::lock_name() {
  if (lock_name_.empty()) { SWAGE_TRY(lock_name_, keep_lock(place_)); }
  return lock_name_;
}

Result<void> Recorder::write(CellRun& cell, std::string_view log) {
  SWAGE_TRY(cell.row.lock, lock_name());
  SWAGE_CHECK(write_evidence(place_.directory, cell.row, log));
  cell.record = place_.directory / cell.row.platform / (evidence_name(cell.row) + ".toml");
  return {};
}

Result<void> Recorder::record_success(CellRun& cell) {
  EvidenceRow& row = cell.row;
  SWAGE_TRY(const std::optional<PathInfo> kernel, output_of(*cell.kernel));
  SWAGE_TRY(const std::optional<PathInfo> last, output_of(cell.wanted()));
  if (!kernel || !last)
    return fail(Errc::corrupt,
                fmt::format("'{}' is not valid in the store, and it was just made", cell.wanted().str()));
  row.state = cell.boot ? EvidenceState::booted : EvidenceState::built;
  row.reason = row.signature = row.failed_drv = "";
  row.kernel_nar = kernel->nar_hash.hex();
  row.when = date_of(last->registration_time);
  row.build_seconds = seconds_of(*cell.kernel);
  if (row.build_seconds) row.cores = cores_;
  cell.end = cell.boot ? CellRun::End::booted : CellRun::End::built;
  std::string log;
  if (row.sample) {
    SWAGE_CHECK(judge_objects(catalog_, store_.real_path(last->path), row, log));
    if (row.state == EvidenceState::failed) {
      cell.end = CellRun::End::failed;
      cell.reason = row.reason;
    }
  }
  if (cell.boot) {
    row.boot_nar = last->nar_hash.hex();
    row.boot_seconds = seconds_of(*cell.boot);
    const fs::path out = store_.real_path(last->path);
    for (auto [file, text] : {std::pair("banner", &row.banner), std::pair("userland", &row.userland)}) {
      SWAGE_TRY(*text, read_output_line(out, file));
    }
    SWAGE_TRY(log, read_beneath(out, "log"));
  }
  const fs::path file = place_.directory / row.platform / (evidence_name(row) + ".toml");
  if (const Result<std::string> text = read_file(file); text && !row.build_seconds)
    if (const Result<EvidenceRow> old = parse_evidence(*text, file.string())) {
      if (says_the_same(*old, row)) {
        row = *old;
        cell.record = file;
        return {};
      }
      if (old->kernel_drv == row.kernel_drv && old->kernel_nar == row.kernel_nar) {   // only the boot is another
        row.build_seconds = old->build_seconds;
        row.cores = old->cores;
      }
    }
  return write(cell, log);
}

Result<void> Recorder::record_failure(CellRun& cell, const StorePath& drv, const Error& error, const FailedLog& log) {
  EvidenceRow& row = cell.row;
  row.state = EvidenceState::failed;
  row.when = today();
  row.reason = cell.reason = error.what;
  if (log.by_itself) row.failed_drv = drv.str();
  cell.end = CellRun::End::failed;
  SWAGE_TRY(const Clue clue, find_clue(catalog_, store_, graph_, cell.goal, drv, log));
  if (clue.signature) row.signature = clue.signature->id;
  if (clue.next) row.next = clue.next->id;
  SWAGE_TRY(const std::optional<PathInfo> kernel, output_of(*cell.kernel));
  if (kernel) row.kernel_nar = kernel->nar_hash.hex();
  row.build_seconds = seconds_of(*cell.kernel);
  if (row.build_seconds) row.cores = cores_;
  return write(cell, last_lines(read_log(store_, drv).value_or(""), kFailureLines));
}

void Recorder::announce(const CellRun& cell) {
  reporter_.on(Message{fmt::format("{} {}: {}", end_name(cell.end), goal_label(cell.goal), cell.row.toolchain)});
}

Result<void> Recorder::record_present() {
  const std::scoped_lock lock(mutex_);
  for (CellRun& cell : cells_) {
    if (cell.end != CellRun::End::open) continue;
    SWAGE_TRY(const std::optional<PathInfo> result, output_of(cell.wanted()));
    if (!result) continue;
    if (result->ultimate) {
      SWAGE_CHECK(record_success(cell));
    } else {   // nobody has seen it made here
      cell.end = CellRun::End::not_tried;
      cell.reason = fmt::format("it came from a cache; to build it here: swage store delete {}", result->path.str());
    }
    announce(cell);
  }
  return {};
}

void Recorder::on_built(const StorePath& drv, Result<BuildRecord>& outcome, const FailedLog& log) {
  // Being stopped and a lack of the machine's say nothing about a cell.
  if (!outcome && (outcome.error().code == Errc::interrupted || outcome.error().code == Errc::environment)) return;
  const std::scoped_lock lock(mutex_);
  if (outcome && !outcome->waited_for_other) seconds_[drv] = outcome->seconds;
  for (CellRun& cell : cells_) {
    if (cell.end != CellRun::End::open || (outcome ? cell.wanted() != drv : !cell.reached.contains(drv))) continue;
    Result<void> recorded = outcome ? record_success(cell) : record_failure(cell, drv, outcome.error(), log);
    if (!recorded && !problem_)
      problem_ = std::move(recorded).error().note(fmt::format("while recording {}", goal_label(cell.goal)));
    announce(cell);
  }
}

void Recorder::pass_over(const StorePath& drv, const std::string& reason) {
  const std::scoped_lock lock(mutex_);
  for (CellRun& cell : cells_) {
    if (cell.end != CellRun::End::open || !cell.reached.contains(drv)) continue;
    cell.end = CellRun::End::not_tried;
    cell.reason = reason;
    announce(cell);
  }
}

Result<void> Recorder::problem() const {
  const std::scoped_lock lock(mutex_);
  if (problem_) return Fail(*problem_);
  return {};
}

}  // namespace swage
