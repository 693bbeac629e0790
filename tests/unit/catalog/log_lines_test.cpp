// Lines of real logs: which tell of a failure, whose it is, and which only look like one.
#include "catalog/log_lines.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "support/catalogs.hpp"

namespace swage {
namespace {

const LogLines& shipped_lines() {
  static const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  static const LogLines lines = LogLines::compile(*catalog->log_lines().value()).value();
  return lines;
}

std::string found(const LogLines& lines, std::string_view line) {
  const LogLineRow* row = lines.find(line);
  return row ? row->id : "nothing";
}

TEST(LogLines, HarmlessRowsComeFirstThenThoseThatSayWhatToDo) {
  const std::vector<LogLineRow> rows{{.id = "error", .pattern = "error"},
                                     {.id = "known", .pattern = "error: x", .text = "t"},
                                     {.id = "harmless", .pattern = "^no error", .tool = LogTool::none}};
  const LogLines lines = LogLines::compile(rows).value();
  EXPECT_EQ(found(lines, "an error"), "error");
  EXPECT_EQ(found(lines, "an error: x"), "known");
  EXPECT_EQ(found(lines, "no error: x"), "nothing");
  EXPECT_EQ(found(lines, "fine"), "nothing");
  EXPECT_EQ(found(LogLines(), "error"), "nothing");
  EXPECT_EQ(found(lines, std::string(3000, 'x') + "error"), "nothing") << "of a long line the beginning counts";
  EXPECT_EQ(found(lines, std::string_view("\0\xff error", 8)), "error") << "any bytes may come";
}

TEST(LogLines, ManyLongPatternsTogetherMayBeLongerThanOneMayBe) {
  std::vector<LogLineRow> rows;
  for (int i = 0; i < 20; ++i) rows.push_back({.id = std::to_string(i), .pattern = fmt::format("x{}y{}", i, std::string(900, 'z'))});
  EXPECT_EQ(found(LogLines::compile(rows).value(), "ax7y" + std::string(900, 'z')), "7");
  rows.push_back({.id = "long", .pattern = std::string(1001, 'x')});
  EXPECT_EQ(LogLines::compile(rows).error().what, "a pattern has more than 1000 bytes");
}

TEST(LogLines, MistakesAreFoundByCheck) {
  CatalogDir dir;
  dir.write("log_lines.toml",
            "[[line]]\nid = \"a\"\npattern = \"(\"\ntool = \"other\"\n[[line]]\nid = \"b\"\npattern = \"b\"\ntool = \"compilr\"\nhint = \"h\"\n");
  std::string text;
  for (const Error& error : check_catalog(dir.path())) text += render(error);
  for (std::size_t at; (at = text.find(dir.path().string())) != std::string::npos;) text.replace(at, dir.path().string().size(), "CAT");
  EXPECT_EQ(text, R"(error: '(' is not a regular expression: Unmatched ( or \(
  --> CAT/log_lines.toml:1:1
   1 | [[line]]
     | ^^^^^^^^
error: 'b' has a hint and no text: what to do against what?
  --> CAT/log_lines.toml:5:1
   5 | [[line]]
     | ^^^^^^^^
error: 'compilr' is not a known value of 'tool'
  --> CAT/log_lines.toml:8:8
   8 | tool = "compilr"
     |        ^^^^^^^^^
hint: did you mean 'compiler'?
)");
}

struct Known {
  const char* id;
  const char* line;
};

// As tools print them; most are from public bug reports.
constexpr Known kLines[] = {
    {"set-user-id", "/usr/bin/install: cannot change permissions of '/nix/store/x-su/bin/su': Operation not permitted"},
    {"set-user-id", "chmod: changing permissions of '/nix/store/x-at-3.1.16/bin/at': Operation not permitted"},
    {"set-user-id", "chmod: /nix/store/x/bin/su: Operation not permitted"},
    {"set-user-id", "tar: usr/bin/passwd: Cannot change mode to rwsr-xr-x: Operation not permitted"},
    {"set-user-id", "cp: preserving permissions for 'x': Operation not permitted"},
    {"owner", "install: cannot change ownership of '/nix/store/x/bin/at': Operation not permitted"},
    {"owner", "chown: changing ownership of '/nix/store/x/var/spool': Invalid argument"},
    {"owner", "chown: invalid user: 'daemon:daemon'"},
    {"owner", "install: invalid group 'tty'"},
    {"owner", "tar: x: Cannot change ownership to uid 1000, gid 1000: Invalid argument"},
    {"run-while-cross-compiling", "configure: error: cannot run test program while cross compiling"},
    {"run-while-cross-compiling", "configure: error: cannot run C compiled programs."},
    {"run-while-cross-compiling", "../glib-2.64.2/meson.build:865:4: ERROR: Can not run test applications in this cross environment."},
    {"run-while-cross-compiling", "CMake Error: TRY_RUN() invoked in cross-compiling mode, please set the following cache variables appropriately:"},
    {"run-while-cross-compiling", "meson.build:1:0: ERROR: Executables created by cpp compiler i686-w64-mingw32-g++ are not runnable."},
    {"exec-format", "./conftest: cannot execute binary file: Exec format error"},
    {"exec-format", "/bin/sh: 1: ./mkconst: Exec format error"},
    {"exec-format", "./gen-table: 1: Syntax error: word unexpected (expecting \")\")"},
    {"other-machine", "check: tool-1-arm64/bin/tool is for machine 62 (AMD x86-64), not 183"},
    {"no-executables", "configure: error: C compiler cannot create executables"},
    {"no-executables", "  is not able to compile a simple test program: The C compiler \"/usr/bin/cc\" is not able to compile a simple test program."},
    {"no-executables", "meson.build:1:0: ERROR: Compiler aarch64-linux-gnu-gcc can not compile programs."},
    {"network", "fatal: unable to access 'https://github.com/xioTechnologies/Fusion.git/': Could not resolve host: github.com (Could not contact DNS servers)"},
    {"network", "curl: (6) Could not resolve host: github.com"},
    {"network", "wget: unable to resolve host address 'ftp.gnu.org'"},
    {"network", "fatal: unable to access 'https://github.com/microsoft/GSL.git/': Couldn't connect to server"},
    {"network", "socket.gaierror: [Errno -3] Temporary failure in name resolution"},
    {"network", "go: example.org/x@v1.0.0: Get \"https://proxy.golang.org/\": dial tcp: lookup proxy.golang.org: no such host"},
    {"read-only", "mkdir: cannot create directory '/usr/local/share/x': Read-only file system"},
    {"read-only", "install: cannot create regular file '/nix/store/y-zlib/lib/z.so': Read-only file system"},
    {"system-directory", "mkdir: can't create directory '/usr/man/man3': Permission denied"},
    {"system-directory", "/usr/lib/gcc/x86_64-pc-linux-gnu/12.0.0/ld: cannot open output file /usr/lib/libnixutil.so: Permission denied"},
    {"system-directory", "install: cannot create regular file '/etc/x.conf': Permission denied"},
    {"out-of-memory", "gcc: fatal error: Killed signal terminated program cc1"},
    {"out-of-memory", "g++: internal compiler error: Killed (program cc1plus)"},
    {"out-of-memory", "cc1plus: out of memory allocating 65536 bytes after a total of 1073741824 bytes"},
    {"out-of-memory", "virtual memory exhausted: Cannot allocate memory"},
    {"disk-full", "/tmp/ccXYZ.s: fatal error: error writing to -: No space left on device"},
    {"command-not-found", "/bin/sh: 1: gperf: not found"},
    {"command-not-found", "sh: line 3: help2man: command not found"},
    {"command-not-found", "make: flex: No such file or directory"},
    {"command-not-found", "make[1]: bison: Command not found"},
    {"command-not-found", "env: 'python': No such file or directory"},
    {"external-project", "FAILED: tools-prefix/src/tools-stamp/tools-configure /build/build/tools-prefix/src/tools-stamp/tools-configure "},
    {"no-pkg-config-package", "configure: error: Package requirements (glib-2.0 >= 2.40) were not met:"},
    {"no-pkg-config-package", "No package 'libusb-1.0' found"},
    {"no-pkg-config-package", "../meson.build:72:11: ERROR: Dependency \"xkbcommon\" not found, tried pkgconfig and cmake"},
    {"no-pkg-config-package", "  Could NOT find ZLIB (missing: ZLIB_LIBRARY ZLIB_INCLUDE_DIR)"},
    {"no-configuration", "error: 'pi_defconfig' is not a configuration that this tree can make; near it: virt_defconfig"},
    {"no-configuration", "error: 'pi.config' is neither a file nor a configuration of this tree; it has: hardening.config"},
    {"old-config-sub", "Invalid configuration `riscv64-linux-gnu': machine `riscv64' not recognized"},
    {"old-config-sub", "configure: error: /bin/sh ./config.sub aarch64-linux-gnu failed"},
    {"interpreter", "/bin/sh: ./gen.py: /usr/bin/python: bad interpreter: No such file or directory"},
    {"out-of-memory", "x.c:1: internal compiler error: Killed"},
    {"host-linker", "/usr/bin/ld: scripts/dtc/dtc-parser.tab.o:(.bss+0x20): multiple definition of `yylloc'; scripts/dtc/dtc-lexer.lex.o"},
    {"assembler", "{standard input}:1577: Error: unrecognized opcode: `stbcix'"},
    {"assembler", "{standard input}:40: Error: .err encountered"},
    {"assembler", "arch/mips/kernel/r4k_fpu.S:59: Error: opcode not supported on this processor: mips1 (mips1) `sdc1 $f0,272($4)'"},
    {"kernel-refuses-compiler", "*** C compiler is too old."},
    {"kernel-refuses-compiler", "*** Compiler is too old."},
    {"kernel-refuses-compiler", "scripts/Kconfig.include:45: Sorry, this C compiler is not supported."},
    {"kernel-refuses-assembler", "scripts/Kconfig.include:49: Sorry, this assembler is not supported."},
    {"kernel-refuses-assembler", "*** Assembler is too old."},
    {"kernel-refuses-linker", "*** Linker is too old."},
    {"kernel-refuses-linker", "scripts/Kconfig.include:57: Sorry, this linker is not supported."},
    {"compiler", "kernel/fork.c:123:5: error: 'foo' undeclared (first use in this function)"},
    {"compiler", "include/linux/compiler-gcc.h:106:30: fatal error: linux/compiler-gcc6.h: No such file or directory"},
    {"compiler", "gcc: error: unrecognized command-line option '-mstack-protector-guard=sysreg'"},
    {"compiler", "cc1: error: bad value 'armv5te' for '-march=' switch"},
    {"compiler", "drivers/x.c:12:1: internal compiler error: Segmentation fault"},
    {"compiler", "cc1: error: unrecognized command line option \"-Wno-format-truncation\" [-Werror]"},
    {"linker", "kernel/built-in.o: undefined reference to `____ilog2_NaN'"},
    {"linker", "collect2: error: ld returned 1 exit status"},
    {"linker", "aarch64-linux-gnu-ld: cannot find -lz: No such file or directory"},
    {"linker", "/nix/store/x-toolchain/bin/aarch64-linux-gnu-ld: /build/libz.a(x.o): file in wrong format"},
    {"linker", "ld.lld: error: undefined symbol: main"},
    {"linker", "i686-linux-gnu-ld:arch/x86/entry/vdso/vdso32/vdso32.lds:184: syntax error"},
    {"make", "make[2]: *** [scripts/Makefile.build:250: kernel/fork.o] Error 1"},
    {"make", "make: *** No rule to make target 'foo.c', needed by 'foo.o'.  Stop."},
    {"make", "Makefile:434: *** mixed implicit and normal rules.  Stop."},
    {"configure", "configure: error: in `/build/source':"},
    {"configure", "configure.ac:17: error: possibly undefined macro: AM_INIT_AUTOMAKE"},
    {"cmake", "CMake Error at CMakeLists.txt:12 (find_package):"},
    {"meson", "meson.build:3:0: ERROR: Unknown option: \"foo\"."},
    {"ninja", "FAILED: src/foo.p/bar.c.o"},
    {"ninja", "ninja: error: loading 'build.ninja': No such file or directory"},
    {"modpost", "ERROR: modpost: \"__aeabi_uldivmod\" [drivers/x.ko] undefined!"},
    {"modpost", "ERROR: \"__udivdi3\" [drivers/x.ko] undefined!"},
    {"patch", "Hunk #2 FAILED at 17."},
    {"patch", "1 out of 3 hunks FAILED -- saving rejects to file Makefile.rej"},
    {"patch", "patch: 'fix.patch' does not apply"},
    {"archive", "tar: Error is not recoverable: exiting now"},
    {"archive", "xz: (stdin): Unexpected end of input"},
    {"archive", "gzip: stdin: not in gzip format"},
    {"python", "ModuleNotFoundError: No module named 'distutils'"},
    {"python", "subprocess.CalledProcessError: Command '['cc', 'x.c']' returned non-zero exit status 1."},
    {"perl", "Can't locate Text/Template.pm in @INC (you may need to install the Text::Template module) (@INC contains: /etc/perl) at util/x line 3."},
    {"rust", "error[E0425]: cannot find value `x` in this scope"},
    {"shell-syntax", "./configure: 1234: Syntax error: \"(\" unexpected"},
    {"test", "FAIL: test-hash"},
    {"test", "not ok 3 - sorts"},
    {"test", "# FAIL:  2"},
    {"test", "check: this test fails: hello --version"},
    {"test", "2 tests failed"},
    {"error", "objtool: error: cannot find symbol"},
    {"error", "foo.y:12.1-5: error: syntax"},
    {"error", "Error: package 'x' is broken"},
    {"fatal", "fatal: bad revision 'HEAD'"},
    {"fatal", "Traceback (most recent call last):"},
    {"system-call", "cp: cannot stat 'doc/x.1': No such file or directory"},
    {"system-call", "sed: -e expression #1, char 5: unterminated `s' command"},
    {"swage", "self-check: gcc is '12.1.0', the catalog declares '12.2.0'"},
    {"swage", "config: CONFIG_FOO=y did not take effect: is not set"},
};

TEST(ShippedLogLines, OfMesonTheLineBeforeSaysForWhichMachine) {
  const char* error = "../meson.build:3:0: ERROR: Dependency \"zlib\" not found, tried pkgconfig and cmake";
  const auto id = [&](std::string_view before) { return shipped_lines().find(error, before)->id; };
  EXPECT_EQ(id("Build-time dependency zlib found: NO (tried pkgconfig and cmake)"), "no-build-dependency");
  EXPECT_EQ(id("Run-time dependency zlib found: NO (tried pkgconfig and cmake)"), "no-pkg-config-package");
}

TEST(ShippedLogLines, AreTheLinesThatTheyAreFor) {
  std::set<std::string> known{"no-build-dependency"};   // above
  for (const auto& [id, line] : kLines) {
    EXPECT_EQ(found(shipped_lines(), line), id) << line;
    known.insert(id);
  }
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  for (const LogLineRow& row : *catalog->log_lines().value()) {
    if (row.tool != LogTool::none) { EXPECT_TRUE(known.contains(row.id)) << row.id << " has no line here"; }
    EXPECT_EQ(row.hint.empty(), row.text.empty()) << row.id << ": what has happened, and what to do";
  }
}

TEST(ShippedLogLines, OnlyErrorsOfAToolchainsToolsAreAToolchains) {
  const std::set<std::string> of_toolchain{"compiler", "assembler", "linker", "kernel-refuses-compiler", "kernel-refuses-assembler", "kernel-refuses-linker"};
  for (const auto& [id, line] : kLines) {
    const LogLineRow* row = shipped_lines().find(line);
    ASSERT_TRUE(row) << line;
    EXPECT_EQ(is_of_toolchain(*row), of_toolchain.contains(id)) << line;
  }
}

TEST(ShippedLogLines, LeaveOutWhatOnlyLooksLikeAnError) {
  for (const char* line : {
           "  CC      lib/error.o",
           "gcc -Wall -Werror -Werror=format-security -c error.c -o error.o",
           "checking for error_at_line... yes",
           "checking for C compiler default output file name... a.out",
           "checking whether the compiler supports -Werror... no",
           "-- Performing Test HAVE_ERROR: - Failed",
           "foo.c:12:5: warning: format not a string literal [-Wformat-security]",
           "cc1: warning: command-line option '-std=gnu11' is valid for C/ObjC but not for C++",
           "0 errors, 0 warnings",
           "fatal: not a git repository (or any of the parent directories): .git",
           "make: [Makefile:12: install-info] Error 1 (ignored)",
           "make[2]: *** Waiting for unfinished jobs....",
           "if test -z \"$x\"; then echo \"error: no x\" >&2; exit 1; fi",
           "\techo 'ERROR: run configure first' && false",
           "PASS: tests/error: handling",
           "XFAIL: t/known-error: 3",
           "ok 12 - error: is reported",
           "# FAIL:  0",
           "# ERROR: 0",
           "  GEN     scripts/kconfig/error.h",
           "Program python3 found: YES (/usr/bin/python3)",
           "Run-time dependency zlib found: NO (tried pkgconfig and cmake)",
           "config.status: creating tests/error/Makefile",
           "  LD [M]  drivers/fatal/fatal.ko",
           "note: error: is not expected here",
           "libtool: install: /usr/bin/install -c .libs/liberror.so /nix/store/x/lib/liberror.so",
           "",
       })
    EXPECT_EQ(found(shipped_lines(), line), "nothing") << line;
}

}  // namespace
}  // namespace swage
