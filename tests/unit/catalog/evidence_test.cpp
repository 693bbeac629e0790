// Records: their text, their mistakes, and who reads which.
#include "catalog/evidence.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/hash.hpp"
#include "support/catalogs.hpp"

namespace swage {
namespace {

EvidenceRow booted_row() {
  return {.kernel = "6.1.176",
          .platform = "arm64",
          .toolchain = "debian-gcc-12-arm64",
          .provider = "debian",
          .compiler = "gcc",
          .compiler_version = "12.2.0",
          .binutils = "2.40",
          .state = EvidenceState::booted,
          .when = "2026-01-31",
          .root = "build",
          .machine = "qemu-system-aarch64 -M virt",
          .kernel_drv = "/nix/store/00000000000000000000000000000000-linux.drv",
          .boot_drv = "/nix/store/00000000000000000000000000000000-boot.drv",
          .kernel_nar = std::string(64, 'a'),
          .boot_nar = std::string(64, 'b'),
          .banner = "Linux version 6.1.176 (\"quoted\")",
          .userland = "swage-boot-ok: Linux\t6.1.176",
          .build_seconds = 131,
          .boot_seconds = 4,
          .cores = 2,
          .lock = "2026-01-31-01234567.lock"};
}

// Writes a record where a catalog has them.
void put(const CatalogDir& dir, EvidenceRow row, const std::string& layer = "") {
  ASSERT_TRUE(write_evidence(dir.path() / layer / "evidence", row, "the log\n"));
}

std::vector<std::string> kernels(Result<const std::vector<EvidenceRow>*> rows) {
  if (!rows) return {render(rows.error())};
  std::vector<std::string> list;
  for (const EvidenceRow& row : **rows) list.push_back(row.kernel + " " + row.when);
  return list;
}
using Strings = std::vector<std::string>;

std::string mistakes(const EvidenceRow& row, const std::string& change_from = "", const std::string& change_to = "") {
  std::string text = evidence_text(row);
  if (const auto at = text.find(change_from); !change_from.empty()) text.replace(at, change_from.size(), change_to);
  const auto parsed = parse_evidence(text, "arm64/" + evidence_name(row) + ".toml");
  return parsed ? "no mistakes" : render(parsed.error());
}

TEST(Evidence, OfWhatWasForcedHasAFileOfItsOwn) {
  EvidenceRow row = booted_row();
  EXPECT_FALSE(row.is_overruled());
  row.forced = {"gcc-15-bool-x86"};
  EXPECT_TRUE(row.is_overruled());
  EXPECT_EQ(evidence_name(row), "linux-6.1.176-debian-gcc-12-arm64-forced-gcc-15-bool-x86");
  row.config = "defconfig";
  row.root = "build-trixie";
  row.root_named = true;
  EXPECT_EQ(evidence_name(row), "linux-6.1.176-debian-gcc-12-arm64-defconfig-forced-gcc-15-bool-x86-in-build-trixie");
  row.forced.clear();
  EXPECT_TRUE(row.is_overruled());
  EXPECT_EQ(evidence_name(row), "linux-6.1.176-debian-gcc-12-arm64-defconfig-in-build-trixie");
  row.forced = {"a", "b"};
  EXPECT_EQ(evidence_name(row), "linux-6.1.176-debian-gcc-12-arm64-defconfig-forced-" + sha256("a b").hex().substr(0, 8) + "-in-build-trixie");
  row.forced = {"../x"};
  EXPECT_EQ(evidence_name(row).find('/'), std::string::npos);
  EXPECT_NE(evidence_text(row).find("forced = [\"../x\"]\n"), std::string::npos);
  EXPECT_NE(evidence_text(row).find("root_named = true\n"), std::string::npos);
  row.failed_drv = row.kernel_drv;
  EXPECT_EQ(parse_evidence(evidence_text(row), "arm64/" + evidence_name(row) + ".toml").value().forced, row.forced);
  EXPECT_EQ(mistakes(row), "no mistakes");
  EXPECT_EQ(mistakes(row, "failed_drv = \"/nix", "failed_drv = \"nix").substr(0, 30), "error: 'nix/store/000000000000");
}

TEST(Evidence, IsSortedKeysInAFixedForm) {
  EXPECT_EQ(evidence_text(booted_row()), R"x([evidence]
banner = "Linux version 6.1.176 (\"quoted\")"
binutils = "2.40"
boot_drv = "/nix/store/00000000000000000000000000000000-boot.drv"
boot_nar = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
boot_seconds = 4
build_seconds = 131
compiler = "gcc"
compiler_version = "12.2.0"
config = "tiny"
cores = 2
kernel = "6.1.176"
kernel_drv = "/nix/store/00000000000000000000000000000000-linux.drv"
kernel_nar = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
lock = "2026-01-31-01234567.lock"
machine = "qemu-system-aarch64 -M virt"
platform = "arm64"
provider = "debian"
root = "build"
state = "booted"
toolchain = "debian-gcc-12-arm64"
userland = "swage-boot-ok: Linux\u00096.1.176"
when = "2026-01-31"
)x");
}

TEST(Evidence, NameHasTheConfigurationUnlessItIsTiny) {
  EvidenceRow row = booted_row();
  EXPECT_EQ(evidence_name(row), "linux-6.1.176-debian-gcc-12-arm64");
  row.config = "defconfig";
  EXPECT_EQ(evidence_name(row), "linux-6.1.176-debian-gcc-12-arm64-defconfig");
}

EvidenceRow row_of_a_tree() {
  EvidenceRow row = booted_row();
  row.tree = KernelTree{.url = "https://example.org/linux",
                        .commit = std::string(40, 'c'),
                        .directory = "kernel/linux",
                        .nar = "0123456789abcdef" + std::string(48, '0'),
                        .vendor = "acme",
                        .missing = {"drivers/a \"b\".h", "include/c.h"},
                        .executable = true};
  return row;
}

TEST(Evidence, SaysWhichTreeWhereThatIsNotTheRelease) {
  EXPECT_EQ(evidence_text(row_of_a_tree()), evidence_text(booted_row()) + R"x(
[tree]
commit = "cccccccccccccccccccccccccccccccccccccccc"
directory = "kernel/linux"
executable = true
missing = [
  "drivers/a \"b\".h",
  "include/c.h",
]
nar = "0123456789abcdef000000000000000000000000000000000000000000000000"
url = "https://example.org/linux"
vendor = "acme"
)x");
}

TEST(Evidence, NameHasTheTreeAndItsPatches) {
  EvidenceRow row = row_of_a_tree();
  EXPECT_EQ(evidence_name(row), "linux-6.1.176-debian-gcc-12-arm64-tree-01234567");
  row.tree->patches = {std::string(64, 'e') + " fix.patch"};
  EXPECT_EQ(evidence_name(row).size(), evidence_name(row_of_a_tree()).size());
  EXPECT_NE(evidence_name(row), evidence_name(row_of_a_tree())) << "another kernel, in another file";
}

TEST(EvidenceMistakes, NothingOfATreeLeadsElsewhere) {
  const auto says = [](const std::string& from, const std::string& to) {
    const std::string text = mistakes(row_of_a_tree(), from, to);
    return text.substr(0, text.find('\n'));
  };
  for (const char* path : {"../x", "/etc", "a//b", ".", ""}) {
    EXPECT_EQ(says("\"include/c.h\"", fmt::format("\"{}\"", path)),
              fmt::format("error: '{}' is not a path below a tree", path));
    EXPECT_EQ(says("\"kernel/linux\"", fmt::format("\"{}\"", path)),
              fmt::format("error: '{}' is not a path below a tree", path));
  }
  for (const char* url : {"file:///x", "/x", "ext::sh -c x", "https://-x", "--upload-pack=x"})
    EXPECT_EQ(says("https://example.org/linux", url),
              fmt::format("error: '{}' is not a URL that git fetches from", url));
  EXPECT_EQ(says("https://example.org", "https://me:secret@example.org"),
            "error: 'https://example.org/linux' has a user or a password in it");
  EXPECT_EQ(says(std::string(40, 'c'), "main"),
            "error: 'main' is not a whole commit of git: 40 or 64 hexadecimal digits");
  EXPECT_EQ(says("commit = \"" + std::string(40, 'c') + "\"\n", ""),
            "error: 'commit' is missing in [tree], and there is a 'url'");
  EXPECT_EQ(says("acme", "a b"),
            "error: 'a b' is not a vendor's name: letters, digits and . _ - after one of the first two");
  EXPECT_EQ(says("[tree]", "[tree]\npatches = [\"fix.patch\"]"),
            "error: 'fix.patch' is not a patch: write SHA256 NAME");
  EXPECT_EQ(says("[tree]", "[tree]\nkind = 1"), "error: 'kind' is not a key of [tree]");
}

TEST(Evidence, BytesThatAreNoTextBecomeTheReplacementCharacter) {
  EvidenceRow row = booted_row();
  row.banner = "a\xff\xc0\xafz \xed\xa0\x80 \xc3\xa9 \xf0\x9f\x90\xa7";
  const auto back = parse_evidence(evidence_text(row), "arm64/" + evidence_name(row) + ".toml");
  ASSERT_TRUE(back) << render(back.error());
  EXPECT_EQ(back->banner, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xc3\xa9 \xf0\x9f\x90\xa7");
}

// Any text of Unicode characters, the control characters more often than not.
rc::Gen<std::string> gen_text(bool maybe_empty = true) {
  return rc::gen::exec([=] {
    std::string text;
    for (int left = *rc::gen::inRange(maybe_empty ? 0 : 1, 12); left > 0; --left) {
      const char32_t c = *rc::gen::oneOf(rc::gen::inRange<char32_t>(1, 0x80), rc::gen::element<char32_t>('"', '\\', '\n', 0x7f, 0xe9, 0x20ac, 0x1f427),
                                         rc::gen::inRange<char32_t>(0xe000, 0xfffe));
      if (c < 0x80) text += static_cast<char>(c);
      else if (c < 0x800) text += {static_cast<char>(0xc0 | (c >> 6)), static_cast<char>(0x80 | (c & 63))};
      else if (c < 0x10000) text += {static_cast<char>(0xe0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 63)), static_cast<char>(0x80 | (c & 63))};
      else text += {static_cast<char>(0xf0 | (c >> 18)), static_cast<char>(0x80 | ((c >> 12) & 63)), static_cast<char>(0x80 | ((c >> 6) & 63)), static_cast<char>(0x80 | (c & 63))};
    }
    return text;
  });
}

RC_GTEST_PROP(EvidenceProperty, ReadingWhatWasWrittenGivesTheSameRow, ()) {
  const auto some_count = [] { return *rc::gen::inRange(0, 2) ? std::optional(*rc::gen::inRange(0U, 100000U)) : std::nullopt; };
  EvidenceRow row = booted_row();
  row.state = *rc::gen::element(EvidenceState::booted, EvidenceState::built, EvidenceState::failed);
  row.reason = *gen_text(row.state != EvidenceState::failed);
  row.userland = *gen_text(row.state != EvidenceState::booted);
  row.compiler = *rc::gen::element<std::string>("gcc", "clang");
  row.recipe = *rc::gen::element<std::string>("", "linux-rt", "tree+1");
  for (std::string* text : {&row.provider, &row.compiler_version, &row.binutils, &row.machine, &row.banner, &row.signature, &row.next})
    *text = *gen_text();
  for (auto* count : {&row.build_seconds, &row.boot_seconds, &row.cores}) *count = some_count();
  if (*rc::gen::inRange(0, 2)) {
    row.tree = row_of_a_tree().tree;
    row.tree->executable = *rc::gen::inRange(0, 2) == 1;
    for (auto* list : {&row.tree->missing, &row.tree->outputs, &row.tree->links})
      *list = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("a/b", "c d", "\u00e9\n"));
  }
  row.file = "arm64/" + evidence_name(row) + ".toml";
  const std::string text = evidence_text(row);
  const auto back = parse_evidence(text, row.file.string());
  RC_ASSERT(back);
  RC_ASSERT(*back == row);
  RC_ASSERT(evidence_text(*back) == text);
}

// They are opened, planned from and compared, long after they were read.
TEST(EvidenceMistakes, WhatARecordNamesIsWhatItMustBe) {
  const auto says = [](const std::string& from, const std::string& to) {
    const std::string text = mistakes(booted_row(), from, to);
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(says("-linux.drv", "-linux"), "error: '/nix/store/00000000000000000000000000000000-linux' is not a derivation: it is not /nix/store/HASH-NAME.drv");
  EXPECT_EQ(says("/nix/store/00000000000000000000000000000000-boot.drv", "/etc/passwd"), "error: '/etc/passwd' is not a derivation: it is not /nix/store/HASH-NAME.drv");
  EXPECT_EQ(says("\"build\"", "\"a/b\""), "error: 'a/b' is not the name of a root");
  EXPECT_EQ(says("kernel =", "recipe = \"a/b\"\nkernel ="), "error: 'a/b' is not the name of a recipe");
  for (const char* lock : {"", "/etc/passwd", "../2026-01-31-01234567.lock", "2026-01-32-01234567.lock", "2026-01-31-0123456X.lock"})
    EXPECT_EQ(says("2026-01-31-01234567.lock", lock), fmt::format("error: '{}' is not a lock file of records: it is not YYYY-MM-DD-HEX.lock", lock));
}

TEST(EvidencePlace, NothingIsWrittenThroughALinkOutOfIt) {
  const TempDir dir = TempDir::create("evidence").value();
  const fs::path place = dir.path() / "e", outside = dir.path() / "outside";
  ASSERT_TRUE(make_directories(outside));
  EXPECT_TRUE(check_evidence_place(place, {"arm64"}));
  EXPECT_FALSE(path_exists(place)) << "asked, not made";
  ASSERT_TRUE(make_directories(place / "real"));
  ASSERT_TRUE(make_symlink_atomically(outside.string(), place / "arm64"));
  ASSERT_TRUE(make_symlink_atomically("real", place / "mipsel"));
  for (const Result<void>& done : {write_evidence(place, booted_row(), "log\n"), check_evidence_place(place, {"arm64"})})
    EXPECT_EQ(done ? "no error" : done.error().what, fmt::format("'arm64' leads out of '{}'", place.string()));
  EXPECT_EQ(list_directory(outside)->size(), 0u);
  EvidenceRow row = booted_row();
  row.platform = "mipsel";
  EXPECT_TRUE(write_evidence(place, row, "log\n"));
  EXPECT_EQ(list_directory(place / "real")->size(), 2u);
  EXPECT_TRUE(check_evidence_place(place, {"mipsel"}));
  EXPECT_FALSE(check_evidence_place("/dev/null/e", {}));
}

TEST(EvidenceMistakes, AreShownInTheirPlace) {
  EXPECT_EQ(mistakes(booted_row()), "no mistakes");
  EXPECT_EQ(mistakes(booted_row(), "userland =", "usrland ="), R"(error: 'usrland' is not a key of [evidence]
  --> arm64/linux-6.1.176-debian-gcc-12-arm64.toml:22:1
  22 | usrland = "swage-boot-ok: Linux\u00096.1.176"
     | ^^^^^^^
hint: did you mean 'userland'?
)");
  EXPECT_EQ(mistakes(booted_row(), "\"booted\"", "\"boots\""), R"(error: 'boots' is not a known value of 'state'
  --> arm64/linux-6.1.176-debian-gcc-12-arm64.toml:20:9
  20 | state = "boots"
     |         ^^^^^^^
hint: did you mean 'booted'?
)");
  EXPECT_EQ(mistakes(booted_row(), "[evidence]", "[evidense]"), R"(error: 'evidense' is not a key of a record of evidence
  --> arm64/linux-6.1.176-debian-gcc-12-arm64.toml:1:2
   1 | [evidense]
     |  ^^^^^^^^
hint: did you mean 'evidence'?
)");
}

TEST(EvidenceMistakes, AStateMustHaveWhatItClaims) {
  EvidenceRow row = booted_row();
  row.boot_nar.clear();
  EXPECT_EQ(mistakes(row), R"(error: 'boot_nar' is missing in [evidence], and the state is 'booted'
  --> arm64/linux-6.1.176-debian-gcc-12-arm64.toml:19:9
  19 | state = "booted"
     |         ^^^^^^^^
)");
  row.state = EvidenceState::failed;
  EXPECT_NE(mistakes(row).find("'reason' is missing in [evidence], and the state is 'failed'"), std::string::npos);
  row.reason = "it burnt";
  EXPECT_EQ(mistakes(row), "no mistakes");
  row.state = EvidenceState::built;
  row.kernel_nar.clear();
  EXPECT_NE(mistakes(row).find("'kernel_nar' is missing in [evidence], and the state is 'built'"), std::string::npos);
}

TEST(EvidenceMistakes, ARecordIsWhatItsNameSays) {
  EXPECT_EQ(mistakes(booted_row(), "\"6.1.176\"", "\"6.1.177\""),
            R"(error: 'arm64/linux-6.1.176-debian-gcc-12-arm64.toml' is not the record that its name says: that is 'linux-6.1.177-debian-gcc-12-arm64.toml'
  --> arm64/linux-6.1.176-debian-gcc-12-arm64.toml:1:1
   1 | [evidence]
     | ^^^^^^^^^^
)");
  EXPECT_EQ(mistakes(booted_row(), "\"arm64\"", "\"mips\""), R"(error: 'arm64/linux-6.1.176-debian-gcc-12-arm64.toml' is not in its platform's directory 'mips'
  --> arm64/linux-6.1.176-debian-gcc-12-arm64.toml:17:12
  17 | platform = "mips"
     |            ^^^^^^
)");
}

TEST(CatalogEvidence, IsReadPerPlatformAndOnlyWhenAskedFor) {
  CatalogDir dir;
  put(dir, booted_row());
  dir.write("evidence/x86_64/linux-6.1.176-broken.toml", "broken");
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << "loading reads no record";
  EXPECT_EQ(kernels((*catalog)->evidence("arm64")), Strings{"6.1.176 2026-01-31"});
  EXPECT_EQ(kernels((*catalog)->evidence("x86_64")).front().find("error: "), 0u) << "the broken one was not read";
  EXPECT_EQ(kernels((*catalog)->evidence("sparc")), Strings{});
}

TEST(CatalogEvidence, OfOneCellReadsOnlyItsFiles) {
  CatalogDir dir;
  for (const char* kernel : {"6.1", "6.1.176", "6.1-rc3", "6.12"}) {
    EvidenceRow row = booted_row();
    row.kernel = kernel;
    put(dir, row);
  }
  dir.write("evidence/arm64/linux-6.2-broken.toml", "broken");
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog);
  EXPECT_EQ(kernels((*catalog)->evidence("arm64", Version::parse("6.1").value(), "")), Strings{"6.1 2026-01-31"});
  EXPECT_EQ(kernels((*catalog)->evidence("arm64", Version::parse("6.12").value(), "")), Strings{"6.12 2026-01-31"});
  EXPECT_EQ(kernels((*catalog)->evidence("arm64", Version::parse("6.3").value(), "")), Strings{});
}

TEST(CatalogEvidence, OfASeriesReadsOnlyItsFiles) {
  CatalogDir dir;
  for (const char* kernel : {"6.1", "6.1.176", "6.1.9", "6.1-rc3", "6.12.1", "2.6.32.71", "2.6.33"}) {
    EvidenceRow row = booted_row();
    row.kernel = kernel;
    put(dir, row);
  }
  for (const char* name : {"linux-6.12-broken", "linux-6-broken", "linux-2.6.3-broken", "other-6.1.1-broken"})
    dir.write(fmt::format("evidence/arm64/{}.toml", name), "broken");
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog);
  const auto of = [&](const char* kernel) { return kernels((*catalog)->evidence_of_series("arm64", Version::parse(kernel).value(), "")); };
  EXPECT_EQ(of("6.1.187"), (Strings{"6.1-rc3 2026-01-31", "6.1 2026-01-31", "6.1.9 2026-01-31", "6.1.176 2026-01-31"}));
  EXPECT_EQ(of("6.1-rc1"), of("6.1.187"));
  EXPECT_EQ(of("2.6.32"), Strings{"2.6.32.71 2026-01-31"});
  EXPECT_EQ(of("6.2"), Strings{});
  EXPECT_EQ(of("6.12").front().find("error: "), 0u) << "the broken one was not read";
}

