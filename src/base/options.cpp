#include "base/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
#include <fmt/core.h>
#include <sstream>

#include "base/text.hpp"

namespace swage {

namespace {

constexpr const char* kNumber = "NUMBER";

bool takes_number(const CLI::Option& option) { return option.get_type_name().starts_with(kNumber); }

template <class App>   // CLI::App, const or not
std::vector<App*> shown_commands(App& app) {
  return app.get_subcommands([](App* sub) { return !sub->get_group().empty(); });
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
  return app.get_parent() ? full_name(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

// The first word that no command or option took.
Error unknown_word(const CLI::App& app, const std::string& word) {
  const CLI::App& command = deepest(app);
  Error error{.what = fmt::format("'{}' is not an option of '{}'", word, full_name(command))};
  const std::vector<std::string> own = option_names(command);
  if (const std::string name = word.substr(0, word.find('='));
      word.starts_with('-') && std::find(own.begin(), own.end(), name) != own.end()) {
    error.what = fmt::format("'{}' stands before '{}', whose option it is", name, command.get_name());
    error.hint = fmt::format("write it behind: {} {} ...", full_name(command), name);
  } else if (word.starts_with('-')) {
    error.hint = did_you_mean(word.substr(0, word.find('=')), own);
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
  } else if (const auto colon = text.find(": ");
             dynamic_cast<const CLI::ArgumentMismatch*>(&problem) && colon != std::string::npos) {
    const bool too_many = text.find("At Most", colon) != std::string::npos;
    text = fmt::format("'{}' {}", text.substr(0, colon), too_many ? "is given twice" : "wants a value");
  } else if (const auto and_other = text.find(" excludes "); dynamic_cast<const CLI::ExcludesError*>(&problem)) {
    text = fmt::format("'{}' and '{}' cannot be given together", text.substr(0, and_other),
                       text.substr(and_other + std::strlen(" excludes ")));
  } else if (const auto requires_other = text.find(" requires "); dynamic_cast<const CLI::RequiresError*>(&problem)) {
    text = fmt::format("'{}' says nothing without '{}'", text.substr(0, requires_other),
                       text.substr(requires_other + std::strlen(" requires ")));
  } else if (const auto of = text.find(": ");
             dynamic_cast<const CLI::ValidationError*>(&problem) && of != std::string::npos) {
    const std::string_view why = std::string_view(text).substr(of + 2);
    text = fmt::format("'{}' {}{}", text.substr(0, of),
                       why.starts_with("is ") ? "" : "has a value of the wrong kind: ", why);
  } else if (dynamic_cast<const CLI::ConversionError*>(&problem)) {
    text = fmt::format("a value is not of the right kind: {}", text);
  }
  return Error{.what = std::move(text), .hint = fmt::format("see: {} --help", full_name(command))};
}

// What an option stands with or not stands in its text, and "..." only where several values may follow.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_opts(option);
    for (const char* label : {" Needs:", " Excludes:"}) text.erase(std::min(text.find(label), text.size()));
    if (!option->get_allow_extra_args() && text.ends_with(" ...")) text.erase(text.size() - 4);
    return text;
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    for (const auto& [what, others] :
         {std::pair("only with", option->get_needs()), std::pair("not with", option->get_excludes())}) {
      std::vector<std::string> names;
      for (const CLI::Option* other : others) names.push_back(other->get_name());
      std::sort(names.begin(), names.end());
      if (!names.empty()) text += fmt::format(" ({} {})", what, join(names, ", "));
    }
    return text;
  }
};

// What no option means: nothing, where a script's variable was not set, and a number below zero, which would wrap to a
// very large one.
void refuse_empty_and_negative(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (option->get_positional() || option->get_items_expected_max() == 0) continue;   // a flag has no value
    const bool number = takes_number(*option);
    option->transform(CLI::Validator(
        [number](std::string& value) -> std::string {
          if (value.empty()) return "is empty";
          return number && (value.front() < '0' || value.front() > '9')
                     ? fmt::format("'{}' is not a number that can be meant", value)
                     : "";
        },
        ""));
  }
}

template <class T>
std::vector<Option> to_options(const T& found) {
  std::vector<Option> options;
  for (CLI::Option* option : found) options.emplace_back(option);
  return options;
}

}  // namespace

