#include "evidence/recorded_files.hpp"

#include <deque>
#include <fmt/core.h>
#include <map>
#include <memory>
#include <optional>

#include "base/interrupt.hpp"
#include "catalog/evidence.hpp"
#include "catalog/package_evidence.hpp"
#include "evidence/recorder.hpp"
#include "fetch/lock.hpp"
#include "plan/reduced_lock.hpp"
#include "plan/sources.hpp"
#include "request/image_goals.hpp"
#include "request/recorded_cell.hpp"

namespace swage {

namespace {

class RecordedFileFinder {
 public:
  RecordedFileFinder(Session& session, const Catalog& catalog) : session_(session), catalog_(catalog) {}

  Result<RecordedFiles> run() {
    std::set<std::string> roots;
    for (const RootRow& row : catalog_.roots())
      if (!is_on_demand(row)) roots.insert(root_key(row));
    // Without them what needs one is told as not planned.
    if (const Result<void> pinned = session_.pin(roots); !pinned) {
      if (pinned.error().code == Errc::interrupted) return Fail(pinned.error());
      session_.reporter().on(Message{fmt::format("note: {}", pinned.error().what)});
    }
    SWAGE_TRY(today_, session_.lock());
    for (const fs::path& evidence : catalog_.evidence_directories()) SWAGE_CHECK(take_locks(evidence));
    for (const Platform& platform : catalog_.platforms()) {
      SWAGE_CHECK(check_interrupt());
      SWAGE_CHECK(take_kernels(platform));
      SWAGE_CHECK(take_packages(platform));
      SWAGE_CHECK(take_images(platform));
    }
    return std::move(found_);
  }

 private:
  // A lock file that was kept with records, and what is planned from it.
  struct Kept {
    Lockfile lock{};
    std::optional<Planner> planner{};
  };

  Result<void> take_locks(const fs::path& evidence) {
    const fs::path locks = evidence / kLocks;
    if (!directory_exists(locks)) return {};
    SWAGE_TRY(const std::vector<std::string> names, list_directory(locks));
    for (const std::string& name : names) {
      if (!name.ends_with(".lock")) continue;
      SWAGE_TRY(const Lockfile lock, read_kept_lock(evidence, name));
      SWAGE_CHECK(want_locked(found_.files, lock, name));
    }
    return {};
  }

  // As when it is repeated: with the roots that recipes have come to need since.
  Result<Kept*> kept_lock(const fs::path& evidence, const std::string& name) {
    Kept& kept = kept_[evidence / name];
    if (kept.planner) return &kept;
    SWAGE_TRY(kept.lock, read_kept_lock(evidence, name));
    add_missing_roots(kept.lock, *today_);
    kept.planner.emplace(catalog_, kept.lock);
    return &kept;
  }

  // What a record is of; what cannot be planned any more is told at the end.
  template <class Plan>
  Result<void> take(const std::string& title, const Plan& plan) {
    const Result<void> done = plan();
    if (!done && done.error().code == Errc::interrupted) return Fail(done.error());
    if (done) ++found_.records;
    else found_.unplanned.push_back(fmt::format("{}: {}", title, done.error().what));
    return {};
  }

  Result<void> want(Planner& planner, const std::string& recipe, const Cell& cell, const std::string& title) {
    SWAGE_TRY(const Wanted wanted, planner.package(recipe, cell));
    want_sources(found_.files, planner.graph(), {wanted.drv}, title);
    return {};
  }

  Result<void> take_kernels(const Platform& platform) {
    SWAGE_TRY(const std::vector<EvidenceRow>* rows, catalog_.evidence(platform.name));
    for (const EvidenceRow& row : *rows) {
      if (!row.is_repeatable()) continue;
      const std::string title = fmt::format("{}@{} for {}", catalog_.recipe_of(row), row.kernel, row.platform);
      SWAGE_CHECK(take(title, [&] { return take_kernel(row, title); }));
    }
    return {};
  }

