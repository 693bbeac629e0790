// An initramfs: files one after another (Documentation/driver-api/early-userspace/buffer-format.rst of Linux, `newc`),
// as they are or compressed by gzip; several behind each other, with zeros between them, are one.
#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/core.h>
#include <map>
#include <optional>
#include <zlib.h>

#include "image/image_tree.hpp"

namespace swage {

namespace {

constexpr std::size_t kLargestCpio = 512'000'000, kHeader = 110, kMostCpioFiles = 1'000'000, kMostArchives = 100;
constexpr std::string_view kCpioMagic = "070701", kGzipMagic = "\x1f\x8b";

// The first `most` bytes of what was compressed, and with `whole` what stands behind it as it is. Errc::corrupt: it is
// damaged, or has more than may be.
Result<std::string> gunzipped(std::string_view bytes, std::size_t most, bool whole) {
  std::string out;
  z_stream stream{};
  if (::inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return fail(Errc::environment, "zlib cannot be started");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<unsigned>(bytes.size());
  int state = Z_OK;
  while (state == Z_OK && out.size() < most) {
    std::array<char, 1 << 16> piece;
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<unsigned>(piece.size());
    state = ::inflate(&stream, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (whole && (state != Z_STREAM_END || out.size() > most))
    return fail(Errc::corrupt, "it is an initramfs that is damaged or too large");
  out.resize(std::min(out.size(), most));
  if (whole) out.append(bytes.substr(bytes.size() - stream.avail_in));
  return out;
}

class CpioTree final : public ImageTree {
 public:
  explicit CpioTree(std::string bytes) : bytes_(std::move(bytes)) {}

  Result<void> open() {
    std::vector<ImageNode> nodes;
    SameFile same_file;
    std::size_t at = 0, archives = 1;
    for (;;) {
      if (at + kHeader > bytes_.size() || bytes_.compare(at, kCpioMagic.size(), kCpioMagic) != 0)
        return fail(Errc::corrupt, fmt::format("it is an initramfs without a file at byte {}", at));
      const std::uint64_t mode = number(at, 1), size = number(at, 6), name_size = number(at, 11);
      const std::size_t name_at = at + kHeader, data_at = rounded(name_at + name_size);
      if (name_size == 0 || name_size > 4096 || data_at > bytes_.size() || size > bytes_.size() - data_at ||
          nodes.size() > kMostCpioFiles)
        return fail(Errc::corrupt, fmt::format("it is an initramfs whose file at byte {} is not all there", at));
      std::string name = bytes_.substr(name_at, name_size - 1);
      at = rounded(data_at + size);
      if (name == "TRAILER!!!") {
        share_content(nodes, same_file);
        same_file.clear();
        at = std::min(bytes_.find_first_not_of('\0', at), bytes_.size());
        if (at == bytes_.size()) break;
        if (++archives > kMostArchives)
          return fail(Errc::corrupt, fmt::format("it is an initramfs of more than {} archives", kMostArchives));
        SWAGE_TRY(at, unpacked_from(at));
        continue;
      }
      while (name.starts_with("./") || name.starts_with('/')) name.erase(0, name.starts_with('/') ? 1 : 2);
      if (name.empty() || name == ".") continue;
      const std::uint64_t kind = mode & 0170000;
      ImageNode node{.path = std::move(name),
                     .kind = kind == 0100000   ? NodeKind::file
                             : kind == 0040000 ? NodeKind::directory
                             : kind == 0120000 ? NodeKind::link
                                               : NodeKind::other,
                     .mode = static_cast<unsigned>(mode & 07777),
                     .uid = static_cast<std::uint32_t>(number(name_at - kHeader, 2)),
                     .gid = static_cast<std::uint32_t>(number(name_at - kHeader, 3)),
                     .size = size,
                     .id = data_at};
      if (node.kind == NodeKind::link) node.target = bytes_.substr(data_at, size);
      const std::size_t header = name_at - kHeader;
      if (node.kind == NodeKind::file && number(header, 4) > 1)
        same_file[{number(header, 7), number(header, 8), number(header, 0)}].push_back(nodes.size());
      nodes.push_back(std::move(node));
    }
    take(std::move(nodes));
    return {};
  }

  Result<std::string> read(const ImageNode& file, std::uint64_t offset, std::uint64_t length) const override {
    if (offset >= file.size) return std::string();
    return bytes_.substr(file.id + offset, std::min(length, file.size - offset));
  }

 private:
  // Of names of one file, by its device and inode, which of the nodes they are.
  using SameFile = std::map<std::array<std::uint64_t, 3>, std::vector<std::size_t>>;
  // One of them has the content.
  static void share_content(std::vector<ImageNode>& nodes, const SameFile& same_file) {
    for (const auto& [file, names] : same_file) {
      const auto whole = std::find_if(names.begin(), names.end(), [&](std::size_t at) { return nodes[at].size > 0; });
      if (whole == names.end()) continue;
      for (const std::size_t at : names)
        if (nodes[at].size == 0) nodes[at].size = nodes[*whole].size, nodes[at].id = nodes[*whole].id;
    }
  }
  // Another archive: where it begins, once it is unpacked, if it is compressed.
  Result<std::size_t> unpacked_from(std::size_t at) {
    if (bytes_.compare(at, kGzipMagic.size(), kGzipMagic) != 0) return at;
    SWAGE_TRY(const std::string rest,
              gunzipped(std::string_view(bytes_).substr(at), kLargestCpio - std::min(kLargestCpio, at), true));
    bytes_.resize(at);
    bytes_.resize(rounded(at), '\0');
    bytes_ += rest;
    return rounded(at);
  }
  static std::size_t rounded(std::size_t at) { return (at + 3) / 4 * 4; }
  // A field of the header at `at`, eight hexadecimal digits. What is none is taken for more than there can be.
  std::uint64_t number(std::size_t at, std::size_t field) const {
    std::uint64_t value = 0;
    const char* begin = bytes_.data() + at + kCpioMagic.size() + 8 * field;
    const auto [end, wrong] = std::from_chars(begin, begin + 8, value, 16);
    return wrong == std::errc() && end == begin + 8 ? value : UINT32_MAX;
  }

  std::string bytes_;
};

}  // namespace

bool is_initramfs(std::string_view head) {
  if (head.starts_with(kCpioMagic)) return true;
  if (!head.starts_with(kGzipMagic)) return false;
  const auto begin = gunzipped(head, kCpioMagic.size(), false);
  return begin && *begin == kCpioMagic;
}

Result<std::unique_ptr<ImageTree>> open_cpio_tree(std::string bytes) {
  if (bytes.starts_with(kGzipMagic)) { SWAGE_TRY(bytes, gunzipped(bytes, kLargestCpio, true)); }
  auto tree = std::make_unique<CpioTree>(std::move(bytes));
  SWAGE_CHECK(tree->open());
  return tree;
}

}  // namespace swage
