// What the files of a source tree tell of it: how it is built, and its licence (catalog/source_trees.toml). Only `swage
// new` asks.
#pragma once

#include <string>
#include <vector>

#include "base/files.hpp"

namespace swage {

struct BuildFile {
  std::vector<std::string> files;           // any of them
  std::string system;                       // catalog/systems
  std::vector<std::string> lines{};         // of the recipe's [build]
};

struct UnsupportedBuild {
  std::vector<std::string> files;           // any of them
  std::string what;                         // "Rust, by Cargo"
};

struct LicenseWords {
  std::string words;                        // one space between them
  std::string spdx;
};

struct SourceTrees {
  std::vector<BuildFile> build_files{};     // in the order of asking
  std::vector<UnsupportedBuild> unsupported{};
  std::vector<LicenseWords> licenses{};
};

// Rows of the catalog and its layers, those of later layers first. All mistakes together, each with its place.
Result<SourceTrees> read_source_trees(const fs::path& catalog, const std::vector<fs::path>& layers);

}  // namespace swage
