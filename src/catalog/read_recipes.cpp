// Reads recipes and build systems when they are asked for, and makes members of families whole.
#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "catalog/reader.hpp"

namespace swage {

namespace {

fs::path recipe_directory(std::string_view name) { return fs::path(kPackages) / name; }

// The layers that have this file, in their order.
std::vector<std::size_t> layers_with(const Catalog::State& state, const fs::path& file) {
  std::vector<std::size_t> having;
  for (std::size_t layer = 0; layer < state.layers.size(); ++layer)
    if (path_exists(state.layers[layer].directory / file)) having.push_back(layer);
  return having;
}

std::vector<std::size_t> layers_with_recipe(const Catalog::State& state, std::string_view name) {
  const bool is_name = !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos;
  return is_name ? layers_with(state, recipe_directory(name) / kRecipeFile) : std::vector<std::size_t>();
}

// What `name_of` makes of the entries of this directory of all layers; "" is none.
template <class NameOfEntry>
std::vector<std::string> names_in(const Catalog::State& state, const char* directory, const NameOfEntry& name_of) {
  std::set<std::string> names;
  for (const Layer& layer : state.layers)
    for (const std::string& entry : list_directory(layer.directory / directory).value_or(std::vector<std::string>{}))
      if (std::string name = name_of(layer.directory / directory, entry); !name.empty()) names.insert(std::move(name));
  return {names.begin(), names.end()};
}

}  // namespace

std::vector<std::string> recipe_names(const Catalog::State& state) {
  return names_in(state, kPackages, [](const fs::path& in, const std::string& entry) {
    return path_exists(in / entry / kRecipeFile) ? entry : "";
  });
}

std::vector<std::string> system_names(const Catalog::State& state) {
  return names_in(state, "systems", [](const fs::path&, const std::string& entry) {
    return is_table_file(entry) ? fs::path(entry).stem().string() : "";
  });
}

bool has_recipe(const Catalog::State& state, std::string_view name) { return !layers_with_recipe(state, name).empty(); }

void Reader::read_recipe(const fs::path& directory, std::vector<RecipeRow>& into, Index& index) {
  const TomlDocument* document = open(directory / kRecipeFile);
  if (!document) return;
  const std::string name = directory.filename().string();
  const TomlEntry* package = document->root.find("package");
  std::string written = package ? key_text(package->value, {"name"}) : "";
  if (!written.empty() && written != name)
    report({.what = fmt::format("'{}' is not the name of its directory '{}'", written, name),
            .where = document->pos(package->value.find("name")->value.span)});
  const RecipeRow blank{.name = name};
  // What a target asks belongs to its name: a layer's recipe that says nothing of it asks what the one does whose place
  // it takes.
  const TargetRow asks = into.empty() ? TargetRow{} : into.front().target;
  RecipeRow* row = merge(*document, document->root, "packages", name, recipe_schema(), blank, into, index);
  if (row && !document->root.find("target")) row->target = asks;
}

namespace {

// What a build system says comes before what the recipe says; of what there can only be one of, the recipe's counts.
void build_on(const RecipeRow& base, RecipeRow& row) {
  const auto before = [](const std::vector<std::string>& first, std::vector<std::string>& list) {
    list.insert(list.begin(), first.begin(), first.end());
  };
  for (const auto& [role, names] : base.deps) before(names, row.deps[role]);
  before(base.configure, row.configure);
  before(base.make, row.make);
  if (row.install.empty()) row.install = base.install;
  row.phases.insert(base.phases.begin(), base.phases.end());
  row.env.insert(base.env.begin(), base.env.end());
  row.variants.insert(row.variants.begin(), base.variants.begin(), base.variants.end());
  if (row.script.empty()) row.script = base.script;
  if (row.root.empty()) row.root = base.root;
}

// A member of a family, with what it has in common with the others.
void complete_member(const RecipeRow& family, RecipeRow& member) {
  const auto before = [](const auto& first, auto& list) { list.insert(list.begin(), first.begin(), first.end()); };
  build_on(family, member);
  before(family.patches, member.patches);
  before(family.tests, member.tests);
  before(family.allowed_references, member.allowed_references);
  const auto own_or = [](std::string& own, const std::string& common) { if (own.empty()) own = common; };
  own_or(member.version, family.version);
  own_or(member.summary, family.summary);
  if (member.arch.empty()) member.arch = family.arch;
  if (member.source.urls.empty() && member.source.debian_package.empty()) member.source = family.source;
  member.name = family.name;
  member.license = family.license;
  member.homepage = family.homepage;
  member.system = family.system;
  member.target = family.target;
  member.targeted = family.targeted;
  member.of_compiler = family.of_compiler;
  member.outputs = family.outputs;
  member.features = family.features;
  member.origin.layer = family.origin.layer;
}

}  // namespace

const RecipeRow* read_system(const Catalog::State& state, const std::string& name, Findings& findings,
                             std::deque<TomlDocument>& documents, std::vector<std::string> below) {
  auto& known = state.recipes->systems;
  if (const auto at = known.find(name); at != known.end()) return &at->second;
  const fs::path file = fs::path("systems") / (name + ".toml");
  const std::vector<std::size_t> having = layers_with(state, file);
  if (having.empty()) return nullptr;   // the reference to it is reported
  ReadResult result;
  Reader reader{.layers = state.layers, .result = result};
  reader.layer = having.back();
  RecipeRow row{.name = name};
  if (const TomlDocument* document = reader.open(state.layers[reader.layer].directory / file)) {
    system_schema().read(*document, document->root, row, Presence::whole, result.findings);
    below.push_back(name);
    if (std::find(below.begin(), below.end(), row.system) != below.end())
      reader.report({.what = fmt::format("'{}' is a build system that builds on itself", row.system),
                     .where = document->pos(document->root.find("build")->value.find("system")->value.span)});
  }
  if (!settle(state, result, findings, documents)) return nullptr;
  if (!row.system.empty()) {
    const RecipeRow* base = read_system(state, row.system, findings, documents, std::move(below));
    if (!base) return nullptr;
    build_on(*base, row);
  }
  return &known.emplace(name, std::move(row)).first->second;
}

const RecipeRow* read_recipe(const Catalog::State& state, std::string_view name, Findings& findings,
                             std::deque<TomlDocument>& documents) {
  auto& known = state.recipes->known;
  if (const auto at = known.find(name); at != known.end()) return &at->second;
  const std::vector<std::size_t> having = layers_with_recipe(state, name);
  if (having.empty()) return nullptr;
  ReadResult result;
  Reader reader{.layers = state.layers, .result = result};
  std::vector<RecipeRow> rows;
  Index index;
  for (const std::size_t layer : having) {
    reader.layer = layer;
    reader.read_recipe(state.layers[layer].directory / recipe_directory(name), rows, index);
  }
  for (const RecipeRow& row : rows) check_recipe(row, result.findings);
  if (!settle(state, result, findings, documents) || rows.empty()) return nullptr;
  RecipeRow& row = rows.front();
  if (!row.system.empty()) {
    const RecipeRow* base = read_system(state, row.system, findings, documents);
    if (!base) return nullptr;
    build_on(*base, row);
  }
  if (row.script.empty()) {
    findings.errors.push_back(
        {.what = fmt::format("'{}' says neither 'script' nor 'system' in [build]", row.name), .where = row.origin.pos});
    return nullptr;
  }
  for (RecipeRow& member : row.members) complete_member(row, member);
  const std::size_t before = findings.errors.size();
  if (row.members.empty()) check_whole_recipe(row, findings);
  for (const RecipeRow& member : row.members) check_whole_recipe(member, findings);
  if (findings.errors.size() != before) {
    findings.incomplete = true;
    return nullptr;
  }
  return &known.emplace(std::string(name), std::move(row)).first->second;
}

}  // namespace swage
