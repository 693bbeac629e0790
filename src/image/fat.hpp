// FAT12, FAT16 and FAT32 file systems inside an image, read without mounting. Every length and offset is tested against
// the file system's own size, every chain of clusters against its number of clusters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/image_bytes.hpp"

namespace swage {

struct FatEntry {
  std::string path{};                        // from the root, "overlays/README": long names where there are any
  bool directory = false;
  std::uint64_t size = 0;                    // of a directory 0
  std::uint32_t first_cluster = 0;           // 0: it has none
};

// As FAT compares names: letters of ASCII in either case are the same.
std::string fat_folded(std::string_view name);

class FatVolume {
 public:
  // The file system that begins at `offset` of the image, in a partition of `length` bytes. Errc::corrupt: there is
  // none, or what it says of itself does not fit together. The image must live as long.
  static Result<FatVolume> open(const ImageBytes& image, std::uint64_t offset, std::uint64_t length);

  unsigned bits() const { return bits_; }                       // 12, 16 or 32
  // Fewer clusters than a FAT32 must have: others than Linux then take it for a FAT16.
  bool is_too_small_for_its_kind() const { return bits_ == 32 && clusters_ < 65525; }
  const std::string& label() const { return label_; }           // of its first sector
  // Of the entry of the root directory that is no file, which some tools change alone. "": there is none.
  Result<std::string> root_label() const;
  std::uint64_t size() const { return size_; }                  // as it says itself, which may be more than its
                                                                // partition
  std::uint64_t cluster_size() const { return cluster_size_; }
  std::uint32_t clusters() const { return clusters_; }
  Result<std::uint64_t> free_bytes() const;

  // In the order of the directory, without labels and deleted ones. "" and "/" are the root. Errc::invalid_input: there
  // is no such directory.
  Result<std::vector<FatEntry>> list(std::string_view directory) const;
  Result<std::optional<FatEntry>> find(std::string_view path) const;
  // Every file and directory, each directory before what it holds.
  Result<std::vector<FatEntry>> all() const;
  // Errc::invalid_input: it is a directory, or has more than `limit` bytes.
  Result<std::string> read(const FatEntry& file, std::uint64_t limit = 256'000'000) const;
  // The first bytes of it, at most `length`.
  Result<std::string> read_head(const FatEntry& file, std::uint64_t length) const;

 private:
  FatVolume() = default;
  Result<std::uint32_t> next_cluster(std::uint32_t cluster) const;
  bool is_data(std::uint32_t cluster) const { return cluster >= 2 && cluster - 2 < clusters_; }
  Result<std::string> read_chain(std::uint32_t first, std::uint64_t length, std::string_view path) const;
  Result<std::string> read_directory(const FatEntry& directory) const;
  Result<std::vector<FatEntry>> entries(const FatEntry& directory) const;

  const ImageBytes* image_ = nullptr;
  std::uint64_t offset_ = 0, length_ = 0, size_ = 0;            // length_: of what is there
  std::uint64_t fat_at_ = 0, fat_length_ = 0, root_at_ = 0, root_length_ = 0, data_at_ = 0, cluster_size_ = 0;
  std::uint32_t clusters_ = 0, root_cluster_ = 0;
  unsigned bits_ = 0;
  std::string label_{};
  // A piece of the table that was read last: chains are mostly in a row.
  mutable std::uint64_t cached_at_ = UINT64_MAX;
  mutable std::string cached_{};
};

}  // namespace swage
