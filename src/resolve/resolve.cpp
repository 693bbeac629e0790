#include "resolve/resolve.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fmt/core.h>
#include <map>
#include <tuple>

#include "base/text.hpp"
#include "resolve/judge.hpp"

namespace swage {
namespace {

// The date of a kernel's series. Only the series counts: a release of 2024 in a series of 2016 wants a compiler of
// 2016.
std::string release_date(const Catalog& catalog, const Version& kernel) {
  const auto series = kernel_series(kernel);
  std::string date;
  for (const KernelRow& row : catalog.kernels()) {  // sorted by version
    if (!date.empty() && kernel_series(row.version) > series) break;
    date = row.released;
  }
  return date;
}

long age(const std::string& released, const std::string& kernel_released) {
  return kernel_released.empty() || released.empty() ? 0 : days_between(released, kernel_released);
}

// How much it weighs that quirks lift a constraint of this effect; 0: that they lift none.
unsigned weight(Effect effect) {
  switch (effect) {
    case Effect::builds_not: return 1;
    case Effect::misbehaves: return 2;
    case Effect::boots_not: break;
  }
  return 3;
}

// Step 1 of the ranking.
Evidence evidence_rank(const ToolchainRow& row, const ResolveRequest& request) {
  const auto record = request.evidence.find(row.id);
  return record == request.evidence.end() ? Evidence::none : record->second;
}

using RankingKey = std::tuple<Evidence, unsigned, unsigned, bool, unsigned, unsigned, long, unsigned>;

// A candidate with what ranks it.
struct Tried {
  Candidate candidate{};
  std::vector<const ConstraintRow*> blocked_by{};      // sorted by id
  unsigned toolchain_weight = 0, root_weight = 0;      // of what quirks lift
  RankingKey ranking_key{};                            // in its best root
};

// Of what quirks lift: what nobody would see. A failed build is seen.
unsigned silent(unsigned weight_lifted) { return weight_lifted == weight(Effect::builds_not) ? 0 : weight_lifted; }

// The cell of a request: all that does not depend on the candidate.
class CellSolver {
 public:
  // `constraints`, `quirks`: of the request's platform.
  CellSolver(const Catalog& catalog, const ResolveRequest& request,
             const std::vector<const ConstraintRow*>& constraints, const std::vector<const QuirkRow*>& quirks)
      : request_(request) {
    if (request.kernel) released_ = release_date(catalog, *request.kernel);
    for (const ConstraintRow* row : constraints)
      if (concerns_cell(*row, request)) (request.waived.contains(row->id) ? waived_ : constraints_).push_back(row);
    for (const QuirkRow* row : quirks)
      if (concerns_cell(*row, request)) quirks_.push_back(row);
    // In an order that does not depend on the files.
    const auto by_id = [](const auto* a, const auto* b) { return a->id < b->id; };
    std::sort(constraints_.begin(), constraints_.end(), by_id);
    std::sort(waived_.begin(), waived_.end(), by_id);
    std::sort(quirks_.begin(), quirks_.end(), by_id);
    for (const ConstraintRow* row : constraints_) (touches_host(*row) ? of_host_ : of_toolchain_).push_back(row);
    using RootKey = std::tuple<bool, unsigned, long, std::string_view>;
    std::map<RootKey, const RootRow*> roots;
    for (const RootRow& row : catalog.roots())
      if (row.kind == "build" && (request.root.empty() || row.name == request.root))
        roots.emplace(RootKey{!is_first_for_kernel(row), row.rank, age(row.released, released_), row.name}, &row);
    for (const auto& [key, row] : roots) roots_.push_back(row);
    if (roots_.empty()) roots_.push_back(nullptr);
  }

  const std::string& released() const { return released_; }
  const std::vector<const ConstraintRow*>& constraints() const { return constraints_; }
  const std::vector<const ConstraintRow*>& waived() const { return waived_; }
  std::size_t root_count() const { return roots_.size(); }

