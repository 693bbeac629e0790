// What records say of constraints, in a world of one kernel, two compilers and made-up records.
#include "evidence/boundaries.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "support/worlds.hpp"

namespace swage {
namespace {

std::string drv(const std::string& name) { return fmt::format("/nix/store/{}-{}.drv", std::string(32, '0'), name); }

enum class End { booted, built, kernel_failed, boot_failed, other_failed };

struct RecordSpec {
  std::string gcc;
  End end = End::booted;
  std::vector<std::string> forced{};
  std::string signature{};
  std::string kernel = "6.1.5";
  std::string platform = "arm64";
};

class BoundariesTest : public testing::Test {
 protected:
  BoundariesTest() {
    for (const char* version : {"9.3.0", "10.2.0", "11.1.0", "12.2.0"})
      for (const char* platform : {"arm64", "x86_64"})
        world_.toolchain({.id = id(version, platform), .version = version, .platform = platform});
    world_.kernel("6.1", "2022-12-11");
  }
  static std::string id(const std::string& gcc, const std::string& platform) { return fmt::format("gcc-{}-{}", gcc, platform); }

  // Records stand in a layer of their own: a world writes its catalog anew.
  void record(const RecordSpec& spec) {
    EvidenceRow row{.kernel = spec.kernel, .platform = spec.platform, .toolchain = id(spec.gcc, spec.platform),
                    .provider = "debian", .compiler = "gcc", .compiler_version = spec.gcc, .binutils = "2.40",
                    .when = "2026-01-31", .root = "build", .machine = "qemu", .kernel_drv = drv("linux"),
                    .boot_drv = drv("boot"), .lock = "2026-01-31-00000000.lock", .signature = spec.signature,
                    .forced = spec.forced};
    row.state = spec.end == End::booted ? EvidenceState::booted
                : spec.end == End::built ? EvidenceState::built : EvidenceState::failed;
    if (spec.end != End::kernel_failed && spec.end != End::other_failed) row.kernel_nar = std::string(64, 'a');
    if (spec.end == End::booted) {
      row.boot_nar = std::string(64, 'b');
      row.userland = "spoke";
    }
    if (row.state == EvidenceState::failed) {
      row.reason = "it burnt";
      row.failed_drv = drv(spec.end == End::kernel_failed ? "linux" : spec.end == End::boot_failed ? "boot" : "toolchain");
    }
    ASSERT_TRUE(write_evidence(records_.path(), row, "log\n"));
  }

  std::shared_ptr<const Catalog> catalog() { return catalog_ = world_.build({records_.path()}); }
  std::string said(const std::string& constraint) {
    const auto all = boundaries(*catalog());
    if (!all) return render(all.error());
    for (const Boundary& one : *all)
      if (one.constraint->id == constraint) return boundary_text(one);
    return "no such constraint";
  }

