#include <archive.h>
#include <archive_entry.h>
#include <clocale>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fetch/fetch.hpp"

namespace swage {
namespace {

struct Item {
  std::string name{};
  mode_t type = AE_IFREG;
  std::string content{};      // or where a link leads
  bool hard_link = false;
  mode_t mode = 0644;
};

enum class Format { tar, ar, zip };
enum class Filter { none, gzip, xz, zstd };

std::string pack(const std::vector<Item>& items, Format format = Format::tar, Filter filter = Filter::none) {
  const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);   // the writer's alone: the reader must not need it
  const locale_t before = ::uselocale(utf8);
  archive* writer = archive_write_new();
  if (format == Format::tar) archive_write_set_format_pax_restricted(writer);
  if (format == Format::ar) archive_write_set_format_ar_svr4(writer);
  if (format == Format::zip) archive_write_set_format_zip(writer);
  if (filter == Filter::gzip) archive_write_add_filter_gzip(writer);
  if (filter == Filter::xz) archive_write_add_filter_xz(writer);
  if (filter == Filter::zstd) archive_write_add_filter_zstd(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  std::string out(1 << 20, '\0');
  std::size_t used = 0;
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  for (const Item& item : items) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, item.name.c_str());
    archive_entry_set_perm(entry, item.mode);
    if (item.hard_link) archive_entry_set_hardlink(entry, item.content.c_str());
    else archive_entry_set_filetype(entry, item.type);
    if (item.type == AE_IFLNK) archive_entry_set_symlink(entry, item.content.c_str());
    const bool data = item.type == AE_IFREG && !item.hard_link;
    archive_entry_set_size(entry, data ? static_cast<la_int64_t>(item.content.size()) : 0);
    EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK) << archive_error_string(writer);
    if (data) archive_write_data(writer, item.content.data(), item.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  ::uselocale(before);
  ::freelocale(utf8);
  out.resize(used);
  return out;
}

std::string pack_deb(const std::vector<Item>& items, Filter filter = Filter::xz, const std::string& version = "2.0\n") {
  return pack({{.name = "debian-binary", .content = version},
               {.name = "control.tar.xz", .content = pack({{.name = "./control", .content = "Package: x\n"}}, Format::tar, Filter::xz)},
               {.name = "data.tar.xz", .content = pack(items, Format::tar, filter)}},
              Format::ar);
}

class ArchiveTest : public testing::Test {
 protected:
  TempDir dir = TempDir::create("archive").value();
  fs::path target = dir.path() / "target";

