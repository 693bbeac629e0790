// toml++ 3.3 asserts what malformed input can break (`[` at the end of a line), and with NDEBUG and clang it lets the
// compiler assume it. Each such place also has a branch that reports the error: without the assertions it is taken.
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include "catalog/toml.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <toml++/toml.h>

namespace swage {
namespace {

TomlSpan span_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column, region.end.line, region.end.column};
}

TomlValue convert(const toml::node& node) {
  TomlValue value;
  value.span = span_of(node.source());
  if (const auto* text = node.as_string()) {
    value.kind = TomlValue::Kind::string;
    value.text = text->get();
  } else if (const auto* number = node.as_integer()) {
    value.kind = TomlValue::Kind::integer;
    value.number = number->get();
  } else if (const auto* flag = node.as_boolean()) {
    value.kind = TomlValue::Kind::boolean;
    value.number = flag->get() ? 1 : 0;
  } else if (const auto* array = node.as_array()) {
    value.kind = TomlValue::Kind::array;
    value.items.reserve(array->size());
    for (const toml::node& item : *array) value.items.push_back(convert(item));
  } else if (const auto* table = node.as_table()) {
    value.kind = TomlValue::Kind::table;
    value.entries.reserve(table->size());
    for (auto&& [key, item] : *table)
      value.entries.push_back({std::string(key.str()), span_of(key.source()), convert(item)});
  } else {
    value.kind = TomlValue::Kind::other;
  }
  return value;
}

// The byte column of a code point column.
std::size_t byte_column(std::string_view line, std::uint32_t column) {
  std::size_t at = 0;
  for (std::uint32_t seen = 1; at < line.size() && seen < column; ++seen)
    do ++at;
    while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80);
  return at + 1;
}

// Where a name that the parser refuses as a redefinition was defined first: the text above the second place parses, and
// there the first definition is the innermost entry of that name.
const TomlEntry* last_entry_named(const TomlValue& value, std::string_view key) {
  const TomlEntry* found = nullptr;
  const auto later = [](const TomlEntry* a, const TomlEntry* b) {
    return !a || (b && std::pair(b->key_span.line, b->key_span.column) > std::pair(a->key_span.line, a->key_span.column)) ? b : a;
  };
  for (const TomlEntry& entry : value.entries) {
    if (entry.key == key) found = later(found, &entry);
    found = later(found, last_entry_named(entry.value, key));
  }
  for (const TomlValue& item : value.items) found = later(found, last_entry_named(item, key));
  return found;
}

// "cannot redefine existing integer 'a.b'" names the key; its last part is what stands in the table.
std::string redefined_key(std::string_view description) {
  constexpr std::string_view marker = "cannot redefine existing ";
  const auto at = description.find(marker);
  if (at == std::string_view::npos) return {};
  const auto open = description.find('\'', at);
  const auto close = description.find('\'', open + 1);
  if (open == std::string_view::npos || close == std::string_view::npos) return {};
  const std::string_view path = description.substr(open + 1, close - open - 1);
  return std::string(path.substr(path.rfind('.') + 1));
}

Error twice_defined(const TomlDocument& document, const std::string& key, const TomlSpan& span) {
  const std::string_view line = document.line(span.line);
  const std::size_t column = std::min(byte_column(line, span.column), line.size() + 1) - 1;
  // The parser points at the value: carets belong under the key, which is the last place of that name before it.
  std::size_t at = line.substr(0, column + 1).rfind(key);
  if (at == std::string_view::npos) at = std::min(line.find(key), column);
  Error error{.what = fmt::format("'{}' is defined twice", key)};
  error.where = SourcePos{document.path, span.line, static_cast<unsigned>(at + 1), static_cast<unsigned>(key.size()), std::string(line)};
  const std::string above = document.text.substr(0, document.line_starts[span.line - 1]);
  std::uint32_t first_line = 0;
  std::size_t first_column = 0;
  if (const toml::parse_result before = toml::parse(std::string_view(above), std::string_view(document.path))) {
    const TomlValue tree = convert(before.table());
    if (const TomlEntry* first = last_entry_named(tree, key)) {
      first_line = first->key_span.line;
      first_column = byte_column(document.line(first_line), first->key_span.column);
    }
  }
  if (first_line == 0) {  // on the same line: an inline table
    first_line = span.line;
    first_column = std::min(line.find(key), at) + 1;
  }
  error.notes.push_back(fmt::format("first defined at {}:{}:{}", document.path, first_line, first_column));
  return error;
}

