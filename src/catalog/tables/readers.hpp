// What the schemas of several tables read in the same way. Each table's schema is in the file of its name.
#pragma once

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "base/visible.hpp"
#include "catalog/closed_sets.hpp"
#include "catalog/rows.hpp"

namespace swage {

using Words = std::vector<std::pair<std::string, std::string>>;   // what a table says, and the value
Words same_words(std::vector<std::string> words);
Words confidence_words();

void read_urls(const FieldInput& in, std::vector<std::string>& urls);   // of downloads: nobody's password
void read_url(const FieldInput& in, std::string& url);
void read_debian(const FieldInput& in, SourceSpec& source);             // debian = { suite = "...", package = "...",
                                                                        // series = "7.2" }
const Schema<SourceSpec>& source_schema();                              // [source]
void read_words(const FieldInput& in, std::vector<std::string>& words); // of a command line that is split at white
                                                                        // space
void read_conditions(const FieldInput& in, Conditions& row);            // when = { ... }

// The key every row may have; load.cpp acts on it.
template <class Row>
void read_override(const FieldInput& in, Row&) {
  in.is(TomlValue::Kind::boolean);
}

template <class Row, class T>
typename Schema<Row>::Reader reference(T Row::*member, NameOf kind) {
  return [member, kind](const FieldInput& in, Row& row) {
    read_field(in, row.*member);
    in.refer(kind);
  };
}

// What a row is called in messages, names of files and on the command line: one word.
void read_id(const FieldInput& in, std::string& out);
template <class Row>
typename Schema<Row>::Reader id(std::string Row::*member) {
  return [member](const FieldInput& in, Row& row) { read_id(in, row.*member); };
}

// Where something is below a tree: neither absolute nor with `..`, no white space.
void read_place(const FieldInput& in, std::string& out);
template <class Row>
typename Schema<Row>::Reader place(std::string Row::*member) {
  return [member](const FieldInput& in, Row& row) { read_place(in, row.*member); };
}

// An expression of SPDX, or words of that kind: it is shown, and compared by people.
void read_license(const FieldInput& in, std::string& out);
template <class Row>
typename Schema<Row>::Reader license(std::string Row::*member) {
  return [member](const FieldInput& in, Row& row) { read_license(in, row.*member); };
}

template <class Row>
typename Schema<Row>::Reader date(std::string Row::*member) {
  return [member](const FieldInput& in, Row& row) { read_date(in, row.*member); };
}

template <class Row, class Enum>
typename Schema<Row>::Reader word(Enum Row::*member, std::vector<std::pair<std::string, Enum>> words) {
  return [member, words = std::move(words)](const FieldInput& in, Row& row) { read_word(in, words, row.*member); };
}

// An integer of a closed set.
template <class Row>
typename Schema<Row>::Reader one_of(int Row::*member, std::vector<int> values) {
  return [member, values = std::move(values)](const FieldInput& in, Row& row) {
    const std::size_t before = in.findings.errors.size();
    read_field(in, row.*member);
    if (in.findings.errors.size() != before || std::find(values.begin(), values.end(), row.*member) != values.end())
      return;
    std::vector<std::string> known;
    for (const int value : values) known.push_back(std::to_string(value));
    in.report({.what = fmt::format("'{}' is none of {}: {}", in.name, join(known, ", "), row.*member)});
  };
}

// Rows that are a download or a source themselves have its keys among their own.
template <class Row>
Schema<Row> with_download(Schema<Row> schema) {
  return std::move(schema)
      .optional("urls", [](const FieldInput& in, Row& row) { read_urls(in, row.source.urls); })
      .optional("sha256", [](const FieldInput& in, Row& row) { read_sha256(in, row.source.sha256); })
      .optional("size", [](const FieldInput& in, Row& row) { read_field(in, row.source.size); });
}

template <class Row>
Schema<Row> with_source(Schema<Row> schema) {
  return with_download(std::move(schema)).optional("debian", [](const FieldInput& in, Row& row) {
    read_debian(in, row.source);
  });
}

template <class Row>
void read_config(const FieldInput& in, Row& row) {
  read_field(in, row.config);
  for (const TomlValue& item : in.value.items)
    if (item.kind == TomlValue::Kind::string &&
        (!item.text.starts_with("CONFIG_") || item.text.find('=') == std::string::npos ||
         item.text.find('\n') != std::string::npos))
      in.with(item, in.name).report(
          {.what = fmt::format("'{}' is not a line CONFIG_NAME=value", visible_line(item.text))});
}

template <class Row>
typename Schema<Row>::Reader words(std::vector<std::string> Row::*member) {
  return [member](const FieldInput& in, Row& row) { read_words(in, row.*member); };
}

template <class Row>
typename Schema<Row>::Reader section(const Schema<Row>& schema) {
  return [&schema](const FieldInput& in, Row& row) {
    if (in.is(TomlValue::Kind::table)) schema.read(in.document, in.value, row, in.presence, in.findings);
  };
}

}  // namespace swage