// A record of before there were other recipes names none.
TEST(CatalogEvidence, OfOneRecipeIsKeptApartFromThatOfAnother) {
  CatalogDir dir;
  dir.write("packages/kern/recipe.toml", "[package]\nname = \"kern\"\n[build]\nscript = \"kern.sh\"\n").write("scripts/kern.sh", "");
  dir.write("kernels/releases.toml", "[releases]\nrecipe = \"kern\"\n");
  EvidenceRow row = booted_row();
  put(dir, row);
  row.recipe = "kern-rt";
  row.when = "2026-02-02";
  put(dir, row);
  EXPECT_TRUE(path_exists(dir.path() / "evidence/arm64" / ("kern-rt-6.1.176-" + row.toolchain + ".toml")));
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  const Version kernel = Version::parse("6.1.176").value();
  EXPECT_EQ(kernels((*catalog)->evidence("arm64", kernel, "kern")), Strings{"6.1.176 2026-01-31"});
  EXPECT_EQ(kernels((*catalog)->evidence("arm64", kernel, "kern-rt")), Strings{"6.1.176 2026-02-02"});
  EXPECT_EQ(kernels((*catalog)->evidence("arm64", kernel, "kern-")), Strings{});
  const std::vector<EvidenceRow>& all = **(*catalog)->evidence("arm64");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ((*catalog)->recipe_of(all[0]) + " " + (*catalog)->recipe_of(all[1]), "kern kern-rt");
}

