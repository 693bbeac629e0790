// What a search for a frontier has before it: the versions of the tool, what each is tried with, where it begins.
#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <tuple>

#include "base/text.hpp"
#include "catalog/closed_sets.hpp"
#include "evidence/boundaries.hpp"
#include "evidence/frontier.hpp"
#include "request/option_kinds.hpp"
#include "resolve/judge.hpp"

namespace swage {

namespace {

// A kernel on a platform that can be had, and the toolchain that the resolver takes for it.
struct FrontierCell {
  const Platform* platform = nullptr;
  Version kernel;
  std::string target{};
  const ToolchainRow* chosen = nullptr;
  bool pinned = true;  // its source is a distribution's
};

using Reasons = std::map<std::string, std::string>;  // why what is left out is

bool requires_tool(const ConstraintRow& row, const std::string& tool) { return row.require.contains(tool); }

bool is_forbidden(const FrontierCandidate& candidate, const std::string& tool) {
  const auto& rows = candidate.forbidden;
  return std::any_of(rows.begin(), rows.end(), [&](const ConstraintRow* row) { return requires_tool(*row, tool); });
}

bool is_forbidden_by(const FrontierCandidate& candidate, const ConstraintRow& row) {
  return std::find(candidate.forbidden.begin(), candidate.forbidden.end(), &row) != candidate.forbidden.end();
}

// What a C library asks of the tools that it is made with is not the kernel's frontier. What is no tool is one.
bool is_of_libc(const ConstraintRow& row) {
  const std::vector<std::string>& tools = toolchain_variables();
  return std::any_of(row.when.begin(), row.when.end(), [&](const auto& one) {
    return !is_host_tool(one.first) && std::find(tools.begin(), tools.end(), one.first) == tools.end();
  });
}

std::string compiler_of(const std::string& tool) { return tool == "clang" ? "clang" : "gcc"; }

Result<std::vector<const ToolchainRow*>> toolchains_of(const Catalog& catalog, const FrontierOptions& options,
                                                       const Platform& platform, const std::string& tool) {
  std::vector<const ToolchainRow*> rows;
  for (const bool fallback : {false, true}) {
    SWAGE_TRY(const std::vector<ToolchainRow>* some,
              fallback ? catalog.fallbacks(platform.name) : catalog.toolchains(platform.name));
    for (const ToolchainRow& row : *some) {
      const auto& providers = options.providers;
      const bool is_asked =
          providers.empty() || std::find(providers.begin(), providers.end(), row.provider) != providers.end();
      if (row.compiler == compiler_of(tool) && is_asked && (row.prebuilt || !options.prebuilt)) rows.push_back(&row);
    }
  }
  return rows;
}

// The candidate of one toolchain, in `root` or in the root that suits it best; nothing, with why, where it is none.
Result<std::optional<FrontierCandidate>> candidate_of(const Catalog& catalog, const FrontierCell& cell,
                                                      const std::string& tool, const std::set<std::string>& waived,
                                                      const ToolchainRow& row, const std::string& root,
                                                      std::string& why_not) {
  const ResolveRequest request{.platform = cell.platform,
                               .purpose = Purpose::boot,
                               .kernel = cell.kernel,
                               .toolchain = row.id,
                               .waived = waived,
                               .root = root};
  SWAGE_TRY(const Resolution resolution, resolve(catalog, request));
  if (!resolution.chosen) {
    const Rejection& rejection = resolution.rejected.front();
    std::vector<std::string> ids;
    for (const ConstraintRow* one : rejection.by) ids.push_back(one->id);
    why_not = fmt::format("{} ({})", rejection.reason, join(ids, ", "));
    return std::nullopt;
  }
  // A quirk that another constraint asks for may lift what is to be measured as well.
  for (const QuirkApplied& one : resolution.quirks)
    for (const ConstraintRow* forbidding : resolution.waived)
      if (const auto& lifts = one.quirk->lifts; std::find(lifts.begin(), lifts.end(), forbidding->id) != lifts.end()) {
        why_not = fmt::format("needs '{}' for '{}', which lifts '{}' too", one.quirk->id, one.lifts.front()->id,
                              forbidding->id);
        return std::nullopt;
      }
  const Subject::Variable version = Subject(request, row, resolution.root).variable(tool);
  if (version.answer != Subject::Answer::known) {
    why_not = fmt::format("does not say its version of {}", tool);
    return std::nullopt;
  }
  if (version.version->parts().size() < 2) {  // it would stand among the others where it does not belong
    why_not = fmt::format("says no more of its {} than {}", tool, version.version->str());
    return std::nullopt;
  }
  return FrontierCandidate{
      .version = *version.version, .toolchain = &row, .root = resolution.root, .forbidden = resolution.waived};
}

// All that there are, in no order. The build root's tools are tried with the one toolchain that the resolver takes.
Result<std::vector<FrontierCandidate>> all_candidates(const Catalog& catalog, const FrontierOptions& options,
                                                      const FrontierCell& cell, const std::string& tool,
                                                      const std::set<std::string>& waived, Reasons& left_out) {
  std::vector<FrontierCandidate> all;
  std::string why_not;
  const auto add = [&](const std::string& name, Result<std::optional<FrontierCandidate>> made) -> Result<void> {
    SWAGE_TRY(std::optional<FrontierCandidate> candidate, std::move(made));
    if (candidate) all.push_back(*std::move(candidate));
    else left_out[name] = why_not;
    return {};
  };
  if (!is_host_tool(tool)) {
    SWAGE_TRY(const std::vector<const ToolchainRow*> rows, toolchains_of(catalog, options, *cell.platform, tool));
    for (const ToolchainRow* row : rows)
      SWAGE_CHECK(add(row->id, candidate_of(catalog, cell, tool, waived, *row, "", why_not)));
    return all;
  }
  const ToolchainRow* chosen = cell.chosen;
  if (!chosen) {
    SWAGE_TRY(const Resolution any,
              resolve(catalog,
                      {.platform = cell.platform, .purpose = Purpose::boot, .kernel = cell.kernel, .waived = waived}));
    if (!any.chosen) return Fail(unsatisfied(catalog, any));
    chosen = any.chosen;
  }
  for (const RootRow& root : catalog.roots())
    if (root.kind == "build")
      SWAGE_CHECK(add(root.name, candidate_of(catalog, cell, tool, waived, *chosen, root.name, why_not)));
  return all;
}

// Of two candidates of one version the one to try: of the compiler that the others have, then what can be had soonest.
bool is_better(const FrontierCandidate& a, const FrontierCandidate& b, const ToolchainRow* chosen) {
  const auto key = [&](const FrontierCandidate& one) {
    const ToolchainRow& row = *one.toolchain;
    const std::vector<unsigned> far = chosen ? distance(row.version, chosen->version) : std::vector<unsigned>{};
    return std::tuple(one.forbidden.size(), !row.prebuilt, row.fallback, far, row.provider_rank,
                      one.root ? one.root->rank : 0, row.id);
  };
  return key(a) < key(b);
}

// One of each version, by version. `keep_sides`: one that the constraint forbids and one that it does not.
std::vector<FrontierCandidate> one_of_each(std::vector<FrontierCandidate> all, const ToolchainRow* chosen,
                                           const ConstraintRow* keep_sides) {
  const auto side = [&](const FrontierCandidate& one) { return keep_sides && is_forbidden_by(one, *keep_sides); };
  std::sort(all.begin(), all.end(), [&](const FrontierCandidate& a, const FrontierCandidate& b) {
    if (a.version != b.version) return a.version < b.version;
    return side(a) != side(b) ? side(a) < side(b) : is_better(a, b, chosen);
  });
  const auto same = [&](const FrontierCandidate& a, const FrontierCandidate& b) {
    return a.version == b.version && side(a) == side(b);
  };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

void set_line(FrontierPlan& plan, std::size_t start, std::optional<std::size_t> bound) {
  plan.line = {.start = start, .bound = bound};
  for (const FrontierCandidate& one : plan.candidates) {
    plan.line.outcomes.push_back(Outcome::untried);
    plan.line.dear.push_back(!one.toolchain->prebuilt);
  }
}

// --- Which cells.

Result<const ConstraintRow*> find_constraint(const std::vector<const ConstraintRow*>& rows, const std::string& id) {
  std::vector<std::string> known;
  for (const ConstraintRow* row : rows) {
    if (row->id == id) return row;
    known.push_back(row->id);
  }
  Error error{.what = fmt::format("'{}' is not a constraint", id), .hint = did_you_mean(id, known)};
  if (error.hint.empty()) error.hint = "see: swage list constraints";
  return Fail(std::move(error));
}

// Of a constraint: where it was measured, or else all that it concerns and that can be booted; the build platform
// first.
Result<std::vector<std::string>> platforms_of_row(const Catalog& catalog, const ConstraintRow& row) {
  SWAGE_TRY(const std::vector<const Platform*> able, parse_platforms(catalog, {"all"}));
  std::vector<std::string> names;
  for (const Platform* platform : able)
    if (concerns_platform(row, *platform) && assumption(row.measured, *platform).empty())
      names.push_back(platform->name);
  std::stable_sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return (a == kBuildPlatform) > (b == kBuildPlatform);
  });
  if (names.empty())
    return fail(Errc::unsatisfiable,
                fmt::format("'{}' concerns no platform that has a toolchain and a boot machine", row.id));
  return names;
}

// The kernel that is named, on each platform that is and that has a machine for it.
Result<std::vector<FrontierCell>> named_cells(Session& session, const TargetOptions& targets) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const std::deque<Goal> goals, make_goals(session, targets, "tiny", KernelGoal::resolution));
  std::vector<FrontierCell> cells;
  for (const Goal& goal : goals) {
    if (!goal.cell.kernel)
      return fail(Errc::invalid_input,
                  fmt::format("'{}' has no frontier: that is searched for kernels", goal.target.text));
    SWAGE_CHECK(check_boots(goal.target));
    if (!goal.cell.kernel->source) {
      SWAGE_TRY(const LockView lock, session.lock_view());
      if (Result<KernelChoice> there = find_kernel(*catalog, lock.sources(), goal.cell.kernel->version); !there)
        return Fail(std::move(there).error());
    }
    SWAGE_TRY(const MachineRow* machine, find_machine(*catalog, *goal.platform, goal.cell.kernel->version));
    if (machine)
      cells.push_back({.platform = goal.platform,
                       .kernel = goal.cell.kernel->version,
                       .target = goal.target.text,
                       .chosen = goal.resolution ? goal.resolution->chosen : nullptr});
  }
  if (cells.empty())
    return fail(Errc::unsatisfiable, fmt::format("'{}' has no boot machine for linux {}", goals.front().platform->name,
                                                 goals.front().cell.kernel->version.str()));
  return cells;
}

