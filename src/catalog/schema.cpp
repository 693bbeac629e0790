#include "catalog/schema.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <limits>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "base/visible.hpp"
#include "store/store_path.hpp"

namespace swage {
namespace {

template <class Number>
void read_number(const FieldInput& in, Number& out) {
  if (!in.is(TomlValue::Kind::integer)) return;
  const std::int64_t number = in.value.number;
  constexpr auto top = static_cast<std::uint64_t>(std::numeric_limits<Number>::max());
  const bool negative_ok = std::numeric_limits<Number>::is_signed;
  if ((number < 0 && (!negative_ok || number < static_cast<std::int64_t>(std::numeric_limits<int>::min()))) ||
      (number > 0 && static_cast<std::uint64_t>(number) > top)) {
    in.report({.what = fmt::format("'{}' is out of range: {}", in.name, number)});
    return;
  }
  out = static_cast<Number>(number);
}

// For types that parse from text and whose errors name the text.
template <class T>
void read_parsed(const FieldInput& in, T& out) {
  if (!in.is(TomlValue::Kind::string)) return;
  if (auto value = T::parse(in.value.text))
    out = std::move(*value);
  else
    in.report(std::move(value).error());
}


}  // namespace

void FieldInput::report(Error error) const {
  if (!error.where) error.where = document.pos(value.span);
  findings.errors.push_back(std::move(error));
}

bool FieldInput::is(TomlValue::Kind kind) const {
  if (value.kind == kind) return true;
  report({.what = fmt::format("'{}' is {}, not {}", name, toml_kind_name(value.kind), toml_kind_name(kind))});
  return false;
}

// What no table has reason to say, and what would show as something else (visible.hpp). Plain text, nearly all of it,
// is seen at a glance.
void check_text(const FieldInput& in) {
  const std::string& text = in.value.text;
  const auto plain = [](unsigned char c) { return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t'; };
  if (in.findings.of_logs || std::all_of(text.begin(), text.end(), plain)) return;
  const std::string shown = visible(text);
  if (shown != text)
    in.report({.what = fmt::format("'{}' has characters that do not show: {}", in.name, shown.substr(0, 100))});
}

void read_field(const FieldInput& in, std::string& out) {
  if (!in.is(TomlValue::Kind::string)) return;
  check_text(in);
  out = in.value.text;
}
void read_field(const FieldInput& in, bool& out) {
  if (in.is(TomlValue::Kind::boolean)) out = in.value.number != 0;
}
void read_field(const FieldInput& in, int& out) { read_number(in, out); }
void read_field(const FieldInput& in, unsigned& out) { read_number(in, out); }
void read_field(const FieldInput& in, std::uint64_t& out) { read_number(in, out); }
void read_field(const FieldInput& in, Version& out) { read_parsed(in, out); }
void read_field(const FieldInput& in, std::optional<Version>& out) {
  read_parsed(in, out.emplace(*Version::parse("0")));
}
void read_field(const FieldInput& in, Triple& out) { read_parsed(in, out); }

void read_field(const FieldInput& in, VersionRange& out) {
  if (!in.is(TomlValue::Kind::string)) return;
  TextSpan bad;
  auto range = VersionRange::parse(in.value.text, &bad);
  if (range) {
    out = std::move(*range);
    return;
  }
  Error error = std::move(range).error();
  error.where = in.document.pos_inside(in.value, bad.offset, bad.length);
  in.report(std::move(error));
}

void read_field(const FieldInput& in, std::vector<std::string>& out) {
  if (!in.is(TomlValue::Kind::array)) return;
  out.clear();
  for (const TomlValue& item : in.value.items) {
    std::string text;
    read_field(in.with(item, fmt::format("{}[{}]", in.name, out.size())), text);
    out.push_back(std::move(text));
  }
}

void read_field(const FieldInput& in, std::map<std::string, std::string>& out) {
  if (!in.is(TomlValue::Kind::table)) return;
  out.clear();
  for (const TomlEntry& entry : in.value.entries) read_field(in.with(entry.value, entry.key), out[entry.key]);
}

void read_field(const FieldInput& in, std::map<std::string, VersionRange>& out) {
  if (!in.is(TomlValue::Kind::table)) return;
  out.clear();
  for (const TomlEntry& entry : in.value.entries)
    read_field(in.with(entry.value, entry.key), out.try_emplace(entry.key, VersionRange::any()).first->second);
}

namespace {

bool is_lower_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

}  // namespace

void read_drv(const FieldInput& in, std::string& out) {
  if (!in.is(TomlValue::Kind::string)) return;
  out = in.value.text;
  const Result<StorePath> path = StorePath::parse(out);
  if (!path || !path->is_derivation())
    in.report({.what = fmt::format("'{}' is not a derivation: it is not {}/HASH-NAME.drv", out, kStoreDir)});
}

void read_lock_name(const FieldInput& in, std::string& out) {
  if (!in.is(TomlValue::Kind::string)) return;
  out = in.value.text;
  constexpr std::string_view end = ".lock";
  const std::string_view text = out;
  const bool ok = text.size() == 10 + 1 + 8 + end.size() && is_calendar_date(text.substr(0, 10)) && text[10] == '-' &&
                  text.ends_with(end) && std::all_of(text.begin() + 11, text.begin() + 19, is_lower_hex_digit);
  if (!ok) in.report({.what = fmt::format("'{}' is not a lock file of records: it is not YYYY-MM-DD-HEX.lock", out)});
}

void read_date(const FieldInput& in, std::string& out) {
  if (!in.is(TomlValue::Kind::string)) return;
  const std::string& text = in.value.text;
  if (is_calendar_date(text))
    out = text;
  else
    in.report({.what = fmt::format("'{}' is not a date: it is not YYYY-MM-DD", text)});
}

void read_sha256(const FieldInput& in, std::string& out) {
  if (!in.is(TomlValue::Kind::string)) return;
  const std::string& text = in.value.text;
  const bool hex = std::all_of(text.begin(), text.end(), is_lower_hex_digit);
  out = text;  // kept even when wrong, so that the row is not said to have none as well
  if (!hex || text.size() != 64)
    in.report({.what = fmt::format("'{}' is not a sha256: it is not 64 lower-case hexadecimal digits", text)});
}

void report_unknown_word(const FieldInput& in, const std::string& word, const std::vector<std::string>& known) {
  Error error{.what = fmt::format("'{}' is not a known value of '{}'", word, in.name)};
  error.hint = did_you_mean(word, known);
  if (error.hint.empty()) error.hint = fmt::format("the known values are {}", join(known, ", "));
  in.report(std::move(error));
}

void FieldInput::refer(NameOf kind) const {
  if (value.kind == TomlValue::Kind::string) findings.references.push_back({kind, value.text, &document, value.span});
  for (const TomlValue& item : value.items)
    if (item.kind == TomlValue::Kind::string) findings.references.push_back({kind, item.text, &document, item.span});
}

void FieldInput::refer_keys(NameOf kind) const {
  for (const TomlEntry& entry : value.entries)
    findings.references.push_back({kind, entry.key, &document, entry.key_span});
}

bool stopped(Findings& findings) {
  if (!interrupted()) return false;
  findings.errors.push_back(Error{.code = Errc::interrupted, .what = "reading the catalog was interrupted"});
  return true;
}

void check_keys(const TomlDocument& document, const TomlValue& table, const std::string& title,
                const std::vector<KeyRule>& rules, Presence presence, Findings& findings) {
  std::vector<std::string> misspelt;
  for (const TomlEntry& entry : table.entries) {
    const auto is_this = [&](const KeyRule& rule) { return rule.key == entry.key; };
    if (std::any_of(rules.begin(), rules.end(), is_this)) continue;
    std::vector<std::string> known;
    for (const KeyRule& rule : rules) known.push_back(rule.key);
    Error error{.what = fmt::format("'{}' is not a key of {}", entry.key, title),
                .where = document.pos(entry.key_span)};
    error.hint = did_you_mean(entry.key, known);
    findings.errors.push_back(std::move(error));
    for (std::string& key : closest(entry.key, known)) misspelt.push_back(std::move(key));
  }
  findings.wrong.insert(findings.wrong.end(), misspelt.begin(), misspelt.end());
  if (presence == Presence::overriding) return;
  for (const KeyRule& rule : rules)
    if (rule.required && !table.find(rule.key) &&
        std::find(misspelt.begin(), misspelt.end(), rule.key) == misspelt.end())
      findings.errors.push_back(
          {.what = fmt::format("'{}' is missing in {}", rule.key, title), .where = document.pos(table.span)});
}

}  // namespace swage
