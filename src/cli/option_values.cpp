#include "cli/option_values.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace swage {

namespace {

struct ValueRow {
  std::string_view option;                // as Option::name() says it
  const char* shown;                      // "" : the positional's own name says it
  ValueKind kind;
  std::string_view command{};             // of this command alone
};

// A command's own row comes before the one for all.
constexpr auto value_rows = [] {
  using enum ValueKind;
  return std::to_array<ValueRow>({
      {"TARGET", "", kernel, "boot"},
      {"TARGET", "", kernel, "frontier"},
      {"TARGET", "", store_target, "log"},
      {"TARGET", "", store_target, "push"},
      {"TARGET", "", file, "restore"},
      {"TARGET", "", target},
      {"PATH", "", file},
      {"FIRST", "", file},
      {"SECOND", "", file},
      {"IMAGE", "", image},
      {"DIR", "", directory},
      {"FILE", "", file},
      {"WHAT", "", listed, "list"},
      {"WHAT", "", new_thing, "new"},
      {"NAME", "", words},
      {"URL", "", directory},
      {"URI", "", words},
      {"ARGS", "", file, "run"},
      {"SHELL", "", shell},
      {"COMMAND", "", command},
      {"--kernel", "TARGET", kernel},
      {"--for", "PLATFORM", platform, "audit"},
      {"--for", "PLATFORMS", platforms},
      {"--target", "PLATFORM", platform},
      {"--toolchain", "ID", toolchain},
      {"--vendor", "NAME", words},
      {"--instance", "NAME", instance},
      {"--with", "FEATURE", feature},
      {"--without", "FEATURE", feature},
      {"--tool", "TOOL", tool},
      {"--constraint", "ID", constraint},
      {"--ignore", "ID", constraint},
      {"--board", "MODEL", board},
      {"--eeprom", "FILE", file},
      {"--against", "PATH", file, "why-build"},
      {"--against", "IMAGE", image},
      {"--provider", "NAMES", provider},
      {"--write", "FILE", file},
      {"--config", "CONFIG", configuration},
      {"--objects", "NUMBER", words},
      {"--seed", "NUMBER", words},
      {"--enable", "SYM", words},
      {"--disable", "SYM", words},
      {"--set", "SYM=VALUE", words},
      {"--make", "NAME=VALUE", words},
      {"--param", "NAME=VALUE", words},
      {"--command", "COMMAND", words},
      {"--program", "NAME", words},
      {"--url", "URL", sources},
      {"--sha256", "HASH", words},
      {"--graph", "FORMAT", graph_format},
      {"--fragment", "FILE", file},
      {"--patch", "FILE", file},
      {"--lock", "FILE", file},
      {"--html", "FILE", file},
      {"--since", "DATE", words},
      {"--out-link", "LINK", file},
      {"--uses", "LINK", file},
      {"--src", "TREE", sources},
      {"--dir", "DIR", directory},
      {"--catalog", "DIR", directory},
      {"--layer", "DIR", directory},
      {"--home", "DIR", directory},
      {"--into", "DIR", directory},
      {"--to", "URL", directory},
      {"--push-to", "URL", directory},
      {"--store", "URI", words},
      {"--builders", "MACHINE", words},
      {"--upstream", "URL", directory},
      {"--cache", "URL", directory},
      {"--keep", "WHAT", store_target},
      {"--substituters", "URLS", words},
      {"--mirror", "PLACES", directory},
      {"--locks", "FILE", file},
      {"--trusted-public-keys", "KEYS", words},
      {"--key", "FILE", file},
      {"--public-key", "KEY", words},
      {"--root", "NAME", words},
      {"--out", "FILE", file},
      {"--compression", "FORM", words},
      {"--evidence", "DIR", directory},
      {"--workspace", "DIR", workspace},
  });
}();

const ValueRow* find_row(const Options& app, const Option& option) {
  const std::string name = option.name(), command = app.name();
  const auto row = std::find_if(value_rows.begin(), value_rows.end(), [&](const ValueRow& r) {
    return r.option == name && (r.command.empty() || r.command == command);
  });
  return row == value_rows.end() ? nullptr : &*row;
}

}  // namespace

ValueKind value_kind(const Options& app, const Option& option) {
  if (!option.takes_value()) return ValueKind::none;
  if (const ValueRow* row = find_row(app, option)) return row->kind;
  return option.is_number() ? ValueKind::number : ValueKind::words;
}

bool is_known_value(const Options& app, const Option& option) {
  return !option.takes_value() || option.is_number() || find_row(app, option) != nullptr;
}

void name_values(const Options& app) {
  for (const Option& option : app.get_options()) {
    if (!option.takes_value()) continue;
    if (const ValueRow* row = find_row(app, option)) option.value_name(row->shown);
  }
}

}  // namespace swage
