// What tells the kernel which files are a platform's programs.
#include "platform/binfmt.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

Platform platform(Endian endian, int elf_class, int elf_machine) {
  return {.name = "p", .triple = *Triple::parse("mips-unknown-linux-gnu"), .endian = endian, .elf_machine = elf_machine, .elf_class = elf_class};
}

TEST(Binfmt, TheMagicIsTheHeaderOfThePlatformsFiles) {
  const Platform arm64 = platform(Endian::little, 64, 183);
  EXPECT_EQ(binfmt_magic(arm64),
            R"(\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00)"
            R"(:\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\xfe\xff\xff\xff)");
}

TEST(Binfmt, NumbersAreInThePlatformsByteOrder) {
  const Platform parisc = platform(Endian::big, 32, 0x5441);
  EXPECT_EQ(binfmt_magic(parisc),
            R"(\x7f\x45\x4c\x46\x01\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x54\x41)"
            R"(:\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xfe\xff\xff)");
}

TEST(Binfmt, AMachineRunsWhatHasItsHeaders) {
  const Platform arm64 = platform(Endian::little, 64, 183);
  Platform musl = arm64;
  musl.libc = "musl";
  EXPECT_TRUE(runs(arm64, musl));
  EXPECT_FALSE(runs(arm64, platform(Endian::big, 64, 183)));
  EXPECT_FALSE(runs(arm64, platform(Endian::little, 32, 183)));
  EXPECT_FALSE(runs(arm64, platform(Endian::little, 64, 62)));
  musl.format = "pe";
  EXPECT_FALSE(runs(arm64, musl));
}

}  // namespace
}  // namespace swage
