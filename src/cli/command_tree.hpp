// The whole command line, made from the table of commands. What is parsed is also what --help, completions and manual
// pages say.
#pragma once

#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command.hpp"
#include "cli/output.hpp"

namespace swage {

constexpr const char* kVersion = "0.1.0";

struct CommandTree {
  explicit CommandTree(const char* version)
      : line("swage", "From a kernel version, an architecture or a package to a verified artifact.", version) {}

  CommandLine line;
  SessionOptions global{};
  OutputMode output{};
  std::vector<std::pair<Options, Action>> actions{};
};

// `words`: only the commands among them get their options, because those of all take a millisecond. Null: all.
std::unique_ptr<CommandTree> make_command_tree(const std::set<std::string_view>* words = nullptr);

}  // namespace swage
