#include "evidence/replay.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <tuple>

#include "base/text.hpp"
#include "catalog/evidence.hpp"
#include "catalog/layer.hpp"
#include "catalog/package_evidence.hpp"
#include "evidence/recorder.hpp"
#include "fetch/git_tree.hpp"
#include "plan/reduced_lock.hpp"
#include "realise/outputs.hpp"
#include "request/image_goals.hpp"
#include "request/kernel_options.hpp"
#include "request/option_kinds.hpp"
#include "request/realising.hpp"
#include "request/recorded_cell.hpp"
#include "request/trees.hpp"

namespace swage {

namespace {

// The tree that --src means: one that records name, or its content.
struct MeantTree {
  std::optional<GitPlace> place{};
  std::string nar{};

  bool is(const KernelTree& tree) const {
    if (!place) return tree.nar == nar;
    return tree.url == place->url && tree.directory == place->directory && tree.commit.starts_with(place->ref);
  }
};

// What the words of the request mean besides targets and platforms.
struct Meaning {
  std::optional<MeantTree> tree{};
  KernelOptions kernel{};
};

// A tree of this machine goes into the store, so that it is there to be built.
Result<std::optional<MeantTree>> meant_tree(Session& session, const TargetOptions& options) {
  if (options.src.empty()) return std::optional<MeantTree>();
  if (is_remote_tree(options.src)) {
    SWAGE_TRY(GitPlace place, parse_git_place(options.src));
    return MeantTree{.place = std::move(place)};
  }
  SWAGE_TRY(const KernelChoice kernel, local_kernel(session, options.src, "", {}));
  return MeantTree{.nar = kernel.tree->nar};
}

// The records that can be repeated, of which the newest is. What a vendor has made of a release is meant only by its
// tree.
Result<std::optional<EvidenceRow>> newest_record(const Catalog& catalog, const TargetOptions& options,
                                                 const Target& target, const Platform& platform,
                                                 const Meaning& meaning) {
  const std::optional<MeantTree>& tree = meaning.tree;
  const ConfigName config = config_name(meaning.kernel);
  std::optional<Version> wanted;
  if (!target.version.empty()) {
    SWAGE_TRY(wanted, Version::parse(target.version));
  }
  SWAGE_TRY(const std::vector<EvidenceRow>* rows, catalog.evidence(platform.name));
  const EvidenceRow* best = nullptr;
  for (const EvidenceRow& row : *rows) {   // by version, then toolchain
    if (catalog.recipe_of(row) != target.recipe) continue;
    SWAGE_TRY(const Version version, Version::parse(row.kernel));
    const bool this_tool = options.toolchain.empty() ? row.compiler == (options.llvm ? "clang" : "gcc")
                                                     : row.toolchain == options.toolchain;
    const bool this_tree = tree ? row.tree && tree->is(*row.tree) : row.is_of_release();
    const bool this_sample = row.sample ? std::to_string(row.sample->count) == meaning.kernel.sample &&
                                              row.sample->seed == meaning.kernel.seed
                                        : meaning.kernel.sample.empty();
    const bool meant = this_tree && (!wanted || wanted->is_prefix_of(version)) && row.is_repeatable() && this_tool &&
                       config.is_of(row) && this_sample;
    // One that was made against the constraints is the cell's only for who names the toolchain, and has no other.
    if (!meant || (row.is_overruled() && options.toolchain.empty())) continue;
    const auto key = [](const EvidenceRow& one) { return std::tuple(!one.is_overruled(), std::string_view(one.when)); };
    if (!best || key(*best) <= key(row)) best = &row;
  }
  if (!best) return std::optional<EvidenceRow>();
  return std::optional(*best);
}

// A recipe whose result the record has.
Result<void> plan(Replay& replay, Planner& planner, const char* name, const std::string& recipe, const std::string& drv,
                  const std::string& nar) {
  SWAGE_TRY(const Wanted wanted, planner.package(recipe, replay.goal.cell));
  replay.items.push_back({.name = name, .recorded_drv = drv, .recorded = nar, .drv = wanted.drv});
  return {};
}

// The lock file that was kept with a record, and from that of today the roots that the catalog has come to need since.
Result<Lockfile> lock_of_record(Session& session, const fs::path& evidence, const std::string& name) {
  SWAGE_TRY(Lockfile lock, read_kept_lock(evidence, name));
  SWAGE_TRY(const fs::path path, session.lock_path());
  if (!path_exists(path)) return lock;
  SWAGE_TRY(const Lockfile* today, session.lock());
  add_missing_roots(lock, *today);
  return lock;
}

// What ends the whole run, as opposed to saying something about the cell.
bool ends_run(const Error& error) { return error.code == Errc::interrupted || error.code == Errc::environment; }

Result<void> build(Session& session, Planned& planned, Replay& replay, RealiseOptions options) {
  SWAGE_TRY(Store* store, session.store());
  for (ReplayedItem& item : replay.items) {
    SWAGE_TRY(const StorePath out,
              StorePath::parse(planned.planner->graph().find(*item.drv)->drv.outputs.at("out").path));
    // Built once where it is missing, once more where it is there: a hash that nothing was done for would prove
    // nothing.
    SWAGE_TRY(options.check, store->is_valid(out));
    planned.wanted = {{.drv = *item.drv}};
    planned.goals = {&replay.goal};
    options.may_substitute = false;   // its hash is to be that of a build
    const Result<RealiseResult> done = realise_planned(session, planned, options);
    if (!done && ends_run(done.error())) return Fail(done.error());
    if (item.is_boot) {
      if (done || done.error().code == Errc::irreproducible) item.now = item.recorded;
      else item.problem = done.error().what;
      continue;
    }
    if (!done) item.problem = done.error().what;
    SWAGE_TRY(const std::optional<PathInfo> info, store->query(out));
    if (info) item.now = info->nar_hash.hex();
    if (!done && !options.check) break;   // what is missing cannot be booted
  }
  return {};
}

// Gives the record's lock the roots that it does not have and that the lock file of today does not pin either.
template <class Plan>
Result<void> pin_new_roots(Session& session, Replay& replay, const Plan& plan_items) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  Planner planner(*catalog, replay.lock);
  planner.collect_absent();
  const Result<void> planned = plan_items(planner);
  std::set<std::string> absent = planner.end_collecting();
  replay.items.clear();
  std::erase_if(absent, [](const std::string& key) { return !key.starts_with("root:"); });
  if (!planned || absent.empty()) return {};   // who plans next is told
  SWAGE_CHECK(session.pin(absent));
  SWAGE_TRY(const Lockfile* today, session.lock());
  add_missing_roots(replay.lock, *today);
  return {};
}

template <class Plan>
Result<void> plan_and_build(Session& session, Replay& replay, const RealiseOptions& options, const Plan& plan_items) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_CHECK(pin_new_roots(session, replay, plan_items));
  Planned planned{.planner = std::make_unique<Planner>(*catalog, replay.lock)};
  if (const Result<void> done = plan_items(*planned.planner); !done)
    return Fail(Error(done.error()).note(fmt::format("the catalog has changed since {} was recorded", replay.title)));
  return build(session, planned, replay, options);
}

