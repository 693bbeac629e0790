// What boards load: every world of tests/data/firmware with its report, word by word.
#include "image/firmware_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <fstream>

#include "firmware_world.hpp"

namespace swage {
namespace {

const FirmwareKnowledge& shipped() {
  static const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  static const FirmwareKnowledge known = firmware_knowledge(*catalog).value();
  return known;
}

std::vector<std::string> worlds() {
  std::vector<std::string> names = list_directory(fs::path(SWAGE_SOURCE_DIR) / "tests/data/firmware").value();
  for (std::string& name : names) name.resize(name.size() - 4);
  return names;
}

class Firmware : public testing::TestWithParam<std::string> {};

TEST_P(Firmware, LoadsWhatTheReportSays) {
  const fs::path path = fs::path(SWAGE_SOURCE_DIR) / "tests/data/firmware" / (GetParam() + ".txt");
  const std::string text = read_file(path).value();
  const FirmwareWorld world = FirmwareWorld::parse(text, shipped());
  const std::string report = boot_report_text(world.report(), "card.img");
  if (std::getenv("SWAGE_ACCEPT")) {
    std::ofstream(path) << text.substr(0, text.find("\nexpect\n") + 1) << "expect\n" << report;
    GTEST_SKIP() << "rewrote " << path;
  }
  EXPECT_EQ(report, world.expect) << "re-run with SWAGE_ACCEPT=1 and review the difference";
}

INSTANTIATE_TEST_SUITE_P(Worlds, Firmware, testing::ValuesIn(worlds()), [](const auto& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(FirmwareWorlds, AreManyAndEveryModelStartsFromASoundCard) {
  EXPECT_GE(worlds().size(), 40U);
  for (const FirmwareModelRow& row : *shipped().models) {
    const BootReport report = FirmwareWorld::parse("board " + row.id + "\nstandard\n", shipped()).report();
    EXPECT_TRUE(report.starts()) << boot_report_text(report, row.id);
    EXPECT_EQ(report.findings.size(), 0U) << boot_report_text(report, row.id);
  }
}

TEST(FirmwareReport, AsJson) {
  const BootReport report = FirmwareWorld::parse("board rpi3\nstandard\nfile config.txt\n| arm_64bti=1\n", shipped()).report();
  const std::string json = boot_report_json(report, "card.img").dump();
  EXPECT_THAT(json, testing::HasSubstr(R"("board":"rpi3","boardName":"Raspberry Pi 3 Model B","tryboot":false,"table":"MBR","partition":1,"starts":true)"));
  EXPECT_THAT(json, testing::HasSubstr(R"({"role":"kernel","path":"kernel7.img","size":7000000,"why":"the name of this model for 32 bit","address":32768,"end":7032768,"parameters":[],"assumed":false})"));
  EXPECT_THAT(json, testing::HasSubstr(R"("lines":[{"file":"config.txt","line":1,"text":"arm_64bti=1","state":"ignored","why":"no setting that is known"}])"));
  EXPECT_THAT(json, testing::HasSubstr(R"("findings":[{"severity":"warning","id":"setting-unknown","what":"'arm_64bti' is no setting that is known","where":{"file":"config.txt","line":1,"column":1},"notes":[],"hint":"did you mean 'arm_64bit'?"}])"));
}

// Text of lines that mean something and of any bytes.
std::string some_config(bool includes = true) {
  const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "[all]", "[pi4]", "[pi5]", "[none]", "[tryboot]", "[gpio4=1]", "[EDID=x]", "[0x12]", "[board-type=0x17]", "[boot_partition=1]", "[bootvar0&1]",
      "kernel=kernel8.img", "kernel=", "arm_64bit=1", "arm_64bit=x", "os_prefix=a/", "upstream_kernel=1", "dtoverlay=disable-bt", "dtoverlay=",
      "dtoverlay=dwc2,dr_mode=host", "dtparam=audio=on,", "dtparam=,=", "initramfs a,b 0x200000", "initramfs", includes ? "include config.txt" : "#",
      includes ? "include other.txt" : "#", "device_tree=", "os_prefix=/////////", "overlay_prefix=////////", "dtoverlay=/", "device_tree_address=0x200000", "start_x=1", "gpu_mem=16", "cmdline=x", "auto_initramfs=1", "x", "=", "[", "]", "#", ""));
  std::string text;
  for (const std::string& word : words) text += word + "\n";
  return *rc::gen::arbitrary<bool>() ? text : text + *rc::gen::arbitrary<std::string>();
}

BootReport with_config(const std::string& board, const std::string& config) {
  FirmwareWorld world = FirmwareWorld::parse("board " + board + "\nstandard\n", shipped());
  world.files[1]["config.txt"] = {config, config.size()};
  world.files[1][".dtbo"] = {};
  return world.report();
}

RC_GTEST_PROP(FirmwareProp, AnyTextHasAReport, ()) {
  const auto board = *rc::gen::element<std::string>("rpi0", "rpi3", "rpi4", "rpi5");
  const std::string config = some_config();
  const BootReport report = with_config(board, config);
  RC_ASSERT(!boot_report_text(report, "x").empty() && !boot_report_json(report, "x").dump().empty());
  for (const BootFinding& finding : report.findings)
    if (finding.what.where) RC_ASSERT(finding.what.where->line > 0 && finding.what.where->column > 0);
}

RC_GTEST_PROP(FirmwareProp, AfterAllNothingOfAboveIsLeftButWhatItSet, ()) {
  // What counts of a text behind [all] is what counts of it alone.
  const std::string first = some_config(false), second = some_config(false);
  const auto counting = [](const BootReport& report, std::size_t from) {
    std::vector<std::string> lines;
    for (std::size_t i = from; i < report.lines.size(); ++i)
      lines.push_back(report.lines[i].text + (report.lines[i].state == LineState::counts ? "+" : "-"));
    return lines;
  };
  RC_PRE(first.find('\0') == std::string::npos && first.find('\r') == std::string::npos);
  const std::string head = first + "\n[all]\n";
  const std::size_t lines = static_cast<std::size_t>(std::count(head.begin(), head.end(), '\n'));
  RC_ASSERT(counting(with_config("rpi4", head + second), lines) == counting(with_config("rpi4", second), 0));
}

}  // namespace
}  // namespace swage
