#include "request/goals.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace swage {
namespace {

std::string parts(const std::string& text) {
  const auto target = parse_target(text);
  if (!target) return render(target.error());
  EXPECT_EQ(target->text, text);
  return fmt::format("{} + {}", target->name, target->version);
}

TEST(ParseTarget, IsANameWithOrWithoutAVersion) {
  EXPECT_EQ(parts("linux"), "linux + ");
  EXPECT_EQ(parts("linux@6.1"), "linux + 6.1");
  EXPECT_EQ(parts("toolchain@gcc-12"), "toolchain + gcc-12");
  EXPECT_EQ(parts("root@build"), "root + build");
}

TEST(ParseTarget, TheFirstAtSignParts) { EXPECT_EQ(parts("linux@6.1@x"), "linux + 6.1@x"); }

TEST(ParseTarget, AMissingPartSaysHowToWriteIt) {
  for (const char* bad : {"", "@", "linux@", "@6.1"})
    EXPECT_EQ(parts(bad), fmt::format("error: '{}' is not a target\nhint: write it as NAME or NAME@VERSION\n", bad));
  EXPECT_EQ(parse_target("").error().code, Errc::invalid_input);
}

TEST(GoalLabel, SaysWhatForWhichPlatform) {
  const Platform arm64{.name = "arm64", .triple = Triple::parse("aarch64-linux-gnu").value()};
  Goal goal{.target = parse_target("linux@6.1").value(), .platform = &arm64};
  EXPECT_EQ(goal_label(goal), "linux@6.1 for arm64");
  goal.cell.kernel = KernelChoice{.version = Version::parse("6.1.170").value()};
  EXPECT_EQ(goal_label(goal), "linux@6.1.170 for arm64");
  EXPECT_EQ(goal_label({.target = parse_target("root@build").value(), .platform = &arm64}), "root@build");
}

}  // namespace
}  // namespace swage
