// What of command lines the tests of the program (tests/cli) do not reach.
#include "base/options.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

struct Given {
  std::uint64_t bytes = 0;
  std::optional<std::size_t> choice{};
  std::vector<std::string> words{};
};

// The words of `tool run ...`; the error's text when they are wrong.
std::string parse(std::vector<std::string> words, Given& given) {
  CommandLine line("tool", "a tool", "tool 1");
  line.add_command("idle", "does nothing", {});
  const Options run = line.add_command("run", "runs", [&](const Options& options) {
    options.add_option("--size", given.bytes, "bytes").in_bytes();
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

TEST(CommandLine, RefusesWhatIsNoChoice) {
  Given given;
  EXPECT_EQ(parse({"--as", "picture"}, given), "a value is not of the right kind: Could not convert: --as = picture");
  EXPECT_EQ(parse({"--as", ""}, given), "'--as' is empty");
  EXPECT_EQ(parse({"--as", "0"}, given), "a value is not of the right kind: Could not convert: --as = 0");
  EXPECT_FALSE(given.choice);
}

TEST(CommandLine, NamesTheCommandOfAWordThatIsWrong) {
  Given given;
  EXPECT_EQ(parse({"--sise", "1"}, given), "'--sise' is not an option of 'tool run'");
}

TEST(CommandLine, GivesTheHelpAsText) {
  Given given;
  EXPECT_NE(parse({"--help"}, given).find("--as FORM"), std::string::npos);
}

}  // namespace
}  // namespace swage
