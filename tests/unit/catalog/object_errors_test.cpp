// Lines as compilers and assemblers print them: whose failure it is that an object does not compile.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <set>

#include "catalog/signatures.hpp"
#include "support/catalogs.hpp"

namespace swage {
namespace {

const std::vector<ObjectErrorRow>& shipped_errors() {
  static const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  return *catalog->object_errors().value();
}

std::string found(std::string_view said) {
  const ObjectError error = find_object_error(shipped_errors(), said).value();
  if (!error.row) return "nothing";
  return fmt::format("{}: {}", error.row->of_toolchain ? "toolchain" : "driver", error.row->id);
}

struct Said {
  const char* of;
  const char* line;
};
constexpr Said kSaid[] = {
    {"toolchain: compiler-breaks", "drivers/a.c:12:1: internal compiler error: in extract_insn, at recog.cc:2791"},
    {"toolchain: compiler-breaks", "PLEASE submit a bug report to https://github.com/llvm/llvm-project/issues/ and include the crash backtrace"},
    {"toolchain: unknown-option", "gcc: error: unrecognized command-line option '-mrecord-mcount'"},
    {"toolchain: unknown-option", "clang: error: unknown argument: '-fconserve-stack'"},
    {"toolchain: assembler", "{standard input}: Assembler messages:"},
    {"toolchain: assembler", "/tmp/ccA1b2C3.s:61: Error: selected processor does not support `dmb ish' in ARM mode"},
    {"toolchain: assembler", "arch/arm/mm/a.S:31:2: error: invalid instruction, did you mean: mcr?"},
    {"toolchain: inline-assembly", "include/linux/a.h:22:5: error: impossible constraint in 'asm'"},
    {"toolchain: inline-assembly", "drivers/a.c:9:2: error: 'asm' operand has impossible constraints"},
    {"toolchain: warning-is-error", "drivers/a.c:7:3: error: 'x' may be used uninitialized [-Werror=maybe-uninitialized]"},
    {"toolchain: warning-is-error", "drivers/a.c:7:3: error: variable 'x' set but not used [-Werror,-Wunused-but-set-variable]"},
    {"toolchain: optimised-otherwise", "drivers/a.c:3:2: error: call to '__compiletime_assert_4' declared with attribute error: BUILD_BUG_ON failed: x"},
    {"driver: missing-header", "drivers/a.c:1:10: fatal error: mach/gone.h: No such file or directory"},
    {"driver: missing-header", "drivers/a.c:1:10: fatal error: 'mach/gone.h' file not found"},
    {"driver: no-rule", "make[3]: *** No rule to make target 'drivers/a.o'.  Stop."},
    {"driver: error-directive", "include/asm/a.h:3:2: error: #error No byte order"},
    {"driver: any-error", "drivers/a.c:8:2: error: implicit declaration of function 'gone' [-Wimplicit-function-declaration]"},
    {"nothing", "  CC [M]  drivers/a.o"},
    {"nothing", "drivers/a.c:8:2: warning: unused variable 'x' [-Wunused-variable]"},
};

TEST(ObjectErrors, ShippedRowsTellWhoseFailureItIs) {
  std::set<std::string> seen;
  for (const Said& said : kSaid) {
    EXPECT_EQ(found(said.line), said.of) << said.line;
    seen.insert(std::string(said.of).substr(std::string(said.of).find(' ') + 1));
  }
  for (const ObjectErrorRow& row : shipped_errors()) EXPECT_TRUE(seen.contains(row.id)) << row.id << " has no line here";
}

TEST(ObjectErrors, TheFirstLineThatIsKnownDecides) {
  const ObjectError error = find_object_error(shipped_errors(),
                                              "  CC      drivers/a.o\n"
                                              "drivers/a.c:1:10: fatal error: gone.h: No such file or directory\n"
                                              "drivers/a.c:7:3: error: x [-Werror=x]\n")
                                .value();
  EXPECT_EQ(error.row->id, "missing-header");
  EXPECT_EQ(error.line, "drivers/a.c:1:10: fatal error: gone.h: No such file or directory");
}

TEST(ObjectErrors, OfWhatNobodyKnowsTheLastLineIsKept) {
  const ObjectError error = find_object_error(shipped_errors(), "one\ntwo\n\n").value();
  EXPECT_EQ(error.row, nullptr);
  EXPECT_EQ(error.line, "two");
}

}  // namespace
}  // namespace swage
