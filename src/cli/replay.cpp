#include "cli/replay.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "catalog/evidence.hpp"
#include "cli/json.hpp"
#include "cli/realising.hpp"

namespace swage {

namespace {

using Json = nlohmann::ordered_json;

struct Item {
  const char* name = "";
  std::string recorded_drv{}, recorded{};   // .drv path and hash of the record
  std::optional<StorePath> drv{};           // of today
  std::string now{};                        // "" it did not come out
  std::string problem{};                    // why not, or that two builds of today differ
  bool equal() const { return problem.empty() && now == recorded; }
  bool changed() const { return drv->str() != recorded_drv; }
};

struct Replay {
  EvidenceRow row;
  Lockfile lock{};
  Goal goal;                                // keeps its address while it is planned
  std::vector<Item> items{};
};

// The records that can be repeated, of which the newest is.
Result<std::optional<EvidenceRow>> newest_record(const Catalog& catalog, const TargetOptions& options, const Target& target,
                                                 const Platform& platform) {
  std::optional<Version> wanted;
  if (!target.version.empty()) {
    SWAGE_TRY(wanted, Version::parse(target.version));
  }
  SWAGE_TRY(const std::vector<EvidenceRow>* rows, catalog.evidence(platform.name));
  const EvidenceRow* best = nullptr;
  for (const EvidenceRow& row : *rows) {   // by version, then toolchain
    SWAGE_TRY(const Version version, Version::parse(row.kernel));
    const bool this_tool = options.toolchain.empty() ? row.compiler == (options.llvm ? "clang" : "gcc") : row.toolchain == options.toolchain;
    const bool meant = (!wanted || wanted->is_prefix_of(version)) && row.state != EvidenceState::failed && this_tool &&
                       row.config == (options.config.empty() ? "tiny" : options.config);
    if (meant && (!best || best->when <= row.when)) best = &row;
  }
  if (!best) return std::optional<EvidenceRow>();
  return std::optional(*best);
}

Result<void> plan(const Catalog& catalog, Replay& replay, Planner& planner) {
  const EvidenceRow& row = replay.row;
  Cell& cell = replay.goal.cell;
  SWAGE_TRY(cell, recorded_cell(catalog, replay.lock, row));
  const auto add = [&](const char* name, const char* recipe, const std::string& drv, const std::string& nar) -> Result<void> {
    SWAGE_TRY(const Wanted wanted, planner.package(recipe, cell));
    replay.items.push_back({.name = name, .recorded_drv = drv, .recorded = nar, .drv = wanted.drv});
    return {};
  };
  SWAGE_CHECK(add("kernel", "linux", row.kernel_drv, row.kernel_nar));
  if (row.state == EvidenceState::booted) SWAGE_CHECK(add("boot", "boot", row.boot_drv, row.boot_nar));
  return {};
}

// What ends the whole run, as opposed to saying something about the cell.
bool ends_run(const Error& error) { return error.code == Errc::interrupted || error.code == Errc::environment; }

Result<void> build(Session& session, Planned& planned, Replay& replay, RealiseOptions options) {
  SWAGE_TRY(Store* store, session.store());
  for (Item& item : replay.items) {
    SWAGE_TRY(const StorePath out, StorePath::parse(planned.planner->graph().find(*item.drv)->drv.outputs.at("out").path));
    // Built once where it is missing, once more where it is there: a hash that nothing was done for would prove nothing.
    SWAGE_TRY(options.check, store->is_valid(out));
    planned.wanted = {{.drv = *item.drv}};
    planned.goals = {&replay.goal};
    const Result<RealiseResult> done = realise_planned(session, planned, options);
    if (!done && ends_run(done.error())) return Fail(done.error());
    if (!done) item.problem = done.error().what;
    SWAGE_TRY(const std::optional<PathInfo> info, store->query(out));
    if (info) item.now = info->nar_hash.hex();
    if (!done && !options.check) break;   // what is missing cannot be booted
  }
  return {};
}

Result<Replay> replay_cell(Session& session, const EvidenceRow& row, const Goal& goal, const RealiseOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  Replay replay{.row = row, .goal = goal};
  SWAGE_TRY(replay.lock, Lockfile::read(evidence_lock(row)));
  Planned planned{.planner = std::make_unique<Planner>(*catalog, replay.lock)};
  if (const Result<void> done = plan(*catalog, replay, *planned.planner); !done)
    return Fail(Error(done.error()).note(fmt::format("the catalog has changed since '{}' was recorded", evidence_name(row))));
  SWAGE_CHECK(build(session, planned, replay, options));
  return replay;
}

std::string or_nothing(const std::string& text) { return text.empty() ? "nothing" : text; }

void print_text(const Replay& replay) {
  fmt::print("{}@{} for {}: recorded on {} with {}\n", replay.goal.target.name, replay.row.kernel, replay.row.platform, replay.row.when,
             replay.row.toolchain);
  for (const Item& item : replay.items) {
    if (item.equal()) fmt::print("  equal      {:<6}  {}\n", item.name, item.now);
    else fmt::print("  different  {:<6}  recorded {}\n                     now      {}\n", item.name, item.recorded, or_nothing(item.now));
    if (!item.problem.empty()) fmt::print("                     {}\n", item.problem);
    if (item.changed())
      fmt::print("             recipe changed since: recorded {}\n                                   now      {}\n", item.recorded_drv,
                 item.drv->str());
  }
}

Json to_json(const Replay& replay) {
  Json items = Json::array();
  for (const Item& item : replay.items)
    items.push_back({{"item", item.name}, {"equal", item.equal()}, {"recorded", item.recorded},
                     {"now", text_or_null(item.now)},
                     {"problem", text_or_null(item.problem)},
                     {"recipeChanged", item.changed()}, {"recordedDrv", item.recorded_drv}, {"drv", item.drv->str()}});
  return {{"kernel", replay.row.kernel}, {"arch", replay.row.platform}, {"toolchain", replay.row.toolchain}, {"when", replay.row.when},
          {"record", replay.row.file.string()}, {"items", std::move(items)}};
}

}  // namespace

Result<int> replay(Session& session, const TargetOptions& targets, const RealiseOptions& options) {
  if (targets.targets.empty())
    return Fail(Error{.what = "'--replay' wants TARGET", .hint = "see what is recorded with: swage matrix"});
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const std::vector<const Platform*> platforms, parse_platforms(*catalog, targets.platforms));
  std::vector<Replay> replays;
  for (const std::string& text : targets.targets) {
    SWAGE_TRY(const Target target, parse_target(text));
    if (target.name != "linux") return fail(Errc::invalid_input, fmt::format("'{}' cannot be repeated: only records of linux can", target.text));
    for (const Platform* platform : platforms) {
      SWAGE_TRY(const std::optional<EvidenceRow> row, newest_record(*catalog, targets, target, *platform));
      if (!row) continue;
      SWAGE_TRY(Replay done, replay_cell(session, *row, Goal{.target = target, .platform = platform}, options));
      replays.push_back(std::move(done));
    }
  }
  session.stop_reporter();
  if (replays.empty())
    return Fail(Error{.what = fmt::format("'{}' has no record that could be repeated for these platforms",
                                          fmt::join(targets.targets, ", ")),
                      .hint = "make one with: swage verify"});
  Json list = Json::array();
  bool different = false;
  for (const Replay& replay : replays) {
    if (session.options().json) list.push_back(to_json(replay));
    else print_text(replay);
    different = different || !std::all_of(replay.items.begin(), replay.items.end(), [](const Item& item) { return item.equal(); });
  }
  if (session.options().json) fmt::print("{}\n", Json{{"replays", std::move(list)}}.dump());
  return different ? 1 : 0;
}

}  // namespace swage
