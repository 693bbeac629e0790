// Quirks that lift constraints, and the choice of a build root by what its tools are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/worlds.hpp"

namespace swage {
namespace {

using testing::ElementsAre;

// Two compilers of one day, so that only what a test adds can rank them.
World two_binutils() {
  World world;
  world.kernel("4.14.336", "2017-11-12");
  world.toolchain({.id = "a-new", .binutils = "2.44"}).toolchain({.id = "b-old", .binutils = "2.40"});
  return world;
}

std::vector<std::string> ids(const std::vector<QuirkApplied>& quirks) {
  std::vector<std::string> names;
  for (const QuirkApplied& one : quirks) names.push_back(one.quirk->id);
  return names;
}

std::vector<std::string> ranked(const Resolution& resolution) {
  std::vector<std::string> names;
  for (const Candidate& candidate : resolution.ranking) names.push_back(candidate.toolchain->id);
  return names;
}

TEST(Quirks, KeepACandidateThatTheyAloneSave) {
  const auto catalog = two_binutils()
                           .constraint("flags", "kernel = \"<5.4\"", "binutils = \"<2.39\"")
                           .quirk("flags-edit", "binutils = \">=2.39\"", "lifts = [\"flags\"]\nhost_cflags = [\"-w\"]")
                           .build();
  const auto resolution = ask(*catalog, {"4.14.336"});
  ASSERT_TRUE(resolution && resolution->chosen);
  EXPECT_EQ(resolution->chosen->id, "a-new");
  EXPECT_EQ(ids(resolution->quirks), std::vector<std::string>{"flags-edit"});
  EXPECT_EQ(resolution->quirks[0].lifts[0]->id, "flags");
  EXPECT_TRUE(resolution->rules.empty());   // lifted is not held
  EXPECT_TRUE(ask(*catalog, {"5.4"})->quirks.empty());
}

TEST(Quirks, RankAfterCandidatesThatNeedNone) {
  World world = two_binutils();
  world.constraint("flags", "", "binutils = \"<2.41\"").quirk("q", "binutils = \">=2\"", "lifts = [\"flags\"]");
  const auto catalog = world.build();
  const auto resolution = ask(*catalog, {"4.14.336"});
  EXPECT_THAT(ranked(*resolution), ElementsAre("b-old", "a-new"));
  EXPECT_TRUE(resolution->quirks.empty());
  EXPECT_THAT(ids(resolution->ranking[1].quirks), ElementsAre("q"));
  EXPECT_EQ(resolution->why.front(), "it needs no quirk; a-new needs a quirk against builds-not");
}

TEST(Quirks, AgainstASilentFailureRankLast) {
  World world = two_binutils();
  world.toolchain({.id = "c-misbehaves", .version = "11.1.0"});
  world.constraint("build", "", "binutils = \"<2.40\"").constraint("boot", "", "binutils = \"<2.41\"", "boots-not");
  world.constraint("run", "", "gcc = \">=12\"", "misbehaves");
  for (const char* id : {"build", "boot", "run"}) world.quirk(std::string("for-") + id, "gcc = \">=1\"", fmt::format("lifts = [\"{}\"]", id));
  const auto resolution = ask(*world.build(), {"4.14.336"});
  EXPECT_THAT(ranked(*resolution), ElementsAre("b-old", "c-misbehaves", "a-new"));
  EXPECT_THAT(ids(resolution->ranking[2].quirks), ElementsAre("for-boot", "for-build"));
}

// Two compilers of one day, one of which would have to be built first. `effect` is of what the other one needs a quirk against.
World source_or_quirk(const std::string& effect) {
  World world;
  world.kernel("4.14.336", "2017-11-12").provider("source", 30, false);
  world.toolchain({.id = "a-from-source", .binutils = "2.40", .provider = "source"}).toolchain({.id = "b-prebuilt", .binutils = "2.44"});
  return world.constraint("flags", "", "binutils = \"<2.41\"", effect).quirk("q", "binutils = \">=2\"", "lifts = [\"flags\"]");
}

TEST(Quirks, AgainstAFailedBuildCostLessThanBuildingACompiler) {
  const auto catalog = source_or_quirk("builds-not").build();
  const auto resolution = ask(*catalog, {"4.14.336"});
  EXPECT_THAT(ranked(*resolution), ElementsAre("b-prebuilt", "a-from-source"));
  EXPECT_THAT(ids(resolution->quirks), ElementsAre("q"));
  EXPECT_EQ(resolution->why.front(), "it is prebuilt; a-from-source is built from source");
}

TEST(Quirks, AgainstASilentFailureCostMoreThanBuildingACompiler) {
  for (const std::string effect : {"misbehaves", "boots-not"}) {
    const auto catalog = source_or_quirk(effect).build();
    const auto resolution = ask(*catalog, {"4.14.336"});
    EXPECT_THAT(ranked(*resolution), ElementsAre("a-from-source", "b-prebuilt"));
    EXPECT_EQ(resolution->why.front(), "it needs no quirk; b-prebuilt needs a quirk against " + effect);
  }
}

TEST(Quirks, WhatHasBootedComesBeforeCost) {
  const auto catalog = source_or_quirk("builds-not").build();
  EXPECT_EQ(chosen(*catalog, {.kernel = "4.14.336", .evidence = {{"a-from-source", Evidence::booted}}}), "a-from-source");
}

TEST(Quirks, DoNotSaveFromAConstraintThatNoneLifts) {
  World world = two_binutils();
  world.constraint("lifted", "", "binutils = \"<2.39\"").constraint("hard", "", "binutils = \"<2.38\"");
  world.quirk("q", "gcc = \">=1\"", "lifts = [\"lifted\"]");
  const auto resolution = ask(*world.build(), {"4.14.336"});
  EXPECT_EQ(resolution->chosen, nullptr);
  ASSERT_EQ(resolution->rejected.size(), 2u);
  ASSERT_EQ(resolution->rejected[0].by.size(), 1u);
  EXPECT_EQ(resolution->rejected[0].by[0]->id, "hard");
  EXPECT_EQ(resolution->rejected[0].reason, "binutils 2.44 is not <2.38");
}

TEST(Quirks, ApplyOnlyWhereTheirConditionsHold) {
  World world = two_binutils();
  world.constraint("flags", "", "binutils = \"<2.39\"");
  world.quirk("other-arch", "arch = [\"x86_64\"]", "lifts = [\"flags\"]").quirk("other-bits", "bits = 32", "lifts = [\"flags\"]");
  world.quirk("other-kernel", "kernel = \">=5\"", "lifts = [\"flags\"]").quirk("other-tool", "make = \">=1\"", "lifts = [\"flags\"]");
  world.quirk("other-feature", "feature = [\"plugins\"]", "lifts = [\"flags\"]");
  EXPECT_EQ(chosen(*world.build(), {"4.14.336"}), "none");
  world.toolchain({.id = "z", .features = "\"plugins\", \"default-ssp\""});
  const auto catalog = world.build();
  EXPECT_EQ(chosen(*catalog, {"4.14.336"}), "z");
  EXPECT_THAT(ids(ask(*catalog, {"4.14.336"})->quirks), ElementsAre("other-feature"));
}

TEST(Quirks, ThatLiftNothingApplyWhereTheyAreTrueAndCostNothing) {
  World world = two_binutils();
  world.quirk("quiet", "binutils = \">=2.44\"", "config = [\"CONFIG_WERROR=n\"]");
  const auto resolution = ask(*world.build(), {"4.14.336"});
  EXPECT_EQ(resolution->chosen->id, "a-new");
  EXPECT_THAT(ids(resolution->quirks), ElementsAre("quiet"));
}

World three_roots() {
  World world = two_binutils();
  world.root({.name = "main", .tools = "make = \"4.3\", host-gcc = \"12.2.0\"", .released = "2023-06-10"});
  world.root({.name = "older", .tools = "make = \"4.3\", host-gcc = \"10.2.1\"", .rank = 10, .first_for = "<3", .released = "2021-08-14"});
  world.root({.name = "newer", .tools = "make = \"4.4.1\", host-gcc = \"14.2.0\"", .rank = 10, .released = "2025-08-09"});
  return world;
}

std::string root_of(const Catalog& catalog, const Ask& what) {
  const auto resolution = ask(catalog, what);
  return resolution->root ? resolution->root->name : "none";
}

TEST(Roots, TheFirstByRankServesWhateverItSatisfies) {
  World world = three_roots();
  world.constraint("min-make", "", "make = \">=3.82\"");
  const auto resolution = ask(*world.build(), {"4.14.336"});
  EXPECT_EQ(resolution->root->name, "main");
  ASSERT_EQ(resolution->rules.size(), 1u);
  EXPECT_EQ(resolution->rules[0].text, "make 4.3 satisfies >=3.82");
  EXPECT_TRUE(resolution->untested.empty());
  EXPECT_EQ(resolution->why.size(), 1u);   // nothing to say of the default root
}

TEST(Roots, OneOfItsTimeComesFirstForAKernel) {
  World world = three_roots();
  world.constraint("new-make", "", "make = \">=4.4\"");
  EXPECT_EQ(root_of(*world.build(), {"2.6.32"}), "newer") << "it is still judged";
  World easy = three_roots();
  const auto catalog = easy.build();
  const auto resolution = ask(*catalog, {"2.6.32"});
  EXPECT_EQ(resolution->root->name, "older");
  EXPECT_EQ(resolution->why.back(), "root older comes first for linux <3");
  EXPECT_EQ(root_of(*catalog, {"3.0"}), "main");
}

TEST(Roots, AnotherOneIsTakenForItsTools) {
  World world = three_roots();
  world.constraint("old-host", "kernel = \"<5\"", "host-gcc = \"<12\"").constraint("new-make", "kernel = \">=6\"", "make = \">=4.4\"");
  const auto catalog = world.build();
  EXPECT_EQ(root_of(*catalog, {"4.14.336"}), "older");
  EXPECT_EQ(root_of(*catalog, {"5.4"}), "main");
  EXPECT_EQ(root_of(*catalog, {"6.1"}), "newer");
  EXPECT_EQ(ask(*catalog, {"4.14.336"})->why.back(), "root older and not main: there old-host rejects it");
}

TEST(Roots, OneWithoutAQuirkComesBeforeTheDefaultWithOne) {
  World world = three_roots();
  world.constraint("old-host", "", "host-gcc = \"<12\"").quirk("w", "host-gcc = \">=12\"", "lifts = [\"old-host\"]\nhost_cflags = [\"-w\"]");
  const auto resolution = ask(*world.build(), {"4.14.336"});
  EXPECT_EQ(resolution->root->name, "older");
  EXPECT_TRUE(resolution->quirks.empty());
  EXPECT_EQ(resolution->why.back(), "root older and not main: there it needs a quirk against builds-not");
}

TEST(Roots, WhenAllNeedAQuirkTheDefaultIsTakenWithIt) {
  World world = three_roots();
  world.constraint("no-common", "", "host-gcc = \"<10\"").quirk("common", "host-gcc = \">=10\"", "lifts = [\"no-common\"]\nhost_cflags = [\"-fcommon\"]");
  const auto resolution = ask(*world.build(), {"4.14.336"});
  EXPECT_EQ(resolution->root->name, "main");
  EXPECT_THAT(ids(resolution->quirks), ElementsAre("common"));
  EXPECT_EQ(resolution->chosen->id, "a-new");   // the same need for all: it ranks none
}

TEST(Roots, OfEqualRankTheOneNearestToTheKernelsEraIsTaken) {
  World world = three_roots();
  world.kernel("6.12", "2024-11-17").constraint("not-main", "", "host-gcc = \"<12|>12.2.0\"");
  const auto catalog = world.build();
  EXPECT_EQ(root_of(*catalog, {"4.14.336"}), "older");
  EXPECT_EQ(root_of(*catalog, {"6.12"}), "newer");
}

TEST(Roots, ThatNoneSatisfiesRejectEveryToolchain) {
  World world = three_roots();
  world.constraint("ancient", "", "make = \"<3.82\"");
  const auto resolution = ask(*world.build(), {"4.14.336"});
  EXPECT_EQ(resolution->chosen, nullptr);
  EXPECT_EQ(resolution->root, nullptr);
  EXPECT_EQ(resolution->rejected[0].reason, "make 4.3 is not <3.82");
}

TEST(Roots, AToolThatNoRootDeclaresIsNotTested) {
  World world = three_roots();
  world.constraint("rust", "", "rustc = \">=1.78\"");
  const auto resolution = ask(*world.build(), {"4.14.336"});
  ASSERT_EQ(resolution->untested.size(), 1u);
  EXPECT_EQ(resolution->untested[0].text, "rustc >=1.78");
}

TEST(Roots, APairOfToolchainAndRootIsJudgedTogether) {
  World world = three_roots();
  world.constraint("pair", "binutils = \">=2.44\"", "host-gcc = \">=14\"");
  const auto catalog = world.build();
  const auto resolution = ask(*catalog, {"4.14.336"});
  EXPECT_EQ(resolution->ranking[0].toolchain->id, "a-new");
  EXPECT_EQ(resolution->ranking[0].root->name, "newer");
  EXPECT_EQ(resolution->ranking[1].root->name, "main");
}

TEST(Kernel, RequirementsOnItSayWhenAnArchitectureCameAndWent) {
  World world = two_binutils();
  world.constraint("arm64-entered", "arch = [\"arm64\"]", "kernel = \">=3.7\"");
  const auto catalog = world.build();
  EXPECT_EQ(chosen(*catalog, {"3.7"}), "a-new");
  EXPECT_EQ(chosen(*catalog, {"3.6.11"}), "none");
  EXPECT_EQ(ask(*catalog, {"3.6.11"})->rejected[0].reason, "linux 3.6.11 is not >=3.7");
  EXPECT_EQ(ask(*catalog, {"3.7"})->rules[0].text, "linux 3.7 satisfies >=3.7");
  EXPECT_EQ(chosen(*catalog, {.purpose = Purpose::userland}), "a-new");
}

TEST(Kernel, AnErrorOfItsOwnSaysThatNoToolchainHelps) {
  World world = two_binutils();
  world.toolchain({.id = "c", .version = "11.0.1", .compiler = "clang"});
  world.constraint("arm64-entered", "arch = [\"arm64\"]", "kernel = \">=3.7\"").constraint("llvm", "clang = \">=1\"", "kernel = \">=5.7\"");
  world.constraint("also", "kernel = \"<3.7\"", "gcc = \"<5\"");
  const auto catalog = world.build();
  EXPECT_EQ(render(unsatisfied(*catalog, *ask(*catalog, {"3.6.11"}))), R"(error: 'linux 3.6.11' for arm64: there is no such kernel to build
note: reason of arm64-entered (arm64-entered: linux >=3.7 is wanted)
hint: on arm64, linux 4.14.336 has a toolchain: swage resolve linux@4.14.336 --for arm64
)");
  EXPECT_EQ(render(unsatisfied(*catalog, *ask(*catalog, {.kernel = "4.14.336", .compiler = "clang"}))),
            R"(error: 'linux 4.14.336' for arm64: not with this compiler
note: reason of llvm (llvm: linux >=5.7 is wanted)
hint: add a toolchain in a layer; the ones there are: swage list toolchains
)");
  const std::string text = explain(*ask(*catalog, {"3.6.11"}));
  EXPECT_TRUE(text.starts_with("linux 3.6.11 for arm64: no toolchain\n  because reason of arm64-entered\n")) << text;
}

TEST(Compiler, ThatIsTooOldNamesTheConstraintAndTheNearest) {
  World world = two_binutils();
  world.kernel("6.1", "2022-12-11").kernel("6.12", "2024-11-17");
  world.toolchain({.id = "c11", .version = "11.0.1", .compiler = "clang"}).toolchain({.id = "c12", .version = "12.0.1", .compiler = "clang"});
  world.constraint("min-clang-13", "kernel = \">=6.9\"", "clang = \">=13\"").constraint("min-clang-12", "kernel = \">=6.1\"", "clang = \">=12\"");
  const auto catalog = world.build();
  EXPECT_EQ(render(unsatisfied(*catalog, *ask(*catalog, {.kernel = "6.12", .compiler = "clang"}))),
            R"(error: 'linux 6.12' for arm64: no toolchain satisfies every constraint
note: c12: clang 12.0.1 is not >=13 (min-clang-13: builds-not)
note: c11: clang 11.0.1 is not >=12; clang 11.0.1 is not >=13 (min-clang-12: builds-not, min-clang-13: builds-not)
note: nearest is c12, were it not for min-clang-13: reason of min-clang-13
hint: on arm64, linux 6.1 and 4.14.336 have a toolchain: swage resolve linux@6.1 --for arm64 --llvm
)");
  EXPECT_EQ(render(unsatisfied(*catalog, *ask(*catalog, {.kernel = "6.1", .toolchain = "c11"}))),
            R"(error: 'c11' does not satisfy the constraints of linux 6.1 for arm64
note: c11: clang 11.0.1 is not >=12 (min-clang-12: builds-not)
hint: 'c12' does: leave out --toolchain, or pass --toolchain c12
)");
}

TEST(Evidence, ThatACandidateBootedRanksItFirstAndThatItFailedLast) {
  World world = two_binutils();
  world.toolchain({.id = "c"}).constraint("flags", "", "gcc = \">=1\"");
  const auto catalog = world.build();
  EXPECT_EQ(chosen(*catalog, {"4.14.336"}), "a-new");
  const auto resolution = ask(*catalog, {.kernel = "4.14.336", .evidence = {{"c", Evidence::booted}, {"a-new", Evidence::failed}}});
  EXPECT_THAT(ranked(*resolution), ElementsAre("c", "b-old", "a-new"));
  EXPECT_EQ(resolution->why.front(), "it has booted this kernel; b-old is not recorded to have booted it");
}

TEST(Elsewhere, NamesTheRulesOfOtherKernelsThatTheChoiceWouldViolate) {
  World world = two_binutils();
  world.constraint("plt32", "kernel = \"<4.14.28\", arch = [\"arm64\"]", "binutils = \"<2.31\"", "boots-not");
  world.constraint("a-build", "kernel = \"<3\"", "gcc = \"<5\"").constraint("other-arch", "kernel = \"<3\", arch = [\"x86_64\"]", "gcc = \"<5\"");
  world.constraint("new-gcc", "kernel = \"<3\"", "gcc = \"<13\"");
  const auto resolution = ask(*world.build(), {"4.14.336"});
  ASSERT_EQ(resolution->elsewhere.size(), 2u);
  EXPECT_EQ(resolution->elsewhere[0].constraint->id, "plt32");
  EXPECT_EQ(resolution->elsewhere[0].text, "binutils 2.44 is not <2.31");
  EXPECT_EQ(resolution->elsewhere[1].constraint->id, "a-build");
}

// The root needs the same help whichever toolchain is taken: "needs no quirk" would not be true of either.
TEST(ExplainQuirks, SaysWhatIsNeededForTheRootToo) {
  World world = two_binutils();
  world.root({.name = "main", .tools = "host-gcc = \"12.2.0\""});
  world.constraint("flags", "", "binutils = \"<2.41\"").constraint("old-host", "", "host-gcc = \"<12\"");
  world.quirk("q", "binutils = \">=2\"", "lifts = [\"flags\"]").quirk("host", "host-gcc = \">=12\"", "lifts = [\"old-host\"]");
  EXPECT_EQ(ask(*world.build(), {"4.14.336"})->why.front(),
            "it needs a quirk against builds-not for its root alone; "
            "a-new needs a quirk against builds-not and, for its root, a quirk against builds-not");
}

TEST(ExplainQuirks, SaysWhereARowWasMeasuredAndThatItIsAssumedHere) {
  World world = two_binutils();
  const std::string measured = "measured = [\"x86\"]\n";
  world.constraint("flags", "", "binutils = \"<2.39\"", "builds-not", measured).constraint("old", "", "gcc = \">=12\"", "boots-not", measured);
  world.constraint("here", "", "gcc = \">=11\"", "builds-not", "measured = [\"x86_64\", \"arm64\"]\n");
  world.quirk("flags-edit", "binutils = \">=2.39\"", measured + "lifts = [\"flags\"]");
  world.toolchain({.id = "c-old", .version = "11.1.0"});
  const auto catalog = world.build();
  const auto resolution = ask(*catalog, {"4.14.336"});
  EXPECT_EQ(explain(*resolution), R"(linux 4.14.336 for arm64: a-new
  gcc 12.2.0, binutils 2.44, glibc 2.36, from debian, released 2022-08-19
  because its id sorts before b-old

quirks (1)
  flags-edit (measured on x86, assumed for arm64): reason of flags-edit; lifts flags (builds-not)
    flags: measured on x86, assumed for arm64

ranking (2)
  1. a-new  gcc 12.2.0, binutils 2.44, glibc 2.36, 1741 days from the kernel, needs flags-edit
  2. b-old  gcc 12.2.0, binutils 2.40, glibc 2.36, 1741 days from the kernel, needs flags-edit

rules that hold (2)
  here  gcc 12.2.0 satisfies >=11
  old   gcc 12.2.0 satisfies >=12; measured on x86, assumed for arm64

rejected (1)
  c-old
    gcc 11.1.0 is not >=12
    old (boots-not, measured on x86, assumed for arm64): reason of old
)");
  const auto json = nlohmann::json::parse(resolution_json(*resolution));
  EXPECT_EQ(json["rules"][0]["measured"], (nlohmann::json{"x86_64", "arm64"}));
  EXPECT_EQ(json["rules"][0]["assumed"], false);
  EXPECT_EQ(json["rules"][1]["assumed"], true);
  EXPECT_EQ(json["quirks"][0]["assumed"], true);
  EXPECT_EQ(json["quirks"][0]["assumes"], nlohmann::json{"flags"});
  EXPECT_EQ(json["rejected"][0]["assumes"], nlohmann::json{"old"});
  // On x86_64, whose ARCH is x86, nothing is assumed.
  world.toolchain({.id = "d-x86", .binutils = "2.44", .platform = "x86_64"});
  EXPECT_EQ(explain(*ask(*world.build(), {"4.14.336", "x86_64"})).find("assumed"), std::string::npos);
}

TEST(ExplainQuirks, SaysRootQuirksAndOtherKernels) {
  World world = three_roots();
  world.constraint("flags", "kernel = \"<5.4\"", "binutils = \"<2.39\"").constraint("old-host", "", "host-gcc = \"<12\"");
  world.constraint("plt32", "kernel = \"<4.14.28\"", "binutils = \"<2.31\"", "boots-not").constraint("rust", "", "rustc = \">=1\"");
  world.quirk("flags-edit", "binutils = \">=2.39\"", "lifts = [\"flags\"]\nconfig = [\"CONFIG_X=n\"]");
  EXPECT_EQ(explain(*ask(*world.build(), {"4.14.336"})), R"(linux 4.14.336 for arm64: a-new
  gcc 12.2.0, binutils 2.44, glibc 2.36, from debian, released 2022-08-19
  in root older (bookworm), host-gcc 10.2.1, make 4.3
  because its id sorts before b-old
  because root older and not main: there old-host rejects it

quirks (1)
  flags-edit: reason of flags-edit; lifts flags (builds-not)

ranking (2)
  1. a-new  gcc 12.2.0, binutils 2.44, glibc 2.36, 1741 days from the kernel, needs flags-edit
  2. b-old  gcc 12.2.0, binutils 2.40, glibc 2.36, 1741 days from the kernel, needs flags-edit

rules that hold (1)
  old-host  host-gcc 10.2.1 satisfies <12

not tested, no root says (1)
  rust  rustc >=1

would fail for other kernels (1)
  plt32 (boots-not): binutils 2.44 is not <2.31, for linux <4.14.28
)");
}

TEST(ExplainQuirks, JsonHasRootQuirksAndOtherKernels) {
  World world = two_binutils();
  world.root({.name = "main", .tools = "make = \"4.3\""});
  world.constraint("flags", "", "binutils = \"<2.39\"").constraint("plt32", "kernel = \"<4\"", "gcc = \"<4\"", "boots-not");
  world.quirk("flags-edit", "binutils = \">=2.39\"", "lifts = [\"flags\"]");
  const auto json = nlohmann::json::parse(resolution_json(*ask(*world.build(), {"4.14.336"})));
  EXPECT_EQ(json["root"], (nlohmann::json{{"name", "main"}, {"suite", "bookworm"}, {"tools", {{"make", "4.3"}}}}));
  EXPECT_EQ(json["quirks"], nlohmann::json::parse(R"([{"id": "flags-edit", "lifts": ["flags"], "reason": "reason of flags-edit", "source": "s", "confidence": "observed", "measured": [], "assumed": false, "assumes": []}])"));
  EXPECT_EQ(json["elsewhere"], nlohmann::json::parse(R"([{"id": "plt32", "effect": "boots-not", "kernels": "<4", "text": "gcc 12.2.0 is not <4"}])"));
}

TEST(UnsatisfiedQuirks, SaysWhatIsNearestAndWhichReleaseOfTheSeriesWouldDo) {
  World world = two_binutils();
  world.kernel("5.10", "2020-12-13");
  world.constraint("plt32", "kernel = \"<4.9|>4.9,<4.14.28\"", "binutils = \"<2.31\"", "boots-not");
  world.constraint("section", "kernel = \"<4.14.31\"", "binutils = \"<2.42\"");
  const auto catalog = world.build();
  EXPECT_EQ(render(unsatisfied(*catalog, *ask(*catalog, {"4.14.5"}))), R"(error: 'linux 4.14.5' for arm64: no toolchain satisfies every constraint
note: a-new: binutils 2.44 is not <2.31; binutils 2.44 is not <2.42 (plt32: boots-not, section: builds-not)
note: b-old: binutils 2.40 is not <2.31 (plt32: boots-not)
note: nearest is b-old, were it not for plt32: reason of plt32
note: linux 4.14.28 on arm64 has b-old
hint: on arm64, linux 4.14.336 and 5.10 have a toolchain: swage resolve linux@4.14.336 --for arm64
)");
}

// Who measures a constraint waives it.

TEST(Waived, WhatItForbidsIsTakenWithoutTheQuirkThatLiftsIt) {
  World world = two_binutils();
  world.constraint("flags", "", "binutils = \"<2.42\"").constraint("other", "", "binutils = \"<2.41\"");
  world.quirk("flags-edit", "", "lifts = [\"flags\"]\nhost_cflags = [\"-w\"]");
  const auto catalog = world.build();
  ResolveRequest request{.platform = *catalog->platform("arm64"), .kernel = Version::parse("5.10").value(), .toolchain = "a-new"};
  EXPECT_EQ(resolve(*catalog, request)->chosen, nullptr) << "'other' forbids it";
  request.waived = {"other"};
  const Resolution lifted = *resolve(*catalog, request);
  ASSERT_NE(lifted.chosen, nullptr);
  ASSERT_EQ(lifted.quirks.size(), 1u);
  ASSERT_EQ(lifted.waived.size(), 1u);
  EXPECT_EQ(lifted.waived.front()->id, "other");
  request.waived = {"flags", "other", "no-such"};
  const Resolution both = *resolve(*catalog, request);
  EXPECT_TRUE(both.quirks.empty());
  ASSERT_EQ(both.waived.size(), 2u);
  EXPECT_EQ(both.waived.front()->id, "flags");
  request.toolchain = "b-old";
  EXPECT_TRUE(resolve(*catalog, request)->waived.empty()) << "it violates none";
}

TEST(Waived, ARootThatIsNamedIsTakenWhateverTheOthersAreGoodFor) {
  World world = two_binutils();
  world.root({.name = "main", .tools = "make = \"4.3\""}).root({.name = "new", .tools = "make = \"4.4\"", .rank = 1});
  world.constraint("make", "", "make = \"<4.4\"");
  const auto catalog = world.build();
  ResolveRequest request{.platform = *catalog->platform("arm64"), .kernel = Version::parse("5.10").value()};
  EXPECT_EQ(resolve(*catalog, request)->root->name, "main");
  request.root = "new";
  EXPECT_EQ(resolve(*catalog, request)->chosen, nullptr);
  request.waived = {"make"};
  EXPECT_EQ(resolve(*catalog, request)->root->name, "new");
  request.root = "old";
  EXPECT_EQ(resolve(*catalog, request).error().what, "'old' is not a root");
}

}  // namespace
}  // namespace swage