// The catalog's kernels that a constraint concerns, newest first.
Result<std::vector<FrontierCell>> cells_of_row(Session& session, const ConstraintRow& row,
                                               const std::vector<const Platform*>& platforms) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_CHECK(pin_kernel_series(session));
  SWAGE_TRY(const LockView lock, session.lock_view());
  std::vector<FrontierCell> cells;
  for (const Platform* platform : platforms)
    for (auto kernel = catalog->kernels().rbegin(); kernel != catalog->kernels().rend(); ++kernel) {
      const Result<KernelChoice> choice = find_kernel(*catalog, lock.sources(), kernel->version);
      if (!choice || !concerns_cell(row, {.platform = platform, .kernel = choice->version})) continue;
      SWAGE_TRY(const MachineRow* machine, find_machine(*catalog, *platform, choice->version));
      if (machine)
        cells.push_back({.platform = platform,
                         .kernel = choice->version,
                         .target = fmt::format("{}@{}", catalog->kernel_recipe(), choice->version.str()),
                         .pinned = !kernel->source.debian_package.empty()});
    }
  if (cells.empty())
    return Fail(Error{.code = Errc::unsatisfiable,
                      .what = fmt::format("'{}' concerns no kernel of the catalog", row.id),
                      .notes = {fmt::format("it is about linux {}", row.kernels.str())},
                      .hint = "name a tree that it concerns with --src"});
  return cells;
}

