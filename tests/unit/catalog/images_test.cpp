// Boards, bundles and images: which images come of the tables, and what of these does not fit together.
#include <gtest/gtest.h>

#include <set>

#include "catalog/images.hpp"
#include "support/catalogs.hpp"

namespace swage {
namespace {

constexpr const char* kRoots = R"([[root]]
name = "kernel"
suite = "bookworm"
architecture = "arm64"
packages = ["linux-image-arm64"]
only = ["linux-image-*-arm64"]
)";

constexpr const char* kTables = R"([[loader]]
name = "extlinux"
summary = "s"
files = { Image = "kernel" }

[[layout]]
name = "gpt"
summary = "s"
table = "gpt"
[[layout.partition]]
name = "boot"
type = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
fs = "vfat"
label = "BOOT"
size = "64M"
content = "boot"
[[layout.partition]]
name = "root"
type = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
fs = "ext4"
label = "root"
size = "+8M"
content = "root"

[[userland]]
name = "small"
summary = "s"
parts = ["base"]
[[part]]
name = "base"
summary = "s"
host = "@name@"
login = "root:x"
[[part.user]]
name = "root"
id = 0
home = "/root"
[[part.service]]
name = "getty"
when = "keep"
run = "getty tty1"
tty = "tty1"
[part.files]
"etc/motd" = "base"

[[variant]]
name = "debug"
summary = "s"
userland = "small"
[[variant]]
name = "release"
summary = "s"
planned = "later"
)";

std::string board(const std::string& name, const std::string& more = "") {
  return "[[board]]\nname = \"" + name +
         "\"\ntitle = \"t\"\nplatform = \"arm64\"\nfamily = \"f\"\nkernel = \"kernel\"\nloader = \"extlinux\"\n"
         "limits = [\"none emulates it\"]\n" +
         more;
}

class Images : public testing::Test {
 protected:
  Images() { dir.write("roots.toml", kRoots).write("images/tables.toml", kTables); }
  // The names of all images, with what is planned in brackets.
  std::string names() const {
    const auto catalog = dir.load();
    const auto tables = catalog.value()->image_tables();
    if (!tables) return dir.shown(tables.error());
    std::string text;
    for (const ImageRow& image : (*tables)->images)
      text += (text.empty() ? "" : " ") + (image.planned.empty() ? image.name : "[" + image.name + "]");
    return text;
  }
  CatalogDir dir;
};

TEST_F(Images, NamesAreBoardsTimesVariantsTimesOneOfEachGroup) {
  dir.write("boards/b.toml", board("one") + board("two"));
  dir.write("images/family.toml", R"([[axis]]
name = "low"
suffix = "-low"
group = "memory"
[[axis]]
name = "tiny"
suffix = "-tiny"
group = "memory"
boards = ["two"]
[[axis]]
name = "luks"
suffix = "-luks"
group = "secret"
needs = ["low"]
variants = ["debug"]
[[family]]
name = "f"
summary = "s"
pattern = "{board}{memory}-{variant}{secret}"
boards = ["one", "two"]
variants = ["debug", "release"]
axes = ["low", "tiny", "luks"]
layout = "gpt"
)");
  EXPECT_EQ(names(),
            "one-debug one-low-debug one-low-debug-luks [one-low-release] [one-release] two-debug two-low-debug "
            "two-low-debug-luks [two-low-release] [two-release] two-tiny-debug [two-tiny-release]");
  EXPECT_EQ(dir.checked(), "");
}

