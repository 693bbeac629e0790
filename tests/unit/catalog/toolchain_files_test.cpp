// Toolchains in the directory form: what is read when, how layers change it, and its mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <fstream>
#include <thread>

#include "support/catalogs.hpp"

namespace swage {
namespace {

using testing::ElementsAre;
using Strings = std::vector<std::string>;

constexpr const char* kProvider = R"([provider]
rank = 40
features = ["default-ssp"]
source = "https://example.org/"
[keys]
site = "https://example.org/files"
cpu = "none"
)";
constexpr const char* kArm64 = R"([keys]
cpu = "aarch64"

[[toolchain]]
id = "far-{platform}-13"
version = "13.3.0"
unknown = ["binutils"]
libc = "musl"
libc_version = "1.2.5"
headers = "4.19"
released = "2024-05-21"
prefix = "{cpu}-linux-"
urls = ["{site}/{cpu}.tar.xz"]
sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
source = "s"
)";
constexpr const char* kBroken = "[[toolchain]]\nid = 7\n";

// arm64 is good, x86_64 is broken.
class ToolchainFiles : public testing::Test {
 protected:
  ToolchainFiles() { dir.write("features.toml", kFeatures).write("toolchains/far/provider.toml", kProvider).write("toolchains/far/arm64.toml", kArm64); }

  Strings ids(const Catalog& catalog, const std::string& platform) {
    const auto rows = catalog.toolchains(platform);
    if (!rows) return {dir.shown(rows.error())};
    Strings list;
    for (const ToolchainRow& row : **rows) list.push_back(row.id);
    return list;
  }
  CatalogDir dir;
};

TEST_F(ToolchainFiles, TakeWhatTheProviderAndTheFileSay) {
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  const auto rows = (*catalog)->toolchains("arm64");
  ASSERT_TRUE(rows) << dir.shown(rows.error());
  ASSERT_EQ((*rows)->size(), 1u);
  const ToolchainRow& row = (*rows)->front();
  EXPECT_EQ(row.id, "far-arm64-13");
  EXPECT_EQ(row.platform, "arm64");
  EXPECT_EQ(row.provider, "far");
  EXPECT_EQ(row.provider_rank, 40u);
  EXPECT_EQ(row.prefix, "aarch64-linux-");
  EXPECT_THAT(row.features, ElementsAre("default-ssp"));
  EXPECT_THAT(row.source.urls, ElementsAre("https://example.org/files/aarch64.tar.xz"));
  EXPECT_EQ(row.source.sha256.substr(0, 4), "0123");
  EXPECT_THAT(row.unknown, ElementsAre("binutils"));
  EXPECT_FALSE(row.binutils);
  EXPECT_EQ(row.headers, "4.19");
  EXPECT_EQ(row.group, row.id);
  EXPECT_EQ(row.userland, "") << "neither says one";
  EXPECT_EQ(row.origin.pos.file, (dir.path() / "toolchains/far/arm64.toml").string());
  EXPECT_EQ(&row, &(*(*catalog)->toolchains("arm64"))->front()) << "rows keep their addresses";
  EXPECT_EQ(&row, *(*catalog)->toolchain("far-arm64-13"));
  EXPECT_EQ(&row, *(*catalog)->toolchain("far-arm64-13", "arm64"));
}

TEST_F(ToolchainFiles, AreReadOnlyForThePlatformThatIsAskedFor) {
  dir.write("toolchains/far/x86_64.toml", kBroken);
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  EXPECT_EQ(ids(**catalog, "arm64"), Strings{"far-arm64-13"});
  EXPECT_TRUE((*catalog)->toolchain("far-arm64-13", "arm64"));
  EXPECT_TRUE((*catalog)->has_toolchains("x86_64"));
  EXPECT_TRUE(ids(**catalog, "x86_64").front().starts_with("error: ")) << ids(**catalog, "x86_64").front();
  const auto all = (*catalog)->all_toolchains();
  ASSERT_FALSE(all);
  EXPECT_EQ(dir.checked(), dir.shown(all.error())) << "swage check finds what nothing has asked for";
}

TEST_F(ToolchainFiles, OfAPlatformAreReadWhenTheyAreThere) {
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog);
  dir.write("toolchains/far/arm64.toml", kBroken);
  EXPECT_NE(ids(**catalog, "arm64"), Strings{"far-arm64-13"}) << "not read when the catalog was loaded";
  dir.write("toolchains/far/arm64.toml", kArm64);
  EXPECT_EQ(ids(**catalog, "arm64"), Strings{"far-arm64-13"}) << "a mistake is not remembered";
  dir.write("toolchains/far/arm64.toml", kBroken);
  EXPECT_EQ(ids(**catalog, "arm64"), Strings{"far-arm64-13"}) << "what was read is not read again";
}

TEST_F(ToolchainFiles, AreReadOnceByManyThreads) {
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog);
  std::vector<const ToolchainRow*> seen(8);
  std::vector<std::thread> threads;
  for (const ToolchainRow*& one : seen)
    threads.emplace_back([&one, &catalog] { one = &(*(*catalog)->toolchains("arm64"))->front(); });
  for (std::thread& thread : threads) thread.join();
  for (const ToolchainRow* one : seen) EXPECT_EQ(one, seen.front());
}

