// What the tables of boards and images read in the same way.
#pragma once

#include "catalog/image_rows.hpp"
#include "catalog/tables/readers.hpp"

namespace swage {

// A name that is looked up when all tables of images are read.
template <class Row>
typename Schema<Row>::Reader name_at(NameAt Row::*member) {
  return [member](const FieldInput& in, Row& row) {
    read_field(in, (row.*member).text);
    (row.*member).pos = in.document.pos(in.value.span);
  };
}

template <class Row>
typename Schema<Row>::Reader names_at(std::vector<NameAt> Row::*member) {
  return [member](const FieldInput& in, Row& row) {
    (row.*member).clear();
    std::vector<std::string> names;
    read_field(in, names);
    for (const TomlValue& item : in.value.items)
      if (item.kind == TomlValue::Kind::string) (row.*member).push_back({item.text, in.document.pos(item.span)});
  };
}

// { root = "u-boot-qemu", file = "usr/lib/...", and `more`: to, offset or as }
void read_root_file(const FieldInput& in, RootFile& file, std::string_view more);
template <class Row>
typename Schema<Row>::Reader root_files(std::vector<RootFile> Row::*member, std::string_view more) {
  return [member, more](const FieldInput& in, Row& row) {
    (row.*member).clear();
    if (!in.is(TomlValue::Kind::array)) return;
    for (const TomlValue& item : in.value.items)
      read_root_file(in.with(item, in.name), (row.*member).emplace_back(), more);
  };
}
// [[....config]]: when, options, params and overlays
void read_config_section(const FieldInput& in, ConfigSection& section);
template <class Row>
typename Schema<Row>::Reader config_sections(std::vector<ConfigSection> Row::*member) {
  return [member](const FieldInput& in, Row& row) {
    (row.*member).clear();
    if (!in.is(TomlValue::Kind::array)) return;
    for (const TomlValue& item : in.value.items)
      read_config_section(in.with(item, in.name), (row.*member).emplace_back());
  };
}
void read_bytes(const FieldInput& in, std::uint64_t& bytes);   // "8K"
void read_load_addresses(const FieldInput& in, std::map<std::string, std::string>& load);
bool is_commit(std::string_view text);

}  // namespace swage
