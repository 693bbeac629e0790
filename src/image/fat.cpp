#include "image/fat.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <fmt/core.h>
#include <set>

#include "base/text.hpp"
#include "image/utf16.hpp"

namespace swage {

namespace {

constexpr std::uint64_t kFatEntry = 32;
constexpr std::uint64_t kLargestDirectory = 65536 * kFatEntry;     // as the format has it
constexpr std::size_t kMostFatEntries = 200'000, kDeepestPath = 1024;
constexpr std::uint64_t kFatPiece = 4096;                          // of the table, read at once
constexpr unsigned kLongName = 0x0f, kLabel = 0x08, kDirectory = 0x10;

Fail fat_is_corrupt(std::string what) { return fail(Errc::corrupt, std::move(what)); }

unsigned char checksum_of(std::string_view short_name) {
  unsigned char sum = 0;
  for (const char byte : short_name)
    sum = static_cast<unsigned char>(((sum & 1) << 7) + (sum >> 1) + static_cast<unsigned char>(byte));
  return sum;
}

// "KERNEL8 IMG" with the bits that say that a half of it is in lower case. Bytes that are no ASCII are of a code page
// that nobody tells: they become '?'.
std::string short_name_text(std::string_view entry) {
  const auto half = [&](std::size_t at, std::size_t length, bool lower) {
    std::string text(entry.substr(at, length));
    if (at == 0 && text[0] == '\x05') text[0] = '\xe5';
    text.erase(text.find_last_not_of(' ') + 1);
    for (char& c : text) {
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
      else if (lower && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return text;
  };
  const auto flags = little_endian(entry, 12, 1);
  const std::string name = half(0, 8, (flags & 0x08) != 0), extension = half(8, 3, (flags & 0x10) != 0);
  return extension.empty() ? name : name + "." + extension;
}

// Of a piece of a long name: 13 letters.
std::string letters_of(std::string_view entry) {
  return std::string(entry.substr(1, 10)) + std::string(entry.substr(14, 12)) + std::string(entry.substr(28, 4));
}

// The pieces of a long name come last one first, each with its number and the sum of the short name that they are of.
class LongName {
 public:
  void piece(std::string_view entry) {
    const auto order = little_endian(entry, 0, 1);
    const auto sum = static_cast<unsigned char>(little_endian(entry, 13, 1));
    if ((order & 0x40) != 0) {
      next_ = order & 0x1f;
      sum_ = sum;
      letters_.clear();
    }
    if (next_ == 0 || (order & 0x1f) != next_ || sum != sum_) {
      forget();
      return;
    }
    letters_ = letters_of(entry) + letters_;
    done_ = --next_ == 0;
  }
  // "" : there is none of this short name.
  std::string take(std::string_view short_name) {
    const std::string name = done_ && checksum_of(short_name) == sum_ ? from_utf16(letters_) : "";
    forget();
    return name;
  }
  void forget() { next_ = 0, done_ = false, letters_.clear(); }

 private:
  std::uint64_t next_ = 0;
  unsigned char sum_ = 0;
  bool done_ = false;
  std::string letters_{};
};

}  // namespace

std::string fat_folded(std::string_view name) {
  std::string folded(name);
  for (char& c : folded)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return folded;
}

Result<FatVolume> FatVolume::open(const ImageBytes& image, std::uint64_t offset, std::uint64_t length) {
  if (offset > image.size() || length < 512 || image.size() - offset < 512)
    return fat_is_corrupt("there is no room for a FAT file system");
  SWAGE_TRY(const std::string boot, image.read(offset, 512));
  const std::uint64_t bytes = little_endian(boot, 11, 2), per_cluster = little_endian(boot, 13, 1);
  const std::uint64_t reserved = little_endian(boot, 14, 2), fats = little_endian(boot, 16, 1);
  const std::uint64_t root_entries = little_endian(boot, 17, 2), sectors16 = little_endian(boot, 19, 2);
  const std::uint64_t fat16 = little_endian(boot, 22, 2), sectors32 = little_endian(boot, 32, 4);
  const auto power_of_two = [](std::uint64_t n) { return n != 0 && (n & (n - 1)) == 0; };
  if (little_endian(boot, 510, 2) != 0xaa55 || bytes < 512 || bytes > 4096 || !power_of_two(bytes) ||
      !power_of_two(per_cluster) || reserved == 0 || fats == 0 || little_endian(boot, 21, 1) < 0xf0)
    return fat_is_corrupt("it does not begin like a FAT file system");
  const bool wide = fat16 == 0;                                 // Linux's rule; Microsoft's counts clusters
  const std::uint64_t fat_sectors = wide ? little_endian(boot, 36, 4) : fat16;
  const std::uint64_t sectors = sectors16 != 0 ? sectors16 : sectors32;
  const std::uint64_t root_sectors = (root_entries * kFatEntry + bytes - 1) / bytes;
  const std::uint64_t before_data = reserved + fats * fat_sectors + root_sectors;
  if (fat_sectors == 0 || before_data >= sectors) return fat_is_corrupt("its tables leave no room for files");
  FatVolume volume;
  volume.image_ = &image;
  volume.offset_ = offset;
  volume.length_ = std::min(length, image.size() - offset);
  volume.size_ = sectors * bytes;
  volume.cluster_size_ = per_cluster * bytes;
  volume.fat_at_ = reserved * bytes;
  volume.fat_length_ = fat_sectors * bytes;
  volume.root_at_ = (reserved + fats * fat_sectors) * bytes;
  volume.root_length_ = root_entries * kFatEntry;
  volume.data_at_ = before_data * bytes;
  const std::uint64_t clusters = (sectors - before_data) / per_cluster;
  volume.bits_ = wide ? 32 : clusters < 4085 ? 12 : 16;
  const std::uint64_t entries = volume.fat_length_ * 8 / volume.bits_;
  if (clusters == 0 || clusters > 0x0ffffff5) return fat_is_corrupt("it has no usable number of clusters");
  if (entries < clusters + 2) return fat_is_corrupt("its table is too short for its clusters");
  volume.clusters_ = static_cast<std::uint32_t>(clusters);
  if (wide) volume.root_cluster_ = static_cast<std::uint32_t>(little_endian(boot, 44, 4));
  if (wide && !volume.is_data(volume.root_cluster_)) return fat_is_corrupt("its root directory is nowhere");
  volume.label_ = std::string(trim(std::string_view(boot).substr(wide ? 71 : 43, 11)));
  if (volume.label_ == "NO NAME") volume.label_.clear();
  return volume;
}

Result<std::uint32_t> FatVolume::next_cluster(std::uint32_t cluster) const {
  const std::uint64_t at = bits_ == 12 ? cluster + cluster / 2ULL : cluster * (bits_ / 8ULL);
  const unsigned width = bits_ == 32 ? 4 : 2;
  if (at + width > fat_length_) return fat_is_corrupt(fmt::format("cluster {} is not in the table", cluster));
  if (at < cached_at_ || at + width > cached_at_ + cached_.size()) {
    const std::uint64_t length = std::min(kFatPiece, fat_length_ - at);
    if (fat_at_ + at + length > length_) return fat_is_corrupt("its table leads out of its partition");
    SWAGE_TRY(cached_, image_->read(offset_ + fat_at_ + at, length));
    cached_at_ = at;
  }
  const auto value = static_cast<std::uint32_t>(little_endian(cached_, at - cached_at_, width));
  if (bits_ == 12) return cluster % 2 == 0 ? value & 0xfff : value >> 4;
  return bits_ == 32 ? value & 0x0fffffff : value;
}

Result<std::uint64_t> FatVolume::free_bytes() const {
  std::uint64_t free = 0;
  for (std::uint32_t i = 0; i < clusters_; ++i) {
    SWAGE_TRY(const std::uint32_t next, next_cluster(i + 2));
    free += next == 0;
  }
  return free * cluster_size_;
}

// `length` bytes of a chain, which must be as long.
Result<std::string> FatVolume::read_chain(std::uint32_t first, std::uint64_t length, std::string_view path) const {
  if (length > std::uint64_t{clusters_} * cluster_size_)
    return fat_is_corrupt(fmt::format("'{}' is larger than its file system", path));
  std::string bytes;
  std::uint32_t cluster = first;
  while (bytes.size() < length) {
    if (!is_data(cluster))
      return fat_is_corrupt(fmt::format("'{}' has {} of its {} bytes: its chain of clusters ends early", path,
                                        bytes.size(), length));
    const std::uint64_t part = std::min(cluster_size_, length - bytes.size());
    const std::uint64_t at = data_at_ + (cluster - 2ULL) * cluster_size_;
    if (at > length_ || part > length_ - at)
      return fat_is_corrupt(fmt::format("'{}' leads out of its partition", path));
    SWAGE_TRY(const std::string piece, image_->read(offset_ + at, part));
    bytes += piece;
    SWAGE_TRY(cluster, next_cluster(cluster));
  }
  return bytes;
}

Result<std::string> FatVolume::read_directory(const FatEntry& directory) const {
  if (directory.path.empty() && bits_ != 32) {
    if (root_at_ + root_length_ > length_) return fat_is_corrupt("its root directory leads out of its partition");
    return image_->read(offset_ + root_at_, root_length_);
  }
  // Nothing says how long a directory is: its chain does.
  std::uint64_t length = 0;
  std::uint32_t cluster = directory.first_cluster;
  const std::uint64_t most = std::max(kLargestDirectory, cluster_size_);
  while (is_data(cluster) && length <= most) {
    length += cluster_size_;
    SWAGE_TRY(cluster, next_cluster(cluster));
  }
  if (length > most) return fat_is_corrupt(fmt::format("directory '{}' has no end", directory.path));
  if (length == 0) return fat_is_corrupt(fmt::format("directory '{}' is nowhere", directory.path));
  return read_chain(directory.first_cluster, length, directory.path);
}

Result<std::vector<FatEntry>> FatVolume::entries(const FatEntry& directory) const {
  SWAGE_TRY(const std::string bytes, read_directory(directory));
  std::vector<FatEntry> found;
  LongName long_name;
  for (std::size_t at = 0; at + kFatEntry <= bytes.size(); at += kFatEntry) {
    const std::string_view entry = std::string_view(bytes).substr(at, kFatEntry);
    const auto attributes = little_endian(entry, 11, 1);
    if (entry[0] == '\0') break;
    if (entry[0] == '\xe5') {
      long_name.forget();
    } else if ((attributes & 0x3f) == kLongName) {
      long_name.piece(entry);
    } else {
      std::string name = long_name.take(entry.substr(0, 11));
      if ((attributes & kLabel) != 0 || entry[0] == '.') continue;
      if (name.empty()) name = short_name_text(entry);
      if (name.empty() || name.find('/') != std::string::npos)
        return fat_is_corrupt(fmt::format("directory '{}' has an entry whose name is none", directory.path));
      const bool is_directory = (attributes & kDirectory) != 0;
      const auto high = bits_ == 32 ? little_endian(entry, 20, 2) & 0x0fff : 0;
      found.push_back({.path = directory.path.empty() ? name : directory.path + "/" + name,
                       .directory = is_directory,
                       .size = is_directory ? 0 : little_endian(entry, 28, 4),
                       .first_cluster = static_cast<std::uint32_t>(high << 16 | little_endian(entry, 26, 2))});
    }
  }
  return found;
}

Result<std::string> FatVolume::root_label() const {
  SWAGE_TRY(const std::string bytes, read_directory({.directory = true, .first_cluster = root_cluster_}));
  for (std::size_t at = 0; at + kFatEntry <= bytes.size() && bytes[at] != '\0'; at += kFatEntry) {
    const std::string_view entry = std::string_view(bytes).substr(at, kFatEntry);
    const auto attributes = little_endian(entry, 11, 1);
    if (entry[0] != '\xe5' && (attributes & 0x3f) != kLongName && (attributes & kLabel) != 0)
      return std::string(trim(entry.substr(0, 11)));
  }
  return std::string();
}

Result<std::optional<FatEntry>> FatVolume::find(std::string_view path) const {
  FatEntry at{.directory = true, .first_cluster = root_cluster_};
  for (const std::string_view part : split(path, '/')) {
    if (part.empty()) continue;
    if (!at.directory) return std::optional<FatEntry>();
    SWAGE_TRY(const std::vector<FatEntry> inside, entries(at));
    const std::string wanted = fat_folded(at.path.empty() ? std::string(part) : at.path + "/" + std::string(part));
    const auto found = std::find_if(inside.begin(), inside.end(),
                                    [&](const FatEntry& entry) { return fat_folded(entry.path) == wanted; });
    if (found == inside.end()) return std::optional<FatEntry>();
    at = *found;
  }
  return std::optional(std::move(at));
}

Result<std::vector<FatEntry>> FatVolume::list(std::string_view directory) const {
  SWAGE_TRY(const std::optional<FatEntry> found, find(directory));
  if (!found || !found->directory)
    return fail(Errc::invalid_input, fmt::format("'{}' is no directory of the file system", directory));
  return entries(*found);
}

Result<std::vector<FatEntry>> FatVolume::all() const {
  std::vector<FatEntry> found;
  std::deque<FatEntry> open{{.directory = true, .first_cluster = root_cluster_}};
  std::set<std::uint32_t> seen{root_cluster_};
  while (!open.empty()) {
    SWAGE_TRY(const std::vector<FatEntry> inside, entries(open.front()));
    open.pop_front();
    for (const FatEntry& entry : inside) {
      if (found.size() == kMostFatEntries)
        return fat_is_corrupt(fmt::format("it has more than {} files", kMostFatEntries));
      found.push_back(entry);
      if (!entry.directory) continue;
      if (entry.path.size() > kDeepestPath || !seen.insert(entry.first_cluster).second)
        return fat_is_corrupt(fmt::format("directory '{}' is inside itself", entry.path));
      open.push_back(entry);
    }
  }
  return found;
}

Result<std::string> FatVolume::read(const FatEntry& file, std::uint64_t limit) const {
  if (file.directory) return fail(Errc::invalid_input, fmt::format("'{}' is a directory", file.path));
  if (file.size > limit)
    return fail(Errc::invalid_input, fmt::format("'{}' has {}, more than the {} that are read", file.path,
                                                 human_bytes(file.size), human_bytes(limit)));
  return read_chain(file.first_cluster, file.size, file.path);
}

Result<std::string> FatVolume::read_head(const FatEntry& file, std::uint64_t length) const {
  if (file.directory) return fail(Errc::invalid_input, fmt::format("'{}' is a directory", file.path));
  return read_chain(file.first_cluster, std::min(file.size, length), file.path);
}

}  // namespace swage
