// ext2, ext3 and ext4 by libext2fs, which reads our bytes through an I/O manager of its kind and checks what it reads
// against the file system's own checksums.
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <set>

#include "image/image_tree.hpp"

#include <ext2fs/ext2fs.h>   // last: its macros are many

namespace swage {

namespace {

constexpr std::size_t kMostNodes = 2'000'000, kLongestPath = 4096;

// Where the file system lies.
struct ExtPlace {
  const ImageBytes* image;
  std::uint64_t offset, length;
};

errcode_t place_open(const char* name, int, io_channel* channel);
errcode_t place_close(io_channel channel) {
  if (--channel->refcount > 0) return 0;
  delete[] channel->name;
  delete channel;
  return 0;
}
errcode_t place_block_size(io_channel channel, int size) {
  channel->block_size = size;
  return 0;
}

// A negative count is one of bytes.
errcode_t place_read64(io_channel channel, unsigned long long block, int count, void* data) {
  const auto& place = *static_cast<const ExtPlace*>(channel->private_data);
  const auto unit = static_cast<std::uint64_t>(channel->block_size);
  const std::uint64_t length = count < 0 ? static_cast<std::uint64_t>(-static_cast<long>(count))
                                         : static_cast<std::uint64_t>(count) * unit;
  if (block > place.length / unit || length > place.length - block * unit) return EXT2_ET_SHORT_READ;
  const auto bytes = place.image->read(place.offset + block * unit, length);
  if (!bytes) return EXT2_ET_SHORT_READ;
  std::memcpy(data, bytes->data(), bytes->size());
  return 0;
}
errcode_t place_read(io_channel channel, unsigned long block, int count, void* data) {
  return place_read64(channel, block, count, data);
}
errcode_t place_write(io_channel, unsigned long, int, const void*) { return EXT2_ET_OP_NOT_SUPPORTED; }
errcode_t place_write64(io_channel, unsigned long long, int, const void*) { return EXT2_ET_OP_NOT_SUPPORTED; }
errcode_t place_flush(io_channel) { return 0; }

struct_io_manager place_manager() {
  struct_io_manager manager{};
  manager.magic = EXT2_ET_MAGIC_IO_MANAGER;
  manager.name = "image";
  manager.open = place_open;
  manager.close = place_close;
  manager.set_blksize = place_block_size;
  manager.read_blk = place_read;
  manager.write_blk = place_write;
  manager.flush = place_flush;
  manager.read_blk64 = place_read64;
  manager.write_blk64 = place_write64;
  return manager;
}
struct_io_manager the_manager = place_manager();

// The name is where the place is: nothing else reaches this function.
errcode_t place_open(const char* name, int, io_channel* channel) {
  auto* opened = new struct_io_channel{};
  opened->magic = EXT2_ET_MAGIC_IO_CHANNEL;
  opened->manager = &the_manager;
  opened->name = new char[std::strlen(name) + 1];
  std::strcpy(opened->name, name);
  opened->block_size = 1024;
  opened->refcount = 1;
  opened->private_data = reinterpret_cast<void*>(std::strtoull(name, nullptr, 16));
  *channel = opened;
  return 0;
}

std::string ext_error_text(errcode_t code) {
  static const bool once = [] { return initialize_ext2_error_table(), true; }();
  (void)once;
  std::string text = ::error_message(code);
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text;
}

class ExtTree final : public ImageTree {
 public:
  ExtTree(const ImageBytes& image, std::uint64_t offset, std::uint64_t length) : place_{&image, offset, length} {}
  ~ExtTree() override {
    if (fs_) ::ext2fs_free(fs_);
  }

  Result<void> open() {
    const std::uint64_t there = place_.offset > place_.image->size() ? 0 : place_.image->size() - place_.offset;
    place_.length = std::min(place_.length, there);
    const std::string name = fmt::format("{:x}", reinterpret_cast<std::uintptr_t>(&place_));
    if (const errcode_t code = ::ext2fs_open(name.c_str(), EXT2_FLAG_64BITS, 0, 0, &the_manager, &fs_)) {
      fs_ = nullptr;
      return fail(Errc::corrupt, fmt::format("it is no ext4 that can be read: {}", ext_error_text(code)));
    }
    std::vector<ImageNode> nodes;
    SWAGE_CHECK(walk(nodes));
    take(std::move(nodes));
    return {};
  }

  Result<std::string> read(const ImageNode& file, std::uint64_t offset, std::uint64_t length) const override {
    if (offset >= file.size) return std::string();
    return read_inode(static_cast<ext2_ino_t>(file.id), offset, std::min(length, file.size - offset), file.path);
  }

