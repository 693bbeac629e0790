// Any text as config.txt, autoboot.txt and the EEPROM's configuration: every line is explained once, and every finding has a place
// that is there.
#include "fuzz.hpp"
#include "image/config_text.hpp"
#include "image/firmware_model.hpp"

using namespace swage;

namespace {

FirmwareModelRow model_of(FirmwareLoader loader) {
  return {.id = "board",
          .name = "Board",
          .platform = "bcm2711",
          .loader = loader,
          .start = {{"usual", "start.elf"}, {"x", "start_x.elf"}},
          .fixup = {{"usual", "fixup.dat"}},
          .tables = {"mbr"},
          .partition_types = {0x0c},
          .filters = {"pi4"},
          .variables = {"boot_partition"},
          .arm_64bit = Arm64::on,
          .kernels = {"kernel7l.img"},
          .kernels_64 = {"kernel8.img"},
          .kernel_address = 0x8000,
          .kernel_address_64 = 0x200000,
          .device_trees = {"board.dtb"}};
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<FirmwareModelRow> models{model_of(FirmwareLoader::bootcode), model_of(FirmwareLoader::eeprom_start),
                                                    model_of(FirmwareLoader::eeprom)};
  static const std::vector<FirmwareSettingRow> settings{{.name = "arm_64bit", .kind = SettingKind::flag},
                                                        {.name = "kernel"},
                                                        {.name = "gpu_mem", .kind = SettingKind::number, .early = true},
                                                        {.name = "initramfs", .kind = SettingKind::directive}};
  const std::string text(as_text(data, size));
  std::vector<BootFile> list{{"bootcode.bin", 1}, {"start.elf", 1}, {"fixup.dat", 1}, {"kernel8.img", 100}, {"board.dtb", 3}, {"overlays/a.dtbo", 3}};
  for (const char* name : {"config.txt", "autoboot.txt", "other.txt"}) list.push_back({name, size});
  const auto head = [&](const std::string& path, std::uint64_t length) -> Result<std::string> {
    return path.ends_with(".txt") ? text.substr(0, length) : std::string(3, 'x');
  };
  BootMedium medium{.table = {.kind = TableKind::mbr}};
  medium.mbr.push_back({.place = {.number = 1, .size = 1 << 20, .mbr_type = 0x0c}, .kind = "FAT32", .files = BootFiles(list, head)});
  const FirmwareKnowledge known{&models, &settings};
  for (const FirmwareModelRow& model : models) {
    const auto report = boot_from(medium, known, {.model = &model, .tryboot = size % 2 == 1, .eeprom = text});
    FUZZ_ASSERT(report);
    for (const ExplainedLine& line : report->lines) FUZZ_ASSERT(!line.file.empty() && line.number > 0);
    for (const BootFinding& finding : report->findings) {
      FUZZ_ASSERT(!finding.what.what.empty());
      const auto& where = finding.what.where;
      FUZZ_ASSERT(!where || (where->line > 0 && where->column > 0 && where->column <= where->line_text.size() + 1));
    }
    FUZZ_ASSERT(!boot_report_text(*report, "image").empty());
  }
  return 0;
}
