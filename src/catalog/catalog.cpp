#include "catalog/catalog.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "catalog/state.hpp"

namespace swage {
namespace {

// The order in which a person reads: by file as they were opened, then by place. A row that stands for many toolchains
// would repeat its mistakes; the first one is enough.
std::vector<Error> in_order(const LoadResult& result) {
  std::vector<std::string> files;
  for (const TomlDocument& document : result.documents) files.push_back(document.path);
  const auto rank = [&](const Error& error) {
    if (!error.where) return std::tuple(files.size(), 0u, 0u);
    const auto file = std::find(files.begin(), files.end(), error.where->file);
    return std::tuple(static_cast<std::size_t>(file - files.begin()), error.where->line, error.where->column);
  };
  std::vector<Error> errors = result.findings.errors;
  std::stable_sort(errors.begin(), errors.end(), [&](const Error& a, const Error& b) { return rank(a) < rank(b); });
  const auto same = [](const Error& a, const Error& b) { return a.what == b.what && a.where == b.where; };
  errors.erase(std::unique(errors.begin(), errors.end(), same), errors.end());
  return errors;
}

Result<LoadResult> read_all(const fs::path& directory, const std::vector<fs::path>& layers) {
  std::vector<Layer> stack{{"catalog", directory}};
  for (const fs::path& layer : layers) stack.push_back({(layer.has_filename() ? layer : layer.parent_path()).filename().string(), layer});
  for (const Layer& layer : stack)
    if (std::error_code error; !fs::is_directory(layer.directory, error))
      return fail(Errc::invalid_input, fmt::format("'{}' is not a directory of a catalog or layer", layer.directory.string()));
  if (!path_exists(directory / "platforms.toml"))
    return fail(Errc::invalid_input, fmt::format("'{}' is not a catalog: it has no platforms.toml", directory.string()));
  LoadResult result = read_layers(stack);
  check_references(result);
  return result;
}

template <class Row>
Result<const Row*> find_by(const std::vector<Row>& rows, std::string Row::*name, std::string_view wanted, std::string_view kind,
                           std::string_view list_command) {
  std::vector<std::string> known;
  for (const Row& row : rows) {
    if (row.*name == wanted) return &row;
    known.push_back(row.*name);
  }
  Error error{.what = fmt::format("'{}' is not a {}", wanted, kind)};
  error.hint = did_you_mean(wanted, known);
  if (error.hint.empty()) error.hint = fmt::format("see them all with: swage list {}", list_command);
  return Fail(std::move(error));
}

}  // namespace

std::string_view effect_name(Effect effect) {
  switch (effect) {
    case Effect::builds_not: return "builds-not";
    case Effect::boots_not: return "boots-not";
    case Effect::misbehaves: break;
  }
  return "misbehaves";
}

Result<std::shared_ptr<const Catalog>> Catalog::load(const fs::path& directory, const std::vector<fs::path>& layers,
                                                     const std::vector<fs::path>& evidence) {
  SWAGE_TRY(LoadResult result, read_all(directory, layers));
  auto& places = result.state->evidence_directories;
  places.insert(places.end(), evidence.begin(), evidence.end());
  if (result.findings.errors.empty()) return std::make_shared<const Catalog>(std::move(result.state));
  std::vector<Error> errors = in_order(result);
  Error first = std::move(errors.front());
  first.also.assign(std::make_move_iterator(errors.begin() + 1), std::make_move_iterator(errors.end()));
  return Fail(std::move(first));
}

std::vector<Error> check_catalog(const fs::path& directory, const std::vector<fs::path>& layers) {
  auto result = read_all(directory, layers);
  if (!result) return {result.error()};
  check_signatures(*result);
  check_evidence(*result);
  return in_order(*result);
}

const std::vector<Platform>& Catalog::platforms() const { return state_->platforms; }
const std::vector<RootRow>& Catalog::roots() const { return state_->roots; }
const std::vector<SeedRow>& Catalog::seeds() const { return state_->seeds; }
const std::vector<ComponentRow>& Catalog::components() const { return state_->components; }
const std::vector<KernelRow>& Catalog::kernels() const { return state_->kernels; }
const std::vector<MachineRow>& Catalog::machines() const { return state_->machines; }
const std::vector<ToolchainRow>& Catalog::toolchains() const { return state_->toolchains; }
const std::vector<ConstraintRow>& Catalog::constraints() const { return state_->constraints; }
const std::vector<SignatureRow>& Catalog::signatures() const { return state_->signatures; }
const std::vector<QuirkRow>& Catalog::quirks() const { return state_->quirks; }
const std::vector<RecipeRow>& Catalog::recipes() const { return state_->recipes; }

Result<const Platform*> Catalog::platform(std::string_view name) const {
  const auto found = [&](const auto& at) { return &state_->platforms[at->second]; };
  if (const auto at = state_->platform_names.find(name); at != state_->platform_names.end()) return found(at);
  std::string why, hint;
  if (name.find('-') != std::string_view::npos) {
    if (const auto triple = Triple::parse(name)) {
      if (const auto at = state_->platform_names.find(triple_key(*triple)); at != state_->platform_names.end()) return found(at);
      why = fmt::format("no platform has the triple '{}'", triple->str());
    } else {
      why = triple.error().what;
      hint = triple.error().hint;
    }
  }
  std::vector<std::string> known;
  for (const Platform& platform : state_->platforms) known.push_back(platform.name);
  for (const Platform& platform : state_->platforms) {
    known.push_back(platform.triple.str());
    known.insert(known.end(), platform.aliases.begin(), platform.aliases.end());
  }
  Error error{.what = fmt::format("'{}' is not a platform", name)};
  if (!why.empty()) error.notes.push_back(why);
  error.hint = hint.empty() ? did_you_mean(name, known) : hint;
  if (error.hint.empty()) error.hint = "see them all with: swage list platforms";
  return Fail(std::move(error));
}

Result<const RootRow*> Catalog::root(std::string_view name) const {
  return find_by(state_->roots, &RootRow::name, name, "root", "roots");
}
Result<const RecipeRow*> Catalog::recipe(std::string_view name) const {
  return find_by(state_->recipes, &RecipeRow::name, name, "package", "packages");
}
Result<const ComponentRow*> Catalog::component(std::string_view id) const {
  return find_by(state_->components, &ComponentRow::id, id, "component", "components");
}
Result<const ToolchainRow*> Catalog::toolchain(std::string_view id) const {
  return find_by(state_->toolchains, &ToolchainRow::id, id, "toolchain", "toolchains");
}

Result<fs::path> Catalog::script(std::string_view name) const {
  for (const fs::path& directory : state_->script_directories)
    if (path_exists(directory / name)) return directory / name;
  return fail(Errc::invalid_input, fmt::format("'{}' is not a file under scripts/ of the catalog or any layer", name));
}

Result<fs::path> Catalog::patch(std::string_view name) const {
  for (const fs::path& directory : state_->patch_directories)
    if (path_exists(directory / name)) return directory / name;
  return fail(Errc::invalid_input, fmt::format("'{}' is not a file under kernels/patches/ of the catalog or any layer", name));
}

const Origin& Catalog::platform_origin(std::string_view name) const {
  static const Origin unknown;
  const auto at = state_->platform_origins.find(std::string(name));
  return at == state_->platform_origins.end() ? unknown : at->second;
}

}  // namespace swage
