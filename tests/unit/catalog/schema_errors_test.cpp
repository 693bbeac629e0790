// Every mistake in a table, by the exact text that a user sees.
#include <gtest/gtest.h>

#include "support/catalogs.hpp"

namespace swage {
namespace {

constexpr const char* kKernel = R"([[kernel]]
version = "6.1"
released = "2022-12-11"
debian = { suite = "bookworm", package = "linux" }
source = "https://www.kernel.org/"
)";

TEST(SchemaErrors, UnknownKeyHasASuggestion) {
  CatalogDir dir;
  dir.write("kernels/releases.toml", std::string(kKernel) + "relesed = \"2022-12-11\"\n");
  EXPECT_EQ(dir.errors(), R"(error: 'relesed' is not a key of [[kernel]]
  --> CAT/kernels/releases.toml:6:1
   6 | relesed = "2022-12-11"
     | ^^^^^^^
hint: did you mean 'released'?
)");
}

TEST(SchemaErrors, MissingKeyPointsAtTheRow) {
  CatalogDir dir;
  dir.write("roots.toml", "[[root]]\nname = \"build\"\nsuite = \"bookworm\"\n");
  EXPECT_EQ(dir.errors(), R"(error: 'packages' is missing in [[root]]
  --> CAT/roots.toml:1:1
   1 | [[root]]
     | ^^^^^^^^
)");
}

TEST(SchemaErrors, WrongTypesNameBothTypes) {
  CatalogDir dir;
  dir.write("roots.toml", "[[root]]\nname = 7\nsuite = \"bookworm\"\npackages = [\"a\", 1]\n");
  EXPECT_EQ(dir.errors(), R"(error: 'name' is an integer, not a string
  --> CAT/roots.toml:2:8
   2 | name = 7
     |        ^
error: 'packages[1]' is an integer, not a string
  --> CAT/roots.toml:4:18
   4 | packages = ["a", 1]
     |                  ^
)");
}

TEST(SchemaErrors, ARangePointsInsideTheString) {
  CatalogDir dir;
  dir.write("kernels/constraints.toml", R"([[constraint]]
id = "a"
when = { kernel = ">=4.10, <4.x" }
require = { gcc = ">=5.1" }
effect = "builds-not"
reason = "r"
source = "s"
)");
  EXPECT_EQ(dir.errors(), R"(error: '4.x' is not a version: 'x' is not a number
  --> CAT/kernels/constraints.toml:3:28
   3 | when = { kernel = ">=4.10, <4.x" }
     |                            ^^^^
note: in the version range '>=4.10, <4.x'
)");
}

TEST(SchemaErrors, AConstraintNeedsASource) {
  CatalogDir dir;
  dir.write("kernels/constraints.toml", "[[constraint]]\nid = \"a\"\nrequire = { gcc = \">=5.1\" }\neffect = \"builds-not\"\nreason = \"r\"\n");
  EXPECT_EQ(dir.errors(), R"(error: 'source' is missing in [[constraint]]
  --> CAT/kernels/constraints.toml:1:1
   1 | [[constraint]]
     | ^^^^^^^^^^^^^^
)");
}

TEST(SchemaErrors, ClosedSetsSuggest) {
  CatalogDir dir;
  dir.write("kernels/constraints.toml", R"([[constraint]]
id = "a"
when = { arch = ["amr64"], gccc = ">=1" }
require = { binutil = "<2.31" }
effect = "boot-not"
reason = "r"
source = "s"
confidence = "sure"
measured = ["arm46"]
)");
  EXPECT_EQ(dir.errors(), R"(error: 'amr64' is not a platform or a kernel architecture
  --> CAT/kernels/constraints.toml:3:18
   3 | when = { arch = ["amr64"], gccc = ">=1" }
     |                  ^^^^^^^
hint: did you mean 'arm64'?
error: 'gccc' is not a known value of 'when'
  --> CAT/kernels/constraints.toml:3:28
   3 | when = { arch = ["amr64"], gccc = ">=1" }
     |                            ^^^^
hint: did you mean 'gcc'?
error: 'binutil' is not a known value of 'require'
  --> CAT/kernels/constraints.toml:4:13
   4 | require = { binutil = "<2.31" }
     |             ^^^^^^^
hint: did you mean 'binutils'?
error: 'boot-not' is not a known value of 'effect'
  --> CAT/kernels/constraints.toml:5:10
   5 | effect = "boot-not"
     |          ^^^^^^^^^^
hint: did you mean 'boots-not'?
error: 'sure' is not a known value of 'confidence'
  --> CAT/kernels/constraints.toml:8:14
   8 | confidence = "sure"
     |              ^^^^^^
hint: the known values are primary, bisected, observed, reported
error: 'arm46' is not a platform or a kernel architecture
  --> CAT/kernels/constraints.toml:9:13
   9 | measured = ["arm46"]
     |             ^^^^^^^
hint: did you mean 'arm64'?
)");
}

TEST(SchemaErrors, TablesInsideTablesAreClosedToo) {
  CatalogDir dir;
  dir.write("platforms.toml", std::string(kSmallPlatforms) + "gcc = { flot = \"soft\", float = \"sfot\" }\n");
  dir.write("scripts/a.sh", "").write("packages/x/recipe.toml", R"([package]
name = "x"
[build]
script = "a.sh"
[[variant]]
when = { libc = ["mussl", "!glibc"], bits = 47 }
)");
  dir.write("features.toml", kFeatures).write("toolchains/debian.toml", std::string(kSmallProvider) + "features = [\"plugin\"]\n");
  dir.write("kernels/constraints.toml", R"([[constraint]]
id = "a"
when = { feature = ["default-pi"] }
require = { gcc = ">=5.1" }
effect = "builds-not"
reason = "r"
source = "s"
)");
  EXPECT_EQ(dir.checked(), R"(error: 'flot' is not a known value of 'gcc'
  --> CAT/platforms.toml:19:9
  19 | gcc = { flot = "soft", float = "sfot" }
     |         ^^^^
hint: did you mean 'float'?
error: 'sfot' is not a known value of 'float'
  --> CAT/platforms.toml:19:32
  19 | gcc = { flot = "soft", float = "sfot" }
     |                                ^^^^^^
hint: did you mean 'soft'?
error: 'default-pi' is not a feature of features.toml
  --> CAT/kernels/constraints.toml:3:21
   3 | when = { feature = ["default-pi"] }
     |                     ^^^^^^^^^^^^
hint: did you mean 'default-pie'?
error: 'plugin' is not a feature of features.toml
  --> CAT/toolchains/debian.toml:5:13
   5 | features = ["plugin"]
     |             ^^^^^^^^
hint: did you mean 'plugins'?
error: 'mussl' is not a C library of c_libraries.toml
  --> CAT/packages/x/recipe.toml:6:18
   6 | when = { libc = ["mussl", "!glibc"], bits = 47 }
     |                  ^^^^^^^
hint: did you mean 'musl'?
error: 'bits' is none of 8, 16, 32, 64: 47
  --> CAT/packages/x/recipe.toml:6:45
   6 | when = { libc = ["mussl", "!glibc"], bits = 47 }
     |                                             ^^
)");
}

// One mistake is one error: not also what would be so if it were meant as it stands.
TEST(SchemaErrors, WhatFollowsFromAMistakeIsNotReported) {
  CatalogDir dir;
  dir.write("platforms.toml", R"([[platform]]
name = "arm64"
triple = "aarch46-linux-gnu"
[[platform]]
name = "mine"
trple = "x86_64-linux-gnu"
endian = "little"
bits = 64
kernel_arch = "x86"
elf_machine = 62
)");
  dir.write("kernels/releases.toml", "[[kernel]]\nversion = \"6.1\"\nreleased = \"2022-12-11\"\ndebain = { suite = \"bookworm\", package = \"linux\" }\nsource = \"s\"\n"
            "[[kernel]]\nversion = \"6.2\"\nreleased = \"2022-12-11\"\nurls = \"https://example.org/\"\nsource = \"s\"\n"
            "[[kernel]]\nversion = \"6.3\"\nreleased = \"2022-12-11\"\ndebian = { suite = \"bookworm\", pakage = \"linux\" }\nsource = \"s\"\n");
  EXPECT_EQ(dir.errors(), R"(error: 'aarch46' is not a known cpu in triple 'aarch46-linux-gnu'
  --> CAT/platforms.toml:3:10
   3 | triple = "aarch46-linux-gnu"
     |          ^^^^^^^^^^^^^^^^^^^
hint: did you mean 'aarch64'?
error: 'trple' is not a key of [[platform]]
  --> CAT/platforms.toml:6:1
   6 | trple = "x86_64-linux-gnu"
     | ^^^^^
hint: did you mean 'triple'?
error: 'debain' is not a key of [[kernel]]
  --> CAT/kernels/releases.toml:4:1
   4 | debain = { suite = "bookworm", package = "linux" }
     | ^^^^^^
hint: did you mean 'debian'?
error: 'urls' is a string, not an array
  --> CAT/kernels/releases.toml:9:8
   9 | urls = "https://example.org/"
     |        ^^^^^^^^^^^^^^^^^^^^^^
error: 'pakage' is not a key of 'debian'
  --> CAT/kernels/releases.toml:14:32
  14 | debian = { suite = "bookworm", pakage = "linux" }
     |                                ^^^^^^
hint: did you mean 'package'?
)");
}

TEST(SchemaErrors, APlatformOfAnUnknownCpuSaysAllItself) {
  CatalogDir dir;
  dir.write("platforms.toml", R"([[cpu]]
names = ["mmix", "mmix"]
endian = "big"
bits = 64
[[platform]]
name = "mmix"
triple = "mmix-unknown-mmixware"
[[platform]]
name = "arm64"
triple = "aarch64-linux-gnu"
)");
  EXPECT_EQ(dir.errors(), R"(error: 'mmix' is defined twice in [[cpu]]
  --> CAT/platforms.toml:1:1
   1 | [[cpu]]
     | ^^^^^^^
note: first defined at CAT/platforms.toml:1:1
error: 'elf_machine' is missing in [[platform]], and its [[cpu]] has none
  --> CAT/platforms.toml:5:1
   5 | [[platform]]
     | ^^^^^^^^^^^^
error: 'endian' is missing in [[platform]], and no [[cpu]] is called 'aarch64'
  --> CAT/platforms.toml:8:1
   8 | [[platform]]
     | ^^^^^^^^^^^^
error: 'bits' is missing in [[platform]], and no [[cpu]] is called 'aarch64'
  --> CAT/platforms.toml:8:1
   8 | [[platform]]
     | ^^^^^^^^^^^^
error: 'kernel_arch' is missing in [[platform]], and no [[cpu]] is called 'aarch64'
  --> CAT/platforms.toml:8:1
   8 | [[platform]]
     | ^^^^^^^^^^^^
error: 'elf_machine' is missing in [[platform]], and no [[cpu]] is called 'aarch64'
  --> CAT/platforms.toml:8:1
   8 | [[platform]]
     | ^^^^^^^^^^^^
)");
}

TEST(SchemaErrors, NamesOfOtherTablesAreChecked) {
  CatalogDir dir;
  dir.write("kernels/machines.toml", R"([[machine]]
platform = "x86_46"
defconfig = "defconfig"
image_target = "Image"
image = "Image"
qemu = "qemu-system-x86_64"
qemu_root = "qemu"
cmdline = ""
config = ["CONFIG_A=y", "B=y"]
)");
  dir.write("roots.toml", "[[root]]\nname = \"qemu-x86\"\nsuite = \"bookwrm\"\npackages = []\n");
  EXPECT_EQ(dir.checked(), R"(error: 'bookwrm' is not a suite of any provider
  --> CAT/roots.toml:3:9
   3 | suite = "bookwrm"
     |         ^^^^^^^^^
hint: did you mean 'bookworm'?
error: 'x86_46' is not a platform
  --> CAT/kernels/machines.toml:2:12
   2 | platform = "x86_46"
     |            ^^^^^^^^
hint: did you mean 'x86_64'?
error: 'qemu' is not a root
  --> CAT/kernels/machines.toml:7:13
   7 | qemu_root = "qemu"
     |             ^^^^^^
error: 'B=y' is not a line CONFIG_NAME=value
  --> CAT/kernels/machines.toml:9:25
   9 | config = ["CONFIG_A=y", "B=y"]
     |                         ^^^^^
)");
}

TEST(SchemaErrors, AMachineThatIsEmulatedSaysByWhat) {
  CatalogDir dir;
  const std::string building = "[[machine]]\nplatform = \"x86_64\"\ndefconfig = \"defconfig\"\nimage_target = \"bzImage\"\nimage = \"bzImage\"\n";
  dir.write("kernels/machines.toml", building);
  EXPECT_EQ(dir.checked(), "");
  dir.write("kernels/machines.toml", building + "qemu = \"qemu-system-x86_64\"\n");
  EXPECT_EQ(dir.checked(), R"(error: 'qemu_root' is missing in [[machine]], and it has 'qemu'
  --> CAT/kernels/machines.toml:1:1
   1 | [[machine]]
     | ^^^^^^^^^^^
)");
}

TEST(SchemaErrors, ARecipeNamesRolesPackagesAndScriptsThatExist) {
  CatalogDir dir;
  dir.write("packages/zlib/recipe.toml", R"([package]
name = "zlib"
[build]
script = "auto.sh"
[deps]
bulid = ["toolchain"]
host = ["zlip"]
)").write("scripts/autotools.sh", "");
  EXPECT_EQ(dir.checked(), R"(error: 'auto.sh' is not a file under scripts/
  --> CAT/packages/zlib/recipe.toml:4:10
   4 | script = "auto.sh"
     |          ^^^^^^^^^
error: 'bulid' is not a role of a dependency
  --> CAT/packages/zlib/recipe.toml:6:1
   6 | bulid = ["toolchain"]
     | ^^^^^
hint: did you mean 'build'?
error: 'zlip' is not a package
  --> CAT/packages/zlib/recipe.toml:7:9
   7 | host = ["zlip"]
     |         ^^^^^^
hint: did you mean 'zlib'?
)");
}

TEST(SchemaErrors, AFileOfThePoolIsBelowTheMirrors) {
  CatalogDir dir;
  const std::string row = "[[kernel]]\nversion = \"6.2\"\nreleased = \"2022-12-11\"\nsource = \"s\"\nsha256 = \"" + std::string(64, 'a') + "\"\n";
  dir.write("kernels/releases.toml", row + "urls = [\"debian:pool/main/l/linux/linux_6.2.orig.tar.xz\"]\n");
  EXPECT_EQ(dir.errors(), "no errors");
  dir.write("kernels/releases.toml", row + "urls = [\"debian:../x\"]\n");
  EXPECT_EQ(dir.errors(), R"(error: '../x' is not a path below a mirror: it has the part '..'
  --> CAT/kernels/releases.toml:6:9
   6 | urls = ["debian:../x"]
     |         ^^^^^^^^^^^^^
)");
}

TEST(SchemaErrors, ADuplicateRowNamesBothPlaces) {
  CatalogDir dir;
  dir.write("kernels/releases.toml", std::string(kKernel) + "\n" + kKernel);
  EXPECT_EQ(dir.errors(), R"(error: '6.1' is defined twice in [[kernel]]
  --> CAT/kernels/releases.toml:7:1
   7 | [[kernel]]
     | ^^^^^^^^^^
note: first defined at CAT/kernels/releases.toml:1:1
)");
}

TEST(SchemaErrors, ADuplicateKeyNamesBothPlaces) {
  CatalogDir dir;
  dir.write("kernels/releases.toml", std::string(kKernel) + "\n[[kernel]]\nversion = \"6.2\"\nversion = \"6.3\"\n");
  EXPECT_EQ(dir.errors(), R"(error: 'version' is defined twice
  --> CAT/kernels/releases.toml:9:1
   9 | version = "6.3"
     | ^^^^^^^
note: first defined at CAT/kernels/releases.toml:8:1
)");
  dir.write("kernels/releases.toml", "[[kernel]]\ndebian = { suite = \"a\", suite = \"b\" }\n");
  EXPECT_EQ(dir.errors(), R"(error: 'suite' is defined twice
  --> CAT/kernels/releases.toml:2:25
   2 | debian = { suite = "a", suite = "b" }
     |                         ^^^^^
note: first defined at CAT/kernels/releases.toml:2:12
)");
}

TEST(SchemaErrors, BrokenTomlSaysWhere) {
  CatalogDir dir;
  dir.write("roots.toml", "[[root]]\nname = \"a\" \"b\"\n");
  EXPECT_EQ(dir.errors(), R"(error: 'CAT/roots.toml' is not TOML: expected a comment or whitespace, saw '"'
  --> CAT/roots.toml:2:12
   2 | name = "a" "b"
     |            ^
)");
}

TEST(SchemaErrors, AnUnfinishedHeaderSaysWhere) {
  CatalogDir dir;
  dir.write("roots.toml", "[\n[root]]\n");
  EXPECT_EQ(dir.errors(), R"(error: 'CAT/roots.toml' is not TOML: expected bare key starting character or string delimiter, saw '\n'
  --> CAT/roots.toml:1:2
   1 | [
     |  ^
)");
}

TEST(SchemaErrors, ALetterOutsideAsciiBetweenTokensSaysWhere) {
  CatalogDir dir;
  dir.write("roots.toml", "a = 1 \xc3\xa9\n");
  const auto catalog = dir.load();
  ASSERT_FALSE(catalog);
  EXPECT_NE(catalog.error().what.find("is not TOML: "), std::string::npos) << catalog.error().what;
  EXPECT_EQ(catalog.error().where->line, 1u);
  EXPECT_EQ(catalog.error().where->column, 7u);
}

TEST(SchemaErrors, ControlCharactersAreRefused) {
  CatalogDir dir;
  dir.write("roots.toml", std::string("a = 1\n[\0[root]]\n", 17));
  const auto catalog = dir.load();
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().what, "'" + (dir.path() / "roots.toml").string() + "' is not TOML: it has the control character U+0000");
  EXPECT_EQ(catalog.error().where->line, 2u);
  EXPECT_EQ(catalog.error().where->column, 2u);
}

TEST(SchemaErrors, ColumnsAreBytes) {
  CatalogDir dir;
  dir.write("roots.toml", "[[root]]\nname = \"b\"\nsuite = \"bookworm\"\npackages = [\"\xc3\xa9\", 3]\n");
  const auto catalog = dir.load();
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().where->column, 19u);
}

