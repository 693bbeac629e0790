#include "catalog/boot_config.hpp"
#include "catalog/catalog.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "catalog/state.hpp"

namespace swage {
namespace {

// The order in which a person reads: by file as they were opened, then by place. A row that stands for many toolchains
// would repeat its mistakes; the first one is enough.
std::vector<Error> in_order(const ReadResult& result) {
  for (const Error& error : result.findings.errors)
    if (error.code == Errc::interrupted) return {error};
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
  std::vector<Layer> stack;
  const auto push = [&](std::string name, const fs::path& place) -> Result<void> {
    if (!directory_exists(place))
      return fail(Errc::invalid_input, fmt::format("'{}' is not a directory of a catalog or layer", place.string()));
    SWAGE_TRY(Layer layer, open_layer(std::move(name), place));
    stack.push_back(std::move(layer));
    return {};
  };
  SWAGE_CHECK(push("catalog", directory));
  for (const fs::path& layer : layers)
    if (directory_exists(layer) && !is_layer(layer))
      return fail(Errc::invalid_input,
                  fmt::format("'{}' is not a layer: it has neither tables nor recipes", layer.string()));
  for (const fs::path& layer : layers)
    SWAGE_CHECK(push((layer.has_filename() ? layer : layer.parent_path()).filename().string(), layer));
  if (!path_exists(directory / "platforms.toml"))
    return fail(Errc::invalid_input,
                fmt::format("'{}' is not a catalog: it has no platforms.toml", directory.string()));
  LoadResult result = read_layers(stack);
  check_references(result);
  return result;
}

Error unknown_name(std::string_view wanted, std::string_view kind, const std::vector<std::string>& known,
                   std::string_view list_command) {
  Error error{.what = fmt::format("'{}' is not a {}", wanted, kind), .hint = did_you_mean(wanted, known)};
  if (error.hint.empty()) error.hint = fmt::format("see them all with: swage list {}", list_command);
  return error;
}

template <class Row>
Result<const Row*> find_by(const std::vector<Row>& rows, std::string Row::*name, std::string_view wanted,
                           std::string_view kind, std::string_view list_command) {
  for (const Row& row : rows)
    if (row.*name == wanted) return &row;
  std::vector<std::string> known;
  for (const Row& row : rows) known.push_back(row.*name);
  return Fail(unknown_name(wanted, kind, known, list_command));
}

template <class Row>
Result<const std::vector<Row>*> asked_rows(const Catalog::State& state, AskedRows<Row>& asked) {
  const std::scoped_lock lock(asked.mutex);
  ReadResult result;
  read_asked(state, asked, result.findings, result.documents);
  if (!result.findings.errors.empty()) return Fail(together(in_order(result)));
  return &asked.rows;
}

std::shared_ptr<const Catalog> catalog_of(LoadResult result) {
  result.state->by_platform->documents = std::move(result.documents);
  return std::make_shared<const Catalog>(std::move(result.state));
}

template <class Row>
std::set<std::string> architectures(const ArchRows<Row>& of) {
  std::set<std::string> names;
  for (const auto& [arch, layers] : of.layers) names.insert(arch);
  return names;
}

// That no id stands in two of the files.
template <class Row>
void check_told_apart(ArchRows<Row>& of, const std::string& table, const std::set<std::string>& arches,
                      const std::vector<const Row*>& rows, Findings& findings) {
  if (!findings.errors.empty() || of.told_apart.contains(arches)) return;
  std::map<std::string, const Row*> ids;
  for (const Row* row : rows) defined_once(ids, table, *row, findings);
  if (findings.errors.empty()) of.told_apart.insert(arches);
}

template <class Row>
Result<std::vector<const Row*>> arch_rows(const Catalog::State& state, ArchRows<Row>& of, const std::string& table,
                                          const std::set<std::string>& arches) {
  std::vector<const Row*> rows;
  for (const Row& row : of.common) rows.push_back(&row);
  const std::scoped_lock lock(of.mutex);
  ReadResult result;
  for (const std::string& arch : arches)
    for (const Row& row : read_arch_rows(state, of, arch, result.findings, result.documents)) rows.push_back(&row);
  check_told_apart(of, table, arches, rows, result.findings);
  if (!result.findings.errors.empty()) return Fail(together(in_order(result)));
  return rows;
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
  if (!result.findings.errors.empty()) return Fail(together(in_order(result)));
  return catalog_of(std::move(result));
}

std::vector<Error> check_catalog(const fs::path& directory, const std::vector<fs::path>& layers,
                                 std::shared_ptr<const Catalog>* checked) {
  auto result = read_all(directory, layers);
  if (!result) return {result.error()};
  check_unread_files(*result);
  check_evidence(*result);
  std::vector<Error> errors = in_order(*result);
  if (interrupted()) (void)new LoadResult(std::move(*result));   // to free it would take too long
  else if (errors.empty()) {
    const std::shared_ptr<const Catalog> catalog = catalog_of(std::move(*result));
    errors = check_boot_configs(*catalog);
    if (errors.empty() && checked) *checked = catalog;
  }
  return errors;
}

const std::vector<Platform>& Catalog::platforms() const { return state_->platforms; }
const std::vector<RootRow>& Catalog::roots() const { return state_->roots; }
const std::vector<SeedRow>& Catalog::seeds() const { return state_->seeds; }
const std::vector<ArchiveRow>& Catalog::archives() const { return state_->archives; }
const std::vector<KernelRow>& Catalog::kernels() const { return state_->kernels; }
const std::string& Catalog::kernel_recipe() const { return state_->releases.recipe; }
const std::string& Catalog::image_kernel_recipe() const { return state_->releases.image_recipe; }
const std::string& Catalog::overlays_recipe() const { return state_->releases.overlays_recipe; }
const std::string& Catalog::recipe_of(const EvidenceRow& record) const {
  return record.recipe.empty() ? kernel_recipe() : record.recipe;
}
Result<std::string> Catalog::maker_of(const EvidenceRow& record) const {
  if (!record.sample) return recipe_of(record);
  SWAGE_TRY(const TargetRow* row, target(recipe_of(record)));
  if (row->sampled_by.empty())
    return fail(Errc::invalid_input,
                fmt::format("no recipe compiles a sample of what '{}' makes (sampled_by)", recipe_of(record)));
  return row->sampled_by;
}
Result<std::vector<const ConstraintRow*>> Catalog::constraints(const Platform& platform) const {
  return arch_rows(*state_, *state_->constraints, "constraint", {platform.name, platform.kernel_arch});
}
Result<std::vector<const ConstraintRow*>> Catalog::constraints() const {
  return arch_rows(*state_, *state_->constraints, "constraint", architectures(*state_->constraints));
}
Result<std::vector<const QuirkRow*>> Catalog::quirks(const Platform& platform) const {
  return arch_rows(*state_, *state_->quirks, "quirk", {platform.name, platform.kernel_arch});
}
Result<std::vector<const QuirkRow*>> Catalog::quirks() const {
  return arch_rows(*state_, *state_->quirks, "quirk", architectures(*state_->quirks));
}
Result<const std::vector<MachineRow>*> Catalog::machines() const {
  return asked_rows(*state_, state_->asked->machines);
}
Result<const std::vector<SignatureRow>*> Catalog::signatures() const {
  return asked_rows(*state_, state_->asked->signatures);
}
Result<const std::vector<SymbolRow>*> Catalog::symbols() const { return asked_rows(*state_, state_->asked->symbols); }
Result<const std::vector<TreeFileRow>*> Catalog::tree_files() const {
  return asked_rows(*state_, state_->asked->tree_files);
}
Result<const std::vector<ObjectErrorRow>*> Catalog::object_errors() const {
  return asked_rows(*state_, state_->asked->object_errors);
}
Result<const std::vector<LogLineRow>*> Catalog::log_lines() const {
  return asked_rows(*state_, state_->asked->log_lines);
}
Result<const std::vector<FirmwareModelRow>*> Catalog::firmware_models() const {
  return asked_rows(*state_, state_->asked->firmware_models);
}
Result<const std::vector<FirmwareSettingRow>*> Catalog::firmware_settings() const {
  return asked_rows(*state_, state_->asked->firmware_settings);
}
Result<const std::vector<FirmwareOverlayRow>*> Catalog::firmware_overlays() const {
  return asked_rows(*state_, state_->asked->firmware_overlays);
}
Result<const std::vector<FirmwareTreeRow>*> Catalog::firmware_trees() const {
  return asked_rows(*state_, state_->asked->firmware_trees);
}
std::vector<std::pair<std::string, fs::path>> Catalog::layers() const {
  std::vector<std::pair<std::string, fs::path>> found;
  for (const Layer& layer : state_->layers) found.emplace_back(layer.name, layer.directory);
  return found;
}
Result<const FirmwareModelRow*> Catalog::firmware_model(std::string_view id) const {
  SWAGE_TRY(const std::vector<FirmwareModelRow>* rows, firmware_models());
  std::vector<std::string> known;
  for (const FirmwareModelRow& row : *rows) {
    if (row.id == id) return &row;
    known.push_back(row.id);
  }
  Error error{.what = fmt::format("'{}' is no board whose firmware is known", id), .hint = did_you_mean(id, known)};
  return Fail(std::move(error).note(fmt::format("known: {}", join(known, ", "))));
}
Result<const ImageTables*> Catalog::image_tables() const {
  const std::scoped_lock lock(state_->asked->images.mutex);
  ReadResult result;
  read_asked(*state_, state_->asked->images, result.findings, result.documents);
  if (!result.findings.errors.empty()) return Fail(together(in_order(result)));
  return &state_->asked->images.tables;
}
Result<const std::vector<ComponentRow>*> Catalog::components() const {
  return asked_rows(*state_, state_->asked->components);
}

Result<const Platform*> Catalog::platform(std::string_view name) const {
  const auto found = [&](const auto& at) { return &state_->platforms[at->second]; };
  if (const auto at = state_->platform_names.find(name); at != state_->platform_names.end()) return found(at);
  std::string why, hint;
  if (name.find('-') != std::string_view::npos) {
    if (const auto triple = Triple::parse(name)) {
      const std::string key = triple_key(*triple);
      if (const auto at = state_->platform_names.find(key); at != state_->platform_names.end()) return found(at);
      // Most aliases with a `-` are no triples, and finding that out takes a while.
      for (const Platform& platform : state_->platforms)
        for (const std::string& alias : platform.aliases)
          if (alias.find('-') != std::string::npos)
            if (const auto other = Triple::parse(alias); other && triple_key(*other) == key) return &platform;
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
  // The kernel's ARCH, and other words for several.
  std::vector<std::string> several;
  for (const Platform& platform : state_->platforms) {
    const bool is_arch = platform.kernel_arch == name && platform.triple.kernel() == "linux";
    if (is_arch || std::find(platform.called.begin(), platform.called.end(), name) != platform.called.end())
      several.push_back(platform.name);
  }
  if (!several.empty())
    return Fail(std::move(error).hinted(fmt::format("several are called so: {}", join(several, ", "))));
  if (!why.empty()) error.notes.push_back(why);
  error.hint = hint.empty() ? did_you_mean(name, known) : hint;
  if (error.hint.empty()) error.hint = "see them all with: swage list platforms";
  return Fail(std::move(error));
}

Result<const RootRow*> Catalog::root(std::string_view name) const {
  return find_by(state_->roots, &RootRow::name, name, "root", "roots");
}
Result<const CLibraryRow*> Catalog::c_library(std::string_view name) const {
  for (const CLibraryRow& row : state_->c_libraries)
    if (row.name == name) return &row;
  std::vector<std::string> known;
  for (const CLibraryRow& row : state_->c_libraries) known.push_back(row.name);
  Error error{.what = fmt::format("'{}' is not a C library of c_libraries.toml", name),
              .hint = did_you_mean(name, known)};
  if (error.hint.empty()) error.hint = fmt::format("the known ones are {}", join(known, ", "));
  return Fail(std::move(error));
}
Result<const ComponentRow*> Catalog::component(std::string_view id) const {
  SWAGE_TRY(const std::vector<ComponentRow>* rows, components());
  return find_by(*rows, &ComponentRow::id, id, "component", "components");
}

std::vector<std::string> Catalog::recipe_names() const { return swage::recipe_names(*state_); }
bool Catalog::has_recipe(std::string_view name) const { return swage::has_recipe(*state_, name); }
Result<Catalog::RecipeName> Catalog::parse_recipe_name(std::string_view text) const {
  const std::string_view name = text.substr(0, text.find('@'));
  std::string_view rest = text.substr(std::min(name.size() + 1, text.size()));
  const std::scoped_lock lock(state_->recipes->mutex);
  ReadResult result;
  const RecipeRow* row = read_recipe(*state_, name, result.findings, result.documents);
  if (!result.findings.errors.empty()) return Fail(together(in_order(result)));
  if (!row) return Fail(unknown_name(name, "package", recipe_names(), "packages"));
  if (row->members.empty()) return RecipeName{row, std::string(rest)};
  const auto named = [&](std::string_view member) {
    return std::find_if(row->members.begin(), row->members.end(),
                        [&](const RecipeRow& one) { return one.member == member; });
  };
  auto found = named(rest.substr(0, rest.find('@')));
  if (found != row->members.end()) rest = rest.substr(std::min(found->member.size() + 1, rest.size()));
  else found = named(row->default_member);
  if (found != row->members.end()) return RecipeName{&*found, std::string(rest)};
  std::vector<std::string> known;
  for (const RecipeRow& member : row->members) known.push_back(member.full_name());
  Error error{.what = fmt::format("'{}' is several packages, and '{}' does not say which", name, text),
              .hint = did_you_mean(text, known)};
  return Fail(std::move(error).note(fmt::format("there are: {}", join(known, ", "))));
}
Result<const RecipeRow*> Catalog::recipe(std::string_view name) const {
  SWAGE_TRY(const RecipeName parsed, parse_recipe_name(name));
  if (parsed.instance.empty()) return parsed.recipe;
  return fail(Errc::invalid_input, fmt::format("'{}' has no member '{}'", parsed.recipe->name, parsed.instance));
}
Result<const TargetRow*> Catalog::target(std::string_view name) const {
  const std::scoped_lock lock(state_->recipes->mutex);
  ReadResult result;
  const RecipeRow* row = read_recipe(*state_, name, result.findings, result.documents);
  if (!result.findings.errors.empty()) return Fail(together(in_order(result)));
  if (!row) return Fail(unknown_name(name, "package", recipe_names(), "packages"));
  return &row->target;
}
Result<std::vector<const RecipeRow*>> Catalog::recipes() const {
  std::vector<const RecipeRow*> rows;
  const std::scoped_lock lock(state_->recipes->mutex);
  for (const std::string& name : recipe_names()) {
    ReadResult result;
    const RecipeRow* row = read_recipe(*state_, name, result.findings, result.documents);
    if (!row) return Fail(together(in_order(result)));
    if (row->members.empty()) rows.push_back(row);
    for (const RecipeRow& member : row->members) rows.push_back(&member);
  }
  return rows;
}

bool RecipeRow::is_for(const Platform& platform) const {
  if (platform.bare_metal() && !bare_metal) return false;
  return arch.empty() || std::any_of(arch.begin(), arch.end(), [&](const std::string& word) {
           return word == platform.name || word == platform.kernel_arch;
         });
}

namespace {

Result<const std::vector<ToolchainRow>*> rows_of(const Catalog::State& state, std::string_view platform,
                                                 bool fallback) {
  const std::scoped_lock lock(state.by_platform->mutex);
  ReadResult result;
  const std::vector<ToolchainRow>& rows =
      read_toolchains(state, std::string(platform), fallback, result.findings, result.documents);
  if (!result.findings.errors.empty()) return Fail(together(in_order(result)));
  return &rows;
}

}  // namespace

Result<const std::vector<ToolchainRow>*> Catalog::toolchains(std::string_view platform) const {
  return rows_of(*state_, platform, false);
}
Result<const std::vector<ToolchainRow>*> Catalog::fallbacks(std::string_view platform) const {
  return rows_of(*state_, platform, true);
}

Result<std::vector<const ToolchainRow*>> Catalog::all_toolchains() const {
  std::vector<const ToolchainRow*> all;
  for (const Platform& platform : state_->platforms)
    for (const bool fallback : {false, true}) {
      SWAGE_TRY(const std::vector<ToolchainRow>* rows, rows_of(*state_, platform.name, fallback));
      for (const ToolchainRow& row : *rows) all.push_back(&row);
    }
  return all;
}

bool Catalog::has_toolchains(std::string_view platform) const {
  const std::scoped_lock lock(state_->by_platform->mutex);
  if (state_->by_platform->unread.contains(platform)) return true;
  for (const bool fallback : {false, true}) {
    const auto at = state_->by_platform->known.find({std::string(platform), fallback});
    if (at != state_->by_platform->known.end() && !(at->second.rows.empty() && at->second.files.empty())) return true;
  }
  return false;
}

Result<const ToolchainRow*> Catalog::toolchain(std::string_view id, std::string_view platform) const {
  // Where it is said to be, then in what is read already or costs little, then in the fallbacks.
  std::vector<std::pair<std::string_view, bool>> places;
  for (const bool fallback : {false, true}) places.emplace_back(platform, fallback);
  for (const bool fallback : {false, true})
    for (const Platform& one : state_->platforms) places.emplace_back(one.name, fallback);
  for (const auto& [place, fallback] : places) {
    SWAGE_TRY(const std::vector<ToolchainRow>* rows, rows_of(*state_, place, fallback));
    for (const ToolchainRow& row : *rows)
      if (row.id == id) return &row;
  }
  SWAGE_TRY(const std::vector<const ToolchainRow*> all, all_toolchains());
  std::vector<std::string> known;
  for (const ToolchainRow* row : all) known.push_back(row->id);
  Error error{.what = fmt::format("'{}' is not a toolchain", id)};
  error.hint = did_you_mean(id, known);
  // Of the platform that is meant, those of which it is a part: a compiler and its version, a provider.
  const auto is_part_of = [&](const std::string& whole) {
    return !id.empty() && fmt::format("-{}-", whole).find(fmt::format("-{}-", id)) != std::string::npos;
  };
  std::vector<std::string> candidates;
  for (const ToolchainRow* row : all)
    if (row->platform == platform && is_part_of(row->id)) candidates.push_back(row->id);
  if (!candidates.empty())
    error.hint =
        fmt::format("for {} there {}: {}", platform, candidates.size() == 1 ? "is" : "are", join(candidates, ", "));
  if (error.hint.empty() && !platform.empty())
    error.hint = fmt::format("see those for {} with: swage list toolchains --for {}", platform, platform);
  if (error.hint.empty()) error.hint = "see them all with: swage list toolchains";
  return Fail(std::move(error));
}

namespace {

Result<std::string> found_below(const fs::path& directory, std::string_view name, std::optional<std::string> text) {
  if (text) return *std::move(text);
  return fail(Errc::invalid_input,
              fmt::format("'{}' is not a file under {}/ of the catalog or any layer", name, directory.string()));
}

Result<std::string> text_below(const Catalog::State& state, const fs::path& directory, std::string_view name) {
  SWAGE_TRY(std::optional<std::string> text, text_of_last(state.layers, directory / name));
  return found_below(directory, name, std::move(text));
}

}  // namespace

Result<std::string> Catalog::script(std::string_view name) const {
  SWAGE_TRY(const std::optional<LayerFile> file, open_script(*state_, name));
  SWAGE_TRY(std::optional<std::string> text, text_of(file));
  return found_below(kScripts, name, std::move(text));
}
Result<std::string> Catalog::patch(std::string_view name) const { return text_below(*state_, kPatches, name); }
Result<std::string> Catalog::recipe_file(const RecipeRow& recipe, std::string_view name) const {
  return text_below(*state_, fs::path(kPackages) / recipe.name, name);
}

Result<fs::path> Catalog::component_tree(const ComponentRow& row) const {
  return tree_below_layer(state_->layers, row.tree);
}

const Origin& Catalog::platform_origin(std::string_view name) const {
  static const Origin unknown;
  const auto at = state_->platform_origins.find(std::string(name));
  return at == state_->platform_origins.end() ? unknown : at->second;
}

}  // namespace swage
