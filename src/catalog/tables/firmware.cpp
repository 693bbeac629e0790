#include <set>

#include "catalog/state.hpp"
#include "catalog/tables/readers.hpp"

namespace swage {

const std::vector<std::string>& firmware_loader_names() {
  static const std::vector<std::string> names{"bootcode", "eeprom-start", "eeprom"};
  return names;
}

namespace {

using ModelRow = FirmwareModelRow;

void read_model_like(const FieldInput& in, ModelRow& row) {
  read_field(in, row.like);
  row.like_pos = in.document.pos(in.value.span);
}

Schema<ModelRow>::Reader numbers(std::vector<unsigned> ModelRow::*member) {
  return [member](const FieldInput& in, ModelRow& row) {
    if (!in.is(TomlValue::Kind::array)) return;
    (row.*member).clear();
    for (const TomlValue& item : in.value.items)
      read_field(in.with(item, fmt::format("{}[{}]", in.name, (row.*member).size())), (row.*member).emplace_back());
  };
}

// A list of words of a closed set.
template <class Row>
typename Schema<Row>::Reader known_words(std::vector<std::string> Row::*member, const std::vector<std::string>& known) {
  return [member, &known](const FieldInput& in, Row& row) {
    read_field(in, row.*member);
    for (const std::string& one : row.*member)
      if (std::find(known.begin(), known.end(), one) == known.end()) report_unknown_word(in, one, known);
  };
}

const std::vector<std::string>& firmware_file_names() {
  static const std::vector<std::string> names{"usual", "x", "debug", "cut", "recovery"};
  return names;
}

Schema<ModelRow>::Reader firmware_files(std::map<std::string, std::string> ModelRow::*member) {
  return [member](const FieldInput& in, ModelRow& row) {
    read_field(in, row.*member);
    const std::vector<std::string>& known = firmware_file_names();
    for (const auto& [name, file] : row.*member)
      if (std::find(known.begin(), known.end(), name) == known.end()) report_unknown_word(in, name, known);
  };
}

template <auto Member>
void take_of_model(const ModelRow& from, ModelRow& row) {
  row.*Member = from.*Member;
}

// What a row has of the one that it is like, unless it says it itself.
constexpr std::pair<const char*, void (*)(const ModelRow&, ModelRow&)> kTakenOfModel[] = {
    {"soc", take_of_model<&ModelRow::soc>},
    {"platform", take_of_model<&ModelRow::platform>},
    {"loader", take_of_model<&ModelRow::loader>},
    {"start", take_of_model<&ModelRow::start>},
    {"fixup", take_of_model<&ModelRow::fixup>},
    {"tables", take_of_model<&ModelRow::tables>},
    {"partition_types", take_of_model<&ModelRow::partition_types>},
    {"first_fat_only", take_of_model<&ModelRow::first_fat_only>},
    {"filters", take_of_model<&ModelRow::filters>},
    {"board_types", take_of_model<&ModelRow::board_types>},
    {"no_filters", take_of_model<&ModelRow::no_filters>},
    {"variables", take_of_model<&ModelRow::variables>},
    {"arm_64bit", take_of_model<&ModelRow::arm_64bit>},
    {"kernels", take_of_model<&ModelRow::kernels>},
    {"kernels_64", take_of_model<&ModelRow::kernels_64>},
    {"kernel_address", take_of_model<&ModelRow::kernel_address>},
    {"kernel_address_64", take_of_model<&ModelRow::kernel_address_64>},
    {"device_trees", take_of_model<&ModelRow::device_trees>},
    {"upstream_trees", take_of_model<&ModelRow::upstream_trees>},
    {"stubs_64", take_of_model<&ModelRow::stubs_64>},
    {"stepping_overlays", take_of_model<&ModelRow::stepping_overlays>},
    {"made_names", take_of_model<&ModelRow::made_names>},
    {"assumed", take_of_model<&ModelRow::assumed>},
};

// What a row must have, in the end.
void check_firmware_model(const ModelRow& row, Findings& findings) {
  const bool wide = row.arm_64bit != Arm64::never, narrow = row.arm_64bit != Arm64::always;
  const bool has_start =
      row.loader == FirmwareLoader::eeprom || (row.start.contains("usual") && row.fixup.contains("usual"));
  const std::pair<const char*, bool> needed[] = {{"platform", !row.platform.empty()},
                                                 {"tables", !row.tables.empty()},
                                                 {"start", has_start},
                                                 {"filters", !row.filters.empty()},
                                                 {"kernels", !narrow || !row.kernels.empty()},
                                                 {"kernels_64", !wide || !row.kernels_64.empty()},
                                                 {"device_trees", !row.device_trees.empty()}};
  for (const auto& [key, there] : needed)
    if (!there && !row.origin.is_wrong(key))
      findings.errors.push_back(
          {.what = fmt::format("'{}' is missing in [[firmware_model]] '{}'", key, row.id), .where = row.origin.pos});
  for (const std::string& key : row.assumed)
    if (std::none_of(std::begin(kTakenOfModel), std::end(kTakenOfModel),
                     [&](const auto& one) { return key == one.first; }))
      findings.errors.push_back({.what = fmt::format("'{}' is no key of [[firmware_model]] that can be assumed", key),
                                 .where = row.origin.pos});
}

}  // namespace

void make_firmware_models_whole(std::vector<ModelRow>& rows, Findings& findings) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ModelRow& row = rows[i];
    const auto end = rows.begin() + static_cast<std::ptrdiff_t>(i);
    const auto from = std::find_if(rows.begin(), end, [&](const ModelRow& other) { return other.id == row.like; });
    if (!row.like.empty() && from == end) {
      std::vector<std::string> known;
      for (auto other = rows.begin(); other != end; ++other) known.push_back(other->id);
      findings.errors.push_back({.what = fmt::format("'{}' is no [[firmware_model]] before this one", row.like),
                                 .where = row.like_pos,
                                 .hint = did_you_mean(row.like, known)});
      continue;
    }
    for (const auto& [key, take_key] : kTakenOfModel)
      if (!row.like.empty() && !row.given.contains(key)) take_key(*from, row);
    check_firmware_model(row, findings);
  }
}

