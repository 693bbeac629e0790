// Reads what a catalog leaves unread until it is asked for: a platform's toolchains, machines, components, signatures, recipes.
#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "base/files.hpp"
#include "catalog/reader.hpp"

namespace swage {

namespace {

// The end of reading files that load() left unread: what is wrong goes to the caller. False: something is.
bool settle(const Catalog::State& state, LoadResult& result, Findings& findings, std::deque<TomlDocument>& documents) {
  check_names(state, result.findings);
  for (TomlDocument& document : result.documents) documents.push_back(std::move(document));
  findings.errors.insert(findings.errors.end(), result.findings.errors.begin(), result.findings.errors.end());
  if (!result.findings.errors.empty()) findings.incomplete = true;   // none of these rows is kept
  return result.findings.errors.empty();
}

// The platform's rows of tables.
void read_tables(const Catalog::State& state, const std::string& platform, Findings& findings) {
  Catalog::State::ToolchainCache& cache = *state.by_platform;
  const auto unread = cache.unread.find(platform);
  if (unread == cache.unread.end()) return;
  LoadResult result;
  Reader reader{.layers = state.layers, .result = result};
  std::vector<ToolchainRow> rows;
  for (const ToolchainItem& item : unread->second) {
    if (stopped(result.findings)) break;
    reader.layer = item.table->layer;
    reader.read_toolchain(item, platform, rows);
  }
  check_archives(rows, result.findings);
  check_names(state, result.findings);
  if (result.findings.errors.empty()) {
    for (ToolchainRow& row : rows) cache.known[{platform, row.fallback}].rows.push_back(std::move(row));
    cache.unread.erase(unread);
  }
  findings.errors.insert(findings.errors.end(), result.findings.errors.begin(), result.findings.errors.end());
}

// The platform's rows of files of its own, over those of tables, which are there already with the layers that they are from.
void read_files(const Catalog::State& state, const std::string& platform, Catalog::State::PlatformToolchains& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  LoadResult result;
  const std::vector<Layer>& layers = state.layers;
  Reader reader{.layers = layers, .result = result};
  std::vector<ToolchainRow> rows = found.rows;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::size_t layer = 0;
    while (layer < layers.size() && layers[layer].name != rows[i].origin.layer) ++layer;
    reader.toolchains[rows[i].id] = {i, layer, rows[i].origin.pos};
  }
  for (const ToolchainFile& file : found.files) {
    reader.layer = file.layer;
    const TomlDocument* document = reader.open(file.path);
    if (!document) continue;
    reader.check_tables(*document, {"toolchain"}, {"keys"});
    TemplateKeys target = file.keys;
    if (const TomlEntry* keys = document->root.find("keys")) {
      TemplateKeys own;
      read_field(FieldInput{*document, keys->value, "keys", result.findings}, own);
      for (auto& [key, text] : own) target[key] = std::move(text);
    }
    const TomlEntry* entry = document->root.find("toolchain");
    if (!entry) continue;
    for (const TomlValue& item : entry->value.items) {
      if (stopped(result.findings)) break;
      if (item.kind != TomlValue::Kind::table) continue;
      if (const TomlEntry* list = item.find("platforms"); list) {
        reader.report({.what = fmt::format("'platforms' is not a key here: all rows of this file are for '{}'", platform),
                       .where = document->pos(list->key_span)});
        continue;
      }
      TomlValue value = expand_toolchain(*document, item, platform, target, "[keys]", result.findings);
      // The file's name stands for the key that a table's row must have.
      if (!overrides(item))
        value.entries.push_back({.key = "platforms", .key_span = item.span, .value = {.kind = TomlValue::Kind::array, .span = item.span}});
      ToolchainRow* row = reader.merge(*document, value, "[[toolchain]]", key_text(value, {"id"}), toolchain_schema(), blank_toolchain(), rows,
                                       reader.toolchains);
      if (row) fill_from_provider(file.provider, value, platform, *row);
    }
  }
  check_archives(rows, result.findings);
  if (!settle(state, result, findings, documents)) return;
  found.rows = std::move(rows);
  found.read = true;
}

// The rows of kernels/<table>s/<arch>.toml of all layers. The file's name stands for their `when.arch`.
template <class Row>
const std::vector<Row>& read_arch_files(const Catalog::State& state, const std::string& table, const Schema<Row>& schema, ArchRows<Row>& found,
                                        const std::string& arch, Findings& findings, std::deque<TomlDocument>& documents) {
  static const std::vector<Row> none;
  if (const auto at = found.read.find(arch); at != found.read.end()) return at->second;
  const auto having = found.layers.find(arch);
  if (having == found.layers.end()) return none;
  LoadResult result;
  Reader reader{.layers = state.layers, .result = result};
  std::vector<Row> rows;
  Index index;
  for (const std::size_t layer : having->second) {
    reader.layer = layer;
    const TomlDocument* document = reader.open(state.layers[layer].directory / "kernels" / (table + "s") / (arch + ".toml"));
    if (!document) continue;
    reader.check_tables(*document, {table}, {});
    reader.rows(*document, table, {"id"}, schema, Row{}, rows, index);
    const TomlEntry* entry = document->root.find(table);
    if (!entry) continue;
    for (const TomlValue& item : entry->value.items) {
      const TomlEntry* when = item.find("when");
      if (const TomlEntry* own = when ? when->value.find("arch") : nullptr)
        reader.report({.what = fmt::format("'arch' is not a key here: all rows of this file are for '{}'", arch), .where = document->pos(own->key_span)});
    }
  }
  for (Row& row : rows) row.arches = {arch};
  if (!settle(state, result, findings, documents)) return none;
  return found.read.emplace(arch, std::move(rows)).first->second;
}

const std::vector<std::string> kMachineKey{"platform", "kernels"};

// Which keys each row of a document says, beside those that it overrides in earlier layers.
void note_machine_keys(const TomlDocument& document, std::vector<MachineRow>& rows, const Index& index) {
  const TomlEntry* entry = document.root.find("machine");
  if (!entry) return;
  for (const TomlValue& item : entry->value.items) {
    const std::string name = key_text(item, kMachineKey);
    const auto found = index.find(name);
    if (found == index.end()) continue;
    MachineRow& row = rows[found->second.index];
    row.name = name;
    if (!overrides(item)) row.given.clear();
    for (const TomlEntry& field : item.entries) row.given.insert(field.key);
  }
}

// Fills `found` from the file of this name of all layers; `each` reads a document's rows, `end` sees them all.
template <class Row, class Each, class End>
void read_late_file(const Catalog::State& state, const char* file, LateRows<Row>& found, Findings& findings,
                    std::deque<TomlDocument>& documents, const Each& each, const End& end) {
  if (found.read) return;
  LoadResult result;
  Reader reader{.layers = state.layers, .result = result};
  std::vector<Row> rows;
  Index index;
  for (; reader.layer < state.layers.size(); ++reader.layer)
    if (const auto* document = reader.open(state.layers[reader.layer].directory / file)) each(reader, *document, rows, index);
  end(rows, result.findings);
  if (!settle(state, result, findings, documents)) return;
  found.rows = std::move(rows);
  found.read = true;
}

}  // namespace

