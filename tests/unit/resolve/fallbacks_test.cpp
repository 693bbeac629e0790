// Toolchains of providers that are for where no other fits, and toolchains that do not know all of themselves.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "support/worlds.hpp"

namespace swage {
namespace {

using Strings = std::vector<std::string>;

// The fallback is nearer to the kernel in every respect.
World near_fallback() {
  World world;
  world.kernel("6.1", "2022-12-11").provider("far", 1, true, true);
  world.toolchain({.id = "gcc-10", .version = "10.2.1", .released = "2020-07-23"});
  world.toolchain({.id = "far-12", .released = "2022-12-11", .provider = "far"});
  return world;
}

TEST(Fallbacks, AreNoCandidatesWhereAnotherFits) {
  const auto catalog = near_fallback().build();
  const auto resolution = ask(*catalog, {"6.1"});
  ASSERT_TRUE(resolution);
  EXPECT_EQ(resolution->chosen->id, "gcc-10");
  EXPECT_EQ(resolution->ranking.size(), 1u);
  EXPECT_TRUE(resolution->rejected.empty());
  EXPECT_EQ(resolution->why, Strings{"no other candidate satisfies the constraints"});
}

TEST(Fallbacks, AreTakenWhereNoOtherFits) {
  const auto catalog = near_fallback().constraint("new", "", "gcc = \">=11\"").build();
  const auto resolution = ask(*catalog, {"6.1"});
  ASSERT_TRUE(resolution);
  ASSERT_TRUE(resolution->chosen);
  EXPECT_EQ(resolution->chosen->id, "far-12");
  ASSERT_EQ(resolution->rejected.size(), 1u);
  EXPECT_EQ(resolution->rejected[0].toolchain->id, "gcc-10");
  EXPECT_EQ(resolution->why, (Strings{"no other candidate satisfies the constraints",
                                      "no toolchain that is no fallback satisfies the constraints"}));
}

TEST(Fallbacks, AreLeftOutOfTheReasonsWhereNoneOfThemFitsEither) {
  const auto catalog = near_fallback().constraint("newest", "", "gcc = \">=13\"").build();
  const auto resolution = ask(*catalog, {"6.1"});
  ASSERT_TRUE(resolution);
  EXPECT_EQ(resolution->chosen, nullptr);
  ASSERT_EQ(resolution->rejected.size(), 1u);
  EXPECT_EQ(resolution->rejected[0].toolchain->id, "gcc-10");

  World alone;
  alone.kernel("6.1", "2022-12-11").provider("far", 1, true, true).toolchain({.id = "far-12", .provider = "far"});
  const auto only = ask(*alone.constraint("newest", "", "gcc = \">=13\"").build(), {"6.1"});
  ASSERT_TRUE(only);
  ASSERT_EQ(only->rejected.size(), 1u) << "there is nothing else to say";
}

TEST(Fallbacks, AreTakenAfterAToolchainThatNeedsAQuirk) {
  World world = near_fallback();
  world.constraint("new", "", "gcc = \">=11\"").quirk_for("new", "old-too", "gcc = \"<11\"");
  EXPECT_EQ(chosen(*world.build(), {"6.1"}), "gcc-10");
}

TEST(Fallbacks, AreTakenWhenAskedForOrOnRecord) {
  const auto catalog = near_fallback().build();
  const auto asked = ask(*catalog, {.kernel = "6.1", .toolchain = "far-12"});
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->chosen->id, "far-12");
  EXPECT_EQ(asked->why, Strings{"it was asked for by name"});
  const auto booted = ask(*catalog, {.kernel = "6.1", .evidence = {{"far-12", Evidence::booted}}});
  ASSERT_TRUE(booted);
  EXPECT_EQ(booted->chosen->id, "far-12");
  EXPECT_EQ(booted->why, Strings{"it has booted this kernel; gcc-10 is not recorded to have booted it"});
  EXPECT_EQ(chosen(*catalog, {.kernel = "6.1", .evidence = {{"far-12", Evidence::failed}}}), "gcc-10");
  EXPECT_EQ(chosen(*catalog, {.kernel = "6.1", .evidence = {{"has-left", Evidence::booted}}}), "gcc-10");
}

TEST(UnknownBinutils, SatisfyNothingThatIsRequiredOfThem) {
  World world;
  world.kernel("6.1", "2022-12-11").toolchain({.id = "known"}).toolchain({.id = "hidden", .version = "13", .binutils = "unknown", .released = "2022-12-11"});
  EXPECT_EQ(chosen(*world.build(), {"6.1"}), "hidden") << "nothing is required of them";
  world.constraint("plt32", "", "binutils = \">=2.31\"");
  const auto resolution = ask(*world.build(), {"6.1"});
  ASSERT_TRUE(resolution);
  EXPECT_EQ(resolution->chosen->id, "known");
  ASSERT_EQ(resolution->rejected.size(), 1u);
  EXPECT_EQ(resolution->rejected[0].reason, "binutils of a version that is not known cannot be said to be >=2.31");
  EXPECT_EQ(toolchain_text(*resolution->rejected[0].toolchain), "gcc 13, binutils of unknown version, glibc 2.36");
}

TEST(UnknownBinutils, AreNotTestedWhenAskedForByName) {
  World world;
  world.kernel("6.1", "2022-12-11").toolchain({.id = "hidden", .binutils = "unknown"}).constraint("plt32", "", "binutils = \">=2.31\"");
  const auto catalog = world.build();
  EXPECT_EQ(chosen(*catalog, {"6.1"}), "none");
  const auto resolution = ask(*catalog, {.kernel = "6.1", .toolchain = "hidden"});
  ASSERT_TRUE(resolution);
  ASSERT_TRUE(resolution->chosen);
  ASSERT_EQ(resolution->untested.size(), 1u);
  EXPECT_EQ(resolution->untested[0].text, "binutils >=2.31 (the toolchain's version is not known)");
}

TEST(UnknownBinutils, MeetNoConditionOnThem) {
  World world;
  world.kernel("6.1", "2022-12-11").toolchain({.id = "hidden", .binutils = "unknown"});
  world.constraint("with-old", "binutils = \"<99\"", "gcc = \">=99\"");
  EXPECT_EQ(chosen(*world.build(), {"6.1"}), "hidden");
}

std::string a_range() { return *rc::gen::element<std::string>("<2", ">=2", "<4", ">=4", "*"); }

RC_GTEST_PROP(Fallbacks, ChangeNoAnswerThatThereIs, ()) {
  World world;
  world.kernel("2", "2019-01-01").kernel("4", "2021-01-01").provider("far", 1, true, true);
  const auto row = [&](const std::string& id, const std::string& provider) {
    world.toolchain({.id = id,
                     .version = *rc::gen::element<std::string>("1", "2.5", "4", "5.9"),
                     .binutils = *rc::gen::element<std::string>("1.2", "3.4", "5", "unknown"),
                     .released = fmt::format("{}-06-01", *rc::gen::inRange(2018, 2024)),
                     .provider = provider});
  };
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) row(fmt::format("near{}", i), "debian");
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
    world.constraint(fmt::format("c{}", i), fmt::format("kernel = \"{}\"", a_range()),
                     fmt::format("{} = \"{}\"", *rc::gen::element<std::string>("gcc", "binutils"), a_range()));
  const auto without = world.build();
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) row(fmt::format("far{}", i), "far");
  const auto with = world.build();
  const Ask question{.kernel = *rc::gen::element<std::string>("2", "4")};
  const std::string before = chosen(*without, question), after = chosen(*with, question);
  if (before != "none") RC_ASSERT(after == before);
  RC_ASSERT(after == "none" || after.starts_with(before == "none" ? "far" : "near"));
}

}  // namespace
}  // namespace swage
