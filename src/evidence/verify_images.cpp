#include "evidence/verify_images.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <map>
#include <utility>

#include "catalog/evidence.hpp"
#include "catalog/images.hpp"
#include "evidence/recorder.hpp"
#include "plan/reduced_lock.hpp"
#include "request/image_start.hpp"

namespace swage {

std::string_view end_of(const ImageRun& run) {
  if (run.skipped) return "skipped";
  return run.done ? package_state_name(run.record.state) : "not tried";
}

namespace {

// A userland of another C library is for the same board.
const std::string& file_of(const Goal& goal) { return goal.target.image->board->platform; }

// What is to be made of an image.
struct ImagePlan {
  Planned planned;
  Wanted image;
  std::optional<Wanted> boot{};             // none: nothing emulates its board
};

Result<ImagePlan> plan_image(Session& session, const Goal& goal) {
  std::optional<Wanted> image, boot;
  SWAGE_TRY(std::unique_ptr<Planner> planner, plan_with_pins(session, [&](Planner& with) -> Result<void> {
              SWAGE_TRY(image, with.package(goal.target.recipe, goal.cell));
              if (!goal.target.image->board->emulated()) return {};
              SWAGE_TRY(boot, with.package(goal.target.asks.booted_by, goal.cell));
              return {};
            }));
  return ImagePlan{.planned = {.planner = std::move(planner)}, .image = *std::move(image), .boot = std::move(boot)};
}

// Being stopped and a lack of the machine's say nothing about an image.
bool says_nothing(const Error& error) { return error.code == Errc::interrupted || error.code == Errc::environment; }

// Makes one derivation. The clause why it failed; nothing: it is there.
Result<std::optional<std::string>> make_one(Session& session, ImagePlan& plan, const Goal& goal, const Wanted& wanted,
                                            PackageRecord& record, RealiseOptions options) {
  plan.planned.wanted = {wanted};
  plan.planned.goals = {&goal};
  options.on_built = [&](const StorePath& drv, Result<BuildRecord>& outcome, const FailedLog&) {
    if (drv == wanted.drv && outcome && !outcome->waited_for_other)
      record.seconds = static_cast<unsigned>(std::lround(outcome->seconds));
  };
  const Result<RealiseResult> done = realise_planned(session, plan.planned, std::move(options));
  if (done) return std::optional<std::string>();
  if (says_nothing(done.error())) return Fail(done.error());
  return std::optional<std::string>(done.error().what);
}

class ImageVerifier {
 public:
  ImageVerifier(Session& session, const fs::path& evidence, const RealiseOptions& options, bool skip_verified)
      : session_(session), evidence_(evidence), options_(options), skip_verified_(skip_verified) {}

  Result<void> verify(ImageRun& run) {
    PackageRecord& record = run.record;
    record.name = run.goal.target.image->name;
    record.toolchain = run.goal.cell.toolchain ? run.goal.cell.toolchain->id : "";
    Result<ImagePlan> plan = plan_image(session_, run.goal);
    if (!plan) {
      if (plan.error().code == Errc::interrupted) return Fail(std::move(plan).error());
      run.problem = plan.error().what;
      return {};
    }
    record.drv = plan->image.drv.str();
    if (plan->boot) record.boot = plan->boot->drv.str();
    SWAGE_CHECK(read_known(run));
    if (run.skipped) return {};
    SWAGE_TRY(const std::optional<std::string> failed, make(*plan, run));
    if (failed) {
      record.state = PackageState::failed;
      record.reason = *failed;
    }
    record.when = today();
    return keep(*plan, run);
  }

 private:
  Result<std::optional<std::string>> make(ImagePlan& plan, ImageRun& run) {
    SWAGE_TRY(Store* store, session_.store());
    PackageRecord& record = run.record;
    SWAGE_TRY(std::optional<std::string> failed, make_one(session_, plan, run.goal, plan.image, record, options_));
    if (failed) return failed;
    SWAGE_TRY(const StorePath out, StorePath::parse(output_path(plan.planned, plan.image)));
    SWAGE_TRY(const std::optional<PathInfo> info, store->query(out));
    if (!info)
      return fail(Errc::corrupt, fmt::format("'{}' is not valid in the store, and it was just made", out.str()));
    record.nar = info->nar_hash.hex();
    record.state = PackageState::built;
    const ImageRow& image = *run.goal.target.image;
    if (plan.boot) {
      record.seconds.reset();
      SWAGE_TRY(failed, make_one(session_, plan, run.goal, *plan.boot, record, options_));
      record.state = PackageState::booted;
    } else {
      SWAGE_TRY(const std::optional<BootReport> report, image_start(session_, image, store->real_path(out)));
      if (!report) return failed;
      record.state = PackageState::modelled;
      if (const std::optional<Error> error = start_error(*report, image)) failed = error->notes.front();
    }
    return failed;
  }