  World world_{};
  TempDir records_ = TempDir::create("records").value();
  std::shared_ptr<const Catalog> catalog_{};
};

TEST_F(BoundariesTest, NothingIsOnRecord) {
  world_.constraint("new-gcc", "", "gcc = \"<10\"");
  EXPECT_EQ(said("new-gcc"), "only reported");
}

TEST_F(BoundariesTest, BothSidesAreThoseThatAreNearest) {
  world_.constraint("new-gcc", "kernel = \"=6.1\"", "gcc = \"<11\"");
  record({.gcc = "9.3.0"});
  EXPECT_EQ(said("new-gcc"), "one side (works: gcc 9.3.0, linux 6.1.5 for arm64)");
  record({.gcc = "12.2.0", .end = End::kernel_failed, .forced = {"new-gcc"}});
  EXPECT_EQ(said("new-gcc"), "both sides (gcc 9.3.0 | 12.2.0, linux 6.1.5 for arm64)");
  record({.gcc = "10.2.0"});
  record({.gcc = "11.1.0", .end = End::kernel_failed, .forced = {"new-gcc"}});
  EXPECT_EQ(said("new-gcc"), "both sides (gcc 10.2.0 | 11.1.0, linux 6.1.5 for arm64)");
}

TEST_F(BoundariesTest, OldVersionsMayBeTheOnesThatFail) {
  world_.constraint("old-gcc", "", "gcc = \">=11\"");
  record({.gcc = "10.2.0", .end = End::kernel_failed});
  EXPECT_EQ(said("old-gcc"), "one side (fails: gcc 10.2.0, linux 6.1.5 for arm64)");
  record({.gcc = "12.2.0"});
  EXPECT_EQ(said("old-gcc"), "both sides (gcc 10.2.0 | 12.2.0, linux 6.1.5 for arm64)");
}

TEST_F(BoundariesTest, TheSidesOfOnePairAreOfOneKernelAndPlatform) {
  world_.constraint("new-gcc", "", "gcc = \"<11\"");
  record({.gcc = "11.1.0", .end = End::kernel_failed});
  record({.gcc = "10.2.0", .kernel = "6.1.6"});
  record({.gcc = "10.2.0", .platform = "x86_64"});
  EXPECT_EQ(said("new-gcc"), "one side (fails: gcc 11.1.0, linux 6.1.5 for arm64)");
}

TEST_F(BoundariesTest, AnotherKernelOrPlatformSaysNothing) {
  world_.constraint("new-gcc", "kernel = \"<6\", arch = [\"arm64\"]", "gcc = \"<11\"");
  record({.gcc = "11.1.0", .end = End::kernel_failed});
  record({.gcc = "10.2.0", .platform = "x86_64"});
  EXPECT_EQ(said("new-gcc"), "only reported");
}

TEST_F(BoundariesTest, TheStepThatFailedMustBeTheOneThatTheConstraintIsAbout) {
  world_.constraint("builds", "", "gcc = \"<11\"").constraint("boots", "", "gcc = \"<12\"", "boots-not");
  record({.gcc = "11.1.0", .end = End::boot_failed});
  EXPECT_EQ(said("builds"), "only reported") << "it was built";
  record({.gcc = "11.1.0", .end = End::other_failed});
  EXPECT_EQ(said("builds"), "only reported") << "the toolchain was not";
  record({.gcc = "12.2.0", .end = End::boot_failed});
  EXPECT_EQ(said("boots"), "one side (fails: gcc 12.2.0, linux 6.1.5 for arm64)");
}

TEST_F(BoundariesTest, OfSeveralThatAreViolatedTheLogTellsWhich) {
  world_.constraint("one", "", "gcc = \"<11\"").constraint("two", "", "gcc = \"<12\"").constraint("bin", "", "binutils = \"<2\"");
  world_.signature("known", "one");
  record({.gcc = "12.2.0", .end = End::kernel_failed, .forced = {"bin", "one", "two"}});
  EXPECT_EQ(said("one"), "only reported") << "it may be any of three";
  record({.gcc = "12.2.0", .end = End::kernel_failed, .forced = {"bin", "one", "two"}, .signature = "known"});
  EXPECT_EQ(said("one"), "one side (fails: gcc 12.2.0, linux 6.1.5 for arm64)");
  EXPECT_EQ(said("two"), "only reported");
  record({.gcc = "12.2.0", .end = End::kernel_failed, .forced = {"bin", "one", "two"}, .signature = "forgotten"});
  EXPECT_EQ(said("one"), "only reported") << "known for what the catalog does not know any more";
}

TEST_F(BoundariesTest, ALogThatIsKnownForAnotherToolIsNone) {
  world_.constraint("new-gcc", "", "gcc = \"<11\"").constraint("bin", "kernel = \"=5.4\"", "binutils = \"<2\"");
  world_.signature("known", "bin");
  record({.gcc = "12.2.0", .end = End::kernel_failed, .forced = {"new-gcc"}, .signature = "known"});
  EXPECT_EQ(said("new-gcc"), "only reported");
}

TEST_F(BoundariesTest, WhatAQuirkLiftsSaysNothing) {
  world_.constraint("new-gcc", "", "gcc = \"<11\"").quirk("help", "", "lifts = [\"new-gcc\"]\nhost_cflags = [\"-w\"]");
  record({.gcc = "11.1.0"});
  record({.gcc = "12.2.0", .end = End::kernel_failed});
  EXPECT_EQ(said("new-gcc"), "only reported") << "with the quirk one boots, and one fails";
  record({.gcc = "12.2.0", .end = End::kernel_failed, .forced = {"new-gcc"}});
  EXPECT_EQ(said("new-gcc"), "one side (fails: gcc 12.2.0, linux 6.1.5 for arm64)") << "forced, it was made without";
}

TEST_F(BoundariesTest, WhatWorksAlthoughItIsForbiddenIsAgainstTheConstraint) {
  world_.constraint("builds", "", "gcc = \"<11\"").constraint("odd", "", "gcc = \"<12\"", "misbehaves");
  record({.gcc = "12.2.0", .forced = {"builds", "odd"}});
  EXPECT_EQ(said("builds"), "only reported; against it: gcc 12.2.0, linux 6.1.5 for arm64");
  EXPECT_EQ(said("odd"), "only reported") << "that it boots is no contradiction";
  const fs::path file = records_.path() / "arm64" /
                        fmt::format("linux-6.1.5-gcc-12.2.0-arm64-forced-{}.toml", sha256("builds odd").hex().substr(0, 8));
  const std::vector<std::string> wanted{
      fmt::format("'builds' says that gcc 12.2.0 does not build linux 6.1.5 for arm64, and it did on 2026-01-31: '{}'", file.string())};
  EXPECT_EQ(contradictions(*catalog()).value(), wanted);
}

TEST_F(BoundariesTest, WhatIsOnlyBuiltDoesNotContradictThatItDoesNotBoot) {
  world_.constraint("boots", "", "gcc = \"<12\"", "boots-not");
  record({.gcc = "12.2.0", .end = End::built, .forced = {"boots"}});
  EXPECT_EQ(said("boots"), "only reported");
  record({.gcc = "12.2.0", .end = End::booted, .forced = {"boots"}});
  EXPECT_EQ(said("boots"), "only reported; against it: gcc 12.2.0, linux 6.1.5 for arm64");
}

TEST_F(BoundariesTest, AConstraintThatIsGoneIsTold) {
  world_.constraint("new", "", "gcc = \"<99\"");
  record({.gcc = "12.2.0", .forced = {"old"}});
  const fs::path file = records_.path() / "arm64/linux-6.1.5-gcc-12.2.0-arm64-forced-old.toml";
  EXPECT_EQ(contradictions(*catalog()).value(),
            (std::vector<std::string>{fmt::format("'{}' was forced over 'old', which is no constraint any more", file.string())}));
}

TEST_F(BoundariesTest, AToolchainThatIsGoneIsAsItsRecordSays) {
  world_.constraint("new-gcc", "", "gcc = \"<11\"").constraint("bin", "", "binutils = \">=2.30\"");
  record({.gcc = "10.5.0"});
  EXPECT_EQ(said("new-gcc"), "one side (works: gcc 10.5.0, linux 6.1.5 for arm64)");
  EXPECT_EQ(said("bin"), "one side (works: binutils 2.40, linux 6.1.5 for arm64)");
}

TEST_F(BoundariesTest, OfAKernelAloneThereAreNoSides) {
  world_.constraint("arch", "", "kernel = \">=3.7\"");
  record({.gcc = "12.2.0"});
  EXPECT_EQ(said("arch"), "only reported");
}

}  // namespace
}  // namespace swage
