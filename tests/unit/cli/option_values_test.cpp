#include "cli/option_values.hpp"

#include <gmock/gmock.h>

#include "cli/command_tree.hpp"

namespace swage {
namespace {

// Of a command, its options that take a value of which nothing is known.
void add_unknown(const CLI::App& app, std::vector<std::string>& unknown) {
  for (const CLI::Option* option : app.get_options())
    if (!is_known_value(app, *option)) unknown.push_back(full_name(app) + " " + option->get_name(true));
  for (const CLI::App* sub : shown_commands(app)) add_unknown(*sub, unknown);
}

TEST(OptionValues, OfEveryOptionTheKindIsKnown) {
  std::vector<std::string> unknown;
  add_unknown(make_command_tree()->app, unknown);
  EXPECT_THAT(unknown, testing::IsEmpty()) << "give each a row in src/cli/option_values.cpp";
}

TEST(OptionValues, HelpNamesWhatAnOptionTakes) {
  const auto tree = make_command_tree();
  const CLI::App* build = tree->app.get_subcommand("build");
  EXPECT_EQ(build->get_option("--for")->get_type_name(), "PLATFORMS");
  EXPECT_EQ(value_kind(*build, *build->get_option("--for")), ValueKind::platforms);
  EXPECT_EQ(value_kind(*build, *build->get_option("--llvm")), ValueKind::none);
  EXPECT_EQ(value_kind(*build, *build->get_option("--jobs")), ValueKind::number);
  EXPECT_EQ(value_kind(*build, *build->get_option("--max-memory")), ValueKind::number);
  const CLI::App* boot = tree->app.get_subcommand("boot");
  EXPECT_EQ(value_kind(*boot, *boot->get_option("TARGET")), ValueKind::kernel);
}

TEST(OptionValues, HiddenCommandsAreInNoList) {
  const auto tree = make_command_tree();
  for (const CLI::App* app : shown_commands(tree->app)) EXPECT_NE(app->get_name(), "man");
}

}  // namespace
}  // namespace swage
