#include "catalog/catalog.hpp"

#include <gmock/gmock.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/catalogs.hpp"

namespace swage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kRoot = R"([[root]]
name = "build"
suite = "bookworm"
packages = ["make", "gcc"]
purpose = "host tools"
)";

constexpr const char* kToolchains = R"([[target]]
platform = "arm64"
gnu = "aarch64-linux-gnu"
deb = "arm64"

[[target]]
platform = "x86_64"
gnu = "x86_64-linux-gnu"
deb = "amd64"

[[toolchain]]
id = "debian-bookworm-gcc-12-{platform}"
platforms = ["arm64", "x86_64"]
version = "12.2.0"
binutils = "2.40"
libc = "glibc"
libc_version = "2.36"
released = "2022-08-19"
prefix = "{gnu}-"
dumpmachine = "{gnu}"
suite = "bookworm"
packages = ["gcc-12-{gnu}", "libc6-dev-{deb}-cross"]
source = "s"
)";

TEST(Toolchains, OneRowStandsForManyPlatforms) {
  CatalogDir dir;
  dir.write("toolchains/debian.toml", std::string(kSmallProvider) + kToolchains);
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  ASSERT_EQ((*catalog)->all_toolchains()->size(), 2u);
  const ToolchainRow& row = *(*catalog)->all_toolchains()->at(1);
  EXPECT_EQ(row.id, "debian-bookworm-gcc-12-x86_64");
  EXPECT_EQ(row.platform, "x86_64");
  EXPECT_EQ(row.prefix, "x86_64-linux-gnu-");
  EXPECT_EQ(row.dumpmachine, "x86_64-linux-gnu");
  EXPECT_THAT(row.packages, ElementsAre("gcc-12-x86_64-linux-gnu", "libc6-dev-amd64-cross"));
  EXPECT_EQ(row.provider, "debian");
  EXPECT_EQ(row.provider_rank, 10u);
  EXPECT_TRUE(row.prebuilt);
}

TEST(Toolchains, AnUnknownPlaceholderIsAnErrorOnceForEachPlatform) {
  CatalogDir dir;
  std::string text = std::string(kSmallProvider) + kToolchains;
  text.replace(text.find("{gnu}-"), 5, "{gmu}");
  dir.write("toolchains/debian.toml", text);
  EXPECT_EQ(dir.checked(), R"(error: 'gmu' is not a key of the [[target]] row of platform 'arm64'
  --> CAT/toolchains/debian.toml:23:11
  23 | prefix = "{gmu}-"
     |           ^^^^^
hint: did you mean 'gnu'?
error: 'gmu' is not a key of the [[target]] row of platform 'x86_64'
  --> CAT/toolchains/debian.toml:23:11
  23 | prefix = "{gmu}-"
     |           ^^^^^
hint: did you mean 'gnu'?
)");
}

TEST(Toolchains, AMistakeIsReportedOnceNotForEveryPlatform) {
  CatalogDir dir;
  std::string text = std::string(kSmallProvider) + kToolchains;
  text.replace(text.find("version = \"12.2.0\""), 18, "version = \"twelve\"");
  dir.write("toolchains/debian.toml", text);
  EXPECT_EQ(dir.checked(), R"(error: 'twelve' is not a version: 'twelve' is not a number
  --> CAT/toolchains/debian.toml:18:11
  18 | version = "twelve"
     |           ^^^^^^^^
)");
}

// A request for one platform does not pay for the others, nor for their mistakes; `swage check` sees all.
TEST(Toolchains, AreReadForThePlatformThatIsAskedFor) {
  CatalogDir dir;
  std::string text = std::string(kSmallProvider) + kToolchains;
  text.replace(text.find("deb = \"amd64\"\n"), 14, "");
  dir.write("toolchains/debian.toml", text);
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  EXPECT_TRUE((*catalog)->has_toolchains("x86_64"));
  EXPECT_EQ((*catalog)->toolchains("arm64").value()->size(), 1u);
  const std::string error = R"(error: 'deb' is not a key of the [[target]] row of platform 'x86_64'
  --> CAT/toolchains/debian.toml:25:40
  25 | packages = ["gcc-12-{gnu}", "libc6-dev-{deb}-cross"]
     |                                        ^^^^^
)";
  EXPECT_EQ(dir.shown((*catalog)->toolchains("x86_64").error()), error);
  EXPECT_EQ(dir.checked(), error);
}