const Option& Option::required(bool yes) const {
  option_->required(yes);
  return *this;
}
const Option& Option::expected(int values) const {
  option_->expected(values);
  return *this;
}
const Option& Option::allow_extra_args(bool yes) const {
  option_->allow_extra_args(yes);
  return *this;
}
const Option& Option::excludes(const Option& other) const {
  option_->excludes(other.option_);
  return *this;
}
const Option& Option::excludes(const char* other) const {
  option_->excludes<CLI::App>(other);
  return *this;
}
const Option& Option::needs(const Option& other) const {
  option_->needs(other.option_);
  return *this;
}
const Option& Option::needs(const char* other) const {
  option_->needs<CLI::App>(other);
  return *this;
}
const Option& Option::group(const char* title) const {
  option_->group(title);
  return *this;
}
const Option& Option::description(const char* text) const {
  option_->description(text);
  return *this;
}
const Option& Option::in_bytes() const {
  option_->transform(CLI::AsSizeValue(true));
  option_->option_text("BYTES");
  return *this;
}
const Option& Option::in_seconds() const {
  static constexpr std::string_view kLongestTime = "9999999999";   // centuries, which clocks can still add up
  using Units = std::map<std::string, std::uint64_t>;
  const CLI::AsNumberWithUnit read(Units{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}});
  option_->transform(CLI::Validator(
      [read](std::string& value) -> std::string {
        const std::string given = value;
        try {
          if (const std::string problem = read(value); problem.empty() && value.size() <= kLongestTime.size())
            return "";
        } catch (const CLI::ValidationError&) {   // another way of its to say the same
        }
        return fmt::format("'{}' is not a time: write 90, 90s, 90m, 8h or 2d", given);
      },
      ""));
  option_->option_text("TIME");
  return *this;
}
const Option& Option::at_least_one() const {
  option_->check(CLI::Validator(
      [](std::string& value) -> std::string {
        return value.find_first_not_of('0') == std::string::npos ? fmt::format("'{}' is not at least 1", value) : "";
      },
      ""));
  return *this;
}
const Option& Option::value_name(const char* name) const {
  option_->type_name(name);
  return *this;
}

std::string Option::name() const {
  if (!long_names().empty()) return "--" + long_names().front();
  return short_names().empty() ? option_->get_name(true) : "-" + short_names().front();
}
const std::vector<std::string>& Option::long_names() const { return option_->get_lnames(); }
const std::vector<std::string>& Option::short_names() const { return option_->get_snames(); }
std::string Option::text() const { return option_->get_description(); }
std::string Option::group() const { return option_->get_group(); }
std::string Option::value_name() const {
  const std::string name = option_->get_option_text().empty() ? option_->get_type_name() : option_->get_option_text();
  return name.substr(0, name.find(':'));   // what checks a value has its name after a colon
}
bool Option::is_positional() const { return option_->get_positional(); }
bool Option::is_required() const { return option_->get_required(); }
bool Option::is_number() const { return takes_number(*option_); }
bool Option::is_repeatable() const { return option_->get_items_expected_max() > 1; }
bool Option::takes_value() const { return option_->get_items_expected_max() != 0; }
std::vector<Option> Option::excluded() const { return to_options(option_->get_excludes()); }
std::vector<Option> Option::needed() const { return to_options(option_->get_needs()); }