TEST(CatalogEvidence, IsSortedByVersion) {
  CatalogDir dir;
  for (const char* kernel : {"6.12", "6.1.9", "5.10.223", "6.1.176"}) {
    EvidenceRow row = booted_row();
    row.kernel = kernel;
    put(dir, row);
  }
  EXPECT_EQ(kernels((*dir.load())->evidence("arm64")), (Strings{"5.10.223 2026-01-31", "6.1.9 2026-01-31", "6.1.176 2026-01-31", "6.12 2026-01-31"}));
}

TEST(CatalogEvidence, TheLatestOfSeveralLayersCounts) {
  CatalogDir dir;
  EvidenceRow row = booted_row();
  put(dir, row);
  row.when = "2025-12-31";
  put(dir, row, "old");
  EXPECT_EQ(kernels((*dir.load({"old"}))->evidence("arm64")), Strings{"6.1.176 2026-01-31"});
  row.when = "2026-02-01";
  put(dir, row, "new");
  const auto catalog = dir.load({"new", "old"});
  ASSERT_TRUE(catalog);
  const auto rows = (*catalog)->evidence("arm64");
  EXPECT_EQ(kernels(rows), Strings{"6.1.176 2026-02-01"});
  EXPECT_EQ(evidence_log((*rows)->front()), dir.path() / "new/evidence/arm64/linux-6.1.176-debian-gcc-12-arm64.log");
  EXPECT_EQ(evidence_lock((*rows)->front()), dir.path() / "new/evidence/locks/2026-01-31-01234567.lock");
}

