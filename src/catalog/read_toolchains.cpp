// Reads the toolchains of a platform when they are asked for: those of tables, then those of files of its own.
#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "catalog/reader.hpp"

namespace swage {

namespace {

// The platform's rows of tables.
void read_tables(const Catalog::State& state, const std::string& platform, Findings& findings) {
  Catalog::State::ToolchainCache& cache = *state.by_platform;
  const auto unread = cache.unread.find(platform);
  if (unread == cache.unread.end()) return;
  ReadResult result;
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

// The platform's rows of files of its own, over those of tables, which are there already with the layers that they are
// from.
void read_files(const Catalog::State& state, const std::string& platform, Catalog::State::PlatformToolchains& found,
                Findings& findings, std::deque<TomlDocument>& documents) {
  ReadResult result;
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
        reader.report(
            {.what = fmt::format("'platforms' is not a key here: all rows of this file are for '{}'", platform),
             .where = document->pos(list->key_span)});
        continue;
      }
      TomlValue value = expand_toolchain(*document, item, platform, target, "[keys]", result.findings);
      // The file's name stands for the key that a table's row must have.
      if (!overrides(item))
        value.entries.push_back(
            {.key = "platforms", .key_span = item.span, .value = {.kind = TomlValue::Kind::array, .span = item.span}});
      ToolchainRow* row = reader.merge(*document, value, "[[toolchain]]", key_text(value, {"id"}), toolchain_schema(),
                                       blank_toolchain(), rows, reader.toolchains);
      if (row) fill_from_provider(file.provider, value, platform, *row);
    }
  }
  check_archives(rows, result.findings);
  if (!settle(state, result, findings, documents)) return;
  found.rows = std::move(rows);
  found.read = true;
}

}  // namespace

const std::vector<ToolchainRow>& read_toolchains(const Catalog::State& state, const std::string& platform,
                                                 bool fallback, Findings& findings,
                                                 std::deque<TomlDocument>& documents) {
  static const std::vector<ToolchainRow> none;
  read_tables(state, platform, findings);
  const auto found = state.by_platform->known.find({platform, fallback});
  if (found == state.by_platform->known.end()) return none;
  if (!found->second.read) read_files(state, platform, found->second, findings, documents);
  return found->second.rows;
}

}  // namespace swage
