// The catalog's directory and those of layers, and reading the files that they hold: never one that is not below its
// layer (beneath.hpp).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/beneath.hpp"

namespace swage {

// One directory in the order of layers.
struct Layer {
  std::string name{};
  fs::path directory{};
  std::shared_ptr<const Beneath> files{};
};

Result<Layer> open_layer(std::string name, fs::path directory);

// The layer whose directory `file` is written as below; null: none. Of one in another the inner.
const Layer* layer_of(const std::vector<Layer>& layers, const fs::path& file);

// The text of a file by its path. Nothing: it is not there.
Result<std::optional<std::string>> find_text(const std::vector<Layer>& layers, const fs::path& file,
                                             std::uint64_t limit = kLargestFile);

// A file of the last layer that has one of this name, which is relative to its directory.
struct LayerFile {
  const Layer* layer = nullptr;
  UniqueFd fd{};
  fs::path path{};
};
Result<std::optional<LayerFile>> open_of_last(const std::vector<Layer>& layers, const fs::path& name);
Result<std::optional<std::string>> text_of(const std::optional<LayerFile>& file);
Result<std::optional<std::string>> text_of_last(const std::vector<Layer>& layers, const fs::path& name);

// A tree that a row names is below its layer, or comes from another machine: by a scheme that git has for that, and no
// word that git would take for an option.
bool is_remote_tree(std::string_view from);
// Where the directory or archive below a layer really is.
Result<fs::path> tree_below_layer(const std::vector<Layer>& layers, const fs::path& from);

}  // namespace swage
