// The partition table of a disk or card image: MBR with logical partitions, GPT, or both (hybrid). Sectors have 512
// bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/image_bytes.hpp"

namespace swage {

inline constexpr std::uint64_t kSector = 512;

struct Partition {
  unsigned number = 0;                       // as Linux counts: 1 to 4 primary, 5 on logical; of a GPT the entry
  std::uint64_t start = 0, size = 0;         // bytes
  unsigned mbr_type = 0;                     // 0: of a GPT
  std::string gpt_type{};                    // a UUID in lower case; "" of an MBR
  std::string name{};                        // of a GPT
  bool active = false;                       // the MBR's boot flag
};

enum class TableKind { none, mbr, gpt, hybrid };   // none: the image is one file system, or nothing known
std::string_view table_kind_name(TableKind kind);  // "no partition table", "MBR", ...

struct PartitionTable {
  TableKind kind = TableKind::none;
  std::vector<Partition> mbr{};              // without those that protect a GPT
  std::vector<Partition> gpt{};
  std::vector<std::string> damage{};         // what does not hold, one clause each
};

// Of any bytes. An image that is too short for a table has none; what is inconsistent becomes `damage`. Errors are
// those of reading only.
Result<PartitionTable> read_partition_table(const ImageBytes& image);

}  // namespace swage
