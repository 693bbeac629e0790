// Images that are made wrong, and what is said of them. File systems are made by mke2fs and mkfs.vfat.
#include "image/image_audit.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "image_elf.hpp"
#include "image_tools.hpp"
#include "catalog/catalog.hpp"

namespace swage {
namespace {

using testing::HasSubstr;

constexpr const char* kStorePath = "/nix/store/00000000000000000000000000000000-busybox-1.35.0";

class ImageAudit : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& bytes, unsigned mode = 0755) {
    const fs::path path = dir.path("root") / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    ::chmod(path.c_str(), mode);
  }
  void link(const std::string& target, const std::string& name) {
    fs::create_directories((dir.path("root") / name).parent_path());
    fs::create_symlink(target, dir.path("root") / name);
  }
  // Programs and libraries that fit together.
  void put_good() {
    put("lib/ld-linux-aarch64.so.1", MadeElf{.type = 3}.bytes());
    put("usr/lib/aarch64-linux-gnu/libc.so.6", MadeElf{.type = 3}.bytes());
    put("opt/tool/lib/libown.so", MadeElf{.type = 3}.bytes());
    put("opt/tool/bin/tool", MadeElf{.interpreter = "/lib/ld-linux-aarch64.so.1", .needed = {"libown.so", "libc.so.6"}, .search = {"$ORIGIN/../lib"}}.bytes());
    put("bin/busybox", MadeElf{}.bytes());
    link("busybox", "bin/sh");
    link("../../bin", "usr/local/bin");
    put("etc/rc", "#!/bin/sh\necho\n");
    put("etc/env", "#!/usr/local/bin/env sh\n");
    link("busybox", "bin/env");
    put("etc/notes", "#!/bin/perl is not here, and nothing runs this\n", 0644);
    link("/run/resolv.conf", "etc/resolv.conf");
  }
  fs::path ext4() {
    std::ofstream(dir.path("ext4")).close();
    fs::resize_file(dir.path("ext4"), 8 << 20);
    dir.run({"mke2fs", "-q", "-t", "ext4", "-d", dir.path("root").string(), dir.path("ext4").string()});
    return dir.path("ext4");
  }
  std::string audited(const fs::path& image, const char* platform = "arm64") {
    const FileBytes bytes = FileBytes::open(image).value();
    auto volumes = audit_volumes(bytes).value();
    const AuditQuestion question{.platform = catalog->platform(platform).value(),
                                 .known = catalog->platforms(),
                                 .firmware = {"start*.elf"},
                                 .build_libraries = "x86_64-linux-gnu"};
    const auto findings = audit_image(volumes, question).value();
    const std::string json = audit_json(volumes, findings, *question.platform, "image").dump();
    EXPECT_THAT(json, HasSubstr(findings.empty() ? "\"right\":true" : "\"right\":false"));
    return audit_text(volumes, findings, *question.platform, "image");
  }

  std::shared_ptr<const Catalog> catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  ImageDir dir;
};

TEST_F(ImageAudit, NothingIsWrongWithAGoodOne) {
  put_good();
  EXPECT_EQ(audited(ext4()), R"('image' for arm64
  the image: ext4, 8 files, 5 programs, 3 scripts

nothing is wrong: 0 errors
)");
}

TEST_F(ImageAudit, EveryMistakeIsTold) {
  put_good();
  put("bin/native", MadeElf{.machine = 62, .interpreter = "/lib64/ld-linux-x86-64.so.2"}.bytes());
  put("bin/lost", MadeElf{.interpreter = "/lib/ld-musl-aarch64.so.1", .needed = {"libz.so.1", "libc.so.6"}}.bytes());
  put("lib/libz.so.1", MadeElf{.machine = 62, .type = 3}.bytes());
  put("bin/searching", MadeElf{.needed = {"libc.so.6"}, .search = {std::string(kStorePath) + "/lib", "/usr/lib/x86_64-linux-gnu"}}.bytes());
  put("bin/cut", MadeElf{}.bytes().substr(0, 100));
  put("bin/script", std::string("#!") + kStorePath + "/bin/sh\n");
  put("bin/perl-script", "#!/usr/bin/perl -w\n");
  put("bin/python-script", "#!/bin/env python3\n");
  put("etc/config", std::string(2'000'000, 'x') + "path = " + kStorePath + "/share\nlibraries = /usr/lib/x86_64-linux-gnu/gconv\n", 0644);
  link(std::string(kStorePath) + "/bin/ls", "bin/ls");
  const std::string store = kStorePath;
  EXPECT_EQ(audited(ext4()), R"('image' for arm64
  the image: ext4, 17 files, 10 programs, 6 scripts

error: 'bin/cut' is damaged: it is an ELF that ends at byte 100, and its program headers are said to end at 120
note: on the image

error: 'bin/lost' is started by '/lib/ld-musl-aarch64.so.1', which is not in the image
note: on the image

error: 'bin/lost' needs 'libz.so.1', which is not in the image
note: on the image

error: 'bin/ls' leads to ')" + store + R"(/bin/ls', which is of the machine that made the image
note: on the image

error: 'bin/native' is of x86_64, and the image is for arm64
note: on the image

error: 'bin/perl-script' is run by '/usr/bin/perl', which is not in the image
note: on the image

error: 'bin/python-script' is run by 'python3', which is in no directory of programs of the image
note: on the image

error: 'bin/script' is run by ')" + store + R"(/bin/sh', which is of the machine that made the image
note: on the image
hint: say #!/bin/sh, or what the image has

error: 'bin/script' names ')" + store + R"(', which is of the machine that made the image
note: on the image

error: 'bin/searching' looks for libraries in ')" + store + R"(/lib', which is of the machine that made the image
note: on the image

error: 'bin/searching' looks for libraries in '/usr/lib/x86_64-linux-gnu', which is of the machine that made the image
note: on the image

error: 'bin/searching' names ')" + store + R"(', which is of the machine that made the image
note: on the image

error: 'etc/config' names ')" + store + R"(', which is of the machine that made the image
note: on the image

error: 'etc/config' names the directory 'x86_64-linux-gnu' of the machine that made the image
note: on the image

error: 'lib/libz.so.1' is of x86_64, and the image is for arm64
note: on the image

it is not right: 15 errors
)");
}

