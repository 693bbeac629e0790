#include "resolve/resolve.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/worlds.hpp"

namespace swage {
namespace {

using testing::ElementsAre;

World three_eras() {
  World world;
  world.kernel("5.10", "2020-12-13").kernel("6.1", "2022-12-11").kernel("6.12", "2024-11-17");
  world.toolchain({.id = "gcc-10", .version = "10.2.1", .binutils = "2.35.2", .released = "2020-07-23", .libc_version = "2.31"});
  world.toolchain({.id = "gcc-12"});
  world.toolchain({.id = "gcc-14", .version = "14.2.0", .binutils = "2.44", .released = "2024-08-01", .libc_version = "2.41"});
  return world;
}

TEST(Era, TheCompilerOfTheKernelsTimeIsChosen) {
  const auto catalog = three_eras().build();
  EXPECT_EQ(chosen(*catalog, {"5.10.223"}), "gcc-10");
  EXPECT_EQ(chosen(*catalog, {"6.1.170"}), "gcc-12");
  EXPECT_EQ(chosen(*catalog, {"6.12.94"}), "gcc-14");
  EXPECT_EQ(ask(*catalog, {"6.1.170"})->why,
            std::vector<std::string>{"its compiler's release is 114 days from the kernel's (2022-12-11); that of gcc-14 is 599 days"});
}

TEST(Era, AKernelWithoutARowTakesTheDateOfTheNearestOlderSeries) {
  const auto catalog = three_eras().build();
  EXPECT_EQ(ask(*catalog, {"6.3.1"})->kernel_released, "2022-12-11");
  EXPECT_EQ(ask(*catalog, {"6.12-rc1"})->kernel_released, "2024-11-17");
  EXPECT_EQ(ask(*catalog, {"7.2"})->kernel_released, "2024-11-17");
  EXPECT_EQ(ask(*catalog, {"2.6.32.71"})->kernel_released, "2020-12-13");
  EXPECT_EQ(chosen(*catalog, {"2.6.32.71"}), "gcc-10");
}

TEST(Ranking, StepsThroughPrebuiltProviderVersionAndId) {
  World world;
  world.kernel("6.1", "2022-12-11").provider("source", 1, false).provider("bootlin", 20, true);
  world.toolchain({.id = "a-from-source", .provider = "source"}).toolchain({.id = "b-bootlin", .provider = "bootlin"});
  EXPECT_EQ(chosen(*world.build(), {"6.1"}), "b-bootlin");
  EXPECT_EQ(ask(*world.build(), {"6.1"})->why.front(), "it is prebuilt; a-from-source is built from source");

  world.toolchain({.id = "z-debian"});
  EXPECT_EQ(chosen(*world.build(), {"6.1"}), "z-debian");
  EXPECT_EQ(ask(*world.build(), {"6.1"})->why.front(), "provider debian comes before bootlin");

  world.toolchain({.id = "y-debian", .version = "12.3.0"});
  EXPECT_EQ(chosen(*world.build(), {"6.1"}), "y-debian");
  EXPECT_EQ(ask(*world.build(), {"6.1"})->why.front(), "gcc 12.3.0 is newer than 12.2.0 of z-debian");

  world.toolchain({.id = "x-debian", .version = "12.3.0"});
  EXPECT_EQ(chosen(*world.build(), {"6.1"}), "x-debian");
  EXPECT_EQ(ask(*world.build(), {"6.1"})->why.front(), "its id sorts before y-debian");
}

TEST(Constraints, RejectWhatTheyForbidAndTheNextEraIsTaken) {
  const auto catalog = three_eras().constraint("plt32", "kernel = \"<6.2\", arch = [\"arm64\"]", "binutils = \"<2.36\"", "boots-not").build();
  const auto resolution = ask(*catalog, {"6.1"});
  ASSERT_TRUE(resolution);
  EXPECT_EQ(resolution->chosen->id, "gcc-10");
  ASSERT_EQ(resolution->rejected.size(), 2u);
  EXPECT_EQ(resolution->rejected[0].toolchain->id, "gcc-12");
  EXPECT_EQ(resolution->rejected[0].reason, "binutils 2.40 is not <2.36");
  EXPECT_EQ(resolution->rejected[0].by.front()->id, "plt32");
  ASSERT_EQ(resolution->rules.size(), 1u);
  EXPECT_EQ(resolution->rules[0].text, "binutils 2.35.2 satisfies <2.36");
  EXPECT_EQ(resolution->why, std::vector<std::string>{"no other candidate satisfies the constraints"});
  EXPECT_EQ(chosen(*catalog, {"6.12"}), "gcc-14");
}

TEST(Constraints, AreOfOneArchitectureByPlatformOrKernelName) {
  World world = three_eras();
  world.toolchain({.id = "x86", .platform = "x86_64"});
  world.constraint("by-kernel-arch", "arch = [\"x86\"]", "gcc = \">=13\"").constraint("by-platform", "arch = [\"arm64\"]", "gcc = \">=13\"");
  const auto catalog = world.build();
  EXPECT_EQ(chosen(*catalog, {.kernel = "6.1", .platform = "x86_64"}), "none");
  EXPECT_EQ(ask(*catalog, {.kernel = "6.1", .platform = "x86_64"})->rejected[0].by.size(), 1u);
  EXPECT_EQ(chosen(*catalog, {"6.1"}), "gcc-14");
}

TEST(Constraints, TestTheStableSublevel) {
  const auto catalog = three_eras().constraint("backport", "kernel = \"<5.10.101|>5.10,<5.15\"", "binutils = \"<2.35\"").build();
  EXPECT_EQ(chosen(*catalog, {"5.10.100"}), "none");
  EXPECT_EQ(chosen(*catalog, {"5.10.101"}), "gcc-10");
  EXPECT_EQ(chosen(*catalog, {"5.14.3"}), "none");
}

TEST(Constraints, OnClangSayNothingAboutGcc) {
  World world;
  world.kernel("6.1", "2022-12-11").toolchain({.id = "g"}).toolchain({.id = "c", .version = "9.0.0", .compiler = "clang"});
  world.constraint("min-clang", "", "clang = \">=11\"").constraint("min-gcc", "", "gcc = \">=5.1\"");
  const auto resolution = ask(*world.build(), {"6.1"});
  ASSERT_TRUE(resolution && resolution->chosen);
  EXPECT_EQ(resolution->chosen->id, "g");
  ASSERT_EQ(resolution->rules.size(), 1u);
  EXPECT_EQ(resolution->rules[0].constraint->id, "min-gcc");
  EXPECT_TRUE(resolution->rejected.empty());   // clang is a candidate only when it is asked for
  const auto llvm = ask(*world.build(), {.kernel = "6.1", .compiler = "clang"});
  ASSERT_TRUE(llvm && !llvm->chosen);
  ASSERT_EQ(llvm->rejected.size(), 1u);
  EXPECT_EQ(llvm->rejected[0].reason, "clang 9.0.0 is not >=11");
}

TEST(Constraints, WithConditionsConcernOnlyCandidatesThatMeetThem) {
  World world = three_eras();
  world.constraint("pair", "gcc = \">=14\"", "binutils = \">=2.45\"").constraint("unknowable", "make = \">=4\"", "gcc = \"<1\"");
  const auto resolution = ask(*world.build(), {"6.12"});
  ASSERT_TRUE(resolution && resolution->chosen);
  EXPECT_EQ(resolution->chosen->id, "gcc-12");
  EXPECT_EQ(resolution->rejected.size(), 1u);
  EXPECT_TRUE(resolution->rules.empty());
}

TEST(Constraints, OnHostToolsAreListedAsNotTested) {
  const auto catalog = three_eras().constraint("min-make", "kernel = \">=6.1\"", "make = \">=3.82\"").build();
  const auto resolution = ask(*catalog, {"6.1"});
  ASSERT_TRUE(resolution && resolution->chosen);
  EXPECT_TRUE(resolution->rules.empty());
  ASSERT_EQ(resolution->untested.size(), 1u);
  EXPECT_EQ(resolution->untested[0].text, "make >=3.82");
  EXPECT_TRUE(ask(*catalog, {"5.10"})->untested.empty());
}

TEST(Userland, NeedsThePlatformsCLibrary) {
  World world = three_eras();
  world.toolchain({.id = "other", .released = "2022-12-11", .libc = "musl"});
  const auto catalog = world.build();
  EXPECT_EQ(chosen(*catalog, {"6.1"}), "other") << "a kernel needs none";
  const auto resolution = ask(*catalog, {.kernel = "6.1", .purpose = Purpose::userland});
  ASSERT_TRUE(resolution && resolution->chosen);
  EXPECT_NE(resolution->chosen->id, "other");
  EXPECT_EQ(resolution->rejected.at(0).reason, "has the C library musl, the platform glibc");
}

TEST(Userland, NeedsACLibraryAndObeysItsConstraints) {
  World world = three_eras();
  world.toolchain({.id = "bare", .released = "2022-12-11", .libc = ""});
  world.constraint("new-glibc", "kernel = \"<6.2\"", "glibc = \"<2.32\"", "boots-not");
  const auto catalog = world.build();
  EXPECT_EQ(chosen(*catalog, {"6.1"}), "bare");
  const auto resolution = ask(*catalog, {.kernel = "6.1", .purpose = Purpose::userland});
  ASSERT_TRUE(resolution && resolution->chosen);
  EXPECT_EQ(resolution->chosen->id, "gcc-10");
  EXPECT_EQ(resolution->rejected[0].reason, "has no C library: for kernels only");
  EXPECT_EQ(resolution->rejected[1].reason, "glibc 2.36 is not <2.32");
}

TEST(Userland, WithoutAKernelTakesTheNewestAndNoKernelRule) {
  const auto catalog = three_eras().constraint("old", "kernel = \"<9\"", "gcc = \"<1\"").build();
  EXPECT_EQ(chosen(*catalog, {.purpose = Purpose::userland}), "gcc-14");
}

TEST(Requested, ToolchainIsTheOnlyCandidateAndStillChecked) {
  World world = three_eras();
  world.toolchain({.id = "x86", .platform = "x86_64"}).constraint("min", "kernel = \">=6.12\"", "gcc = \">=12\"");
  const auto catalog = world.build();
  EXPECT_EQ(chosen(*catalog, {.kernel = "6.1", .toolchain = "gcc-14"}), "gcc-14");
  EXPECT_EQ(chosen(*catalog, {.kernel = "6.12", .toolchain = "gcc-10"}), "none");
  EXPECT_EQ(chosen(*catalog, {.kernel = "6.1", .toolchain = "x86"}), "error: 'x86' is a toolchain for x86_64, not for arm64");
  EXPECT_EQ(chosen(*catalog, {.kernel = "6.1", .toolchain = "gcc-15"}), "error: 'gcc-15' is not a toolchain");
  EXPECT_EQ(render(unsatisfied(*catalog, *ask(*catalog, {.kernel = "6.12", .toolchain = "gcc-10"}))),
            R"(error: 'gcc-10' does not satisfy the constraints of linux 6.12 for arm64
note: gcc-10: gcc 10.2.1 is not >=12 (min: builds-not)
hint: 'gcc-14' does: leave out --toolchain, or pass --toolchain gcc-14
)");
}

TEST(Unsatisfied, NamesEveryCandidateAndKernelsThatWork) {
  const auto catalog = three_eras().constraint("old", "kernel = \"<6\"", "gcc = \"<6\"").build();
  const auto resolution = ask(*catalog, {"4.4.302"});
  ASSERT_TRUE(resolution);
  ASSERT_EQ(resolution->chosen, nullptr);
  const Error error = unsatisfied(*catalog, *resolution);
  EXPECT_EQ(error.code, Errc::unsatisfiable);
  EXPECT_EQ(render(error), R"(error: 'linux 4.4.302' for arm64: no toolchain satisfies every constraint
note: gcc-10, gcc-12, gcc-14: gcc 10.2.1 is not <6 (old: builds-not)
note: nearest is gcc-10, were it not for old: reason of old
hint: on arm64, linux 6.1 and 6.12 have a toolchain: swage resolve linux@6.1 --for arm64
)");
}

TEST(Unsatisfied, APlatformWithoutToolchainNamesThoseThatHaveOne) {
  const auto catalog = three_eras().build();
  EXPECT_EQ(render(unsatisfied(*catalog, *ask(*catalog, {.kernel = "6.1", .platform = "x86_64"}))),
            "error: 'x86_64' has no toolchain\nhint: platforms with a toolchain are arm64: swage list platforms\n");
}

TEST(Explain, FitsTheWholeStoryOnAScreen) {
  World world = three_eras();
  world.constraint("min-gcc", "kernel = \">=5.15\"", "gcc = \">=5.1\"").constraint("min-make", "", "make = \">=3.82\"");
  world.constraint("too-new", "kernel = \"<6.2\"", "binutils = \"<2.41\"", "boots-not");
  EXPECT_EQ(explain(*ask(*world.build(), {"6.1.170"})), R"(linux 6.1.170 for arm64: gcc-12
  gcc 12.2.0, binutils 2.40, glibc 2.36, from debian, released 2022-08-19
  because its compiler's release is 114 days from the kernel's (2022-12-11); that of gcc-10 is 871 days

ranking (2)
  1. gcc-12  gcc 12.2.0, binutils 2.40, glibc 2.36, 114 days from the kernel
  2. gcc-10  gcc 10.2.1, binutils 2.35.2, glibc 2.31, 871 days from the kernel

rules that hold (2)
  min-gcc  gcc 12.2.0 satisfies >=5.1
  too-new  binutils 2.40 satisfies <2.41

not tested, no root says (1)
  min-make  make >=3.82

rejected (1)
  gcc-14
    binutils 2.44 is not <2.41
    too-new (boots-not): reason of too-new
)");
}

TEST(Explain, StaysWithinFortyLines) {
  World world = three_eras();
  for (int i = 0; i < 30; ++i) {
    world.toolchain({.id = fmt::format("good-{}", i)});
    world.toolchain({.id = fmt::format("bad-{}", i), .binutils = fmt::format("2.{}", 50 + i)});
    world.constraint(fmt::format("bad-{}", i), "", fmt::format("binutils = \"<2.{}|>2.{}\"", 50 + i, 50 + i));
    world.constraint(fmt::format("host-{}", i), "", "perl = \"<9\"");
  }
  const std::string text = explain(*ask(*world.build(), {"6.1"}));
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 40) << text;
  EXPECT_NE(text.find(" more, see --json"), std::string::npos) << text;
}

TEST(Json, HasEveryKeyAlways) {
  World world = three_eras();
  world.constraint("min-gcc", "kernel = \">=6.1\"", "gcc = \">=11\"").constraint("min-make", "", "make = \">=3.82\"");
  const auto catalog = world.build();
  EXPECT_EQ(resolution_json(*ask(*catalog, {"6.1"})), R"({
  "kernel": "6.1",
  "nearestKernels": null,
  "arch": "arm64",
  "purpose": "kernel",
  "toolchain": {
    "id": "gcc-12",
    "provider": "debian",
    "compiler": "gcc",
    "version": "12.2.0",
    "binutils": "2.40",
    "libc": "glibc 2.36"
  },
  "root": null,
  "quirks": [],
  "rules": [
    {
      "id": "min-gcc",
      "effect": "builds-not",
      "tested": true,
      "text": "gcc 12.2.0 satisfies >=11",
      "reason": "reason of min-gcc",
      "source": "s",
      "confidence": "reported",
      "measured": [],
      "assumed": false
    },
    {
      "id": "min-make",
      "effect": "builds-not",
      "tested": false,
      "text": "make >=3.82",
      "reason": "reason of min-make",
      "source": "s",
      "confidence": "reported",
      "measured": [],
      "assumed": false
    }
  ],
  "rejected": [
    {
      "toolchain": "gcc-10",
      "reason": "gcc 10.2.1 is not >=11",
      "rules": [
        "min-gcc"
      ],
      "assumes": []
    }
  ],
  "elsewhere": []
})");
  const auto none = nlohmann::json::parse(resolution_json(*ask(*catalog, {.platform = "x86_64", .purpose = Purpose::userland})));
  EXPECT_EQ(none, (nlohmann::json{{"kernel", nullptr}, {"nearestKernels", nullptr}, {"arch", "x86_64"}, {"purpose", "userland"}, {"toolchain", nullptr},
                                  {"root", nullptr}, {"quirks", nlohmann::json::array()}, {"rules", nlohmann::json::array()},
                                  {"rejected", nlohmann::json::array()}, {"elsewhere", nlohmann::json::array()}}));
}

TEST(Days, AreCalendarDays) {
  EXPECT_EQ(days_between("2020-02-28", "2020-03-01"), 2);
  EXPECT_EQ(days_between("2021-03-01", "2021-02-28"), 1);
  EXPECT_EQ(days_between("2022-12-11", "2022-12-11"), 0);
}

}  // namespace
}  // namespace swage