TEST(SchemaErrors, SourcesMustBeUsable) {
  CatalogDir dir;
  dir.write("kernels/releases.toml", R"([[kernel]]
version = "6.1"
released = "2022-13-11"
source = "s"

[[kernel]]
version = "6.2"
released = "2023-02-19"
urls = ["https://example.org/linux-6.2.tar.xz"]
source = "s"

[[kernel]]
version = "6.x"
released = "2023-02-19"
urls = ["https://example.org/linux-6.2.tar.xz"]
sha256 = "ABC"
source = "s"
)");
  EXPECT_EQ(dir.errors(), R"(error: '6.1' has no source: neither 'debian' nor 'urls'
  --> CAT/kernels/releases.toml:1:1
   1 | [[kernel]]
     | ^^^^^^^^^^
error: '2022-13-11' is not a date: it is not YYYY-MM-DD
  --> CAT/kernels/releases.toml:3:12
   3 | released = "2022-13-11"
     |            ^^^^^^^^^^^^
error: '6.2' has 'urls' but no 'sha256'
  --> CAT/kernels/releases.toml:6:1
   6 | [[kernel]]
     | ^^^^^^^^^^
error: '6.x' is not a version: 'x' is not a number
  --> CAT/kernels/releases.toml:13:11
  13 | version = "6.x"
     |           ^^^^^
error: 'ABC' is not a sha256: it is not 64 lower-case hexadecimal digits
  --> CAT/kernels/releases.toml:16:10
  16 | sha256 = "ABC"
     |          ^^^^^
)");
}

