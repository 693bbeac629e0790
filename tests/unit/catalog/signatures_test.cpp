// Logs that are known, and patterns that are none.
#include "catalog/signatures.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/catalogs.hpp"

namespace swage {
namespace {

std::string recognised(const std::vector<SignatureRow>& rows, std::string_view log) {
  const auto row = recognise(rows, log);
  if (!row) return render(row.error());
  return *row ? (*row)->id : "nothing";
}

const std::vector<SignatureRow>& shipped_signatures() {
  static const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  return *catalog->signatures().value();
}

TEST(Signatures, TheFirstLineOfTheLogDecides) {
  const std::vector<SignatureRow> rows{{.id = "b", .pattern = "^b+$"}, {.id = "a", .pattern = "a"}};
  EXPECT_EQ(recognised(rows, "xx\nxax\nbbb\n"), "a");
  EXPECT_EQ(recognised(rows, "xx\nbbb\nxax"), "b");
  EXPECT_EQ(recognised(rows, "ab"), "a") << "a pattern is for one line, and ^ and $ are its ends";
  EXPECT_EQ(recognised(rows, "xx\nxbx\n"), "nothing");
  EXPECT_EQ(recognised(rows, ""), "nothing");
}

TEST(Signatures, OnlyTheEndOfALongLogIsRead) {
  const std::vector<SignatureRow> rows{{.id = "a", .pattern = "a"}};
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += "x\n";
  EXPECT_EQ(recognised(rows, "a\n" + lines), "nothing");
  EXPECT_EQ(recognised(rows, lines + "a\n"), "a");
}

TEST(Signatures, APatternThatIsNoneIsFoundByCheck) {
  CatalogDir dir;
  dir.write("kernels/constraints.toml",
            "[[constraint]]\nid = \"some-rule\"\nrequire = { gcc = \">=5\" }\neffect = \"builds-not\"\nreason = \"r\"\nsource = \"s\"\n");
  dir.write("kernels/signatures.toml", "[[signature]]\nid = \"x\"\npattern = \"(\"\nconstraint = \"some-rul\"\ntext = \"t\"\n");
  std::string text;
  for (const Error& error : check_catalog(dir.path())) text += render(error);
  for (std::size_t at; (at = text.find(dir.path().string())) != std::string::npos;) text.replace(at, dir.path().string().size(), "CAT");
  EXPECT_EQ(text, R"(error: '(' is not a regular expression: Unmatched ( or \(
  --> CAT/kernels/signatures.toml:1:1
   1 | [[signature]]
     | ^^^^^^^^^^^^^
error: 'some-rul' is not a constraint
  --> CAT/kernels/signatures.toml:4:14
   4 | constraint = "some-rul"
     |              ^^^^^^^^^^
hint: did you mean 'some-rule'?
)");
}

// Lines as compilers and tools print them.
TEST(ShippedSignatures, RecogniseTheLinesTheyAreFor) {
  const std::pair<const char*, const char*> lines[] = {
      {"compiler-gcc-header", "include/linux/compiler-gcc.h:106:30: fatal error: linux/compiler-gcc6.h: No such file or directory"},
      {"yylloc-twice", "/usr/bin/ld: scripts/dtc/dtc-parser.tab.o:(.bss+0x20): multiple definition of `yylloc'; scripts/dtc/dtc-lexer.lex.o"},
      {"perl-defined-array", "Can't use 'defined(@array)' (Maybe you should just omit the defined()?) at kernel/timeconst.pl line 373."},
      {"make-mixed-rules", "Makefile:434: *** mixed implicit and normal rules.  Stop."},
      {"ilog2-nan", "kernel/built-in.o: undefined reference to `____ilog2_NaN'"},
      {"asmregparm", "arch/x86/kernel/ptrace.c:1472:17: error: conflicting types for 'syscall_trace_enter'"},
      {"vdso-emulation-name", "gcc: error: unrecognized command line option '-m'; elf_i386"},
      {"plt32-relocs", "Unsupported relocation type: R_386_PLT32 (4)"},
      {"riscv-zicsr", "./arch/riscv/include/asm/vdso/gettimeofday.h:71: Error: unrecognized opcode `csrr a5,0xc01', extension `zicsr' required"},
      {"powerpc-stbcix", "{standard input}:1577: Error: unrecognized opcode: `stbcix'"},
      {"recordmcount-section-symbol", "Cannot find symbol for section 11: .text.unlikely."},
      {"objtool-symbol-table", "arch/x86/entry/thunk_64.o: warning: objtool: missing symbol table"},
      {"arm-section-flag", "arch/arm/mm/proc-v7.S:640: Error: junk at end of line, first unrecognized character is `#'"},
      {"m68k-section-flag", "arch/m68k/fpsp040/skeleton.S:502: Error: junk at end of line, first unrecognized character is `#'"},
      {"gnu23-bool", "./include/linux/stddef.h:11:9: error: cannot use keyword 'false' as enumeration constant"},
      {"loongarch-relocation", "module: Unknown relocation type 102"},
      {"mips-soft-float", "arch/mips/kernel/r4k_fpu.S:59: Error: opcode not supported on this processor: mips3 (mips3) `sdc1 $f0,272+0($4)'"},
      {"riscv-vdso-symbols", "riscv64-linux-gnu-ld: internal error: aborting at ../../ld/ldlang.c:11035 in cmdline_check_object_only_section"},
      {"arm-register-check", "/tmp/cc3JEjMh.s:974: Error: .err encountered"},
      {"compiler-gcc4-header", "include/linux/compiler.h:40:3: error: #error no compiler-gcc.h file for this gcc version"},
  };
  std::set<std::string> known;
  for (const auto& [id, line] : lines) {
    EXPECT_EQ(recognised(shipped_signatures(), std::string("  CC kernel/fork.o\n") + line + "\nmake: *** [x] Error 1\n"), id);
    known.insert(id);
  }
  for (const SignatureRow& row : shipped_signatures()) EXPECT_TRUE(known.contains(row.id)) << row.id << " has no line here";
  EXPECT_EQ(recognised(shipped_signatures(), "  LD vmlinux\nerror: something else\nwarning: objtool: falls through\n"), "nothing");
}

}  // namespace
}  // namespace swage