const std::vector<ToolchainRow>& read_toolchains(const Catalog::State& state, const std::string& platform, bool fallback, Findings& findings,
                                                 std::deque<TomlDocument>& documents) {
  static const std::vector<ToolchainRow> none;
  read_tables(state, platform, findings);
  const auto found = state.by_platform->known.find({platform, fallback});
  if (found == state.by_platform->known.end()) return none;
  if (!found->second.read) read_files(state, platform, found->second, findings, documents);
  return found->second.rows;
}

const std::vector<ConstraintRow>& read_arch_rows(const Catalog::State& state, ArchRows<ConstraintRow>& found, const std::string& arch,
                                                 Findings& findings, std::deque<TomlDocument>& documents) {
  return read_arch_files(state, "constraint", constraint_schema(), found, arch, findings, documents);
}

const std::vector<QuirkRow>& read_arch_rows(const Catalog::State& state, ArchRows<QuirkRow>& found, const std::string& arch, Findings& findings,
                                            std::deque<TomlDocument>& documents) {
  return read_arch_files(state, "quirk", quirk_schema(), found, arch, findings, documents);
}

void read_late(const Catalog::State& state, LateRows<MachineRow>& found, Findings& findings, std::deque<TomlDocument>& documents) {
  CommonMachine common;   // of the last layer that has one
  read_late_file(
      state, "kernels/machines.toml", found, findings, documents,
      [&](Reader& reader, const TomlDocument& document, std::vector<MachineRow>& rows, Index& index) {
        reader.check_tables(document, {"machine"}, {"common"});
        if (const TomlEntry* entry = document.root.find("common"); entry && entry->value.kind == TomlValue::Kind::table)
          common_machine_schema().read(document, entry->value, common, Presence::whole, reader.findings());
        reader.rows(document, "machine", kMachineKey, machine_schema(), MachineRow{}, rows, index);
        note_machine_keys(document, rows, index);
      },
      [&](std::vector<MachineRow>& rows, Findings& found_wrong) {
        make_machines_whole(rows, common, found_wrong);
        check_machines(rows, found_wrong);
      });
}