 private:
  struct Listed {
    std::string name{};
    ext2_ino_t inode = 0;
  };

  static int take_entry(ext2_ino_t, int, struct ext2_dir_entry* entry, int, int, char*, void* into) {
    const auto length = static_cast<std::size_t>(ext2fs_dirent_name_len(entry));
    const std::string_view name(entry->name, length);
    if (entry->inode != 0 && name != "." && name != "..")
      static_cast<std::vector<Listed>*>(into)->push_back({std::string(name), entry->inode});
    return 0;
  }

  static Error broken(const std::string& path, errcode_t code) {
    return {.code = Errc::corrupt, .what = fmt::format("'{}' cannot be read: {}", path, ext_error_text(code))};
  }

  // Directory by directory; one that was seen is not gone into again.
  Result<void> walk(std::vector<ImageNode>& nodes) const {
    std::vector<std::pair<ext2_ino_t, std::string>> open{{EXT2_ROOT_INO, ""}};
    std::set<ext2_ino_t> seen{EXT2_ROOT_INO};
    while (!open.empty()) {
      const auto [inode, path] = open.back();
      open.pop_back();
      std::vector<Listed> entries;
      if (const errcode_t code = ::ext2fs_dir_iterate2(fs_, inode, 0, nullptr, take_entry, &entries))
        return Fail(broken("/" + path, code));
      for (const Listed& entry : entries) {
        ImageNode node{.path = path.empty() ? entry.name : path + "/" + entry.name, .id = entry.inode};
        const bool named =
            !entry.name.empty() && entry.name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
        if (!named || node.path.size() > kLongestPath || nodes.size() >= kMostNodes)
          return fail(Errc::corrupt, fmt::format("'/{}' has names that no directory has", path));
        SWAGE_CHECK(fill(node));
        if (node.kind == NodeKind::directory) {
          if (!seen.insert(entry.inode).second)
            return fail(Errc::corrupt, fmt::format("'{}' is a directory twice", node.path));
          open.emplace_back(entry.inode, node.path);
        }
        nodes.push_back(std::move(node));
      }
    }
    return {};
  }

  Result<void> fill(ImageNode& node) const {
    struct ext2_inode inode {};
    const auto number = static_cast<ext2_ino_t>(node.id);
    if (const errcode_t code = ::ext2fs_read_inode(fs_, number, &inode)) return Fail(broken(node.path, code));
    node.kind = LINUX_S_ISREG(inode.i_mode)   ? NodeKind::file
                : LINUX_S_ISDIR(inode.i_mode) ? NodeKind::directory
                : LINUX_S_ISLNK(inode.i_mode) ? NodeKind::link
                                              : NodeKind::other;
    node.mode = inode.i_mode & 07777;
    node.uid = inode_uid(inode);
    node.gid = inode_gid(inode);
    node.size = EXT2_I_SIZE(&inode);
    if (node.kind != NodeKind::link) return {};
    if (node.size > kLongestPath) return fail(Errc::corrupt, fmt::format("the link '{}' leads too far", node.path));
    if (::ext2fs_is_fast_symlink(&inode)) {
      node.target.assign(reinterpret_cast<const char*>(inode.i_block),
                         std::min<std::size_t>(node.size, sizeof inode.i_block));
      return {};
    }
    SWAGE_TRY(node.target, read_inode(number, 0, node.size, node.path));
    return {};
  }

  Result<std::string> read_inode(ext2_ino_t inode, std::uint64_t offset, std::uint64_t length,
                                 const std::string& path) const {
    ext2_file_t file = nullptr;
    if (const errcode_t code = ::ext2fs_file_open(fs_, inode, 0, &file)) return Fail(broken(path, code));
    std::string bytes(length, '\0');
    std::size_t done = 0;
    errcode_t code = ::ext2fs_file_llseek(file, offset, EXT2_SEEK_SET, nullptr);
    while (code == 0 && done < bytes.size()) {
      unsigned got = 0;
      const auto wanted = static_cast<unsigned>(std::min<std::size_t>(bytes.size() - done, 1 << 20));
      code = ::ext2fs_file_read(file, bytes.data() + done, wanted, &got);
      if (got == 0) break;
      done += got;
    }
    ::ext2fs_file_close(file);
    if (code != 0) return Fail(broken(path, code));
    bytes.resize(done);
    return bytes;
  }

  ExtPlace place_;
  ext2_filsys fs_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<ImageTree>> open_ext_tree(const ImageBytes& image, std::uint64_t offset, std::uint64_t length) {
  auto tree = std::make_unique<ExtTree>(image, offset, length);
  SWAGE_CHECK(tree->open());
  return tree;
}

}  // namespace swage
