// What a command is. Each has a source file of its own (cmd_<name>.cpp) with one function that declares its options on a
// CLI11 parser and returns what to run; commands.cpp lists them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>

#include "cli/session.hpp"

namespace swage {

using Action = std::function<Result<int>(Session&)>;   // the exit code, or the error to print

struct Command {
  const char* name;
  const char* summary;
  Action (*declare)(CLI::App& app);
  bool hidden = false;   // not for people: in no list of commands
};

std::span<const Command> commands();

Action declare_boot(CLI::App& app);
Action declare_build(CLI::App& app);
Action declare_check(CLI::App& app);
Action declare_completion(CLI::App& app);
Action declare_doctor(CLI::App& app);
Action declare_help(CLI::App& app);
Action declare_list(CLI::App& app);
Action declare_lock(CLI::App& app);
Action declare_log(CLI::App& app);
Action declare_man(CLI::App& app);
Action declare_matrix(CLI::App& app);
Action declare_module(CLI::App& app);
Action declare_new(CLI::App& app);
Action declare_plan(CLI::App& app);
Action declare_resolve(CLI::App& app);
Action declare_run(CLI::App& app);
Action declare_shell(CLI::App& app);
Action declare_store(CLI::App& app);
Action declare_verify(CLI::App& app);

std::vector<std::string> listed_kinds();   // what `swage list` lists

}  // namespace swage
