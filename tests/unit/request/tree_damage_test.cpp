// Made-up kernel trees with what real ones have lost, or been given, on their way.
#include "request/tree_damage.hpp"

#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/catalogs.hpp"

namespace swage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A tree whose makefiles name everything that is in it.
class TreeDamageTest : public testing::Test {
 protected:
  TreeDamageTest() {
    write("Makefile",
          "ifeq ($(KBUILD_EXTMOD),)\ncore-y += kernel/ mm/\nendif\ninclude $(srctree)/scripts/Kbuild.include\n"
          "-include $(objtree)/made\ninclude include/config/auto.conf\n"
          "export KBUILD_LDS := arch/$(SRCARCH)/kernel/vmlinux.lds\n");
    write("Kconfig", "source \"arch/$(SRCARCH)/Kconfig\"\n");
    write("scripts/Kbuild.include", "");
    write("scripts/run.sh", "#!/bin/sh\n", 0755);
    write("arch/x86/Kconfig", "config A\n\thelp\n\t  source code is\n\t  source of\nsource \"kernel/Kconfig\"\nsource "
                              "\"$(UNKNOWN)/Kconfig\"\n");
    write("arch/x86/Makefile", "core-y += arch/x86/\n");
    write("arch/x86/Kbuild", "obj-y += kernel/\n");
    write("arch/x86/kernel/Makefile", "extra-y := head_$(BITS).o\nobj-y += entry.o\n");
    write("arch/x86/kernel/entry.S", "");
    write("arch/x86/kernel/vmlinux.lds.S", "");
    write("kernel/Kconfig", "");
    write("kernel/Makefile",
          "obj-y = fork.o \\\n\tsched/ exec_domain.o $(more)\nobj-$(CONFIG_X) += x.o\nifdef CONFIG_Y\nobj-y += "
          "y.o\nendif\n"
          "obj-y += whole.o made.o\nwhole-objs := part.o\n$(obj)/made.o: ../other\n# obj-y += comment.o\n");
    write("kernel/fork.c", "");
    write("kernel/exec_domain.c", "");
    write("kernel/sched/Makefile", "obj-y += core.o\n");
    write("kernel/sched/core.c", "");
    write("mm/Makefile", "");
  }
  void write(const std::string& name, const std::string& text, mode_t mode = 0644) {
    fs::create_directories((tree() / name).parent_path());
    std::ofstream(tree() / name) << text;
    ::chmod((tree() / name).c_str(), mode);
  }
  void remove(const std::string& name) { ASSERT_TRUE(fs::remove(tree() / name)) << name; }
  const fs::path& tree() const { return dir_.path(); }
  TreeDamage look(const std::string& version = "5.4", const std::vector<std::string>& arches = {"x86_64"}) const {
    auto damage = find_damage(tree(), Version::parse(version).value(), known_, arches);
    EXPECT_TRUE(damage) << render(damage.error());
    return *std::move(damage);
  }

  TempDir dir_ = TempDir::create("tree").value();
  std::vector<TreeFileRow> known_{
      {.link = "scripts/prefixes/*"},
      {.link = "arch/*/boot/*.dts"},
      {.lower = "net/xt_hl.c", .upper = "net/xt_HL.c", .kernels = VersionRange::parse(">=3.7").value()}};
};

TEST_F(TreeDamageTest, AWholeTreeHasNone) {
  const TreeDamage damage = look();
  EXPECT_THAT(damage.absent, IsEmpty());
  EXPECT_THAT(damage.outputs, IsEmpty());
  EXPECT_THAT(damage.links, IsEmpty());
  EXPECT_THAT(damage.lost_twins, IsEmpty());
  EXPECT_TRUE(damage.executable);
}

TEST_F(TreeDamageTest, WhatMakefilesAndKconfigNameIsMissedByName) {
  for (const char* name :
       {"kernel/fork.c", "kernel/exec_domain.c", "kernel/sched/Makefile", "kernel/Kconfig", "arch/x86/kernel/entry.S",
        "arch/x86/kernel/vmlinux.lds.S", "scripts/Kbuild.include", "mm/Makefile"})
    remove(name);
  EXPECT_THAT(look().absent,
              ElementsAre("arch/x86/kernel/vmlinux.lds.S (Makefile:7)", "kernel/Kconfig (arch/x86/Kconfig:5)",
                          "kernel/sched/Makefile (kernel/Makefile:1)", "mm/Makefile (Makefile:2)",
                          "scripts/Kbuild.include (Makefile:4)",
                          "the source of arch/x86/kernel/entry.o (arch/x86/kernel/Makefile:2)",
                          "the source of kernel/exec_domain.o (kernel/Makefile:1)",
                          "the source of kernel/fork.o (kernel/Makefile:1)"));
}

TEST_F(TreeDamageTest, AnArchitectureIsLookedAtWhereItIsMeantAndThere) {
  write("arch/mips/Kconfig", "source \"arch/mips/none/Kconfig\"\n");
  EXPECT_THAT(look("5.4", {"x86_64", "riscv"}).absent, IsEmpty());
  EXPECT_THAT(look("5.4", {"mips"}).absent, ElementsAre("arch/mips/kernel/vmlinux.lds.S (Makefile:7)",
                                                        "arch/mips/none/Kconfig (arch/mips/Kconfig:1)"));
  EXPECT_EQ(source_arch(tree(), "x86_64"), "x86");
  EXPECT_EQ(source_arch(tree(), "i386"), "x86");
  EXPECT_EQ(source_arch(tree(), "mips"), "mips");
  EXPECT_EQ(source_arch(tree(), "riscv"), "");
}

