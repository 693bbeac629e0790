// The parser of the whole command line, made from the table of commands. What it parses is also what --help, completions and
// manual pages say.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command.hpp"

namespace swage {

constexpr const char* kVersion = "0.1.0";

struct CommandTree {
  CLI::App app{"From a kernel version, an architecture or a package to a verified artifact."};
  GlobalOptions global{};
  std::vector<std::pair<CLI::App*, Action>> actions{};
};

// `words`: only the commands among them get their options, because those of all take a millisecond. Null: all.
std::unique_ptr<CommandTree> make_command_tree(const std::set<std::string_view>* words = nullptr);

std::vector<const CLI::App*> shown_commands(const CLI::App& app);      // what --help lists
std::vector<const CLI::Option*> positionals(const CLI::App& app);
std::string full_name(const CLI::App& app);                            // "swage store gc"

}  // namespace swage