void read_late(const Catalog::State& state, LateRows<ComponentRow>& found, Findings& findings, std::deque<TomlDocument>& documents) {
  read_late_file(
      state, "components.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<ComponentRow>& rows, Index& index) {
        reader.check_tables(document, {"component"}, {});
        reader.rows(document, "component", {"id"}, component_schema(), blank_component(), rows, index);
      },
      [&state](std::vector<ComponentRow>& rows, Findings& found_wrong) {
        std::stable_sort(rows.begin(), rows.end(), [](const ComponentRow& a, const ComponentRow& b) {
          return a.name != b.name ? a.name < b.name : a.version < b.version;
        });
        check_components(state, rows, found_wrong);
      });
}

void read_late(const Catalog::State& state, LateRows<SignatureRow>& found, Findings& findings, std::deque<TomlDocument>& documents) {
  read_late_file(
      state, "kernels/signatures.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<SignatureRow>& rows, Index& index) {
        reader.check_tables(document, {"signature"}, {});
        reader.rows(document, "signature", {"id"}, signature_schema(), SignatureRow{}, rows, index);
      },
      [](std::vector<SignatureRow>& rows, Findings& found_wrong) { check_signatures(rows, found_wrong); });
}

void read_late(const Catalog::State& state, LateRows<SymbolRow>& found, Findings& findings, std::deque<TomlDocument>& documents) {
  read_late_file(
      state, "kernels/symbols.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<SymbolRow>& rows, Index& index) {
        reader.check_tables(document, {"symbol"}, {});
        reader.rows(document, "symbol", {"name"}, symbol_schema(), SymbolRow{}, rows, index);
      },
      [](std::vector<SymbolRow>& rows, Findings& found_wrong) {
        for (const SymbolRow& row : rows)
          if (row.renamed.empty() && !row.path)
            found_wrong.errors.push_back(Error{.what = fmt::format("'{}' says nothing of its symbol: neither 'renamed' nor 'path'", row.name), .where = row.origin.pos});
      });
}

void read_late(const Catalog::State& state, LateRows<LogLineRow>& found, Findings& findings, std::deque<TomlDocument>& documents) {
  read_late_file(
      state, "log_lines.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<LogLineRow>& rows, Index& index) {
        reader.check_tables(document, {"line"}, {});
        reader.rows(document, "line", {"id"}, log_line_schema(), LogLineRow{}, rows, index);
      },
      [](std::vector<LogLineRow>& rows, Findings& found_wrong) { check_log_lines(rows, found_wrong); });
}

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
  return names_in(state, kPackages, [](const fs::path& in, const std::string& entry) { return path_exists(in / entry / kRecipeFile) ? entry : ""; });
}

