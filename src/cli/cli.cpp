#include "cli/cli.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fmt/core.h>
#include <functional>
#include <set>
#include <system_error>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/options.hpp"
#include "base/text.hpp"
#include "cli/command_tree.hpp"
#include "cli/complete_words.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"

namespace swage {

namespace {

std::unique_ptr<Reporter> reporter_of_process() {
  const OutputMode& mode = output_mode();
  ProgressSettings settings{.style = default_progress_style(), .logs = mode.log_lines, .colour = want_colour(2)};
  if (mode.quiet) settings.style = ProgressStyle::quiet;
  else if (mode.json) settings.style = ProgressStyle::json;
  return make_reporter(std::move(settings));
}

// One line for each error.
std::string error_lines(const Error& error) {
  std::string lines = json_text({{"error", error_json(error)}}) + "\n";
  for (const Error& other : error.also) lines += error_lines(other);
  return lines;
}

// An option that is for some commands alone; null: it was not given.
Result<void> check_is_heard(const char* option, bool Command::*hears, const std::string& command) {
  if (!option) return {};
  std::vector<std::string> hearing;
  for (const Command& one : commands())
    if (one.*hears) hearing.push_back(one.name);
  if (std::find(hearing.begin(), hearing.end(), command) != hearing.end()) return {};
  return Fail(Error{.what = fmt::format("'{}' says nothing for 'swage {}'", option, command),
                    .hint = fmt::format("it is for: {}", join(hearing, ", "))});
}

const char* given_cache_option(const SessionOptions& options) {
  return !options.substituters.empty()         ? "--substituters"
         : options.no_substituters             ? "--no-substituters"
         : !options.trusted_keys.empty()       ? "--trusted-public-keys"
         : options.no_require_signatures       ? "--no-require-sigs"
         : options.substituter_timeout != 0    ? "--substituter-timeout"
                                               : nullptr;
}

const char* given_mirror_option(const SessionOptions& options) {
  return !options.mirrors.empty() ? "--mirror" : options.offline ? "--offline" : nullptr;
}

// A set of packages is chosen for commands that have packages, caches for those that make something, and mirrors for
// those that take files from outside.
Result<void> check_options_are_heard(const SessionOptions& options, const std::string& command) {
  SWAGE_CHECK(check_is_heard(options.instance.empty() ? nullptr : "--instance", &Command::of_packages, command));
  SWAGE_CHECK(check_is_heard(given_cache_option(options), &Command::substitutes, command));
  return check_is_heard(given_mirror_option(options), &Command::fetches, command);
}

int print_error(const Error& error, bool json) {
  const std::string text = json ? error_lines(error) : render(error, want_colour(STDERR_FILENO));
  print_aside_text(text);   // who has closed stderr still gets the exit code
  return exit_code(error.code);
}

// Runs what prints a result and gives its exit code: that counts only when all of it arrived. A reader that has left,
// as `head` does, ends swage as SIGPIPE would.
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
  return print_error(
      {.code = Errc::environment, .what = fmt::format("cannot write the result: {}", std::strerror(error))}, json);
}

}  // namespace

int run_cli(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == kCompleteWords) return complete_words({argv + 2, argv + argc});
  install_interrupt_handlers();
  const std::set<std::string_view> words(argv, argv + argc);
  const std::unique_ptr<CommandTree> tree = make_command_tree(&words);
  const bool json = words.contains("--json");   // also where the words are wrong
  const Result<std::optional<std::string>> parsed = tree->line.parse(argc, argv);
  if (!parsed) return print_error(parsed.error(), json);
  if (*parsed)
    return with_output(json, [&] {
      if (json && words.contains("--version")) print_result("{}\n", json_text({{"version", kVersion}}));
      else print_result("{}", **parsed);
      return 0;
    });

  set_output_mode(tree->output);
  Session session(tree->global, reporter_of_process);
  for (const auto& [command, action] : tree->actions) {
    if (!tree->line.given(command)) continue;
    if (const Result<void> heard = check_options_are_heard(tree->global, command.name()); !heard)
      return print_error(heard.error(), json);
    return with_output(json, [&] {
      const Result<int> code = action(session);
      session.stop_reporter();
      return code ? *code : print_error(code.error(), json);
    });
  }
  return 2;
}

}  // namespace swage