TEST_F(ImageAudit, PartitionsAreLookedIntoAndFirmwareOfOtherProcessorsIsNot) {
  put("bin/sh", MadeElf{}.bytes());
  const fs::path root = ext4();
  const fs::path boot = dir.fat("boot", 2048);
  dir.copy_in(boot, dir.file("start", MadeElf{.machine = 137, .bits = 32}.bytes()), "start4.elf");
  dir.copy_in(boot, dir.file("tool", MadeElf{.machine = 62}.bytes()), "tool.elf");
  const fs::path disk = dir.disk("disk", 16, "label: dos\nstart=2048, size=4096, type=c\nstart=8192, size=16384, type=83\nstart=24576, size=2048, type=83\n");
  ImageDir::put(disk, 1 << 20, read_file(boot).value());
  ImageDir::put(disk, 4 << 20, read_file(root).value());
  EXPECT_EQ(audited(disk), R"('image' for arm64
  partition 1: vfat, 2 files, 1 program, 0 scripts
  partition 2: ext4, 1 file, 1 program, 0 scripts
  partition 3: no file system that is known begins there

error: 'tool.elf' is of x86_64, and the image is for arm64
note: on partition 1

error: partition 3 is not audited: no file system that is known begins there

it is not right: 2 errors
)");
}

std::string cpio_file(const std::string& name, unsigned mode, const std::string& content, unsigned names = 1) {
  std::string out = fmt::format("070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{}", 1, mode, 7, 8, names, 0,
                                content.size(), 0, 0, 0, 0, name.size() + 1, 0, name);
  out += '\0';
  out.resize((out.size() + 3) / 4 * 4, '\0');
  out += content;
  out.resize((out.size() + 3) / 4 * 4, '\0');
  return out;
}

TEST_F(ImageAudit, TheInitramfsOfTheBootFileSystemIsLookedInto) {
  const std::string whole = cpio_file(".", 0040755, "") + cpio_file("./bin", 0040755, "") + cpio_file("./bin/busybox", 0100755, MadeElf{.machine = 62}.bytes()) +
                            cpio_file("./bin/sh", 0120777, "busybox") + cpio_file("./init", 0100755, "#!/bin/sh\n") + cpio_file("TRAILER!!!", 0, "");
  const fs::path boot = dir.fat("boot", 4096);
  dir.copy_in(boot, dir.file("plain", whole), "plain.cpio");
  dir.run({"gzip", "-k", dir.path("plain").string()});
  dir.copy_in(boot, dir.path("plain.gz"), "packed.gz");
  dir.copy_in(boot, dir.file("cut", whole.substr(0, 400)), "cut.cpio");
  EXPECT_EQ(audited(boot), R"('image' for arm64
  the image: vfat, 3 files, 0 programs, 0 scripts
  'cut.cpio' on the image: it is an initramfs whose file at byte 228 is not all there
  'packed.gz' on the image: initramfs, 2 files, 1 program, 1 script
  'plain.cpio' on the image: initramfs, 2 files, 1 program, 1 script

error: 'cut.cpio' on the image is not audited: it is an initramfs whose file at byte 228 is not all there

error: 'bin/busybox' is of x86_64, and the image is for arm64
note: on 'packed.gz' on the image

error: 'bin/busybox' is of x86_64, and the image is for arm64
note: on 'plain.cpio' on the image

it is not right: 3 errors
)");
  const auto tree = open_cpio_tree(whole).value();
  EXPECT_EQ(tree->find("init")->uid, 7u);
  EXPECT_EQ(tree->find("init")->gid, 8u);
  for (std::size_t size = 0; size < whole.size() - 124; ++size)
    if (const auto cut = open_cpio_tree(whole.substr(0, size)); cut || cut.error().code != Errc::corrupt) ADD_FAILURE() << size;
}

