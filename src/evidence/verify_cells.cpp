#include "evidence/verify_cells.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <thread>
#include <unistd.h>

#include "base/text.hpp"
#include "plan/sources.hpp"
#include "request/realising.hpp"
#include "request/recorded_cell.hpp"
#include "request/tree_damage.hpp"

namespace swage {

namespace {

using End = CellRun::End;

// Without targets: the tree that is named, or every kernel whose source the distribution has, so that nothing has to
// come from elsewhere.
Result<void> default_targets(Session& session, TargetOptions& options) {
  if (!options.targets.empty()) return {};
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  if (!options.src.empty()) {
    options.targets = {catalog->kernel_recipe()};
    return {};
  }
  SWAGE_CHECK(pin_kernel_series(session));
  SWAGE_TRY(const Lockfile* lock, session.lock());
  for (const KernelRow& row : catalog->kernels())
    if (!row.source.debian_package.empty() && find_locked_source(*lock, row.source))
      options.targets.push_back(fmt::format("{}@{}", catalog->kernel_recipe(), row.version.str()));
  if (options.targets.empty())
    return Fail(Error{.what = "the lock file pins no kernel's source",
                      .hint = fmt::format("name a kernel: swage verify {}@VERSION", catalog->kernel_recipe())});
  if (options.platforms.empty()) options.platforms = {"all"};
  return {};
}

void make_impossible(CellRun& cell) {
  cell.end = End::impossible;
  if (!cell.goal.cell.machine) {
    cell.reason = "no boot machine for this kernel";
    return;
  }
  for (const Rejection& rejection : cell.goal.resolution->rejected) {
    for (const ConstraintRow* constraint : rejection.by) cell.constraints.insert(constraint->id);
    if (cell.reason.empty()) cell.reason = fmt::format("{} {}", rejection.toolchain->id, rejection.reason);
  }
  if (cell.reason.empty()) cell.reason = "no toolchain for this platform";
}

// What a record says before anything is built.
EvidenceRow expected_row(const Catalog& catalog, const Goal& goal, const TargetOptions& options) {
  const ToolchainRow& toolchain = *goal.cell.toolchain;
  const MachineRow& machine = *goal.cell.machine;
  EvidenceRow row{.kernel = goal.cell.kernel->version.str(),
                  .recipe = goal.target.recipe == catalog.kernel_recipe() ? "" : goal.target.recipe,
                  .platform = goal.platform->name,
                  .toolchain = toolchain.id,
                  .provider = toolchain.provider,
                  .compiler = toolchain.compiler,
                  .compiler_version = toolchain.version.str(),
                  .binutils = toolchain.binutils ? toolchain.binutils->str() : "",
                  .config = config_name(goal.cell.kernel->options).name,
                  .config_sha256 = config_name(goal.cell.kernel->options).sha256,
                  .machine = "none",
                  .tree = goal.cell.kernel->tree,
                  .root_named = !options.root.empty()};
  if (options.objects != 0) row.sample = {.count = options.objects, .seed = goal.cell.kernel->options.seed};
  else if (machine.emulated())
    row.machine = fmt::format("{} {}", machine.qemu, join(machine.qemu_args, " "));
  for (const ConstraintRow* constraint : goal.resolution->waived) row.forced.push_back(constraint->id);
  return row;
}

// A tree that is file for file what the release's archive was unpacked to is the release.
Result<std::optional<Source>> release_that_is(Session& session, const Catalog& catalog, const Goal& goal) {
  const KernelChoice& kernel = *goal.cell.kernel;
  SWAGE_TRY(const Lockfile* lock, session.lock());
  Result<KernelChoice> release = find_kernel(catalog, *lock, kernel.version);
  if (!release || release->version != kernel.version || goal.target.asks.tree.empty()) return std::optional<Source>();
  const Cell cell{.platform = goal.platform, .kernel = *release};
  Planner planner(catalog, *lock);
  const Result<Wanted> unpacked = planner.package(goal.target.asks.tree, cell);
  if (!unpacked) return std::optional<Source>();   // the lock file lacks something: then it was not unpacked here
  SWAGE_TRY(const StorePath out, StorePath::parse(planner.graph().find(unpacked->drv)->drv.outputs.at("out").path));
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const std::optional<PathInfo> info, store->query(out));
  if (!info || info->nar_hash.hex() != kernel.tree->nar) return std::optional<Source>();
  return release->source;
}

// Gives the trees of --src what a record says of them.
Result<void> describe_trees(Session& session, const Catalog& catalog, const TargetOptions& options,
                            std::deque<Goal>& goals) {
  for (Goal& goal : goals) {
    KernelChoice& kernel = *goal.cell.kernel;
    if (!kernel.tree) continue;
    SWAGE_TRY(std::optional<Source> release, release_that_is(session, catalog, goal));
    if (release && options.patches.empty()) {
      if (&goal == &goals.front())
        session.reporter().on(
            Message{fmt::format("note: '{}' is linux {}, file for file", options.src, kernel.version.str())});
      kernel.source = std::move(release);
      kernel.tree.reset();
      continue;
    }
    kernel.tree->vendor = options.vendor;
    kernel.tree->patches = patch_list(kernel.options.patches);
  }
  return {};
}

// "build" of ".../<hash>-root-build".
std::string root_name(const Derivation& drv) {
  const auto root = drv.env.find("root");
  if (root == drv.env.end()) return "";
  const auto path = StorePath::parse(root->second);
  if (!path) return "";
  return std::string(path->name().starts_with("root-") ? path->name().substr(5) : path->name());
}

// Where no toolchain makes a userland that would run, or nothing emulates the machine, the kernel alone is worth a
// record.
Result<void> choose_toolchain(const Catalog& catalog, const TargetOptions& options, CellRun& cell, bool& boots) {
  Goal& goal = cell.goal;
  boots = goal.cell.machine && goal.cell.machine->emulated() && options.objects == 0;
  if (!goal.cell.machine || (goal.resolution && goal.resolution->chosen)) return {};
  ResolveRequest request = goal.resolution->request;
  request.purpose = Purpose::kernel;
  if (!options.toolchain.empty()) request.toolchain = options.toolchain;
  SWAGE_TRY(Resolution resolution, resolve(catalog, request));
  if (!resolution.chosen) return {};
  goal.resolution = std::move(resolution);
  choose(goal.cell, *goal.resolution);
  boots = false;
  return {};
}

// What is to be found out before the cell is planned: whether it boots, with which toolchain, and what is impossible.
Result<void> prepare_cell(Session& session, const Catalog& catalog, const TargetOptions& options, CellRun& cell,
                          bool& boots) {
  if (cell.goal.unpinned) return Fail(*cell.goal.unpinned);
  const KernelChoice& choice = *cell.goal.cell.kernel;
  if (choice.source && std::holds_alternative<Source::Present>(choice.source->how)) {   // others are not there yet
    SWAGE_TRY(Store* store, session.store());
    if (source_arch(store->real_path(choice.source->path), cell.goal.platform->kernel_arch).empty()) {
      cell.end = End::impossible;
      cell.reason = fmt::format("the tree has no arch/{}", cell.goal.platform->kernel_arch);
      return {};
    }
  }
  SWAGE_CHECK(choose_toolchain(catalog, options, cell, boots));
  if (!cell.goal.cell.machine || !cell.goal.resolution->chosen) {
    make_impossible(cell);
    return {};
  }
  return session.pin_archive(cell.goal.cell.toolchain->source);
}

Result<void> plan_cell(const Catalog& catalog, const TargetOptions& options, Planner& planner, bool boots,
                       CellRun& cell) {
  cell.row = expected_row(catalog, cell.goal, options);
  SWAGE_TRY(const std::string maker, catalog.maker_of(cell.row));
  SWAGE_TRY(const Wanted kernel, planner.package(maker, cell.goal.cell));
  cell.kernel = kernel.drv;
  if (boots) {
    SWAGE_TRY(const Wanted boot, planner.package(cell.goal.target.asks.booted_by, cell.goal.cell));
    cell.boot = boot.drv;
    cell.row.boot_drv = boot.drv.str();
  }
  cell.row.kernel_drv = kernel.drv.str();
  cell.row.root = options.root.empty() ? root_name(planner.graph().find(kernel.drv)->drv) : options.root;
  const std::vector<StorePath> reached = planner.graph().closure(cell.wanted());
  cell.reached = {reached.begin(), reached.end()};
  if (!cell.reached.contains(kernel.drv))
    return fail(Errc::invalid_input, fmt::format("'{}' does not boot what '{}' makes", cell.goal.target.asks.booted_by,
                                                 cell.goal.target.recipe));
  return {};
}

Result<void> skip_when_known(const Catalog& catalog, Repeat repeat, CellRun& cell) {
  SWAGE_TRY(const std::vector<EvidenceRow>* rows,
            catalog.evidence(cell.row.platform, cell.goal.cell.kernel->version, cell.goal.target.recipe));
  const std::string name = evidence_name(cell.row);
  for (const EvidenceRow& row : *rows) {
    const bool changed = row.kernel_drv != cell.row.kernel_drv || row.boot_drv != cell.row.boot_drv;
    const bool succeeded = row.state != EvidenceState::failed;
    const bool measured = !changed && (succeeded || !row.failed_drv.empty());
    if (evidence_name(row) != name || !(repeat == Repeat::unmeasured ? measured : succeeded)) continue;
    cell.end = End::skipped;
    cell.reason = fmt::format("{} on {}{}", evidence_state_name(row.state), row.when,
                              changed ? ", its recipe has changed since" : "");
    cell.record = row.file;
    cell.row = row;
  }
  return {};
}

// A cell that cannot be planned, for a package that the lock file lacks, is no reason not to verify the others.
Result<std::deque<CellRun>> plan_cells(Session& session, const TargetOptions& options, Repeat repeat, Planned& planned,
                                       const Catalog& catalog) {
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options, "tiny",
                                                   options.objects ? KernelGoal::artifact : KernelGoal::boot));
  if (!options.src.empty()) SWAGE_CHECK(describe_trees(session, catalog, options, goals));
  struct Prepared {
    CellRun cell;
    bool boots = true;
    Result<void> done{};
  };
  std::deque<Prepared> prepared;   // while they are planned cells keep their addresses
  for (Goal& goal : goals) {
    if (!options.objects) SWAGE_CHECK(check_boots(goal.target));
    Prepared& one = prepared.emplace_back(Prepared{.cell = {.goal = std::move(goal)}});
    one.done = prepare_cell(session, catalog, options, one.cell, one.boots);
  }
  // What all of them need is asked for at once.
  std::deque<Result<void>> plans;
  SWAGE_TRY(planned.planner, plan_with_pins(session, [&](Planner& planner) -> Result<void> {
              plans.clear();
              for (Prepared& one : prepared)
                plans.push_back(one.done && one.cell.end == End::open
                                    ? plan_cell(catalog, options, planner, one.boots, one.cell)
                                    : one.done);
              return {};
            }));
  std::deque<CellRun> cells;
  StorePathSet seen;
  for (std::size_t i = 0; i < prepared.size(); ++i) {
    CellRun& cell = cells.emplace_back(std::move(prepared[i].cell));
    if (!plans[i]) {
      cell.end = End::not_tried;
      cell.reason = plans[i].error().what;
    } else if (cell.end == End::open) {
      if (!seen.insert(cell.wanted()).second) cells.pop_back();   // two targets that are the same kernel
      else if (repeat != Repeat::all) SWAGE_CHECK(skip_when_known(catalog, repeat, cell));
    }
  }
  return cells;
}

