// swage verify: builds and boots cells, or builds packages, and keeps the record of each as evidence.
#include <algorithm>
#include <fmt/core.h>
#include <thread>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/realising.hpp"
#include "cli/recorder.hpp"
#include "cli/replay.hpp"
#include "cli/verify_packages.hpp"

namespace swage {

namespace {

using End = CellRun::End;

struct CellOptions {
  TargetOptions targets{};
  RealiseOptions realise{};
  std::string evidence{};
  bool skip_verified = false;
  bool replay = false;
  bool packages = false;
};

// A record must be repeatable from the catalog and its lock file alone.
Result<void> refuse_private_input(const TargetOptions& options) {
  const char* what = !options.src.empty()                                                               ? "--src"
                     : !options.patches.empty()                                                         ? "--patch"
                     : !options.enable.empty()                                                          ? "--enable"
                     : !options.disable.empty()                                                         ? "--disable"
                     : !options.set.empty()                                                             ? "--set"
                     : !options.fragments.empty()                                                       ? "--fragment"
                     : options.config.find('/') != std::string::npos || options.config.find('.') != std::string::npos ? "--config FILE"
                                                                                                       : nullptr;
  if (!what) return {};
  return Fail(Error{.what = fmt::format("'{}' cannot be verified: a record must be repeatable from the catalog alone", what),
                    .hint = "see what it does with: swage boot"});
}

// Without targets: every kernel whose source the lock file pins, so that nothing has to come from elsewhere.
Result<void> default_targets(Session& session, TargetOptions& options) {
  if (!options.targets.empty()) return {};
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const Lockfile* lock, session.lock());
  for (const KernelRow& row : catalog->kernels())
    if (!row.source.debian_package.empty() && lock->sources.contains(row.source.debian_key()))
      options.targets.push_back("linux@" + row.version.str());
  if (options.targets.empty())
    return Fail(Error{.what = "the lock file pins no kernel's source", .hint = "name a kernel: swage verify linux@VERSION"});
  if (options.platforms.empty()) options.platforms = {"all"};
  return {};
}

// Where records go: the catalog in use when it can be written, else the data directory.
Result<fs::path> record_directory(Session& session, const std::string& named) {
  if (!named.empty()) {
    SWAGE_TRY(const fs::path whole, absolute_path(named));
    const fs::path place = whole.lexically_normal();
    if (path_exists(place) && !directory_exists(place)) return fail(Errc::invalid_input, fmt::format("'{}' is not a directory for records", named));
    return place;
  }
  SWAGE_TRY(const fs::path catalog, session.catalog_dir());
  if (::access(catalog.c_str(), W_OK) == 0) return catalog / "evidence";
  return session.home_evidence();
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
EvidenceRow expected_row(const Goal& goal, const TargetOptions& options) {
  const ToolchainRow& toolchain = *goal.cell.toolchain;
  const MachineRow& machine = *goal.cell.machine;
  return {.kernel = goal.cell.kernel->version.str(),
          .platform = goal.platform->name,
          .toolchain = toolchain.id,
          .provider = toolchain.provider,
          .compiler = toolchain.compiler,
          .compiler_version = toolchain.version.str(),
          .binutils = toolchain.binutils ? toolchain.binutils->str() : "",
          .config = options.config.empty() ? "tiny" : options.config,
          .machine = machine.emulated() ? fmt::format("{} {}", machine.qemu, join(machine.qemu_args, " ")) : "none"};
}

// "build" of ".../<hash>-root-build".
std::string root_name(const Derivation& drv) {
  const auto root = drv.env.find("root");
  if (root == drv.env.end()) return "";
  const auto path = StorePath::parse(root->second);
  if (!path) return "";
  return std::string(path->name().starts_with("root-") ? path->name().substr(5) : path->name());
}

// Where no toolchain makes a userland that would run, or nothing emulates the machine, the kernel alone is worth a record.
Result<void> choose_toolchain(const Catalog& catalog, const TargetOptions& options, CellRun& cell, bool& boots) {
  Goal& goal = cell.goal;
  boots = goal.cell.machine && goal.cell.machine->emulated();
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

Result<void> plan_cell(Session& session, const Catalog& catalog, const TargetOptions& options, Planner& planner, CellRun& cell) {
  if (cell.goal.unpinned) return Fail(*cell.goal.unpinned);
  bool boots = true;
  SWAGE_CHECK(choose_toolchain(catalog, options, cell, boots));
  if (!cell.goal.cell.machine || !cell.goal.resolution->chosen) {
    make_impossible(cell);
    return {};
  }
  SWAGE_CHECK(session.pin_archive(cell.goal.cell.toolchain->source));
  cell.row = expected_row(cell.goal, options);
  SWAGE_TRY(const Wanted kernel, planner.package("linux", cell.goal.cell));
  cell.kernel = kernel.drv;
  if (boots) {
    SWAGE_TRY(const Wanted boot, planner.package("boot", cell.goal.cell));
    cell.boot = boot.drv;
    cell.row.boot_drv = boot.drv.str();
  }
  cell.row.kernel_drv = kernel.drv.str();
  cell.row.root = root_name(planner.graph().find(kernel.drv)->drv);
  const std::vector<StorePath> reached = planner.graph().closure(cell.wanted());
  cell.reached.insert(reached.begin(), reached.end());
  return {};
}

Result<void> skip_when_verified(const Catalog& catalog, CellRun& cell) {
  SWAGE_TRY(const std::vector<EvidenceRow>* rows, catalog.evidence(cell.row.platform, cell.goal.cell.kernel->version));
  for (const EvidenceRow& row : *rows) {
    if (row.toolchain != cell.row.toolchain || row.config != cell.row.config || row.state == EvidenceState::failed) continue;
    const bool changed = row.kernel_drv != cell.row.kernel_drv || row.boot_drv != cell.row.boot_drv;
    cell.end = End::skipped;
    cell.reason = fmt::format("{} on {}{}", evidence_state_name(row.state), row.when, changed ? ", its recipe has changed since" : "");
    cell.record = row.file;
    cell.row = row;
  }
  return {};
}

// A cell that cannot be planned, for a package that the lock file lacks, is no reason not to verify the others.
Result<std::deque<CellRun>> plan_cells(Session& session, const CellOptions& options, Planner& planner, const Catalog& catalog) {
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options.targets, "tiny", KernelGoal::boot));
  std::deque<CellRun> cells;
  StorePathSet seen;
  for (Goal& goal : goals) {
    if (goal.target.name != "linux") return fail(Errc::invalid_input, fmt::format("'{}' does not boot: only linux does", goal.target.text));
    CellRun& cell = cells.emplace_back(CellRun{.goal = std::move(goal)});
    const Result<void> planned = plan_cell(session, catalog, options.targets, planner, cell);
    if (!planned) {
      cell.end = End::not_tried;
      cell.reason = planned.error().what;
    } else if (cell.end == End::open) {
      if (!seen.insert(cell.wanted()).second) cells.pop_back();   // two targets that are the same kernel
      else if (options.skip_verified) SWAGE_CHECK(skip_when_verified(catalog, cell));
    }
  }
  return cells;
}

std::string times(const EvidenceRow& row) {
  std::string text;
  if (row.build_seconds) text = "kernel " + human_seconds(*row.build_seconds);
  if (row.boot_seconds) text += fmt::format("{}boot {}", text.empty() ? "" : ", ", human_seconds(*row.boot_seconds));
  return text;
}

void print_cells(const std::deque<CellRun>& cells, const fs::path& directory) {
  std::size_t label = 0, toolchain = 0;
  for (const CellRun& cell : cells) {
    label = std::max(label, goal_label(cell.goal).size());
    toolchain = std::max(toolchain, cell.row.toolchain.size());
  }
  std::map<std::string_view, std::size_t> counts;
  for (const CellRun& cell : cells) {
    ++counts[end_name(cell.end)];
    std::string why = cell.reason;
    if (!cell.constraints.empty()) why = fmt::format("{}: {}", join(std::vector<std::string>(cell.constraints.begin(), cell.constraints.end()), ", "), why);
    if (cell.end == End::booted || cell.end == End::built) why = times(cell.row);
    std::string line = fmt::format("{:<10}  {:<{}}  {:<{}}  {}", end_name(cell.end), goal_label(cell.goal), label, cell.row.toolchain,
                                   toolchain, why);
    line.erase(line.find_last_not_of(' ') + 1);
    print_result("{}\n", line);
  }
  std::string summary;
  for (const auto& [name, count] : counts) summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count, name);
  const bool recorded = std::any_of(cells.begin(), cells.end(), [](const CellRun& cell) { return !cell.record.empty(); });
  print_result("{} cell{}: {}{}\n", cells.size(), cells.size() == 1 ? "" : "s", summary, recorded ? fmt::format("; records in '{}'", directory.string()) : "");
}