TEST(Toolchains, AnIdIsOfOnePlatform) {
  CatalogDir dir;
  std::string text = std::string(kSmallProvider) + kToolchains;
  text.replace(text.find("-{platform}\""), 12, "\"");
  dir.write("toolchains/debian.toml", text);
  EXPECT_EQ(dir.checked(), R"(error: 'debian-bookworm-gcc-12' is defined twice in [[toolchain]]
  --> CAT/toolchains/debian.toml:15:1
  15 | [[toolchain]]
     | ^^^^^^^^^^^^^
note: first defined at CAT/toolchains/debian.toml:15:1
)");
}

TEST(Toolchains, ALayerChangesTheRowOfOnePlatform) {
  CatalogDir dir;
  dir.write("toolchains/debian.toml", std::string(kSmallProvider) + kToolchains);
  dir.write("mine/toolchains/debian.toml",
            "[[toolchain]]\nid = \"debian-bookworm-gcc-12-arm64\"\noverride = true\nfallback = true\nrank = 3\n");
  const auto catalog = dir.load({"mine"});
  ASSERT_TRUE(catalog) << dir.errors({"mine"});
  EXPECT_TRUE((*catalog)->toolchains("arm64").value()->empty());
  ASSERT_EQ((*catalog)->fallbacks("arm64").value()->size(), 1u);
  EXPECT_EQ((*catalog)->fallbacks("arm64").value()->front().origin.overridden.at("rank"), "mine");
  EXPECT_FALSE((*catalog)->toolchains("x86_64").value()->front().fallback);
}

TEST(Layers, ALaterRowReplacesTheEarlierOne) {
  CatalogDir dir;
  dir.write("roots.toml", kRoot).write("mine/roots.toml", "[[root]]\nname = \"build\"\nsuite = \"bookworm\"\npackages = [\"clang\"]\n");
  const auto catalog = dir.load({"mine"});
  ASSERT_TRUE(catalog) << dir.errors({"mine"});
  const RootRow& root = **(*catalog)->root("build");
  EXPECT_THAT(root.packages, ElementsAre("clang"));
  EXPECT_EQ(root.purpose, "");
  EXPECT_EQ(root.origin.layer, "mine");
  EXPECT_TRUE(root.origin.overridden.empty());
}

TEST(Layers, AnOverrideChangesSingleFieldsAndIsRemembered) {
  CatalogDir dir;
  dir.write("roots.toml", kRoot).write("mine/roots.toml", "[[root]]\nname = \"build\"\noverride = true\npackages = [\"clang\"]\n");
  const auto catalog = dir.load({"mine"});
  ASSERT_TRUE(catalog) << dir.errors({"mine"});
  const RootRow& root = **(*catalog)->root("build");
  EXPECT_THAT(root.packages, ElementsAre("clang"));
  EXPECT_EQ(root.purpose, "host tools");
  EXPECT_EQ(root.origin.layer, "catalog");
  EXPECT_EQ(root.origin.pos.line, 1u);
  EXPECT_EQ(root.origin.overridden.at("packages"), "mine");
  EXPECT_FALSE(root.origin.overridden.contains("purpose"));
}

TEST(Layers, TheLastOfThreeWins) {
  CatalogDir dir;
  dir.write("roots.toml", kRoot)
      .write("a/roots.toml", "[[root]]\nname = \"build\"\noverride = true\npurpose = \"a\"\npackages = []\n")
      .write("b/roots.toml", "[[root]]\nname = \"build\"\noverride = true\npurpose = \"b\"\n");
  const auto ab = dir.load({"a", "b"});
  ASSERT_TRUE(ab);
  EXPECT_EQ((**(*ab)->root("build")).purpose, "b");
  EXPECT_TRUE((**(*ab)->root("build")).packages.empty());
  const auto ba = dir.load({"b", "a"});
  ASSERT_TRUE(ba);
  EXPECT_EQ((**(*ba)->root("build")).purpose, "a");
}

