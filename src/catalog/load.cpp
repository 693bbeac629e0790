// Reads the files of all layers and merges their rows.
//
// Each kind of row has a key (a name, an id, a version). Within one layer a key is defined once; a later layer's row
// with the same key takes the place of the earlier one, or changes single fields of it when it says `override = true`.
// Of boards, images and firmware it must say so: a part that is called as one of the catalog's would take that away.
// A mistake does not stop the reading: what can be read is kept, so that one run reports all mistakes.
#include <algorithm>
#include <fmt/core.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "catalog/reader.hpp"

namespace swage {

std::string key_text(const TomlValue& item, const std::vector<std::string>& fields) {
  std::string key;
  for (const std::string& field : fields) {
    const TomlEntry* entry = item.find(field);
    if (!key.empty() && entry) key += " ";
    if (entry && entry->value.kind == TomlValue::Kind::string) key += entry->value.text;
  }
  return key;
}

bool overrides(const TomlValue& item) {
  const TomlEntry* entry = item.find("override");
  return entry && entry->value.kind == TomlValue::Kind::boolean && entry->value.number != 0;
}

void fill_from_provider(const Provider& provider, const TomlValue& item, const std::string& platform,
                        ToolchainRow& row) {
  row.platform = platform;
  row.provider = provider.name;
  row.fallback = row.fallback || provider.fallback;
  if (!item.find("rank") && !overrides(item)) row.provider_rank = provider.rank;
  row.prebuilt = provider.prebuilt;
  for (const std::string& feature : provider.features)
    if (std::find(row.features.begin(), row.features.end(), feature) == row.features.end())
      row.features.push_back(feature);
  if (row.group.empty()) row.group = row.id;
  if (row.userland.empty()) row.userland = provider.userland;
}

// Null when there is no such file, or when it is no TOML (reported).
const TomlDocument* Reader::open(const fs::path& path) {
  auto document = ahead ? ahead->take(path) : parse_file(layers, path);
  if (!document) {
    report(std::move(document).error());
    findings().incomplete = true;
    if (loaded) loaded->asked->incomplete = true;
  }
  if (!document || !*document) return nullptr;
  return &result.documents.emplace_back(std::move(**document));
}

// The top level of a file: which tables it may have, and that each is [[rows]] or a [table] as it should be.
void Reader::check_tables(const TomlDocument& document, const std::vector<std::string>& arrays,
                          const std::vector<std::string>& tables) {
  std::vector<KeyRule> rules;
  for (const auto& names : {arrays, tables})
    for (const std::string& name : names) rules.push_back({name});
  check_keys(document, document.root, "a catalog file of this name", rules, Presence::overriding, findings());
  for (const auto& [names, kind] :
       {std::pair(arrays, TomlValue::Kind::array), std::pair(tables, TomlValue::Kind::table)})
    for (const std::string& name : names)
      if (const TomlEntry* entry = document.root.find(name)) {
        FieldInput{document, entry->value, name, findings()}.is(kind);
        for (const TomlValue& item : entry->value.items)
          FieldInput{document, item, name, findings()}.is(TomlValue::Kind::table);
      }
}

namespace {

constexpr const char* kProviderFile = "provider.toml";
constexpr const char* kEvidence = "evidence";

Platform platform_with(const CpuRow* cpu) {
  Platform row = blank_platform();
  if (!cpu) return row;
  row.endian = cpu->endian;
  row.bits = cpu->bits;
  row.kernel_arch = cpu->kernel_arch;
  row.qemu_user = cpu->qemu_user;
  row.qemu_system = cpu->qemu_system;
  row.elf_machine = cpu->elf_machine;
  return row;
}

TomlValue expand_item(const ToolchainItem& of, const TomlValue& item, const std::string& platform, Findings& findings) {
  static const TemplateKeys none;
  const auto target = of.table->targets->find(platform);
  return expand_toolchain(*of.table->document, item, platform,
                          target == of.table->targets->end() ? none : target->second, "the [[target]] row", findings);
}

// What is worth parsing ahead.
std::vector<fs::path> large_files(const std::vector<Layer>& layers) {
  std::vector<fs::path> paths;
  for (const Layer& layer : layers) {
    for (const char* name :
         {"platforms.toml", "roots.toml", "kernels/releases.toml", "kernels/constraints.toml", "kernels/quirks.toml"})
      paths.push_back(layer.directory / name);
    for (const std::string& name : list_directory(layer.directory / "toolchains").value_or(std::vector<std::string>{}))
      if (is_table_file(name)) paths.push_back(layer.directory / "toolchains" / name);
  }
  return paths;
}

}  // namespace

void Reader::read_cpus(const TomlDocument& document) {
  const TomlEntry* entry = document.root.find("cpu");
  if (!entry) return;
  std::map<std::string, SourcePos> here;
  for (const TomlValue& item : entry->value.items) {
    if (item.kind != TomlValue::Kind::table) continue;
    CpuRow row;
    cpu_schema().read(document, item, row, Presence::whole, findings());
    for (const std::string& name : row.names) {
      const auto [first, fresh] = here.emplace(name, document.pos(item.span));
      if (fresh) {
        cpus[name] = row;
        continue;
      }
      Error error{.what = fmt::format("'{}' is defined twice in [[cpu]]", name), .where = document.pos(item.span)};
      report(std::move(error).note(
          fmt::format("first defined at {}:{}:{}", first->second.file, first->second.line, first->second.column)));
    }
  }
}

const CpuRow* Reader::cpu_of(const TomlValue& platform) const {
  const TomlEntry* triple = platform.find("triple");
  if (!triple || triple->value.kind != TomlValue::Kind::string) return nullptr;
  const std::string_view text = triple->value.text;
  const auto found = cpus.find(text.substr(0, text.find('-')));
  return found == cpus.end() ? nullptr : &found->second;
}

// What neither the row nor its [[cpu]] says.
void Reader::check_platform(const TomlDocument& document, const TomlValue& item, const CpuRow* cpu,
                            const Platform& row) {
  const std::string whose =
      cpu ? ", and its [[cpu]] has none" : fmt::format(", and no [[cpu]] is called '{}'", row.triple.cpu());
  // Of a triple that is none, or a key that is misspelt, nothing follows.
  const auto& wrong = findings().wrong;
  const auto is_wrong = [&](std::string_view key) { return std::find(wrong.begin(), wrong.end(), key) != wrong.end(); };
  if (is_wrong("triple")) return;
  const auto needs = [&](const char* key, bool has) {
    if (has || item.find(key) || is_wrong(key)) return;
    report({.what = fmt::format("'{}' is missing in [[platform]]{}", key, whose), .where = document.pos(item.span)});
  };
  needs("endian", cpu);
  needs("bits", cpu);
  needs("kernel_arch", row.triple.kernel() != "linux" || !row.kernel_arch.empty());
  needs("elf_machine", row.format != "elf" || row.elf_machine != 0);
}

void Reader::read_platforms(const TomlDocument& document) {
  check_tables(document, {"cpu", "platform"}, {});
  read_cpus(document);
  const TomlEntry* entry = document.root.find("platform");
  if (!entry) return;
  for (const TomlValue& item : entry->value.items) {
    if (stopped(findings())) return;
    if (item.kind != TomlValue::Kind::table) continue;
    const std::string key = key_text(item, {"name"});
    const CpuRow* cpu = cpu_of(item);
    Platform* row =
        merge(document, item, "[[platform]]", key, platform_schema(), platform_with(cpu), state().platforms, platforms);
    if (!row) continue;
    if (row->libc.empty()) row->libc = row->triple.libc();
    if (!overrides(item)) {
      if (!item.find("pointer_bits")) row->pointer_bits = cpu && cpu->pointer_bits ? cpu->pointer_bits : row->bits;
      if (!item.find("elf_class")) row->elf_class = row->bits > 32 ? 64 : 32;
      if (!item.find("qemu_user") && row->triple.kernel() != "linux") row->qemu_user.clear();
      if (row->format != "elf") row->elf_machine = 0;
      check_platform(document, item, cpu, *row);
    }
    Origin& origin = state().platform_origins[key];
    if (!overrides(item)) origin = {.layer = layers[layer].name, .pos = document.pos(item.span)};
    else
      for (const TomlEntry& field : item.entries)
        if (field.key != "override") origin.overridden[field.key] = layers[layer].name;
  }
}

// toolchains/NAME.toml: the provider is the file's name. A layer's file may leave out [provider] to add to an earlier
// one.
void Reader::read_provider(const fs::path& path) {
  const TomlDocument* document = open(path);
  if (!document) return;
  const std::string name = path.stem().string();
  check_tables(*document, {"target", "toolchain"}, {"provider"});
  read_provider_table(*document, name);
  read_targets(*document, name);
  cache().tables.push_back({layer, document, &cache().providers[name], &cache().targets[name]});
}

void Reader::read_provider_table(const TomlDocument& document, const std::string& name) {
  const TomlEntry* entry = document.root.find("provider");
  if (entry && entry->value.kind == TomlValue::Kind::table) {
    Provider& provider = cache().providers[name];
    provider = Provider{.name = name};
    provider_schema().read(document, entry->value, provider, Presence::whole, findings());
    state().suites.insert(provider.suites.begin(), provider.suites.end());
  } else if (!cache().providers.contains(name)) {
    report(
        {.what = fmt::format("'{}' has no [provider] table, and no earlier layer has this provider", document.path)});
    cache().providers[name] = {.name = name};
  }
}

// toolchains/NAME/: of its files only provider.toml is read now.
void Reader::read_provider_directory(const fs::path& path) {
  const std::string name = path.filename().string();
  if (const TomlDocument* document = open(path / kProviderFile)) {
    check_tables(*document, {}, {"provider", "keys"});
    read_provider_table(*document, name);
    if (const TomlEntry* keys = document->root.find("keys"))
      read_field(FieldInput{*document, keys->value, "keys", findings()}, provider_keys[name]);
  } else if (!cache().providers.contains(name)) {
    report(
        {.what = fmt::format("'{}' has no {}, and no earlier layer has this provider", path.string(), kProviderFile)});
    cache().providers[name] = {.name = name};
  }
  provider_directories.push_back({layer, name, path});
}

// Which platforms a directory has files for. The platforms and providers of all layers are known by now.
void Reader::note_toolchain_files(const ProviderDirectory& directory) {
  for (const std::string& file : list_directory(directory.path).value_or(std::vector<std::string>{})) {
    if (!is_table_file(file) || file == kProviderFile) continue;
    const std::string platform = fs::path(file).stem().string();
    if (!platforms.contains(platform)) {
      std::vector<std::string> known;
      for (const auto& [name, seen] : platforms) known.push_back(name);
      Error error{
          .what = fmt::format("'{}' is for no platform: there is no '{}'", (directory.path / file).string(), platform)};
      error.hint = did_you_mean(platform, known);
      report(std::move(error));
      continue;
    }
    const Provider& provider = cache().providers[directory.provider];
    cache().known[{platform, provider.fallback}].files.push_back(
        {directory.layer, directory.path / file, provider, provider_keys[directory.provider]});
  }
}

void Reader::read_targets(const TomlDocument& document, const std::string& provider) {
  const TomlEntry* entry = document.root.find("target");
  if (!entry) return;
  for (const TomlValue& item : entry->value.items) {
    if (stopped(findings())) return;
    if (item.kind != TomlValue::Kind::table) continue;
    const std::string platform = key_text(item, {"platform"});
    // Other keys of a target are free: they are what the templates name.
    if (platform.empty()) {
      report({.what = "'platform' is missing in [[target]]", .where = document.pos(item.span)});
      continue;
    }
    FieldInput{document, item.find("platform")->value, "platform", findings()}.refer(NameOf::platform);
    Index& index = targets_index[provider];
    if (const auto found = index.find(platform); found != index.end() && found->second.layer == layer) {
      Error error{.what = fmt::format("'{}' is defined twice in [[target]]", platform),
                  .where = document.pos(item.span)};
      const SourcePos& first = found->second.pos;
      report(std::move(error).note(fmt::format("first defined at {}:{}:{}", first.file, first.line, first.column)));
      continue;
    }
    index[platform] = {0, layer, document.pos(item.span)};
    read_field(FieldInput{document, item, "target", findings()}, cache().targets[provider][platform]);
  }
}

// Notes which platforms a table's rows are for. They are read when one of these is asked for.
void Reader::place_toolchains(const ToolchainTable& table) {
  const TomlEntry* entry = table.document->root.find("toolchain");
  if (!entry) return;
  for (const TomlValue& item : entry->value.items) {
    if (stopped(findings())) return;
    if (item.kind != TomlValue::Kind::table) continue;
    std::vector<std::string> names;
    const TomlEntry* list = item.find("platforms");
    if (list) {
      const FieldInput input{*table.document, list->value, "platforms", findings()};
      read_field(input, names);
      if (!std::all_of(names.begin(), names.end(), [&](const std::string& name) { return platforms.contains(name); }))
        input.refer(NameOf::platform);
    } else if (overrides(item)) {
      if (std::string platform = platform_of_toolchain(key_text(item, {"id"})); !platform.empty())
        names = {std::move(platform)};
    }
    if (names.empty()) {  // nothing comes out of it: read it once for its mistakes
      ToolchainRow row = blank_toolchain();
      if (!overrides(item)) toolchain_schema().read(*table.document, item, row, Presence::whole, findings());
      Error error{.what = overrides(item)
                              ? fmt::format("'{}' overrides nothing: no earlier layer has it in [[toolchain]]",
                                            key_text(item, {"id"}))
                              : fmt::format("'{}' is for no platform", key_text(item, {"id"})),
                  .where = table.document->pos(item.span)};
      const auto in_directory = [&](const ProviderDirectory& directory) {
        return directory.provider == table.provider->name;
      };
      if (overrides(item) && std::any_of(provider_directories.begin(), provider_directories.end(), in_directory))
        error.hint = fmt::format("a row of toolchains/{}/PLATFORM.toml is overridden in a file of that name",
                                 table.provider->name);
      report(std::move(error));
      continue;
    }
    for (const std::string& name : names) cache().unread[name].push_back({&table, &item});
  }
}

// Of the tables placed so far; "" when none has it.
std::string Reader::platform_of_toolchain(const std::string& id) {
  for (const auto& [platform, items] : cache().unread)
    for (const ToolchainItem& one : items) {
      const TomlEntry* entry = one.item->find("id");
      if (!entry) continue;
      Findings unused;
      if (key_text(expand_item(one, {.entries = {*entry}}, platform, unused), {"id"}) == id) return platform;
    }
  return "";
}

void Reader::read_toolchain(const ToolchainItem& item, const std::string& platform, std::vector<ToolchainRow>& rows) {
  const TomlValue value = expand_item(item, *item.item, platform, findings());
  ToolchainRow* row = merge(*item.table->document, value, "[[toolchain]]", key_text(value, {"id"}), toolchain_schema(),
                            blank_toolchain(), rows, toolchains);
  if (row) fill_from_provider(*item.table->provider, value, platform, *row);
}

void Reader::check_entries(const fs::path& directory, const std::vector<std::string>& files,
                           const std::vector<std::string>& directories) {
  const auto is_known = [](const std::vector<std::string>& known, const std::string& name) {
    return std::find(known.begin(), known.end(), name) != known.end();
  };
  for (const std::string& name : list_directory(directory).value_or(std::vector<std::string>{})) {
    if (name.starts_with('.')) continue;
    const bool is_file = is_table_file(name);
    const std::vector<std::string>& known = is_file ? files : directories;
    if (known.empty() || is_known(known, name) || (!is_file && !directory_exists(directory / name))) continue;
    report({.what = fmt::format("'{}' is not a {} of a catalog", (directory / name).string(),
                                is_file ? "file" : "directory"),
            .hint = did_you_mean(name, known)});
  }
}

// kernels/NAME.toml now; of kernels/NAME/ only which architectures it has files for.
template <class Row>
void Reader::read_arch_rows(const std::string& name, const std::string& table, const Schema<Row>& schema,
                            ArchRows<Row>& into, Index& index) {
  const fs::path directory = layers[layer].directory / "kernels";
  if (const auto* document = open(directory / (name + ".toml"))) {
    check_tables(*document, {table}, {});
    if (!into.layers.empty())
      override_hint = fmt::format("a row of kernels/{}/ARCH.toml is overridden in a file of that name", name);
    rows(*document, table, {"id"}, schema, Row{}, into.common, index);
    override_hint.clear();
  }
  for (const std::string& file : list_directory(directory / name).value_or(std::vector<std::string>{}))
    if (is_table_file(file))
      into.layers[file.substr(0, file.size() - std::string_view(".toml").size())].push_back(layer);
}

// The platforms of all layers are known by now.
template <class Row>
void Reader::check_arch_names(const std::string& name, const ArchRows<Row>& rows) {
  for (const auto& one : rows.layers) {
    const auto& arch = one.first;   // no binding: clang 14 captures none
    const auto& having = one.second;
    const auto is_this = [&](const Platform& platform) {
      return platform.name == arch || platform.kernel_arch == arch;
    };
    if (std::any_of(state().platforms.begin(), state().platforms.end(), is_this)) continue;
    std::vector<std::string> known;
    for (const Platform& platform : state().platforms) known.insert(known.end(), {platform.name, platform.kernel_arch});
    const fs::path file = layers[having.front()].directory / "kernels" / name / (arch + ".toml");
    Error error{.what = fmt::format("'{}' is for no platform: there is no platform or kernel architecture '{}'",
                                    file.string(), arch)};
    error.hint = did_you_mean(arch, known);
    report(std::move(error));
  }
}

const std::vector<std::string>& layer_files() {
  static const std::vector<std::string> names{"platforms.toml",       "c_libraries.toml",      "features.toml",
                                              "roots.toml",           "components.toml",       "instances.toml",
                                              "log_lines.toml",       "source_trees.toml",     "swage.toml",
                                              "firmware_models.toml", "firmware_settings.toml",
                                              "firmware_overlays.toml", "firmware_trees.toml", "bundles.toml"};
  return names;
}

bool is_layer(const fs::path& directory) {
  const auto has = [&](const std::string& name) { return path_exists(directory / name); };
  const auto directories = {kPackages, kScripts, "kernels", "toolchains", "systems", "html", kEvidence,
                            "boards", "firmware", "images"};
  return std::any_of(layer_files().begin(), layer_files().end(), has) ||
         std::any_of(directories.begin(), directories.end(), has);
}

void Reader::read_releases(const TomlDocument& document) {
  const TomlEntry* entry = document.root.find("releases");
  if (!entry || entry->value.kind != TomlValue::Kind::table) return;
  if (layer != 0)
    report({.what = "'releases' is said by the catalog, not by a layer: records that name no recipe are of the one "
                    "that it names",
            .where = document.pos(entry->value.span)});
  else releases_schema().read(document, entry->value, state().releases, Presence::whole, findings());
}

void Reader::read_layer() {
  const fs::path& directory = layers[layer].directory;
  check_entries(directory, layer_files(), {});
  check_entries(directory / "kernels",
                {"releases.toml", "machines.toml", "constraints.toml", "quirks.toml", "signatures.toml", "symbols.toml",
                 "trees.toml", "object_errors.toml"},
                {"constraints", "quirks", "patches"});
  if (const auto* document = open(directory / "platforms.toml")) read_platforms(*document);
  if (const auto* document = open(directory / "features.toml")) {
    check_tables(*document, {"feature"}, {});
    rows(*document, "feature", {"name"}, feature_schema(), FeatureRow{}, state().features, features);
  }
  if (const auto* document = open(directory / "c_libraries.toml")) {
    check_tables(*document, {"c_library"}, {});
    rows(*document, "c_library", {"name"}, c_library_schema(), CLibraryRow{}, state().c_libraries, c_libraries);
  }
  if (const auto* document = open(directory / "roots.toml")) {
    check_tables(*document, {"root", "seed", "archive"}, {});
    rows(*document, "root", {"name"}, root_schema(), RootRow{}, state().roots, roots);
    rows(*document, "seed", {"name"}, seed_schema(), SeedRow{}, state().seeds, seeds);
    rows(*document, "archive", {"name"}, archive_schema(), ArchiveRow{}, state().archives, archives);
  }
  if (const auto* document = open(directory / "kernels/releases.toml")) {
    check_tables(*document, {"kernel"}, {"releases"});
    read_releases(*document);
    rows(*document, "kernel", {"version"}, kernel_schema(), blank_kernel(), state().kernels, kernels);
  }
  read_arch_rows("constraints", "constraint", constraint_schema(), *state().constraints, constraints);
  read_arch_rows("quirks", "quirk", quirk_schema(), *state().quirks, quirks);
  for (const std::string& name : list_directory(directory / "toolchains").value_or(std::vector<std::string>{}))
    if (is_table_file(name)) read_provider(directory / "toolchains" / name);
    else if (directory_exists(directory / "toolchains" / name))
      read_provider_directory(directory / "toolchains" / name);
  // Records are looked for there later, and it may come to be.
  Result<fs::path> evidence = layers[layer].files->directory(kEvidence);
  if (!evidence && evidence.error().code == Errc::invalid_input) report(std::move(evidence).error());
  else state().evidence_directories.push_back(directory / kEvidence);
}

LoadResult read_layers(const std::vector<Layer>& layers) {
  LoadResult result;
  result.state->layers = layers;
  ParseAhead ahead(layers, large_files(layers));
  Reader reader{.layers = layers, .result = result, .ahead = &ahead, .loaded = result.state.get()};
  for (; reader.layer < layers.size(); ++reader.layer) reader.read_layer();
  // Toolchains come last: a row of any layer may use the targets of any other.
  for (const ToolchainTable& table : reader.cache().tables) reader.place_toolchains(table);
  for (const Reader::ProviderDirectory& directory : reader.provider_directories) reader.note_toolchain_files(directory);
  reader.check_arch_names("constraints", *result.state->constraints);
  reader.check_arch_names("quirks", *result.state->quirks);
  std::stable_sort(result.state->kernels.begin(), result.state->kernels.end(),
                   [](const KernelRow& a, const KernelRow& b) { return a.version < b.version; });
  return result;
}

}  // namespace swage
