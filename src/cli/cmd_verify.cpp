// swage verify: builds and boots cells, or builds packages, and keeps the record of each as evidence.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "catalog/evidence.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/matrix_output.hpp"
#include "cli/output.hpp"
#include "cli/target_options.hpp"
#include "evidence/object_verdicts.hpp"
#include "evidence/recorder.hpp"
#include "evidence/replay.hpp"
#include "evidence/verify_cells.hpp"
#include "evidence/verify_images.hpp"
#include "evidence/verify_packages.hpp"
#include "realise/priority.hpp"
#include "request/realising.hpp"

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
  IdleOptions idle{};
};

std::string times(const EvidenceRow& row) {
  std::string text;
  if (row.build_seconds) text = "kernel " + human_seconds(*row.build_seconds);
  if (row.boot_seconds) text += fmt::format("{}boot {}", text.empty() ? "" : ", ", human_seconds(*row.boot_seconds));
  return text;
}

std::map<std::string_view, std::size_t> count_ends(const std::deque<CellRun>& cells) {
  std::map<std::string_view, std::size_t> counts;
  for (const CellRun& cell : cells) ++counts[end_name(cell.end)];
  return counts;
}

void print_cells(const std::deque<CellRun>& cells, const fs::path& directory) {
  std::size_t label = 0, toolchain = 0;
  for (const CellRun& cell : cells) {
    label = std::max(label, goal_label(cell.goal).size());
    toolchain = std::max(toolchain, cell.row.toolchain.size());
  }
  for (const CellRun& cell : cells) {
    if (cell.end == End::left) continue;   // they may be many; the last line counts them
    std::string why = cell.reason;
    if (!cell.constraints.empty())
      why = fmt::format("{}: {}",
                        join(std::vector<std::string>(cell.constraints.begin(), cell.constraints.end()), ", "), why);
    if (cell.end == End::booted || cell.end == End::built)
      why = cell.row.sample ? sample_text(*cell.row.sample) : times(cell.row);
    std::string line = fmt::format("{:<10}  {:<{}}  {:<{}}  {}", end_name(cell.end), goal_label(cell.goal), label,
                                   cell.row.toolchain, toolchain, why);
    line.erase(line.find_last_not_of(' ') + 1);
    print_result("{}\n", line);
  }
  std::string summary;
  for (const auto& [name, count] : count_ends(cells))
    summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count, name);
  const bool recorded =
      std::any_of(cells.begin(), cells.end(), [](const CellRun& cell) { return !cell.record.empty(); });
  print_result("{} cell{}: {}{}\n", cells.size(), cells.size() == 1 ? "" : "s", summary,
               recorded ? fmt::format("; records in '{}'", directory.string()) : "");
}

void print_idle(const IdleSummary& idle) {
  const std::string freed = idle.bytes_freed ? fmt::format(", {} freed", human_bytes(idle.bytes_freed)) : "";
  print_result("{}, {} of the processors, {} paused{}\n", human_seconds(idle.seconds), human_seconds(idle.cpu_seconds),
               human_seconds(idle.paused_seconds), freed);
}

Json idle_json(const VerifiedCells& verified) {
  if (!verified.idle) return nullptr;
  Json counts = Json::object();
  for (const End end : {End::booted, End::built, End::failed, End::skipped, End::impossible, End::not_tried, End::left})
    counts[std::string(end_name(end))] = 0;
  for (const auto& [name, count] : count_ends(verified.cells)) counts[std::string(name)] = count;
  return {{"counts", std::move(counts)},
          {"seconds", verified.idle->seconds},
          {"cpuSeconds", verified.idle->cpu_seconds},
          {"pausedSeconds", verified.idle->paused_seconds},
          {"bytesFreed", verified.idle->bytes_freed}};
}

void print_cells_json(const VerifiedCells& verified, const fs::path& directory) {
  const std::deque<CellRun>& cells = verified.cells;
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
                    {"record", text_or_null(cell.record.string())},
                     {"recipe", cell.goal.target.recipe},
                     {"tree", tree_json(cell.row.tree)},
                     {"config", text_or_null(cell.row.toolchain.empty() ? "" : cell.row.config)},
                     {"objects", sample_json(cell.row.sample)}});
  print_result(
      "{}\n",
      json_text(Json{{"cells", std::move(list)}, {"evidence", directory.string()}, {"idle", idle_json(verified)}}));
}

}  // namespace

