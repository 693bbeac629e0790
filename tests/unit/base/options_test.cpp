// What of command lines the tests of the program (tests/cli) do not reach.
#include "base/options.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

struct Given {
  std::uint64_t bytes = 0, seconds = 0;
  std::optional<std::size_t> choice{};
  std::vector<std::string> words{};
};

// The words of `tool run ...`; the error's text when they are wrong.
std::string parse(std::vector<std::string> words, Given& given) {
  CommandLine line("tool", "a tool", "tool 1");
  line.add_command("idle", "does nothing", {});
  const Options run = line.add_command("run", "runs", [&](const Options& options) {
    options.add_option("--size", given.bytes, "bytes").in_bytes();
    options.add_option("--for", given.seconds, "time").in_seconds();
    options.add_choice("--as", {"text", "graph"}, [&](std::size_t index) { given.choice = index; }, "FORM", "how");
    options.add_option("WORD", given.words, "words");
  });
  words.insert(words.begin(), {"tool", "run"});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  const auto parsed = line.parse(static_cast<int>(arguments.size()), arguments.data());
  if (!parsed) return parsed.error().what;
  if (*parsed) return **parsed;
  return line.given(run) ? "" : "not given";
}

TEST(CommandLine, ReadsBytesAndChoices) {
  Given given;
  EXPECT_EQ(parse({"--size", "2K", "--as", "graph", "a", "b"}, given), "");
  EXPECT_EQ(given.bytes, 2000U);
  EXPECT_EQ(given.choice, 1U);
  EXPECT_EQ(given.words, (std::vector<std::string>{"a", "b"}));
}

TEST(CommandLine, ReadsTimes) {
  const auto seconds = [](const std::string& text) {
    Given given;
    const std::string wrong = parse({"--for", text}, given);
    return wrong.empty() ? std::to_string(given.seconds) : wrong;
  };
  EXPECT_EQ(seconds("90"), "90");
  EXPECT_EQ(seconds("90s"), "90");
  EXPECT_EQ(seconds("90m"), "5400");
  EXPECT_EQ(seconds("8 h"), "28800");
  EXPECT_EQ(seconds("2D"), "172800");
  EXPECT_EQ(seconds("90x"), "'--for' has a value of the wrong kind: '90x' is not a time: write 90, 90s, 90m, 8h or 2d");
  EXPECT_EQ(seconds("1h30m"),
            "'--for' has a value of the wrong kind: '1h30m' is not a time: write 90, 90s, 90m, 8h or 2d");
  EXPECT_EQ(seconds("-5m"), "'--for' has a value of the wrong kind: '-5m' is not a number that can be meant");
  EXPECT_EQ(seconds("99999999999999999d"),
            "'--for' has a value of the wrong kind: '99999999999999999d' is not a time: write 90, 90s, 90m, 8h or 2d");
}

TEST(CommandLine, RefusesWhatIsNoChoice) {
  Given given;
  EXPECT_EQ(parse({"--as", "picture"}, given), "'--as' is 'picture', which is none of: text, graph");
  EXPECT_EQ(parse({"--as", ""}, given), "'--as' is empty");
  EXPECT_EQ(parse({"--as", "0"}, given), "'--as' is '0', which is none of: text, graph");
  EXPECT_FALSE(given.choice);
}

TEST(CommandLine, NamesTheCommandOfAWordThatIsWrong) {
  Given given;
  EXPECT_EQ(parse({"--sise", "1"}, given), "'--sise' is not an option of 'tool run'");
}

TEST(CommandLine, SaysWhatItsCommandsAndOptionsAre) {
  std::string place;
  std::uint64_t bytes = 0;
  bool loud = false;
  std::vector<std::string> words;
  CommandLine line("tool", "a tool", "tool 1");
  line.add_command("run", "runs", [&](const Options& options) {
    const Option in = options.add_option("-i,--in,--inside", place, "where").value_name("DIR");
    options.add_option("--size", bytes, "how much").in_bytes().group("Limits");
    options.add_flag("-l", loud, "not quiet").excludes(in);
    options.add_option("WORD", words, "words").required();
  });
  line.add_command("secret", "is in no list", {}).hide();
  const std::vector<Options> commands = line.options().get_subcommands();
  ASSERT_EQ(commands.size(), 1U);
  const Options& run = commands.front();
  EXPECT_EQ(run.full_name(), "tool run");
  EXPECT_EQ(run.summary(), "runs");
  EXPECT_EQ(run.parent()->name(), "tool");
  EXPECT_FALSE(line.options().parent());
  const std::vector<Option> options = run.get_options();
  ASSERT_EQ(options.size(), 5U);   // --help is the first
  const Option &in = options[1], &size = options[2], &flag = options[3], &word = options[4];
  EXPECT_EQ(in.name(), "--in");
  EXPECT_EQ(in.value_name(), "DIR");
  EXPECT_FALSE(in.is_number() || in.is_repeatable() || in.is_required());
  EXPECT_EQ(size.value_name(), "BYTES");
  EXPECT_EQ(size.group(), "Limits");
  EXPECT_TRUE(size.is_number() && size.takes_value());
  EXPECT_EQ(flag.name(), "-l");
  EXPECT_FALSE(flag.takes_value());
  ASSERT_EQ(flag.excluded().size(), 1U);
  EXPECT_EQ(flag.excluded().front().name(), "--in");
  EXPECT_EQ(word.name(), "WORD");
  EXPECT_TRUE(word.is_positional() && word.is_repeatable() && word.is_required());
  EXPECT_EQ(run.get_positionals().size(), 1U);
}

TEST(CommandLine, GivesTheHelpAsText) {
  Given given;
  EXPECT_NE(parse({"--help"}, given).find("--as FORM"), std::string::npos);
}

}  // namespace
}  // namespace swage
