// What tells the kernel which files are a platform's programs.
#include "realise/host_view.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

Platform platform(Endian endian, int elf_class, int elf_machine) {
  return {.name = "p", .triple = *Triple::parse("mips-unknown-linux-gnu"), .endian = endian, .elf_machine = elf_machine, .elf_class = elf_class};
}

TEST(HostView, TheEmulatorIsForTheHeaderOfThePlatformsFiles) {
  const Platform arm64 = platform(Endian::little, 64, 183);
  EXPECT_EQ(binfmt_line({&arm64, "/nix/store/x/usr/bin/qemu-aarch64"}),
            R"(:swage:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00)"
            R"(:\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\xfe\xff\xff\xff:/nix/store/x/usr/bin/qemu-aarch64:F)");
}

TEST(HostView, NumbersAreInThePlatformsByteOrder) {
  const Platform parisc = platform(Endian::big, 32, 0x5441);
  EXPECT_EQ(binfmt_line({&parisc, "/q"}),
            R"(:swage:M::\x7f\x45\x4c\x46\x01\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x54\x41)"
            R"(:\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xfe\xff\xff:/q:F)");
}

}  // namespace
}  // namespace swage
