// What config.txt is made of, and what boards can have besides.
#include "catalog/tables/image_readers.hpp"

namespace swage {

namespace {

void read_config_options(const FieldInput& in, ConfigSection& section) {
  section.options.clear();
  if (!in.is(TomlValue::Kind::table)) return;
  for (const TomlEntry& entry : in.value.entries) {
    const TomlValue& value = entry.value;
    ConfigOption line{.key = entry.key, .pos = in.document.pos(value.span)};
    line.is_boolean = value.kind == TomlValue::Kind::boolean;
    line.is_number = value.kind == TomlValue::Kind::integer;
    if (line.is_boolean) line.value = value.number ? "true" : "false";
    else if (line.is_number) line.value = std::to_string(value.number);
    else read_kind(in.with(value, entry.key), line.value, as_line);
    section.options.push_back(std::move(line));
  }
}

const Schema<OverlayUse>& overlay_use_schema() {
  static const Schema<OverlayUse> schema = Schema<OverlayUse>("an overlay")
      .required("name", line(&OverlayUse::name))
      .optional("params", text(&OverlayUse::params, as_param));
  return schema;
}

void read_overlay_uses(const FieldInput& in, ConfigSection& section) {
  section.overlays.clear();
  if (!in.is(TomlValue::Kind::array)) return;
  for (const TomlValue& item : in.value.items) {
    OverlayUse use{.pos = in.document.pos(item.span)};
    if (item.kind == TomlValue::Kind::string) use.name = item.text;
    else if (in.with(item, in.name).is(TomlValue::Kind::table))
      overlay_use_schema().read(in.document, item, use, Presence::whole, in.findings);
    else continue;
    if (const TomlEntry* name = item.find("name")) use.pos = in.document.pos(name->value.span);
    section.overlays.push_back(std::move(use));
  }
}

}  // namespace

void read_config_section(const FieldInput& in, ConfigSection& section) {
  static const Schema<ConfigSection> schema = Schema<ConfigSection>("[[config]]")
      .optional("when", names_at(&ConfigSection::filters))
      .optional("options", read_config_options)
      .optional("params", text(&ConfigSection::params, as_param))
      .optional("overlays", read_overlay_uses);
  if (in.is(TomlValue::Kind::table)) schema.read(in.document, in.value, section, Presence::whole, in.findings);
}

const Schema<AdditionRow>& addition_schema() {
  static const Schema<AdditionRow> schema = Schema<AdditionRow>("[[addition]]")
      .required("name", text(&AdditionRow::name, as_name))
      .required("summary", line(&AdditionRow::summary))
      .required("boards", names_at(&AdditionRow::boards))
      .optional("config", config_sections(&AdditionRow::config))
      .optional("files", text_files(&AdditionRow::files))
      .optional("drivers", text(&AdditionRow::drivers, as_module))
      .optional("values", kinds(&AdditionRow::values, as_name, as_line))
      .optional("boot_order", [](const FieldInput& in, AdditionRow& row) {
        read_field(in, row.boot_order);
        for (const TomlValue& item : in.value.items)
          if (item.kind == TomlValue::Kind::string && !boot_mode(item.text))
            report_unknown_word(in.with(item, in.name), item.text, boot_mode_names());
        if (row.boot_order.size() > 8) in.report({.what = "an EEPROM tries 8 modes at most"});
      })
      .optional("limits", line(&AdditionRow::limits))
      .optional("override", read_override<AdditionRow>);
  return schema;
}

}  // namespace swage
