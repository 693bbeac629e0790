// Reads the rows of files into a ReadResult, and merges those of layers. What Reader's functions are for is said where
// they are defined: load.cpp reads what every request needs, read_*.cpp what is read when asked for.
#pragma once

#include <algorithm>
#include <fmt/core.h>

#include "catalog/parse_ahead.hpp"
#include "catalog/state.hpp"

namespace swage {

inline constexpr const char* kRecipeFile = "recipe.toml";
// What begins with a dot is an editor's.
inline bool is_table_file(std::string_view name) { return name.ends_with(".toml") && !name.starts_with('.'); }

// Where a key was defined last, so that a second definition in the same layer can name the first.
struct Seen {
  std::size_t index = 0;
  std::size_t layer = 0;
  SourcePos pos{};
};
using Index = std::map<std::string, Seen>;

struct Reader {
  const std::vector<Layer>& layers;
  ReadResult& result;
  std::size_t layer = 0;  // being read
  ParseAhead* ahead = nullptr;
  Catalog::State* loaded = nullptr;   // by read_layers() alone
  std::map<std::string, Index> targets_index{};
  Index features{}, c_libraries{}, platforms{}, roots{}, seeds{}, archives{}, kernels{}, toolchains{}, constraints{};
  Index quirks{};
  struct ProviderDirectory {
    std::size_t layer;
    std::string provider;
    fs::path path;
  };
  std::vector<ProviderDirectory> provider_directories{};
  std::map<std::string, TemplateKeys> provider_keys{};
  std::string override_hint{};   // for a row that overrides nothing
  bool must_override = false;    // a row of an earlier layer is changed by one with `override = true` alone
  std::map<std::string, CpuRow, std::less<>> cpus{};   // by name; a later layer's takes the place of an earlier one

  Catalog::State& state() { return *loaded; }
  Catalog::State::ToolchainCache& cache() { return *loaded->by_platform; }
  Findings& findings() { return result.findings; }
  void report(Error error) { result.findings.errors.push_back(std::move(error)); }

