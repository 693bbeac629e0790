// Programs of several machines, and what happens to broken ones.
#include "image/elf_file.hpp"

#include <gmock/gmock.h>

#include "image_elf.hpp"
#include "catalog/catalog.hpp"

namespace swage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<std::optional<ElfFile>> read(const std::string& bytes) {
  return read_elf(
      [&](std::uint64_t offset, std::uint64_t length) -> Result<std::string> {
        return offset > bytes.size() ? std::string() : bytes.substr(offset, length);
      },
      bytes.size());
}

struct ElfShape {
  unsigned bits;
  bool big;
};
class ElfShapes : public testing::TestWithParam<ElfShape> {};

TEST_P(ElfShapes, AreReadAsTheyWereWritten) {
  const MadeElf made{.machine = 8,
                     .bits = GetParam().bits,
                     .type = 3,
                     .big = GetParam().big,
                     .flags = 0x70001007,
                     .interpreter = "/lib/ld.so.1",
                     .needed = {"libc.so.6", "libm.so.6"},
                     .search = {"/opt/lib:$ORIGIN/../lib"}};
  const ElfFile file = read(made.bytes()).value().value();
  EXPECT_EQ(file.bits, static_cast<int>(made.bits));
  EXPECT_EQ(file.endian, made.big ? Endian::big : Endian::little);
  EXPECT_EQ(file.type, 3u);
  EXPECT_EQ(file.machine, 8u);
  EXPECT_EQ(file.flags, 0x70001007u);
  EXPECT_EQ(file.interpreter, "/lib/ld.so.1");
  EXPECT_THAT(file.needed, ElementsAre("libc.so.6", "libm.so.6"));
  EXPECT_THAT(file.search, ElementsAre("/opt/lib", "$ORIGIN/../lib"));
}

// Wherever it is cut, it is no program that would start.
TEST_P(ElfShapes, CutAreDamaged) {
  const std::string bytes = MadeElf{.bits = GetParam().bits, .big = GetParam().big, .needed = {"libc.so.6"}}.bytes();
  for (std::size_t size = 4; size < bytes.size(); ++size) {
    const auto cut = read(bytes.substr(0, size));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, Errc::corrupt);
  }
  EXPECT_FALSE(read(bytes.substr(0, 3)).value().has_value());
}

INSTANTIATE_TEST_SUITE_P(All, ElfShapes,
                         testing::Values(ElfShape{64, false}, ElfShape{64, true}, ElfShape{32, false}, ElfShape{32, true}));

TEST(ElfFile, SaysWhereItEnds) {
  const std::string bytes = MadeElf{}.bytes();
  EXPECT_EQ(read(bytes.substr(0, bytes.size() - 1)).error().what,
            "it is an ELF that ends at byte 169, and is loaded up to byte 170");
  EXPECT_EQ(read(bytes.substr(0, 60)).error().what, "it is an ELF that ends at byte 60, within its header");
  EXPECT_EQ(read(bytes.substr(0, 100)).error().what, "it is an ELF that ends at byte 100, and its program headers are said to end at 120");
  EXPECT_EQ(read(std::string("\x7f" "ELF\x09", 5) + std::string(60, '\0')).error().what, "it is an ELF of no known class or byte order");
  std::string sections = bytes;
  sections[40] = 1, sections[60] = 2, sections[58] = static_cast<char>(200);
  EXPECT_EQ(read(sections).error().what, "it is an ELF that ends at byte 170, and its sections are said to end at 401");
}

TEST(ElfFile, IsOfAPlatformOrSaysOfWhich) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  const auto& known = catalog->platforms();
  const auto why = [&](const MadeElf& made, const char* platform) {
    return why_foreign(read(made.bytes()).value().value(), *catalog->platform(platform).value(), known);
  };
  EXPECT_EQ(why({}, "arm64"), "");
  EXPECT_EQ(why({.machine = 62}, "arm64"), "of x86_64");
  EXPECT_EQ(why({.machine = 183, .big = true}, "arm64"), "of arm64be");
  EXPECT_EQ(why({.machine = 9999}, "arm64"), "of machine 9999, 64 bits, little endian");
  EXPECT_EQ(why({.machine = 40, .bits = 32, .flags = 0x5000400}, "armhf"), "");
  EXPECT_EQ(why({.machine = 40, .bits = 32, .flags = 0x5000200}, "armhf"), "made for soft float");
  EXPECT_EQ(why({.machine = 40, .bits = 32, .flags = 0x5000400}, "armel"), "made for hard float");
  EXPECT_EQ(why({.machine = 40, .bits = 32, .flags = 0x5000000}, "armel"), "");   // it passes no floats
  EXPECT_EQ(why({.machine = 40, .bits = 32, .flags = 0}, "armel"), "made for EABI 0");
  EXPECT_EQ(why({.machine = 40, .bits = 32, .type = 1, .flags = 0x5000000}, "armhf"), "");   // a module
  EXPECT_EQ(why({.machine = 8, .bits = 32, .flags = 0x1000}, "mipsel"), "");
  EXPECT_EQ(why({.machine = 8, .bits = 32, .flags = 0x20}, "mipsel"), "made for n32");
  EXPECT_EQ(why({.machine = 8, .bits = 64}, "mipsel"), "of mips64el");
  EXPECT_EQ(why({.machine = 21, .flags = 2}, "ppc64le"), "");
  EXPECT_EQ(why({.machine = 21, .flags = 1}, "ppc64le"), "made for elfv1");
  EXPECT_EQ(why({.machine = 243, .flags = 5}, "riscv64"), "");
  EXPECT_EQ(why({.machine = 243, .flags = 1}, "riscv64"), "made for soft float");
  EXPECT_EQ(why({.machine = 258, .flags = 0x43}, "loongarch64"), "");
  EXPECT_EQ(why({.machine = 258, .flags = 0x41}, "loongarch64"), "made for soft float");
}

}  // namespace
}  // namespace swage
