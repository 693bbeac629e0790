#include "resolve/resolve.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <tuple>

namespace swage {
namespace {

// What a candidate is asked about a variable.
enum class Answer {
  known,        // it has a version of that
  not_its,      // it has none, and none is used: clang, for a gcc
  elsewhere,    // it is a host tool's: the root's to answer
};

struct Variable {
  Answer answer = Answer::elsewhere;
  const Version* version = nullptr;
};

// One toolchain row with what constraints ask about it.
class Candidate {
 public:
  Candidate(const ToolchainRow& row, Purpose purpose) : row_(row), purpose_(purpose) {
    if (auto version = Version::parse(row.libc_version)) libc_.push_back(std::move(*version));
  }

  Variable variable(const std::string& name) const {
    if (name == "gcc" || name == "clang") return name == row_.compiler ? Variable{Answer::known, &row_.version} : Variable{Answer::not_its};
    if (name == "binutils") return row_.binutils ? Variable{Answer::known, &*row_.binutils} : Variable{Answer::not_its};
    if (name == "glibc" || name == "musl" || name == "uclibc") {
      const bool has = purpose_ != Purpose::kernel && row_.libc == name && !libc_.empty();
      return has ? Variable{Answer::known, &libc_.front()} : Variable{Answer::not_its};
    }
    return {};
  }

 private:
  const ToolchainRow& row_;
  Purpose purpose_;
  std::vector<Version> libc_{};  // none or one: Version has no empty value
};

bool concerns_cell(const ConstraintRow& row, const ResolveRequest& request) {
  if (!row.kernels.is_any() && !(request.kernel && row.kernels.contains(*request.kernel))) return false;
  const auto is_this = [&](const std::string& arch) { return arch == request.platform->name || arch == request.platform->kernel_arch; };
  return row.arches.empty() || std::any_of(row.arches.begin(), row.arches.end(), is_this);
}

// A condition on something that is not known here cannot be said to hold.
bool concerns_candidate(const ConstraintRow& row, const Candidate& candidate) {
  return std::all_of(row.when.begin(), row.when.end(), [&](const auto& condition) {
    const Variable variable = candidate.variable(condition.first);
    return variable.answer == Answer::known && condition.second.contains(*variable.version);
  });
}

struct Verdict {
  std::vector<std::string> holds{}, fails{}, untested{};
};

Verdict judge(const ConstraintRow& row, const Candidate& candidate) {
  Verdict verdict;
  for (const auto& [name, range] : row.require) {
    const Variable variable = candidate.variable(name);
    if (variable.answer == Answer::elsewhere) verdict.untested.push_back(fmt::format("{} {}", name, range.str()));
    if (variable.answer != Answer::known) continue;
    if (range.contains(*variable.version))
      verdict.holds.push_back(fmt::format("{} {} satisfies {}", name, variable.version->str(), range.str()));
    else
      verdict.fails.push_back(fmt::format("{} {} is not {}", name, variable.version->str(), range.str()));
  }
  return verdict;
}

// The date of a kernel's series. Only the series counts: a release of 2024 in a series of 2016 wants a compiler of 2016.
Version series_of(const Version& version) {
  const auto& parts = version.parts();
  const std::size_t count = std::min<std::size_t>(parts.size(), !parts.empty() && parts[0] == 2 ? 3 : 2);
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i ? "." : "") + std::to_string(parts[i]);
  return Version::parse(text).value_or(version);
}

std::string release_date(const Catalog& catalog, const Version& kernel) {
  const Version series = series_of(kernel);
  std::string date;
  for (const KernelRow& row : catalog.kernels()) {  // sorted by version
    if (!date.empty() && series_of(row.version) > series) break;
    date = row.released;
  }
  return date;
}

using RankingKey = std::tuple<long, bool, unsigned>;

RankingKey ranking_key(const ToolchainRow& row, const std::string& kernel_released) {
  const long age = kernel_released.empty() ? 0 : days_between(row.released, kernel_released);
  return {age, !row.prebuilt, row.provider_rank};
}

bool ranks_before(const ToolchainRow& a, const ToolchainRow& b, const std::string& kernel_released) {
  const RankingKey key_a = ranking_key(a, kernel_released), key_b = ranking_key(b, kernel_released);
  if (key_a != key_b) return key_a < key_b;
  if (a.version != b.version) return a.version > b.version;
  return a.id < b.id;
}

// The first step of the ranking at which the best two differ.
std::string why_first(const ToolchainRow& best, const ToolchainRow& next, const std::string& kernel_released) {
  if (!kernel_released.empty()) {
    const long mine = days_between(best.released, kernel_released), theirs = days_between(next.released, kernel_released);
    if (mine != theirs)
      return fmt::format("its compiler's release is {} days from the kernel's ({}); that of {} is {} days", mine, kernel_released, next.id, theirs);
  }
  if (best.prebuilt != next.prebuilt) return fmt::format("it is prebuilt; {} is built from source", next.id);
  if (best.provider_rank != next.provider_rank) return fmt::format("provider {} comes before {}", best.provider, next.provider);
  if (best.version != next.version) return fmt::format("{} {} is newer than {} of {}", best.compiler, best.version.str(), next.version.str(), next.id);
  return fmt::format("its id sorts before {}", next.id);
}

Result<std::vector<const ToolchainRow*>> candidates(const Catalog& catalog, const ResolveRequest& request) {
  std::vector<const ToolchainRow*> rows;
  if (request.toolchain) {
    SWAGE_TRY(const ToolchainRow* row, catalog.toolchain(*request.toolchain));
    if (row->platform != request.platform->name)
      return fail(Errc::invalid_input, fmt::format("'{}' is a toolchain for {}, not for {}", row->id, row->platform, request.platform->name));
    rows.push_back(row);
    return rows;
  }
  for (const ToolchainRow& row : catalog.toolchains())
    if (row.platform == request.platform->name && row.compiler == request.compiler) rows.push_back(&row);
  return rows;
}

// The constraints of the cell in an order that does not depend on the files.
std::vector<const ConstraintRow*> constraints_of(const Catalog& catalog, const ResolveRequest& request) {
  std::vector<const ConstraintRow*> rows;
  for (const ConstraintRow& row : catalog.constraints())
    if (concerns_cell(row, request)) rows.push_back(&row);
  std::sort(rows.begin(), rows.end(), [](const ConstraintRow* a, const ConstraintRow* b) { return a->id < b->id; });
  return rows;
}

// Empty `by` and `reason`: nothing is against it.
Rejection objections(const ToolchainRow& row, const ResolveRequest& request, const std::vector<const ConstraintRow*>& constraints) {
  Rejection rejection{.toolchain = &row};
  if (request.purpose == Purpose::userland && row.libc.empty()) rejection.reason = "has no C library: for kernels only";
  const Candidate candidate(row, request.purpose);
  for (const ConstraintRow* constraint : constraints) {
    if (!concerns_candidate(*constraint, candidate)) continue;
    const Verdict verdict = judge(*constraint, candidate);
    if (verdict.fails.empty()) continue;
    rejection.by.push_back(constraint);
    for (const std::string& text : verdict.fails) rejection.reason += (rejection.reason.empty() ? "" : "; ") + text;
  }
  return rejection;
}

void apply_rules(Resolution& resolution, const std::vector<const ConstraintRow*>& constraints) {
  const Candidate candidate(*resolution.chosen, resolution.request.purpose);
  for (const ConstraintRow* constraint : constraints) {
    if (!concerns_candidate(*constraint, candidate)) continue;
    const Verdict verdict = judge(*constraint, candidate);
    if (!verdict.holds.empty()) resolution.rules.push_back({constraint, fmt::format("{}", fmt::join(verdict.holds, "; "))});
    if (!verdict.untested.empty()) resolution.untested.push_back({constraint, fmt::format("{}", fmt::join(verdict.untested, "; "))});
  }
}

}  // namespace

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
    int year = 0;
    unsigned month = 0, day = 0;
    if (std::sscanf(std::string(date).c_str(), "%d-%u-%u", &year, &month, &day) != 3) return std::chrono::sys_days{};
    return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day));
  };
  const long distance = (days(a) - days(b)).count();
  return distance < 0 ? -distance : distance;
}

