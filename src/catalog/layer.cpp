#include "catalog/layer.hpp"

#include <fmt/core.h>

namespace swage {

Result<Layer> open_layer(std::string name, fs::path directory) {
  SWAGE_TRY(Beneath files, Beneath::open(directory));
  return Layer{std::move(name), std::move(directory), std::make_shared<const Beneath>(std::move(files))};
}

const Layer* layer_of(const std::vector<Layer>& layers, const fs::path& file) {
  const Layer* found = nullptr;
  for (const Layer& layer : layers)
    if (layer.files->relative(file) && (!found || layer.directory.native().size() > found->directory.native().size())) found = &layer;
  return found;
}

Result<std::optional<std::string>> find_text(const std::vector<Layer>& layers, const fs::path& file, std::uint64_t limit) {
  const Layer* layer = layer_of(layers, file);
  if (!layer) return fail(Errc::invalid_input, fmt::format("'{}' is below no catalog or layer", file.string()));
  return layer->files->find(*layer->files->relative(file), limit);
}

Result<std::optional<LayerFile>> open_of_last(const std::vector<Layer>& layers, const fs::path& name) {
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    SWAGE_TRY(std::optional<UniqueFd> fd, layer->files->find_regular(name));
    if (fd) return LayerFile{&*layer, std::move(*fd)};
  }
  return std::optional<LayerFile>();
}

Result<std::optional<std::string>> text_of_last(const std::vector<Layer>& layers, const fs::path& name) {
  SWAGE_TRY(const std::optional<LayerFile> file, open_of_last(layers, name));
  if (!file) return std::optional<std::string>();
  SWAGE_TRY(std::string text, read_regular(file->fd.get(), file->layer->directory / name));
  return std::optional(std::move(text));
}

}  // namespace swage
