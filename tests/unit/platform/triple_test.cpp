#include "platform/triple.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <ostream>


namespace swage {
namespace {

std::string canonical(std::string_view text) {
  const auto triple = Triple::parse(text);
  return triple ? triple->str() : "error: " + triple.error().what;
}

std::string refusal(std::string_view text) {
  const auto triple = Triple::parse(text);
  if (triple) return "accepted as " + triple->str();
  return triple.error().what + (triple.error().hint.empty() ? "" : " | " + triple.error().hint);
}

struct Case {
  const char* text;
  const char* canonical;
  const char* libc;
  // What config.sub prints where it differs on purpose; "" means the same, "-" that config.sub refuses it.
  const char* config_sub = "";
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.text; }

// "pc", "ibm", "xilinx" and "knuth" are vendors that config.sub makes up for one CPU family. swage always says "unknown",
// so that a triple with and without its vendor is one platform. "-" rows are LLVM or Rust spellings that users paste.
const Case kCases[] = {
    {"aarch64-linux-gnu", "aarch64-unknown-linux-gnu", "glibc"},
    {"aarch64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "glibc"},
    {"arm64-linux-gnu", "aarch64-unknown-linux-gnu", "glibc"},
    {"aarch64-linux", "aarch64-unknown-linux-gnu", "glibc"},
    {"aarch64-unknown-linux-musl", "aarch64-unknown-linux-musl", "musl"},
    {"aarch64-unknown-linux-android", "aarch64-unknown-linux-android", "bionic"},
    {"armv7a-unknown-linux-androideabi", "armv7a-unknown-linux-androideabi", "bionic"},
    {"arm-linux-gnueabihf", "arm-unknown-linux-gnueabihf", "glibc"},
    {"arm-none-linux-gnueabihf", "arm-none-linux-gnueabihf", "glibc"},
    {"armv7l-unknown-linux-gnueabihf", "armv7l-unknown-linux-gnueabihf", "glibc"},
    {"armv6l-unknown-linux-gnueabihf", "armv6l-unknown-linux-gnueabihf", "glibc"},
    {"armv6l-unknown-linux-musleabihf", "armv6l-unknown-linux-musleabihf", "musl"},
    {"armv5tel-unknown-linux-gnueabi", "armv5tel-unknown-linux-gnueabi", "glibc"},
    {"armv5tel-unknown-linux-uclibceabi", "armv5tel-unknown-linux-uclibceabi", "uclibc"},
    {"arm-linux-uclibcgnueabi", "arm-unknown-linux-uclibcgnueabi", "uclibc"},
    {"arm-uclinux-uclibceabi", "arm-unknown-uclinux-uclibceabi", "uclibc"},
    {"mips-unknown-linux", "mips-unknown-linux-gnu", "glibc"},
    {"mips-linux", "mips-unknown-linux-gnu", "glibc"},
    {"mips-unknown-linux-gnu", "mips-unknown-linux-gnu", "glibc"},
    {"mipsel-unknown-linux-uclibc", "mipsel-unknown-linux-uclibc", "uclibc"},
    {"mips64-unknown-linux-gnuabi64", "mips64-unknown-linux-gnuabi64", "glibc"},
    {"mips64el-linux-gnuabin32", "mips64el-unknown-linux-gnuabin32", "glibc"},
    {"mipsisa32r6el-linux-gnu", "mipsisa32r6el-unknown-linux-gnu", "glibc"},
    {"powerpc64le-unknown-linux-gnu", "powerpc64le-unknown-linux-gnu", "glibc"},
    {"ppc64le-linux-gnu", "powerpc64le-unknown-linux-gnu", "glibc"},
    {"powerpc64-unknown-linux-gnuabielfv2", "powerpc64-unknown-linux-gnuabielfv2", "glibc"},
    {"powerpc64-unknown-linux-gnuabielfv1", "powerpc64-unknown-linux-gnuabielfv1", "glibc"},
    {"powerpc-linux-gnuspe", "powerpc-unknown-linux-gnuspe", "glibc"},
    {"riscv64-unknown-linux-gnu", "riscv64-unknown-linux-gnu", "glibc"},
    {"riscv32-unknown-linux-gnu", "riscv32-unknown-linux-gnu", "glibc"},
    {"loongarch64-linux-gnu", "loongarch64-unknown-linux-gnu", "glibc"},
    {"m68k-linux-gnu", "m68k-unknown-linux-gnu", "glibc"},
    {"s390-unknown-linux-gnu", "s390-unknown-linux-gnu", "glibc", "s390-ibm-linux-gnu"},
    {"s390x-linux-gnu", "s390x-unknown-linux-gnu", "glibc", "s390x-ibm-linux-gnu"},
    {"s390-ibm-linux-gnu", "s390-ibm-linux-gnu", "glibc"},
    {"sh4-linux-gnu", "sh4-unknown-linux-gnu", "glibc"},
    {"sparc64-linux-gnu", "sparc64-unknown-linux-gnu", "glibc"},
    {"x86_64-linux-gnu", "x86_64-unknown-linux-gnu", "glibc", "x86_64-pc-linux-gnu"},
    {"x86_64-pc-linux-gnu", "x86_64-pc-linux-gnu", "glibc"},
    {"x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu", "glibc"},
    {"amd64-linux-gnu", "x86_64-unknown-linux-gnu", "glibc", "x86_64-pc-linux-gnu"},
    {"x86_64-linux-gnux32", "x86_64-unknown-linux-gnux32", "glibc", "x86_64-pc-linux-gnux32"},
    {"x86_64-unknown-linux-musl", "x86_64-unknown-linux-musl", "musl"},
    {"i686-linux-gnu", "i686-unknown-linux-gnu", "glibc", "i686-pc-linux-gnu"},
    {"i386-linux-gnu", "i386-unknown-linux-gnu", "glibc", "i386-pc-linux-gnu"},
    {"microblazeel-linux-gnu", "microblazeel-unknown-linux-gnu", "glibc", "microblazeel-xilinx-linux-gnu"},
    {"openrisc-linux-musl", "or1k-unknown-linux-musl", "musl", "or32-unknown-linux-musl"},  // or32 is gone from every toolchain
    {"arm-none-eabi", "arm-none-eabi", "newlib"},
    {"arm-none-eabihf", "arm-none-eabihf", "newlib"},
    {"arm-unknown-none-eabi", "arm-unknown-eabi", "newlib", "arm-unknown-none-eabi"},  // one spelling of bare metal
    {"aarch64-unknown-none-elf", "aarch64-unknown-elf", "newlib", "-"},
    {"riscv64-none-elf", "riscv64-none-elf", "newlib"},
    {"aarch64_be-none-elf", "aarch64_be-none-elf", "newlib"},
    {"powerpc-none-eabi", "powerpc-none-eabi", "newlib"},
    {"powerpcle-none-eabi", "powerpcle-none-eabi", "newlib"},
    {"microblazeel-none-elf", "microblazeel-none-elf", "newlib"},
    {"rx-none-elf", "rx-none-elf", "newlib"},
    {"msp430-elf", "msp430-unknown-elf", "newlib"},
    {"or1k-elf", "or1k-unknown-elf", "newlib"},
    {"i686-elf", "i686-unknown-elf", "newlib", "i686-pc-elf"},
    {"x86_64-elf", "x86_64-unknown-elf", "newlib", "x86_64-pc-elf"},
    {"vc4-elf", "vc4-unknown-elf", "newlib", "-"},
    {"avr", "avr-unknown-none", ""},
    {"wasm32-unknown-none", "wasm32-unknown-none", ""},
    {"wasm32-unknown-wasi", "wasm32-unknown-wasi", ""},
    {"wasm32-wasip1", "wasm32-unknown-wasip1", ""},
    {"mmix-unknown-mmixware", "mmix-unknown-mmixware", "", "mmix-knuth-mmixware"},
    {"x86_64-w64-mingw32", "x86_64-w64-mingw32", ""},
    {"i686-w64-mingw32", "i686-w64-mingw32", ""},
    {"aarch64-w64-mingw32", "aarch64-w64-mingw32", ""},
    {"x86_64-pc-windows-msvc", "x86_64-pc-windows-msvc", "", "-"},
    {"aarch64-pc-windows-msvc", "aarch64-pc-windows-msvc", "", "-"},
    {"x86_64-pc-windows-gnu", "x86_64-pc-mingw32", "", "-"},
    {"x86_64-pc-cygwin", "x86_64-pc-cygwin", ""},
    {"aarch64-apple-ios", "aarch64-apple-ios", ""},
    {"armv7a-apple-ios", "armv7a-apple-ios", ""},
    {"arm64-apple-darwin", "aarch64-apple-darwin", ""},
    {"x86_64-apple-darwin20.1", "x86_64-apple-darwin20.1", ""},
    {"x86_64-unknown-freebsd13", "x86_64-unknown-freebsd13", ""},
    {"x86_64-unknown-netbsd", "x86_64-unknown-netbsd", ""},
    {"x86_64-unknown-openbsd", "x86_64-unknown-openbsd", ""},
    {"x86_64-unknown-redox", "x86_64-unknown-redox", ""},
    {"javascript-unknown-ghcjs", "javascript-unknown-ghcjs", "", "-"},
};

class TripleTable : public testing::TestWithParam<Case> {};

TEST_P(TripleTable, NormalisesAndKnowsTheLibc) {
  EXPECT_EQ(canonical(GetParam().text), GetParam().canonical);
  const auto triple = Triple::parse(GetParam().text);
  ASSERT_TRUE(triple);
  EXPECT_EQ(triple->libc(), GetParam().libc);
}

TEST_P(TripleTable, TheCanonicalFormIsAFixedPoint) {
  const auto once = Triple::parse(GetParam().text);
  ASSERT_TRUE(once);
  const auto twice = Triple::parse(once->str());
  ASSERT_TRUE(twice) << twice.error().what;
  EXPECT_EQ(*once, *twice);
}

TEST_P(TripleTable, AgreesWithConfigSub) {
  const char* oracle = "/usr/share/misc/config.sub";
  if (!std::filesystem::exists(oracle)) GTEST_SKIP() << oracle << " is missing: install autotools-dev";
  const Case& c = GetParam();
  const std::string command = std::string(oracle) + " " + c.text + " 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  char line[256] = "";
  const bool said = fgets(line, sizeof line, pipe) != nullptr;
  const int status = pclose(pipe);
  std::string answer = said && status == 0 ? line : "-";
  if (answer.ends_with('\n')) answer.pop_back();
  EXPECT_EQ(answer, *c.config_sub ? c.config_sub : c.canonical);
}

INSTANTIATE_TEST_SUITE_P(All, TripleTable, testing::ValuesIn(kCases));

TEST(TripleParts, AreSeparate) {
  const auto triple = Triple::parse("armv5tel-unknown-linux-uclibceabi");
  ASSERT_TRUE(triple);
  EXPECT_EQ(triple->cpu(), "armv5tel");
  EXPECT_EQ(triple->vendor(), "unknown");
  EXPECT_EQ(triple->kernel(), "linux");
  EXPECT_EQ(triple->abi(), "uclibceabi");
  const auto bare = Triple::parse("arm-none-eabi");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->kernel(), "none");
  EXPECT_EQ(bare->abi(), "eabi");
  EXPECT_EQ(Triple::parse("x86_64-w64-mingw32")->kernel(), "windows");
}

TEST(TripleErrors, NameThePartAndSuggest) {
  EXPECT_EQ(refusal("mispel-linux-gnu"), "'mispel' is not a known cpu in triple 'mispel-linux-gnu' | did you mean 'mipsel'?");
  EXPECT_EQ(refusal("x86_64-linux-gnuu"), "'gnuu' is not a known abi in triple 'x86_64-linux-gnuu' | did you mean 'gnu'?");
  EXPECT_EQ(refusal("arm-unknown-linus"), "'linus' is not a known kernel in triple 'arm-unknown-linus' | did you mean 'linux'?");
  EXPECT_EQ(refusal("aarch64-linux-gnueabihf"), "'gnueabihf' is not an abi of cpu 'aarch64' in triple 'aarch64-linux-gnueabihf'");
  EXPECT_EQ(refusal("x86_64--linux-gnu"), "'x86_64--linux-gnu' is not a triple: it has an empty part");
  EXPECT_EQ(refusal(""), "'' is not a triple: it is empty");
  EXPECT_EQ(refusal("a-b-c-d-e"), "'a-b-c-d-e' is not a triple: it has more than four parts");
  EXPECT_EQ(refusal("arm-unknown-none-gnu"), "'gnu' is not a known abi in triple 'arm-unknown-none-gnu'");
  EXPECT_EQ(refusal("x86_64-unknown-freebsd-gnu"), "'gnu' is not an abi of kernel 'freebsd' in triple 'x86_64-unknown-freebsd-gnu'");
  EXPECT_EQ(refusal("arm-v/dor-linux-gnueabi"), "'v/dor' is not a known vendor in triple 'arm-v/dor-linux-gnueabi'");
}

}  // namespace
}  // namespace swage
