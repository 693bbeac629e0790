#include "image/partition_table.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <optional>
#include <set>
#include <zlib.h>

#include "image/utf16.hpp"

namespace swage {

namespace {

constexpr unsigned kProtective = 0xee;
constexpr std::size_t kMostLogical = 60;       // as Linux has minor numbers for
constexpr std::uint64_t kMostGptEntries = 1024, kLargestGptEntry = 4096;

struct MbrEntry {
  bool active = false;
  bool sane = true;                            // its boot flag is one
  unsigned type = 0;
  std::uint64_t start = 0, size = 0;           // sectors
};

std::vector<MbrEntry> entries_of(std::string_view sector) {
  std::vector<MbrEntry> entries;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t at = 446 + 16 * i;
    const auto flag = little_endian(sector, at, 1);
    entries.push_back({.active = flag == 0x80,
                       .sane = flag == 0 || flag == 0x80,
                       .type = static_cast<unsigned>(little_endian(sector, at + 4, 1)),
                       .start = little_endian(sector, at + 8, 4),
                       .size = little_endian(sector, at + 12, 4)});
  }
  return entries;
}

bool is_extended(unsigned type) { return type == 0x05 || type == 0x0f || type == 0x85; }

// A FAT boot sector ends like an MBR: its own fields tell it.
bool is_fat_boot_sector(std::string_view sector) {
  const auto jump = little_endian(sector, 0, 1), bytes = little_endian(sector, 11, 2);
  const auto fats = little_endian(sector, 16, 1);
  return (jump == 0xeb || jump == 0xe9) && (bytes == 512 || bytes == 1024 || bytes == 2048 || bytes == 4096) &&
         little_endian(sector, 14, 2) > 0 && (fats == 1 || fats == 2) && little_endian(sector, 21, 1) >= 0xf0;
}

Partition partition_of(unsigned number, const MbrEntry& entry, std::uint64_t base) {
  return {.number = number,
          .start = (base + entry.start) * kSector,
          .size = entry.size * kSector,
          .mbr_type = entry.type,
          .active = entry.active};
}

// A chain of tables, each of which says its partition and where the next table is.
Result<void> add_logical(const ImageBytes& image, std::uint64_t extended, PartitionTable& table) {
  std::uint64_t next = extended;
  std::set<std::uint64_t> seen;
  unsigned number = 5;
  while (number < 5 + kMostLogical) {
    if (!seen.insert(next).second) {
      table.damage.push_back("the chain of logical partitions comes back to itself");
      return {};
    }
    if ((next + 1) * kSector > image.size()) {
      table.damage.push_back("the chain of logical partitions leads out of the image");
      return {};
    }
    SWAGE_TRY(const std::string sector, image.read(next * kSector, kSector));
    if (little_endian(sector, 510, 2) != 0xaa55) {
      table.damage.push_back("the chain of logical partitions leads to what is no table");
      return {};
    }
    const std::vector<MbrEntry> entries = entries_of(sector);
    if (entries[0].type != 0 && entries[0].size != 0)
      table.mbr.push_back(partition_of(number++, entries[0], next));
    if (!is_extended(entries[1].type)) return {};
    next = extended + entries[1].start;
  }
  table.damage.push_back(fmt::format("there are more than {} logical partitions", kMostLogical));
  return {};
}

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())));
}