// Where packages that the mirrors have lost can be had: a layer may know another place.
TEST(Layers, AnArchiveOfTheDistributionIsARow) {
  CatalogDir dir;
  dir.write("roots.toml", "[[archive]]\nname = \"debian\"\nreleases = [\"Debian/Debian\"]\nold = [\"https://old.example/{day}/{path}\"]\n")
      .write("mine/roots.toml", "[[archive]]\nname = \"debian\"\noverride = true\nold = [\"http://near.example/{next_day}/{path}\"]\n");
  const auto catalog = dir.load({"mine"});
  ASSERT_TRUE(catalog) << dir.errors({"mine"});
  ASSERT_EQ((*catalog)->archives().size(), 1u);
  EXPECT_THAT((*catalog)->archives().front().releases, ElementsAre("Debian/Debian"));
  EXPECT_THAT((*catalog)->archives().front().old, ElementsAre("http://near.example/{next_day}/{path}"));

  dir.write("roots.toml", "[[archive]]\nname = \"Debian main\"\nreleases = []\nold = [\"https://old.example/{path}\", \"https://me:secret@old.example/{day}/{path}\"]\n");
  const std::string errors = dir.errors();
  EXPECT_THAT(errors, HasSubstr("error: 'Debian main' is not a name for an archive: lower-case letters, digits and -\n  --> CAT/roots.toml:2:8\n"));
  EXPECT_THAT(errors, HasSubstr("error: 'https://old.example/{path}' is not a URL with {day} or {next_day} that ends with {path}\n  --> CAT/roots.toml:4:8\n"));
  EXPECT_THAT(errors, HasSubstr("error: 'https://old.example/{day}/{path}' has a user or a password in it\n"));
}

TEST(Layers, AnOverrideOfNothingIsAnError) {
  CatalogDir dir;
  dir.write("mine/roots.toml", "[[root]]\nname = \"build\"\noverride = true\npackages = []\n");
  EXPECT_EQ(dir.errors({"mine"}), R"(error: 'build' overrides nothing: no earlier layer has it in [[root]]
  --> CAT/mine/roots.toml:1:1
   1 | [[root]]
     | ^^^^^^^^
)");
}

TEST(Layers, AToolchainOfALayerUsesTheTargetsBelow) {
  CatalogDir dir;
  dir.write("toolchains/debian.toml", std::string(kSmallProvider) + kToolchains)
      .write("mine/toolchains/debian.toml", R"([[toolchain]]
id = "debian-bookworm-gcc-12-arm64"
override = true
prefix = "special-{gnu}-"
)");
  const auto catalog = dir.load({"mine"});
  ASSERT_TRUE(catalog) << dir.errors({"mine"});
  const ToolchainRow& row = **(*catalog)->toolchain("debian-bookworm-gcc-12-arm64");
  EXPECT_EQ(row.prefix, "special-aarch64-linux-gnu-");
  EXPECT_EQ(row.binutils->str(), "2.40");
  EXPECT_EQ(row.platform, "arm64");
  EXPECT_EQ(row.origin.overridden.at("prefix"), "mine");
}

TEST(Layers, ScriptsAndRecipesComeFromTheLastLayerThatHasThem) {
  CatalogDir dir;
  const std::string recipe = "[package]\nname = \"zlib\"\nversion = \"1\"\n[build]\nscript = \"a.sh\"\n";
  dir.write("scripts/a.sh", "theirs").write("scripts/b.sh", "theirs").write("packages/zlib/recipe.toml", recipe);
  dir.write("mine/scripts/a.sh", "mine").write("mine/packages/zlib/recipe.toml", "override = true\n[package]\nversion = \"2\"\n");
  const auto catalog = dir.load({"mine"});
  ASSERT_TRUE(catalog) << dir.errors({"mine"});
  EXPECT_EQ(*(*catalog)->script("a.sh"), "mine");
  EXPECT_EQ(*(*catalog)->script("b.sh"), "theirs");
  EXPECT_FALSE((*catalog)->script("c.sh"));
  const RecipeRow& zlib = **(*catalog)->recipe("zlib");
  EXPECT_EQ(zlib.version, "2");
  EXPECT_EQ(zlib.script, "a.sh");
  dir.write("packages/zlib/p", "theirs").write("mine/packages/zlib/q", "mine");
  EXPECT_EQ(*(*catalog)->recipe_file(zlib, "p"), "theirs");
  EXPECT_EQ(*(*catalog)->recipe_file(zlib, "q"), "mine");
}