TEST_F(ToolchainFiles, OfALayerReplaceAndOverrideRowsOfFilesAndTables) {
  dir.write("toolchains/debian.toml", std::string(kSmallProvider) +
                                          "[[toolchain]]\nid = \"near-{platform}\"\nplatforms = [\"arm64\", \"x86_64\"]\nversion = \"12.2.0\"\n"
                                          "released = \"2022-08-19\"\nprefix = \"p-\"\nsource = \"s\"\n");
  dir.write("mine/toolchains/far/arm64.toml", "[[toolchain]]\nid = \"far-arm64-13\"\noverride = true\nprefix = \"other-\"\n")
      .write("mine/toolchains/debian/provider.toml", kSmallProvider)
      .write("mine/toolchains/debian/arm64.toml", "[[toolchain]]\nid = \"near-arm64\"\noverride = true\nbinutils = \"2.40\"\n");
  const auto catalog = dir.load({"mine"});
  ASSERT_TRUE(catalog) << dir.errors({"mine"});
  EXPECT_EQ(ids(**catalog, "arm64"), (Strings{"near-arm64", "far-arm64-13"}));
  EXPECT_EQ(ids(**catalog, "x86_64"), Strings{"near-x86_64"});
  const ToolchainRow& far = **(*catalog)->toolchain("far-arm64-13");
  EXPECT_EQ(far.prefix, "other-");
  EXPECT_EQ(far.libc, "musl");
  EXPECT_EQ(far.provider_rank, 40u);
  EXPECT_EQ(far.origin.overridden.at("prefix"), "mine");
  const ToolchainRow& near = **(*catalog)->toolchain("near-arm64");
  EXPECT_EQ(near.binutils->str(), "2.40");
  EXPECT_EQ(near.prefix, "p-");
}

TEST_F(ToolchainFiles, OfFallbacksAreApart) {
  dir.write("toolchains/far/provider.toml", std::string("[provider]\nfallback = true\n") + (kProvider + std::string("[provider]\n").size()));
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  EXPECT_TRUE(ids(**catalog, "arm64").empty());
  ASSERT_EQ((*(*catalog)->fallbacks("arm64"))->size(), 1u);
  EXPECT_TRUE((*(*catalog)->fallbacks("arm64"))->front().fallback);
  EXPECT_EQ((*catalog)->all_toolchains()->size(), 1u);
}

TEST_F(ToolchainFiles, SayWhatIsWrongWithThem) {
  dir.write("toolchains/far/arm64.toml", R"([[toolchain]]
id = "far"
platforms = ["arm64"]
version = "13"
released = "2024-05-21"
prefix = "p-"
source = "s"

[[toolchain]]
id = "two"
version = "13"
released = "2024-05-21"
prefix = "{gnu}-"
urls = ["https://example.org/a.tar"]
suite = "nowhere"
source = "s"

[[toolchain]]
id = "three"
override = true
version = "13"

[[toolchain]]
id = "four"
version = "13"
released = "2024-05-21"
prefix = "p-"
binutils = "2.40"
unknown = ["binutils", "ld"]
source = "s"
)");
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  const std::string expected = R"(error: 'platforms' is not a key here: all rows of this file are for 'arm64'
  --> CAT/toolchains/far/arm64.toml:3:1
   3 | platforms = ["arm64"]
     | ^^^^^^^^^
error: 'two' has 'urls' but no 'sha256'
  --> CAT/toolchains/far/arm64.toml:9:1
   9 | [[toolchain]]
     | ^^^^^^^^^^^^^
error: 'gnu' is not a key of [keys] of platform 'arm64'
  --> CAT/toolchains/far/arm64.toml:13:11
  13 | prefix = "{gnu}-"
     |           ^^^^^
error: 'nowhere' is not a suite of any provider
  --> CAT/toolchains/far/arm64.toml:15:9
  15 | suite = "nowhere"
     |         ^^^^^^^^^
error: 'three' overrides nothing: no earlier layer has it in [[toolchain]]
  --> CAT/toolchains/far/arm64.toml:18:1
  18 | [[toolchain]]
     | ^^^^^^^^^^^^^
error: 'four' has 'binutils', and says that they are unknown
  --> CAT/toolchains/far/arm64.toml:23:1
  23 | [[toolchain]]
     | ^^^^^^^^^^^^^
error: 'ld' is not a known value of 'unknown'
  --> CAT/toolchains/far/arm64.toml:29:24
  29 | unknown = ["binutils", "ld"]
     |                        ^^^^
hint: the known values are binutils
)";
  EXPECT_EQ(dir.checked(), expected);
  EXPECT_EQ(ids(**catalog, "arm64"), Strings{expected});
}