constexpr const char* kQuirk = R"([[quirk]]
id = "q"
when = { gcc = ">=5" }
reason = "r"
source = "s"
confidence = "observed"
)";

TEST(SchemaErrors, AQuirkNamesConstraintsAndPatchesThatAreThere) {
  CatalogDir dir;
  dir.write("kernels/patches/there.patch", "");
  dir.write("kernels/quirks.toml", std::string(kQuirk) + "lifts = [\"lost\"]\npatches = [\"there.patch\", \"their.patch\"]\n");
  EXPECT_EQ(dir.checked(), R"(error: 'lost' is not a constraint
  --> CAT/kernels/quirks.toml:7:10
   7 | lifts = ["lost"]
     |          ^^^^^^
error: 'their.patch' is not a file under kernels/patches/
  --> CAT/kernels/quirks.toml:8:27
   8 | patches = ["there.patch", "their.patch"]
     |                           ^^^^^^^^^^^^^
hint: did you mean 'there.patch'?
)");
}

TEST(SchemaErrors, AQuirkHoldsWordsLinesAndEditsThatABuildCanRead) {
  CatalogDir dir;
  dir.write("kernels/quirks.toml", std::string(kQuirk) + R"(cflags = ["-a -b"]
config = ["WERROR=n"]
edits = [{ file = "Makefile" }, { file = "/etc/x", copy_of = "y" }]
)");
  EXPECT_EQ(dir.errors(), R"(error: '-a -b' is not one word: write each argument by itself, without quotes
  --> CAT/kernels/quirks.toml:7:11
   7 | cflags = ["-a -b"]
     |           ^^^^^^^
error: 'WERROR=n' is not a line CONFIG_NAME=value
  --> CAT/kernels/quirks.toml:8:11
   8 | config = ["WERROR=n"]
     |           ^^^^^^^^^^
error: 'edits' wants one of 'sed' and 'copy_of'
  --> CAT/kernels/quirks.toml:9:10
   9 | edits = [{ file = "Makefile" }, { file = "/etc/x", copy_of = "y" }]
     |          ^^^^^^^^^^^^^^^^^^^^^
error: '/etc/x' is not a path below the kernel's tree
  --> CAT/kernels/quirks.toml:9:33
   9 | edits = [{ file = "Makefile" }, { file = "/etc/x", copy_of = "y" }]
     |                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
)");
}

