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
type = "c"
fs = "vfat"
size = "64M"
content = "boot"

[[userland]]
name = "small"
summary = "s"
packages = []
users = []
login = "root:x"
services = []

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
)");
  const std::string text = dir.checked();
  for (const char* part :
       {"error: 'floppy' is not a known value of 'starts'\n", "error: 'kernal' is not a known value of 'load'\n",
        "error: 'far' is not an address: 0x80000\n", "error: 'oen' is not a board\n  --> CAT/images/family.toml:5:11\n",
        "hint: did you mean 'one'?\n",
        "error: 'much' is not a size: 64M, or +16M for that much more than the content\n  --> CAT/images/family.toml:16:8\n",
        "error: 'boot' holds what boards start from, which is read of vfat alone\n  --> CAT/images/family.toml:12:1\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "---\n" << text;
}

constexpr const char* kVendor = "[[vendor]]\nname = \"acme\"\ntitle = \"Acme\"\nrepository = \"https://example.org/linux\"\n"
                                "config = [\"CONFIG_A=y\"]\n";

TEST_F(Images, ABundleFitsItsKernelItsFirmwareAndItsBoards) {
  dir.write("boards/b.toml", board("one", "defconfigs = { arm64 = \"one_defconfig\" }\n") + board("two"));
  const std::string hash = "HG8Oc04V2t54l0SOn4gKmNJWQUrZfjWusgKcWvx74H0";
  const std::string commit(40, 'a'), other(40, 'b');
  dir.write("firmware/f.toml", std::string(kVendor) + "[[kernel]]\nname = \"6.12\"\nvendor = \"acme\"\ntag = \"t\"\ncommit = \"" + commit + "\"\nnar = \"sha256-" + hash +
                                   "\"\nboards = [\"one\"]\nsource = \"s\"\n[[firmware]]\nname = \"fw\"\nkind = \"boot\"\nrepository = \"r\"\n"
                                   "commit = \"c\"\nnar = \"sha256-" + hash + "=\"\nkernel_commit = \"" + other + "\"\nsource = \"s\"\n");
  dir.write("bundles.toml", "[[bundle]]\nname = \"b\"\nkernel = \"6.12\"\nfirmware = [\"fw\"]\nboards = [\"one\", \"two\"]\n");
  EXPECT_EQ(dir.checked(), R"(error: 'fw' was made with kernel bbbbbbbbbbbb, and 'b' has aaaaaaaaaaaa
  --> CAT/bundles.toml:4:13
   4 | firmware = ["fw"]
     |             ^^^^
error: 'b' is for 'two', and its kernel 6.12 is not
  --> CAT/bundles.toml:5:18
   5 | boards = ["one", "two"]
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
                           "cubieboard-minimal", "imx8mp-evk-minimal", "imx8mm-evk-minimal"})
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
    const FirmwareModelRow& model = *catalog->firmware_model(board.firmware_model).value();
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