Option Options::add_option(const char* names, std::string& value, const char* text) const {
  return Option(app_->add_option(names, value, text));
}
Option Options::add_option(const char* names, std::vector<std::string>& values, const char* text) const {
  return Option(app_->add_option(names, values, text));
}
Option Options::add_option(const char* names, unsigned& value, const char* text) const {
  return Option(app_->add_option(names, value, text)->type_name(kNumber));
}
Option Options::add_option(const char* names, std::uint64_t& value, const char* text) const {
  return Option(app_->add_option(names, value, text)->type_name(kNumber));
}
Option Options::add_option_function(const char* names, std::function<void(unsigned)> take, const char* text) const {
  return Option(app_->add_option_function<unsigned>(
                        names, [take = std::move(take)](const unsigned& value) { take(value); }, text)
                    ->type_name(kNumber));
}
Option Options::add_choice(const char* names, const std::vector<std::string>& words,
                           std::function<void(std::size_t)> take, const char* shown, const char* text) const {
  const CLI::Validator one_of_them(
      [words](std::string& value) -> std::string {
        return std::find(words.begin(), words.end(), value) == words.end()
                   ? fmt::format("is '{}', which is none of: {}", value, join(words, ", "))
                   : "";
      },
      "");
  const auto find = [words, take = std::move(take)](const CLI::results_t& given) {
    const auto found = std::find(words.begin(), words.end(), given.back());
    if (found != words.end()) take(static_cast<std::size_t>(found - words.begin()));
    return found != words.end();
  };
  return Option(app_->add_option(names, find, text)->option_text(shown)->check(one_of_them));
}
Option Options::add_flag(const char* names, bool& value, const char* text) const {
  if (*names != '!') return Option(app_->add_flag(names, value, text));
  // By itself, --help would say "{false}".
  return Option(app_->add_flag_callback(names + 1, [&value] { value = false; }, text));
}
Option Options::get_option(const char* name) const { return Option(app_->get_option(name)); }

Options Options::add_subcommand(const char* name, const char* summary) const {
  return Options(app_->add_subcommand(name, summary));
}
void Options::require_subcommand() const { app_->require_subcommand(1); }
void Options::callback(std::function<void()> run) const { app_->callback(std::move(run)); }
const Options& Options::hide() const {
  app_->group("");
  return *this;
}

std::string Options::name() const { return app_->get_name(); }
std::string Options::full_name() const { return swage::full_name(*app_); }
std::string Options::summary() const { return app_->get_description(); }
std::optional<Options> Options::parent() const {
  return app_->get_parent() ? std::optional(Options(app_->get_parent())) : std::nullopt;
}
std::vector<Option> Options::get_options() const { return to_options(app_->get_options()); }
std::vector<Option> Options::get_positionals() const {
  return to_options(app_->get_options([](const CLI::Option* option) { return option->get_positional(); }));
}
std::vector<std::string> Options::get_groups() const { return app_->get_groups(); }
std::vector<Options> Options::get_subcommands() const {
  std::vector<Options> commands;
  for (CLI::App* sub : shown_commands(*app_)) commands.emplace_back(sub);
  return commands;
}

CommandLine::CommandLine(const char* name, const char* summary, const char* version)
    : app_(std::make_unique<CLI::App>(summary)) {
  app_->name(name);
  app_->formatter(std::make_shared<HelpFormatter>());   // before there are commands, which take it over
  app_->set_version_flag("--version", std::string(version));
  app_->allow_extras();
}
CommandLine::~CommandLine() = default;

Options CommandLine::options() const { return Options(app_.get()); }

Options CommandLine::add_command(const char* name, const char* summary,
                                 const std::function<void(const Options&)>& declare) {
  CLI::App* command = app_->add_subcommand(name, summary);
  command->fallthrough();
  command->allow_extras();
  if (!declare) return Options(command);
  declare(Options(command));
  refuse_empty_and_negative(*command);
  for (CLI::App* inner : command->get_subcommands([](CLI::App*) { return true; })) {
    refuse_empty_and_negative(*inner);
    inner->fallthrough();
    inner->allow_extras();
  }
  return Options(command);
}

Result<std::optional<std::string>> CommandLine::parse(int argc, char** argv) {
  refuse_empty_and_negative(*app_);
  app_->require_subcommand(1);
  try {
    app_->parse(argc, argv);
  } catch (const CLI::Success& help) {  // --help and --version
    // There is no help on a command that there is not.
    if (const std::vector<std::string> left = left_over(*app_);
        !left.empty() && !left.front().starts_with('-') && !shown_commands(deepest(*app_)).empty())
      return Fail(unknown_word(*app_, left.front()));
    std::ostringstream text;
    app_->exit(help, text, text);
    return text.str();
  } catch (const CLI::ParseError& problem) {
    return Fail(usage_error(*app_, problem));
  }
  if (const std::vector<std::string> left = left_over(*app_); !left.empty())
    return Fail(unknown_word(*app_, left.front()));
  return std::nullopt;
}

bool CommandLine::given(const Options& command) const { return command.app_->parsed(); }

}  // namespace swage