TEST(SchemaErrors, ConditionsNameKnownVariables) {
  CatalogDir dir;
  dir.write("kernels/constraints.toml", R"([[constraint]]
id = "a"
when = { bits = 16, host_gcc = ">=5" }
require = { kernel = ">=3.7", kernal = ">=3.7" }
effect = "builds-not"
reason = "r"
source = "s"
)");
  EXPECT_EQ(dir.errors(), R"(error: 'bits' is neither 32 nor 64
  --> CAT/kernels/constraints.toml:3:17
   3 | when = { bits = 16, host_gcc = ">=5" }
     |                 ^^
error: 'host_gcc' is not a known value of 'when'
  --> CAT/kernels/constraints.toml:3:21
   3 | when = { bits = 16, host_gcc = ">=5" }
     |                     ^^^^^^^^
hint: did you mean 'host-gcc'?
error: 'kernal' is not a known value of 'require'
  --> CAT/kernels/constraints.toml:4:31
   4 | require = { kernel = ">=3.7", kernal = ">=3.7" }
     |                               ^^^^^^
hint: did you mean 'kernel'?
)");
}

TEST(SchemaErrors, ABuildRootSaysItsDateAndKnownTools) {
  CatalogDir dir;
  dir.write("roots.toml", "[[root]]\nname = \"build\"\nkind = \"build\"\nsuite = \"bookworm\"\npackages = []\ntools = { mak = \"4.3\", perl = \"5.x\" }\n");
  EXPECT_EQ(dir.errors(), R"(error: 'build' is of kind 'build' and has no 'released'
  --> CAT/roots.toml:1:1
   1 | [[root]]
     | ^^^^^^^^
error: 'mak' is not a known value of 'tools'
  --> CAT/roots.toml:6:11
   6 | tools = { mak = "4.3", perl = "5.x" }
     |           ^^^
hint: did you mean 'make'?
error: '5.x' is not a version: 'x' is not a number
  --> CAT/roots.toml:6:31
   6 | tools = { mak = "4.3", perl = "5.x" }
     |                               ^^^^^
)");
}