TEST(Layers, AScriptIsCalledByItsFileNameInWhateverFolderItIs) {
  CatalogDir dir;
  dir.write("scripts/boot/a.sh", "theirs").write("scripts/b.sh", "theirs").write("scripts/boot/c.sh", "theirs");
  dir.write("mine/scripts/a.sh", "mine").write("mine/scripts/other/b.sh", "mine");
  EXPECT_EQ(dir.checked({"mine"}), "");
  const auto catalog = dir.load({"mine"}).value();
  EXPECT_EQ(catalog->script("a.sh").value(), "mine");
  EXPECT_EQ(catalog->script("b.sh").value(), "mine");
  EXPECT_EQ(catalog->script("c.sh").value(), "theirs");
  for (const char* name : {"boot/c.sh", "boot", "mine/scripts/a.sh"}) EXPECT_FALSE(catalog->script(name)) << name;
}

TEST(Layers, TwoScriptsOfALayerHaveNotTheSameName) {
  CatalogDir dir;
  dir.write("mine/scripts/boot/a.sh", "one").write("mine/scripts/a.sh", "two").write("scripts/kernel/b.sh", "").write("mine/scripts/b.sh", "");
  const std::string said = R"(error: 'a.sh' is the name of 2 scripts of 'CAT/mine': 'scripts/a.sh', 'scripts/boot/a.sh'
hint: a script is called by its file name, in whatever folder it is: rename one
)";
  EXPECT_EQ(dir.checked({"mine"}), said);
  EXPECT_EQ(dir.shown(dir.load({"mine"}).value()->script("a.sh").error()), said);
  dir.write("mine/packages/x/recipe.toml", "[package]\nname = \"x\"\n[build]\nscript = \"a.sh\"\n");
  EXPECT_TRUE(dir.checked({"mine"}).starts_with("error: 'a.sh' is the name of 2 scripts of 'CAT/mine': 'scripts/a.sh', 'scripts/boot/a.sh'\n"
                                                "  --> CAT/mine/packages/x/recipe.toml:4:10\n")) << dir.checked({"mine"});
}

TEST(Layers, AScriptIsNotCalledByItsFolder) {
  CatalogDir dir;
  dir.write("scripts/boot/a.sh", "").write("packages/x/recipe.toml", "[package]\nname = \"x\"\n[build]\nscript = \"boot/a.sh\"\n");
  EXPECT_EQ(dir.checked(), R"(error: 'boot/a.sh' is not a file under scripts/
  --> CAT/packages/x/recipe.toml:4:10
   4 | script = "boot/a.sh"
     |          ^^^^^^^^^^^
hint: a script is called by its file name, in whatever folder it is: 'a.sh'
)");
}

TEST(Platforms, HaveWhatTheirCpuHasAndSayWhatDiffers) {
  CatalogDir dir;
  dir.write("platforms.toml", std::string(kSmallPlatforms) + R"(
[[cpu]]
names = ["mips64", "avr"]
endian = "big"
bits = 64
kernel_arch = "mips"
qemu_user = "mips64"
elf_machine = 8

[[platform]]
name = "mips64"
triple = "mips64-unknown-linux-gnuabi64"

[[platform]]
name = "mips64n32"
triple = "mips64-unknown-linux-gnuabin32"
qemu_user = "mipsn32"
pointer_bits = 32
elf_class = 32

[[platform]]
name = "mips64-embedded"
triple = "mips64-none-elf"

[[platform]]
name = "mips64-script"
triple = "mips64-none-elf"
format = "script"
)");
  const auto loaded = dir.load();
  ASSERT_TRUE(loaded) << dir.shown(loaded.error());
  const auto facts = [&](const char* name) {
    const Platform& p = **(*loaded)->platform(name);
    return fmt::format("{} {}/{} {} {} {} {} {}", p.endian == Endian::big ? "big" : "little", p.bits, p.pointer_bits, p.kernel_arch, p.qemu_user, p.format, p.elf_machine,
                       p.elf_class);
  };
  EXPECT_EQ(facts("mips64"), "big 64/64 mips mips64 elf 8 64");
  EXPECT_EQ(facts("mips64n32"), "big 64/32 mips mipsn32 elf 8 32");
  EXPECT_EQ(facts("mips64-embedded"), "big 64/64 mips  elf 8 64") << "user-mode emulation is of Linux";
  EXPECT_EQ(facts("mips64-script"), "big 64/64 mips  script 0 64");
}

