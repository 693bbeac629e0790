#include "evidence/matrix.hpp"

#include <algorithm>
#include <deque>
#include <fmt/core.h>
#include <memory>
#include <set>

#include "evidence/recorder.hpp"
#include "plan/planner.hpp"
#include "request/recorded_cell.hpp"

namespace swage {

namespace {

constexpr const char* kCompilers[] = {"gcc", "clang"};

// A kernel of the matrix: a row of the catalog, or one that only records have. What another recipe makes of a kernel is
// one of those.
struct KernelColumn {
  std::string label;
  std::string recipe;
  Version version;            // what would be built now
  bool series = false;        // any release of it belongs here
  std::optional<KernelTree> tree{};   // of a vendor's
};

std::vector<KernelColumn> catalog_columns(const Catalog& catalog, const Lockfile* lock) {
  std::vector<KernelColumn> columns;
  for (const KernelRow& row : catalog.kernels()) {
    KernelColumn column{.label = row.version.str(),
                        .recipe = catalog.kernel_recipe(),
                        .version = row.version,
                        .series = !row.source.debian_package.empty()};
    // Else nobody has asked yet which release of the series that is.
    if (column.series && lock && unpinned_kernels(catalog, *lock, row.version).empty())
      if (const auto choice = find_kernel(catalog, *lock, row.version)) column.version = choice->version;
    columns.push_back(std::move(column));
  }
  return columns;
}

std::string series_of(const Catalog& catalog, const KernelColumn& column) {
  if (column.tree || column.recipe != catalog.kernel_recipe()) return column.label;
  return kernel_series_name(column.version);
}

// The column of a record: its exact release before its series. A vendor's tree has its own.
std::size_t column_of(const Catalog& catalog, std::vector<KernelColumn>& columns, const EvidenceRow& row,
                      const Version& version) {
  const std::string& recipe = catalog.recipe_of(row);
  const auto find = [&](auto&& fits) {
    return std::find_if(columns.begin(), columns.end(),
                        [&](const KernelColumn& c) { return c.recipe == recipe && fits(c); });
  };
  if (!row.is_of_release()) {
    const std::string label = fmt::format("{}-{}", row.kernel, row.tree->vendor);
    auto own = find([&](const KernelColumn& c) { return c.label == label; });
    if (own == columns.end())
      own = columns.insert(own, {.label = label, .recipe = recipe, .version = version, .tree = row.tree});
    return static_cast<std::size_t>(own - columns.begin());
  }
  auto at = find([&](const KernelColumn& c) { return !c.series && !c.tree && c.version == version; });
  if (at == columns.end())
    at = find([&](const KernelColumn& c) { return c.series && Version::parse(c.label)->is_prefix_of(version); });
  const std::string label = recipe == catalog.kernel_recipe() ? row.kernel : fmt::format("{}@{}", recipe, row.kernel);
  if (at == columns.end()) at = columns.insert(at, {.label = label, .recipe = recipe, .version = version});
  return static_cast<std::size_t>(at - columns.begin());
}

// Whether records would be planned the same today. One planner for each lock file that records were made with.
class Recipes {
 public:
  explicit Recipes(const Catalog& catalog) : catalog_(catalog) {}

  std::optional<bool> changed(const EvidenceRow& row) {
    const auto drv = plan(row);
    if (!drv) return std::nullopt;
    return drv->str() != (row.boot_drv.empty() ? row.kernel_drv : row.boot_drv);
  }

 private:
  struct Plan {
    Lockfile lock;
    std::unique_ptr<Planner> planner{};
  };

  std::optional<StorePath> plan(const EvidenceRow& row) {
    const fs::path file = evidence_lock(row);
    auto& plan = plans_[file];
    if (!plan) {
      auto lock = read_kept_lock(file.parent_path().parent_path(), row.lock);
      if (!lock) return std::nullopt;
      plan = std::make_unique<Plan>(Plan{.lock = std::move(*lock)});
      plan->planner = std::make_unique<Planner>(catalog_, plan->lock);
    }
    auto recorded = recorded_cell(catalog_, plan->lock, row);
    if (!recorded) return std::nullopt;
    Cell& cell = cells_.emplace_back(std::move(*recorded));
    const Result<const TargetRow*> target = catalog_.target(catalog_.recipe_of(row));
    const Result<std::string> maker = catalog_.maker_of(row);
    if (!target || !maker) return std::nullopt;
    const auto wanted = plan->planner->package(row.boot_drv.empty() ? *maker : (*target)->booted_by, cell);
    if (!wanted) return std::nullopt;
    return wanted->drv;
  }

