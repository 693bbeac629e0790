// Two worlds are planned, of which one thing differs: it is told, and nothing else.
#include "plan/why_different.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "support/package_world.hpp"

namespace swage {
namespace {

std::string shown(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& one : differences) {
    text += fmt::format("{} {} of {}: '{}' '{}'{}\n", difference_kind_name(one.kind), one.what, join(one.within, "/"), one.had,
                        one.has, one.may_follow ? " follows" : "");
    for (const std::string& line : one.lines) text += "  " + line + "\n";
  }
  return text;
}

MadeBefore known(PackageWorld& world) {
  return {.derivation = [&](const StorePath& drv) -> Result<std::optional<Derivation>> {
            const FinishedDerivation* found = world.planner().graph().find(drv);
            return found ? std::optional(found->drv) : std::nullopt;
          },
          .text = [&](const StorePath& source) -> std::optional<std::string> {
            const auto& sources = world.planner().graph().sources;
            const auto* text = std::get_if<Source::Text>(&sources.at(source).how);
            return text ? std::optional(text->content) : std::nullopt;
          }};
}

std::string why(PackageWorld& has, PackageWorld& had, const std::string& target = "user", const Cell* has_cell = nullptr) {
  const auto drv = [&](PackageWorld& world, const Cell& cell) {
    const Result<Wanted> wanted = world.planner().package(target, cell);
    EXPECT_TRUE(wanted) << render(wanted.error());
    return wanted.value().drv;
  };
  const StorePath wanted = drv(has, has_cell ? *has_cell : has.host("arm64"));
  const auto differences = why_different(has.planner().graph(), wanted, drv(had, had.host("arm64")), known(had));
  return differences ? shown(*differences) : render(differences.error());
}

// A program, and the library that it is linked with.
void small(PackageWorld& world) {
  world.package("zlib").package("user", "[deps]\nhost = [\"zlib\"]\n[env]\nwords = \"one\"\n");
}

TEST(WhyDifferent, TheSameIsNoDifference) {
  PackageWorld has, had;
  small(has);
  small(had);
  EXPECT_EQ(why(has, had), "");
}

TEST(WhyDifferent, ASettingOfTheTargetOrOfWhatItNeeds) {
  PackageWorld has, had;
  small(has);
  small(had);
  has.package("user", "[deps]\nhost = [\"zlib\"]\n[env]\nwords = \"two\"\n");
  has.package("zlib", "[env]\nnew = \"yes\"\n");
  EXPECT_EQ(why(has, had),
            "setting words of user-1.0-arm64: 'one' 'two'\n"
            "setting new of user-1.0-arm64/zlib-1.0-arm64: '' 'yes'\n");
}

// What reads it is in the paths of all that is made with it, and the one line is told, where it is nearest.
TEST(WhyDifferent, ALineOfAScript) {
  PackageWorld has, had;
  small(has);
  small(had);
  had.write("scripts/boot.sh", "one\ntwo\nthree\n");
  has.write("scripts/boot.sh", "one\n2\nthree\n");
  EXPECT_EQ(why(has, had), "text boot.sh of user-1.0-arm64: 'boot.sh' 'boot.sh'\n  -two\n  +2\n");
}

TEST(WhyDifferent, APackageOfTheLockFile) {
  PackageWorld has, had;
  small(has);
  small(had);
  LockedSet& set = has.lock().lock().sets.at("toolchain:debian-gcc-12-arm64");
  set.files = {has.lock().file("gcc-12-arm64", "1.0-2", "pool/main/gcc-12-arm64/gcc-12-arm64_1.0-2_amd64.deb")};
  EXPECT_EQ(why(has, had),
            "package gcc-12-arm64 of user-1.0-arm64/cc-arm64/toolchain-debian-gcc-12-arm64: '1.0-1' '1.0-2'\n");
  set.files.push_back(has.lock().file("libc", "2.0", "pool/main/libc/libc_2.0_amd64.deb"));
  PackageWorld more;
  small(more);
  more.lock().lock().sets.at("toolchain:debian-gcc-12-arm64").files.push_back(
      more.lock().file("libc", "2.0", "pool/main/libc/libc_2.0_amd64.deb"));
  EXPECT_EQ(why(more, had), "package libc of user-1.0-arm64/cc-arm64/toolchain-debian-gcc-12-arm64: '' '2.0'\n");
}

// Another compiler, another version of a library: that, and not by what the two differ.
TEST(WhyDifferent, AnotherThingInThePlaceOfOne) {
  PackageWorld has, had;
  small(has);
  small(had);
  has.write("packages/zlib/recipe.toml", "[package]\nname = \"zlib\"\nversion = \"1.1\"\n[build]\nsystem = \"plain\"\n[env]\nmore = \"x\"\n");
  EXPECT_EQ(why(has, had), "input zlib-1.1-arm64 of user-1.0-arm64: 'zlib-1.0-arm64' 'zlib-1.1-arm64'\n");
}

TEST(WhyDifferent, AnotherCompilerIsToldOnce) {
  PackageWorld has, had;
  for (PackageWorld* world : {&has, &had}) {
    small(*world);
    // As the C library's, the name tells the compiler's.
    std::string cc = kCcRecipe;
    world->write("packages/cc/recipe.toml", cc.replace(cc.find("cc-{target.name}"), 16, "cc-{target.toolchain.id}"));
  }
  std::string newer = kMipselCompiler;
  for (const auto& [old, now] : {std::pair("other-{platform}", "newer-{platform}"), std::pair("mipsel\"]", "arm64\"]"), std::pair("gcc-12-mipsel", "gcc-13")})
    newer.replace(newer.find(old), std::string_view(old).size(), now);
  has.write("toolchains/newer.toml", newer);
  has.write("packages/toolchain-newer/recipe.toml", "[package]\nname = \"toolchain-newer\"\n[build]\nscript = \"toolchain.sh\"\n[env]\nname = \"toolchain-{toolchain.id}\"\n");
  has.lock().set("toolchain:newer-arm64", {"gcc-13"});
  Cell cell = has.host("arm64");
  cell.toolchain = has.catalog().toolchain("newer-arm64").value();
  EXPECT_EQ(why(has, had, "user", &cell),
            "input toolchain-newer-arm64 of user-1.0-arm64/cc-newer-arm64: 'toolchain-debian-gcc-12-arm64' "
            "'toolchain-newer-arm64'\n");
}

// Settings of what is made with another input may come of that, and come last.
TEST(WhyDifferent, WhatMayFollowIsToldSo) {
  PackageWorld has, had;
  small(has);
  small(had);
  has.write("packages/zlib/recipe.toml", "[package]\nname = \"zlib\"\nversion = \"1.1\"\n[build]\nsystem = \"plain\"\n");
  has.package("user", "[deps]\nhost = [\"zlib\"]\n[env]\nwords = \"two\"\n");
  EXPECT_EQ(why(has, had),
            "input zlib-1.1-arm64 of user-1.0-arm64: 'zlib-1.0-arm64' 'zlib-1.1-arm64'\n"
            "setting words of user-1.0-arm64: 'one' 'two' follows\n");
}

TEST(WhyDifferent, AnInputThatIsNewOrGone) {
  PackageWorld has, had;
  small(has);
  small(had);
  has.package("more").package("user", "[deps]\nhost = [\"zlib\", \"more\"]\n[env]\nwords = \"one\"\n");
  EXPECT_EQ(why(has, had), "input more-1.0-arm64 of user-1.0-arm64: '' 'more-1.0-arm64'\n");
  EXPECT_EQ(why(had, has), "input more-1.0-arm64 of user-1.0-arm64: 'more-1.0-arm64' ''\n");
}

TEST(WhyDifferent, ASettingOfSeveralLinesIsToldByThem) {
  PackageWorld has, had;
  small(has);
  small(had);
  had.package("user", "[deps]\nhost = [\"zlib\"]\n[env]\nwords = \"\"\"one\ntwo\n\"\"\"\n");
  has.package("user", "[deps]\nhost = [\"zlib\"]\n[env]\nwords = \"\"\"one\nthree\n\"\"\"\n");
  EXPECT_EQ(why(has, had), "setting words of user-1.0-arm64: 'one\ntwo\n' 'one\nthree\n'\n  -two\n  +three\n");
}

TEST(WhyDifferent, WhatIsNotKnownAnyMoreIsSaid) {
  PackageWorld has, had;
  small(has);
  small(had);
  has.package("zlib", "[env]\nnew = \"yes\"\n");
  const StorePath wanted = has.planner().package("user", has.host("arm64")).value().drv;
  const StorePath before = had.planner().package("user", had.host("arm64")).value().drv;
  MadeBefore forgetful = known(had);
  forgetful.derivation = [&, all = forgetful.derivation](const StorePath& drv) {
    return drv == before ? all(drv) : Result<std::optional<Derivation>>(std::nullopt);
  };
  const auto differences = why_different(has.planner().graph(), wanted, before, forgetful);
  ASSERT_TRUE(differences);
  EXPECT_EQ(shown(*differences), "input zlib-1.0-arm64 of user-1.0-arm64: 'zlib-1.0-arm64' 'zlib-1.0-arm64'\n");
  EXPECT_TRUE(differences->front().is_forgotten);
}

}  // namespace
}  // namespace swage
