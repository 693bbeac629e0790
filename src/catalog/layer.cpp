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
    if (layer.files->relative(file) && (!found || layer.directory.native().size() > found->directory.native().size()))
      found = &layer;
  return found;
}

Result<std::optional<std::string>> find_text(const std::vector<Layer>& layers, const fs::path& file,
                                             std::uint64_t limit) {
  const Layer* layer = layer_of(layers, file);
  if (!layer) return fail(Errc::invalid_input, fmt::format("'{}' is below no catalog or layer", file.string()));
  return layer->files->find(*layer->files->relative(file), limit);
}

Result<std::optional<LayerFile>> open_of_last(const std::vector<Layer>& layers, const fs::path& name) {
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    SWAGE_TRY(std::optional<UniqueFd> fd, layer->files->find_regular(name));
    if (fd) return LayerFile{&*layer, std::move(*fd), layer->directory / name};
  }
  return std::optional<LayerFile>();
}

Result<std::optional<std::string>> text_of(const std::optional<LayerFile>& file) {
  if (!file) return std::optional<std::string>();
  SWAGE_TRY(std::string text, read_regular(file->fd.get(), file->path));
  return std::optional(std::move(text));
}

Result<std::optional<std::string>> text_of_last(const std::vector<Layer>& layers, const fs::path& name) {
  SWAGE_TRY(const std::optional<LayerFile> file, open_of_last(layers, name));
  return text_of(file);
}

bool is_remote_tree(std::string_view from) {
  const auto colon = from.find("://");
  if (colon == std::string_view::npos) return false;
  const std::string_view scheme = from.substr(0, colon), rest = from.substr(colon + 3);
  const bool of_git = scheme == "https" || scheme == "http" || scheme == "ssh" || scheme == "git";
  return of_git && !rest.empty() && rest.front() != '-' && rest.front() != '/';
}

Result<fs::path> tree_below_layer(const std::vector<Layer>& layers, const fs::path& from) {
  const Layer* layer = layer_of(layers, from);
  if (!layer) return fail(Errc::invalid_input, fmt::format("'{}' leads out of the layer that names it", from.string()));
  const fs::path name = *layer->files->relative(from);
  Result<fs::path> directory = layer->files->directory(name);
  if (directory || directory.error().code == Errc::invalid_input) return directory;
  SWAGE_TRY(const std::optional<UniqueFd> archive, layer->files->find_regular(name));
  if (!archive)
    return fail(Errc::invalid_input, fmt::format("'{}' is no directory, archive or git URL", from.string()));
  return from;
}

}  // namespace swage