// --- The two sides of a constraint.

struct Pair {
  FrontierCandidate works, fails;
};

int count_dear(const Pair& pair) {
  return (pair.works.toolchain->prebuilt ? 0 : 1) + (pair.fails.toolchain->prebuilt ? 0 : 1);
}

// `all` by version.
std::optional<Pair> nearest_pair(const std::vector<FrontierCandidate>& all, const ConstraintRow& row) {
  std::optional<Pair> best;
  using Key = std::tuple<int, std::size_t, std::vector<unsigned>>;
  std::optional<Key> least;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t k = 0; k < all.size(); ++k) {
      if (is_forbidden_by(all[i], row) || !is_forbidden_by(all[k], row)) continue;
      Pair pair{all[i], all[k]};
      Key key(count_dear(pair), i < k ? k - i : i - k, distance(all[i].version, all[k].version));
      if (least && !(key < *least)) continue;
      least = std::move(key);
      best = std::move(pair);
    }
  return best;
}

// What a constraint says nothing of is none of its sides.
void leave_out_unconcerned(std::vector<FrontierCandidate>& all, const FrontierCell& cell, const ConstraintRow& row,
                           Reasons& left_out) {
  std::erase_if(all, [&](const FrontierCandidate& one) {
    const ResolveRequest request{
        .platform = cell.platform, .purpose = Purpose::boot, .kernel = cell.kernel, .toolchain = one.toolchain->id};
    const bool unconcerned = !concerns(row, Subject(request, *one.toolchain, one.root));
    if (unconcerned) left_out[one.toolchain->id] = fmt::format("is none that '{}' concerns", row.id);
    return unconcerned;
  });
}