TEST_F(Images, AnAxisMayHaveALayoutOfItsOwn) {
  const std::string small = R"([[layout]]
name = "small"
summary = "s"
table = "mbr"
[[layout.partition]]
name = "boot"
type = "c"
fs = "vfat"
label = "BOOT"
size = "8M"
content = "boot"
[[layout.partition]]
name = "root"
type = "83"
fs = "ext4"
label = "root"
size = "+8M"
content = "root"
[[axis]]
name = "small"
suffix = "-small"
group = "root"
layout = "small"
boards = ["one"]
[[family]]
name = "f"
summary = "s"
pattern = "{board}{root}-{variant}"
boards = ["one", "two"]
variants = ["debug"]
axes = ["small"]
layout = "gpt"
)";
  dir.write("boards/b.toml", board("one") + board("two", "table = \"gpt\"\n")).write("images/family.toml", small);
  ASSERT_EQ(names(), "one-debug one-small-debug two-debug");
  const auto catalog = dir.load().value();
  const auto tables = catalog->image_tables().value();
  EXPECT_EQ((*tables->image("one-small-debug"))->layout->name, "small");
  EXPECT_EQ((*tables->image("one-debug"))->layout->name, "gpt");
  EXPECT_EQ(dir.checked(), "");
  dir.write("boards/b.toml", board("one", "table = \"gpt\"\n") + board("two"));
  EXPECT_NE(dir.checked().find("error: 'one' reads an GPT partition table, and 'small' is MBR\n"), std::string::npos) << dir.checked();
}

TEST_F(Images, DriversAndTheirFirmwareAreAddedByParts) {
  dir.write("boards/b.toml", board("one")).write("images/family.toml", R"([[part]]
name = "radio"
summary = "s"
to = ["small"]
drivers = ["radio"]
firmware = [{ root = "kernel", file = "usr/lib/firmware/radio.bin", to = "lib/firmware/" }]
)");
  const auto catalog = dir.load().value();
  const auto tables = catalog->image_tables().value();
  std::vector<Error> errors;
  const PartRow whole = put_together(*tables, tables->userlands.front(), "one", {}, errors).whole;
  EXPECT_EQ(whole.drivers, std::vector<std::string>{"radio"});
  ASSERT_EQ(whole.firmware.size(), 1u);
  EXPECT_EQ(whole.firmware[0].to, "lib/firmware/");
}

constexpr const char* kFamily = R"([[family]]
name = "f"
summary = "s"
pattern = "{board}-{variant}"
boards = ["one"]
variants = ["debug"]
layout = "gpt"
)";

TEST_F(Images, ABoardIsARowOfOneFile) {
  dir.write("boards/b.toml", board("one")).write("images/family.toml", kFamily);
  EXPECT_EQ(names(), "one-debug");
  dir.write("layer/boards/mine.toml",
            board("mine") + "[[family]]\nname = \"mine\"\nsummary = \"s\"\npattern = \"{board}-{variant}\"\n"
                            "boards = [\"mine\"]\nvariants = [\"debug\"]\nlayout = \"gpt\"\n");
  EXPECT_EQ(dir.checked({"layer"}), "");
  const auto catalog = dir.load({"layer"}).value();
  EXPECT_TRUE(catalog->image_tables().value()->image("mine-debug").has_value());
  EXPECT_EQ(dir.shown(catalog->image_tables().value()->image("mine-debgu").error()),
            "error: 'mine-debgu' is not an image\nhint: did you mean 'mine-debug'?\n");
}

TEST_F(Images, WhatAFirmwareDoesNotReadIsRefused) {
  dir.write("boards/b.toml", board("one", "table = \"mbr\"\nraw = [{ root = \"kernel\", file = \"spl\", offset = \"2M\" }]\n"));
  dir.write("images/family.toml", kFamily);
  EXPECT_EQ(names(), R"(error: a blob of 'one' at byte 2097152 lies in the partitions of 'gpt', which begin at 1048576
  --> CAT/boards/b.toml:10:8
  10 | raw = [{ root = "kernel", file = "spl", offset = "2M" }]
     |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
error: 'one' reads an MBR partition table, and 'gpt' is GPT
  --> CAT/images/family.toml:7:10
   7 | layout = "gpt"
     |          ^^^^^
)");
}

TEST_F(Images, TheFirmwareOfABoardIsThatOfAModel) {
  dir.write("boards/b.toml", board("one", "firmware_model = \"rpi5\"\n"));
  dir.write("images/family.toml", kFamily);
  EXPECT_EQ(dir.checked(), R"(error: 'rpi5' is no model of firmware_models.toml
  --> CAT/boards/b.toml:9:18
   9 | firmware_model = "rpi5"
     |                  ^^^^^^
)");
}