// Those that failed first: they decide the exit code.
Error failed_first(Error error) {
  std::vector<Error> all = std::exchange(error.also, {});
  all.insert(all.begin(), std::move(error));
  std::stable_partition(all.begin(), all.end(), [](const Error& e) { return exit_code(e.code) == 1; });
  return together(std::move(all));
}

Result<void> realise_cells(Session& session, Planned& planned, std::deque<CellRun>& cells, const fs::path& directory,
                           RealiseOptions options) {
  std::vector<StorePath> wanted;
  for (const CellRun& cell : cells)
    if (cell.end == End::open) {
      wanted.push_back(cell.wanted());
      planned.wanted.push_back({.drv = cell.wanted()});
      planned.goals.push_back(&cell.goal);
    }
  if (wanted.empty()) return {};
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const Lockfile* lock, session.lock());
  const Graph& graph = planned.planner->graph();
  if (options.cores == 0) options.cores = std::max(std::thread::hardware_concurrency(), 1U);
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  Recorder recorder(*store, *catalog, graph, session.reporter(), cells,
                    {.directory = directory, .lock = reduced_lock(*lock, graph, wanted)}, options.cores);
  SWAGE_CHECK(recorder.record_present());
  options.keep_going = true;
  options.may_substitute = false;   // a record is of what was built here
  options.on_built = [&](const StorePath& drv, Result<BuildRecord>& outcome, const FailedLog& log) {
    recorder.on_built(drv, outcome, log);
  };
  const Result<RealiseResult> done = realise_planned(session, planned, options);
  SWAGE_CHECK(recorder.problem());
  if (!done) return Fail(done.error().code == Errc::interrupted ? done.error() : failed_first(done.error()));
  return {};
}

}  // namespace

