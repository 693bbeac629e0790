#include "image/image_tree.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "image/fat.hpp"

namespace swage {

namespace {

class FatTree final : public ImageTree {
 public:
  FatTree(FatVolume volume, std::vector<FatEntry> entries) : volume_(std::move(volume)), entries_(std::move(entries)) {
    std::vector<ImageNode> nodes;
    for (std::size_t i = 0; i < entries_.size(); ++i)
      nodes.push_back({.path = entries_[i].path,
                       .kind = entries_[i].directory ? NodeKind::directory : NodeKind::file,
                       .size = entries_[i].size,
                       .id = i});
    take(std::move(nodes));
  }

  // A file is read whole, since its chain of clusters has to be followed from the beginning, and kept until the next.
  Result<std::string> read(const ImageNode& file, std::uint64_t offset, std::uint64_t length) const override {
    if (kept_ != file.id || !is_kept_) {
      SWAGE_TRY(content_, volume_.read(entries_[file.id]));
      kept_ = file.id;
      is_kept_ = true;
    }
    return offset > content_.size() ? std::string() : content_.substr(offset, length);
  }

 private:
  FatVolume volume_;
  std::vector<FatEntry> entries_;
  mutable std::string content_{};
  mutable std::uint64_t kept_ = 0;
  mutable bool is_kept_ = false;
};

}  // namespace

void ImageTree::take(std::vector<ImageNode> nodes) {
  std::sort(nodes.begin(), nodes.end(), [](const ImageNode& a, const ImageNode& b) { return a.path < b.path; });
  nodes_ = std::move(nodes);
}

const ImageNode* ImageTree::find(std::string_view path) const {
  const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), path,
                                   [](const ImageNode& node, std::string_view wanted) { return node.path < wanted; });
  return at != nodes_.end() && at->path == path ? &*at : nullptr;
}

Result<std::unique_ptr<ImageTree>> open_fat_tree(const ImageBytes& image, std::uint64_t offset, std::uint64_t length) {
  SWAGE_TRY(FatVolume volume, FatVolume::open(image, offset, length));
  SWAGE_TRY(std::vector<FatEntry> entries, volume.all());
  return std::make_unique<FatTree>(std::move(volume), std::move(entries));
}

Result<std::string> file_system_kind(const ImageBytes& image, std::uint64_t offset, std::uint64_t length) {
  constexpr std::uint64_t superblock = 1024;
  const auto has = [&](std::uint64_t at, std::string_view magic) -> Result<bool> {
    if (length < at + magic.size() || offset > image.size() || image.size() - offset < at + magic.size()) return false;
    SWAGE_TRY(const std::string bytes, image.read(offset + at, magic.size()));
    return bytes == magic;
  };
  struct Magic {
    const char* kind;
    std::uint64_t at;
    std::string_view bytes;
  };
  using namespace std::string_view_literals;
  static constexpr Magic known[] = {{"squashfs", 0, "hsqs"sv},
                                    {"ext4", superblock + 56, "\x53\xef"sv},
                                    {"erofs", superblock, "\xe2\xe1\xf5\xe0"sv},
                                    {"vfat", 510, "\x55\xaa"sv}};
  for (const Magic& one : known) {
    SWAGE_TRY(const bool is, has(one.at, one.bytes));
    if (is) return std::string(one.kind);
  }
  return std::string();
}

}  // namespace swage
