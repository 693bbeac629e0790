#include "cli/option_values.hpp"

#include <gmock/gmock.h>
#include <stdexcept>

#include "cli/command_tree.hpp"

namespace swage {
namespace {

// Of a command, its options that take a value of which nothing is known.
void add_unknown(const Options& app, std::vector<std::string>& unknown) {
  for (const Option& option : app.get_options())
    if (!is_known_value(app, option)) unknown.push_back(app.full_name() + " " + option.name());
  for (const Options& sub : app.get_subcommands()) add_unknown(sub, unknown);
}

Options command_named(const CommandTree& tree, const std::string& name) {
  for (const Options& sub : tree.line.options().get_subcommands())
    if (sub.name() == name) return sub;
  throw std::invalid_argument(name);
}

Option option_named(const Options& command, const std::string& name) {
  for (const Option& option : command.get_options())
    if (option.name() == name) return option;
  throw std::invalid_argument(name);
}

TEST(OptionValues, OfEveryOptionTheKindIsKnown) {
  std::vector<std::string> unknown;
  add_unknown(make_command_tree()->line.options(), unknown);
  EXPECT_THAT(unknown, testing::IsEmpty()) << "give each a row in src/cli/option_values.cpp";
}

TEST(OptionValues, HelpNamesWhatAnOptionTakes) {
  const auto tree = make_command_tree();
  const Options build = command_named(*tree, "build");
  EXPECT_EQ(option_named(build, "--for").value_name(), "PLATFORMS");
  EXPECT_EQ(value_kind(build, option_named(build, "--for")), ValueKind::platforms);
  EXPECT_EQ(value_kind(build, option_named(build, "--llvm")), ValueKind::none);
  EXPECT_EQ(value_kind(build, option_named(build, "--jobs")), ValueKind::number);
  EXPECT_EQ(value_kind(build, option_named(build, "--max-memory")), ValueKind::number);
  EXPECT_EQ(option_named(build, "--max-memory").value_name(), "BYTES");
  const Options boot = command_named(*tree, "boot");
  EXPECT_EQ(value_kind(boot, option_named(boot, "TARGET")), ValueKind::kernel);
}

TEST(OptionValues, HiddenCommandsAreInNoList) {
  const auto tree = make_command_tree();
  for (const Options& command : tree->line.options().get_subcommands()) EXPECT_NE(command.name(), "man");
}

}  // namespace
}  // namespace swage