  const Catalog& catalog_;
  std::map<fs::path, std::unique_ptr<Plan>> plans_{};
  std::deque<Cell> cells_{};   // planners want their addresses
};

MatrixState state_of(const EvidenceRow& row) {
  if (row.sample && row.state == EvidenceState::built) return MatrixState::sampled;
  switch (row.state) {
    case EvidenceState::booted: return MatrixState::booted;
    case EvidenceState::built: return MatrixState::built;
    case EvidenceState::failed: break;
  }
  return MatrixState::failed;
}

const ToolchainRow* find_toolchain(const Catalog& catalog, const std::string& id, const std::string& platform) {
  const auto row = catalog.toolchain(id, platform);
  return row ? *row : nullptr;
}

Result<MatrixEntry> resolved_entry(const Catalog& catalog, const KernelColumn& column, const Platform& platform,
                                   const std::string& compiler) {
  MatrixEntry entry{.kernel = column.version.str(), .recipe = column.recipe, .compiler = compiler, .tree = column.tree};
  const ResolveRequest request{
      .platform = &platform, .purpose = Purpose::boot, .kernel = column.version, .compiler = compiler};
  SWAGE_TRY(const Resolution resolution, resolve(catalog, request));
  entry.explanation = explain(resolution);
  SWAGE_TRY(const MachineRow* machine, find_machine(catalog, platform, column.version));
  if (!machine) {
    entry.reason = "no boot machine for this kernel";
    return entry;
  }
  entry.toolchain = resolution.chosen;
  if (resolution.chosen) {
    entry.state = MatrixState::resolved;
    return entry;
  }
  std::set<std::string> ids;
  for (const Rejection& rejection : resolution.rejected) {
    for (const ConstraintRow* row : rejection.by) ids.insert(row->id);
    if (entry.reason.empty()) entry.reason = fmt::format("{}: {}", rejection.toolchain->id, rejection.reason);
  }
  entry.constraints.assign(ids.begin(), ids.end());
  if (entry.reason.empty()) entry.reason = fmt::format("no {} for this platform", compiler);
  return entry;
}

void sort_entries(MatrixCell& cell) {
  // The release itself before trees of it, then the latest of the same kind first: of several releases of a series,
  // that of today.
  std::stable_sort(cell.entries.begin(), cell.entries.end(), [](const MatrixEntry& a, const MatrixEntry& b) {
    const auto key = [](const MatrixEntry& e) {
      return std::tuple(e.compiler == "gcc" ? 0 : 1, e.state, e.tree.has_value());
    };
    if (key(a) != key(b)) return key(a) < key(b);
    return a.evidence && b.evidence && a.evidence->when > b.evidence->when;
  });
}

// Where there is no success yet, the toolchain that would be tried next belongs to what is known.
Result<void> add_resolved(const Catalog& catalog, const KernelColumn& column, const Platform& platform,
                          MatrixCell& cell) {
  for (const std::string compiler : kCompilers) {
    SWAGE_TRY(MatrixEntry now, resolved_entry(catalog, column, platform, compiler));
    const bool done = std::any_of(cell.entries.begin(), cell.entries.end(), [&](const MatrixEntry& entry) {
      return entry.compiler == compiler &&
             (entry.state < MatrixState::sampled || entry.toolchain_id() == now.toolchain_id());
    });
    for (MatrixEntry& entry : cell.entries)
      if (entry.compiler == compiler) entry.explanation = now.explanation;
    const bool none = std::none_of(cell.entries.begin(), cell.entries.end(),
                                   [&](const MatrixEntry& e) { return e.compiler == compiler; });
    if (none || (!done && now.state == MatrixState::resolved)) cell.entries.push_back(std::move(now));
  }
  sort_entries(cell);
  return {};
}

}  // namespace

std::string_view matrix_state_name(MatrixState state) {
  switch (state) {
    case MatrixState::booted: return "booted";
    case MatrixState::built: return "built";
    case MatrixState::sampled: return "sampled";
    case MatrixState::failed: return "failed";
    case MatrixState::resolved: return "resolved";
    case MatrixState::impossible: break;
  }
  return "impossible";
}

MatrixState MatrixCell::state() const {
  MatrixState best = MatrixState::impossible;
  for (const MatrixEntry& entry : entries) best = std::min(best, entry.state);
  return best;
}

const MatrixEntry& MatrixCell::best(std::string_view compiler) const {
  return *std::find_if(entries.begin(), entries.end(),
                       [&](const MatrixEntry& entry) { return entry.compiler == compiler; });
}

Result<Matrix> make_matrix(const Catalog& catalog, const Lockfile* lock, const std::vector<const Platform*>& platforms,
                           std::string today) {
  std::vector<KernelColumn> columns = catalog_columns(catalog, lock);
  Recipes recipes(catalog);
  std::map<std::pair<std::size_t, const Platform*>, std::vector<MatrixEntry>> recorded;
  for (const Platform* platform : platforms) {
    SWAGE_TRY(const std::vector<EvidenceRow>* rows, catalog.evidence(platform->name));
    for (const EvidenceRow& row : *rows) {
      if (row.is_overruled()) continue;   // says something of constraints: boundaries.hpp
      SWAGE_TRY(const Version version, Version::parse(row.kernel));
      std::vector<MatrixEntry>& entries = recorded[{column_of(catalog, columns, row, version), platform}];
      entries.push_back({.state = state_of(row),
                         .kernel = row.kernel,
                         .recipe = catalog.recipe_of(row),
                         .compiler = row.compiler,
                         .toolchain = find_toolchain(catalog, row.toolchain, row.platform),
                         .evidence = row,
                         .tree = row.tree,
                         .changed = recipes.changed(row),
                         .reason = row.reason});
    }
  }
  std::vector<std::size_t> order(columns.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return columns[a].version < columns[b].version; });
  Matrix matrix{.today = std::move(today), .platforms = platforms};
  for (const std::size_t i : order) {
    matrix.kernels.push_back(columns[i].label);
    matrix.series.push_back(series_of(catalog, columns[i]));
    std::vector<MatrixCell>& row = matrix.cells.emplace_back();
    for (const Platform* platform : platforms) {
      MatrixCell& cell = row.emplace_back();
      if (const auto found = recorded.find({i, platform}); found != recorded.end())
        cell.entries = std::move(found->second);
      SWAGE_CHECK(add_resolved(catalog, columns[i], *platform, cell));
    }
  }
  return matrix;
}

