// The words of a command line: commands and their options, what these say of themselves (for manual pages and
// completion), and what is wrong with the words that were given. The parser is CLI11; it stays in options.cpp, because
// its header takes seconds to compile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace swage {

// An option or a positional argument that was added.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  const Option& required(bool yes = true) const;
  const Option& expected(int values) const;
  const Option& allow_extra_args(bool yes) const;    // no: one value each time that it is given
  const Option& excludes(const Option& other) const;
  const Option& excludes(const char* other) const;
  const Option& needs(const Option& other) const;
  const Option& needs(const char* other) const;
  const Option& group(const char* title) const;      // that --help shows it under
  const Option& description(const char* text) const;
  const Option& in_bytes() const;                    // 500M and 2G are numbers too
  const Option& in_seconds() const;                  // 90m, 8h and 2d are numbers too
  const Option& at_least_one() const;                // 0 is no value: of what is not limited when it is not given
  const Option& value_name(const char* name) const;  // of its value, where --help shows it

  std::string name() const;                          // "--for", "-L" where there is no long one, "TARGET"
  const std::vector<std::string>& long_names() const;    // without dashes
  const std::vector<std::string>& short_names() const;
  std::string text() const;
  std::string group() const;
  std::string value_name() const;
  bool is_positional() const;
  bool is_required() const;
  bool is_number() const;
  bool is_repeatable() const;
  bool takes_value() const;
  std::vector<Option> excluded() const;              // what it cannot be given with
  std::vector<Option> needed() const;                // what it says nothing without

 private:
  CLI::Option* option_;
};

// A command. What its options fill must outlive the parsing.
class Options {
 public:
  explicit Options(CLI::App* app) : app_(app) {}

  // `names` is "-o,--out-link", or "TARGET" of a positional argument.
  Option add_option(const char* names, std::string& value, const char* text) const;
  Option add_option(const char* names, std::vector<std::string>& values, const char* text) const;
  Option add_option(const char* names, unsigned& value, const char* text) const;
  Option add_option(const char* names, std::uint64_t& value, const char* text) const;
  Option add_option_function(const char* names, std::function<void(unsigned)> take, const char* text) const;
  // One word of a few, which --help calls `shown`: the index of the word is passed on.
  Option add_choice(const char* names, const std::vector<std::string>& words, std::function<void(std::size_t)> take,
                    const char* shown, const char* text) const;
  Option add_flag(const char* names, bool& value, const char* text) const;   // "!--no-link" makes it false
  Option get_option(const char* name) const;

  Options add_subcommand(const char* name, const char* summary) const;
  void require_subcommand() const;
  void callback(std::function<void()> run) const;   // while the line is parsed, when the command was given
  const Options& hide() const;                       // from all that lists commands

  std::string name() const;
  std::string full_name() const;                     // "swage store gc"
  std::string summary() const;
  std::optional<Options> parent() const;
  std::vector<Option> get_options() const;           // in the order in which they were added, as all that follows
  std::vector<Option> get_positionals() const;
  std::vector<std::string> get_groups() const;       // of options
  std::vector<Options> get_subcommands() const;      // that are not hidden

 private:
  friend class CommandLine;
  CLI::App* app_;
};

// The whole of it.
class CommandLine {
 public:
  // `version` is what --version prints.
  CommandLine(const char* name, const char* summary, const char* version);
  ~CommandLine();

  Options options() const;
  // A command whose options are declared by `declare`, unless that is null: there are none then.
  Options add_command(const char* name, const char* summary, const std::function<void(const Options&)>& declare);

  // The text of --help or --version, if that was asked for. Of wrong words the error says which, and what is near.
  Result<std::optional<std::string>> parse(int argc, char** argv);
  bool given(const Options& command) const;   // once parsed

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace swage