Error no_pair(const FrontierPlan& plan, const std::vector<FrontierCandidate>& all, const Reasons& left_out) {
  const ConstraintRow& row = *plan.constraint;
  const bool has_inside =
      std::any_of(all.begin(), all.end(), [&](const FrontierCandidate& one) { return is_forbidden_by(one, row); });
  Error error{.code = Errc::unsatisfiable,
              .what = fmt::format("'{}' {} nothing that the catalog can make for {}", row.id,
                                  has_inside ? "allows" : "forbids", plan.label())};
  constexpr std::size_t kShown = 5;
  for (const auto& [name, reason] : left_out)
    if (error.notes.size() < kShown) error.notes.push_back(fmt::format("{} {}", name, reason));
  if (left_out.size() > kShown)
    error.notes.push_back(fmt::format("and {} more that are left out: see --explain", left_out.size() - kShown));
  error.hint =
      left_out.empty() ? "see: swage list toolchains" : "what another constraint forbids is tried with --ignore ID";
  return error;
}

// The cell whose two sides are nearest to each other, of those that need no long build and no download from elsewhere.
Result<FrontierPlan> plan_sides(const Catalog& catalog, const FrontierOptions& options,
                                const std::vector<FrontierCell>& cells, FrontierPlan plan) {
  const ConstraintRow& row = *plan.constraint;
  using Key = std::tuple<int, bool, std::vector<unsigned>>;
  std::optional<Key> least;
  std::optional<Error> none;
  for (const FrontierCell& cell : cells) {
    Reasons left_out;
    SWAGE_TRY(std::vector<FrontierCandidate> all,
              all_candidates(catalog, options, cell, plan.tool, plan.targets.waived, left_out));
    leave_out_unconcerned(all, cell, row, left_out);
    all = one_of_each(std::move(all), cell.chosen, &row);
    const std::optional<Pair> pair = nearest_pair(all, row);
    if (!pair && !none) {
      FrontierPlan about = plan;
      about.platform = cell.platform;
      about.kernel = cell.kernel;
      none = no_pair(about, all, left_out);
    }
    if (!pair) continue;
    Key key(count_dear(*pair), !cell.pinned, distance(pair->works.version, pair->fails.version));
    if (least && !(key < *least)) continue;
    least = std::move(key);
    plan.platform = cell.platform;
    plan.kernel = cell.kernel;
    plan.targets.targets = {cell.target};
    plan.targets.platforms = {cell.platform->name};
    plan.candidates = {pair->works, pair->fails};
    plan.left_out.assign(left_out.begin(), left_out.end());
  }
  if (!least) return Fail(std::move(*none));
  plan.older = plan.candidates[1].version < plan.candidates[0].version;
  set_line(plan, 0, 1);
  return plan;
}

