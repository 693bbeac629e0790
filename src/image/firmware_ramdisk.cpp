// boot.img: a file system in a file, out of which the firmware goes on.
// https://www.raspberrypi.com/documentation/computers/config_txt.html#boot_ramdisk
#include <fmt/core.h>

#include "base/text.hpp"
#include "image/firmware_run.hpp"

namespace swage {

namespace {

constexpr std::uint64_t kLargestRamdisk = 96 << 20;   // of boot.img, by the same page
constexpr std::uint64_t kLargestBootcode = 1 << 20;   // far more than the boot ROM has room for

}  // namespace

// Before the 4 it is bootcode.bin that reads boot.img, since August of 2025: raspberrypi/usbboot#336. One that does
// names the setting: that of raspi-firmware 1.20260408 does, that of 1.20240424 does not.
Result<bool> FirmwareRun::reads_ramdisk() {
  if (!flag("boot_ramdisk", false) || !inside.empty()) return false;
  if (model.loader != FirmwareLoader::bootcode) return true;
  const BootFiles& first = first_fat()->files;   // where it was found
  const auto bytes = first.head(*first.find("bootcode.bin"), kLargestBootcode);
  if (!bytes && bytes.error().code != Errc::corrupt) return Fail(bytes.error());
  if (bytes && bytes->find("boot_ramdisk") != std::string::npos) return true;
  out.add(Severity::warning, "ramdisk-not-read",
          at_value("boot_ramdisk", {.what = "'boot_ramdisk' says nothing to this 'bootcode.bin', which does not know "
                                            "it",
                                    .notes = {"one of 2025 or later does: raspberrypi/usbboot#336"}}));
  say(*settings.at("boot_ramdisk").line, LineState::ignored, "this bootcode.bin does not know it");
  return false;
}

// What is inside is told as `boot.img:NAME`.
Result<void> FirmwareRun::boot_from_ramdisk() {
  const bool tried = question.tryboot && !tryboot_a_b;
  const std::string name = tried ? "tryboot.img" : "boot.img";
  const BootFile* file = files->find(name);
  if (!file) {
    out.add(
        Severity::error, "ramdisk-missing",
        at_value("boot_ramdisk", {.what = fmt::format("'{}' is not there, and what follows is read from it", name)}));
    return {};
  }
  LoadedFile& loaded = loads("ramdisk", file->path, why_set("boot_ramdisk", ""));
  loaded.size = file->size;
  loaded.assumed = tried || model.loader == FirmwareLoader::bootcode;   // which is said of boots by USB
  if (file->size > kLargestRamdisk) {
    out.add(Severity::error, "ramdisk-large",
            at_value("boot_ramdisk", {.what = fmt::format("'{}' has {}, and the loader takes {} at most", file->path,
                                                          human_bytes(file->size), human_bytes(kLargestRamdisk))}));
    return {};
  }
  const auto bytes = files->read(*file, kLargestRamdisk);
  if (!bytes && bytes.error().code != Errc::corrupt) return Fail(bytes.error());
  if (!bytes) {
    out.add(Severity::error, "file-broken", bytes.error());
    return {};
  }
  const MemoryBytes content(*bytes);
  SWAGE_TRY(const BootMedium content_medium, read_boot_medium(content));
  FirmwareRun run(content_medium, known, question);
  run.inside = file->path + ":";
  SWAGE_TRY(BootReport report, run.report());
  for (LoadedFile& one : report.loads) {
    one.path.insert(0, run.inside);
    out.loads.push_back(std::move(one));
  }
  for (ExplainedLine& line : report.lines) out.lines.push_back(std::move(line));
  for (BootFinding& finding : report.findings) {
    if (!finding.what.where) finding.what.notes.push_back(fmt::format("inside '{}'", file->path));
    out.findings.push_back(std::move(finding));
  }
  return {};
}

}  // namespace swage