Result<Replay> replay_cell(Session& session, const EvidenceRow& row, const Goal& goal, const KernelOptions& given,
                           const RealiseOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_CHECK(check_patches(row, given.patches));
  SWAGE_CHECK(check_config(row, given));
  if (row.tree) SWAGE_CHECK(fetch_recorded_tree(session, row));
  SWAGE_TRY(const std::string maker, catalog->maker_of(row));
  Replay replay{.title = fmt::format("{}@{} for {}", catalog->recipe_of(row), row.kernel, row.platform),
                .when = row.when,
                .toolchain = row.toolchain,
                .says = {{"kernel", row.kernel}, {"arch", row.platform}},
                .file = row.file,
                .goal = goal};
  SWAGE_TRY(replay.lock, lock_of_record(session, evidence_lock(row).parent_path().parent_path(), row.lock));
  const Result<void> done = plan_and_build(session, replay, options, [&](Planner& planner) -> Result<void> {
    SWAGE_TRY(replay.goal.cell, recorded_cell(*catalog, replay.lock, row, given));
    SWAGE_CHECK(plan(replay, planner, row.sample ? "objects" : "kernel", maker, row.kernel_drv, row.kernel_nar));
    if (row.state == EvidenceState::booted)
      SWAGE_CHECK(plan(replay, planner, "boot", goal.target.asks.booted_by, row.boot_drv, row.boot_nar));
    return {};
  });
  if (!done) return Fail(done.error());
  return replay;
}

