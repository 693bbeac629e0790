// The models of boards' firmware and the settings that these read.
#include <gtest/gtest.h>

#include <set>

#include "support/catalogs.hpp"

namespace swage {
namespace {

std::string wrong(const CatalogDir& dir) {
  std::string text;
  for (const Error& error : check_catalog(dir.path())) text += render(error);
  for (std::size_t at; (at = text.find(dir.path().string())) != std::string::npos;) text.replace(at, dir.path().string().size(), "CAT");
  return text;
}

constexpr const char* kModel = R"([[firmware_model]]
id = "one"
name = "Board One"
platform = "bcm2835"
loader = "eeprom"
tables = ["mbr"]
filters = ["pi1"]
arm_64bit = "always"
kernels_64 = ["kernel8.img"]
device_trees = ["one.dtb"]
source = "s"
)";

TEST(FirmwareModels, ARowHasWhatItIsLike) {
  CatalogDir dir;
  dir.write("firmware_models.toml", std::string(kModel) + "\n[[firmware_model]]\nid = \"two\"\nname = \"Two\"\nlike = \"one\"\n"
                                                          "filters = [\"pi2\"]\nboard_types = [0x17]\nsource = \"s\"\n");
  const auto catalog = Catalog::load(dir.path()).value();
  const FirmwareModelRow& two = *catalog->firmware_model("two").value();
  EXPECT_EQ(two.filters, std::vector<std::string>{"pi2"});
  EXPECT_EQ(two.board_types, std::vector<unsigned>{0x17});
  EXPECT_EQ(two.device_trees, std::vector<std::string>{"one.dtb"});
  EXPECT_EQ(two.loader, FirmwareLoader::eeprom);
  EXPECT_EQ(two.arm_64bit, Arm64::always);
  EXPECT_EQ(render(catalog->firmware_model("tow").error()),
            "error: 'tow' is no board whose firmware is known\nnote: known: one, two\nhint: did you mean 'two'?\n");
}

TEST(FirmwareModels, WhatIsWrongIsToldWithItsPlace) {
  CatalogDir dir;
  dir.write("firmware_models.toml", std::string(kModel) + R"(
[[firmware_model]]
id = "two"
name = "Two"
like = "oen"
source = "s"

[[firmware_model]]
id = "three"
name = "Three"
platform = "bcm2835"
loader = "bootcod"
tables = ["mbr", "gtp"]
assumed = ["name"]
source = "s"
)");
  EXPECT_EQ(wrong(dir), R"(error: 'oen' is no [[firmware_model]] before this one
  --> CAT/firmware_models.toml:16:8
  16 | like = "oen"
     |        ^^^^^
hint: did you mean 'one'?
error: 'start' is missing in [[firmware_model]] 'three'
  --> CAT/firmware_models.toml:19:1
  19 | [[firmware_model]]
     | ^^^^^^^^^^^^^^^^^^
error: 'filters' is missing in [[firmware_model]] 'three'
  --> CAT/firmware_models.toml:19:1
  19 | [[firmware_model]]
     | ^^^^^^^^^^^^^^^^^^
error: 'kernels' is missing in [[firmware_model]] 'three'
  --> CAT/firmware_models.toml:19:1
  19 | [[firmware_model]]
     | ^^^^^^^^^^^^^^^^^^
error: 'device_trees' is missing in [[firmware_model]] 'three'
  --> CAT/firmware_models.toml:19:1
  19 | [[firmware_model]]
     | ^^^^^^^^^^^^^^^^^^
error: 'name' is no key of [[firmware_model]] that can be assumed
  --> CAT/firmware_models.toml:19:1
  19 | [[firmware_model]]
     | ^^^^^^^^^^^^^^^^^^
error: 'bootcod' is not a known value of 'loader'
  --> CAT/firmware_models.toml:23:10
  23 | loader = "bootcod"
     |          ^^^^^^^^^
hint: did you mean 'bootcode'?
error: 'gtp' is not a known value of 'tables'
  --> CAT/firmware_models.toml:24:10
  24 | tables = ["mbr", "gtp"]
     |          ^^^^^^^^^^^^^^
hint: did you mean 'gpt'?
)");
}

TEST(FirmwareSettings, AreOfClosedKinds) {
  CatalogDir dir;
  dir.write("firmware_settings.toml", "[[firmware_setting]]\nname = \"a\"\nkind = \"flagg\"\nof = [\"eprom\"]\nsource = \"s\"\n");
  EXPECT_EQ(wrong(dir), R"(error: 'flagg' is not a known value of 'kind'
  --> CAT/firmware_settings.toml:3:8
   3 | kind = "flagg"
     |        ^^^^^^^
hint: did you mean 'flag'?
error: 'eprom' is not a known value of 'of'
  --> CAT/firmware_settings.toml:4:6
   4 | of = ["eprom"]
     |      ^^^^^^^^^
hint: did you mean 'eeprom'?
)");
}

TEST(ShippedFirmware, CoversTheModelsAndHasSources) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  std::set<std::string> ids;
  std::set<unsigned> types;
  for (const FirmwareModelRow& row : *catalog->firmware_models().value()) {
    ids.insert(row.id);
    EXPECT_TRUE(row.reference.starts_with("https://")) << row.id;
    for (const unsigned type : row.board_types)
      if (row.id != "rpi2-1.2" && row.id != "cm3+") { EXPECT_TRUE(types.insert(type).second) << row.id; }   // one number for both
  }
  for (const char* id : {"rpi0", "rpi02", "rpi1", "rpi2", "rpi3", "rpi3+", "rpi4", "rpi400", "cm4", "rpi5", "rpi500", "cm5"})
    EXPECT_TRUE(ids.contains(id)) << id;
  for (const FirmwareSettingRow& row : *catalog->firmware_settings().value())
    EXPECT_TRUE(row.reference.starts_with("https://")) << row.name;
}

}  // namespace
}  // namespace swage