  Result<void> take_kernel(const EvidenceRow& row, const std::string& title) {
    SWAGE_TRY(const std::string maker, catalog_.maker_of(row));
    SWAGE_TRY(Kept * kept, kept_lock(evidence_lock(row).parent_path().parent_path(), row.lock));
    if (row.tree) {
      SWAGE_TRY(const KernelChoice recorded, recorded_kernel(row));
      want_source(found_.files, *recorded.source, title, row.tree->nar);
    }
    SWAGE_TRY(Cell cell, recorded_cell(catalog_, kept->lock, row));
    const Cell& keeps_its_address = cells_.emplace_back(std::move(cell));
    SWAGE_CHECK(want(*kept->planner, maker, keeps_its_address, title));
    if (row.state != EvidenceState::booted) return {};
    SWAGE_TRY(const std::vector<Target> targets,
              find_targets(session_, {.targets = {fmt::format("{}@{}", catalog_.recipe_of(row), row.kernel)}}));
    return want(*kept->planner, targets.front().asks.booted_by, keeps_its_address, title);
  }

  Result<void> take_packages(const Platform& platform) {
    SWAGE_TRY(const auto records, newest_package_records(catalog_.evidence_directories(), platform.name));
    for (const auto& [name, record] : records) {
      if (record.record.state == PackageState::failed) continue;
      const std::string title = fmt::format("{} for {}", name, platform.name);
      SWAGE_CHECK(take(title, [&, &kept_record = record]() -> Result<void> {
        SWAGE_TRY(Kept * kept, kept_lock(kept_record.evidence, kept_record.record.lock));
        Cell& cell = cells_.emplace_back(Cell{.platform = &platform});
        SWAGE_TRY(cell.toolchain, catalog_.toolchain(kept_record.record.toolchain, platform.name));
        return want(*kept->planner, kept_record.record.name, cell, title);
      }));
    }
    return {};
  }

  Result<void> take_images(const Platform& platform) {
    SWAGE_TRY(const auto records,
              newest_package_records(catalog_.evidence_directories(), platform.name, RecordsOf::images));
    for (const auto& [name, record] : records) {
      if (record.record.state == PackageState::failed) continue;
      const std::string title = fmt::format("{}{} for {}", kImageTarget, name, platform.name);
      SWAGE_CHECK(take(title, [&, &kept_record = record] { return take_image(kept_record, title); }));
    }
    return {};
  }

  Result<void> take_image(const KeptPackageRecord& kept_record, const std::string& title) {
    const PackageRecord& record = kept_record.record;
    SWAGE_TRY(Kept * kept, kept_lock(kept_record.evidence, record.lock));
    const TargetOptions one{.command = "verify", .targets = {std::string(kImageTarget) + record.name}};
    // Nothing is pinned for it: the lock file is the record's.
    SWAGE_TRY(std::deque<Goal> made, make_goals(session_, one, "tiny", KernelGoal::resolution));
    Goal& goal = goals_.emplace_back(std::move(made.front()));
    SWAGE_TRY(goal.cell.toolchain, catalog_.toolchain(record.toolchain, goal.cell.platform->name));
    SWAGE_CHECK(want(*kept->planner, goal.target.recipe, goal.cell, title));
    if (record.state != PackageState::booted) return {};
    return want(*kept->planner, goal.target.asks.booted_by, goal.cell, title);
  }

  Session& session_;
  const Catalog& catalog_;
  const Lockfile* today_ = nullptr;
  std::map<fs::path, Kept> kept_{};    // by lock file; keeps addresses
  std::deque<Cell> cells_{};           // planners keep their addresses
  std::deque<Goal> goals_{};
  RecordedFiles found_{};
};

}  // namespace

Result<RecordedFiles> recorded_files(Session& session) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  return RecordedFileFinder(session, *catalog).run();
}

}  // namespace swage