TEST(SchemaErrors, ATableInsteadOfRows) {
  CatalogDir dir;
  dir.write("roots.toml", "[root]\nname = \"a\"\n");
  EXPECT_EQ(dir.errors(), R"(error: 'root' is a table, not an array
  --> CAT/roots.toml:1:1
   1 | [root]
     | ^^^^^^
)");
}

TEST(SchemaErrors, AMisspelledFileIsNotIgnored) {
  CatalogDir dir;
  dir.write("kernels/constraint.toml", "");
  EXPECT_EQ(dir.errors(), "error: 'CAT/kernels/constraint.toml' is not a file of a catalog\nhint: did you mean 'constraints.toml'?\n");
}

TEST(SchemaErrors, AMisspelledDirectoryIsNotIgnored) {
  CatalogDir dir;
  dir.write("kernels/constraint/arm64.toml", "").write("kernels/README.md", "");
  EXPECT_EQ(dir.errors(), "error: 'CAT/kernels/constraint' is not a directory of a catalog\nhint: did you mean 'constraints'?\n");
}

TEST(SchemaErrors, OneNameForOnePlatform) {
  CatalogDir dir;
  std::string platforms = kSmallPlatforms;
  dir.write("platforms.toml", platforms.insert(platforms.rfind("endian"), "aliases = [\"arm64\"]\n"));
  EXPECT_EQ(dir.errors(), R"(error: 'arm64' names two platforms, 'arm64' and 'x86_64'
  --> CAT/platforms.toml:11:1
  11 | [[platform]]
     | ^^^^^^^^^^^^
)");
}

