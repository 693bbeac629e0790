#include "evidence/package_matrix.hpp"

#include <algorithm>
namespace swage {

Result<PackageMatrix> make_package_matrix(const Catalog& catalog, std::vector<const Platform*> platforms) {
  PackageMatrix matrix;
  const bool all = platforms.empty();
  if (all)
    for (const Platform& platform : catalog.platforms()) platforms.push_back(&platform);
  for (const Platform* platform : platforms) {
    SWAGE_TRY(auto newest, newest_package_records(catalog.evidence_directories(), platform->name));
    PackageRecords records;
    for (auto& [name, kept] : newest) records.emplace(name, std::move(kept.record));
    if (all && records.empty()) continue;
    matrix.platforms.push_back(platform);
    matrix.records.push_back(std::move(records));
  }
  SWAGE_TRY(const std::vector<const RecipeRow*> recipes, catalog.recipes());
  for (const RecipeRow* recipe : recipes) {
    if (recipe->system.empty()) continue;
    PackageMatrix::Row& row = matrix.rows.emplace_back(PackageMatrix::Row{.recipe = recipe});
    for (const PackageRecords& records : matrix.records) {
      const auto record = records.find(recipe->full_name());
      row.records.push_back(record == records.end() ? nullptr : &record->second);
    }
  }
  return matrix;
}

}  // namespace swage
