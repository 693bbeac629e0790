#include "cli/command_tree.hpp"

#include <fmt/format.h>

#include "cli/option_values.hpp"

namespace swage {

namespace {

void declare_global(CLI::App& app, GlobalOptions& options) {
  const char* group = "Everywhere";
  app.add_flag("--json", options.json, "machine-readable results on stdout, events on stderr")->group(group);
  app.add_flag("-q,--quiet", options.quiet, "no progress")->group(group);
  app.add_flag("-L,--print-build-logs", options.log_lines, "show what builds print")->group(group);
  app.add_option("--catalog", options.catalog, "use this catalog (default: $SWAGE_CATALOG, or the one beside the program)")->group(group);
  app.add_option("--layer", options.layers, "a directory of tables over the catalog; later ones win")->allow_extra_args(false)->group(group);
  app.add_option("--workspace", options.workspace,
                 "the directory of the swage.toml that counts, whoever owns it, or none (default: $SWAGE_WORKSPACE, or the nearest one upwards)")
      ->group(group);
  app.add_option("--instance", options.instance, "the set of packages where a target names none, or none (default: what swage.toml says)")->group(group);
  app.add_option("--home", options.home, "data directory with the store (default: $SWAGE_HOME, or swage under the user's data)")->group(group);
  app.add_option("--lock", options.lock, "the lock file (default: swage.lock beside swage.toml, or in the data directory)")->group(group);
}

// What no option means: nothing, where a script's variable was not set, and a number below zero, which would wrap to a very large one.
void refuse_empty_and_negative(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (option->get_positional() || option->get_items_expected_max() == 0) continue;   // a flag has no value
    const bool number = option->get_type_name().starts_with("UINT") || option->get_type_name().starts_with("SIZE");
    option->transform(CLI::Validator(
        [number](std::string& value) -> std::string {
          if (value.empty()) return "is empty";
          return number && (value.front() < '0' || value.front() > '9') ? fmt::format("'{}' is not a number that can be meant", value) : "";
        },
        ""));
  }
}

bool is_any(const CLI::App*) { return true; }

}  // namespace

std::unique_ptr<CommandTree> make_command_tree(const std::set<std::string_view>* words) {
  auto tree = std::make_unique<CommandTree>();
  CLI::App& app = tree->app;
  app.name("swage");
  app.set_version_flag("--version", std::string("swage ") + kVersion);
  app.allow_extras();
  declare_global(app, tree->global);
  refuse_empty_and_negative(app);
  name_values(app);
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    sub->fallthrough();
    sub->allow_extras();
    if (command.hidden) sub->group("");
    if (words && !words->contains(command.name)) continue;
    tree->actions.emplace_back(sub, command.declare(*sub));
    refuse_empty_and_negative(*sub);
    name_values(*sub);
    for (CLI::App* inner : sub->get_subcommands(is_any)) {
      refuse_empty_and_negative(*inner);
      name_values(*inner);
      inner->fallthrough();
      inner->allow_extras();
    }
  }
  app.require_subcommand(1);
  return tree;
}

std::vector<const CLI::App*> shown_commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
}

std::vector<const CLI::Option*> positionals(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() ? full_name(*app.get_parent()) + " " + app.get_name() : "swage";
}

}  // namespace swage
