#include "cli/cli.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <set>
#include <sstream>
#include <system_error>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"

namespace swage {

namespace {

constexpr const char* kVersion = "0.1.0";

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

// Every spelling of every option of a command, for suggestions.
std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at; at = at->get_parent())
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    }
  return names;
}

const CLI::App& deepest(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() ? full_name(*app.get_parent()) + " " + app.get_name() : "swage";
}

// The first word that no command or option took.
Error unknown_word(const CLI::App& app, const std::string& word) {
  const CLI::App& command = deepest(app);
  Error error{.what = fmt::format("'{}' is not an option of '{}'", word, full_name(command))};
  const std::vector<std::string> own = option_names(command);
  if (const std::string name = word.substr(0, word.find('=')); word.starts_with('-') && std::find(own.begin(), own.end(), name) != own.end()) {
    error.what = fmt::format("'{}' stands before '{}', whose option it is", name, command.get_name());
    error.hint = fmt::format("write it behind: {} {} ...", full_name(command), name);
  } else if (word.starts_with('-')) {
    error.hint = did_you_mean(word.substr(0, word.find('=')), own);
  } else {
    std::vector<std::string> names;
    for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) names.push_back(sub->get_name());
    error.what = names.empty() ? fmt::format("'{}' is one word too many for '{}'", word, full_name(command))
                               : fmt::format("'{}' is not a command of '{}'", word, full_name(command));
    error.hint = did_you_mean(word, names);
  }
  if (error.hint.empty()) error.hint = fmt::format("see: {} --help", full_name(command));
  return error;
}

// Words that nothing took. Not `--` itself, after which words are taken whatever they begin with.
std::vector<std::string> left_over(const CLI::App& app) {
  std::vector<std::string> left = app.remaining(true);
  std::erase(left, "--");
  return left;
}

Error usage_error(const CLI::App& app, const CLI::ParseError& problem) {
  if (const std::vector<std::string> left = left_over(app); !left.empty()) return unknown_word(app, left.front());
  const CLI::App& command = deepest(app);
  std::string text = problem.what();
  if (dynamic_cast<const CLI::RequiredError*>(&problem)) {
    const bool wants_command = text.find("subcommand") != std::string::npos;
    text = wants_command ? fmt::format("'{}' wants a command", full_name(command))
                         : fmt::format("'{}' wants {}", full_name(command), text.substr(0, text.find(' ')));
  } else if (const auto colon = text.find(": "); dynamic_cast<const CLI::ArgumentMismatch*>(&problem) && colon != std::string::npos) {
    const bool too_many = text.find("At Most", colon) != std::string::npos;
    text = fmt::format("'{}' {}", text.substr(0, colon), too_many ? "is given twice" : "wants a value");
  } else if (const auto and_other = text.find(" excludes "); dynamic_cast<const CLI::ExcludesError*>(&problem)) {
    text = fmt::format("'{}' and '{}' cannot be given together", text.substr(0, and_other), text.substr(and_other + std::strlen(" excludes ")));
  } else if (const auto requires_other = text.find(" requires "); dynamic_cast<const CLI::RequiresError*>(&problem)) {
    text = fmt::format("'{}' says nothing without '{}'", text.substr(0, requires_other), text.substr(requires_other + std::strlen(" requires ")));
  } else if (const auto of = text.find(": "); dynamic_cast<const CLI::ValidationError*>(&problem) && of != std::string::npos) {
    const std::string_view why = std::string_view(text).substr(of + 2);
    text = fmt::format("'{}' {}{}", text.substr(0, of), why.starts_with("is ") ? "" : "has a value of the wrong kind: ", why);
  } else if (dynamic_cast<const CLI::ConversionError*>(&problem)) {
    text = fmt::format("a value is not of the right kind: {}", text);
  }
  return Error{.what = std::move(text), .hint = fmt::format("see: {} --help", full_name(command))};
}

// One line for each error.
std::string error_lines(const Error& error) {
  std::string lines = json_text({{"error", error_json(error)}}) + "\n";
  for (const Error& other : error.also) lines += error_lines(other);
  return lines;
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

// A set of packages is chosen for commands that have packages.
Result<void> check_instance_is_heard(const CLI::App& command) {
  std::vector<std::string> hearing;
  for (const Command& one : commands())
    if (one.of_packages) hearing.push_back(one.name);
  if (std::find(hearing.begin(), hearing.end(), command.get_name()) != hearing.end()) return {};
  return Fail(Error{.what = fmt::format("'--instance' says nothing for '{}'", full_name(command)), .hint = fmt::format("it is for: {}", join(hearing, ", "))});
}

int print_error(const Error& error, bool json) {
  const std::string text = json ? error_lines(error) : render(error, want_colour(STDERR_FILENO));
  print_aside_text(text);   // who has closed stderr still gets the exit code
  return exit_code(error.code);
}

// Runs what prints a result and gives its exit code: that counts only when all of it arrived. A reader that has left, as `head` does,
// ends swage as SIGPIPE would.
int with_output(bool json, const std::function<int()>& print) {
  int code = 0, error = 0;
  try {
    code = print();
    errno = 0;
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) error = errno ? errno : EIO;
  } catch (const std::filesystem::filesystem_error&) {
    throw;
  } catch (const std::system_error& problem) {   // of print_text
    error = problem.code().value();
  }
  if (error == 0) return code;
  if (error == EPIPE) return 128 + SIGPIPE;
  return print_error({.code = Errc::environment, .what = fmt::format("cannot write the result: {}", std::strerror(error))}, json);
}

}  // namespace

int run_cli(int argc, char** argv) {
  install_interrupt_handlers();
  CLI::App app{"From a kernel version, an architecture or a package to a verified artifact."};
  app.name("swage");
  app.set_version_flag("--version", std::string("swage ") + kVersion);
  app.allow_extras();
  GlobalOptions global;
  declare_global(app, global);
  refuse_empty_and_negative(app);
  std::vector<std::pair<CLI::App*, Action>> actions;
  const std::set<std::string_view> words(argv, argv + argc);
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    sub->fallthrough();
    sub->allow_extras();
    if (!words.contains(command.name)) continue;   // all options of all commands take a millisecond
    actions.emplace_back(sub, command.declare(*sub));
    refuse_empty_and_negative(*sub);
    for (CLI::App* inner : sub->get_subcommands([](CLI::App*) { return true; })) {
      refuse_empty_and_negative(*inner);
      inner->fallthrough();
      inner->allow_extras();
    }
  }
  app.require_subcommand(1);
  const bool json = words.contains("--json");   // also where the words are wrong
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion&) {
    return with_output(json, [&] {
      if (json) print_result("{}\n", json_text({{"version", kVersion}}));
      else print_result("swage {}\n", kVersion);
      return 0;
    });
  } catch (const CLI::Success& help) {  // --help
    return with_output(json, [&] {
      std::ostringstream text;
      const int code = app.exit(help, text, text);
      print_result("{}", text.str());
      return code;
    });
  } catch (const CLI::ParseError& problem) {
    return print_error(usage_error(app, problem), json);
  }
  if (const std::vector<std::string> left = left_over(app); !left.empty()) return print_error(unknown_word(app, left.front()), json);
  if (!global.instance.empty())
    if (Result<void> heard = check_instance_is_heard(deepest(app)); !heard) return print_error(heard.error(), json);

  Session session(std::move(global));
  for (const auto& [sub, action] : actions) {
    if (!sub->parsed()) continue;
    return with_output(json, [&] {
      const Result<int> code = action(session);
      session.stop_reporter();
      return code ? *code : print_error(code.error(), json);
    });
  }
  return 2;
}

}  // namespace swage
