#include "plan/config_text.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

TEST(ConfigValues, TheLastLineOfASymbolCounts) {
  const ConfigValues values = config_values("CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=\"a = b\"\n# CONFIG_A is not set\nCONFIG_B=m\r\n  CONFIG_D=0x1\n");
  EXPECT_EQ(values, (ConfigValues{{"A", "n"}, {"B", "m"}, {"C", "a = b"}, {"D", "0x1"}}));
}

TEST(ConfigValues, OtherLinesSayNothing) {
  EXPECT_EQ(config_values("# fragment\n\n# CONFIG_A was not set\nCONFIG_B\nFOO=y\n#CONFIG_C=y\n"), ConfigValues{});
}

TEST(NamesFiles, OnlyOfPathsThatTheBuildDoesNotMakeItself) {
  const SymbolRow path{.name = "KEY", .path = true, .generated = {"made.pem"}};
  EXPECT_TRUE(names_files(path, "mine.pem"));
  EXPECT_TRUE(names_files(path, "/etc/a /etc/b"));
  for (const char* value : {"", " ", "n", "made.pem"}) EXPECT_FALSE(names_files(path, value)) << value;
  EXPECT_FALSE(names_files(SymbolRow{.name = "OLD", .renamed = "NEW"}, "y"));
}

}  // namespace
}  // namespace swage
