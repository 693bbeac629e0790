// Words that tables may say: sets that are closed, and reading what must be of one.
#pragma once

#include <algorithm>

#include "catalog/schema.hpp"

namespace swage {

// The variables that conditions and requirements may name beside C libraries (c_libraries.toml): those of a toolchain,
// and those of the root that a build runs in.
const std::vector<std::string>& toolchain_variables();
const std::vector<std::string>& host_tools();

// Reports a word that is none of them.
void check_word(const FieldInput& in, const std::string& word, const std::vector<std::string>& known);
void read_known_words(const FieldInput& in, std::vector<std::string>& out, const std::vector<std::string>& known);
// The same with words that each may have `!` before them.
void read_closed_words(const FieldInput& in, std::vector<std::string>& out, const std::vector<std::string>& known);

// Words of which each may have `!` before it, and that `check` sees without it.
template <class Check>
void read_negatable(const FieldInput& in, std::vector<std::string>& out, const Check& check) {
  read_field(in, out);
  for (const TomlValue& item : in.value.items)
    if (item.kind == TomlValue::Kind::string)
      check(in.with(item, in.name), item.text.starts_with('!') ? item.text.substr(1) : item.text);
}

// Reports keys of a table that are none of them.
template <class Value>
void check_names(const FieldInput& in, const std::map<std::string, Value>& values,
                 const std::vector<std::string>& known) {
  for (const auto& [name, value] : values) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    report_unknown_word(in.with(in.value, in.name), name, known);
    in.findings.errors.back().where = in.document.pos(in.value.find(name)->key_span);
  }
}

// `gcc = { arch = "armv5te", float = "soft" }`: each is a --with-KEY=VALUE of the configure script of GCC.
void read_gcc_options(const FieldInput& in, std::map<std::string, std::string>& out);

}  // namespace swage