void print_cells_json(const std::deque<CellRun>& cells, const fs::path& directory) {
  auto list = Json::array();
  for (const CellRun& cell : cells)
    list.push_back({{"kernel", cell.goal.cell.kernel->version.str()},
                    {"arch", cell.goal.platform->name},
                    {"toolchain", text_or_null(cell.row.toolchain)},
                    {"compiler", text_or_null(cell.row.compiler)},
                    {"state", end_name(cell.end)},
                    {"when", text_or_null(cell.row.when)},
                    {"drv", cell.kernel ? Json(cell.wanted().str()) : Json(nullptr)},
                    {"reason", text_or_null(cell.reason)},
                    {"constraints", cell.constraints},
                    {"signature", text_or_null(cell.row.signature)},
                    {"next", text_or_null(cell.row.next)},
                    {"buildSeconds", value_or_null(cell.row.build_seconds)},
                    {"bootSeconds", value_or_null(cell.row.boot_seconds)},
                    {"record", text_or_null(cell.record.string())}});
  print_result("{}\n", json_text(Json{{"cells", std::move(list)}, {"evidence", directory.string()}}));
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
  Recorder recorder(*store, *catalog, graph, session.reporter(), cells, {.directory = directory, .lock = reduced_lock(*lock, graph, wanted)},
                    options.cores);
  SWAGE_CHECK(recorder.record_present());
  options.keep_going = true;
  options.on_built = [&](const StorePath& drv, Result<BuildRecord>& outcome, const FailedLog& log) { recorder.on_built(drv, outcome, log); };
  const Result<RealiseResult> done = realise_planned(session, planned, options);
  SWAGE_CHECK(recorder.problem());
  if (!done) return Fail(done.error().code == Errc::interrupted ? done.error() : failed_first(done.error()));
  return {};
}

