#include "image/device_tree.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <libfdt.h>

namespace swage {

namespace {

// libfdt reads aligned words, and nothing outside once the whole is tested.
class TestedTree {
 public:
  static Result<TestedTree> of(std::string_view bytes) {
    if (bytes.size() > kLargestDeviceTree) return fail(Errc::corrupt, "it is too large for a device tree");
    if (bytes.size() < sizeof(fdt_header)) return fail(Errc::corrupt, "it is no device tree");
    TestedTree tree;
    tree.words_.resize(bytes.size() / 8 + 1);
    std::memcpy(tree.words_.data(), bytes.data(), bytes.size());
    if (::fdt_check_full(tree.words_.data(), bytes.size()) != 0)
      return fail(Errc::corrupt, "it is no device tree");
    return tree;
  }
  const void* fdt() const { return words_.data(); }

  // Each property of a node, by name.
  template <class Each>
  void properties(int node, const Each& each) const {
    int at = 0;
    fdt_for_each_property_offset(at, fdt(), node) {
      const char* name = nullptr;
      int length = 0;
      const void* value = ::fdt_getprop_by_offset(fdt(), at, &name, &length);
      if (value && name) each(std::string(name), std::string_view(static_cast<const char*>(value), length));
    }
  }
  std::set<std::string> names(const char* path) const {
    std::set<std::string> all;
    if (const int node = ::fdt_path_offset(fdt(), path); node >= 0)
      properties(node, [&](std::string name, std::string_view) { all.insert(std::move(name)); });
    return all;
  }

 private:
  std::vector<std::uint64_t> words_{};
};

std::string to_first_nul(std::string_view bytes) { return std::string(bytes.substr(0, bytes.find('\0'))); }

}  // namespace

Result<DeviceTree> parse_device_tree(std::string_view bytes) {
  SWAGE_TRY(const TestedTree tested, TestedTree::of(bytes));
  DeviceTree tree;
  tree.parameters = tested.names("/__overrides__");
  tree.labels = tested.names("/__symbols__");
  // "Will search the aliases node in the absence of a __symbols__ node":
  // https://www.raspberrypi.com/documentation/computers/configuration.html#part2.1
  if (tree.labels.empty()) tree.labels = tested.names("/aliases");
  tree.wanted = tested.names("/__fixups__");
  tree.exported = tested.names("/__exports__");
  tree.is_overlay = ::fdt_path_offset(tested.fdt(), "/fragment@0") >= 0;
  int length = 0;
  if (const void* value = ::fdt_getprop(tested.fdt(), 0, "compatible", &length))
    for (std::string_view rest(static_cast<const char*>(value), length); !rest.empty();) {
      const std::string one = to_first_nul(rest);
      if (!one.empty()) tree.compatible.push_back(one);
      rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    }
  return tree;
}

Result<OverlayMap> parse_overlay_map(std::string_view bytes) {
  SWAGE_TRY(const TestedTree tested, TestedTree::of(bytes));
  OverlayMap map;
  int node = 0;
  fdt_for_each_subnode(node, tested.fdt(), 0) {
    const char* name = ::fdt_get_name(tested.fdt(), node, nullptr);
    if (!name) continue;
    auto& says = map[name];
    tested.properties(node, [&](std::string key, std::string_view value) { says[key] = to_first_nul(value); });
  }
  return map;
}

}  // namespace swage