TEST(Platforms, ALayersCpuIsForItsOwnRows) {
  CatalogDir dir;
  dir.write("platforms.toml", std::string(kSmallPlatforms) + "[[cpu]]\nnames = [\"avr\"]\nendian = \"little\"\nbits = 8\nelf_machine = 83\n"
            "[[platform]]\nname = \"avr\"\ntriple = \"avr\"\n");
  dir.write("mine/platforms.toml", "[[cpu]]\nnames = [\"avr\"]\nendian = \"little\"\nbits = 16\nelf_machine = 83\n"
            "[[platform]]\nname = \"xmega\"\ntriple = \"avr\"\n");
  const auto loaded = dir.load({"mine"});
  ASSERT_TRUE(loaded) << dir.shown(loaded.error());
  EXPECT_EQ((*(*loaded)->platform("avr"))->bits, 8);
  EXPECT_EQ((*(*loaded)->platform("xmega"))->bits, 16);
}

TEST(Platforms, AreFoundByNameAliasAndAnySpellingOfTheTriple) {
  CatalogDir dir;
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  for (const char* name : {"arm64", "aarch64-multiplatform", "aarch64-linux-gnu", "aarch64-unknown-linux-gnu", "arm64-linux"}) {
    const auto platform = (*catalog)->platform(name);
    ASSERT_TRUE(platform) << name;
    EXPECT_EQ((*platform)->name, "arm64") << name;
  }
  EXPECT_EQ((**(*catalog)->platform("x86_64-pc-linux-gnu")).name, "x86_64");
  EXPECT_EQ((**(*catalog)->platform("arm64")).libc, "glibc");
  EXPECT_EQ((**(*catalog)->platform("arm64")).pointer_bits, 64);
  EXPECT_EQ((*catalog)->platform_origin("arm64").layer, "catalog");
}

TEST(Lookups, UnknownNamesSuggestOrSayWhereToLook) {
  CatalogDir dir;
  dir.write("roots.toml", kRoot);
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  EXPECT_EQ(render((*catalog)->platform("amr64").error()), "error: 'amr64' is not a platform\nhint: did you mean 'arm64'?\n");
  EXPECT_EQ(render((*catalog)->platform("x86_64-linux-musl").error()),
            "error: 'x86_64-linux-musl' is not a platform\nnote: no platform has the triple 'x86_64-unknown-linux-musl'\n"
            "hint: see them all with: swage list platforms\n");
  EXPECT_EQ(render((*catalog)->platform("aarch46-linux-gnu").error()),
            "error: 'aarch46-linux-gnu' is not a platform\nnote: 'aarch46' is not a known cpu in triple 'aarch46-linux-gnu'\n"
            "hint: did you mean 'aarch64'?\n");
  EXPECT_EQ(render((*catalog)->root("biuld").error()), "error: 'biuld' is not a root\nhint: did you mean 'build'?\n");
  EXPECT_EQ(render((*catalog)->recipe("zlib").error()), "error: 'zlib' is not a package\nhint: see them all with: swage list packages\n");
}

TEST(Kernels, AreSortedByVersion) {
  CatalogDir dir;
  std::string text;
  for (const char* version : {"6.1", "2.6.32.71", "5.10", "6.1-rc3", "3.18.140"})
    text += std::string("[[kernel]]\nversion = \"") + version + "\"\nreleased = \"2022-12-11\"\ndebian = { suite = \"bookworm\", package = \"linux\" }\nsource = \"s\"\n";
  dir.write("kernels/releases.toml", text);
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  std::vector<std::string> versions;
  for (const KernelRow& row : (*catalog)->kernels()) versions.push_back(row.version.str());
  EXPECT_THAT(versions, ElementsAre("2.6.32.71", "3.18.140", "5.10", "6.1-rc3", "6.1"));
}