TEST(SchemaErrors, NotACatalog) {
  const auto missing = Catalog::load("/nonexistent/catalog");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().what, "'/nonexistent/catalog' is not a directory of a catalog or layer");
}

TEST(SchemaErrors, TextsOfTablesShow) {
  CatalogDir dir;
  dir.write("kernels/quirks.toml", "[[quirk]]\nid = \"a\\u001b[2J\"\nwhen = {}\nreason = \"r\u009b\"\nsource = \"S\u00fcd\"\nconfidence = \"observed\"\n");
  EXPECT_EQ(dir.checked(), "error: 'id' has characters that do not show: a\\u001b[2J\n  --> CAT/kernels/quirks.toml:2:6\n   2 | id = \"a\\u001b[2J\"\n     |      ^^^^^^^^^^^^\n"
                           "error: 'reason' has characters that do not show: r\\u009b\n  --> CAT/kernels/quirks.toml:4:10\n   4 | reason = \"r\\u009b\"\n     |          ^^^^^\n");
}

TEST(SchemaErrors, ARowIsCalledByOneWord) {
  const auto refusal = [](const std::string& id) {
    CatalogDir dir;
    dir.write("kernels/quirks.toml", "[[quirk]]\nid = \"" + id + "\"\nwhen = {}\nreason = \"r\"\nsource = \"s\"\nconfidence = \"observed\"\n");
    const std::string said = dir.checked();
    return said.substr(0, said.find('\n'));
  };
  const std::string form = "' is no name of a row: it is letters, digits, '-', '_', '.' and '+', a letter or digit first";
  for (const std::string id : {"", "a b", "../../x", "-x"}) EXPECT_EQ(refusal(id), "error: '" + id + form);
  EXPECT_EQ(refusal(std::string(101, 'x')), "error: '" + std::string(100, 'x') + "' is no name of a row: it has more than 100 characters");
}