Result<Resolution> resolve(const Catalog& catalog, const ResolveRequest& request) {
  SWAGE_TRY(const auto rows, candidates(catalog, request));
  Resolution resolution{.request = request};
  if (request.kernel) resolution.kernel_released = release_date(catalog, *request.kernel);
  const auto before = [&](const ToolchainRow* a, const ToolchainRow* b) { return ranks_before(*a, *b, resolution.kernel_released); };

  const auto constraints = constraints_of(catalog, request);
  for (const ToolchainRow* row : rows) {
    Rejection rejection = objections(*row, request, constraints);
    if (rejection.by.empty() && rejection.reason.empty())
      resolution.ranking.push_back(row);
    else
      resolution.rejected.push_back(std::move(rejection));
  }
  std::sort(resolution.ranking.begin(), resolution.ranking.end(), before);
  std::sort(resolution.rejected.begin(), resolution.rejected.end(),
            [&](const Rejection& a, const Rejection& b) { return before(a.toolchain, b.toolchain); });
  if (resolution.ranking.empty()) return resolution;

  resolution.chosen = resolution.ranking.front();
  apply_rules(resolution, constraints);
  if (resolution.ranking.size() > 1)
    resolution.why.push_back(why_first(*resolution.ranking[0], *resolution.ranking[1], resolution.kernel_released));
  else
    resolution.why.push_back(request.toolchain ? "it was asked for by name" : "no other candidate satisfies the constraints");
  return resolution;
}

}  // namespace swage
