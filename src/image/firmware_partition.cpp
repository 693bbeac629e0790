// Which partition a board boots from: the boot ROM's rules, autoboot.txt, the EEPROM's configuration.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "image/firmware_run.hpp"

namespace swage {

namespace {

constexpr std::size_t kLongestAutoboot = 512;  //
    // https://www.raspberrypi.com/documentation/computers/config_txt.html#autoboot-txt
constexpr unsigned kMostWalked = 8;             // .../raspberry-pi.html#PARTITION_WALK

bool reads(const FirmwareModelRow& model, std::string_view table) {
  return std::find(model.tables.begin(), model.tables.end(), table) != model.tables.end();
}

std::string partition_name(const BootPartition& partition) {
  return partition.place.number == 0 ? "the image" : fmt::format("partition {}", partition.place.number);
}

}  // namespace

// Of a hybrid the MBR is read: a model before the 4 knows nothing else, of later ones it is assumed.
const std::vector<BootPartition>& FirmwareRun::partitions() const {
  return medium.table.kind == TableKind::gpt ? medium.gpt : medium.mbr;
}

// By the table alone. Of a GPT every partition is looked into (assumed).
bool FirmwareRun::is_fat_entry(const BootPartition& one) const {
  if (one.place.number == 0) return true;
  if (one.place.mbr_type == 0) return !one.kind.empty();
  return std::find(model.partition_types.begin(), model.partition_types.end(), one.place.mbr_type) !=
         model.partition_types.end();
}

// https://www.raspberrypi.com/documentation/computers/config_txt.html#boot_partition
bool FirmwareRun::is_bootable(const BootPartition& one) const {
  if (one.kind.empty()) return false;
  if (model.loader == FirmwareLoader::eeprom) return one.files.has("config.txt");
  return one.files.has(model.start.at("usual"));
}

// On a 5 a walk asks for a device tree too: .../raspberry-pi.html#PARTITION_WALK
bool FirmwareRun::is_whole(const BootPartition& one) const {
  if (!is_bootable(one) || model.loader != FirmwareLoader::eeprom) return is_bootable(one);
  const auto all = one.files.beginning_with("");
  return one.files.has("boot.img") ||
         std::any_of(all.begin(), all.end(), [](const BootFile* file) { return file->path.ends_with(".dtb"); });
}

const BootPartition* FirmwareRun::first_fat() const {
  const auto& all = partitions();
  const auto found = std::find_if(all.begin(), all.end(), [&](const BootPartition& one) { return is_fat_entry(one); });
  return found == all.end() ? nullptr : &*found;
}

// "Partition 0 means the default partition, which is the first bootable FAT partition":
// .../config_txt.html#boot_partition; and what the bootloader looks for when it walks,
// .../raspberry-pi.html#PARTITION_WALK: from the one that was asked for up, and then from the first
// (raspberrypi/rpi-eeprom#659).
const BootPartition* FirmwareRun::first_bootable(unsigned from) const {
  for (const bool whole : {true, false})   // what has no device tree is taken where no other is there
    for (const bool above : {true, false})
      for (const BootPartition& one : partitions())
        if (one.place.number <= kMostWalked && (one.place.number >= from) == above && is_fat_entry(one) &&
            (whole ? is_whole(one) : is_bootable(one)))
          return &one;
  return nullptr;
}

// What it says is for the loader: https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#PARTITION and
// on.
void FirmwareRun::read_eeprom() {
  if (model.loader == FirmwareLoader::bootcode || question.eeprom.empty()) return;
  ConfigFilters own(model, *known.models, moment);
  bool of_config = false;
  for (const ConfigLine& line : parse_config("EEPROM", question.eeprom)) {
    if (of_config) eeprom_config += line.text + "\n";
    else if (line.kind == ConfigLine::Kind::filter && line.key == "config.txt") of_config = true;
    else if (line.kind == ConfigLine::Kind::filter) own.enter(line.key);
    if (of_config || line.kind != ConfigLine::Kind::setting || own.truth() != Truth::yes) continue;
    const auto number = config_number(line.value);
    if (line.key == "PARTITION" && number)
      eeprom_partition = static_cast<unsigned>(std::min<std::uint64_t>(*number, 255));
    if (line.key == "PARTITION_WALK" && number) partition_walk = *number != 0;
    if (line.key == "BOOTVAR0" && number) moment.variables["bootvar0"] = *number;
  }
}

Result<unsigned> FirmwareRun::read_autoboot(const BootPartition& from) {
  const BootFile* file = from.files.find("autoboot.txt");
  if (!file) return 0U;
  auto text = from.files.head(*file, kLongestAutoboot);
  if (!text && text.error().code == Errc::corrupt) {
    out.add(Severity::error, "file-broken", text.error());
    return 0U;
  }
  if (!text) return Fail(text.error());
  loads("autoboot", file->path, "it is on " + partition_name(from)).size = file->size;
  if (file->size > kLongestAutoboot)
    out.add(Severity::warning, "autoboot-long",
            {.what = fmt::format("'autoboot.txt' has {} bytes, and {} are read", file->size, kLongestAutoboot)});
  unsigned wanted = 0;
  ConfigFilters own(model, *known.models, moment);
  for (const ConfigLine& line : parse_config(inside + file->path, *text)) {
    out.lines.push_back({.file = line.file, .number = line.number, .text = line.text});
    ExplainedLine& explained = out.lines.back();
    if (line.kind == ConfigLine::Kind::filter) {
      const FilterEntered entered = own.enter(line.key);
      const bool known_here = line.key == "all" || line.key == "none" || line.key == "tryboot";
      if (!known_here)
        out.add(Severity::warning, "autoboot-filter",
                Error{.what = fmt::format("'[{}]' is no filter of autoboot.txt", line.key),
                      .notes = {"it knows [all], [none] and [tryboot]"},
                      .hint = entered.hint}
                    .at(line.pos_of_key()));
      explained.why = own.truth() == Truth::yes ? "holds" : "does not hold";
      if (!known_here) explained.why += " (assumed)";
    } else if (line.kind == ConfigLine::Kind::setting) {
      const auto number = config_number(line.value);
      const bool counts = own.truth() == Truth::yes && number;
      explained.state = counts ? LineState::counts : LineState::ignored;
      explained.why = counts ? "" : number ? "not with " + own.because() : "its value is no number";
      if (!counts) continue;
      if (line.key == "boot_partition") wanted = static_cast<unsigned>(std::min<std::uint64_t>(*number, 255));
      else if (line.key == "tryboot_a_b") tryboot_a_b = *number == 1;
    }
  }
  return wanted;
}

void FirmwareRun::describe_partition(std::string why) {
  out.partition = partition->place.number;
  out.partition_why = std::move(why);
  out.partition_text = fmt::format("{}{}, {}, {} free", partition->kind,
                                   partition->label.empty() ? "" : fmt::format(" '{}'", partition->label),
                                   human_bytes(partition->file_system_size), human_bytes(partition->free));
  if (partition->place.number != 0 && partition->file_system_size > partition->place.size)
    out.add(Severity::error, "partition-too-small",
            {.what = fmt::format("{} has {}, and its file system says it has {}", partition_name(*partition),
                                 human_bytes(partition->place.size), human_bytes(partition->file_system_size))});
  if (partition->odd_fat32)   // raspberrypi/rpi-eeprom#818
    out.add(Severity::warning, "fat32-too-small",
            {.what = fmt::format("{} is a FAT32 with fewer clusters than one must have: loaders were seen to take it "
                                 "for a FAT16",
                                 partition_name(*partition)),
             .hint = "make it larger, or FAT16 with `mkfs.vfat -F 16`"});
}

// "Failed to load 'boot/initramfs-rpi'" where the label is `boot` too: raspberrypi/firmware#1529, on a Zero W and
// others whose kernel is loaded by start.elf. That it is so of all that is in the directory, and in any case of
// letters, is assumed; of the loader in an EEPROM, which has a reader of its own, nothing is known.
void FirmwareRun::hide_behind_label() {
  if (model.loader == FirmwareLoader::eeprom || partition->root_label.empty()) return;
  seen_files = partition->files.without_directory(partition->root_label);
  const auto hidden = files->beginning_with(partition->root_label + "/");
  if (hidden.empty()) return;
  files = &seen_files;
  const std::string directory = hidden.front()->path.substr(0, hidden.front()->path.find('/'));
  out.add(Severity::warning, "label-hides",
          {.what = fmt::format("the directory '{}' is not found, since the label of the file system is '{}'", directory,
                               partition->root_label),
           .notes = {"as seen in raspberrypi/firmware#1529"},
           .hint = "give the file system another label: fatlabel"});
}

// The boot ROM's own step, of models before the 4.
bool FirmwareRun::find_loader(const BootPartition& first) {
  if (const BootFile* file = first.files.find("bootcode.bin"); file && file->size > 0) {
    loads("loader", file->path, "by the boot ROM, from the first FAT partition").size = file->size;
    return true;
  }
  Error error{.what = fmt::format("'bootcode.bin' is {} on {}, the first FAT partition",
                                  first.files.has("bootcode.bin") ? "empty" : "not", partition_name(first))};
  for (const BootPartition& one : partitions())
    if (&one != &first && one.files.has("bootcode.bin"))
      error.notes.push_back(fmt::format("it is on {}, which the boot ROM does not look into", partition_name(one)));
  out.add(Severity::error, "loader-missing", std::move(error));
  return false;
}

// One that autoboot.txt or the EEPROM asks for, or what is booted in its place. Null: nothing.
const BootPartition* FirmwareRun::partition_of_number(unsigned wanted, const std::string& why) {
  const auto at = std::find_if(partitions().begin(), partitions().end(),
                               [&](const BootPartition& one) { return one.place.number == wanted; });
  if (at != partitions().end() && is_bootable(*at)) return &*at;
  const bool walks = model.loader != FirmwareLoader::bootcode && partition_walk;
  const BootPartition* other = walks ? first_bootable(wanted) : nullptr;
  Error error{.what = at == partitions().end() ? fmt::format("{}, and there is no such partition", why)
                                               : fmt::format("{}, and that is not bootable", why)};
  if (at != partitions().end())
    error.notes.push_back(fmt::format(
        "bootable is a FAT with '{}'",
        model.loader == FirmwareLoader::eeprom ? std::string("config.txt") : model.start.at("usual")));
  out.add(other ? Severity::warning : Severity::error, "boot-partition", std::move(error));
  return other;
}

Result<bool> FirmwareRun::choose_partition() {
  for (const std::string& one : medium.table.damage) out.add(Severity::warning, "table-damaged", {.what = one});
  if (medium.table.kind == TableKind::gpt && !reads(model, "gpt")) {
    out.add(Severity::error, "gpt-not-read",
            {.what = fmt::format("{} does not read a GPT: its boot ROM knows MBR and hybrid MBR", model.name),
             .notes = {"as seen in raspberrypi/documentation#1291"},
             .hint = "write the image with an MBR (`label: dos` of sfdisk)"});
    return false;
  }
  const BootPartition* first = first_fat();
  if (!first) {
    out.add(Severity::error, "no-fat-partition",
            {.what = "no partition is of a type that is taken for FAT",
             .hint = medium.table.kind == TableKind::mbr ? "the usual type is c (W95 FAT32, LBA)" : ""});
    return false;
  }
  if (first->kind.empty()) {
    out.add(Severity::error, "partition-not-fat",
            {.what = fmt::format("{} is to be FAT, and is not: {}", partition_name(*first), first->why_not)});
    return false;
  }
  if (model.loader == FirmwareLoader::bootcode && inside.empty() && !find_loader(*first)) return false;
  // On the first FAT partition, which needs nothing else: a boot log in agherzan/meta-raspberrypi#1526.
  SWAGE_TRY(unsigned wanted, read_autoboot(*first));
  std::string why = fmt::format("autoboot.txt says boot_partition={}", wanted);
  if (wanted == 0 && eeprom_partition != 0) {
    wanted = eeprom_partition;
    why = fmt::format("the EEPROM says PARTITION={}", wanted);
  }
  if (wanted != 0) {
    partition = partition_of_number(wanted, why);
    if (!partition) return false;
    if (partition->place.number != wanted) why = "the next that is bootable, by PARTITION_WALK";
  } else {
    const BootPartition* bootable = model.first_fat_only ? nullptr : first_bootable();
    partition = bootable ? bootable : first;
    why = bootable ? "the first bootable one" : "the first FAT partition";
    if (medium.table.kind == TableKind::none) why = "it has no partitions (assumed to be read)";
    else if (medium.table.kind == TableKind::hybrid && reads(model, "gpt")) why += " of the MBR (assumed)";
  }
  describe_partition(std::move(why));
  moment.variables["boot_partition"] = partition->place.number;
  moment.variables["partition"] = 0;   // of a start without `reboot N`
  files = &partition->files;
  hide_behind_label();
  if (model.loader == FirmwareLoader::eeprom && !is_bootable(*partition)) {
    // "Requires a config.txt file to be present to indicate that the partition is bootable":
    // https://www.raspberrypi.com/documentation/computers/config_txt.html#boot_ramdisk
    out.add(Severity::error, "config-missing",
            {.what = fmt::format("'config.txt' is not there: {} boots from no partition without one", model.name)});
    return false;
  }
  return true;
}

}  // namespace swage
