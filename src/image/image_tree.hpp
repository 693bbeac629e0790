// The files of one file system inside an image, of whatever kind, read without mounting.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "image/image_bytes.hpp"

namespace swage {

enum class NodeKind { file, directory, link, other };

struct ImageNode {
  std::string path{};                        // from the root, "usr/bin/sh"
  NodeKind kind = NodeKind::file;
  unsigned mode = 0755;                      // permissions, which FAT does not have
  std::uint32_t uid = 0, gid = 0;
  std::uint64_t size = 0;
  std::string target{};                      // of a link
  std::uint64_t id = 0;                      // for the tree itself
};

class ImageTree {
 public:
  virtual ~ImageTree() = default;
  const std::vector<ImageNode>& nodes() const { return nodes_; }   // sorted by path, without the root
  const ImageNode* find(std::string_view path) const;              // null: it is not there; links are not followed
  // Bytes of a file, fewer where it ends. Errc::corrupt: the file system does not say where they are.
  virtual Result<std::string> read(const ImageNode& file, std::uint64_t offset, std::uint64_t length) const = 0;

 protected:
  void take(std::vector<ImageNode> nodes);
  std::vector<ImageNode> nodes_{};
};

// The file system that begins at `offset` of the image. Errc::corrupt: there is none of the kind, or it is broken. The
// image must live as long.
Result<std::unique_ptr<ImageTree>> open_fat_tree(const ImageBytes& image, std::uint64_t offset, std::uint64_t length);
// ext2 to ext4, by libext2fs.
Result<std::unique_ptr<ImageTree>> open_ext_tree(const ImageBytes& image, std::uint64_t offset, std::uint64_t length);

// An initramfs in the form `newc`, compressed by gzip or not; `head`: its first bytes, some hundred.
bool is_initramfs(std::string_view head);
Result<std::unique_ptr<ImageTree>> open_cpio_tree(std::string bytes);

// What begins there, by its magic: "vfat", "ext4" (of ext2 and ext3 too), "erofs", "squashfs"; "" none of them.
Result<std::string> file_system_kind(const ImageBytes& image, std::uint64_t offset, std::uint64_t length);

}  // namespace swage