// "Error while parsing string: unknown escape sequence '\q'" -> "unknown escape sequence '\q'"
Error not_toml(const TomlDocument& document, std::string_view description, const TomlSpan& span) {
  if (const std::string key = redefined_key(description); !key.empty() && !document.line(span.line).empty()) return twice_defined(document, key, span);
  if (const auto colon = description.find(": "); description.starts_with("Error while") && colon != std::string_view::npos)
    description.remove_prefix(colon + 2);
  std::string reason(description);
  if (!reason.empty() && reason.front() >= 'A' && reason.front() <= 'Z') reason.front() = static_cast<char>(reason.front() - 'A' + 'a');
  return Error{.what = fmt::format("'{}' is not TOML: {}", document.path, reason), .where = document.pos(span)};
}

// TOML forbids control characters; toml++ 3.3 does not notice each of them.
std::optional<Error> control_character(const TomlDocument& document) {
  const auto forbidden = [](char c) { return (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 127; };
  const auto at = std::find_if(document.text.begin(), document.text.end(), forbidden);
  if (at == document.text.end()) return {};
  const auto offset = static_cast<std::uint32_t>(at - document.text.begin());
  const auto next = std::upper_bound(document.line_starts.begin(), document.line_starts.end(), offset);
  const auto line = static_cast<unsigned>(next - document.line_starts.begin());
  Error error{.what = fmt::format("'{}' is not TOML: it has the control character U+{:04X}", document.path, static_cast<unsigned>(*at))};
  error.where = SourcePos{document.path, line, offset - *(next - 1) + 1, 1, std::string(document.line(line))};
  return error;
}

}  // namespace

const TomlEntry* TomlValue::find(std::string_view key) const {
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const TomlEntry& entry) { return entry.key == key; });
  return at == entries.end() ? nullptr : &*at;
}

std::string_view toml_kind_name(TomlValue::Kind kind) {
  switch (kind) {
    case TomlValue::Kind::string: return "a string";
    case TomlValue::Kind::integer: return "an integer";
    case TomlValue::Kind::boolean: return "a boolean";
    case TomlValue::Kind::array: return "an array";
    case TomlValue::Kind::table: return "a table";
    case TomlValue::Kind::other: break;
  }
  return "a float, date or time";
}

std::string_view TomlDocument::line(std::uint32_t number) const {
  if (number == 0 || number > line_starts.size()) return {};
  std::string_view rest = std::string_view(text).substr(line_starts[number - 1]);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

SourcePos TomlDocument::pos(const TomlSpan& span) const {
  const std::string_view text_line = line(span.line);
  const std::size_t begin = byte_column(text_line, span.column);
  const std::size_t end = span.end_line == span.line ? byte_column(text_line, span.end_column) : text_line.size() + 1;
  return {path, span.line, static_cast<unsigned>(begin), static_cast<unsigned>(end > begin ? end - begin : 1), std::string(text_line)};
}

SourcePos TomlDocument::pos_inside(const TomlValue& value, std::size_t offset, std::size_t length) const {
  SourcePos whole = pos(value.span);
  const std::size_t first = whole.column;  // past the opening quote, counting from 0
  if (first + value.text.size() > whole.line_text.size() || whole.line_text.compare(first, value.text.size(), value.text) != 0)
    return whole;
  whole.column = static_cast<unsigned>(first + offset + 1);
  whole.length = static_cast<unsigned>(length ? length : 1);
  return whole;
}

Result<TomlDocument> parse_toml(std::string text, std::string path) {
  TomlDocument document{.path = std::move(path), .text = std::move(text)};
  document.line_starts.push_back(0);
  for (std::size_t at = 0; (at = document.text.find('\n', at)) != std::string::npos;)
    document.line_starts.push_back(static_cast<std::uint32_t>(++at));
  if (auto error = control_character(document)) return Fail(std::move(*error));
  const toml::parse_result parsed = toml::parse(std::string_view(document.text), std::string_view(document.path));
  if (!parsed) return Fail(not_toml(document, parsed.error().description(), span_of(parsed.error().source())));
  document.root = convert(parsed.table());
  return document;
}

}  // namespace swage
