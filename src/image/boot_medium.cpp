#include "image/boot_medium.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "image/fat.hpp"

namespace swage {

namespace {

// An unreadable file system is a fact of the image, unless the image itself cannot be read.
Result<void> fill_from_fat(const ImageBytes& image, BootPartition& partition) {
  const auto broken = [&](const Error& error) -> Result<void> {
    if (error.code != Errc::corrupt) return Fail(error);
    partition.kind.clear();
    partition.why_not = error.what;
    return {};
  };
  auto opened = FatVolume::open(image, partition.place.start, partition.place.size);
  if (!opened) return broken(opened.error());
  const auto volume = std::make_shared<const FatVolume>(*std::move(opened));
  const auto all = volume->all();
  if (!all) return broken(all.error());
  const auto free = volume->free_bytes();
  if (!free) return broken(free.error());
  partition.kind = fmt::format("FAT{}", volume->bits());
  const auto root_label = volume->root_label();
  if (!root_label) return broken(root_label.error());
  partition.root_label = *root_label;
  partition.label = root_label->empty() ? volume->label() : *root_label;
  partition.file_system_size = volume->size();
  partition.free = *free;
  partition.cluster_size = volume->cluster_size();
  partition.odd_fat32 = volume->is_too_small_for_its_kind();
  std::vector<BootFile> files;
  std::map<std::string, FatEntry> entries;
  for (const FatEntry& entry : *all) {
    if (entry.directory) continue;
    files.push_back({entry.path, entry.size});
    entries.emplace(entry.path, entry);
  }
  partition.files =
      BootFiles(files, [volume, entries = std::move(entries)](const std::string& path, std::uint64_t length) {
        return volume->read_head(entries.at(path), length);
      });
  return {};
}

}  // namespace

std::string_view without_slashes(std::string_view path) {
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return path;
}

BootFiles::BootFiles(const std::vector<BootFile>& files, Head head) : head_(std::move(head)) {
  for (const BootFile& file : files) files_.emplace(fat_folded(file.path), file);
}

const BootFile* BootFiles::find(std::string_view path) const {
  const auto found = files_.find(fat_folded(without_slashes(path)));
  return found == files_.end() ? nullptr : &found->second;
}

std::vector<const BootFile*> BootFiles::beginning_with(std::string_view path) const {
  const std::string begin = fat_folded(without_slashes(path));
  std::vector<const BootFile*> found;
  for (auto at = files_.lower_bound(begin); at != files_.end() && at->first.starts_with(begin); ++at)
    found.push_back(&at->second);
  return found;
}

BootFiles BootFiles::without_directory(std::string_view name) const {
  BootFiles left = *this;
  const std::string begin = fat_folded(name) + "/";
  std::erase_if(left.files_, [&](const auto& file) { return file.first.starts_with(begin); });
  return left;
}

Result<std::string> BootFiles::read(const BootFile& file, std::uint64_t limit) const {
  if (file.size > limit)
    return fail(Errc::corrupt,
                fmt::format("'{}' has {}, more than {}", file.path, human_bytes(file.size), human_bytes(limit)));
  return head_(file.path, file.size);
}

Result<BootMedium> read_boot_medium(const ImageBytes& image) {
  BootMedium medium;
  SWAGE_TRY(medium.table, read_partition_table(image));
  const auto add = [&](const std::vector<Partition>& from, std::vector<BootPartition>& to) -> Result<void> {
    for (const Partition& place : from) {
      to.push_back({.place = place});
      SWAGE_CHECK(fill_from_fat(image, to.back()));
    }
    return {};
  };
  SWAGE_CHECK(add(medium.table.mbr, medium.mbr));
  SWAGE_CHECK(add(medium.table.gpt, medium.gpt));
  if (medium.table.kind == TableKind::none) SWAGE_CHECK(add({Partition{.size = image.size()}}, medium.mbr));
  return medium;
}

}  // namespace swage