TEST_F(ToolchainFiles, LeaveTheHashToThePublisherOrSayIt) {
  const std::string row = "[[toolchain]]\nid = \"far\"\nversion = \"13\"\nreleased = \"2024-05-21\"\nprefix = \"p-\"\nsource = \"s\"\n";
  const auto error_of = [&](const std::string& lines) -> std::string {
    dir.write("toolchains/far/arm64.toml", row + lines);
    const auto rows = dir.load().value()->toolchains("arm64");
    return rows ? "" : rows.error().what;
  };
  EXPECT_EQ(error_of("urls = [\"https://x.org/a\"]\nsha256sums = \"https://x.org/sha256sums.asc\"\n"), "");
  EXPECT_EQ(error_of("sha256sums = \"https://x.org/sha256sums.asc\"\n"), "'far' has 'sha256sums' but no 'urls'");
  EXPECT_EQ(error_of("urls = [\"https://x.org/a\"]\nsha256sums = \"https://x.org/s\"\nsha256 = \"" + std::string(64, 'a') + "\"\n"),
            "'far' has 'sha256sums' and 'sha256'");
}

TEST_F(ToolchainFiles, NeedAPlatformAndAProvider) {
  dir.write("toolchains/far/arm46.toml", "").write("toolchains/near/arm64.toml", "");
  EXPECT_EQ(dir.errors(), R"(error: 'CAT/toolchains/near' has no provider.toml, and no earlier layer has this provider
error: 'CAT/toolchains/far/arm46.toml' is for no platform: there is no 'arm46'
hint: did you mean 'arm64'?
)");
}

TEST_F(ToolchainFiles, AreNotOverriddenFromATable) {
  dir.write("mine/toolchains/far.toml", "[[toolchain]]\nid = \"far-arm64-13\"\noverride = true\nprefix = \"p-\"\n");
  EXPECT_EQ(dir.errors({"mine"}), R"(error: 'far-arm64-13' overrides nothing: no earlier layer has it in [[toolchain]]
  --> CAT/mine/toolchains/far.toml:1:1
   1 | [[toolchain]]
     | ^^^^^^^^^^^^^
hint: a row of toolchains/far/PLATFORM.toml is overridden in a file of that name
)");
}

TEST(Components, AreSortedAndHaveASource) {
  CatalogDir dir;
  const std::string sha256(64, 'a');
  const auto row = [&](const std::string& name, const std::string& version, const std::string& rest) {
    return fmt::format("[[component]]\nid = \"{0}-{1}\"\nname = \"{0}\"\nversion = \"{1}\"\nsha256 = \"{2}\"\n{3}source = \"s\"\n\n", name, version, sha256, rest);
  };
  const std::string urls = "urls = [\"https://example.org/a\"]\n";
  dir.write("components.toml", row("musl", "1.2.5", urls) + row("gcc", "10.1.0", urls) +
                                   row("gcc", "9.1.0", "debian = { suite = \"bookworm\", package = \"gcc-9\" }\n"));
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  Strings seen;
  const auto rows = (*catalog)->components();
  ASSERT_TRUE(rows) << render(rows.error());
  for (const ComponentRow& one : **rows) seen.push_back(one.name + " " + one.version.str());
  EXPECT_EQ(seen, (Strings{"gcc 9.1.0", "gcc 10.1.0", "musl 1.2.5"}));
  dir.write("components.toml", row("gcc", "9.1.0", ""));
  const auto changed = dir.load();
  ASSERT_TRUE(changed) << "not read before it is asked for: " << dir.errors();
  std::string text;
  for (const Error& error : check_catalog(dir.path())) text += render(error);
  EXPECT_EQ(text, render((*changed)->components().error()));
  text.replace(text.find(dir.path().string()), dir.path().string().size(), "CAT");
  EXPECT_EQ(text, R"(error: 'gcc-9.1.0' has no source: neither 'debian' nor 'urls'
  --> CAT/components.toml:1:1
   1 | [[component]]
     | ^^^^^^^^^^^^^
)");
}

TEST(Components, ThatAToolchainNamesAreThere) {
  CatalogDir dir;
  dir.write("components.toml", "[[component]]\nid = \"gcc-9.1.0\"\nname = \"gcc\"\nversion = \"9.1.0\"\nurls = [\"https://example.org/gcc.tar.xz\"]\nsha256 = \"" + std::string(64, 'a') +
                                   "\"\nsource = \"s\"\n");
  dir.write("toolchains/source.toml", "[provider]\nrank = 1\nsource = \"s\"\n\n[[toolchain]]\nid = \"t\"\nplatforms = [\"arm64\"]\nversion = \"9.1.0\"\n"
                                      "released = \"2019-05-03\"\nprefix = \"a-\"\ncomponents = [\"gcc-9.1\"]\nsource = \"s\"\n");
  std::string text;
  for (const Error& error : check_catalog(dir.path())) text += render(error);
  EXPECT_NE(text.find("error: 'gcc-9.1' is not a component, which 't' is made from\n"), std::string::npos) << text;
  EXPECT_NE(text.find("hint: did you mean 'gcc-9.1.0'?\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace swage