Result<int> run(Session& session, CellOptions options) {
  SWAGE_CHECK(refuse_private_input(options.targets));
  options.targets.by_records = false;
  if (!options.evidence.empty()) session.add_evidence(options.evidence);
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  const auto is_kernel = [](const std::string& target) { return target.substr(0, target.find('@')) == "linux"; };
  const bool packages = options.packages || (!options.targets.targets.empty() && !std::all_of(options.targets.targets.begin(), options.targets.targets.end(), is_kernel));
  if (options.replay) return replay(session, options.targets, options.realise);
  if (packages) {
    SWAGE_TRY(const fs::path place, record_directory(session, options.evidence));
    return verify_packages(session, options.targets, options.packages, options.skip_verified, place, options.realise);
  }
  SWAGE_CHECK(default_targets(session, options.targets));
  SWAGE_TRY(const Lockfile* lock, session.lock());
  SWAGE_TRY(const fs::path directory, record_directory(session, options.evidence));
  Planned planned{.planner = std::make_unique<Planner>(*catalog, *lock)};
  SWAGE_TRY(std::deque<CellRun> cells, plan_cells(session, options, *planned.planner, *catalog));
  std::vector<std::string> places = {kLocks};
  for (const CellRun& cell : cells) places.push_back(cell.goal.platform->name);
  SWAGE_CHECK(check_evidence_place(directory, places));
  const Result<void> realised = realise_cells(session, planned, cells, directory, options.realise);
  session.stop_reporter();
  for (CellRun& cell : cells)
    if (cell.end == End::open) {
      cell.end = End::not_tried;
      cell.reason = realised ? "" : realised.error().what;
    }
  if (session.options().json) print_cells_json(cells, directory);
  else print_cells(cells, directory);
  if (!realised) return Fail(realised.error());
  const auto all = [&](End end) { return std::all_of(cells.begin(), cells.end(), [&](const CellRun& cell) { return cell.end == end; }); };
  if (all(End::impossible)) return exit_code(Errc::unsatisfiable);
  return std::any_of(cells.begin(), cells.end(), [](const CellRun& c) { return c.end == End::failed || c.end == End::not_tried; }) ? 1 : 0;
}

}  // namespace

Action declare_verify(const Options& app) {
  auto options = std::make_shared<CellOptions>();
  declare_targets(app, options->targets);
  app.get_option("TARGET").required(false).description(
      "linux@VERSION, or packages (default: every kernel that the lock file pins, for all platforms)");
  declare_realise(app, options->realise);
  app.add_option("--evidence", options->evidence, "where records are kept (default: evidence/ of the catalog, or of the data directory)");
  app.add_flag("--packages", options->packages, "every package that is for the platforms").excludes("TARGET");
  app.add_flag("--skip-verified", options->skip_verified, "leave out cells that have a record of having booted, and packages of having been built");
  app.add_flag("--replay", options->replay, "repeat what is recorded, from its own lock file, and compare bit for bit")
      .excludes("--skip-verified")
      .excludes("--packages");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
