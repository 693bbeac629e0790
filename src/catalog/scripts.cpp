// Where the scripts of layers are. Folders below scripts/ are for readers: a script is called by its file name alone,
// so that a layer's takes the place of the catalog's wherever either is, and a script that moves changes no derivation.
#include <fmt/core.h>

#include "base/text.hpp"
#include "catalog/state.hpp"

namespace swage {

namespace {

ScriptPlaces places_in(const Layer& layer) {
  ScriptPlaces places;
  const auto names_in = [&](const fs::path& directory) {
    return list_directory(layer.directory / directory).value_or(std::vector<std::string>{});
  };
  for (const std::string& name : names_in(kScripts)) {
    const fs::path place = fs::path(kScripts) / name;
    // What leads out of the layer is not listed. As a script it is refused.
    if (!layer.files->directory(place)) places[name].push_back(place);
    else
      for (const std::string& inner : names_in(place)) places[inner].push_back(place / inner);
  }
  return places;
}

}  // namespace

const std::vector<ScriptPlaces>& script_places(const Catalog::State& state) {
  Catalog::State::ScriptCache& cache = *state.scripts;
  const std::scoped_lock lock(cache.mutex);
  if (cache.places.empty())
    for (const Layer& layer : state.layers) cache.places.push_back(places_in(layer));
  return cache.places;
}

Error script_twice(const Layer& layer, std::string_view name, const std::vector<fs::path>& places) {
  std::vector<std::string> shown;
  for (const fs::path& place : places) shown.push_back(fmt::format("'{}'", place.string()));
  return {.code = Errc::invalid_input,
          .what = fmt::format("'{}' is the name of {} scripts of '{}': {}", name, places.size(),
                              layer.directory.string(), join(shown, ", ")),
          .hint = "a script is called by its file name, in whatever folder it is: rename one"};
}

Result<std::optional<LayerFile>> open_script(const Catalog::State& state, std::string_view name) {
  const std::vector<ScriptPlaces>& places = script_places(state);
  for (std::size_t at = state.layers.size(); at-- > 0;) {
    const auto found = places[at].find(name);
    if (found == places[at].end()) continue;
    const Layer& layer = state.layers[at];
    if (found->second.size() > 1) return Fail(script_twice(layer, name, found->second));
    SWAGE_TRY(UniqueFd fd, layer.files->open_regular(found->second.front()));
    return LayerFile{&layer, std::move(fd), layer.directory / found->second.front()};
  }
  return std::optional<LayerFile>();
}

}  // namespace swage