  // The candidate in the root that suits it best.
  Tried best(const ToolchainRow& row) const {
    std::vector<const ConstraintRow*> violated;
    const Subject rootless(request_, row, nullptr);
    for (const ConstraintRow* constraint : of_toolchain_)
      if (concerns(*constraint, rootless) && violates(*constraint, rootless)) violated.push_back(constraint);
    std::optional<Tried> best;
    for (const RootRow* root : roots_) {
      Tried next = in_root(row, root, violated);
      const auto key = [](const Tried& tried) { return std::pair(tried.blocked_by.size(), tried.root_weight); };
      if (!best || key(next) < key(*best)) best = std::move(next);
      // No other root is better, and this one comes before them.
      if (key(*best) == std::pair(std::size_t{0}, 0u)) break;
    }
    best->ranking_key = {evidence_rank(row, request_), silent(best->toolchain_weight),
                         silent(best->root_weight),    !row.prebuilt,
                         best->toolchain_weight,       best->root_weight,
                         age(row.released, released_), row.provider_rank};
    return std::move(*best);
  }

  std::string why_first(const Tried& best, const Tried& next) const;
  std::string why_root(const Tried& best) const;

 private:
  static bool touches_host(const ConstraintRow& row) {
    const auto host = [](const auto& condition) { return is_host_tool(condition.first); };
    return std::any_of(row.when.begin(), row.when.end(), host) ||
           std::any_of(row.require.begin(), row.require.end(), host);
  }

  bool is_first_for_kernel(const RootRow& row) const {
    return row.first_for && request_.kernel && row.first_for->contains(*request_.kernel);
  }

  Tried in_root(const ToolchainRow& row, const RootRow* root, std::vector<const ConstraintRow*> violated) const {
    const Subject subject(request_, row, root);
    Tried tried{.candidate = {.toolchain = &row, .root = root}};
    for (const ConstraintRow* constraint : of_host_)
      if (concerns(*constraint, subject) && violates(*constraint, subject)) violated.push_back(constraint);
    std::sort(violated.begin(), violated.end(),
              [](const ConstraintRow* a, const ConstraintRow* b) { return a->id < b->id; });
    std::vector<QuirkApplied>& applied = tried.candidate.quirks;
    for (const QuirkRow* quirk : quirks_)
      if (concerns(*quirk, subject)) applied.push_back({quirk});
    for (const ConstraintRow* constraint : violated) {
      const auto lifts = [&](const QuirkApplied& one) {
        return std::find(one.quirk->lifts.begin(), one.quirk->lifts.end(), constraint->id) != one.quirk->lifts.end();
      };
      bool lifted = false;
      for (QuirkApplied& one : applied)   // all that help: a constraint may take two changes
        if (lifts(one)) {
          one.lifts.push_back(constraint);
          lifted = true;
        }
      if (!lifted) {
        tried.blocked_by.push_back(constraint);
        continue;
      }
      unsigned& gravest = violates_by_host_alone(*constraint, subject) ? tried.root_weight : tried.toolchain_weight;
      gravest = std::max(gravest, weight(constraint->effect));
    }
    std::erase_if(applied, [](const QuirkApplied& one) { return one.lifts.empty() && !one.quirk->lifts.empty(); });
    return tried;
  }

