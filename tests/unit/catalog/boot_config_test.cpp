// config.txt out of rows: how it is written, and what is refused.
#include <gtest/gtest.h>

#include "catalog/boot_config.hpp"
#include "support/catalogs.hpp"

namespace swage {
namespace {

constexpr const char* kFirmware = R"([[firmware_setting]]
name = "enable_uart"
kind = "flag"
source = "s"
[[firmware_setting]]
name = "gpu_mem"
kind = "number"
source = "s"
[[firmware_setting]]
name = "over_voltage"
kind = "number"
negative = true
source = "s"
[[firmware_setting]]
name = "kernel"
kind = "text"
source = "s"
[[firmware_setting]]
name = "initramfs"
kind = "directive"
source = "s"
)";
constexpr const char* kModels = R"([[firmware_model]]
id = "five"
name = "Five"
platform = "bcm2712"
loader = "eeprom"
tables = ["mbr"]
filters = ["pi5"]
arm_64bit = "always"
kernels_64 = ["kernel8.img"]
device_trees = ["five.dtb"]
made_names = ["i2c_arm"]
source = "s"
)";
constexpr const char* kOverlays = R"([[firmware_overlay]]
name = "disable-bt"
on = ["bcm2711"]
instead = { bcm2712 = "disable-bt-pi5" }
[[firmware_overlay]]
name = "disable-bt-pi5"
on = ["bcm2712"]
[[firmware_overlay]]
name = "dwc2"
params = ["dr_mode"]
[[firmware_overlay]]
name = "old"
deprecated = "use dwc2"
[[firmware_overlay]]
name = "four-only"
on = ["bcm2711"]
)";

class BootConfig : public testing::Test {
 protected:
  BootConfig() {
    dir.write("firmware_settings.toml", kFirmware).write("firmware_models.toml", kModels);
    dir.write("firmware_overlays.toml", kOverlays);
    dir.write("firmware_trees.toml", "[[firmware_tree]]\nname = \"five\"\nparams = [\"audio\", \"krnbt\"]\n");
    dir.write("roots.toml", "[[root]]\nname = \"r\"\nsuite = \"bookworm\"\narchitecture = \"arm64\"\npackages = [\"p\"]\nonly = [\"p\"]\n");
    dir.write("images/i.toml", R"([[loader]]
name = "pi"
summary = "s"
files = { Image = "kernel" }
[[loader.config]]
options = { enable_uart = true, kernel = "kernel8.img", initramfs = "i.gz followkernel" }
[[layout]]
name = "mbr"
summary = "s"
table = "mbr"
[[layout.partition]]
name = "boot"
type = "c"
fs = "vfat"
label = "BOOT"
size = "64M"
content = "boot"
[[layout.partition]]
name = "root"
type = "83"
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
login = "root:x"
[[part.user]]
name = "root"
id = 0
home = "/root"
[[variant]]
name = "v"
summary = "s"
userland = "small"
[[family]]
name = "f"
summary = "s"
pattern = "{board}-{variant}"
boards = ["five"]
variants = ["v"]
layout = "mbr"
)");
  }
  // The board of the test, and what it has besides.
  void board(const std::string& more) {
    dir.write("boards/b.toml",
              "[[board]]\nname = \"five\"\ntitle = \"t\"\nplatform = \"arm64\"\nfamily = \"f\"\nlimits = [\"none\"]\nkernel = \"r\"\n"
              "firmware_model = \"five\"\nvendor_dtb = \"five.dtb\"\nloader = \"pi\"\n" +
                  more);
  }
  std::string written() const {
    const auto catalog = dir.load().value();
    const ImageRow* image = catalog->image_tables().value()->image("five-v").value();
    const auto text = boot_config(*catalog, *image);
    return text ? *text : dir.shown(text.error());
  }
  CatalogDir dir;
};