  fs::path file(const std::string& name, const std::string& bytes) {
    fs::path path = dir.path() / name;
    EXPECT_TRUE(write_file_atomically(path, bytes).has_value());
    return path;
  }
  // "" when it worked; after an error nothing may be left.
  std::string unpack_bytes(const std::string& bytes) { return outcome(extract_archive(file("x.tar", bytes), target)); }
  std::string unpack(const std::vector<Item>& items) { return unpack_bytes(pack(items)); }
  std::string take(const std::string& bytes, std::string_view member = "./bin/busybox") {
    return outcome(extract_deb_member(file("x.deb", bytes), member, target));
  }
  std::string outcome(const Result<void>& done) {
    if (done) return "";
    EXPECT_FALSE(path_exists(target));
    EXPECT_EQ(list_directory(dir.path())->size(), 1U) << "litter";
    return done.error().what;
  }
};

const std::vector<Item> kPackage = {{.name = "./", .type = AE_IFDIR, .mode = 0755},
                                    {.name = "./bin/", .type = AE_IFDIR, .mode = 0755},
                                    {.name = "./bin/busybox", .content = "ELF and so on", .mode = 0755},
                                    {.name = "./bin/sh", .type = AE_IFLNK, .content = "busybox"},
                                    {.name = "./bin/ash", .content = "./bin/busybox", .hard_link = true}};

TEST_F(ArchiveTest, TakesAMemberOfAPackage) {
  for (Filter filter : {Filter::none, Filter::gzip, Filter::xz, Filter::zstd}) {
    ASSERT_EQ(take(pack_deb(kPackage, filter)), "");
    EXPECT_EQ(read_file(target).value(), "ELF and so on");
    struct stat st {};
    ASSERT_EQ(::stat(target.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0555U);
    ASSERT_TRUE(remove_tree(target).has_value());
  }
  EXPECT_EQ(take(pack_deb(kPackage), "bin/busybox"), "");
}

TEST_F(ArchiveTest, TakesOnlyPlainFiles) {
  EXPECT_EQ(take(pack_deb(kPackage), "./bin/bash"), "'x.deb' has no file './bin/bash'");
  EXPECT_EQ(take(pack_deb(kPackage), "./bin/sh"), "'./bin/sh' of 'x.deb' is a symbolic link, not a file");
  EXPECT_EQ(take(pack_deb(kPackage), "./bin/ash"), "'./bin/ash' of 'x.deb' is a hard link, not a file");
  EXPECT_EQ(take(pack_deb(kPackage), "./bin/"), "'./bin/' of 'x.deb' is a directory, not a file");
  EXPECT_EQ(take(pack_deb({{.name = "./bin/busybox", .type = AE_IFCHR}})), "'./bin/busybox' of 'x.deb' is a special file, not a file");
}

TEST_F(ArchiveTest, RefusesWhatIsNoPackage) {
  EXPECT_EQ(take(""), "'x.deb' is not a Debian package");
  EXPECT_EQ(take("<html>not found</html>"), "'x.deb' is not a Debian package");
  EXPECT_EQ(take(pack({{.name = "data.tar", .content = "x"}}, Format::ar)), "'x.deb' is not a Debian package");
  EXPECT_EQ(take(pack_deb(kPackage, Filter::xz, "3.0\n")), "'x.deb' is not a Debian package of format 2");
  EXPECT_EQ(take(pack({{.name = "debian-binary", .content = "2.0\n"}}, Format::ar)), "'x.deb' is truncated or damaged");
  EXPECT_EQ(take(pack({{.name = "debian-binary", .content = "2.0\n"}, {.name = "data.tar", .content = "no tar"}}, Format::ar)),
            "'x.deb' is truncated or damaged");
}

TEST_F(ArchiveTest, RefusesAPackageCutAnywhere) {
  const std::string whole = pack_deb(kPackage);
  for (std::size_t size = 0; size < whole.size() - 1; size += 7)
    EXPECT_NE(take(whole.substr(0, size)), "") << size << " of " << whole.size();
}

TEST_F(ArchiveTest, UnpacksATreeWithoutItsTopDirectory) {
  const std::vector<Item> items = {{.name = "linux-6.1/", .type = AE_IFDIR, .mode = 0700},
                                   {.name = "linux-6.1/Makefile", .content = "VERSION = 6\n"},
                                   {.name = "linux-6.1/scripts/run", .content = "#!/bin/sh\n", .mode = 0700},
                                   {.name = "linux-6.1/link", .type = AE_IFLNK, .content = "../../outside"},
                                   {.name = "linux-6.1/h", .content = "linux-6.1/Makefile", .hard_link = true},
                                   {.name = "linux-6.1/\xc3\xa9t\xc3\xa9", .content = "summer"}};
  for (Filter filter : {Filter::none, Filter::gzip, Filter::xz, Filter::zstd}) {
    ASSERT_EQ(unpack_bytes(pack(items, Format::tar, filter)), "");
    EXPECT_EQ(list_directory(target).value(), (std::vector<std::string>{"Makefile", "h", "link", "scripts", "\xc3\xa9t\xc3\xa9"}));
    EXPECT_EQ(read_file(target / "h").value(), "VERSION = 6\n");
    EXPECT_EQ(swage::read_symlink(target / "link").value(), "../../outside");
    struct stat st {};
    ASSERT_EQ(::stat((target / "scripts/run").c_str(), &st), 0);
    EXPECT_TRUE(st.st_mode & 0100);
    ASSERT_TRUE(remove_tree(target).has_value());
  }
}

TEST_F(ArchiveTest, KeepsTheTopWhenEntriesDoNotShareOne) {
  ASSERT_EQ(unpack({{.name = "./a/x", .content = "1"}, {.name = "b", .content = "2"}}), "");
  EXPECT_EQ(list_directory(target).value(), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(remove_tree(target).has_value());
  ASSERT_EQ(unpack_bytes(pack({{.name = "only", .content = "2"}}, Format::zip)), "");
  EXPECT_EQ(list_directory(target).value(), (std::vector<std::string>{"only"}));
  EXPECT_EQ(extract_archive(dir.path() / "x.tar", target).error().what, fmt::format("'{}' is there already", target.string()));
}

TEST_F(ArchiveTest, OneThatHoldsNothingIsNoTree) {
  EXPECT_EQ(unpack({}), "'x.tar' is an empty archive");
  EXPECT_EQ(unpack({{.name = "tool-1/", .type = AE_IFDIR}}), "'x.tar' is an empty archive");
}

TEST_F(ArchiveTest, ALaterEntryReplacesAnEarlierOneOfItsName) {
  ASSERT_EQ(unpack({{.name = "a", .type = AE_IFLNK, .content = "/etc/passwd"}, {.name = "a", .content = "new"}}), "");
  EXPECT_EQ(read_file(target / "a").value(), "new");
  struct stat st {};
  ASSERT_EQ(::lstat((target / "a").c_str(), &st), 0);
  EXPECT_TRUE(S_ISREG(st.st_mode));
}

// As bsdtar does it, by which builds read archives; tests/boot/test_sources.py compares both.
TEST_F(ArchiveTest, ADirectoryTakesTheNameOfALinkAndAFileThatOfAnEmptyDirectory) {
  const std::string elsewhere = (dir.path() / "elsewhere").string();
  ASSERT_EQ(unpack({{.name = "t/a", .type = AE_IFLNK, .content = elsewhere}, {.name = "t/a/", .type = AE_IFDIR}, {.name = "t/a/x", .content = "x"}}), "");
  EXPECT_EQ(read_file(target / "a/x").value(), "x");
  EXPECT_FALSE(path_exists(elsewhere));
  ASSERT_TRUE(remove_tree(target).has_value());
  ASSERT_EQ(unpack({{.name = "t/a", .content = "x"}, {.name = "t/a/", .type = AE_IFDIR}, {.name = "t/b/", .type = AE_IFDIR}, {.name = "t/b", .content = "y"}}), "");
  EXPECT_EQ(list_directory(target / "a").value(), std::vector<std::string>{});
  EXPECT_EQ(read_file(target / "b").value(), "y");
  ASSERT_TRUE(remove_tree(target).has_value());
  // On top, where the directory was the last that was written in.
  ASSERT_EQ(unpack({{.name = "a/", .type = AE_IFDIR}, {.name = "a", .content = "1"}, {.name = "a/", .type = AE_IFDIR}, {.name = "a/b", .content = "2"}, {.name = "c", .content = "3"}}), "");
  EXPECT_EQ(read_file(target / "a/b").value(), "2");
}

TEST_F(ArchiveTest, AHardLinkMayBeToASymbolicLinkItself) {
  ASSERT_EQ(unpack({{.name = "t/a", .type = AE_IFLNK, .content = "/etc/passwd"}, {.name = "t/h", .content = "t/a", .hard_link = true}}), "");
  EXPECT_EQ(swage::read_symlink(target / "h").value(), "/etc/passwd");
}

TEST_F(ArchiveTest, HasADepth) {
  std::string deep = "t/";
  for (int i = 0; i < 498; ++i) deep += "d/";
  EXPECT_EQ(unpack({{.name = deep + "x", .content = "1"}}), "");
  ASSERT_TRUE(remove_tree(target).has_value());
  EXPECT_EQ(unpack({{.name = deep + "d/x", .content = "1"}}), "'t/...' in 'x.tar' is more than 500 directories deep");
}

TEST_F(ArchiveTest, ChecksumsAreChecked) {
  const std::string whole = pack({{.name = "t/a", .content = "text of a file"}}, Format::tar, Filter::gzip);
  EXPECT_EQ(unpack_bytes(whole.substr(0, whole.size() - 8) + std::string(8, '\0')), "'x.tar' is truncated or damaged");
  EXPECT_EQ(unpack_bytes(whole.substr(0, whole.size() - 4)), "'x.tar' is truncated or damaged");
  EXPECT_EQ(unpack_bytes(whole + std::string(5000, '\0') + "garbage"), "");
  ASSERT_TRUE(remove_tree(target).has_value());
  std::string noise;   // which zip does not make smaller, so that a byte of it can be changed
  for (unsigned i = 0, x = 1; i < 2000; ++i) noise += static_cast<char>((x = x * 1103515245 + 12345) >> 16);
  std::string zip = pack({{.name = "a", .content = noise}}, Format::zip);
  ASSERT_EQ(unpack_bytes(zip), "");
  ASSERT_TRUE(remove_tree(target).has_value());
  zip[zip.size() / 2] ^= 1;
  EXPECT_EQ(unpack_bytes(zip), "'x.tar' is truncated or damaged");
}

TEST_F(ArchiveTest, RefusesEveryWayOut) {
  EXPECT_EQ(unpack({{.name = "/etc/passwd", .content = "x"}}), "'/etc/passwd' in 'x.tar' has an absolute name");
  EXPECT_EQ(unpack({{.name = "a/../../b", .content = "x"}}), "'a/../../b' in 'x.tar' leaves the tree through '..'");
  EXPECT_EQ(unpack({{.name = "..", .type = AE_IFDIR}}), "'../' in 'x.tar' leaves the tree through '..'");
  EXPECT_EQ(unpack({{.name = "a", .type = AE_IFLNK, .content = "/tmp"}, {.name = "a/x", .content = "x"}}),
            "'a/x' in 'x.tar' would be written through the symbolic link 'a'");
  EXPECT_EQ(unpack({{.name = "d/a", .type = AE_IFLNK, .content = "."}, {.name = "d/a/b/x", .content = "x"}}),
            "'d/a/b/x' in 'x.tar' would be written through the symbolic link 'd/a'");
  EXPECT_EQ(unpack({{.name = "h", .content = "/etc/passwd", .hard_link = true}}), "'h' in 'x.tar' is a hard link to the absolute name '/etc/passwd'");
  EXPECT_EQ(unpack({{.name = "h", .content = "../x", .hard_link = true}}), "'h' in 'x.tar' is a hard link to '../x', which leaves the tree through '..'");
  EXPECT_EQ(unpack({{.name = "a", .type = AE_IFLNK, .content = "/etc"}, {.name = "h", .content = "a/passwd", .hard_link = true}}),
            "'h' in 'x.tar' is a hard link to 'a/passwd', which is no file of the archive");
  EXPECT_EQ(unpack({{.name = "a", .type = AE_IFDIR}, {.name = "h", .content = "a", .hard_link = true}}),
            "'h' in 'x.tar' is a hard link to 'a', which is no file of the archive");
  EXPECT_EQ(unpack({{.name = "dev/sda", .type = AE_IFBLK}}), "'dev/sda' in 'x.tar' is a device");
  EXPECT_EQ(unpack({{.name = "dev/null", .type = AE_IFCHR}}), "'dev/null' in 'x.tar' is a device");
  EXPECT_EQ(unpack({{.name = "p", .type = AE_IFIFO}}), "'p' in 'x.tar' is a FIFO");
  EXPECT_EQ(unpack({{.name = "a", .content = "x"}, {.name = "a/b", .content = "x"}}), "'a/b' in 'x.tar' would be written below the file 'a'");
  EXPECT_EQ(unpack({{.name = "a/b", .content = "x"}, {.name = "a", .content = "x"}}), "'a' in 'x.tar' is a directory and a file");
  EXPECT_EQ(unpack({{.name = ".", .content = "x"}}), "'.' in 'x.tar' has no name in the tree");
}

TEST_F(ArchiveTest, RefusesWhatIsNoArchiveOrCut) {
  EXPECT_EQ(unpack_bytes(std::string()), "'x.tar' is not an archive: tar, cpio, zip and 7z are read");
  EXPECT_EQ(unpack_bytes(std::string("no archive at all")), "'x.tar' is not an archive: tar, cpio, zip and 7z are read");
  // mtree takes its data from files of the host: it must not be read as an archive.
  EXPECT_EQ(unpack_bytes(std::string("#mtree\na type=file contents=/etc/passwd\n")), "'x.tar' is not an archive: tar, cpio, zip and 7z are read");
  std::string noise;
  for (unsigned i = 0, x = 1; i < 20000; ++i) noise += static_cast<char>((x = x * 1103515245 + 12345) >> 16);
  const std::string xz = pack({{.name = "a", .content = noise}}, Format::tar, Filter::xz);
  EXPECT_EQ(unpack_bytes(xz.substr(0, xz.size() / 2)), "'x.tar' is truncated or damaged");
  const std::string tar = pack({{.name = "a", .content = noise}});
  EXPECT_EQ(unpack_bytes(tar.substr(0, 10000)), "'x.tar' is truncated or damaged");
}

}  // namespace
}  // namespace swage
