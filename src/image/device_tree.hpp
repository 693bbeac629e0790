// What is asked of compiled device trees and overlays. The format's reader is libfdt; it stays in device_tree.cpp.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace swage {

inline constexpr std::uint64_t kLargestDeviceTree = 8'000'000;

struct DeviceTree {
  std::vector<std::string> compatible{};
  std::set<std::string> parameters{};        // properties of __overrides__
  std::set<std::string> labels{};            // of __symbols__, or of aliases where it has none
  std::set<std::string> wanted{};            // of __fixups__: labels of other trees
  std::set<std::string> exported{};          // of __exports__
  bool is_overlay = false;                   // it has fragments
};
// Of any bytes. Errc::corrupt: they are no device tree.
Result<DeviceTree> parse_device_tree(std::string_view bytes);

// Nodes of the root, with their properties as text up to the first NUL: overlay_map.dtb.
using OverlayMap = std::map<std::string, std::map<std::string, std::string>>;
Result<OverlayMap> parse_overlay_map(std::string_view bytes);

}  // namespace swage