TEST(SchemaErrors, HomepagesAndLicencesAreWhatTheySay) {
  CatalogDir dir;
  dir.write("scripts/a.sh", "").write("packages/x/recipe.toml", R"([package]
name = "x"
license = "GPL; rm -rf /"
homepage = "javascript:alert"
[build]
script = "a.sh"
)");
  EXPECT_EQ(dir.checked(), R"(error: 'GPL; rm -rf /' is not a licence: it is written as SPDX does, for instance GPL-2.0-or-later AND MIT
  --> CAT/packages/x/recipe.toml:3:11
   3 | license = "GPL; rm -rf /"
     |           ^^^^^^^^^^^^^^^
error: 'javascript:alert' is not a homepage: it begins with neither https:// nor http://
  --> CAT/packages/x/recipe.toml:4:12
   4 | homepage = "javascript:alert"
     |            ^^^^^^^^^^^^^^^^^^
)");
}

TEST(SchemaErrors, NothingFollowsFromAFileThatCannotBeRead) {
  CatalogDir dir;
  dir.write("scripts/a.sh", "").write("packages/x/recipe.toml", "[package]\nname = \"x\"\n[build]\nscript = \"a.sh\"\nroot = \"base\"\n");
  dir.write("kernels/machines.toml", "[[machine]]\nplatform = \"arm64\"\ndefconfig = \"d\"\nimage_target = \"i\"\nimage = \"i\"\nqemu = \"q\"\nqemu_root = \"base\"\n");
  dir.write("roots.toml", "x = = \n");
  EXPECT_EQ(dir.checked(), "error: 'CAT/roots.toml' is not TOML: could not determine value type\n  --> CAT/roots.toml:1:5\n   1 | x = = \n     |     ^\n");
  dir.write("roots.toml", "");
  EXPECT_NE(dir.checked().find("error: 'base' is not a root\n"), std::string::npos);
}

}  // namespace
}  // namespace swage
