// What the tables of boards and images read in the same way.
#pragma once

#include "catalog/tables/text_kinds.hpp"

namespace swage {

// A name that is looked up when all tables of images are read.
template <class Row>
typename Schema<Row>::Reader name_at(NameAt Row::*member) {
  return line(member);
}
template <class Row>
typename Schema<Row>::Reader names_at(std::vector<NameAt> Row::*member) {
  return line(member);
}

// What files of a root are: { root = "u-boot-qemu", file = "usr/lib/..." } and what is said of them besides.
enum class RootFileUse {
  card,      // `to`, in the boot file system
  root,      // `to`, in the root file system; a directory where it ends with /
  blob,      // `offset`
  machine    // `as`
};
void read_root_file(const FieldInput& in, RootFile& file, RootFileUse use);
template <class Row>
typename Schema<Row>::Reader root_files(std::vector<RootFile> Row::*member, RootFileUse use) {
  return [member, use](const FieldInput& in, Row& row) {
    (row.*member).clear();
    if (!in.is(TomlValue::Kind::array)) return;
    for (const TomlValue& item : in.value.items)
      read_root_file(in.with(item, in.name), (row.*member).emplace_back(), use);
  };
}
// PATH = TEXT, or PATH = { text = TEXT, mode = "0600" }
void read_text_files(const FieldInput& in, std::map<std::string, TextFile>& files);
template <class Row>
typename Schema<Row>::Reader text_files(std::map<std::string, TextFile> Row::*member) {
  return [member](const FieldInput& in, Row& row) { read_text_files(in, row.*member); };
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
// "8K"; `unit`: what it is a multiple of.
void read_bytes(const FieldInput& in, std::uint64_t& bytes, std::uint64_t unit = 1);
void read_load_addresses(const FieldInput& in, std::map<std::string, std::string>& load);

}  // namespace swage
