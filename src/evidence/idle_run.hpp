// Verifying cells in idle hours: one after the other, so that a run which is stopped at any moment has left its
// records; at the pace that other work leaves. docs/verify.md has the rules.
#pragma once

#include <deque>

#include "evidence/pacer.hpp"
#include "evidence/recorder.hpp"
#include "request/realising.hpp"

namespace swage {

struct IdleOptions {
  bool retry = false;                        // cells that are on record as failed, too
  std::uint64_t limit = 0;                   // cells; 0: all
  std::uint64_t seconds = 0;                 // that it may begin cells; 0: any number
  std::uint64_t keep_free = 10'000'000'000;  // bytes of disk; 0: any number
  std::uint64_t spare = 50;                  // per cent of a processor that others leave; 0: any number
};

struct IdleSummary {
  double seconds = 0, cpu_seconds = 0, paused_seconds = 0;
  std::uint64_t bytes_freed = 0;  // of the store, to make room
};
struct IdleOutcome {
  IdleSummary summary{};
  std::vector<Error> errors{};  // to end with, an interrupt first
};

// Leaves out what is on record for the derivations of today, as booted, built or, unless `retry`, failed. Those whose
// record is of other derivations stay open; their numbers are returned.
Result<std::set<std::size_t>> skip_recorded(const Catalog& catalog, std::deque<CellRun>& cells, bool retry);

// The right to be the idle run of a home, which one process has at a time.
class IdleLock {
 public:
  static Result<IdleLock> take(Store& store);  // Errc::environment: says which process has it, and what it does
  Result<void> says(const std::string& doing) const;

 private:
  explicit IdleLock(FileLock lock) : lock_(std::move(lock)) {}
  FileLock lock_;
};

// Why a failure says nothing of a cell; "" when it does. `shortage` is of the time that the build took.
std::string no_evidence(const FailedLog& log, bool of_boot, const Shortage& shortage);

// Verifies the open cells. `again`: those that have a record, which come last.
Result<IdleOutcome> verify_idly(Session& session, Planned& planned, std::deque<CellRun>& cells,
                                const std::set<std::size_t>& again, const fs::path& directory,
                                const RealiseOptions& realise, const IdleOptions& idle);

}  // namespace swage