// As it is written: the first three fields are little endian.
std::string uuid_text(std::string_view bytes) {
  std::string text = fmt::format("{:08x}-{:04x}-{:04x}-", little_endian(bytes, 0, 4), little_endian(bytes, 4, 2),
                                 little_endian(bytes, 6, 2));
  for (std::size_t i = 8; i < 16; ++i) {
    if (i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

struct GptHeader {
  std::uint64_t entries_at = 0, count = 0, entry_size = 0;
  std::uint32_t entries_crc = 0;
};

// None: it is no header, or not the one that it says it is.
Result<std::optional<GptHeader>> read_gpt_header(const ImageBytes& image, std::uint64_t sector) {
  std::optional<GptHeader> none;
  if ((sector + 1) * kSector > image.size()) return none;
  SWAGE_TRY(std::string bytes, image.read(sector * kSector, kSector));
  if (!bytes.starts_with("EFI PART")) return none;
  const auto length = little_endian(bytes, 12, 4), crc = little_endian(bytes, 16, 4);
  if (length < 92 || length > kSector || little_endian(bytes, 24, 8) != sector) return none;
  std::string summed = bytes.substr(0, length);
  std::fill_n(summed.begin() + 16, 4, '\0');
  const GptHeader header{.entries_at = little_endian(bytes, 72, 8),
                         .count = little_endian(bytes, 80, 4),
                         .entry_size = little_endian(bytes, 84, 4),
                         .entries_crc = static_cast<std::uint32_t>(little_endian(bytes, 88, 4))};
  const bool bounded = header.count <= kMostGptEntries && header.entry_size >= 128 &&
                       header.entry_size <= kLargestGptEntry && header.entries_at < image.size() / kSector;
  if (crc_of(summed) != crc || !bounded) return none;
  return std::optional(header);
}

Result<bool> add_gpt(const ImageBytes& image, const GptHeader& header, PartitionTable& table) {
  const std::uint64_t length = header.count * header.entry_size, at = header.entries_at * kSector;
  if (at > image.size() || length > image.size() - at) return false;
  SWAGE_TRY(const std::string bytes, image.read(at, length));
  if (crc_of(bytes) != header.entries_crc) return false;
  for (std::uint64_t i = 0; i < header.count; ++i) {
    const std::string_view entry = std::string_view(bytes).substr(i * header.entry_size, header.entry_size);
    const std::string type = uuid_text(entry.substr(0, 16));
    if (type == "00000000-0000-0000-0000-000000000000") continue;
    const std::uint64_t first = little_endian(entry, 32, 8), last = little_endian(entry, 40, 8);
    if (last < first || last >= UINT64_MAX / kSector) {
      table.damage.push_back(fmt::format("partition {} ends before it begins", i + 1));
      continue;
    }
    table.gpt.push_back({.number = static_cast<unsigned>(i + 1),
                         .start = first * kSector,
                         .size = (last - first + 1) * kSector,
                         .gpt_type = type,
                         .name = from_utf16(entry.substr(56, 72))});
  }
  return true;
}

Result<void> read_gpt(const ImageBytes& image, PartitionTable& table) {
  const std::uint64_t last = image.size() / kSector - 1;
  SWAGE_TRY(const std::optional<GptHeader> first, read_gpt_header(image, 1));
  SWAGE_TRY(const std::optional<GptHeader> backup, read_gpt_header(image, last));
  bool good = false;
  if (first) { SWAGE_TRY(good, add_gpt(image, *first, table)); }
  if (!good) table.damage.push_back("the first copy of the GPT is broken");
  if (!backup) table.damage.push_back("the GPT's second copy is not at the end of the image, or broken");
  if (!good && backup) { SWAGE_TRY(good, add_gpt(image, *backup, table)); }
  return {};
}

// Of partitions of one table.
void note_damage(std::uint64_t size, std::vector<Partition> partitions, std::vector<std::string>& damage) {
  std::sort(partitions.begin(), partitions.end(),
            [](const Partition& a, const Partition& b) { return a.start < b.start; });
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const Partition& one = partitions[i];
    if (one.start > size || one.size > size - one.start)
      damage.push_back(fmt::format("partition {} ends at byte {}, and the image at byte {}", one.number,
                                   one.start + one.size, size));
    if (i > 0 && partitions[i - 1].start + partitions[i - 1].size > one.start)
      damage.push_back(fmt::format("partitions {} and {} overlap", partitions[i - 1].number, one.number));
  }
}

}  // namespace

std::string_view table_kind_name(TableKind kind) {
  switch (kind) {
    case TableKind::mbr: return "MBR";
    case TableKind::gpt: return "GPT";
    case TableKind::hybrid: return "GPT with a hybrid MBR";
    case TableKind::none: break;
  }
  return "no partition table";
}

Result<PartitionTable> read_partition_table(const ImageBytes& image) {
  PartitionTable table;
  if (image.size() < 2 * kSector) return table;
  SWAGE_TRY(const std::string sector, image.read(0, kSector));
  if (little_endian(sector, 510, 2) != 0xaa55) return table;
  const std::vector<MbrEntry> entries = entries_of(sector);
  const auto used = [](const MbrEntry& entry) { return entry.type != 0 && entry.size != 0; };
  const bool sane = std::all_of(entries.begin(), entries.end(), [](const MbrEntry& entry) { return entry.sane; });
  if (is_fat_boot_sector(sector) && (!sane || std::none_of(entries.begin(), entries.end(), used))) return table;
  bool protects = false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!used(entries[i])) continue;
    if (entries[i].type == kProtective) {
      protects = true;
    } else if (is_extended(entries[i].type)) {
      SWAGE_CHECK(add_logical(image, entries[i].start, table));
    } else {
      table.mbr.push_back(partition_of(static_cast<unsigned>(i + 1), entries[i], 0));
    }
  }
  std::stable_sort(table.mbr.begin(), table.mbr.end(),
                   [](const Partition& a, const Partition& b) { return a.number < b.number; });
  if (protects) { SWAGE_CHECK(read_gpt(image, table)); }
  table.kind = !protects ? TableKind::mbr : table.mbr.empty() ? TableKind::gpt : TableKind::hybrid;
  note_damage(image.size(), table.mbr, table.damage);
  note_damage(image.size(), table.gpt, table.damage);
  return table;
}

}  // namespace swage