// A record must be repeatable from the catalog alone, or from files that it names by their content.
Result<void> refuse_private_input(const TargetOptions& options) {
  const char* what = !options.enable.empty()      ? "--enable"
                     : !options.disable.empty()   ? "--disable"
                     : !options.set.empty()       ? "--set"
                     : !options.fragments.empty() ? "--fragment"
                                                  : nullptr;
  if (what)
    return Fail(
        Error{.what = fmt::format("'{}' cannot be verified: a record names a configuration whole", what),
              .hint = "put all of it into one file: --config FILE"});
  if (!options.vendor.empty()) SWAGE_CHECK(check_vendor(options.vendor));
  if (!options.vendor.empty() && options.src.empty())
    return Fail(
        Error{.what = "'--vendor' says whose a tree is, and there is none", .hint = "name it with: --src URL#COMMIT"});
  return {};
}

// What is patched is no release any more, and its record no evidence for one.
Result<void> refuse_unnamed_patches(const TargetOptions& options) {
  if (options.patches.empty() || (!options.src.empty() && !options.vendor.empty())) return {};
  return Fail(Error{.what = "'--patch' makes another kernel of a release: its record is of a tree, and says whose",
                    .hint = "name both: --src DIR|FILE|URL#COMMIT --vendor NAME"});
}

namespace {

std::string or_nothing(const std::string& text) { return text.empty() ? "nothing" : text; }

void print_replay(const Replay& replay) {
  print_result("{}: recorded on {} with {}\n", replay.title, replay.when, replay.toolchain);
  for (const ReplayedItem& item : replay.items) {
    if (item.equal()) print_result("  equal      {:<6}  {}\n", item.name, item.now);
    else
      print_result("  different  {:<6}  recorded {}\n                     now      {}\n", item.name, item.recorded,
                   or_nothing(item.now));
    if (!item.problem.empty()) print_result("                     {}\n", item.problem);
    if (item.changed())
      print_result("             recipe changed since: recorded {}\n                                   now      {}\n",
                   item.recorded_drv, item.drv->str());
  }
}

Json to_json(const Replay& replay) {
  Json items = Json::array();
  for (const ReplayedItem& item : replay.items)
    items.push_back({{"item", item.name}, {"equal", item.equal()}, {"recorded", item.recorded},
                     {"now", text_or_null(item.now)},
                     {"problem", text_or_null(item.problem)},
                     {"recipeChanged", item.changed()}, {"recordedDrv", item.recorded_drv}, {"drv", item.drv->str()}});
  Json json = replay.says;
  json.update({{"toolchain", replay.toolchain},
               {"when", replay.when},
               {"record", replay.file.string()},
               {"items", std::move(items)}});
  return json;
}

Result<int> run_replay(Session& session, const CellOptions& options) {
  SWAGE_TRY(const std::vector<Replay> replays, replay(session, options.targets, options.realise));
  session.stop_reporter();
  Json list = Json::array();
  bool different = false;
  for (const Replay& replay : replays) {
    if (as_json()) list.push_back(to_json(replay));
    else print_replay(replay);
    different = different || !std::all_of(replay.items.begin(), replay.items.end(),
                                          [](const ReplayedItem& item) { return item.equal(); });
  }
  if (as_json()) print_result("{}\n", json_text(Json{{"replays", std::move(list)}}));
  return different ? 1 : 0;
}

// What became of one package or image.
struct RunLine {
  std::string_view end{};
  std::string label{}, toolchain{}, why{};
};
template <class Run>
RunLine line_of(const Run& run) {
  return {.end = end_of(run),
          .label = goal_label(run.goal),
          .toolchain = run.record.toolchain,
          .why = !run.problem.empty()         ? run.problem
                 : !run.record.reason.empty() ? run.record.reason
                 : run.record.seconds         ? human_seconds(*run.record.seconds)
                                              : ""};
}

void print_lines(const std::vector<RunLine>& lines, std::string_view noun, const std::string& place) {
  std::size_t label = 0, toolchain = 0;
  std::map<std::string_view, std::size_t> counts;
  for (const RunLine& line : lines) {
    label = std::max(label, line.label.size());
    toolchain = std::max(toolchain, line.toolchain.size());
    ++counts[line.end];
  }
  for (const RunLine& one : lines) {
    std::string line =
        fmt::format("{:<9}  {:<{}}  {:<{}}  {}", one.end, one.label, label, one.toolchain, toolchain, one.why);
    line.erase(line.find_last_not_of(' ') + 1);
    print_result("{}\n", line);
  }
  std::string summary;
  for (const auto& [name, count] : counts) summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count, name);
  print_result("{} {}{}: {}{}\n", lines.size(), noun, lines.size() == 1 ? "" : "s", summary,
               place.empty() ? "" : fmt::format("; records in '{}'", place));
}

