// A card or disk as the firmware of a board sees it: the partitions, and the files of those that are FAT.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/partition_table.hpp"

namespace swage {

struct BootFile {
  std::string path{};                        // as the file system has it
  std::uint64_t size = 0;
};

// Paths of the firmware are from the root, with or without a slash at the beginning.
std::string_view without_slashes(std::string_view path);

// The files of one file system. Names are found in any case.
class BootFiles {
 public:
  using Head = std::function<Result<std::string>(const std::string& path, std::uint64_t length)>;
  BootFiles() = default;
  BootFiles(const std::vector<BootFile>& files, Head head);

  const BootFile* find(std::string_view path) const;   // null: no such file; slashes before it do not count
  bool has(std::string_view path) const { return find(path) != nullptr; }
  std::vector<const BootFile*> beginning_with(std::string_view path) const;
  BootFiles without_directory(std::string_view name) const;
  Result<std::string> head(const BootFile& file, std::uint64_t length) const { return head_(file.path, length); }
  Result<std::string> read(const BootFile& file, std::uint64_t limit) const;

 private:
  std::map<std::string, BootFile> files_{};  // by folded path
  Head head_{};
};

struct BootPartition {
  Partition place{};                         // number 0: the whole image, which has no table
  std::string kind{};                        // "FAT32"; "" no FAT
  std::string why_not{};                     // of no FAT: what is wrong, one clause
  std::string label{};
  std::string root_label{};                  // the entry of its root directory that says it; "" it has none
  std::uint64_t file_system_size = 0, free = 0, cluster_size = 1;
  bool odd_fat32 = false;                    // with so few clusters that others take it for a FAT16
  BootFiles files{};
};

struct BootMedium {
  PartitionTable table{};
  std::vector<BootPartition> mbr{}, gpt{};   // in the order of the tables; without a table `mbr` has the whole image
};

// Reads the tables and lists of files. `image` must live as long. A partition that is no FAT, or a broken one, says so;
// errors are those of reading the image.
Result<BootMedium> read_boot_medium(const ImageBytes& image);

}  // namespace swage