std::vector<std::string> system_names(const Catalog::State& state) {
  return names_in(state, "systems", [](const fs::path&, const std::string& entry) {
    return entry.ends_with(".toml") ? fs::path(entry).stem().string() : "";
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
  // What a target asks belongs to its name: a layer's recipe that says nothing of it asks what the one does whose place it takes.
  const TargetRow asks = into.empty() ? TargetRow{} : into.front().target;
  RecipeRow* row = merge(*document, document->root, "packages", name, recipe_schema(), blank, into, index);
  if (row && !document->root.find("target")) row->target = asks;
}

namespace {

// What a build system says comes before what the recipe says; of what there can only be one of, the recipe's counts.
void build_on(const RecipeRow& base, RecipeRow& row) {
  const auto before = [](const std::vector<std::string>& first, std::vector<std::string>& list) { list.insert(list.begin(), first.begin(), first.end()); };
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

// systems/NAME.toml of the last layer that has it, with what it builds on. Null: it has mistakes, or builds on itself.
const RecipeRow* read_system(const Catalog::State& state, const std::string& name, Findings& findings, std::deque<TomlDocument>& documents,
                             std::vector<std::string> below = {}) {
  auto& known = state.recipes->systems;
  if (const auto at = known.find(name); at != known.end()) return &at->second;
  const fs::path file = fs::path("systems") / (name + ".toml");
  const std::vector<std::size_t> having = layers_with(state, file);
  if (having.empty()) return nullptr;   // the reference to it is reported
  LoadResult result;
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

}  // namespace

namespace {

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

const RecipeRow* read_recipe(const Catalog::State& state, std::string_view name, Findings& findings, std::deque<TomlDocument>& documents) {
  auto& known = state.recipes->known;
  if (const auto at = known.find(name); at != known.end()) return &at->second;
  const std::vector<std::size_t> having = layers_with_recipe(state, name);
  if (having.empty()) return nullptr;
  LoadResult result;
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
    findings.errors.push_back({.what = fmt::format("'{}' says neither 'script' nor 'system' in [build]", row.name), .where = row.origin.pos});
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

namespace {

// Two files that are each read by themselves have the same id.
template <class Row>
void defined_once(std::map<std::string, const Row*>& ids, const std::string& table, const Row& row, Findings& findings) {
  const auto [first, fresh] = ids.emplace(row.id, &row);
  if (fresh) return;
  Error error{.what = fmt::format("'{}' is defined twice in [[{}]]", row.id, table), .where = row.origin.pos};
  const SourcePos& pos = first->second->origin.pos;
  findings.errors.push_back(std::move(error).note(fmt::format("first defined at {}:{}:{}", pos.file, pos.line, pos.column)));
}

// Every file of one architecture, and that no id stands in two.
template <class Row>
void check_arch_rows(LoadResult& result, const std::string& table, ArchRows<Row>& of) {
  std::map<std::string, const Row*> ids;
  const auto see = [&](const std::vector<Row>& rows) {
    for (const Row& row : rows) defined_once(ids, table, row, result.findings);
  };
  see(of.common);
  for (const auto& [arch, layers] : of.layers) see(read_arch_rows(*result.state, of, arch, result.findings, result.documents));
}

}  // namespace

void check_unread_files(LoadResult& result) {
  Findings& findings = result.findings;
  // Constraints first: what is read after them refers to them, and so does what load() has read.
  check_arch_rows(result, "constraint", *result.state->constraints);
  result.state->late->everything = true;
  std::erase_if(findings.references, [](const Reference& reference) { return reference.kind != NameOf::constraint; });
  check_names(*result.state, findings);
  check_arch_rows(result, "quirk", *result.state->quirks);
  std::map<std::string, const ToolchainRow*> ids;
  for (const Platform& platform : result.state->platforms)
    for (const bool fallback : {false, true})
      for (const ToolchainRow& row : read_toolchains(*result.state, platform.name, fallback, findings, result.documents))
        defined_once(ids, "toolchain", row, findings);
  Catalog::State::Late& late = *result.state->late;
  read_late(*result.state, late.components, findings, result.documents);
  if (late.components.read) check_component_names(*result.state, findings);
  read_late(*result.state, late.machines, findings, result.documents);
  read_late(*result.state, late.signatures, findings, result.documents);
  read_late(*result.state, late.symbols, findings, result.documents);
  read_late(*result.state, late.log_lines, findings, result.documents);
  for (const std::string& name : system_names(*result.state)) read_system(*result.state, name, findings, result.documents);
  for (const std::string& name : recipe_names(*result.state)) read_recipe(*result.state, name, findings, result.documents);
  check_recipes_together(*result.state, findings);
  check_files(*result.state, findings);
}

}  // namespace swage