  const TomlDocument* open(const fs::path& path);
  void check_tables(const TomlDocument& document, const std::vector<std::string>& arrays,
                    const std::vector<std::string>& tables);
  template <class Row>
  Row* merge(const TomlDocument& document, const TomlValue& item, const std::string& title, const std::string& key,
             const Schema<Row>& schema, const Row& blank, std::vector<Row>& rows, Index& index);
  template <class Row>
  void rows(const TomlDocument& document, const std::string& table, const std::vector<std::string>& key_fields,
            const Schema<Row>& schema, const Row& blank, std::vector<Row>& rows, Index& index);
  void read_platforms(const TomlDocument& document);
  void read_cpus(const TomlDocument& document);
  const CpuRow* cpu_of(const TomlValue& platform) const;
  void check_platform(const TomlDocument& document, const TomlValue& item, const CpuRow* cpu, const Platform& row);
  void read_provider(const fs::path& path);
  void read_targets(const TomlDocument& document, const std::string& provider);
  void place_toolchains(const ToolchainTable& table);
  std::string platform_of_toolchain(const std::string& id);
  void read_toolchain(const ToolchainItem& item, const std::string& platform, std::vector<ToolchainRow>& rows);
  void read_provider_table(const TomlDocument& document, const std::string& name);
  void read_provider_directory(const fs::path& path);
  void note_toolchain_files(const ProviderDirectory& directory);
  void read_recipe(const fs::path& directory, std::vector<RecipeRow>& rows, Index& index);
  void read_releases(const TomlDocument& document);
  void read_layer();
  template <class Row>
  void read_arch_rows(const std::string& name, const std::string& table, const Schema<Row>& schema, ArchRows<Row>& into,
                      Index& index);
  template <class Row>
  void check_arch_names(const std::string& name, const ArchRows<Row>& rows);
  // What else is there is reported; without `directories` those are a layer's own affair.
  void check_entries(const fs::path& directory, const std::vector<std::string>& files,
                     const std::vector<std::string>& directories);
};

inline Origin* origin_of(Platform&) { return nullptr; }
template <class Row>
Origin* origin_of(Row& row) {
  return &row.origin;
}

// The values, separated by spaces.
std::string key_text(const TomlValue& item, const std::vector<std::string>& fields);
bool overrides(const TomlValue& item);                                                  // says `override = true`
// The end of reading files that load() left unread: what is wrong goes to the caller. False: something is.
bool settle(const Catalog::State& state, ReadResult& result, Findings& findings, std::deque<TomlDocument>& documents);
// systems/NAME.toml of the last layer that has it, with what it builds on. Null: it has mistakes, or builds on itself.
const RecipeRow* read_system(const Catalog::State& state, const std::string& name, Findings& findings,
                             std::deque<TomlDocument>& documents, std::vector<std::string> below = {});
// What a provider says of all its toolchains.
void fill_from_provider(const Provider& provider, const TomlValue& item, const std::string& platform,
                        ToolchainRow& row);

// Reads one row into its place. Null: it has no usable key, or is a definition that there may not be.
template <class Row>
Row* Reader::merge(const TomlDocument& document, const TomlValue& item, const std::string& title,
                   const std::string& key, const Schema<Row>& schema, const Row& blank, std::vector<Row>& into,
                   Index& index) {
  const auto found = index.find(key);
  if (found != index.end() && found->second.layer == layer && !key.empty()) {
    Error error{.what = fmt::format("'{}' is defined twice in {}", key, title), .where = document.pos(item.span)};
    const SourcePos& first = found->second.pos;
    report(std::move(error).note(fmt::format("first defined at {}:{}:{}", first.file, first.line, first.column)));
    return nullptr;
  }
  if (overrides(item)) {
    if (found == index.end()) {
      report({.what = fmt::format("'{}' overrides nothing: no earlier layer has it in {}", key, title),
              .where = document.pos(item.span),
              .hint = override_hint});
      return nullptr;
    }
    Row& row = into[found->second.index];
    findings().wrong.clear();
    schema.read(document, item, row, Presence::overriding, findings());
    if (Origin* origin = origin_of(row)) origin->wrong = findings().wrong;
    if (Origin* origin = origin_of(row))
      for (const TomlEntry& entry : item.entries)
        if (entry.key != "override") origin->overridden[entry.key] = layers[layer].name;
    found->second.layer = layer;
    found->second.pos = document.pos(item.span);
    return &row;
  }
  if (found != index.end() && must_override && !key.empty()) {
    Error error{.what = fmt::format("'{}' is in {} of an earlier layer too, and this row does not say that it "
                                    "overrides",
                                    key, title),
                .where = document.pos(item.span),
                .hint = "say override = true, to change what the row says of it, or give it another name"};
    const SourcePos& first = found->second.pos;
    report(std::move(error).note(fmt::format("defined at {}:{}:{}", first.file, first.line, first.column)));
    return nullptr;
  }
  Row row = blank;
  findings().wrong.clear();
  schema.read(document, item, row, Presence::whole, findings());
  if (key.empty()) return nullptr;  // the missing key is reported
  SourcePos pos = document.pos(item.span);
  if (Origin* origin = origin_of(row)) *origin = {.layer = layers[layer].name, .pos = pos, .wrong = findings().wrong};
  if (found == index.end()) {
    index[key] = {into.size(), layer, std::move(pos)};
    into.push_back(std::move(row));
    return &into.back();
  }
  found->second.layer = layer;
  found->second.pos = std::move(pos);
  return &(into[found->second.index] = std::move(row));
}

template <class Row>
void Reader::rows(const TomlDocument& document, const std::string& table, const std::vector<std::string>& key_fields,
                  const Schema<Row>& schema, const Row& blank, std::vector<Row>& into, Index& index) {
  const TomlEntry* entry = document.root.find(table);
  if (!entry) return;
  for (const TomlValue& item : entry->value.items)
    if (stopped(findings())) return;
    else if (item.kind == TomlValue::Kind::table)
      merge(document, item, fmt::format("[[{}]]", table), key_text(item, key_fields), schema, blank, into, index);
}

}  // namespace swage