// --- The search.

Result<FrontierPlan> plan_search(const Catalog& catalog, const FrontierOptions& options, const FrontierCell& cell,
                                 FrontierPlan plan) {
  plan.platform = cell.platform;
  plan.kernel = cell.kernel;
  Reasons left_out;
  SWAGE_TRY(std::vector<FrontierCandidate> all,
            all_candidates(catalog, options, cell, plan.tool, plan.targets.waived, left_out));
  plan.candidates = one_of_each(std::move(all), cell.chosen, nullptr);
  std::vector<FrontierCandidate>& line = plan.candidates;
  plan.left_out.assign(left_out.begin(), left_out.end());
  if (line.empty()) {
    Error error{.code = Errc::unsatisfiable,
                .what = fmt::format("'{}' has no frontier for {}: the catalog has no version of it there", plan.tool,
                                    plan.label())};
    for (const auto& [name, reason] : left_out)
      if (error.notes.size() < 5) error.notes.push_back(fmt::format("{} {}", name, reason));
    return Fail(std::move(error));
  }
  if (plan.older) std::reverse(line.begin(), line.end());
  // Begins at what the resolver would take, or else at what is nearest to that and allowed.
  std::optional<Version> wanted;
  if (cell.chosen) {
    const ResolveRequest usual{
        .platform = cell.platform, .purpose = Purpose::boot, .kernel = cell.kernel, .toolchain = cell.chosen->id};
    SWAGE_TRY(const Resolution resolution, resolve(catalog, usual));
    const Subject::Variable own = Subject(usual, *cell.chosen, resolution.root).variable(plan.tool);
    if (own.answer == Subject::Answer::known) wanted = *own.version;
  }
  std::size_t start = 0;
  const auto key = [&](std::size_t i) {
    return std::tuple(is_forbidden(line[i], plan.tool),
                      wanted ? distance(line[i].version, *wanted) : std::vector<unsigned>{});
  };
  for (std::size_t i = 1; i < line.size(); ++i)
    if (key(i) < key(start)) start = i;
  // What is forbidden on the other side is another frontier.
  std::size_t first = start;
  while (first > 0 && !is_forbidden(line[first - 1], plan.tool)) --first;
  if (is_forbidden(line[start], plan.tool)) first = 0;
  line.erase(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(first));
  start -= first;
  std::optional<std::size_t> bound;
  for (std::size_t i = start + 1; i < line.size() && !bound && !is_forbidden(line[start], plan.tool); ++i)
    if (is_forbidden(line[i], plan.tool)) bound = i;
  set_line(plan, start, bound);
  return plan;
}

Result<std::string> check_tool(const std::string& tool) {
  std::vector<std::string> known = toolchain_variables();
  known.insert(known.end(), host_tools().begin(), host_tools().end());
  if (std::find(known.begin(), known.end(), tool) != known.end()) return tool;
  Error error{.what = fmt::format("'{}' is not a tool", tool),
              .notes = {fmt::format("there are: {}", join(known, ", "))},
              .hint = did_you_mean(tool, known)};
  return Fail(std::move(error));
}

