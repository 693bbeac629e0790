#include "cli/option_values.hpp"

#include <algorithm>

namespace swage {

namespace {

struct Row {
  std::string_view option;                // its first long name, or a positional's name
  const char* shown;                      // "" : the positional's own name says it
  ValueKind kind;
  std::string_view command{};             // of this command alone
};

using enum ValueKind;

// A command's own row comes before the one for all.
constexpr Row rows[] = {
    {"TARGET", "", kernel, "boot"},
    {"TARGET", "", store_target, "log"},
    {"TARGET", "", file, "restore"},
    {"TARGET", "", target},
    {"PATH", "", file},
    {"DIR", "", directory},
    {"WHAT", "", listed, "list"},
    {"WHAT", "", new_thing, "new"},
    {"NAME", "", words},
    {"ARGS", "", file, "run"},
    {"SHELL", "", shell},
    {"COMMAND", "", command},
    {"--kernel", "TARGET", kernel},
    {"--for", "PLATFORMS", platforms},
    {"--target", "PLATFORM", platform},
    {"--toolchain", "ID", toolchain},
    {"--instance", "NAME", instance},
    {"--with", "FEATURE", feature},
    {"--without", "FEATURE", feature},
    {"--config", "CONFIG", configuration},
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
    {"--out-link", "LINK", file},
    {"--uses", "LINK", file},
    {"--src", "TREE", sources},
    {"--dir", "DIR", directory},
    {"--catalog", "DIR", directory},
    {"--layer", "DIR", directory},
    {"--home", "DIR", directory},
    {"--into", "DIR", directory},
    {"--evidence", "DIR", directory},
    {"--workspace", "DIR", workspace},
};

constexpr const char* kNumber = "NUMBER";

bool has_value(const CLI::Option& option) { return option.get_items_expected_max() != 0; }
bool is_number(const CLI::Option& option) { return option.get_type_name().starts_with("UINT") || option.get_type_name() == kNumber; }

const Row* find_row(const CLI::App& app, const CLI::Option& option) {
  const bool positional = option.get_positional();
  if (!positional && option.get_lnames().empty()) return nullptr;
  const std::string name = positional ? option.get_name(true) : "--" + option.get_lnames().front();
  const auto row = std::find_if(std::begin(rows), std::end(rows), [&](const Row& r) {
    return r.option == name && (r.command.empty() || r.command == app.get_name());
  });
  return row == std::end(rows) ? nullptr : row;
}

}  // namespace

ValueKind value_kind(const CLI::App& app, const CLI::Option& option) {
  if (!has_value(option)) return none;
  if (const Row* row = find_row(app, option)) return row->kind;
  return is_number(option) ? number : words;
}

bool is_known_value(const CLI::App& app, const CLI::Option& option) {
  return !has_value(option) || is_number(option) || find_row(app, option) != nullptr;
}

void name_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (!has_value(*option)) continue;
    if (const Row* row = find_row(app, *option)) option->type_name(row->shown);
    else if (option->get_type_name().starts_with("UINT:SIZE")) option->option_text("BYTES");
    else if (is_number(*option)) option->type_name(kNumber);
  }
}

}  // namespace swage