TEST_F(TreeDamageTest, WhatABuildLeavesIsToldFromWhatDriversShip) {
  for (const char* name :
       {".config", "include/config/auto.conf", "include/generated/x.h", "arch/x86/include/generated/y.h",
        "kernel/fork.o", "arch/x86/kernel/entry.o", "include/linux/version.h"})
    write(name, "");
  write("drivers/wifi/blob.o", "");
  EXPECT_THAT(look().outputs,
              ElementsAre(".config", "arch/x86/include/generated", "arch/x86/kernel/entry.o", "include/config",
                          "include/generated", "include/linux/version.h", "kernel/fork.o"));
  ASSERT_TRUE(remove_outputs(tree(), look().outputs));
  EXPECT_THAT(look().outputs, IsEmpty());
  EXPECT_TRUE(path_exists(tree() / "drivers/wifi/blob.o"));
}

TEST_F(TreeDamageTest, FilesThatWereLinksBecomeLinksAgain) {
  write("scripts/prefixes/arm", "../../arch/arm/boot/dts");
  write("scripts/prefixes/text", "a text\n");
  write("scripts/prefixes/out", "../../../etc/passwd");
  write("scripts/prefixes/root", "/etc/passwd");
  write("scripts/prefixes/empty", "");
  write("arch/arm/boot/v5.dts", "v4.dts");
  write("arch/arm/boot/v4.dts", "/dts-v1/;\n");
  fs::create_symlink("v4.dts", tree() / "arch/arm/boot/v6.dts");
  const TreeDamage damage = look();
  EXPECT_THAT(damage.links, ElementsAre("arch/arm/boot/v5.dts", "scripts/prefixes/arm"));
  ASSERT_TRUE(mend_links(tree(), damage.links));
  EXPECT_EQ(swage::read_symlink(tree() / "scripts/prefixes/arm").value(), "../../arch/arm/boot/dts");
  EXPECT_EQ(swage::read_symlink(tree() / "arch/arm/boot/v5.dts").value(), "v4.dts");
  EXPECT_THAT(look().links, IsEmpty());
  EXPECT_EQ(render(mend_links(tree(), {"scripts/prefixes/out"}).error()),
            "error: 'scripts/prefixes/out' is not a file that holds where a link goes\n");
}

TEST_F(TreeDamageTest, OfTwinsTheOneThatIsGoneIsNamed) {
  EXPECT_THAT(look().lost_twins, IsEmpty()) << "a tree without the directory has lost neither";
  write("net/xt_hl.c", "");
  EXPECT_THAT(look().lost_twins, ElementsAre("net/xt_HL.c"));
  EXPECT_THAT(look("3.6").lost_twins, IsEmpty()) << "this release has one of them only";
  write("net/xt_HL.c", "");
  EXPECT_THAT(look().lost_twins, IsEmpty());
}

TEST_F(TreeDamageTest, WhatGitLfsLeftIsTold) {
  write("drivers/blob.h", "version https://git-lfs.github.com/spec/v1\noid sha256:" + std::string(64, 'a') + "\nsize 12345\n");
  write("drivers/like.h", "version https://example.org/spec/v1\n");
  EXPECT_THAT(look().pointers, ElementsAre("drivers/blob.h"));
}

TEST_F(TreeDamageTest, ExecuteBitsAreLostAllTogether) {
  write("scripts/other.sh", "#!/bin/sh\n");
  EXPECT_TRUE(look().executable) << "releases have scripts that cannot run too";
  ::chmod((tree() / "scripts/run.sh").c_str(), 0644);
  EXPECT_FALSE(look().executable);
  write("tools/x.pl", "#!/usr/bin/perl\n");
  ASSERT_TRUE(mend_execute_bits(tree()));
  EXPECT_TRUE(look().executable);
  const auto mode = [&](const char* name) {
    return static_cast<unsigned>(fs::status(tree() / name).permissions()) & 0111U;
  };
  EXPECT_EQ(mode("tools/x.pl"), 0111U);
  EXPECT_EQ(mode("Makefile"), 0U);
}

// A record says what is mended, and both it and the tree may be anybody's.
TEST_F(TreeDamageTest, NothingOutsideTheTreeIsChanged) {
  const TempDir outside = TempDir::create("outside").value();
  std::ofstream(outside.path() / "file") << "target";
  fs::create_symlink(outside.path(), tree() / "way");
  EXPECT_EQ(render(remove_outputs(tree(), {"way/file"}).error()),
            fmt::format("error: 'way' leads out of '{}'\nnote: only what is below that directory is read for it\n",
                        tree().string()));
  EXPECT_FALSE(mend_links(tree(), {"way/file"}));
  EXPECT_EQ(read_file(outside.path() / "file").value(), "target");
}

}  // namespace
}  // namespace swage
