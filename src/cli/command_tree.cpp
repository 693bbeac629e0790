#include "cli/command_tree.hpp"

#include <fmt/format.h>

#include "cli/option_values.hpp"

namespace swage {

namespace {

void declare_global(const Options& app, SessionOptions& options, OutputMode& output) {
  const char* group = "Everywhere";
  app.add_flag("--json", output.json, "machine-readable results on stdout, events on stderr").group(group);
  app.add_flag("-q,--quiet", output.quiet, "no progress").group(group);
  app.add_flag("-L,--print-build-logs", output.log_lines, "show what builds print").group(group);
  app.add_option("--catalog", options.catalog,
                 "use this catalog (default: $SWAGE_CATALOG, or the one beside the program)")
      .group(group);
  app.add_option("--layer", options.layers, "a directory of tables over the catalog; later ones win")
      .allow_extra_args(false)
      .group(group);
  app.add_option("--workspace", options.workspace,
                 "the directory of the swage.toml that counts, whoever owns it, or none (default: $SWAGE_WORKSPACE, or "
                 "the nearest one upwards)")
      .group(group);
  app.add_option("--instance", options.instance,
                 "the set of packages where a target names none, or none (default: what swage.toml says)")
      .group(group);
  app.add_option("--home", options.home,
                 "data directory with the store (default: $SWAGE_HOME, or swage under the user's data)")
      .group(group);
  app.add_option("--lock", options.lock,
                 "the lock file (default: swage.lock beside swage.toml, or in the data directory)")
      .group(group);
  group = "Binary caches";
  const Option urls = app.add_option("--substituters", options.substituters,
                                     "the caches that may have what is to be made, with commas (default: "
                                     "$SWAGE_SUBSTITUTERS, or what swage.toml says)")
                          .allow_extra_args(false)
                          .group(group);
  app.add_flag("--no-substituters", options.no_substituters, "ask no cache").group(group).excludes(urls);
  app.add_option("--trusted-public-keys", options.trusted_keys,
                 "the keys that sign what is taken from caches (default: $SWAGE_TRUSTED_PUBLIC_KEYS, or what "
                 "swage.toml says)")
      .allow_extra_args(false)
      .group(group);
  app.add_flag("--no-require-sigs", options.no_require_signatures, "take what nobody has signed, too").group(group);
  app.add_option("--substituter-timeout", options.substituter_timeout,
                 "seconds that a cache may be silent or slow until it is left out (default: 10)")
      .at_least_one()
      .group(group);
  group = "Files from outside";
  app.add_option("--mirror", options.mirrors,
                 "mirrors that are asked for files first, directories or web servers, with commas (default: "
                 "$SWAGE_MIRRORS, or what swage.toml says)")
      .allow_extra_args(false)
      .group(group);
  app.add_flag("--offline", options.offline, "ask no network; what is missing is listed").group(group);
}

}  // namespace

std::unique_ptr<CommandTree> make_command_tree(const std::set<std::string_view>* words) {
  const std::string version = fmt::format("swage {}", kVersion);
  auto tree = std::make_unique<CommandTree>(version.c_str());
  declare_global(tree->line.options(), tree->global, tree->output);
  name_values(tree->line.options());
  for (const Command& command : commands()) {
    const bool whole = !words || words->contains(command.name);
    Action action;
    const auto declare = [&](const Options& app) { action = command.declare(app); };
    const Options options = tree->line.add_command(command.name, command.summary,
                                                   whole ? std::function<void(const Options&)>(declare) : nullptr);
    if (command.hidden) options.hide();
    if (!whole) continue;
    name_values(options);
    for (const Options& inner : options.get_subcommands()) name_values(inner);
    tree->actions.emplace_back(options, std::move(action));
  }
  return tree;
}

}  // namespace swage