Result<void> check_providers(const Catalog& catalog, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  SWAGE_TRY(const std::vector<const ToolchainRow*> rows, catalog.all_toolchains());
  std::set<std::string> known;
  for (const ToolchainRow* row : rows) known.insert(row->provider);
  const std::vector<std::string> list(known.begin(), known.end());
  for (const std::string& name : names)
    if (!known.contains(name))
      return Fail(Error{.what = fmt::format("'{}' provides no toolchain", name),
                        .notes = {fmt::format("there are: {}", join(list, ", "))},
                        .hint = did_you_mean(name, list)});
  return {};
}

}  // namespace

bool FrontierPlan::of_root() const { return is_host_tool(tool); }

std::string FrontierPlan::label() const { return fmt::format("linux {} for {}", kernel.str(), platform->name); }

Result<FrontierPlan> plan_frontier(Session& session, const FrontierOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_CHECK(check_providers(*catalog, options.providers));
  SWAGE_TRY(const std::vector<const ConstraintRow*> all, catalog->constraints());
  FrontierPlan plan{.targets = options.targets, .kernel = *Version::parse("0"), .older = options.older};
  for (const std::string& id : options.ignore) {
    SWAGE_CHECK(find_constraint(all, id));
    plan.targets.waived.insert(id);
  }
  SWAGE_TRY(plan.tool, check_tool(options.tool.empty() ? "gcc" : options.tool));
  if (!options.constraint.empty()) {
    SWAGE_TRY(plan.constraint, find_constraint(all, options.constraint));
    const ConstraintRow& row = *plan.constraint;
    if (options.tool.empty()) plan.tool = tool_of(row);
    if (plan.tool.empty())
      return fail(Errc::invalid_input,
                  fmt::format("'{}' is about kernels, not about a tool: no two versions of one are its sides", row.id));
    if (!requires_tool(row, plan.tool))
      return fail(Errc::invalid_input, fmt::format("'{}' is about {}, not about {}", row.id, tool_of(row), plan.tool));
    if (plan.targets.platforms.empty()) {
      SWAGE_TRY(plan.targets.platforms, platforms_of_row(*catalog, row));
    }
  }
  if (plan.of_root() && (options.prebuilt || !options.providers.empty()))
    return fail(Errc::invalid_input, fmt::format("'{}' says nothing of {}, which is a build root's",
                                                 options.prebuilt ? "--prebuilt" : "--provider", plan.tool));
  plan.targets.llvm = plan.tool == "clang";
  std::vector<FrontierCell> cells;
  if (plan.constraint && plan.targets.targets.empty()) {
    SWAGE_TRY(const std::vector<const Platform*> platforms, wanted_platforms(session, plan.targets));
    SWAGE_TRY(cells, cells_of_row(session, *plan.constraint, platforms));
  } else {
    SWAGE_TRY(cells, named_cells(session, plan.targets));
  }
  if (plan.constraint) {
    plan.targets.waived.insert(plan.constraint->id);
    std::erase_if(cells, [&](const FrontierCell& cell) {
      return !concerns_cell(*plan.constraint, {.platform = cell.platform, .kernel = cell.kernel});
    });
    if (cells.empty())
      return Fail(Error{
          .code = Errc::unsatisfiable,
          .what =
              fmt::format("'{}' does not concern '{}' there", plan.constraint->id, join(plan.targets.targets, ", ")),
          .notes = {fmt::format("it is about linux {} for {}", plan.constraint->kernels.str(),
                                plan.constraint->arches.empty() ? "all" : join(plan.constraint->arches, ", "))}});
    return plan_sides(*catalog, options, cells, std::move(plan));
  }
  if (cells.size() > 1)
    return fail(Errc::invalid_input,
                fmt::format("'--for' names {} platforms: a frontier is searched on one", cells.size()));
  SWAGE_TRY(const std::vector<const ConstraintRow*> rows, catalog->constraints(*cells.front().platform));
  for (const ConstraintRow* row : rows)
    if (requires_tool(*row, plan.tool) && !is_of_libc(*row)) plan.targets.waived.insert(row->id);
  return plan_search(*catalog, options, cells.front(), std::move(plan));
}

}  // namespace swage
