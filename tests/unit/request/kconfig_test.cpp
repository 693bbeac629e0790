#include "request/kconfig.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/text.hpp"
#include "catalog/version.hpp"

namespace swage {
namespace {

template <class T>
std::string shown(const Result<T>& result) {
  if (!result) return render(result.error());
  if constexpr (std::is_same_v<T, std::string>) return *result;
  else return join(*result, "|");
}

std::string symbol(std::string_view text) { return shown(config_symbol(text)); }
std::string assignment(std::string_view text) { return shown(config_assignment(text)); }
std::string config(std::string_view text) { return shown(parse_config(text, "my.config")); }
std::string version(std::string_view makefile) { return shown(kernel_tree_version(makefile, "linux/Makefile")); }

TEST(ConfigSymbol, GetsItsPrefix) {
  EXPECT_EQ(symbol("FOO"), "CONFIG_FOO");
  EXPECT_EQ(symbol("CONFIG_FOO"), "CONFIG_FOO");
  EXPECT_EQ(symbol("8139TOO"), "CONFIG_8139TOO");
  EXPECT_EQ(symbol("SND_x_1"), "CONFIG_SND_x_1");
}

TEST(ConfigSymbol, AnythingElseIsShownAsWritten) {
  for (const char* bad : {"", "CONFIG_", "FOO=y", "FOO BAR", "FOO-BAR", "$(FOO)", " FOO"})
    EXPECT_EQ(symbol(bad), fmt::format("error: '{}' is not a configuration symbol\n", bad));
  EXPECT_EQ(symbol("FOO\n"), "error: 'FOO\\n' is not a configuration symbol\n");
  EXPECT_EQ(symbol("F\xc3\xb6"), "error: 'F\\xc3\\xb6' is not a configuration symbol\n");
  EXPECT_EQ(config_symbol("").error().code, Errc::invalid_input);
}

TEST(ConfigAssignment, TakesEveryKindOfValue) {
  for (const char* value : {"y", "m", "n", "0", "-1", "4096", "0x1F", "0Xff", "deadbeef", "\"\"", "\"text with = and #\"", R"("a \"quoted\" \\ word")",
                            "\"tab\there\""})
    EXPECT_EQ(assignment(fmt::format("FOO={}", value)), fmt::format("CONFIG_FOO={}", value));
  EXPECT_EQ(assignment("CONFIG_FOO=y"), "CONFIG_FOO=y");
}

TEST(ConfigAssignment, ABadValueIsNamed) {
  for (const char* value : {"", "yes", "Y", "-", "--1", "-ff", "0x", "1.5", "1 2", " y", "y ", "\"", "\"open", "open\"", "\"a\"b\"", "\"a\\\"",
                            "\"two\nlines\"", "\"\\\n\"", "'x'"})
    EXPECT_EQ(assignment(fmt::format("FOO={}", value)),
              fmt::format("error: '{}' is not a configuration value\nhint: values are y, m, n, a number, or a text in double quotes\n", printable(value)));
}

TEST(ConfigAssignment, WithoutAnEqualsSignSaysHowToWriteIt) {
  EXPECT_EQ(assignment("FOO"), "error: 'FOO' does not set a value\nhint: write it as: --set FOO=VALUE\n");
}

TEST(ConfigAssignment, ABadSymbolIsNamed) { EXPECT_EQ(assignment("F O=y"), "error: 'F O' is not a configuration symbol\n"); }

TEST(ParseConfig, KeepsAssignmentsInTheirOrder) {
  EXPECT_EQ(config(R"(#
# Automatically generated file; DO NOT EDIT.
# Linux/arm64 6.1.170 Kernel Configuration
#
CONFIG_B=y
CONFIG_A=m

# General setup
CONFIG_CMDLINE="console=ttyS0 # not a comment"
CONFIG_HZ=250
)"),
            "CONFIG_B=y|CONFIG_A=m|CONFIG_CMDLINE=\"console=ttyS0 # not a comment\"|CONFIG_HZ=250");
}

TEST(ParseConfig, NotSetIsN) {
  EXPECT_EQ(config("# CONFIG_MODULES is not set\n"), "CONFIG_MODULES=n");
  EXPECT_EQ(config("CONFIG_A=y\n# CONFIG_A is not set"), "CONFIG_A=y|CONFIG_A=n");
}

TEST(ParseConfig, OtherCommentsAreLeftOut) {
  for (const char* comment : {"#", "# CONFIG_A", "# CONFIG_A is set", "# CONFIG_A is not set here", "# A is not set", "# CONFIG_ is not set",
                              "# CONFIG_$ is not set", "## CONFIG_A is not set"})
    EXPECT_EQ(config(comment), "") << comment;
}

TEST(ParseConfig, EmptyTextsHaveNoLines) {
  EXPECT_EQ(config(""), "");
  EXPECT_EQ(config("\n \n\t\n"), "");
}

TEST(ParseConfig, TakesCarriageReturnsAndSpaceAround) { EXPECT_EQ(config("CONFIG_A=y\r\n  CONFIG_B=n  \r\n"), "CONFIG_A=y|CONFIG_B=n"); }

TEST(ParseConfig, AllBadLinesAreReportedTogether) {
  EXPECT_EQ(config("CONFIG_A=y\nFOO=y\n\nCONFIG_B\nCONFIG_C=maybe\n"), R"(error: 'FOO=y' is not a line of a kernel configuration
  --> my.config:2:1
   2 | FOO=y
     | ^^^^^
error: 'CONFIG_B' is not a line of a kernel configuration
  --> my.config:4:1
   4 | CONFIG_B
     | ^^^^^^^^
error: 'CONFIG_C=maybe' is not a line of a kernel configuration
  --> my.config:5:1
   5 | CONFIG_C=maybe
     | ^^^^^^^^^^^^^^
)");
}

TEST(ParseConfig, BadLinesAreShownEscapedAndNotWithoutEnd) {
  EXPECT_EQ(config("\x1b[31m\tx\xc2\x9b\n"), R"(error: '\x1b[31m\tx\xc2\x9b' is not a line of a kernel configuration
  --> my.config:1:1
   1 | \x1b[31m\tx\xc2\x9b
     | ^^^^^^^^^^^^^^^^^^^
)");
  const std::string many = config(std::string(30, 'x') + "\n" + join(std::vector<std::string>(24, "bad"), "\n"));
  EXPECT_EQ(std::count(many.begin(), many.end(), '>'), 20);
  EXPECT_TRUE(many.ends_with("note: and 5 more\n")) << many;
  EXPECT_EQ(printable(std::string(1000, 'x')), std::string(100, 'x') + "...");
}

TEST(ParseConfig, WhatIsNoTextSaysSoOnce) {
  using namespace std::string_literals;
  EXPECT_EQ(config("\x7f" "ELF\0\0\nCONFIG_A=y\n"s), "error: 'my.config' is not a kernel configuration: it is no text\n");
}

RC_GTEST_PROP(ParseConfigProp, ReadsWhatItPrinted, (const std::string& text)) {
  const auto lines = parse_config(text, "x");
  if (!lines) return;
  RC_ASSERT(parse_config(join(*lines, "\n"), "x").value() == *lines);
}

TEST(KernelTreeVersion, IsThatOfTheMakefile) {
  EXPECT_EQ(version("# SPDX-License-Identifier: GPL-2.0\nVERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 170\nEXTRAVERSION =\nNAME = Curry Ramen\n"), "6.1.170");
  EXPECT_EQ(version("VERSION=3\nPATCHLEVEL=18\nSUBLEVEL=140\n"), "3.18.140");
  EXPECT_EQ(version("VERSION = 6\r\nPATCHLEVEL = 1\r\nSUBLEVEL = 7\r\n"), "6.1.7");
}

TEST(KernelTreeVersion, AFirstReleaseHasNoSublevelButInTheTwos) {
  EXPECT_EQ(version("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\nEXTRAVERSION =\n"), "6.1");
  EXPECT_EQ(version("VERSION = 2\nPATCHLEVEL = 6\nSUBLEVEL = 0\n"), "2.6.0");
  EXPECT_EQ(version("VERSION = 6\nPATCHLEVEL = 1\n"), "6.1");
}

TEST(KernelTreeVersion, TakesStableAndCandidateSuffixesOnly) {
  EXPECT_EQ(version("VERSION = 2\nPATCHLEVEL = 6\nSUBLEVEL = 32\nEXTRAVERSION = .71\n"), "2.6.32.71");
  EXPECT_EQ(version("VERSION = 6\nPATCHLEVEL = 2\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\n"), "6.2-rc3");
  EXPECT_EQ(version("VERSION = 6\nPATCHLEVEL = 2\nSUBLEVEL = 1\nEXTRAVERSION = -vendor\n"), "6.2.1");
  EXPECT_EQ(version("VERSION = 6\nPATCHLEVEL = 2\nSUBLEVEL = 1\nEXTRAVERSION = .x\n"), "6.2.1");
  EXPECT_EQ(version("VERSION = 3\nPATCHLEVEL = 10\nSUBLEVEL = 20\nEXTRAVERSION = -rc1+\n"), "3.10.20-rc1");
  EXPECT_EQ(version("VERSION = 2\nPATCHLEVEL = 6\nSUBLEVEL = 32\nEXTRAVERSION = .67-dirty\n"), "2.6.32.67");
  EXPECT_EQ(version("VERSION = 3\nPATCHLEVEL = 4\nSUBLEVEL = 0\nEXTRAVERSION = .201509021357\n"), "3.4");
  EXPECT_EQ(version("VERSION := 4  # of today\nPATCHLEVEL ::= 9\nSUBLEVEL=115#\n"), "4.9.115");
}

TEST(KernelTreeVersion, OnlyTheHeadOfTheMakefileCounts) {
  EXPECT_EQ(version("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 5\nNAME = x\nEXTRAVERSION = -rc1\n"), "6.1.5");
  EXPECT_EQ(version("VERSION = 6\nVERSION = 7\nPATCHLEVEL = 1\nSUBLEVEL = 5\n"), "6.1.5");
}

TEST(KernelTreeVersion, AnotherMakefileSaysSo) {
  for (const char* text : {"", "all:\n\tcc x.c\n", "VERSION = 6\n", "PATCHLEVEL = 1\n", "VERSION = 1.0\nPATCHLEVEL = 2\n", "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = x\n",
                           "VERSION = $(shell git describe)\nPATCHLEVEL = 1\n", "VERSION = 99999999999999999999\nPATCHLEVEL = 1\n"})
    EXPECT_EQ(version(text), "error: 'linux/Makefile' does not declare a kernel version\n") << text;
}

RC_GTEST_PROP(KernelTreeVersionProp, AnyNumbersGiveAVersion, (std::uint16_t major, std::uint16_t minor, std::uint16_t sub)) {
  const std::string text = version(fmt::format("VERSION = {}\nPATCHLEVEL = {}\nSUBLEVEL = {}\n", major, minor, sub));
  RC_ASSERT(Version::parse(text).value() == Version::parse(fmt::format("{}.{}.{}", major, minor, sub)).value());
}

}  // namespace
}  // namespace swage
