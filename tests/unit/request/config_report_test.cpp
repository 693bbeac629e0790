#include "request/config_report.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace swage {
namespace {

std::string line(const char* symbol, const char* value, bool counted) {
  return fmt::format(R"({{"source":"option","symbol":"{}","asked":"y","value":{},"kind":"dependency","reason":"dependency missing: B","counted":{}}})", symbol,
                     value, counted);
}
std::string report(const std::vector<std::string>& lines) { return fmt::format(R"({{"lines":[{}],"new":["CONFIG_N=y"]}})", fmt::join(lines, ",")); }

TEST(ConfigReport, IsReadAsItWasWritten) {
  const ConfigReport read = parse_config_report(report({line("A", "\"n\"", true), line("B", "null", false)})).value();
  ASSERT_EQ(read.lines.size(), 2U);
  EXPECT_EQ(config_drift_text(read.lines[0]), "option: CONFIG_A=y did not take effect: it is not set: dependency missing: B");
  EXPECT_EQ(config_drift_text(read.lines[1]), "option: CONFIG_B=y did not take effect: dependency missing: B");
  EXPECT_EQ(read.fresh, std::vector<std::string>{"CONFIG_N=y"});
  EXPECT_EQ(config_report_json(read).dump(),
            R"({"withoutEffect":[{"source":"option","symbol":"A","asked":"y","value":"n","kind":"dependency","reason":"dependency missing: B","counted":true},)"
            R"({"source":"option","symbol":"B","asked":"y","value":null,"kind":"dependency","reason":"dependency missing: B","counted":false}],"new":["CONFIG_N=y"]})");
}

TEST(ConfigReport, TheSummaryIsOfTheLinesThatCount) {
  const auto summary = [](const std::vector<std::string>& lines) { return config_summary(parse_config_report(report(lines)).value()); };
  EXPECT_EQ(summary({}), "");
  EXPECT_EQ(summary({line("A", "\"n\"", false)}), "");
  EXPECT_EQ(summary({line("A", "\"m\"", true), line("B", "null", false)}),
            "1 line of the configuration did not take effect\n  option: CONFIG_A=y did not take effect: it is m: dependency missing: B\n");
  const std::string many = summary(std::vector<std::string>(7, line("A", "\"n\"", true)));
  EXPECT_TRUE(many.starts_with("7 lines of the configuration did not take effect\n"));
  EXPECT_TRUE(many.ends_with("  and 2 more: see config-drift in the kernel's output\n"));
}

TEST(ConfigReport, AnythingElseIsCorrupt) {
  for (const char* text : {"", "[]", "{}", R"({"lines":[]})", R"({"lines":{},"new":[]})", R"({"lines":[1],"new":[]})", R"({"lines":[{}],"new":[]})",
                           R"({"lines":[],"new":[1]})", R"({"lines":[],"new":[]}x)", "{\"lines\":[],\"new\":[\"\xff\"]}"}) {
    const auto read = parse_config_report(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code, Errc::corrupt);
  }
}

}  // namespace
}  // namespace swage