Result<fs::path> record_directory(Session& session, const std::string& named) {
  if (!named.empty()) {
    SWAGE_TRY(const fs::path whole, absolute_path(named));
    const fs::path place = whole.lexically_normal();
    if (path_exists(place) && !directory_exists(place))
      return fail(Errc::invalid_input, fmt::format("'{}' is not a directory for records", named));
    return place;
  }
  SWAGE_TRY(const fs::path catalog, session.catalog_dir());
  if (::access(catalog.c_str(), W_OK) == 0) return catalog / "evidence";
  return session.home_evidence();
}

Result<VerifiedCells> verify_cells(Session& session, TargetOptions targets, Repeat repeat, const fs::path& directory,
                                   const RealiseOptions& realise, const std::optional<IdleOptions>& idle) {
  SWAGE_CHECK(default_targets(session, targets));
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const std::vector<const Platform*> platforms, wanted_platforms(session, targets));
  std::vector<std::string> places = {kLocks};
  for (const Platform* platform : platforms) places.push_back(platform->name);
  SWAGE_CHECK(check_evidence_place(directory, places));
  Planned planned;
  SWAGE_TRY(std::deque<CellRun> cells, plan_cells(session, targets, repeat, planned, *catalog));
  std::optional<IdleSummary> summary;
  const auto make = [&]() -> Result<void> {
    if (!idle) return realise_cells(session, planned, cells, directory, realise);
    SWAGE_TRY(const std::set<std::size_t> again, skip_recorded(*catalog, cells, idle->retry));
    SWAGE_TRY(IdleOutcome outcome, verify_idly(session, planned, cells, again, directory, realise, *idle));
    summary = outcome.summary;
    if (outcome.errors.empty()) return {};
    const bool stopped = outcome.errors.front().code == Errc::interrupted;
    Error all = together(std::move(outcome.errors));
    return Fail(stopped ? std::move(all) : failed_first(std::move(all)));
  };
  const Result<void> realised = make();
  for (CellRun& cell : cells)
    if (cell.end == End::open) {
      cell.end = End::not_tried;
      cell.reason = realised ? "" : realised.error().what;
    }
  VerifiedCells verified{.cells = std::move(cells), .idle = summary};
  if (!realised) verified.error = realised.error();
  return verified;
}

}  // namespace swage
