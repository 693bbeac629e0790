// Which filters hold on which models, and how they add up.
#include "image/config_filters.hpp"

#include <gtest/gtest.h>

#include "image/firmware_model.hpp"

namespace swage {
namespace {

const FirmwareKnowledge& knowledge() {
  static const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  static const FirmwareKnowledge known = firmware_knowledge(*catalog).value();
  return known;
}

struct Filters : testing::Test {
  ConfigFilters on(std::string_view board, BootMoment moment = {}) {
    for (const FirmwareModelRow& row : *knowledge().models)
      if (row.id == board) return ConfigFilters(row, *knowledge().models, std::move(moment));
    throw std::runtime_error("no such board");
  }
  // The truth after these filters, one after the other.
  Truth after(std::string_view board, const std::vector<std::string>& filters, BootMoment moment = {}) {
    ConfigFilters all = on(board, std::move(moment));
    for (const std::string& filter : filters) EXPECT_EQ(all.enter(filter).wrong, "") << filter;
    return all.truth();
  }
  std::vector<std::string> seen_by(std::string_view board) {
    std::vector<std::string> seen;
    for (const char* filter : {"pi0", "pi0w", "pi02", "pi1", "pi2", "pi3", "pi3+", "pi4", "pi400", "pi5", "pi500", "cm0", "cm1", "cm3", "cm3+", "cm4", "cm4s", "cm5"})
      if (after(board, {filter}) == Truth::yes) seen.push_back(filter);
    return seen;
  }
};
using Seen = std::vector<std::string>;

TEST_F(Filters, OfModelsAreInherited) {
  EXPECT_EQ(seen_by("rpi0"), Seen({"pi0"}));
  EXPECT_EQ(seen_by("rpi0w"), Seen({"pi0", "pi0w"}));
  EXPECT_EQ(seen_by("rpi02"), Seen({"pi0", "pi0w", "pi02"}));
  EXPECT_EQ(seen_by("rpi1"), Seen({"pi1"}));
  EXPECT_EQ(seen_by("rpi2"), Seen({"pi2"}));
  EXPECT_EQ(seen_by("rpi2-1.2"), Seen({"pi2"}));
  EXPECT_EQ(seen_by("rpi3"), Seen({"pi3"}));
  EXPECT_EQ(seen_by("rpi3+"), Seen({"pi3", "pi3+"}));
  EXPECT_EQ(seen_by("rpi3a+"), Seen({"pi3", "pi3+"}));
  EXPECT_EQ(seen_by("cm3"), Seen({"pi3", "cm3"}));
  EXPECT_EQ(seen_by("rpi4"), Seen({"pi4"}));
  EXPECT_EQ(seen_by("rpi400"), Seen({"pi4", "pi400"}));
  EXPECT_EQ(seen_by("cm4"), Seen({"pi4", "cm4"}));
  EXPECT_EQ(seen_by("cm4s"), Seen({"pi4", "cm4s"}));
  EXPECT_EQ(seen_by("rpi5"), Seen({"pi5"}));
  EXPECT_EQ(seen_by("rpi500"), Seen({"pi5", "pi500"}));
  EXPECT_EQ(seen_by("cm5"), Seen({"pi5", "cm5"}));
}

TEST_F(Filters, OfOneKindReplaceEachOtherAndOthersAddUp) {
  EXPECT_EQ(after("rpi4", {"pi5", "pi4"}), Truth::yes);
  EXPECT_EQ(after("rpi4", {"pi4", "pi5"}), Truth::no);
  EXPECT_EQ(after("rpi4", {"pi4", "tryboot"}), Truth::no);
  EXPECT_EQ(after("rpi4", {"pi4", "tryboot"}, {.tryboot = true}), Truth::yes);
  EXPECT_EQ(after("rpi4", {"tryboot", "pi4"}), Truth::no) << "no model's filter lifts [tryboot]";
  EXPECT_EQ(after("rpi4", {"none", "pi4"}), Truth::no);
  EXPECT_EQ(after("rpi4", {"none", "tryboot", "all"}), Truth::yes);
  EXPECT_EQ(after("rpi4", {"board-type=0x11"}), Truth::yes);
  EXPECT_EQ(after("rpi4", {"board-type=19"}), Truth::no);
  EXPECT_EQ(after("rpi400", {"board-type=19"}), Truth::yes);
}

TEST_F(Filters, ThatOnlyTheBoardCanTellAreUnknown) {
  EXPECT_EQ(after("rpi4", {"gpio4=1"}), Truth::unknown);
  EXPECT_EQ(after("rpi4", {"gpio4=1"}, {.gpio = {{4, true}}}), Truth::yes);
  EXPECT_EQ(after("rpi4", {"gpio4=1", "gpio2=0"}, {.gpio = {{4, false}, {2, false}}}), Truth::yes);
  EXPECT_EQ(after("rpi4", {"0x12345678"}), Truth::unknown);
  EXPECT_EQ(after("rpi4", {"0x12345678"}, {.serial = 0x12345678}), Truth::yes);
  EXPECT_EQ(after("rpi4", {"EDID=VSC-TD2220", "pi4"}), Truth::unknown);
  EXPECT_EQ(after("rpi4", {"EDID=VSC-TD2220", "pi5"}), Truth::no) << "what does not hold is stronger than what nobody knows";
  EXPECT_EQ(after("rpi4", {"HDMI:1"}), Truth::yes) << "which only says of which port the settings are";
}

TEST_F(Filters, OfExpressions) {
  const BootMoment moment{.variables = {{"boot_partition", 2}, {"bootvar0", 42}}};
  EXPECT_EQ(after("rpi5", {"boot_partition=2"}, moment), Truth::yes);
  EXPECT_EQ(after("rpi5", {"boot_partition=2", "boot_partition=3"}, moment), Truth::no);
  EXPECT_EQ(after("rpi5", {"boot_partition<3"}, moment), Truth::yes);
  EXPECT_EQ(after("rpi5", {"boot_partition>2"}, moment), Truth::no);
  EXPECT_EQ(after("rpi5", {"bootvar0&0x2"}, moment), Truth::yes);
  EXPECT_EQ(after("rpi5", {"bootvar0&0x1"}, moment), Truth::no);
  EXPECT_EQ(after("rpi5", {"bootvar0&0xf=10"}, moment), Truth::yes);
  EXPECT_EQ(after("rpi5", {"cust_otp3&1"}, moment), Truth::unknown);
}

TEST_F(Filters, ThatAreNotKnownKeepNoLineAway) {
  ConfigFilters filters = on("rpi4");
  const FilterEntered entered = filters.enter("Pi4");
  EXPECT_EQ(entered.wrong + "; " + entered.hint, "'Pi4' is no filter, and keeps no line away; did you mean 'pi4'?");
  EXPECT_EQ(filters.truth(), Truth::yes);
  filters.enter("pi3");
  EXPECT_EQ(filters.enter("pi02w").hint, "did you mean 'pi0w' or 'pi02'?");
  EXPECT_EQ(filters.truth(), Truth::no);   // what was before it goes on
}

TEST_F(Filters, ThatAreNoneAreTold) {
  const auto wrong = [&](std::string_view board, std::string_view filter) {
    ConfigFilters filters = on(board);
    const FilterEntered entered = filters.enter(filter);
    EXPECT_NE(filters.truth(), Truth::yes);
    return entered.wrong + "; " + entered.hint;
  };
  EXPECT_EQ(wrong("rpi4", "gpio4"), "'gpio4' is not [gpioN=0] or [gpioN=1]; ");
  EXPECT_EQ(wrong("rpi4", "0xsomething"), "'0xsomething' is no serial number; ");
  EXPECT_EQ(wrong("rpi4", "board-type=x"), "'board-type=x' has no number of a board; ");
  EXPECT_EQ(wrong("rpi4", "boot_count=1"), "Raspberry Pi 4 Model B has no boot variable 'boot_count'; ");
  EXPECT_EQ(wrong("rpi5", "boot_count=x"), "'boot_count=x' is no expression: ARG=VALUE, ARG&MASK, ARG&MASK=VALUE, ARG<VALUE or ARG>VALUE; ");
  EXPECT_EQ(wrong("rpi5", "EDID=x"), "Raspberry Pi 5 has no filter [EDID]; ");
}

}  // namespace
}  // namespace swage
