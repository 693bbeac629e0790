// Reads rows of tables that a catalog leaves unread until they are asked for: machines, components, signatures,
// symbols, lines of logs, firmware, and what is of one architecture.
#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "catalog/image_rows.hpp"
#include "catalog/reader.hpp"

namespace swage {

bool settle(const Catalog::State& state, ReadResult& result, Findings& findings, std::deque<TomlDocument>& documents) {
  check_names(state, result.findings);
  for (TomlDocument& document : result.documents) documents.push_back(std::move(document));
  findings.errors.insert(findings.errors.end(), result.findings.errors.begin(), result.findings.errors.end());
  if (!result.findings.errors.empty()) findings.incomplete = true;   // none of these rows is kept
  return result.findings.errors.empty();
}

namespace {

// The rows of kernels/<table>s/<arch>.toml of all layers. The file's name stands for their `when.arch`.
template <class Row>
const std::vector<Row>& read_arch_files(const Catalog::State& state, const std::string& table,
                                        const Schema<Row>& schema, ArchRows<Row>& found, const std::string& arch,
                                        Findings& findings, std::deque<TomlDocument>& documents) {
  static const std::vector<Row> none;
  if (const auto at = found.read.find(arch); at != found.read.end()) return at->second;
  const auto having = found.layers.find(arch);
  if (having == found.layers.end()) return none;
  ReadResult result;
  Reader reader{.layers = state.layers, .result = result};
  std::vector<Row> rows;
  Index index;
  for (const std::size_t layer : having->second) {
    reader.layer = layer;
    const TomlDocument* document =
        reader.open(state.layers[layer].directory / "kernels" / (table + "s") / (arch + ".toml"));
    if (!document) continue;
    reader.check_tables(*document, {table}, {});
    reader.rows(*document, table, {"id"}, schema, Row{}, rows, index);
    const TomlEntry* entry = document->root.find(table);
    if (!entry) continue;
    for (const TomlValue& item : entry->value.items) {
      const TomlEntry* when = item.find("when");
      if (const TomlEntry* own = when ? when->value.find("arch") : nullptr)
        reader.report({.what = fmt::format("'arch' is not a key here: all rows of this file are for '{}'", arch),
                       .where = document->pos(own->key_span)});
    }
  }
  for (Row& row : rows) row.arches = {arch};
  if (!settle(state, result, findings, documents)) return none;
  return found.read.emplace(arch, std::move(rows)).first->second;
}

const std::vector<std::string> kMachineKey{"platform", "kernels"};

// Which keys each row of a document says, beside those that it overrides in earlier layers.
template <class Row>
void note_keys(const TomlDocument& document, const std::string& table, const std::vector<std::string>& key,
               std::vector<Row>& rows, const Index& index) {
  const TomlEntry* entry = document.root.find(table);
  if (!entry) return;
  for (const TomlValue& item : entry->value.items) {
    const auto found = index.find(key_text(item, key));
    if (found == index.end()) continue;
    Row& row = rows[found->second.index];
    if (!overrides(item)) row.given.clear();
    for (const TomlEntry& field : item.entries) row.given.insert(field.key);
  }
}

// Fills `found` from the file of this name of all layers; `each` reads a document's rows, `end` sees them all.
template <class Row, class Each, class End>
void read_asked_file(const Catalog::State& state, const char* file, AskedRows<Row>& found, Findings& findings,
                    std::deque<TomlDocument>& documents, const Each& each, const End& end) {
  if (found.read) return;
  ReadResult result;
  Reader reader{.layers = state.layers, .result = result};
  std::vector<Row> rows;
  Index index;
  for (; reader.layer < state.layers.size(); ++reader.layer)
    if (const auto* document = reader.open(state.layers[reader.layer].directory / file))
      each(reader, *document, rows, index);
  end(rows, result.findings);
  if (!settle(state, result, findings, documents)) return;
  found.rows = std::move(rows);
  found.read = true;
}

}  // namespace

const std::vector<ConstraintRow>& read_arch_rows(const Catalog::State& state, ArchRows<ConstraintRow>& found,
                                                 const std::string& arch, Findings& findings,
                                                 std::deque<TomlDocument>& documents) {
  return read_arch_files(state, "constraint", constraint_schema(), found, arch, findings, documents);
}

const std::vector<QuirkRow>& read_arch_rows(const Catalog::State& state, ArchRows<QuirkRow>& found,
                                            const std::string& arch, Findings& findings,
                                            std::deque<TomlDocument>& documents) {
  return read_arch_files(state, "quirk", quirk_schema(), found, arch, findings, documents);
}

void read_asked(const Catalog::State& state, AskedRows<MachineRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  CommonMachine common;   // of the last layer that has one
  read_asked_file(
      state, "kernels/machines.toml", found, findings, documents,
      [&](Reader& reader, const TomlDocument& document, std::vector<MachineRow>& rows, Index& index) {
        reader.check_tables(document, {"machine"}, {"common"});
        if (const TomlEntry* entry = document.root.find("common"); entry && entry->value.kind == TomlValue::Kind::table)
          common_machine_schema().read(document, entry->value, common, Presence::whole, reader.findings());
        reader.rows(document, "machine", kMachineKey, machine_schema(), MachineRow{}, rows, index);
        note_keys(document, "machine", kMachineKey, rows, index);
        for (const auto& [name, seen] : index) rows[seen.index].name = name;
      },
      [&](std::vector<MachineRow>& rows, Findings& found_wrong) {
        make_machines_whole(rows, common, found_wrong);
        check_machines(rows, found_wrong);
      });
}

void read_asked(const Catalog::State& state, AskedRows<ComponentRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  read_asked_file(
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

void read_asked(const Catalog::State& state, AskedRows<SignatureRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  read_asked_file(
      state, "kernels/signatures.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<SignatureRow>& rows, Index& index) {
        reader.check_tables(document, {"signature"}, {});
        reader.rows(document, "signature", {"id"}, signature_schema(), SignatureRow{}, rows, index);
      },
      [](std::vector<SignatureRow>& rows, Findings& found_wrong) { check_signatures(rows, found_wrong); });
}

void read_asked(const Catalog::State& state, AskedRows<SymbolRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  read_asked_file(
      state, "kernels/symbols.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<SymbolRow>& rows, Index& index) {
        reader.check_tables(document, {"symbol"}, {});
        reader.rows(document, "symbol", {"name"}, symbol_schema(), SymbolRow{}, rows, index);
      },
      [](std::vector<SymbolRow>& rows, Findings& found_wrong) {
        for (const SymbolRow& row : rows)
          if (row.renamed.empty() && !row.path)
            found_wrong.errors.push_back(
                Error{.what = fmt::format("'{}' says nothing of its symbol: neither 'renamed' nor 'path'", row.name),
                      .where = row.origin.pos});
      });
}

void read_asked(const Catalog::State& state, AskedRows<TreeFileRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  read_asked_file(
      state, "kernels/trees.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<TreeFileRow>& rows, Index& index) {
        reader.check_tables(document, {"link", "twins"}, {});
        reader.rows(document, "link", {"path"}, link_schema(), TreeFileRow{}, rows, index);
        reader.rows(document, "twins", {"lower"}, twins_schema(), TreeFileRow{}, rows, index);
      },
      [](std::vector<TreeFileRow>& rows, Findings& found_wrong) {
        const auto lowered = [](std::string text) {
          std::transform(text.begin(), text.end(), text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
          return text;
        };
        for (const TreeFileRow& row : rows)
          if (row.link.empty() && (row.lower == row.upper || lowered(row.lower) != lowered(row.upper)))
            found_wrong.errors.push_back(Error{
                .what = fmt::format("'{}' and '{}' are no twins: their names must differ in case, and in nothing else",
                                    row.lower, row.upper),
                .where = row.origin.pos});
      });
}

void read_asked(const Catalog::State& state, AskedRows<ObjectErrorRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  read_asked_file(
      state, "kernels/object_errors.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<ObjectErrorRow>& rows, Index& index) {
        reader.check_tables(document, {"object_error"}, {});
        reader.rows(document, "object_error", {"id"}, object_error_schema(), ObjectErrorRow{}, rows, index);
      },
      [](std::vector<ObjectErrorRow>& rows, Findings& found_wrong) { check_object_errors(rows, found_wrong); });
}

