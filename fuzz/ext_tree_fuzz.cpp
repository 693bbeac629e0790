// Any bytes as an ext4 file system. Its checksums stand in the way of most changes, so those of the corpus are without.
#include "image/image_tree.hpp"

#include <algorithm>

#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryBytes image(as_text(data, size));
  const auto tree = open_ext_tree(image, 0, size);
  if (!tree) {
    FUZZ_ASSERT(tree.error().code == Errc::corrupt);
    return 0;
  }
  const auto& nodes = (*tree)->nodes();
  FUZZ_ASSERT(std::is_sorted(nodes.begin(), nodes.end(), [](const ImageNode& a, const ImageNode& b) { return a.path < b.path; }));
  std::uint64_t left = 4 << 20;
  for (const ImageNode& node : nodes) {
    FUZZ_ASSERT(!node.path.empty() && !node.path.starts_with('/') && (*tree)->find(node.path));
    if (node.kind != NodeKind::file) continue;
    const auto content = (*tree)->read(node, 0, std::min<std::uint64_t>(left, 65536));
    FUZZ_ASSERT(content ? content->size() <= 65536 : content.error().code == Errc::corrupt);
    if (content) left -= std::min<std::uint64_t>(left, content->size());
  }
  return 0;
}