Result<Replay> replay_package(Session& session, const KeptPackageRecord& kept, const Goal& goal,
                              const RealiseOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  const PackageRecord& record = kept.record;
  const std::string& platform = goal.platform->name;
  Replay replay{.title = fmt::format("{} for {}", record.name, platform),
                .when = record.when,
                .toolchain = record.toolchain,
                .says = {{"package", record.name}, {"platform", platform}},
                .file = package_evidence_file(kept.evidence, platform),
                .goal = goal};
  SWAGE_TRY(replay.lock, lock_of_record(session, kept.evidence, record.lock));
  const Result<void> done = plan_and_build(session, replay, options, [&](Planner& planner) -> Result<void> {
    Cell& cell = replay.goal.cell;
    cell.platform = goal.platform;
    SWAGE_TRY(cell.toolchain, catalog->toolchain(record.toolchain, platform));
    return plan(replay, planner, "package", record.name, record.drv, record.nar);
  });
  if (!done) return Fail(done.error());
  return replay;
}

Result<Replay> replay_image(Session& session, const KeptPackageRecord& kept, const Goal& goal,
                            const RealiseOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  const PackageRecord& record = kept.record;
  const std::string& platform = goal.platform->name;
  Replay replay{.title = fmt::format("{}{} for {}", kImageTarget, record.name, platform),
                .when = record.when,
                .toolchain = record.toolchain,
                .says = {{"image", record.name}, {"platform", platform}},
                .file = package_evidence_file(kept.evidence, platform, RecordsOf::images),
                .goal = goal};
  SWAGE_TRY(replay.lock, lock_of_record(session, kept.evidence, record.lock));
  const TargetOptions one{.command = "verify", .targets = {goal.target.text}};
  SWAGE_TRY(std::deque<Goal> made, make_goals(session, one, "tiny"));
  replay.goal = std::move(made.front());
  const Result<void> done = plan_and_build(session, replay, options, [&](Planner& planner) -> Result<void> {
    Cell& cell = replay.goal.cell;
    SWAGE_TRY(cell.toolchain, catalog->toolchain(record.toolchain, cell.platform->name));
    SWAGE_CHECK(plan(replay, planner, "image", goal.target.recipe, record.drv, record.nar));
    if (record.state != PackageState::booted) return {};
    SWAGE_CHECK(plan(replay, planner, "boot", goal.target.asks.booted_by, record.boot,
                     std::string(package_state_name(record.state))));
    replay.items.back().is_boot = true;
    return {};
  });
  if (!done) return Fail(done.error());
  return replay;
}

// The newest record that the target has for the platform and that can be repeated, repeated; nothing when there is
// none.
Result<std::optional<Replay>> replay_newest(Session& session, const TargetOptions& options, const Target& target,
                                            const Platform& platform, const Meaning& meaning,
                                            const RealiseOptions& realise) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  const Goal goal{.target = target, .platform = &platform};
  if (kind_of(target) == TargetKind::kernel) {
    SWAGE_CHECK(check_boots(target));
    SWAGE_TRY(const std::optional<EvidenceRow> row, newest_record(*catalog, options, target, platform, meaning));
    if (!row) return std::optional<Replay>();
    return replay_cell(session, *row, goal, meaning.kernel, realise);
  }
  if (target.image) {
    SWAGE_TRY(const auto images,
              newest_package_records(catalog->evidence_directories(), platform.name, RecordsOf::images));
    const auto kept = images.find(target.image->name);
    if (kept == images.end() || kept->second.record.state == PackageState::failed) return std::optional<Replay>();
    return replay_image(session, kept->second, goal, realise);
  }
  SWAGE_TRY(const Catalog::RecipeName named, catalog->parse_recipe_name(target.text));
  SWAGE_TRY(const auto records, newest_package_records(catalog->evidence_directories(), platform.name));
  const auto kept = named.instance.empty() ? records.find(named.recipe->full_name()) : records.end();
  if (kept == records.end() || kept->second.record.state == PackageState::failed) return std::optional<Replay>();
  if (!options.toolchain.empty() && options.toolchain != kept->second.record.toolchain) return std::optional<Replay>();
  return replay_package(session, kept->second, goal, realise);
}

// A record that is named by its file.
bool is_record(const std::string& target) { return target.ends_with(".toml"); }

