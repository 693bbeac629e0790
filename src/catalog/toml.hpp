// A TOML document as a plain tree that remembers where everything stands. The parser is toml++; it stays in toml.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace swage {

// Lines and columns count from 1, columns in code points, as the parser gives them; the end is exclusive.
struct TomlSpan {
  std::uint32_t line = 0, column = 0, end_line = 0, end_column = 0;
};

struct TomlEntry;

struct TomlValue {
  enum class Kind { string, integer, boolean, array, table, other };  // other: floats, dates and times
  Kind kind = Kind::table;
  std::string text{};                  // string
  std::int64_t number = 0;             // integer; boolean: 0 or 1
  std::vector<TomlValue> items;        // array
  std::vector<TomlEntry> entries;      // table, sorted by key
  TomlSpan span{};                     // of a [table] or [[row]]: its header

  const TomlEntry* find(std::string_view key) const;
};
std::string_view toml_kind_name(TomlValue::Kind kind);  // "a string", "an array", ...

struct TomlEntry {
  std::string key;
  TomlSpan key_span{};
  TomlValue value;
};

struct TomlDocument {
  std::string path{};
  std::string text{};
  TomlValue root{};
  std::vector<std::uint32_t> line_starts{};   // offsets into `text`

  // For errors: the columns in bytes and the line itself.
  SourcePos pos(const TomlSpan& span) const;
  // The bytes [offset, offset + length) of a string value; the whole value where escapes make that impossible.
  SourcePos pos_inside(const TomlValue& value, std::size_t offset, std::size_t length) const;
  std::string_view line(std::uint32_t number) const;   // without its end; "" past the last one
};

inline constexpr std::uint64_t kLargestTable = 64'000'000;   // bytes of a file of tables
inline constexpr unsigned kDeepest = 64;                     // levels of tables, arrays and parts of dotted keys in
                                                             // each other

// `path` is only for positions. What is deeper than kDeepest is an error: readers of trees are recursive. Ctrl-C ends a
// long document with Errc::interrupted. A key or table that is defined twice is an error that names both places. No
// algorithm of our own: toml++ 3.3 with exceptions off. Errors: Errc::invalid_input with a position.
Result<TomlDocument> parse_toml(std::string text, std::string path);

// The text as a basic string. A console may print anything: what is no UTF-8 becomes the replacement character.
std::string toml_string(std::string_view text);

}  // namespace swage