// As distributions put microcode before the rest.
TEST_F(ImageAudit, ArchivesBehindEachOtherAreOneInitramfs) {
  const std::string end = cpio_file("TRAILER!!!", 0, "");
  const std::string first = cpio_file("microcode", 0100644, "m", 2) + end + std::string(512, '\0'), last = cpio_file("late", 0100644, "l") + end;
  dir.file("second", cpio_file("init", 0100755, "#!/bin/sh\n") + cpio_file("same", 0100644, "", 2) + end);
  dir.run({"gzip", "-k", dir.path("second").string()});
  const std::string packed = read_file(dir.path("second.gz")).value();
  const auto tree = open_cpio_tree(first + packed + std::string(3, '\0') + packed + last).value();
  for (const char* name : {"microcode", "init", "late"}) EXPECT_TRUE(tree->find(name)) << name;
  EXPECT_EQ(tree->read(*tree->find("init"), 0, 100).value(), "#!/bin/sh\n");
  EXPECT_EQ(tree->find("same")->size, 0u) << "inodes are of one archive";
  EXPECT_EQ(open_cpio_tree(first + "else").error().what, fmt::format("it is an initramfs without a file at byte {}", first.size()));
  std::string many;
  for (int i = 0; i < 101; ++i) many += end;
  EXPECT_EQ(open_cpio_tree(many).error().what, "it is an initramfs of more than 100 archives");
}

TEST_F(ImageAudit, NamesOfOneFileInAnInitramfsHaveItsContent) {
  const std::string whole = cpio_file("one", 0100644, "", 3) + cpio_file("two", 0100644, "content", 3) + cpio_file("other", 0100644, "", 1) +
                            cpio_file("three", 0100644, "", 3) + cpio_file("TRAILER!!!", 0, "");
  const auto tree = open_cpio_tree(whole).value();
  for (const char* name : {"one", "two", "three"}) EXPECT_EQ(tree->read(*tree->find(name), 0, 100).value(), "content") << name;
  EXPECT_EQ(tree->find("other")->size, 0u);
}

TEST_F(ImageAudit, AFileSystemOfAnotherKindIsLookedIntoWhenSomebodyOpensIt) {
  const FileBytes squashfs = FileBytes::open(dir.file("squashfs", "hsqs" + std::string(4092, '\0'))).value();
  EXPECT_EQ(audit_volumes(squashfs).value().front().why_not, "squashfs is not looked into");
  const OpenOther open = [](const std::string& kind, std::uint64_t offset, std::uint64_t length) {
    EXPECT_EQ(kind + " " + std::to_string(offset) + " " + std::to_string(length), "squashfs 0 4096");
    return open_cpio_tree(cpio_file("init", 0100755, "#!/bin/sh\n") + cpio_file("TRAILER!!!", 0, ""));
  };
  const auto volumes = audit_volumes(squashfs, open).value();
  ASSERT_TRUE(volumes.front().tree);
  EXPECT_TRUE(volumes.front().tree->find("init"));
  const OpenOther refuse = [](const std::string&, std::uint64_t, std::uint64_t) -> Result<std::unique_ptr<ImageTree>> {
    return fail(Errc::corrupt, "it is no squashfs that can be unpacked");
  };
  EXPECT_EQ(audit_volumes(squashfs, refuse).value().front().why_not, "it is no squashfs that can be unpacked");
}

TEST_F(ImageAudit, OwnersModesAndLongLinksAreRead) {
  const std::string far(100, 'd');
  put("home/user/file", "x", 04750);
  link(far, "home/link");
  std::ofstream(dir.path("ext4")).close();
  fs::resize_file(dir.path("ext4"), 4 << 20);
  dir.run({"mke2fs", "-q", "-t", "ext4", "-d", dir.path("root").string(), dir.path("ext4").string()});
  dir.run({"debugfs", "-w", "-R", "set_inode_field /home/user/file uid 1000", dir.path("ext4").string()});
  const FileBytes bytes = FileBytes::open(dir.path("ext4")).value();
  const auto tree = open_ext_tree(bytes, 0, bytes.size()).value();
  const ImageNode* file = tree->find("home/user/file");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->uid, 1000u);
  EXPECT_EQ(file->mode, 04750u);
  EXPECT_EQ(tree->read(*file, 0, 100).value(), "x");
  EXPECT_EQ(tree->read(*file, 1, 100).value(), "");
  EXPECT_EQ(tree->find("home/link")->target, far);
  EXPECT_FALSE(tree->find("home/user/nothing"));
}

// Cut anywhere, it says so, and nothing else happens.
TEST_F(ImageAudit, ACutFileSystemIsTold) {
  put_good();
  const std::string whole = read_file(ext4()).value();
  for (const std::size_t size : {2000u, 5000u, 300'000u, 4'000'000u}) {
    const MemoryBytes bytes(std::string_view(whole).substr(0, size));
    const auto tree = open_ext_tree(bytes, 0, whole.size());
    EXPECT_TRUE(tree || tree.error().code == Errc::corrupt) << size;
  }
  const MemoryBytes none("");
  EXPECT_THAT(open_ext_tree(none, 0, 0).error().what, HasSubstr("it is no ext4 that can be read: "));
}

}  // namespace
}  // namespace swage