TEST(Kernels, AreOfTheRecipeThatTheCatalogNames) {
  CatalogDir dir;
  const std::string kernel = "[[kernel]]\nversion = \"6.1\"\nreleased = \"2022-12-11\"\ndebian = { suite = \"bookworm\", package = \"linux\" }\nsource = \"s\"\n";
  dir.write("kernels/releases.toml", kernel);
  EXPECT_EQ(dir.checked(), R"(error: the catalog has kernels, and does not say which recipe makes them
  --> CAT/kernels/releases.toml:1:1
   1 | [[kernel]]
     | ^^^^^^^^^^
hint: in kernels/releases.toml: [releases] recipe = NAME
)");
  dir.write("packages/kern/recipe.toml", "[package]\nname = \"kern\"\n[build]\nscript = \"kern.sh\"\n").write("scripts/kern.sh", "");
  dir.write("kernels/releases.toml", "[releases]\nrecipe = \"kern\"\n" + kernel);
  EXPECT_EQ(dir.checked(), "");
  EXPECT_EQ((*dir.load())->kernel_recipe(), "kern");
  dir.write("mine/kernels/releases.toml", "[releases]\nrecipe = \"kern\"\n");
  EXPECT_EQ(dir.errors({"mine"}), R"(error: 'releases' is said by the catalog, not by a layer: records that name no recipe are of the one that it names
  --> CAT/mine/kernels/releases.toml:1:1
   1 | [releases]
     | ^^^^^^^^^^
)");
  dir.write("kernels/releases.toml", "[releases]\nrecipe = \"karn\"\n");
  EXPECT_EQ(dir.errors(), R"(error: 'karn' is not a package
  --> CAT/kernels/releases.toml:2:10
   2 | recipe = "karn"
     |          ^^^^^^
hint: did you mean 'kern'?
)");
}

TEST(Lookups, WhatIsReadWhenAskedForFailsThenAndDisturbsNothingElse) {
  CatalogDir dir;
  const auto recipe = [](const std::string& name) { return "[package]\nname = \"" + name + "\"\n[build]\nscript = \"s\"\n"; };
  dir.write("scripts/s", "").write("kernels/machines.toml", "[[machine\n").write("packages/good/recipe.toml", recipe("good"));
  dir.write("packages/bad/recipe.toml", recipe("bad") + "[deps]\nhost = [\"godo\"]\n");
  const auto loaded = dir.load();
  ASSERT_TRUE(loaded) << dir.shown(loaded.error());
  const Catalog& catalog = **loaded;
  EXPECT_EQ(catalog.recipe_names(), (std::vector<std::string>{"bad", "good"}));
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(catalog.recipe("good").value()->script, "s");
    EXPECT_EQ(dir.shown(catalog.recipe("bad").error()), R"(error: 'godo' is not a package
  --> CAT/packages/bad/recipe.toml:6:9
   6 | host = ["godo"]
     |         ^^^^^^
hint: did you mean 'good'?
)");
    EXPECT_EQ(dir.shown(catalog.machines().error()).substr(0, 46), "error: 'CAT/kernels/machines.toml' is not TOML");
  }
  EXPECT_FALSE(catalog.recipes());
  EXPECT_EQ(dir.shown(catalog.recipe("goood").error()), "error: 'goood' is not a package\nhint: did you mean 'good'?\n");
}

TEST(CheckCatalog, IsEmptyForAGoodOneAndCompleteForABadOne) {
  CatalogDir dir;
  std::shared_ptr<const Catalog> good, bad;
  EXPECT_TRUE(check_catalog(dir.path(), {}, &good).empty());
  ASSERT_TRUE(good);
  EXPECT_FALSE(good->platforms().empty());
  dir.write("roots.toml", "[[root]]\nname = \"a\"\n").write("kernels/machines.toml", "machin = 1\n");
  EXPECT_EQ(check_catalog(dir.path(), {}, &bad).size(), 3u);
  EXPECT_FALSE(bad);
  EXPECT_TRUE(good->machines()) << "all of it was read";
}

}  // namespace
}  // namespace swage
