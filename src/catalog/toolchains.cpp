// A provider has one compiler per suite and many platforms: its table says what differs by platform once, in [[target]]
// rows, and each [[toolchain]] row is a template over them.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "catalog/state.hpp"

namespace swage {
namespace {

struct Expander {
  const TomlDocument& document;
  const TemplateKeys& keys;
  std::string_view keys_of;
  Findings& findings;

  void string(TomlValue& value) const {
    std::string out;
    std::string_view rest = value.text;
    for (;;) {
      const auto open = rest.find('{');
      const auto close = rest.find('}', open);
      if (open == std::string_view::npos || close == std::string_view::npos) break;
      const std::string key(rest.substr(open + 1, close - open - 1));
      if (const auto found = keys.find(key); found != keys.end())
        out += fmt::format("{}{}", rest.substr(0, open), found->second);
      else
        report(value, key, static_cast<std::size_t>(rest.data() + open - value.text.data()));
      rest.remove_prefix(close + 1);
    }
    value.text = out + std::string(rest);
  }

  void report(const TomlValue& value, const std::string& key, std::size_t offset) const {
    std::vector<std::string> known;
    for (const auto& [name, text] : keys) known.push_back(name);
    Error error{.what = fmt::format("'{}' is not a key of {} of platform '{}'", key, keys_of, keys.at("platform"))};
    error.where = document.pos_inside(value, offset, key.size() + 2);
    error.hint = did_you_mean(key, known);
    findings.errors.push_back(std::move(error));
  }

  void all(TomlValue& value) const {
    if (value.kind == TomlValue::Kind::string && value.text.find('{') != std::string::npos) string(value);
    for (TomlValue& item : value.items) all(item);
    for (TomlEntry& entry : value.entries) all(entry.value);
  }
};

// A row that is for one of its platforms: the long list is not copied for each of them.
TomlValue for_platform(const TomlValue& item, const std::string& platform) {
  TomlValue one{.kind = item.kind, .span = item.span};
  one.entries.reserve(item.entries.size());
  for (const TomlEntry& entry : item.entries) {
    if (entry.key != "platforms") {
      one.entries.push_back(entry);
      continue;
    }
    TomlEntry& list = one.entries.emplace_back(TomlEntry{.key = entry.key, .key_span = entry.key_span});
    list.value.kind = entry.value.kind;
    list.value.span = entry.value.span;
    for (const TomlValue& name : entry.value.items)
      if (name.text == platform) list.value.items.push_back(name);
  }
  return one;
}

}  // namespace

TomlValue expand_toolchain(const TomlDocument& document, const TomlValue& item, const std::string& platform,
                           const TemplateKeys& target, std::string_view keys_of, Findings& findings) {
  TemplateKeys keys = target;
  keys["platform"] = platform;
  TomlValue value = for_platform(item, platform);
  Expander{document, keys, keys_of, findings}.all(value);
  return value;
}

}  // namespace swage