const Schema<ModelRow>& firmware_model_schema() {
  static const std::vector<std::string> tables{"mbr", "gpt"}, filters{"EDID", "HDMI"};
  static const Schema<ModelRow> schema =
      Schema<ModelRow>("[[firmware_model]]")
          .required("id", &ModelRow::id)
          .required("name", &ModelRow::name)
          .optional("like", read_model_like)
          .optional("soc", &ModelRow::soc)
          .optional("platform", &ModelRow::platform)
          .optional("loader", word<ModelRow, FirmwareLoader>(
                                  &ModelRow::loader, {{firmware_loader_names()[0], FirmwareLoader::bootcode},
                                                      {firmware_loader_names()[1], FirmwareLoader::eeprom_start},
                                                      {firmware_loader_names()[2], FirmwareLoader::eeprom}}))
          .optional("start", firmware_files(&ModelRow::start))
          .optional("fixup", firmware_files(&ModelRow::fixup))
          .optional("tables", known_words(&ModelRow::tables, tables))
          .optional("partition_types", numbers(&ModelRow::partition_types))
          .optional("first_fat_only", &ModelRow::first_fat_only)
          .optional("filters", &ModelRow::filters)
          .optional("board_types", numbers(&ModelRow::board_types))
          .optional("no_filters", known_words(&ModelRow::no_filters, filters))
          .optional("variables", &ModelRow::variables)
          .optional("arm_64bit",
                    word<ModelRow, Arm64>(
                        &ModelRow::arm_64bit,
                        {{"never", Arm64::never}, {"off", Arm64::off}, {"on", Arm64::on}, {"always", Arm64::always}}))
          .optional("kernels", &ModelRow::kernels)
          .optional("kernels_64", &ModelRow::kernels_64)
          .optional("kernel_address", &ModelRow::kernel_address)
          .optional("kernel_address_64", &ModelRow::kernel_address_64)
          .optional("device_trees", &ModelRow::device_trees)
          .optional("upstream_trees", &ModelRow::upstream_trees)
          .optional("stubs_64", &ModelRow::stubs_64)
          .optional("stepping_overlays", &ModelRow::stepping_overlays)
          .optional("made_names", &ModelRow::made_names)
          .optional("assumed", &ModelRow::assumed)
          .required("source", &ModelRow::reference)
          .optional("override", read_override<ModelRow>);
  return schema;
}

const Schema<FirmwareOverlayRow>& firmware_overlay_schema() {
  using Row = FirmwareOverlayRow;
  static const Schema<Row> schema = Schema<Row>("[[firmware_overlay]]")
      .required("name", &Row::name)
      .optional("params", &Row::params)
      .optional("on", &Row::on)
      .optional("instead", &Row::instead)
      .optional("renamed", &Row::renamed)
      .optional("deprecated", &Row::deprecated)
      .optional("override", read_override<Row>);
  return schema;
}

const Schema<FirmwareTreeRow>& firmware_tree_schema() {
  static const Schema<FirmwareTreeRow> schema = Schema<FirmwareTreeRow>("[[firmware_tree]]")
      .required("name", &FirmwareTreeRow::name)
      .required("params", &FirmwareTreeRow::params)
      .optional("override", read_override<FirmwareTreeRow>);
  return schema;
}

const Schema<FirmwareSettingRow>& firmware_setting_schema() {
  using Row = FirmwareSettingRow;
  static const Schema<Row> schema =
      Schema<Row>("[[firmware_setting]]")
          .required("name", &Row::name)
          .required("kind", word<Row, SettingKind>(&Row::kind, {{"flag", SettingKind::flag},
                                                                {"number", SettingKind::number},
                                                                {"text", SettingKind::text},
                                                                {"directive", SettingKind::directive}}))
          .optional("early", &Row::early)
          .optional("of", known_words(&Row::loaders, firmware_loader_names()))
          .optional("same_as", &Row::same_as)
          .optional("instead", &Row::instead)
          .required("source", &Row::reference)
          .optional("override", read_override<Row>);
  return schema;
}

}  // namespace swage
