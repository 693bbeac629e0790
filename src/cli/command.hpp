// What a command is. Each has a source file of its own (cmd_<name>.cpp) with one function that declares its options on
// a a parser and returns what to run; commands.cpp lists them.
#pragma once

#include <functional>
#include <span>

#include "base/options.hpp"
#include "request/session.hpp"

namespace swage {

using Action = std::function<Result<int>(Session&)>;   // the exit code, or the error to print

struct Command {
  const char* name;
  const char* summary;
  Action (*declare)(const Options& app);
  bool of_packages = false;   // its targets may be packages, of which --instance chooses a set
  bool hidden = false;   // not for people: in no list of commands
  bool substitutes = false;   // makes what caches may have: --substituters and its like are for it
  bool fetches = substitutes;   // takes files from outside: --mirror and --offline are for it
};

std::span<const Command> commands();

Action declare_boot(const Options& app);
Action declare_build(const Options& app);
Action declare_builder(const Options& app);
Action declare_cache(const Options& app);
Action declare_check(const Options& app);
Action declare_completion(const Options& app);
Action declare_doctor(const Options& app);
Action declare_fetch(const Options& app);
Action declare_frontier(const Options& app);
Action declare_help(const Options& app);
Action declare_image(const Options& app);
Action declare_list(const Options& app);
Action declare_lock(const Options& app);
Action declare_log(const Options& app);
Action declare_man(const Options& app);
Action declare_matrix(const Options& app);
Action declare_mirror(const Options& app);
Action declare_module(const Options& app);
Action declare_new(const Options& app);
Action declare_plan(const Options& app);
Action declare_resolve(const Options& app);
Action declare_run(const Options& app);
Action declare_shell(const Options& app);
Action declare_store(const Options& app);
Action declare_verify(const Options& app);
Action declare_why_build(const Options& app);

std::vector<std::string> listed_kinds();   // what `swage list` lists

}  // namespace swage