// `recorded`: whether a run has a record.
template <class Run>
void print_runs(const std::deque<Run>& runs, std::string_view noun, const fs::path& evidence, bool Run::*recorded) {
  std::vector<RunLine> lines;
  for (const Run& run : runs) lines.push_back(line_of(run));
  const bool any = std::any_of(runs.begin(), runs.end(), [&](const Run& run) { return run.*recorded; });
  print_lines(lines, noun, any ? evidence.string() : "");
}
template <class Run>
bool all_good(const std::deque<Run>& runs) {
  return std::all_of(runs.begin(), runs.end(), [](const Run& run) {
    return run.skipped || (run.done && run.record.state != PackageState::failed);
  });
}

void print_packages_json(const std::deque<PackageRun>& runs, const fs::path& evidence) {
  auto list = Json::array();
  for (const PackageRun& run : runs)
    list.push_back({{"package", run.record.name},
                    {"platform", run.goal.platform->name},
                    {"version", text_or_null(run.record.version)},
                    {"toolchain", text_or_null(run.record.toolchain)},
                    {"state", end_of(run)},
                    {"when", text_or_null(run.record.when)},
                    {"drv", text_or_null(run.record.drv)},
                    {"reason", text_or_null(run.problem.empty() ? run.record.reason : run.problem)},
                    {"seconds", value_or_null(run.record.seconds)}});
  print_result("{}\n", json_text(Json{{"packages", std::move(list)}, {"evidence", evidence.string()}}));
}

Result<int> run_packages(Session& session, const CellOptions& options) {
  SWAGE_TRY(const fs::path place, record_directory(session, options.evidence));
  SWAGE_TRY(const VerifiedPackages verified,
            verify_packages(session, options.targets, options.packages, options.skip_verified, place, options.realise));
  session.stop_reporter();
  if (as_json()) print_packages_json(verified.runs, place);
  else print_runs(verified.runs, "package", place, &PackageRun::recorded);
  if (verified.error) return Fail(*verified.error);
  return all_good(verified.runs) ? 0 : 1;
}

void print_images_json(const std::deque<ImageRun>& runs, const fs::path& evidence) {
  auto list = Json::array();
  for (const ImageRun& run : runs)
    list.push_back({{"image", run.goal.target.image->name},
                    {"platform", run.goal.platform->name},
                    {"toolchain", text_or_null(run.record.toolchain)},
                    {"state", end_of(run)},
                    {"when", text_or_null(run.record.when)},
                    {"drv", text_or_null(run.record.drv)},
                    {"boot", text_or_null(run.record.boot)},
                    {"reason", text_or_null(run.problem.empty() ? run.record.reason : run.problem)},
                    {"seconds", value_or_null(run.record.seconds)}});
  print_json({{"images", std::move(list)}, {"evidence", evidence.string()}});
}

Result<int> run_images(Session& session, const CellOptions& options) {
  if (!options.targets.src.empty())
    return Fail(Error{.what = "'--src' is no part of an image's record, so that nothing could repeat it",
                      .hint = "start the image without a record: swage boot image/NAME --src TREE"});
  SWAGE_TRY(const fs::path place, record_directory(session, options.evidence));
  SWAGE_TRY(const VerifiedImages verified,
            verify_images(session, options.targets, options.skip_verified, place, options.realise));
  session.stop_reporter();
  if (as_json()) print_images_json(verified.runs, place);
  else print_runs(verified.runs, "image", place, &ImageRun::done);
  if (verified.error) return Fail(*verified.error);
  return all_good(verified.runs) ? 0 : 1;
}

// What is only of cells that are verified one after the other.
Result<void> refuse_idle_options(const IdleOptions& idle, bool images) {
  const IdleOptions usual;
  const char* what = idle.retry                            ? "--retry"
                     : idle.limit != usual.limit           ? "--limit"
                     : idle.seconds != usual.seconds       ? "--for-time"
                     : idle.keep_free != usual.keep_free   ? "--keep-free"
                     : idle.spare != usual.spare           ? "--spare"
                                                           : nullptr;
  if (!what) return {};
  if (images)
    return Fail(Error{.what = fmt::format("'{}' says nothing of images, which are all verified", what),
                      .hint = "at the lowest priority with: swage verify --idle image/NAME"});
  return Fail(Error{.what = fmt::format("'{}' says nothing of packages, which are verified all at once", what),
                    .hint = "at the lowest priority with: swage verify --packages --idle"});
}