  Result<void> read_known(ImageRun& run) {
    SWAGE_TRY(const PackageRecords known,
              read_package_evidence(evidence_, file_of(run.goal), RecordsOf::images));
    const auto found = known.find(run.record.name);
    if (found == known.end()) return {};
    const PackageRecord& old = found->second;
    run.skipped = skip_verified_ && old.state != PackageState::failed && old.drv == run.record.drv &&
                  old.boot == run.record.boot;
    if (run.skipped) run.record = old;
    else known_ = old;
    return {};
  }

  // A record of the same with the same result says all that a new one would, and the time as well.
  Result<void> keep(const ImagePlan& plan, ImageRun& run) {
    PackageRecord& record = run.record;
    const PackageRecord old = std::exchange(known_, {});
    const bool same = old.drv == record.drv && old.boot == record.boot && old.nar == record.nar &&
                      old.state == record.state && !record.seconds;
    run.done = true;
    if (same) {
      record = old;
    } else {
      SWAGE_TRY(const Lockfile* lock, session_.lock());
      std::vector<StorePath> wanted{plan.image.drv};
      if (plan.boot) wanted.push_back(plan.boot->drv);
      SWAGE_TRY(record.lock, keep_lock({.directory = evidence_,
                                        .lock = reduced_lock(*lock, plan.planned.planner->graph(), wanted)}));
      SWAGE_CHECK(keep_package_record(evidence_, file_of(run.goal), record, RecordsOf::images));
    }
    session_.reporter().on(Message{fmt::format("{} {}", end_of(run), goal_label(run.goal))});
    return {};
  }

  Session& session_;
  const fs::path& evidence_;
  const RealiseOptions& options_;
  bool skip_verified_;
  PackageRecord known_{};                   // of the image that is verified, before
};

}  // namespace

Result<VerifiedImages> verify_images(Session& session, const TargetOptions& targets, bool skip_verified,
                                     const fs::path& evidence, const RealiseOptions& realise) {
  const fs::path records = package_evidence_file({}, "", RecordsOf::images).parent_path();
  SWAGE_CHECK(check_evidence_place(evidence, {kLocks, records.string()}));
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, targets, "tiny"));
  VerifiedImages verified;
  for (Goal& goal : goals) verified.runs.push_back({.goal = std::move(goal)});
  ImageVerifier verifier(session, evidence, realise, skip_verified);
  for (ImageRun& run : verified.runs)
    if (Result<void> done = verifier.verify(run); !done) {
      verified.error = std::move(done).error();
      break;
    }
  return verified;
}

Result<ImageMatrix> make_image_matrix(const Catalog& catalog, const std::vector<const Platform*>& platforms) {
  SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
  std::map<std::string, std::map<std::string, KeptPackageRecord>> records;   // by platform
  ImageMatrix matrix;
  for (const ImageRow& image : tables->images) {
    const std::string& platform = image.board->platform;
    if (!platforms.empty() && std::none_of(platforms.begin(), platforms.end(),
                                           [&](const Platform* one) { return one->name == platform; }))
      continue;
    if (!image.planned.empty()) {
      ++matrix.planned;
      continue;
    }
    if (!records.contains(platform)) {
      SWAGE_TRY(records[platform],
                newest_package_records(catalog.evidence_directories(), platform, RecordsOf::images));
    }
    ImageMatrix::Row& row = matrix.rows.emplace_back(ImageMatrix::Row{.image = &image});
    if (const auto kept = records[platform].find(image.name); kept != records[platform].end())
      row.record = kept->second.record;
  }
  return matrix;
}

}  // namespace swage