Result<Replay> replay_file(Session& session, const std::string& named, const Meaning& meaning,
                           const RealiseOptions& realise) {
  SWAGE_TRY(const fs::path whole, absolute_path(named));
  const fs::path file = whole.lexically_normal();
  SWAGE_TRY(std::string text, read_file(file));
  SWAGE_TRY(const EvidenceRow row, parse_evidence(std::move(text), file.string()));
  if (!row.is_repeatable())
    return fail(Errc::invalid_input, fmt::format("'{}' cannot be repeated: it is the record of a failure", named));
  if (meaning.tree && !(row.tree && meaning.tree->is(*row.tree))) {
    Error error{.what = fmt::format("the tree of --src is not the one that '{}' was recorded of", named)};
    if (row.tree) error.notes.push_back(fmt::format("recorded: {}", row.tree->nar));
    if (!meaning.tree->nar.empty()) error.notes.push_back(fmt::format("given:    {}", meaning.tree->nar));
    return Fail(std::move(error));
  }
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const std::vector<Target> targets,
            find_targets(session, {.targets = {fmt::format("{}@{}", catalog->recipe_of(row), row.kernel)}}));
  Goal goal{.target = targets.front()};
  SWAGE_TRY(goal.platform, catalog->platform(row.platform));
  return replay_cell(session, row, goal, meaning.kernel, realise);
}

Result<std::vector<Replay>> replay_targets(Session& session, const TargetOptions& options,
                                           const std::vector<Target>& targets, const Meaning& meaning,
                                           const RealiseOptions& realise) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const std::vector<const Platform*> platforms, wanted_platforms(session, options));
  std::vector<Replay> replays;
  for (const Target& target : targets) {
    std::vector<const Platform*> own = platforms;
    if (target.image) { SWAGE_TRY(own, image_platforms(*catalog, options, target)); }
    for (const Platform* platform : own) {
      SWAGE_TRY(std::optional<Replay> done, replay_newest(session, options, target, *platform, meaning, realise));
      if (done) replays.push_back(*std::move(done));
    }
  }
  if (!replays.empty()) return replays;
  Error error{
      .what = fmt::format("'{}' has no record that could be repeated for these platforms", join(options.targets, ", ")),
      .hint = "make one with: swage verify"};
  if (meaning.tree) {
    error.what = fmt::format("'{}' has no record of the tree '{}' that could be repeated for these platforms",
                             join(options.targets, ", "), options.src);
    if (!meaning.tree->nar.empty()) error.notes.push_back(fmt::format("its sha256 (NAR) is {}", meaning.tree->nar));
  }
  return Fail(std::move(error));
}

Result<void> check_replay_options(const TargetOptions& options, const std::vector<Target>& targets, bool files) {
  if (files) return check_only(options, {"--config", "--src", "--patch"}, "a record that is named by its file");
  if (std::all_of(targets.begin(), targets.end(),
                  [](const Target& target) { return kind_of(target) == TargetKind::kernel; }))
    return check_only(options,
                      {"--for", "--toolchain", "--llvm", "--config", "--objects", "--seed", "--src", "--patch"},
                      "a record of a kernel, which is repeated as it is");
  if (std::all_of(targets.begin(), targets.end(), [](const Target& target) { return target.image != nullptr; }))
    return check_only(options, {"--for"}, "a record of an image, which is repeated as it is");
  return check_only(options, {"--for", "--toolchain"}, "a record of a package, which is repeated as it is");
}

}  // namespace

Result<std::vector<Replay>> replay(Session& session, const TargetOptions& options, const RealiseOptions& realise) {
  if (options.targets.empty())
    return Fail(Error{.what = "'--replay' wants TARGET", .hint = "see what is recorded with: swage matrix"});
  const bool files = std::all_of(options.targets.begin(), options.targets.end(), is_record);
  std::vector<Target> targets;
  if (!files) { SWAGE_TRY(targets, find_targets(session, options)); }
  SWAGE_CHECK(check_replay_options(options, targets, files));
  Meaning meaning;
  SWAGE_TRY(meaning.kernel, kernel_options({.config = options.config,
                                            .patches = options.patches,
                                            .objects = options.objects,
                                            .seed = options.seed},
                                           "tiny"));
  SWAGE_TRY(meaning.tree, meant_tree(session, options));
  if (!files) return replay_targets(session, options, targets, meaning, realise);
  std::vector<Replay> replays;
  for (const std::string& file : options.targets) {
    SWAGE_TRY(Replay done, replay_file(session, file, meaning, realise));
    replays.push_back(std::move(done));
  }
  return replays;
}

}  // namespace swage