TEST(CatalogEvidence, CheckReadsEveryRecordAndItsLock) {
  CatalogDir dir;
  put(dir, booted_row());
  dir.write("evidence/arm46/x.toml", "");
  const auto found = [&] {
    std::string text;
    for (const Error& error : check_catalog(dir.path())) text += render(error);
    for (std::size_t at; (at = text.find(dir.path().string())) != std::string::npos;) text.replace(at, dir.path().string().size(), "CAT");
    return text;
  };
  EXPECT_EQ(found(), R"(error: 'CAT/evidence/arm64/linux-6.1.176-debian-gcc-12-arm64.toml' has no lock file 'CAT/evidence/locks/2026-01-31-01234567.lock'
  --> CAT/evidence/arm64/linux-6.1.176-debian-gcc-12-arm64.toml:15:8
  15 | lock = "2026-01-31-01234567.lock"
     |        ^^^^^^^^^^^^^^^^^^^^^^^^^^
error: 'CAT/evidence/arm46' is not a platform's directory
hint: did you mean 'arm64'?
)");
  fs::remove(dir.path() / "evidence/arm46/x.toml");
  fs::remove(dir.path() / "evidence/arm46");
  dir.write("evidence/locks/2026-01-31-01234567.lock", "");
  EXPECT_EQ(found(), "");
}

}  // namespace
}  // namespace swage
