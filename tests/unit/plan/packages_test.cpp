// Packages: dependencies by role over build, host and target platform, variants, and what the scripts of build systems are told.
#include <gtest/gtest.h>

#include "support/package_world.hpp"

namespace swage {
namespace {

TEST(Packages, ABuildSystemsPartsComeBeforeTheRecipes) {
  PackageWorld world;
  world.package("zlib", "[env]\nsame = \"recipe\"\n", "configure = [\"--second=$out\", 'a \"b\" `c` \\']\n");
  const Derivation& drv = world.plan("zlib", world.host("arm64")).drv;
  EXPECT_EQ(drv.env.at("configure_args"), R"("--first" "--second=$out" "a \"b\" \`c\` \\")");
  EXPECT_EQ(drv.env.at("host"), world.catalog().platform("arm64").value()->triple.str());
  EXPECT_EQ(drv.env.at("same"), "recipe");
  EXPECT_EQ(drv.env.at("tests"), "");
}

TEST(Packages, TheCompilerRunsOnTheBuildPlatformAndEmitsCodeForTheHosts) {
  PackageWorld world;
  world.package("zlib");
  const Derivation& zlib = world.plan("zlib", world.host("arm64")).drv;
  EXPECT_EQ(zlib.name, "zlib-1.0-arm64");
  EXPECT_EQ(world.inputs(zlib), (std::vector<std::string>{"cc-arm64"}));
  const Derivation& cc = world.planner().graph().find(zlib.input_drvs.begin()->first)->drv;
  EXPECT_EQ(cc.env.at("triple"), "x86_64-unknown-linux-gnu x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu arm64-linux-gnu-");
  EXPECT_EQ(world.inputs(cc), (std::vector<std::string>{"toolchain-debian-gcc-12-arm64"}));
}

TEST(Packages, AToolIsBuiltForTheBuildPlatformAndSharedBetweenHosts) {
  PackageWorld world;
  world.package("bison").package("user", "[deps]\nbuild = [\"bison\"]\nhost = [\"bison\"]\n");
  const Derivation& arm64 = world.plan("user", world.host("arm64")).drv;
  EXPECT_EQ(world.inputs(arm64), (std::vector<std::string>{"bison-1.0", "bison-1.0-arm64", "cc-arm64"}));
  const Derivation& native = world.plan("user", world.host("x86_64")).drv;
  EXPECT_EQ(world.inputs(native), (std::vector<std::string>{"bison-1.0", "cc-x86_64"}));
  EXPECT_EQ(native.env.at("deps_host"), native.env.at("deps_build").substr(native.env.at("deps_build").find(' ') + 1));
  EXPECT_NE(arm64.env.at("deps_build").find(native.env.at("deps_host")), std::string::npos);
}

// Its programs of the build are linked with them by the compiler that they were made with.
TEST(Packages, WhoUsesPackagesOfTheBuildMachineHasItsCompilerToo) {
  PackageWorld world;
  std::string cc = kCcRecipe;
  world.write("packages/cc/recipe.toml", cc.insert(cc.find("targeted"), "of_compiler = true\n"));
  world.package("zlib").package("user", "[deps]\nbuild = [\"zlib\"]\n").package("other", "[deps]\nbuild-build = [\"zlib\"]\nhost = [\"zlib\"]\n");
  const Derivation& user = world.plan("user", world.host("arm64")).drv;
  EXPECT_EQ(world.inputs(user), (std::vector<std::string>{"cc-arm64", "cc-x86_64", "zlib-1.0"}));
  EXPECT_TRUE(user.env.at("deps_build_build").ends_with("-cc-x86_64")) << user.env.at("deps_build_build");
  EXPECT_EQ(world.inputs(world.plan("other", world.host("arm64")).drv), (std::vector<std::string>{"cc-arm64", "cc-x86_64", "zlib-1.0", "zlib-1.0-arm64"}));
  const Derivation& native = world.plan("user", world.host("x86_64")).drv;
  EXPECT_NE(native.env.at("deps_build").find(native.env.at("deps_build_build")), std::string::npos) << "the same one in both roles";
  EXPECT_FALSE(world.plan("zlib", world.host("arm64")).drv.env.contains("deps_build_build"));
}

TEST(Packages, OnBareMetalThereAreThoseThatSaySoAndTheyAreStatic) {
  PackageWorld world;
  world.write("platforms.toml", std::string(kSmallPlatforms) + kMipsel +
                                    "[[platform]]\nname = \"chip\"\ntriple = \"arm-none-eabi\"\nlibc = \"newlib\"\nendian = \"little\"\nbits = 32\nelf_machine = 40\n");
  std::string provider = kMipselCompiler;
  for (const auto& [from, to] : {std::pair("mipsel", "chip"), std::pair("glibc", "newlib"), std::pair("mipsel", "chip")})
    provider.replace(provider.find(from), std::string(from).size(), to);
  world.write("toolchains/bare.toml", provider.replace(provider.find("other-"), 6, "debian-gcc-12-"));
  world.write("packages/toolchain-bare/recipe.toml", "[package]\nname = \"toolchain-bare\"\nbare_metal = true\n[build]\nscript = \"toolchain.sh\"\n[env]\nname = \"{toolchain.id}\"\n");
  world.lock().set("toolchain:debian-gcc-12-chip", {"gcc-12-chip"});
  const std::string rest = "[build]\nsystem = \"plain\"\n[env]\nstatic = \"{instance.static}\"\n[[variant]]\nwhen.linkage = [\"static\"]\nbuild.script = \"toolchain.sh\"\n";
  world.write("packages/zlib/recipe.toml", "[package]\nname = \"zlib\"\nversion = \"1.0\"\nbare_metal = true\n" + rest);
  world.write("packages/bison/recipe.toml", "[package]\nname = \"bison\"\nversion = \"1.0\"\n" + rest);
  const Derivation& chip = world.plan("zlib", world.host("chip")).drv;
  EXPECT_EQ(chip.env.at("static"), "1");
  EXPECT_TRUE(chip.args.back().ends_with("-toolchain.sh")) << chip.args.back();   // the variant's
  const Derivation& arm64 = world.plan("zlib", world.host("arm64")).drv;
  EXPECT_EQ(arm64.env.at("static"), "");
  EXPECT_TRUE(arm64.args.back().ends_with("-boot.sh")) << arm64.args.back();
  const std::string refused = world.error("bison", world.host("chip"));
  EXPECT_TRUE(refused.starts_with("error: 'bison' is not for 'chip'\n")) << refused;
  EXPECT_TRUE(refused.ends_with("hint: for bare metal there are zlib; a recipe says so by `bare_metal = true`\n")) << refused;
}

TEST(Packages, ThreePlatformsGiveEachRoleItsOwn) {
  PackageWorld world;
  world.package("part").package("gcc", R"([deps]
build-build = ["part"]
build-target = ["toolchain"]
host = ["part"]
target = ["part"]
)", "targeted = true\n");
  const Cell cell = world.canadian();
  const Derivation& gcc = world.plan("gcc", cell).drv;
  EXPECT_EQ(gcc.name, "gcc-1.0-arm64-for-mipsel");
  EXPECT_EQ(world.inputs(gcc), (std::vector<std::string>{"cc-arm64", "other-mipsel", "part-1.0", "part-1.0-arm64", "part-1.0-mipsel"}));
  const auto name_in = [&](const char* role) { return gcc.env.at(role).substr(gcc.env.at(role).find('-') + 1); };
  EXPECT_EQ(name_in("deps_build_build"), "part-1.0");
  EXPECT_EQ(name_in("deps_host"), "part-1.0-arm64");
  EXPECT_EQ(name_in("deps_target"), "part-1.0-mipsel");
  // What emits no code is the same whatever the request's target is.
  EXPECT_EQ(world.plan("part", world.host("arm64")).drv.name, "part-1.0-arm64");
}

TEST(Packages, WhatADependencyPropagatesIsADependency) {
  PackageWorld world;
  world.package("proto").package("tool").package("lib", "[deps]\npropagated-host = [\"proto\"]\npropagated-build = [\"tool\"]\n");
  world.package("user", "[deps]\nhost = [\"lib\"]\n").package("script", "[deps]\nbuild = [\"lib\"]\n");
  EXPECT_EQ(world.inputs(world.plan("user", world.host("arm64")).drv),
            (std::vector<std::string>{"cc-arm64", "lib-1.0-arm64", "proto-1.0-arm64", "tool-1.0"}));
  // A tool of a tool would run before the build platform.
  EXPECT_EQ(world.inputs(world.plan("script", world.host("arm64")).drv), (std::vector<std::string>{"cc-arm64", "lib-1.0", "proto-1.0"}));
}

TEST(Packages, VariantsHoldOnTheirPlatforms) {
  PackageWorld world;
  world.package("other").package("zlib", R"([phase]
build = "always"
[[variant]]
when = { arch = ["arm64"], host = ["foreign"] }
build.configure = ["--arm"]
deps.host = ["other"]
phase.build = "on {platform.name}"
[[variant]]
when = { libc = ["!musl", "!glibc"] }
build.configure = ["--neither"]
[[variant]]
when = { endian = ["little"], bits = 64, libc = ["!musl"] }
build.make = ["V=1"]
)");
  const Derivation& arm64 = world.plan("zlib", world.host("arm64")).drv;
  EXPECT_EQ(arm64.env.at("configure_args"), R"("--first" "--arm")");
  EXPECT_EQ(arm64.env.at("make_args"), R"("V=1")");
  EXPECT_EQ(arm64.env.at("phase_build"), "on arm64");
  EXPECT_EQ(world.inputs(arm64), (std::vector<std::string>{"cc-arm64", "other-1.0-arm64"}));
  const Derivation& native = world.plan("zlib", world.host("x86_64")).drv;
  EXPECT_EQ(native.env.at("configure_args"), R"("--first")");
  EXPECT_EQ(native.env.at("phase_build"), "always");
}

// By the compiler of a platform that has none for programs, firmware is built all the same.
TEST(Packages, VariantsHoldForCompilersWithoutACLibrary) {
  const std::string variants = R"([[variant]]
when.purpose = ["kernel"]
env.of = "kernels"
[[variant]]
when.purpose = ["userland"]
env.of = "programs"
)";
  const auto envs = [&](const std::string& compiler) {
    PackageWorld world;
    world.package("firmware", variants).write("toolchains/other.toml", compiler);
    world.write("packages/cc/recipe.toml", kCcRecipe + variants);
    Cell cell = world.host("arm64");
    cell.platform = world.catalog().platform("mipsel").value();
    cell.toolchain = world.catalog().toolchain("other-mipsel").value();
    const Derivation& firmware = world.plan("firmware", cell).drv;
    std::string of_compiler;
    for (const auto& [path, outputs] : firmware.input_drvs)
      if (const Derivation& input = world.derivation(path.str()); input.name == "cc-mipsel") of_compiler = input.env.at("of");
    return firmware.env.at("of") + " " + of_compiler;
  };
  std::string without = kMipselCompiler;
  without.erase(without.find("libc = "), std::string_view("libc = \"glibc\"\n").size());
  EXPECT_EQ(envs(kMipselCompiler), "programs programs");
  EXPECT_EQ(envs(without), "kernels kernels") << "what it emits code for counts, not where it runs";
}

TEST(Packages, VariantsHoldForMembersOfAFamily) {
  PackageWorld world;
  world.package("zlib", R"([[variant]]
when = { member = ["1.0"], arch = ["arm64"] }
build.configure = ["--old-arm"]
[[variant]]
when.member = ["!1.0"]
build.configure = ["--new"]
[[member]]
name = "1.0"
[[member]]
name = "2.0"
)");
  const auto configure = [&](const std::string& name, const char* platform) { return world.plan(name, world.host(platform)).drv.env.at("configure_args"); };
  EXPECT_EQ(configure("zlib@1.0", "arm64"), R"("--first" "--old-arm")");
  EXPECT_EQ(configure("zlib@1.0", "x86_64"), R"("--first")");
  EXPECT_EQ(configure("zlib@2.0", "arm64"), R"("--first" "--new")");
}

TEST(Packages, TheirCompilerHasCxxAndThatOfKernelsNeedsNone) {
  PackageWorld world;
  world.write("toolchains/other.toml", std::string(kMipselCompiler) + "cxx = [\"g++-12-mipsel\"]\n");
  world.write("packages/toolchain-other/recipe.toml", "[package]\nname = \"toolchain-other\"\n[build]\nscript = \"toolchain.sh\"\n[env]\nname = \"{toolchain.id}\"\ndebs = \"{toolchain.debs}\"\n");
  std::string cc = kCcRecipe;
  world.write("packages/cc/recipe.toml", cc.insert(cc.find("targeted"), "of_compiler = true\n"));
  world.lock().set("toolchain-c++:other-mipsel", {"gcc-12-mipsel", "g++-12-mipsel"});
  world.recipe("kernel", "[deps]\nbuild = [\"toolchain\"]\n").recipe("compiler", "[deps]\nbuild = [\"cc\"]\n");
  Cell cell = world.host("arm64");
  cell.platform = world.catalog().platform("mipsel").value();
  cell.toolchain = world.catalog().toolchain("other-mipsel").value();
  const auto only_input = [&](const Derivation& drv) -> const Derivation& { return world.planner().graph().find(drv.input_drvs.begin()->first)->drv; };
  const std::string plain = only_input(world.plan("kernel", cell).drv).env.at("debs");
  const std::string full = only_input(only_input(world.plan("compiler", cell).drv)).env.at("debs");
  EXPECT_EQ(std::count(plain.begin(), plain.end(), ' '), 0);
  EXPECT_EQ(std::count(full.begin(), full.end(), ' '), 1);
  EXPECT_NE(full.find("g++-12-mipsel"), std::string::npos);
}

TEST(Packages, PatchesAreFilesBesideTheRecipe) {
  PackageWorld world;
  world.package("zlib", "", "patches = [\"fix.patch\"]\n").write("packages/zlib/fix.patch", "--- a\n+++ b\n");
  const Derivation& drv = world.plan("zlib", world.host("arm64")).drv;
  EXPECT_TRUE(drv.env.at("patches").ends_with("-fix.patch"));
  EXPECT_TRUE(drv.input_srcs.contains(StorePath::parse(drv.env.at("patches")).value()));
}

TEST(PackageErrors, NoToolchainRunsOnAForeignPlatform) {
  PackageWorld world;
  world.package("jit", "[deps]\nhost-host = [\"toolchain\"]\n");
  EXPECT_EQ(world.error("jit", world.host("arm64")),
            "error: 'jit' needs a toolchain in role 'host-host', and none runs on 'arm64'\nnote: while planning 'jit' for arm64\n");
}

TEST(PackageErrors, APropagatedCycleShowsItsWay) {
  PackageWorld world;
  world.package("a", "[deps]\npropagated-host = [\"b\"]\n").package("b", "[deps]\npropagated-host = [\"a\"]\n");
  EXPECT_NE(world.error("a", world.host("arm64")).find("error: 'a' depends on itself: a -> b -> a"), std::string::npos);
}

}  // namespace
}  // namespace swage