TEST_F(Images, MistakesHaveTheirPlaces) {
  dir.write("boards/b.toml", board("one", "starts = \"floppy\"\nload = { kernal = \"0x80000\", dtb = \"far\" }\n"));
  dir.write("images/family.toml", R"([[family]]
name = "f"
summary = "s"
pattern = "{board}"
boards = ["oen"]
variants = ["debug"]
layout = "gpt"
[[layout]]
name = "wrong"
summary = "s"
table = "mbr"
[[layout.partition]]
name = "boot"
type = "c"
fs = "ext4"
size = "much"
content = "boot"
[[layout]]
name = "worse"
summary = "s"
table = "mbr"
[[layout.partition]]
name = "boot"
type = "c"
fs = "ext4"
label = "boot"
size = "8M"
content = "boot"
)");
  const std::string text = dir.checked();
  for (const char* part :
       {"error: 'floppy' is not a known value of 'starts'\n", "error: 'kernal' is not a known value of 'load'\n",
        "error: 'far' is not an address: 0x80000\n", "error: 'oen' is not a board\n  --> CAT/images/family.toml:5:11\n",
        "hint: did you mean 'one'?\n",
        "error: 'much' is not a size: 64M, or +16M for that much more than the content\n  --> CAT/images/family.toml:16:8\n",
        "error: 'boot' holds what boards start from, which is read of vfat alone\n  --> CAT/images/family.toml:22:1\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "---\n" << text;
}

// What the userland is made of, for a board.
std::string shown(const Userland& userland) {
  std::string text = userland.whole.host.text + " " + userland.whole.login + "\n";
  for (const std::string& line : userland.passwd) text += line + "\n";
  for (const std::string& line : userland.group) text += line + "\n";
  for (const ServiceRow& one : userland.whole.services) text += one.name + " " + one.when + " " + one.tty + " " + one.run + "\n";
  for (const auto& [path, file] : userland.whole.files) text += path + "=" + file.mode + file.text + "\n";
  for (const auto& [package, files] : userland.packages) {
    text += package;
    for (const std::string& file : files) text += " " + file;
    text += "\n";
  }
  for (const UserRow& user : userland.whole.users)
    for (const std::string& key : user.keys) text += user.name + " " + key + "\n";
  return text;
}

TEST_F(Images, ALayersPartAddsToAUserland) {
  dir.write("boards/b.toml", board("one") + board("two")).write("images/family.toml", kFamily);
  for (const std::string name : {"zlib", "less"})
    dir.write("packages/" + name + "/recipe.toml", "[package]\nname = \"" + name + "\"\n[build]\nscript = \"a.sh\"\n");
  dir.write("scripts/a.sh", "");
  dir.write("layer/images/mine.toml", R"([[part]]
name = "mine"
summary = "s"
to = ["small"]
host = "kitchen"
programs = { less = ["bin/less"], zlib = ["bin/zpipe"] }
packages = ["zlib"]
[[part.user]]
name = "root"
keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB root@desk"]
[[part.user]]
name = "ada"
password = "$1$a$0123456789abcdefghijkl"
groups = ["wheel"]
keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC ada@desk"]
[[part.group]]
name = "wheel"
[[part.service]]
name = "getty"
tty = "tty2"
[[part.service]]
name = "hello"
when = "once"
run = "echo hello"
[part.files]
"etc/motd" = "mine"
[[part]]
name = "of-two"
summary = "s"
to = ["small"]
boards = ["two"]
host = "second"
[[part.service]]
name = "hello"
when = "never"
)");
  EXPECT_EQ(dir.checked({"layer"}), "");
  const auto catalog = dir.load({"layer"}).value();
  const ImageTables& tables = *catalog->image_tables().value();
  std::vector<Error> errors;
  EXPECT_EQ(shown(put_together(tables, tables.userlands.front(), "one", {}, errors)), R"(kitchen root:x
root:*:0:0:root:/root:/bin/sh
ada:$1$a$0123456789abcdefghijkl:1000:1000:ada:/home/ada:/bin/sh
wheel:x:1001:ada
root:x:0:
ada:x:1000:
getty keep tty2 getty tty1
hello once  echo hello
etc/motd=mine
less bin/less
zlib
root ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB root@desk
ada ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC ada@desk
)");
  EXPECT_EQ(put_together(tables, tables.userlands.front(), "two", {}, errors).whole.host.text, "second");
  EXPECT_TRUE(errors.empty());
}

TEST_F(Images, PartsThatDoNotFitHaveTheirPlaces) {
  dir.write("boards/b.toml", board("one")).write("images/family.toml", kFamily);
  dir.write("layer/images/mine.toml", R"([[part]]
name = "mine"
summary = "s"
to = ["small"]
host = "my_host"
[[part.user]]
name = "Ada"
[[part.service]]
name = "x"
when = "soon"
)");
  EXPECT_EQ(dir.checked({"layer"}), R"(error: 'my_host' is no name of a host: letters, digits and -, at most 63
  --> CAT/layer/images/mine.toml:5:8
   5 | host = "my_host"
     |        ^^^^^^^^^
error: 'Ada' is no name of a user or group: small letters, digits, - and _
  --> CAT/layer/images/mine.toml:7:8
   7 | name = "Ada"
     |        ^^^^^
error: 'soon' is not a known value of 'when'
  --> CAT/layer/images/mine.toml:10:8
  10 | when = "soon"
     |        ^^^^^^
hint: did you mean 'stop'?
)");
  dir.write("layer/images/mine.toml", R"([[part]]
name = "mine"
summary = "s"
to = ["small"]
[[part.user]]
name = "ada"
id = 0
groups = ["rooot"]
[[part.service]]
name = "x"
run = "x"
)");
  EXPECT_EQ(dir.checked({"layer"}), R"(error: two users have the number 0: 'root' and 'ada'
  --> CAT/layer/images/mine.toml:5:1
   5 | [[part.user]]
     | ^^^^^^^^^^^^^
error: 'rooot' of the user 'ada' is not a group
  --> CAT/layer/images/mine.toml:5:1
   5 | [[part.user]]
     | ^^^^^^^^^^^^^
hint: did you mean 'root'?
error: the service 'x' does not say 'when'
  --> CAT/layer/images/mine.toml:9:1
   9 | [[part.service]]
     | ^^^^^^^^^^^^^^^^
)");
  dir.write("layer/images/mine.toml", "[[part]]\nname = \"mine\"\nsummary = \"s\"\nto = [\"smal\"]\nboards = [\"oen\"]\n");
  EXPECT_EQ(dir.checked({"layer"}), R"(error: 'smal' is not a userland
  --> CAT/layer/images/mine.toml:4:7
   4 | to = ["smal"]
     |       ^^^^^^
hint: did you mean 'small'?
error: 'oen' is not a board
  --> CAT/layer/images/mine.toml:5:11
   5 | boards = ["oen"]
     |           ^^^^^
hint: did you mean 'one'?
)");
  dir.write("layer/images/mine.toml", "[[part]]\nname = \"mine\"\nsummary = \"s\"\nto = [\"small\"]\nlogin = \"ada:x\"\n");
  EXPECT_EQ(dir.checked({"layer"}), R"(error: 'small' has no 'login' that a boot can take: USER:PASSWORD, of a user of it
  --> CAT/images/tables.toml:25:1
  25 | [[userland]]
     | ^^^^^^^^^^^^
)");
}

TEST_F(Images, AFilesModeIsThatOfWhoSaysTheFileLast) {
  dir.write("boards/b.toml", board("one")).write("images/family.toml", kFamily);
  const auto of = [&](const std::string& first, const std::string& second) {
    dir.write("layer/images/mine.toml", "[[part]]\nname = \"a\"\nsummary = \"s\"\nto = [\"small\"]\nfiles = { \"etc/motd\" = " + first +
                                            " }\n[[part]]\nname = \"b\"\nsummary = \"s\"\nto = [\"small\"]\nfiles = { " + second + " }\n");
    EXPECT_EQ(dir.checked({"layer"}), "");
    const auto catalog = dir.load({"layer"}).value();
    const ImageTables& tables = *catalog->image_tables().value();
    std::vector<Error> errors;
    const TextFile file = put_together(tables, tables.userlands.front(), "one", {}, errors).whole.files.at("etc/motd");
    return file.mode + " " + file.text;
  };
  EXPECT_EQ(of("{ text = \"mine\", mode = \"0600\" }", ""), "0600 mine");
  EXPECT_EQ(of("{ text = \"mine\", mode = \"0600\" }", "\"etc/motd\" = \"other\""), " other");
  EXPECT_EQ(of("\"mine\"", "\"etc/motd\" = { text = \"other\" }"), " other");
}

TEST_F(Images, ARowOfALayerSaysThatItOverrides) {
  dir.write("boards/b.toml", board("one")).write("images/family.toml", kFamily);
  dir.write("layer/images/mine.toml", "[[part]]\nname = \"base\"\nsummary = \"s\"\nhost = \"kitchen\"\n");
  dir.write("layer/boards/mine.toml", board("one"));
  EXPECT_EQ(dir.checked({"layer"}), R"(error: 'one' is in [[board]] of an earlier layer too, and this row does not say that it overrides
  --> CAT/layer/boards/mine.toml:1:1
   1 | [[board]]
     | ^^^^^^^^^
note: defined at CAT/boards/b.toml:1:1
hint: say override = true, to change what the row says of it, or give it another name
error: 'base' is in [[part]] of an earlier layer too, and this row does not say that it overrides
  --> CAT/layer/images/mine.toml:1:1
   1 | [[part]]
     | ^^^^^^^^
note: defined at CAT/images/tables.toml:29:1
hint: say override = true, to change what the row says of it, or give it another name
)");
  dir.write("layer/images/mine.toml", "[[part]]\nname = \"base\"\noverride = true\nhost = \"kitchen\"\n");
  dir.write("layer/boards/mine.toml", "[[board]]\nname = \"one\"\noverride = true\ntitle = \"One\"\n");
  EXPECT_EQ(dir.checked({"layer"}), "");
  // A third layer changes what the second one changed.
  dir.write("third/images/mine.toml", "[[part]]\nname = \"base\"\nsummary = \"s\"\n");
  EXPECT_NE(dir.checked({"layer", "third"}).find("note: defined at CAT/layer/images/mine.toml:1:1\n"), std::string::npos);
}

TEST_F(Images, ALabelIsNoNameOfADirectoryThatAFirmwareLooksInto) {
  dir.write("firmware_models.toml",
            "[[firmware_model]]\nid = \"m\"\nname = \"M\"\nplatform = \"p\"\nloader = \"eeprom\"\ntables = [\"gpt\"]\nfilters = [\"m\"]\n"
            "arm_64bit = \"always\"\nkernels_64 = [\"k\"]\ndevice_trees = [\"d\"]\nsource = \"s\"\n");
  dir.write("images/family.toml", kFamily);
  const std::string loader = "[[loader]]\nname = \"below\"\nsummary = \"s\"\nfiles = { \"Boot/Image\" = \"kernel\" }\n";
  dir.write("boards/b.toml", board("one", "firmware_model = \"m\"\n[[loader]]\nname = \"below\"\nsummary = \"s\"\nfiles = { \"Boot/Image\" = \"kernel\" }\n"));
  EXPECT_EQ(dir.checked(), "");   // of no board
  std::string below = board("one", "firmware_model = \"m\"\n") + loader;
  below.replace(below.find("extlinux"), 8, "below");
  dir.write("boards/b.toml", below);
  EXPECT_EQ(dir.checked(), R"(error: the label 'BOOT' is the name of a directory too, 'Boot' of 'below'
  --> CAT/images/tables.toml:14:9
  14 | label = "BOOT"
     |         ^^^^^^
note: firmware of Raspberry Pis does not find such a directory: raspberrypi/firmware#1529
)");
}

TEST_F(Images, AGroupIsNoImage) {
  dir.write("boards/b.toml", board("one")).write("images/family.toml", std::string(kFamily) + "[[group]]\nname = \"all\"\nsummary = \"s\"\n");
  const auto catalog = dir.load().value();
  EXPECT_EQ(dir.shown(catalog->image_tables().value()->image("all").error()), R"(error: 'all' is a group of 1 images, and this is of one
note: one-debug
hint: see all of them with: swage list images
)");
}

constexpr const char* kVendor = "[[vendor]]\nname = \"acme\"\ntitle = \"Acme\"\nrepository = \"https://example.org/linux\"\n"
                                "config = [\"CONFIG_A=y\"]\n";

// An editor's lock is a link that leads nowhere.
TEST_F(Images, FilesOfEditorsAreNoTables) {
  dir.write("boards/b.toml", board("one"));
  fs::create_symlink("nobody@nowhere.1", dir.path() / "boards/.#b.toml");
  dir.write("images/.b.toml.swp", "x").write("toolchains/.a.toml", "x").write("kernels/.c.toml", "x").write(".d.toml", "x");
  EXPECT_EQ(dir.checked(), "");
}

TEST_F(Images, ABundleFitsItsKernelItsFirmwareAndItsBoards) {
  dir.write("boards/b.toml", board("one", "defconfigs = { arm64 = \"one_defconfig\" }\n") + board("two"));
  const std::string hash = "HG8Oc04V2t54l0SOn4gKmNJWQUrZfjWusgKcWvx74H0";
  const std::string commit(40, 'a'), other(40, 'b');
  dir.write("firmware/f.toml", std::string(kVendor) + "[[kernel]]\nname = \"6.12\"\nvendor = \"acme\"\ntag = \"t\"\ncommit = \"" + commit + "\"\nnar = \"sha256-" + hash +
                                   "\"\nboards = [\"one\"]\nsource = \"s\"\n[[firmware]]\nname = \"fw\"\nkind = \"boot\"\nrepository = \"r\"\n"
                                   "commit = \"c\"\nnar = \"sha256-" + hash + "=\"\nkernel_commit = \"" + other + "\"\nsource = \"s\"\n");
  dir.write("bundles.toml", "[[bundle]]\nname = \"b\"\nvendor = \"acme\"\nkernel = \"6.12\"\nfirmware = [\"fw\"]\nboards = [\"one\", \"two\"]\n");
  EXPECT_EQ(dir.checked(), R"(error: 'fw' was made with kernel bbbbbbbbbbbb, and 'b' has aaaaaaaaaaaa
  --> CAT/bundles.toml:5:13
   5 | firmware = ["fw"]
     |             ^^^^
error: 'b' is for 'two', and its kernel 6.12 is not
  --> CAT/bundles.toml:6:18
   6 | boards = ["one", "two"]
     |                  ^^^^^
)");
  dir.write("firmware/f.toml", "[[firmware]]\nname = \"fw\"\nkind = \"boot\"\nrepository = \"r\"\ncommit = \"c\"\nnar = \"sha256-short\"\nsource = \"s\"\n");
  dir.write("bundles.toml", "");
  EXPECT_EQ(dir.checked(), R"(error: 'sha256-short' is not the hash of a tree: sha256- and 43 or 44 characters of base64
  --> CAT/firmware/f.toml:6:7
   6 | nar = "sha256-short"
     |       ^^^^^^^^^^^^^^
)");
}

// A board whose kernel is its vendor's, and an axis that takes one.
TEST_F(Images, AVendorsKernelIsForItsBoards) {
  const std::string hash = "HG8Oc04V2t54l0SOn4gKmNJWQUrZfjWusgKcWvx74H0";
  dir.write("firmware/f.toml", std::string(kVendor) + "[[kernel]]\nname = \"6.12\"\nvendor = \"acme\"\ntag = \"t\"\nnar = \"sha256-" + hash +
                                   "\"\nboards = [\"one\"]\nsource = \"s\"\n");
  dir.write("bundles.toml", "[[bundle]]\nname = \"b\"\nvendor = \"acme\"\nkernel = \"6.12\"\nfirmware = []\nboards = [\"one\"]\naliases = [\"default\"]\n");
  const std::string defconfigs = "defconfigs = { arm64 = \"one_defconfig\" }\n";
  dir.write("boards/b.toml", board("one", defconfigs + "vendor_kernel = \"acme\"\ndtb = \"b.dtb\"\n") + board("two", defconfigs + "vendor_kernel = \"acme\"\nvendor_dtb = \"a.dtb\"\n") +
                                 board("three", "vendor_kernel = \"acne\"\n"));
  EXPECT_EQ(dir.checked(), R"(error: 'one' has a 'dtb' and a vendor's kernel, and no 'vendor_dtb'
  --> CAT/boards/b.toml:10:17
  10 | vendor_kernel = "acme"
     |                 ^^^^^^
error: 'linux@acme' is not for 'two'
  --> CAT/boards/b.toml:21:17
  21 | vendor_kernel = "acme"
     |                 ^^^^^^
error: 'acne' is not a vendor's kernel
  --> CAT/boards/b.toml:31:17
  31 | vendor_kernel = "acne"
     |                 ^^^^^^
)");
  dir.write("boards/b.toml", board("one", defconfigs + "vendor_kernel = \"acme\"\nvendor_dtb = \"a.dtb\"\n") + board("two"));
  // Another vendor has a default of its own.
  dir.write("firmware/other.toml", "[[vendor]]\nname = \"other\"\ntitle = \"t\"\nrepository = \"https://example.org/other\"\n"
                                   "[[kernel]]\nname = \"6.13\"\nvendor = \"other\"\ntag = \"t\"\nnar = \"sha256-" + hash + "\"\nboards = [\"one\"]\nsource = \"s\"\n"
                                   "[[bundle]]\nname = \"o\"\nvendor = \"other\"\nkernel = \"6.13\"\nfirmware = []\nboards = [\"one\"]\naliases = [\"default\"]\n");
  EXPECT_EQ(dir.checked(), "");
  dir.write("images/family.toml", R"([[axis]]
name = "vendor"
suffix = "-vendor"
group = "kernel"
boards = ["one", "two"]
kernel = "acme"
[[family]]
name = "f"
summary = "s"
pattern = "{board}{kernel}-{variant}"
boards = ["one", "two"]
variants = ["debug"]
axes = ["vendor"]
layout = "gpt"
)");
  EXPECT_EQ(dir.checked(), R"(error: 'linux@acme' is not for 'two'
  --> CAT/images/family.toml:6:10
   6 | kernel = "acme"
     |          ^^^^^^
)");
}

TEST_F(Images, AxesThatContradictEachOtherAreToldByTheirName) {
  dir.write("boards/b.toml", board("one") + board("two"));
  dir.write("images/family.toml", R"([[axis]]
name = "low"
suffix = "-low"
group = "memory"
[[axis]]
name = "tiny"
suffix = "-tiny"
group = "memory"
boards = ["two"]
[[axis]]
name = "luks"
suffix = "-luks"
group = "secret"
needs = ["low"]
[[axis]]
name = "verity"
suffix = "-verity"
group = "root"
excludes = ["luks"]
[[family]]
name = "f"
summary = "s"
pattern = "{board}{memory}{secret}{root}-{variant}"
boards = ["one", "two"]
variants = ["debug"]
axes = ["low", "tiny", "luks", "verity"]
layout = "gpt"
)");
  const auto catalog = dir.load().value();
  const ImageTables& tables = *catalog->image_tables().value();
  const auto said = [&](const char* name) { return render(tables.image(name).error()); };
  EXPECT_EQ(said("two-low-tiny-debug"), "error: 'two-low-tiny-debug' is not an image\n"
                                        "note: 'low' and 'tiny' contradict each other: an image has one 'memory'\nhint: see them all with: swage list images\n");
  EXPECT_EQ(said("one-low-luks-verity-debug"),
            "error: 'one-low-luks-verity-debug' is not an image\nnote: 'verity' and 'luks' contradict each other\nhint: see them all with: swage list images\n");
  EXPECT_EQ(said("one-luks-debug"), "error: 'one-luks-debug' is not an image\nnote: 'luks' needs 'low'\nhint: see them all with: swage list images\n");
  EXPECT_EQ(said("one-tiny-debug"), "error: 'one-tiny-debug' is not an image\nnote: 'tiny' is not for 'one'\nhint: see them all with: swage list images\n");
  dir.write("images/family.toml", R"([[axis]]
name = "a"
suffix = "-a"
group = "g"
[[axis]]
name = "b"
suffix = "-b"
group = "h"
needs = ["a"]
excludes = ["a"]
)");
  EXPECT_EQ(dir.checked(), R"(error: 'b' needs 'a' and excludes it
  --> CAT/images/family.toml:9:10
   9 | needs = ["a"]
     |          ^^^
)");
}

TEST(ShippedImages, TheirTablesHaveTheBoardsOfTheReferences) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  const ImageTables& tables = *catalog->image_tables().value();
  EXPECT_GE(tables.boards.size(), 15u);
  EXPECT_EQ(tables.kernels.size(), 13u);
  EXPECT_EQ(tables.bundles.size(), 13u);
  for (const char* name : {"virt-arm64-minimal", "rpi3-minimal", "rpi02-minimal", "orangepi-pc-minimal"})
    EXPECT_EQ(tables.image(name).value()->planned, "") << name;
  // Every image that a platform of virtual machines has names for, each planned with its reason.
  const auto is_of_it = [](const ImageRow& image) {
    const std::string& family = image.family->name;
    static const std::set<std::string> own{"raspberrypi", "virt", "allwinner", "malta", "uefi", "imx8m"};
    return !own.contains(family);
  };
  EXPECT_EQ(std::count_if(tables.images.begin(), tables.images.end(), is_of_it), 339);
  for (const char* name : {"nvidia-jetson-orin-agx-verity-debug-nodemoapps-from-x86_64-ghafImage",
                           "nvidia-jetson-orin-nx-release-luks-uki", "nxp-imx8mp-evk-debug-from-x86_64",
                           "intel-laptop-low-mem-storeDisk-debug-installer", "laptop-hw-scan", "vm-debug-nogui"})
    EXPECT_NE(tables.image(name).value()->planned, "") << name;
  EXPECT_EQ(render(tables.image("nvidia-jetson-orin-agx-verity-debug-luks").error()),
            "error: 'nvidia-jetson-orin-agx-verity-debug-luks' is not an image\n"
            "note: 'verity' and 'luks' contradict each other\nhint: see them all with: swage list images\n");
  for (const char* name : {"virt-riscv64-minimal", "virt-armhf-minimal", "malta-minimal", "uefi-arm64-minimal", "uefi-x86_64-minimal",
                           "cubieboard-minimal", "imx8mp-evk-minimal", "imx8mm-evk-minimal", "rpi5-installer",
                           "rpi500-minimal", "rpicm5-minimal", "rpi3-vendor-minimal"})
    EXPECT_EQ(tables.image(name).value()->planned, "") << name;
  const GroupRow& installers = *tables.group("all-installer-images");
  EXPECT_GE(tables.images_of(installers).size(), 12u);
  for (const ImageRow* image : tables.images_of(installers)) EXPECT_EQ(image->variant->name, "installer");
  // The hash of a tree is the same with and without its last =.
  EXPECT_EQ(tables.kernels.front().nar.size(), 64u);
}

// A card holds what its model's boot firmware needs, and nothing of other models.
TEST(ShippedImages, AFirmwarePartitionIsOfItsModelAlone) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  std::size_t seen = 0;
  for (const BoardRow& board : catalog->image_tables().value()->boards) {
    if (board.family != "raspberrypi") continue;
    const FirmwareModelRow& model = *catalog->firmware_model(board.firmware_model.text).value();
    std::set<std::string> needed, held;
    if (model.loader == FirmwareLoader::bootcode) needed.insert("bootcode.bin");
    if (model.loader != FirmwareLoader::eeprom) needed.insert({model.start.at("usual"), model.fixup.at("usual")});
    for (const RootFile& file : board.firmware) held.insert(file.file.substr(file.file.rfind('/') + 1));
    EXPECT_EQ(held, needed) << board.name;
    ++seen;
  }
  EXPECT_EQ(seen, 12u);
}

}  // namespace
}  // namespace swage