  const ResolveRequest& request_;
  std::string released_{};
  std::vector<const ConstraintRow*> constraints_{}, of_toolchain_{}, of_host_{}, waived_{};
  std::vector<const QuirkRow*> quirks_{};
  std::vector<const RootRow*> roots_{};   // best first as far as that is known without a candidate
};

bool ranks_before(const Tried& a, const Tried& b) {
  if (a.ranking_key != b.ranking_key) return a.ranking_key < b.ranking_key;
  const ToolchainRow &row_a = *a.candidate.toolchain, &row_b = *b.candidate.toolchain;
  if (row_a.version != row_b.version) return row_a.version > row_b.version;
  return row_a.id < row_b.id;
}

std::string quirk_against(unsigned lifted) {
  for (const Effect effect : {Effect::builds_not, Effect::misbehaves, Effect::boots_not})
    if (lifted == weight(effect)) return fmt::format("a quirk against {}", effect_name(effect));
  return "no quirk";
}

// "needs no quirk", "needs a quirk against builds-not and, for its root, a quirk against misbehaves".
std::string quirk_need(const Tried& tried) {
  if (tried.root_weight == 0) return "needs " + quirk_against(tried.toolchain_weight);
  if (tried.toolchain_weight == 0) return fmt::format("needs {} for its root alone", quirk_against(tried.root_weight));
  return fmt::format("needs {} and, for its root, {}", quirk_against(tried.toolchain_weight),
                     quirk_against(tried.root_weight));
}

std::string evidence_text(Evidence evidence, const ResolveRequest& request) {
  if (evidence == Evidence::none) return "is not recorded to have booted it";
  if (!request.recorded) return evidence == Evidence::booted ? "has booted this kernel" : "failed on record";
  return fmt::format("{} linux {}, the nearest on record", evidence == Evidence::booted ? "has booted" : "failed with",
                     request.recorded->str());
}

// The first step of the ranking at which the best two differ.
std::string CellSolver::why_first(const Tried& best, const Tried& next) const {
  const ToolchainRow &mine = *best.candidate.toolchain, &theirs = *next.candidate.toolchain;
  const Evidence seen = evidence_rank(mine, request_), seen_theirs = evidence_rank(theirs, request_);
  if (seen != seen_theirs)
    return fmt::format("it {}; {} {}", evidence_text(seen, request_), theirs.id, evidence_text(seen_theirs, request_));
  const auto silent_pair = [](const Tried& tried) {
    return std::pair(silent(tried.toolchain_weight), silent(tried.root_weight));
  };
  const auto need = [&] { return fmt::format("it {}; {} {}", quirk_need(best), theirs.id, quirk_need(next)); };
  if (silent_pair(best) != silent_pair(next)) return need();
  if (mine.prebuilt != theirs.prebuilt) return fmt::format("it is prebuilt; {} is built from source", theirs.id);
  if (std::pair(best.toolchain_weight, best.root_weight) != std::pair(next.toolchain_weight, next.root_weight))
    return need();
  const long my_age = age(mine.released, released_), their_age = age(theirs.released, released_);
  if (my_age != their_age)
    return fmt::format("its compiler's release is {} days from the kernel's ({}); that of {} is {} days", my_age,
                       released_, theirs.id, their_age);
  if (mine.provider_rank != theirs.provider_rank && mine.provider == theirs.provider)
    return mine.suite == theirs.suite
               ? fmt::format("its table has it before {}", theirs.id)
               : fmt::format("suite {} of {} comes before {}", mine.suite, mine.provider, theirs.suite);
  if (mine.provider_rank != theirs.provider_rank)
    return fmt::format("provider {} comes before {}", mine.provider, theirs.provider);
  if (mine.version != theirs.version)
    return fmt::format("{} {} is newer than {} of {}", mine.compiler, mine.version.str(), theirs.version.str(),
                       theirs.id);
  return fmt::format("its id sorts before {}", theirs.id);
}

// Why not the default root, or nothing to say.
std::string CellSolver::why_root(const Tried& best) const {
  const RootRow *mine = best.candidate.root, *first = roots_.front();
  if (!mine) return {};
  if (mine == first)
    return is_first_for_kernel(*mine)
               ? fmt::format("root {} comes first for linux {}", mine->name, mine->first_for->str())
               : "";
  const Tried there = in_root(*best.candidate.toolchain, first, {});
  const std::string better = there.blocked_by.empty()
                                 ? fmt::format("there it needs {}", quirk_against(there.root_weight))
                                 : fmt::format("there {} rejects it", there.blocked_by.front()->id);
  return fmt::format("root {} and not {}: {}", mine->name, first->name, better);
}

using Rows = std::vector<const ToolchainRow*>;

Rows with_compiler(const std::vector<ToolchainRow>& all, const ResolveRequest& request) {
  Rows rows;
  for (const ToolchainRow& row : all)
    if (row.compiler == request.compiler && (!request.version || request.version->is_prefix_of(row.version)))
      rows.push_back(&row);
  return rows;
}

// Those that are considered first. `fallbacks` are left for when none of these fits.
Result<Rows> candidates(const Catalog& catalog, const ResolveRequest& request) {
  Rows rows;
  if (request.toolchain) {
    SWAGE_TRY(const ToolchainRow* row, check_toolchain(catalog, *request.toolchain, *request.platform));
    rows.push_back(row);
    return rows;
  }
  SWAGE_TRY(const std::vector<ToolchainRow>* own, catalog.toolchains(request.platform->name));
  return with_compiler(*own, request);
}

Result<Rows> fallbacks(const Catalog& catalog, const ResolveRequest& request) {
  if (request.toolchain) return Rows{};
  SWAGE_TRY(const std::vector<ToolchainRow>* own, catalog.fallbacks(request.platform->name));
  return with_compiler(*own, request);
}

// True when this cell was booted with a toolchain that the platform does not have without its fallbacks.
Result<bool> booted_with_fallback(const Catalog& catalog, const ResolveRequest& request) {
  SWAGE_TRY(const std::vector<ToolchainRow>* own, catalog.toolchains(request.platform->name));
  return std::any_of(request.evidence.begin(), request.evidence.end(), [&](const auto& record) {
    const auto is_it = [&](const ToolchainRow& row) { return row.id == record.first; };
    return record.second == Evidence::booted && std::none_of(own->begin(), own->end(), is_it);
  });
}

Rows booted_ones(const ResolveRequest& request, Rows rows) {
  std::erase_if(rows, [&](const ToolchainRow* row) { return evidence_rank(*row, request) != Evidence::booted; });
  return rows;
}

// Why a toolchain does not make programs for the platform; "" it does.
std::string userland_objection(const ResolveRequest& request, const ToolchainRow& row) {
  if (request.purpose != Purpose::userland || row.libc == request.platform->libc) return "";
  if (row.libc.empty()) return "has no C library: for kernels only";
  return fmt::format("has the C library {}, the platform {}", row.libc, request.platform->libc);
}

Rejection rejection(const ResolveRequest& request, Tried tried) {
  Rejection rejection{.toolchain = tried.candidate.toolchain, .by = std::move(tried.blocked_by)};
  rejection.reason = userland_objection(request, *rejection.toolchain);
  const Subject subject(request, *rejection.toolchain, tried.candidate.root);
  for (const ConstraintRow* constraint : rejection.by)
    for (const std::string& text : judge(*constraint, subject).fails)
      if (rejection.reason.find(text) == std::string::npos)
        rejection.reason += (rejection.reason.empty() ? "" : "; ") + text;
  return rejection;
}

// What the choice was tested against, and what it would fail on other kernels of this platform.
void apply_rules(Resolution& resolution, const CellSolver& solver,
                 const std::vector<const ConstraintRow*>& of_platform) {
  const Subject subject(resolution.request, *resolution.chosen, resolution.root);
  for (const ConstraintRow* constraint : solver.waived())
    if (concerns(*constraint, subject) && violates(*constraint, subject)) resolution.waived.push_back(constraint);
  const auto joined = [](const std::vector<std::string>& texts) { return join(texts, "; "); };
  for (const ConstraintRow* constraint : solver.constraints()) {
    if (!concerns(*constraint, subject)) continue;
    const Verdict verdict = judge(*constraint, subject);
    if (!verdict.holds.empty()) resolution.rules.push_back({constraint, joined(verdict.holds)});
    if (!verdict.untested.empty()) resolution.untested.push_back({constraint, joined(verdict.untested)});
  }
  if (!resolution.request.kernel) return;
  for (const ConstraintRow* constraint : of_platform) {
    if (constraint->kernels.is_any() || constraint->kernels.contains(*resolution.request.kernel)) continue;
    if (!concerns_platform(*constraint, *resolution.request.platform) || !concerns(*constraint, subject) ||
        !violates(*constraint, subject))
      continue;
    resolution.elsewhere.push_back({constraint, joined(judge(*constraint, subject).fails)});
  }
  std::sort(resolution.elsewhere.begin(), resolution.elsewhere.end(), [](const RuleApplied& a, const RuleApplied& b) {
    const unsigned weight_a = weight(a.constraint->effect), weight_b = weight(b.constraint->effect);
    return weight_a != weight_b ? weight_a > weight_b : a.constraint->id < b.constraint->id;
  });
}

}  // namespace

Result<const ToolchainRow*> check_toolchain(const Catalog& catalog, const std::string& id, const Platform& platform) {
  SWAGE_TRY(const ToolchainRow* row, catalog.toolchain(id, platform.name));
  if (row->platform == platform.name) return row;
  return fail(Errc::invalid_input,
              fmt::format("'{}' is a toolchain for {}, not for {}", row->id, row->platform, platform.name));
}

std::string_view purpose_name(Purpose purpose) {
  switch (purpose) {
    case Purpose::kernel: return "kernel";
    case Purpose::userland: return "userland";
    case Purpose::boot: break;
  }
  return "boot";
}

long days_between(std::string_view a, std::string_view b) {
  const auto days = [](std::string_view date) {
    if (date.size() != std::string_view("YYYY-MM-DD").size()) return std::chrono::sys_days{};
    const auto number = [&](std::size_t at, std::size_t digits) {
      unsigned value = 0;
      std::from_chars(date.data() + at, date.data() + at + digits, value);
      return value;
    };
    return std::chrono::sys_days(std::chrono::year(static_cast<int>(number(0, 4))) / std::chrono::month(number(5, 2)) /
                                 std::chrono::day(number(8, 2)));
  };
  const long distance = (days(a) - days(b)).count();
  return distance < 0 ? -distance : distance;
}

Result<Resolution> resolve(const Catalog& catalog, const ResolveRequest& request) {
  if (!request.root.empty()) {
    SWAGE_TRY(const RootRow* root, catalog.root(request.root));
    if (root->kind != "build")
      return fail(Errc::invalid_input, fmt::format("'{}' is not a root that kernels are built in", root->name));
  }
  SWAGE_TRY(const auto rows, candidates(catalog, request));
  Resolution resolution{.request = request};
  SWAGE_TRY(const std::vector<const ConstraintRow*> constraints, catalog.constraints(*request.platform));
  SWAGE_TRY(const std::vector<const QuirkRow*> quirks, catalog.quirks(*request.platform));
  const CellSolver solver(catalog, resolution.request, constraints, quirks);
  resolution.kernel_released = solver.released();

  std::vector<Tried> fit, unfit;
  const auto consider = [&](const Rows& more) {
    for (const ToolchainRow* row : more) {
      Tried tried = solver.best(*row);
      (tried.blocked_by.empty() && userland_objection(request, *row).empty() ? fit : unfit).push_back(std::move(tried));
    }
  };
  consider(rows);
  SWAGE_TRY(const bool fallback_booted, booted_with_fallback(catalog, request));
  if (fit.empty() || fallback_booted) {
    SWAGE_TRY(Rows more, fallbacks(catalog, request));
    const auto others = static_cast<std::ptrdiff_t>(unfit.size());
    consider(fit.empty() ? more : booted_ones(request, std::move(more)));
    // Where these do not help either, what is wrong with the others is what a user can do something about.
    if (fit.empty() && others != 0) unfit.erase(unfit.begin() + others, unfit.end());
  }
  std::sort(fit.begin(), fit.end(), ranks_before);
  std::sort(unfit.begin(), unfit.end(), ranks_before);
  for (Tried& tried : unfit) resolution.rejected.push_back(rejection(request, std::move(tried)));
  for (const Tried& tried : fit) resolution.ranking.push_back(tried.candidate);
  if (fit.empty()) return resolution;

  resolution.chosen = fit.front().candidate.toolchain;
  resolution.root = fit.front().candidate.root;
  resolution.quirks = fit.front().candidate.quirks;
  apply_rules(resolution, solver, constraints);
  if (fit.size() > 1)
    resolution.why.push_back(solver.why_first(fit[0], fit[1]));
  else
    resolution.why.push_back(request.toolchain ? "it was asked for by name"
                                               : "no other candidate satisfies the constraints");
  const bool for_want_of_others =
      resolution.chosen->fallback && evidence_rank(*resolution.chosen, request) != Evidence::booted;
  if (for_want_of_others && !request.toolchain)
    resolution.why.push_back("no toolchain that is no fallback satisfies the constraints");
  if (std::string why = solver.why_root(fit.front()); !why.empty()) resolution.why.push_back(std::move(why));
  return resolution;
}

}  // namespace swage