Matrix fold_series(Matrix matrix) {
  Matrix folded{.today = std::move(matrix.today), .platforms = std::move(matrix.platforms)};
  for (std::size_t k = 0; k < matrix.kernels.size(); ++k) {
    const auto known = std::find(folded.kernels.begin(), folded.kernels.end(), matrix.series[k]);
    if (known == folded.kernels.end()) {
      folded.kernels.push_back(matrix.series[k]);
      folded.cells.push_back(std::move(matrix.cells[k]));
      continue;
    }
    std::vector<MatrixCell>& row = folded.cells[static_cast<std::size_t>(known - folded.kernels.begin())];
    for (std::size_t p = 0; p < row.size(); ++p) {
      std::vector<MatrixEntry>& more = matrix.cells[k][p].entries;
      row[p].entries.insert(row[p].entries.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
      sort_entries(row[p]);
    }
  }
  folded.series = folded.kernels;
  return folded;
}

Matrix recorded_since(Matrix matrix, std::string_view since) {
  for (std::vector<MatrixCell>& row : matrix.cells)
    for (MatrixCell& cell : row)
      std::erase_if(cell.entries,
                    [&](const MatrixEntry& entry) { return !entry.evidence || entry.evidence->when < since; });
  return matrix;
}

}  // namespace swage
