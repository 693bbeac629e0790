// The kinds of texts that rows of boards and images hold. Such texts end up in lines of files and lists of scripts, in
// commands and in names of files, so each field says of which kind it is, and what is none is refused where it stands.
#pragma once

#include "catalog/image_rows.hpp"
#include "catalog/tables/readers.hpp"

namespace swage {

// "" the text is one of the kind, or what is wrong. `key` is what the field is called. What a row can be without may be
// an empty text, by which a layer takes it away.
using TextKind = std::string (*)(std::string_view key, const std::string& text);

std::string as_line(std::string_view key, const std::string& text);        // of a file: no control characters
std::string as_name(std::string_view key, const std::string& text);        // of a row, and a part of images' names
std::string as_emulator(std::string_view key, const std::string& text);    // qemu-system-aarch64, or ""
std::string as_suffix(std::string_view key, const std::string& text);      // of such a name
std::string as_tty(std::string_view key, const std::string& text);         // ttyAMA0, or ""
std::string as_tty_of_image(std::string_view key, const std::string& text);   // or @console@, or ""
std::string as_module(std::string_view key, const std::string& text);      // of a kernel
std::string as_defconfig(std::string_view key, const std::string& text);
std::string as_node(std::string_view key, const std::string& text);        // of a device tree; a shell pattern
std::string as_dtb(std::string_view key, const std::string& text);         // its place below others, or ""
std::string as_file_of_root(std::string_view key, const std::string& text);   // a shell pattern
std::string as_file_of_package(std::string_view key, const std::string& text);
std::string as_file_on_card(std::string_view key, const std::string& text);   // in a FAT file system
std::string as_file(std::string_view key, const std::string& text);        // in the root file system of an image
std::string as_mode(std::string_view key, const std::string& text);        // of such a file: 0600
std::string as_place(std::string_view key, const std::string& text);       // likewise; a directory where it ends with /
std::string as_home(std::string_view key, const std::string& text);
std::string as_program(std::string_view key, const std::string& text);     // with its whole path
std::string as_param(std::string_view key, const std::string& text);       // of a device tree: NAME or NAME=VALUE
std::string as_commit(std::string_view key, const std::string& text);
std::string as_password(std::string_view key, const std::string& text);    // its hash, as crypt(3) has it
std::string as_ssh_key(std::string_view key, const std::string& text);     // a line of authorized_keys
std::string as_password_pattern(std::string_view key, const std::string& text);   // grep's, with \(..\), or ""
std::string as_label(std::string_view key, const std::string& text);       // of a file system

void read_kind(const FieldInput& in, std::string& out, TextKind kind);
void read_kind(const FieldInput& in, std::vector<std::string>& out, TextKind kind);   // each item
void read_kind(const FieldInput& in, NameAt& out, TextKind kind);
void read_kind(const FieldInput& in, std::vector<NameAt>& out, TextKind kind);
// Keys of a table, and its values.
void read_kinds(const FieldInput& in, std::map<std::string, std::string>& out, TextKind keys, TextKind values);
void check_kind_of_keys(const FieldInput& in, TextKind kind);

template <class Row, class T>
typename Schema<Row>::Reader text(T Row::*member, TextKind kind) {
  return [member, kind](const FieldInput& in, Row& row) { read_kind(in, row.*member, kind); };
}
template <class Row, class T>
typename Schema<Row>::Reader line(T Row::*member) {
  return text(member, as_line);
}
template <class Row>
typename Schema<Row>::Reader kinds(std::map<std::string, std::string> Row::*member, TextKind keys, TextKind values) {
  return [member, keys, values](const FieldInput& in, Row& row) { read_kinds(in, row.*member, keys, values); };
}

}  // namespace swage
