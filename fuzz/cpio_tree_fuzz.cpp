// Any bytes as an initramfs: files are inside, and are found again.
#include "image/image_tree.hpp"

#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = as_text(data, size);
  const bool like_one = is_initramfs(bytes);
  const auto tree = open_cpio_tree(std::string(bytes));
  if (!tree) {
    FUZZ_ASSERT(tree.error().code == Errc::corrupt);
    return 0;
  }
  FUZZ_ASSERT(like_one);
  for (const ImageNode& node : (*tree)->nodes()) {
    FUZZ_ASSERT((*tree)->find(node.path));
    if (node.kind == NodeKind::file) FUZZ_ASSERT((*tree)->read(node, 0, node.size).value().size() == node.size);
  }
  return 0;
}
