// Packages and platforms, and what is recorded of each.
#pragma once

#include <string>
#include <vector>

#include "catalog/package_evidence.hpp"

namespace swage {

struct PackageMatrix {
  struct Row {
    const RecipeRow* recipe = nullptr;
    std::vector<const PackageRecord*> records{};   // by platform; null: none
  };
  std::vector<const Platform*> platforms{};
  std::vector<PackageRecords> records{};           // by platform
  std::vector<Row> rows{};
};

// `platforms` empty: those that have records. Of several records of a package the latest counts, then that of the later
// layer.
Result<PackageMatrix> make_package_matrix(const Catalog& catalog, std::vector<const Platform*> platforms);
}  // namespace swage
