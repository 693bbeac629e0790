// The catalog that ships with swage.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "catalog/catalog.hpp"
#include "platform/triple.hpp"

namespace swage {
namespace {

const Catalog& shipped() {
  static const auto catalog = [] {
    auto loaded = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog");
    EXPECT_TRUE(loaded) << render(loaded.error());
    return std::move(*loaded);
  }();
  return *catalog;
}

const std::vector<const ToolchainRow*>& shipped_toolchains() {
  static const auto rows = [] {
    auto all = shipped().all_toolchains();
    EXPECT_TRUE(all) << render(all.error());
    return std::move(*all);
  }();
  return rows;
}

TEST(ShippedPlatforms, HaveConsistentProperties) {
  for (const Platform& platform : shipped().platforms()) {
    SCOPED_TRACE(platform.name);
    EXPECT_TRUE(shipped().c_library(platform.libc)) << platform.libc;
    EXPECT_EQ((**shipped().platform(platform.triple.str())).triple, platform.triple) << "of several the first is meant";
    EXPECT_EQ(platform.elf_machine != 0, platform.format == "elf");
    if (platform.triple.kernel() != "linux") continue;
    EXPECT_EQ(platform.libc, platform.triple.libc());
    EXPECT_EQ(platform.elf_class, platform.pointer_bits);
    const std::string& abi = platform.triple.abi();
    if (!abi.ends_with("x32") && !abi.ends_with("n32")) {
      EXPECT_EQ(platform.pointer_bits, platform.bits);
    }
    EXPECT_FALSE(platform.kernel_arch.empty());
    if (platform.kernel_arch == "arm") {
      EXPECT_EQ(platform.float_abi, abi.ends_with("hf") ? "hard" : platform.libc == "bionic" ? "softfp" : "soft");
    }
  }
}

TEST(ShippedPlatforms, ListTheOnesThatUsersKnow) {
  for (const char* name : {"arm64", "armhf", "armel", "mips", "mipsel", "mips64", "mips64el", "powerpc", "powerpc64", "powerpc64le", "riscv64",
                           "riscv32", "x86_64", "i686", "s390x", "loongarch64", "m68k", "sh4", "sparc64", "alpha", "hppa", "hppa64", "arc", "or1k",
                           "sparc", "x32", "s390", "sh4eb", "arm64be", "armeb", "mips32r6", "mips32r6el", "mips64r6", "mips64r6el"})
    EXPECT_TRUE(shipped().platform(name)) << name;
}

// https://github.com/NixOS/nixpkgs/blob/master/lib/systems/examples.nix; its or1k is or1k-embedded here, where or1k has Linux.
TEST(ShippedPlatforms, HaveEveryNameOfNixpkgs) {
  for (const char* name : {"gnu64", "gnu32", "musl64", "musl32", "gnu64_simplekernel", "aarch64-multiplatform",
                           "aarch64-multiplatform-musl", "bluefield2", "armv7l-hf-multiplatform", "raspberryPi", "muslpi", "remarkable1",
                           "remarkable2", "sheevaplug", "pogoplug4", "riscv64", "riscv32", "riscv64-musl", "loongarch64-linux",
                           "loongarch64-linux-embedded", "powernv", "musl-power", "ppc64", "ppc64-elfv2", "ppc64-elfv1", "ppc64-musl",
                           "mips-linux-gnu", "mipsel-linux-gnu", "mips64-linux-gnuabi64", "mips64el-linux-gnuabi64",
                           "mips64-linux-gnuabin32", "mips64el-linux-gnuabin32", "fuloongminipc", "ben-nanonote", "m68k", "s390", "s390x",
                           "aarch64-android-prebuilt", "armv7a-android-prebuilt", "aarch64-android", "riscv64-embedded",
                           "riscv32-embedded", "rx-embedded", "msp430", "avr", "vc4", "or1k", "arm-embedded", "aarch64-embedded",
                           "aarch64be-embedded", "ppc-embedded", "ppcle-embedded", "i686-embedded", "x86_64-embedded", "mmix",
                           "armhf-embedded", "arm-embedded-nano", "mips64-embedded", "mips-embedded", "microblaze-embedded", "mingw32",
                           "mingwW64", "ucrt64", "ucrtAarch64", "x86_64-windows", "aarch64-windows", "x86_64-cygwin", "iphone64",
                           "iphone32", "iphone64-simulator", "iphone32-simulator", "aarch64-darwin", "x86_64-darwin", "x86_64-freebsd",
                           "aarch64-freebsd", "x86_64-netbsd", "x86_64-netbsd-llvm", "x86_64-openbsd", "x86_64-unknown-redox", "wasi32",
                           "wasm32-unknown-none", "ghcjs"})
    EXPECT_TRUE(shipped().platform(name)) << name;
}

struct Alias {
  const char* name;
  const char* platform;
};

TEST(ShippedPlatforms, AnswerToTheNamesOfNixpkgsAndDistributions) {
  for (const Alias& alias : {Alias{"aarch64-multiplatform", "arm64"}, {"armv7l-hf-multiplatform", "armhf"}, {"sheevaplug", "armel"},
                             {"mipsel-linux-gnu", "mipsel"}, {"mips64el-linux-gnuabi64", "mips64el"}, {"powernv", "powerpc64le"}, {"gnu64", "x86_64"},
                             {"gnu32", "i686"}, {"ppc64el", "powerpc64le"}, {"amd64", "x86_64"}, {"i386", "i686"}, {"loong64", "loongarch64"},
                             {"arm-linux-gnueabihf", "armhf"}, {"arm-linux-gnueabi", "armel"}, {"armv5tel-unknown-linux-gnueabi", "armel"},
                             {"ppc64", "powerpc64-elfv2"}, {"ppc64-elfv1", "powerpc64"}, {"mips-unknown-linux", "mips"}, {"s390x-linux", "s390x"},
                             {"x86_64-pc-linux-gnu", "x86_64"}, {"armv7l-linux", "armhf"}, {"mips64-linux", "mips64"}}) {
    const auto platform = shipped().platform(alias.name);
    ASSERT_TRUE(platform) << alias.name;
    EXPECT_EQ((*platform)->name, alias.platform) << alias.name;
  }
}

TEST(ShippedToolchains, ServeTheFirstPlatformsFromFourSuitesWithEveryGcc) {
  std::map<std::string, std::set<std::string>> suites;
  std::map<std::string, std::set<unsigned>> majors;
  for (const ToolchainRow* each : shipped_toolchains()) {
    const ToolchainRow& row = *each;
    if (row.provider != "debian") continue;
    suites[row.platform].insert(row.suite);
    majors[row.platform].insert(row.version.parts().front());
  }
  for (const char* name : {"arm64", "armhf", "armel", "powerpc64le", "s390x", "x86_64", "i686"}) {
    EXPECT_EQ(suites[name], (std::set<std::string>{"bullseye", "bookworm", "trixie", "sid"})) << name;
    EXPECT_EQ(majors[name], (std::set<unsigned>{9, 10, 11, 12, 13, 14, 15, 16})) << name;
  }
  const auto& platforms = shipped().platforms();
  EXPECT_GE(std::count_if(platforms.begin(), platforms.end(), [](const Platform& platform) { return shipped().has_toolchains(platform.name); }), 47);
  EXPECT_EQ(majors.size(), 35u);
}

TEST(ShippedToolchains, AgreeWithTheirPlatform) {
  for (const ToolchainRow* each : shipped_toolchains()) {
    const ToolchainRow& row = *each;
    if (row.fallback) continue;
    SCOPED_TRACE(row.id);
    const auto platform = shipped().platform(row.platform);
    ASSERT_TRUE(platform);
    ASSERT_TRUE(row.prefix.ends_with('-'));
    const std::string triple_text = row.prefix.substr(0, row.prefix.size() - 1);
    const auto triple = Triple::parse(triple_text);
    ASSERT_TRUE(triple);
    // A compiler of bare metal has the chip's C library; one that serves a Linux that is not its own, by flags or though it is for bare metal,
    // has none for it.
    if ((**platform).bare_metal()) {
      EXPECT_EQ(triple->kernel(), "none");
      EXPECT_EQ(row.libc, (**platform).libc);
    } else if (row.flags.empty() && triple->kernel() == "linux") {
      const auto served = shipped().platform(triple_text);
      ASSERT_TRUE(served) << triple_text;
      EXPECT_EQ((**served).name, row.platform);
    } else {
      EXPECT_EQ(row.libc, "");
    }
    if (row.compiler == "gcc") {
      EXPECT_EQ(row.dumpmachine, triple_text);
    }
    if (!row.libc.empty() && !(**platform).bare_metal()) {
      EXPECT_EQ(triple->libc(), row.libc);
    }
    for (const std::string& package : row.packages) EXPECT_EQ(package.find('{'), std::string::npos) << package;
  }
}

TEST(ShippedToolchains, HaveIdsOfTheirOwn) {
  std::set<std::string> ids;
  for (const ToolchainRow* row : shipped_toolchains()) EXPECT_TRUE(ids.insert(row->id).second) << row->id;
}

// Of Linux alone: nothing else is booted.
TEST(ShippedToolchains, SayWhatTheirBootsRun) {
  for (const ToolchainRow* row : shipped_toolchains()) {
    if ((**shipped().platform(row->platform)).triple.kernel() != "linux") continue;
    EXPECT_TRUE(row->userland == "init" || row->userland == "busybox-boot") << row->id;
  }
}

TEST(ShippedToolchains, OfBootlinArePinnedAndKnowWhatTheyAre) {
  std::size_t rows = 0;
  for (const ToolchainRow* each : shipped_toolchains()) {
    const ToolchainRow& row = *each;
    if (row.provider != "bootlin") continue;
    SCOPED_TRACE(row.id);
    ++rows;
    EXPECT_TRUE(row.fallback && row.prebuilt && row.packages.empty());
    ASSERT_EQ(row.source.urls.size(), 1u);
    EXPECT_TRUE(row.source.urls[0].starts_with("https://toolchains.bootlin.com/downloads/releases/toolchains/"));
    EXPECT_EQ(row.source.sha256.size(), 64u);
    // A short version is a major one, and then the binutils are not known either.
    EXPECT_EQ(row.version.parts().size(), row.binutils ? 3u : 1u);
    EXPECT_EQ(row.unknown, row.binutils ? std::vector<std::string>{} : std::vector<std::string>{"binutils"});
    const auto triple = Triple::parse(row.dumpmachine);
    ASSERT_TRUE(triple);
    const Platform& platform = **shipped().platform(row.platform);
    if (row.libc.empty()) {
      EXPECT_EQ(row.userland, "init");
    } else {
      EXPECT_EQ(triple->libc(), row.libc);
      EXPECT_FALSE(row.libc_version.empty() || row.headers.empty());
      EXPECT_EQ(row.flags, "");
      if (platform.kernel_arch == "arm") {
        EXPECT_EQ(triple->abi().ends_with("hf") ? "hard" : "soft", platform.float_abi);
      }
    }
  }
  EXPECT_EQ(rows, 1746u);
}

TEST(ShippedComponents, ReachFromGcc3ToNow) {
  const auto rows = shipped().components();
  ASSERT_TRUE(rows) << render(rows.error());
  std::map<std::string, std::vector<Version>> versions;
  for (const ComponentRow& row : **rows) {
    versions[row.name].push_back(row.version);
    EXPECT_TRUE(row.id.starts_with(row.name + "-" + row.version.str())) << row.id;
    EXPECT_EQ(row.source.sha256.size(), row.id == "linux-headers-6.1-bookworm" ? 0u : 64u) << row.id;
  }
  EXPECT_EQ(versions.size(), 10u);
  EXPECT_EQ(versions["gcc"].front().str(), "3.4.6");
  EXPECT_EQ(versions["gcc"].back().parts().front(), 16u);
  EXPECT_EQ(versions["binutils"].front().str(), "2.16.1");
}

TEST(ShippedConstraints, AreManyAndSourced) {
  const auto rows = shipped().constraints();
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_GE(rows->size(), 140u);
  for (const ConstraintRow* row : *rows) EXPECT_GE(row->source.size(), 8u) << row->id;
}

TEST(ShippedQuirks, DoSomethingAndLiftWhatCanConcernThem) {
  const auto quirks = shipped().quirks();
  ASSERT_TRUE(quirks) << quirks.error().what;
  EXPECT_GE(quirks->size(), 20u);
  const auto constraints = shipped().constraints();
  ASSERT_TRUE(constraints) << constraints.error().what;
  for (const QuirkRow* each : *quirks) {
    const QuirkRow& row = *each;
    SCOPED_TRACE(row.id);
    EXPECT_GE(row.source.size(), 8u);
    EXPECT_FALSE(row.make_args.empty() && row.config.empty() && row.cflags.empty() && row.aflags.empty() && row.cc_flags.empty() &&
                 row.ld_flags.empty() && row.host_cflags.empty() && row.patches.empty() && row.edits.empty());
    // What it lifts shares an architecture with it, or it would never apply.
    for (const std::string& id : row.lifts)
      for (const ConstraintRow* constraint : *constraints) {
        if (constraint->id != id || row.arches.empty() || constraint->arches.empty()) continue;
        bool common = false;
        for (const Platform& platform : shipped().platforms()) {
          const auto names = [&](const std::vector<std::string>& arches) {
            return std::find(arches.begin(), arches.end(), platform.name) != arches.end() ||
                   std::find(arches.begin(), arches.end(), platform.kernel_arch) != arches.end();
          };
          common = common || (names(row.arches) && names(constraint->arches));
        }
        EXPECT_TRUE(common) << id;
      }
  }
}

TEST(ShippedRoots, OfKindBuildDeclareTheSameToolsAndOneIsTheDefault) {
  std::set<std::set<std::string>> tools;
  std::vector<std::string> defaults;
  for (const RootRow& row : shipped().roots()) {
    if (row.kind != "build") continue;
    std::set<std::string> names;
    for (const auto& [tool, version] : row.tools) names.insert(tool);
    tools.insert(names);
    if (row.rank == 0) defaults.push_back(row.name);
  }
  EXPECT_EQ(tools.size(), 1u);
  EXPECT_EQ(defaults, std::vector<std::string>{"build"});
}

}  // namespace
}  // namespace swage