void read_asked(const Catalog::State& state, AskedRows<LogLineRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  read_asked_file(
      state, "log_lines.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<LogLineRow>& rows, Index& index) {
        reader.check_tables(document, {"line"}, {});
        reader.rows(document, "line", {"id"}, log_line_schema(), LogLineRow{}, rows, index);
      },
      [](std::vector<LogLineRow>& rows, Findings& found_wrong) { check_log_lines(rows, found_wrong); });
}

void read_asked(const Catalog::State& state, AskedRows<FirmwareModelRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  read_asked_file(
      state, "firmware_models.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<FirmwareModelRow>& rows, Index& index) {
        reader.must_override = true;
        reader.check_tables(document, {"firmware_model"}, {});
        reader.rows(document, "firmware_model", {"id"}, firmware_model_schema(), FirmwareModelRow{}, rows, index);
        note_keys(document, "firmware_model", {"id"}, rows, index);
      },
      [](std::vector<FirmwareModelRow>& rows, Findings& found_wrong) {
        make_firmware_models_whole(rows, found_wrong);
      });
}

void read_asked(const Catalog::State& state, AskedRows<FirmwareSettingRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  read_asked_file(
      state, "firmware_settings.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<FirmwareSettingRow>& rows, Index& index) {
        reader.must_override = true;
        reader.check_tables(document, {"firmware_setting"}, {});
        reader.rows(document, "firmware_setting", {"name"}, firmware_setting_schema(), FirmwareSettingRow{}, rows,
                    index);
      },
      [](std::vector<FirmwareSettingRow>&, Findings&) {});
}