TEST_F(BootConfig, OverlaysKeepTheirOrderAndFiltersAddUp) {
  board(R"(firmware = [
  { root = "r", file = "a", to = "overlays/dwc2.dtbo" }, { root = "r", file = "b", to = "overlays/disable-bt-pi5.dtbo" },
]
[[board.config]]
when = ["pi5", "gpio4=1"]
options = { gpu_mem = 64, enable_uart = false }
overlays = [{ name = "dwc2", params = ["dr_mode=host"] }, "disable-bt"]
[[board.config]]
params = ["audio=on", "i2c_arm=on"]
)");
  EXPECT_EQ(dir.checked(), "");
  EXPECT_EQ(written(), R"(enable_uart=1
initramfs i.gz followkernel
kernel=kernel8.img
[all]
[pi5]
[gpio4=1]
enable_uart=0
gpu_mem=64
dtoverlay=dwc2
dtparam=dr_mode=host
dtoverlay=
dtoverlay=disable-bt-pi5
dtoverlay=
[all]
dtparam=audio=on
dtparam=i2c_arm=on
)");
}

TEST_F(BootConfig, MistakesHaveTheirPlacesInTheUsersFile) {
  board(R"([[board.config]]
when = ["pi55"]
options = { enable_uart = "yes", gpu_mem = true, kernell = "x", kernel = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
params = ["krnbtt=on"]
overlays = [{ name = "dwc2", params = ["drmode=host"] }, "dwc3", "old", "four-only", { name = "disable-bt", params = ["x"] }]
)");
  const std::string text = dir.checked();
  for (const char* part :
       {"error: 'pi55' is no filter of config.txt\n  --> CAT/boards/b.toml:12:9\n", "hint: did you mean 'pi5'?\n",
        "error: 'enable_uart' is true or false, not 'yes'\n  --> CAT/boards/b.toml:13:27\n", "error: 'gpu_mem' is a number, not 'true'\n",
        "error: 'kernell' is no known setting of config.txt\n", "hint: did you mean 'kernel'?\n",
        "error: this is a line of 104 characters, of which the firmware reads 98\n",
        "error: the device tree of 'five' has no parameter 'krnbtt'\n", "hint: did you mean 'krnbt'?\n",
        "error: the overlay 'dwc2' has no parameter 'drmode'\n", "hint: did you mean 'dr_mode'?\n",
        "error: 'dwc3' is no overlay\n", "hint: did you mean 'dwc2'?\n", "error: the overlay 'old' is retired\n", "hint: use dwc2\n",
        "error: the overlay 'four-only' is not for 'five', which has a bcm2712\n", "note: it is for bcm2711\n",
        "error: the overlay 'disable-bt-pi5' has no parameter 'x'\n", "note: 'disable-bt' is 'disable-bt-pi5' on 'five'\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "---\n" << text;
}

TEST_F(BootConfig, EachLineOfItIsOne) {
  board(R"([[board.config]]
when = ["gpio4=1]\nkernel=x\n["]
options = { kernel = "a.img\n[all]\nkernel=b.img" }
params = ["audio=on\nkernel=x", "audio=on,krnbt=on"]
overlays = [{ name = "dwc2", params = ["dr_mode=host\nx"] }]
)");
  EXPECT_EQ(dir.checked(), R"(error: 'when' is one line, without control characters
  --> CAT/boards/b.toml:12:9
  12 | when = ["gpio4=1]\nkernel=x\n["]
     |         ^^^^^^^^^^^^^^^^^^^^^^^
error: 'kernel' is one line, without control characters
  --> CAT/boards/b.toml:13:22
  13 | options = { kernel = "a.img\n[all]\nkernel=b.img" }
     |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
error: 'params' is one line, without control characters
  --> CAT/boards/b.toml:14:11
  14 | params = ["audio=on\nkernel=x", "audio=on,krnbt=on"]
     |           ^^^^^^^^^^^^^^^^^^^^
error: 'audio=on,krnbt=on' is more than one parameter: each is an item by itself
  --> CAT/boards/b.toml:14:33
  14 | params = ["audio=on\nkernel=x", "audio=on,krnbt=on"]
     |                                 ^^^^^^^^^^^^^^^^^^^
error: 'params' is one line, without control characters
  --> CAT/boards/b.toml:15:40
  15 | overlays = [{ name = "dwc2", params = ["dr_mode=host\nx"] }]
     |                                        ^^^^^^^^^^^^^^^^^
)");
}

TEST_F(BootConfig, NumbersAreNumbers) {
  board("[[board.config]]\noptions = { gpu_mem = \"dead\", over_voltage = \"0xZ\" }\n[[board.config]]\noptions = { gpu_mem = -5, over_voltage = -2 }\n"
        "[[board.config]]\noptions = { gpu_mem = \"\" }\n[[board.config]]\noptions = { gpu_mem = \"0x40\" }\n");
  EXPECT_EQ(dir.checked(), R"(error: 'gpu_mem' is a number, not 'dead'
  --> CAT/boards/b.toml:12:23
  12 | options = { gpu_mem = "dead", over_voltage = "0xZ" }
     |                       ^^^^^^
error: 'over_voltage' is a number, not '0xZ'
  --> CAT/boards/b.toml:12:46
  12 | options = { gpu_mem = "dead", over_voltage = "0xZ" }
     |                                              ^^^^^
error: 'gpu_mem' is a number from 0 on, not '-5'
  --> CAT/boards/b.toml:14:23
  14 | options = { gpu_mem = -5, over_voltage = -2 }
     |                       ^^
error: 'gpu_mem' is a number, not ''
  --> CAT/boards/b.toml:16:23
  16 | options = { gpu_mem = "" }
     |                       ^^
)");
}

TEST_F(BootConfig, FiltersAreThoseOfTheModel) {
  board(R"([[board.config]]
when = ["gpioX=7", "0xZZ", "board-type=zz", "boot_partition=x", "all", "EDID=[x"]
[[board.config]]
when = ["pi5", "gpio4=1", "pi5", "gpio5=1"]
[[board.config]]
when = ["boot_partition=1", "board-type=0x17", "0x1234", "gpio4=0", "tryboot", "EDID=VSC-TD2220", "HDMI:1"]
[[board.config]]
when = ["cust_otp3&0xf=10"]
)");
  EXPECT_EQ(dir.checked(), R"(error: 'gpioX=7' is not [gpioN=0] or [gpioN=1]
  --> CAT/boards/b.toml:12:9
  12 | when = ["gpioX=7", "0xZZ", "board-type=zz", "boot_partition=x", "all", "EDID=[x"]
     |         ^^^^^^^^^
error: '0xZZ' is no serial number
  --> CAT/boards/b.toml:12:20
  12 | when = ["gpioX=7", "0xZZ", "board-type=zz", "boot_partition=x", "all", "EDID=[x"]
     |                    ^^^^^^
error: 'board-type=zz' has no number of a board
  --> CAT/boards/b.toml:12:28
  12 | when = ["gpioX=7", "0xZZ", "board-type=zz", "boot_partition=x", "all", "EDID=[x"]
     |                            ^^^^^^^^^^^^^^^
error: 'boot_partition=x' is no expression: ARG=VALUE, ARG&MASK, ARG&MASK=VALUE, ARG<VALUE or ARG>VALUE
  --> CAT/boards/b.toml:12:45
  12 | when = ["gpioX=7", "0xZZ", "board-type=zz", "boot_partition=x", "all", "EDID=[x"]
     |                                             ^^^^^^^^^^^^^^^^^^
error: 'all' is no filter of a section: one without 'when' is for all
  --> CAT/boards/b.toml:12:65
  12 | when = ["gpioX=7", "0xZZ", "board-type=zz", "boot_partition=x", "all", "EDID=[x"]
     |                                                                 ^^^^^
error: 'EDID=[x' is no filter of config.txt
  --> CAT/boards/b.toml:12:72
  12 | when = ["gpioX=7", "0xZZ", "board-type=zz", "boot_partition=x", "all", "EDID=[x"]
     |                                                                        ^^^^^^^^^
error: 'pi5' takes the place of 'pi5': filters of one kind do not add up
  --> CAT/boards/b.toml:14:27
  14 | when = ["pi5", "gpio4=1", "pi5", "gpio5=1"]
     |                           ^^^^^
error: 'gpio5=1' takes the place of 'gpio4=1': filters of one kind do not add up
  --> CAT/boards/b.toml:14:34
  14 | when = ["pi5", "gpio4=1", "pi5", "gpio5=1"]
     |                                  ^^^^^^^^^
)");
}

TEST_F(BootConfig, AnOverlayThatTheCardDoesNotHoldIsRefused) {
  board("[[board.config]]\noverlays = [\"dwc2\"]\n");
  EXPECT_EQ(dir.checked(), "");
  EXPECT_EQ(written(), R"(error: 'overlays/dwc2.dtbo' is not on the card of 'five-v'
  --> CAT/boards/b.toml:12:13
  12 | overlays = ["dwc2"]
     |             ^^^^^^
note: its kernel, 'r', comes without overlays
hint: put it there by 'firmware' of the board: { root = ROOT, file = FILE, to = "overlays/dwc2.dtbo" }
)");
}

TEST_F(BootConfig, ParametersAreThoseOfTheTreeOnTheCard) {
  const std::string config = "[[board.config]]\nparams = [\"audio=on\", \"i2c_arm=on\"]\n";
  board("dtb = \"broadcom/five.dtb\"\n" + config);
  EXPECT_EQ(dir.checked(), "");   // an axis may give it the vendor's kernel
  EXPECT_EQ(written(), R"(error: the device tree of 'five' with the kernel 'r' has no parameter 'audio'
  --> CAT/boards/b.toml:13:11
  13 | params = ["audio=on", "i2c_arm=on"]
     |           ^^^^^^^^^^
note: it is mainline's 'broadcom/five.dtb', which has no parameters
error: the device tree of 'five' with the kernel 'r' has no parameter 'i2c_arm'
  --> CAT/boards/b.toml:13:23
  13 | params = ["audio=on", "i2c_arm=on"]
     |                       ^^^^^^^^^^^^
note: it is mainline's 'broadcom/five.dtb', which has no parameters
)");
  dir.write("layer/firmware_trees.toml", "[[firmware_tree]]\nname = \"broadcom/five\"\nparams = [\"audio\", \"i2c_arm\"]\n");
  const auto catalog = dir.load({"layer"}).value();
  EXPECT_TRUE(boot_config(*catalog, *catalog->image_tables().value()->image("five-v").value()));
}

TEST_F(BootConfig, AdditionsAreForTheirBoardsAndTheEepromTriesTheFirstFirst) {
  board("additions = [\"usb\"]\n[[addition]]\nname = \"usb\"\nsummary = \"s\"\nboards = [\"five\"]\nboot_order = [\"nvme\", \"sd\", \"restart\"]\n");
  EXPECT_EQ(dir.checked(), "");
  const auto catalog = dir.load().value();
  const ImageTables& tables = *catalog->image_tables().value();
  EXPECT_EQ(eeprom_config(tables, *tables.board("five")), "[all]\nBOOT_ORDER=0xf16\n");
  board("additions = [\"usb\"]\n[[addition]]\nname = \"usb\"\nsummary = \"s\"\nboards = []\nboot_order = [\"nmve\"]\n");
  EXPECT_EQ(dir.checked(), R"(error: 'usb' is not for 'five'
  --> CAT/boards/b.toml:11:14
  11 | additions = ["usb"]
     |              ^^^^^
error: 'nmve' is not a known value of 'boot_order'
  --> CAT/boards/b.toml:16:15
  16 | boot_order = ["nmve"]
     |               ^^^^^^
hint: did you mean 'nvme'?
)");
}

TEST(ShippedBootConfigs, HaveTheOverlaysOfTheTree) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  const auto& overlays = *catalog->firmware_overlays().value();
  EXPECT_GE(std::count_if(overlays.begin(), overlays.end(), [](const FirmwareOverlayRow& row) { return row.deprecated.empty() && row.renamed.empty(); }), 356);
  EXPECT_GE(catalog->firmware_trees().value()->size(), 20u);
}

}  // namespace
}  // namespace swage
