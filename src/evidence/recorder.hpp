// Evidence in the making: cells of one run, and the records that are written as each of them ends.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/evidence.hpp"
#include "plan/reduced_lock.hpp"
#include "realise/realise.hpp"
#include "request/goals.hpp"

namespace swage {

// A cell that is verified: what has to be built, and what became of it.
struct CellRun {
  enum class End { open, booted, built, failed, skipped, impossible, not_tried, left };   // left: for another run
  Goal goal;
  std::optional<StorePath> kernel{}, boot{};   // derivations; `boot` null: no toolchain makes a userland for it
  StorePathSet reached{};                      // all derivations behind them
  EvidenceRow row{.kernel = {}};               // filled as far as it is known
  End end = End::open;
  std::string reason{};  // why it failed, is impossible, was not tried or is left; when it was verified before
  std::set<std::string> constraints{};         // ids of what makes it impossible
  fs::path record{};                           // "" none was written

  const StorePath& wanted() const { return boot ? *boot : *kernel; }
};
std::string_view end_name(CellRun::End end);   // "booted", ..., "not tried", "left"

// YYYY-MM-DD, UTC.
std::string date_of(std::int64_t seconds_since_1970);
std::string today();

struct RecorderPlace {
  fs::path directory{};   // evidence/, made when first needed
  Lockfile lock{};        // reduced to what the cells use
};
// Puts the lock file beside the records and tells its name. One serves all records of a run, and those of other runs
// whose lock files are of the same day and say nothing else of what both have: it grows, and never changes what is in
// it.
Result<std::string> keep_lock(const RecorderPlace& place);

// A lock file that stands beside the records, by its name. Never one that is elsewhere.
Result<Lockfile> read_kept_lock(const fs::path& evidence, const std::string& name);
// One of the few lines that a boot leaves in its output. What a build made is nobody's friend: a link in it leads to no
// other file.
Result<std::string> read_output_line(const fs::path& output, const char* file);

// Thread-safe: the executor tells it from several threads.
class Recorder {
 public:
  Recorder(Store& store, const Catalog& catalog, const Graph& graph, Reporter& reporter, std::deque<CellRun>& cells,
           RecorderPlace place, unsigned cores)
      : store_(store),
        catalog_(catalog),
        graph_(graph),
        reporter_(reporter),
        cells_(cells),
        place_(std::move(place)),
        cores_(cores) {}

  // Records cells whose result is in the store already, with the date it was made and no times: those are not known any
  // more.
  Result<void> record_present();
  // For RealiseOptions::on_built.
  void on_built(const StorePath& drv, Result<BuildRecord>& outcome, const FailedLog& log);
  // A failure that says nothing of the open cells behind it: they are not tried, for this reason.
  void pass_over(const StorePath& drv, const std::string& reason);
  // The first record that could not be written.
  Result<void> problem() const;

 private:
  Result<void> record_success(CellRun& cell);
  Result<void> record_failure(CellRun& cell, const StorePath& drv, const Error& error, const FailedLog& log);
  Result<void> write(CellRun& cell, std::string_view log);
  Result<std::string> lock_name();
  Result<std::optional<PathInfo>> output_of(const StorePath& drv);
  std::optional<unsigned> seconds_of(const StorePath& drv) const;
  void announce(const CellRun& cell);

  Store& store_;
  const Catalog& catalog_;
  const Graph& graph_;
  Reporter& reporter_;
  std::deque<CellRun>& cells_;
  RecorderPlace place_;
  unsigned cores_;
  mutable std::mutex mutex_{};               // guards everything below, the cells and the directory
  std::map<StorePath, double> seconds_{};    // of what was built in this run
  std::string lock_name_{};                  // once it is there
  std::optional<Error> problem_{};
};

}  // namespace swage