namespace {

// The files of a layer that have rows of boards and images.
std::vector<fs::path> image_files(const fs::path& layer) {
  std::vector<fs::path> files;
  for (const char* directory : {"boards", "firmware", "images"})
    for (const std::string& name : list_directory(layer / directory).value_or(std::vector<std::string>{}))
      if (is_table_file(name)) files.push_back(layer / directory / name);
  files.push_back(layer / "bundles.toml");
  return files;
}

struct ImageIndices {
  Index boards{}, loaders{}, layouts{}, userlands{}, parts{}, variants{}, axes{}, families{}, groups{}, additions{};
  Index vendors{}, fixups{}, flavours{}, kernels{}, firmware{}, bundles{};
};

void read_image_rows(Reader& reader, const TomlDocument& document, ImageTables& tables, ImageIndices& seen) {
  const std::vector<std::string> key{"name"}, of_vendor{"vendor", "name"};
  reader.check_tables(document,
                      {"board", "vendor", "fixup", "flavour", "kernel", "firmware", "bundle", "loader", "layout",
                       "userland", "part", "variant", "axis", "family", "group", "addition"},
                      {});
  reader.rows(document, "board", key, board_schema(), BoardRow{}, tables.boards, seen.boards);
  reader.rows(document, "vendor", key, vendor_schema(), VendorRow{}, tables.vendors, seen.vendors);
  reader.rows(document, "fixup", key, fixup_schema(), FixupRow{}, tables.fixups, seen.fixups);
  reader.rows(document, "flavour", key, flavour_schema(), FlavourRow{}, tables.flavours, seen.flavours);
  reader.rows(document, "kernel", of_vendor, vendor_kernel_schema(), VendorKernelRow{}, tables.kernels, seen.kernels);
  reader.rows(document, "firmware", key, firmware_schema(), FirmwareRow{}, tables.firmware, seen.firmware);
  reader.rows(document, "bundle", of_vendor, bundle_schema(), BundleRow{}, tables.bundles, seen.bundles);
  reader.rows(document, "loader", key, loader_schema(), LoaderRow{}, tables.loaders, seen.loaders);
  reader.rows(document, "layout", key, layout_schema(), LayoutRow{}, tables.layouts, seen.layouts);
  reader.rows(document, "userland", key, userland_schema(), UserlandRow{}, tables.userlands, seen.userlands);
  reader.rows(document, "part", key, part_schema(), PartRow{}, tables.parts, seen.parts);
  reader.rows(document, "variant", key, variant_schema(), VariantRow{}, tables.variants, seen.variants);
  reader.rows(document, "axis", key, axis_schema(), AxisRow{}, tables.axes, seen.axes);
  reader.rows(document, "group", key, group_schema(), GroupRow{}, tables.groups, seen.groups);
  reader.rows(document, "addition", key, addition_schema(), AdditionRow{}, tables.additions, seen.additions);
  reader.rows(document, "family", key, family_schema(), FamilyRow{}, tables.families, seen.families);
}

}  // namespace

void read_asked(const Catalog::State& state, AskedRows<FirmwareOverlayRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  read_asked_file(
      state, "firmware_overlays.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<FirmwareOverlayRow>& rows, Index& index) {
        reader.must_override = true;
        reader.check_tables(document, {"firmware_overlay"}, {});
        reader.rows(document, "firmware_overlay", {"name"}, firmware_overlay_schema(), FirmwareOverlayRow{}, rows,
                    index);
      },
      [](std::vector<FirmwareOverlayRow>&, Findings&) {});
}

void read_asked(const Catalog::State& state, AskedRows<FirmwareTreeRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  read_asked_file(
      state, "firmware_trees.toml", found, findings, documents,
      [](Reader& reader, const TomlDocument& document, std::vector<FirmwareTreeRow>& rows, Index& index) {
        reader.must_override = true;
        reader.check_tables(document, {"firmware_tree"}, {});
        reader.rows(document, "firmware_tree", {"name"}, firmware_tree_schema(), FirmwareTreeRow{}, rows, index);
      },
      [](std::vector<FirmwareTreeRow>&, Findings&) {});
}

void read_asked(const Catalog::State& state, AskedImages& found, Findings& findings,
                std::deque<TomlDocument>& documents) {
  if (found.read) return;
  ReadResult result;
  Reader reader{.layers = state.layers, .result = result, .must_override = true};
  ImageTables tables;
  ImageIndices seen;
  for (; reader.layer < state.layers.size(); ++reader.layer)
    for (const fs::path& file : image_files(state.layers[reader.layer].directory))
      if (const TomlDocument* document = reader.open(file)) read_image_rows(reader, *document, tables, seen);
  found.tables = std::move(tables);
  make_images(found.tables, result.findings);   // whose images point into the tables
  if (!settle(state, result, findings, documents)) {
    found.tables = {};
    return;
  }
  found.read = true;
}

}  // namespace swage
