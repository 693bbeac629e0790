// Rows of machines.toml that are like others.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "support/catalogs.hpp"

namespace swage {
namespace {

constexpr const char* kBase = R"([common]
config = ["CONFIG_TTY=y"]
[[machine]]
platform = "arm64"
defconfig = "defconfig"
image_target = "Image"
image = "arch/arm64/boot/Image"
config = ["CONFIG_A=y"]
qemu = "qemu-system-aarch64"
qemu_root = "base"
qemu_args = ["-M", "virt"]
cmdline = "console=ttyAMA0"
timeout = 7
)";

class Machines : public testing::Test {
 protected:
  void machines(const std::string& rows) {
    dir.write("roots.toml", "[[root]]\nname = \"base\"\nsuite = \"bookworm\"\npurpose = \"p\"\npackages = [\"a\"]\n");
    dir.write("kernels/machines.toml", kBase + rows);
  }
  // Of one row, "CONFIG | QEMU_ARGS | CMDLINE | TIMEOUT".
  std::string shown(std::size_t at, const std::vector<std::string>& layers = {}) {
    catalog = dir.load(layers).value();
    const MachineRow& row = (*catalog->machines().value())[at];
    return join(row.config, " ") + " | " + join(row.qemu_args, " ") + " | " + row.cmdline + " | " + std::to_string(row.timeout);
  }
  CatalogDir dir;
  std::shared_ptr<const Catalog> catalog;
};

TEST_F(Machines, ARowIsLikeAnotherButForWhatItSays) {
  machines(R"([[machine]]
platform = "arm64"
kernels = "<5.5"
like = "arm64"
cmdline = "console=none"
[[machine]]
platform = "x86_64"
like = "arm64 <5.5"
config = ["CONFIG_B=y"]
icount = "none"
[[machine]]
platform = "x86_64"
kernels = "<4"
like = "x86_64"
extra_config = ["CONFIG_C=y"]
icount = "shift=6,sleep=on"
extra_qemu_args = ["-device", "x"]
)");
  EXPECT_EQ(dir.checked(), "");
  EXPECT_EQ(shown(0), "CONFIG_TTY=y CONFIG_A=y | -M virt | console=ttyAMA0 | 7");
  EXPECT_EQ(shown(1), "CONFIG_TTY=y CONFIG_A=y | -M virt | console=none | 7");
  EXPECT_EQ(shown(2), "CONFIG_TTY=y CONFIG_B=y | -M virt -icount none | console=none | 7");
  EXPECT_EQ(shown(3), "CONFIG_TTY=y CONFIG_B=y CONFIG_C=y | -M virt -icount shift=6,sleep=on -device x | console=none | 7");
  const MachineRow& row = (*catalog->machines().value())[3];
  EXPECT_EQ(row.platform + " " + row.kernels.str() + " " + row.image + " " + row.qemu_root, "x86_64 <4 arch/arm64/boot/Image base");
}

TEST_F(Machines, WhatALayerChangesIsTakenOverToo) {
  machines("[[machine]]\nplatform = \"x86_64\"\nlike = \"arm64\"\ntimeout = 9\n");
  dir.write("mine/kernels/machines.toml", "[[machine]]\nplatform = \"arm64\"\ncmdline = \"mine\"\ntimeout = 8\noverride = true\n"
                                          "[[machine]]\nplatform = \"x86_64\"\nconfig = [\"CONFIG_M=y\"]\noverride = true\n");
  EXPECT_EQ(dir.checked({"mine"}), "");
  EXPECT_EQ(shown(1, {"mine"}), "CONFIG_TTY=y CONFIG_M=y | -M virt | mine | 9");
  dir.write("mine/kernels/machines.toml", "[[machine]]\nplatform = \"x86_64\"\nlike = \"arm64\"\ncmdline = \"new\"\n");
  EXPECT_EQ(shown(1, {"mine"}), "CONFIG_TTY=y CONFIG_A=y | -M virt | new | 7");
}

TEST_F(Machines, ARowIsLikeOneThatThereIsAndNotLikeItself) {
  machines("[[machine]]\nplatform = \"x86_64\"\nlike = \"arm46\"\n[[machine]]\nplatform = \"x86_64\"\nkernels = \"<5\"\nlike = \"malta\"\n");
  EXPECT_EQ(dir.checked(), R"(error: 'arm46' is not a [[machine]]
  --> CAT/kernels/machines.toml:16:8
  16 | like = "arm46"
     |        ^^^^^^^
hint: did you mean 'arm64'?
error: 'malta' is not a [[machine]]
  --> CAT/kernels/machines.toml:20:8
  20 | like = "malta"
     |        ^^^^^^^
hint: a row is called by its platform and its kernels as they are written: 'mipsel', 'mipsel <5.5'
)");
  machines("[[machine]]\nplatform = \"x86_64\"\nlike = \"x86_64 <5\"\n[[machine]]\nplatform = \"x86_64\"\nkernels = \"<5\"\nlike = \"x86_64\"\n");
  EXPECT_EQ(dir.checked(), R"(error: 'x86_64' is like itself: 'x86_64' is like 'x86_64 <5' is like 'x86_64'
  --> CAT/kernels/machines.toml:20:8
  20 | like = "x86_64"
     |        ^^^^^^^^
hint: one row of them must say all of its keys itself
)");
}

TEST_F(Machines, ARowThatIsLikeNoneSaysWhatAKernelNeeds) {
  machines("[[machine]]\nplatform = \"x86_64\"\ndefconfig = \"d\"\nicount = \"2\"\nextra_config = [\"C\"]\n");
  EXPECT_EQ(dir.checked(), R"(error: 'image_target' is missing in [[machine]]
  --> CAT/kernels/machines.toml:14:1
  14 | [[machine]]
     | ^^^^^^^^^^^
error: 'image' is missing in [[machine]]
  --> CAT/kernels/machines.toml:14:1
  14 | [[machine]]
     | ^^^^^^^^^^^
error: '2' is neither 'none' nor a ratio for QEMU's -icount: shift=6,sleep=on
  --> CAT/kernels/machines.toml:17:10
  17 | icount = "2"
     |          ^^^
error: 'C' is not a line CONFIG_NAME=value
  --> CAT/kernels/machines.toml:18:17
  18 | extra_config = ["C"]
     |                 ^^^
)");
}

}  // namespace
}  // namespace swage
