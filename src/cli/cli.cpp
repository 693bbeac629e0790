#include "cli/cli.hpp"

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
#include "cli/command_tree.hpp"
#include "cli/complete_words.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"

namespace swage {

namespace {

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

// The first word that no command or option took.
Error unknown_word(const CLI::App& app, const std::string& word) {
  const CLI::App& command = deepest(app);
  Error error{.what = fmt::format("'{}' is not an option of '{}'", word, full_name(command))};
  if (word.starts_with('-')) {
    error.hint = did_you_mean(word.substr(0, word.find('=')), option_names(command));
  } else {
    std::vector<std::string> names;
    for (const CLI::App* sub : shown_commands(command)) names.push_back(sub->get_name());
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
  if (argc > 1 && std::string_view(argv[1]) == kCompleteWords) return complete_words({argv + 2, argv + argc});
  install_interrupt_handlers();
  const std::set<std::string_view> words(argv, argv + argc);
  const std::unique_ptr<CommandTree> tree = make_command_tree(&words);
  CLI::App& app = tree->app;
  const bool json = words.contains("--json");   // also where the words are wrong
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {  // --help and --version
    // There is no help on a command that there is not.
    if (const std::vector<std::string> left = left_over(app); !left.empty() && !left.front().starts_with('-') && !shown_commands(deepest(app)).empty())
      return print_error(unknown_word(app, left.front()), json);
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

  Session session(std::move(tree->global));
  for (const auto& [sub, action] : tree->actions) {
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
