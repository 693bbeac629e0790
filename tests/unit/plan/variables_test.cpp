#include "plan/variables.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace swage {
namespace {

// The scopes of a recipe, small: `platform` is a closed set, `dep` answers with what it was asked, `source` has no keys.
const VariableScopes& scopes() {
  static const VariableScopes known{
      {"platform", [](std::string_view key) { return look_up({{"name", "arm64"}, {"endian", "little"}, {"bits", "64"}}, "platform", key); }},
      {"dep", [](std::string_view key) { return Result<std::string>("<" + std::string(key) + ">"); }},
      {"source", [](std::string_view key) { return key.empty() ? Result<std::string>("S") : look_up({}, "source", key); }},
  };
  return known;
}

std::string expand(std::string_view text) {
  const auto out = expand_variables(text, scopes());
  return out ? *out : render(out.error());
}

TEST(Variables, AreReplacedWhereverTheyStand) {
  EXPECT_EQ(expand("{platform.name}"), "arm64");
  EXPECT_EQ(expand("linux-{platform.name}-{platform.bits}le"), "linux-arm64-64le");
  EXPECT_EQ(expand("{platform.name}{platform.name}"), "arm64arm64");
  EXPECT_EQ(expand("{source}/file"), "S/file");
  EXPECT_EQ(expand(""), "");
  EXPECT_EQ(expand("no braces"), "no braces");
}

TEST(Variables, AKeyMayHoldDotsDashesAndUnderscores) {
  EXPECT_EQ(expand("{dep.linux-source}"), "<linux-source>");
  EXPECT_EQ(expand("{dep.debs.sh} {dep.a_b}"), "<debs.sh> <a_b>");
  EXPECT_EQ(expand("{dep.opensbi@rv32} {dep.build.c++:dev}"), "<opensbi@rv32> <build.c++:dev>");
}

TEST(Variables, ShellBracesStayAsTheyAre) {
  for (const char* text : {"${platform.name}", "${x}", "${x:-{y,z}}", "{a,b}", "{A}", "{ platform.name }", "{}", "{", "}", "{{", "}{", "{1}",
                           "{platform.name", "{platform name}", "{a:b}", "{a@b}", "{a+b.c}", "$(x) { echo; }"})
    EXPECT_EQ(expand(text), text);
}

TEST(Variables, AreReplacedInsideOtherBraces) {
  EXPECT_EQ(expand("{ {platform.name}, {source} }"), "{ arm64, S }");
  EXPECT_EQ(expand("{{platform.name}}"), "{arm64}");
  EXPECT_EQ(expand("${x:-{platform.name}}"), "${x:-arm64}");
  EXPECT_EQ(expand("{a,{platform.name}}"), "{a,arm64}");
}

TEST(Variables, AValueIsNotExpandedAgain) {
  const VariableScopes outer{{"x", [](std::string_view) { return Result<std::string>("{y.z} ${q} {"); }}};
  EXPECT_EQ(expand_variables("{x}x}", outer).value(), "{y.z} ${q} {x}");
}

TEST(Variables, AnUnknownScopeNamesTheNearOne) {
  EXPECT_EQ(expand("{plattform.name}"), "error: '{plattform.name}' is not a variable\nhint: did you mean 'platform'?\n");
  EXPECT_EQ(expand("{sourc}"), "error: '{sourc}' is not a variable\nhint: did you mean 'source'?\n");
  EXPECT_EQ(expand("{nothing.like}"), "error: '{nothing.like}' is not a variable\n");
}

TEST(Variables, AnUnknownKeyNamesTheNearOne) {
  EXPECT_EQ(expand("x {platform.endain}"), "error: '{platform.endain}' is not a variable\nhint: did you mean 'endian'?\n");
  EXPECT_EQ(expand("{platform.nothing}"), "error: '{platform.nothing}' is not a variable\n");
}

TEST(Variables, AScopeOfKeysWithoutAKeyIsNamedAsWritten) {
  EXPECT_EQ(expand("{platform}"), "error: '{platform}' is not a variable\n");
  EXPECT_EQ(expand("{source.name}"), "error: '{source.name}' is not a variable\n");
}

TEST(Variables, TheFirstMistakeEndsTheExpansion) {
  EXPECT_EQ(expand("{platform.name} {one.two} {platform.three}"), "error: '{one.two}' is not a variable\n");
}

RC_GTEST_PROP(VariablesProp, TextWithoutBracesIsLeftAlone, (const std::string& text)) {
  std::string plain = text;
  std::erase(plain, '{');
  RC_ASSERT(expand_variables(plain, scopes()).value() == plain);
}

RC_GTEST_PROP(VariablesProp, NothingButTheVariableChanges, (const std::string& before, const std::string& after)) {
  std::string head = before, tail = after;
  for (std::string* text : {&head, &tail}) std::erase_if(*text, [](char c) { return c == '{' || c == '$'; });
  RC_ASSERT(expand_variables(head + "{platform.name}" + tail, scopes()).value() == head + "arm64" + tail);
  RC_ASSERT(expand_variables(head + "${platform.name}" + tail, scopes()).value() == head + "${platform.name}" + tail);
}

}  // namespace
}  // namespace swage