Result<int> run(Session& session, CellOptions options) {
  SWAGE_CHECK(refuse_private_input(options.targets));
  const bool idle = options.realise.lowest_priority;
  if (idle) SWAGE_CHECK(take_lowest_priority());
  options.targets.by_records = false;
  if (!options.evidence.empty()) session.add_evidence(options.evidence);
  if (options.replay) return run_replay(session, options);
  SWAGE_TRY(const std::vector<Target> targets, find_targets(session, options.targets));
  const auto is_kernel = [](const Target& target) { return kind_of(target) == TargetKind::kernel; };
  const bool packages =
      options.packages || (!targets.empty() && !std::all_of(targets.begin(), targets.end(), is_kernel));
  if (packages) {
    const auto is_image = [](const Target& target) { return target.image != nullptr; };
    const bool images = !targets.empty() && std::all_of(targets.begin(), targets.end(), is_image);
    if (idle) SWAGE_CHECK(refuse_idle_options(options.idle, images));
    options.skip_verified = options.skip_verified || idle;
    return images ? run_images(session, options) : run_packages(session, options);
  }
  SWAGE_CHECK(refuse_unnamed_patches(options.targets));
  SWAGE_TRY(const fs::path directory, record_directory(session, options.evidence));
  const Repeat repeat = options.skip_verified ? Repeat::unverified : Repeat::all;
  SWAGE_TRY(const VerifiedCells verified, verify_cells(session, options.targets, repeat, directory, options.realise,
                                                       idle ? std::optional(options.idle) : std::nullopt));
  session.stop_reporter();
  const std::deque<CellRun>& cells = verified.cells;
  if (as_json()) print_cells_json(verified, directory);
  else print_cells(cells, directory);
  if (!as_json() && verified.idle) print_idle(*verified.idle);
  if (verified.error) return Fail(*verified.error);
  const auto all = [&](End end) {
    return std::all_of(cells.begin(), cells.end(), [&](const CellRun& cell) { return cell.end == end; });
  };
  if (all(End::impossible)) return exit_code(Errc::unsatisfiable);
  return std::any_of(cells.begin(), cells.end(),
                     [](const CellRun& c) { return c.end == End::failed || c.end == End::not_tried; })
             ? 1
             : 0;
}

void declare_idle(const Options& app, RealiseOptions& realise, IdleOptions& idle) {
  const char* group = "Idle hours";
  app.add_flag("--idle", realise.lowest_priority,
               "use what other work leaves: one cell after the other, those without a record only")
      .excludes("--replay")
      .group(group);
  app.add_flag("--retry", idle.retry, "also cells that are on record as failed").needs("--idle").group(group);
  app.add_option("--limit", idle.limit, "end after so many cells").at_least_one().needs("--idle").group(group);
  app.add_option("--for-time", idle.seconds, "begin cells for so long: 90m, 8h, or seconds")
      .in_seconds()
      .at_least_one()
      .needs("--idle")
      .group(group);
  app.add_option("--keep-free", idle.keep_free,
                 "disk that stays free (default: 10G): what recorded cells were made of goes first")
      .in_bytes()
      .needs("--idle")
      .group(group);
  app.add_option("--spare", idle.spare,
                 "per cent of one processor that others leave when a build begins (default: 50; 0: any number)")
      .needs("--idle")
      .group(group);
}

}  // namespace

Action declare_verify(const Options& app) {
  auto options = std::make_shared<CellOptions>();
  declare_targets(app, options->targets);
  app.get_option("TARGET").required(false).description(
      "linux@VERSION, packages, or images (default: every kernel that the lock file pins, for all platforms); with "
      "--replay also files of records");
  declare_realise(app, options->realise);
  app.add_option("--evidence", options->evidence,
                 "where records are kept (default: evidence/ of the catalog, or of the data directory)");
  app.add_flag("--packages", options->packages, "every package that is for the platforms").excludes("TARGET");
  app.add_option("--objects", options->targets.objects,
                 "compile so many of the objects that the configuration would build, instead of the kernel")
      .at_least_one()
      .excludes("--packages")
      .group("Kernel");
  app.add_option("--seed", options->targets.seed, "which objects (default: 1)").needs("--objects").group("Kernel");
  app.add_flag("--skip-verified", options->skip_verified,
               "leave out cells that have a record of having booted, and packages of having been built");
  const Option vendor = app.add_option("--vendor", options->targets.vendor,
                                       "whose tree --src is, where that is not the release of its version")
                            .group("Kernel");
  app.add_flag("--replay", options->replay, "repeat what is recorded, from its own lock file, and compare bit for bit")
      .excludes("--skip-verified")
      .excludes("--packages")
      .excludes(vendor);
  declare_idle(app, options->realise, options->idle);
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
