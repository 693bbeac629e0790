// Any bytes as a device tree and as an overlay map: what is read has names, or an error says that there is none.
#include "image/device_tree.hpp"

#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tree = parse_device_tree(as_text(data, size));
  const auto map = parse_overlay_map(as_text(data, size));
  FUZZ_ASSERT(tree.has_value() == map.has_value());
  if (!tree) {
    FUZZ_ASSERT(tree.error().code == Errc::corrupt);
    return 0;
  }
  for (const auto& names : {tree->parameters, tree->labels, tree->wanted, tree->exported})
    for (const std::string& name : names) FUZZ_ASSERT(name.size() <= size && name.find('\0') == std::string::npos);
  for (const auto& [name, says] : *map) FUZZ_ASSERT(name.find('\0') == std::string::npos && says.size() <= size);
  return 0;
}
