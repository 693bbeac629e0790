// The kernels of vendors as targets name them: linux@rpi-latest-4k.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "catalog/images.hpp"

namespace swage {

namespace {

// What stands after `name` and a `-`; nothing: the text does not begin with the name.
std::optional<std::string_view> after_name(std::string_view text, std::string_view name) {
  if (text == name) return std::string_view();
  if (!text.starts_with(name) || text[name.size()] != '-') return std::nullopt;
  return text.substr(name.size() + 1);
}

bool is_called(const BundleRow& bundle, std::string_view name) {
  return bundle.name == name || bundle.kernel.text == name ||
         std::find(bundle.aliases.begin(), bundle.aliases.end(), name) != bundle.aliases.end();
}

const VendorKernelRow* kernel_named(const ImageTables& tables, const VendorRow& vendor, std::string_view name) {
  for (const VendorKernelRow& kernel : tables.kernels)
    if (kernel.vendor.text == vendor.name && kernel.name == name) return &kernel;
  return nullptr;
}

// By the name of a bundle, one of its aliases, or a kernel.
bool take_release(const ImageTables& tables, std::string_view name, VendorKernel& found) {
  for (const BundleRow& bundle : tables.bundles) {
    const VendorKernelRow* kernel = kernel_named(tables, *found.vendor, bundle.kernel.text);
    if (!kernel || !is_called(bundle, name)) continue;
    found.bundle = &bundle;
    found.kernel = kernel;
    return true;
  }
  found.kernel = kernel_named(tables, *found.vendor, name);
  return found.kernel;
}

// What follows the name of a vendor.
std::vector<std::string> known_words(const ImageTables& tables, const VendorRow& vendor) {
  std::vector<std::string> words;
  for (const BundleRow& bundle : tables.bundles)
    if (kernel_named(tables, vendor, bundle.kernel.text))
      words.insert(words.end(), bundle.aliases.begin(), bundle.aliases.end());
  std::sort(words.begin(), words.end());
  for (const VendorKernelRow& kernel : tables.kernels)
    if (kernel.vendor.text == vendor.name) words.push_back(kernel.name);
  for (const FlavourRow& flavour : tables.flavours)
    if (flavour.vendor.text == vendor.name) words.push_back(flavour.name);
  return words;
}

}  // namespace

std::string VendorKernel::name() const {
  return fmt::format("{}-{}{}", vendor->name, kernel->name, flavour ? "-" + flavour->name : "");
}

std::vector<std::string> VendorKernel::boards() const {
  std::vector<std::string> names;
  for (const NameAt& board : bundle ? bundle->boards : kernel->boards) {
    const auto same = [&](const NameAt& one) { return one.text == board.text; };
    if (!flavour || flavour->boards.empty() || std::any_of(flavour->boards.begin(), flavour->boards.end(), same))
      names.push_back(board.text);
  }
  return names;
}

Result<std::optional<VendorKernel>> find_vendor_kernel(const ImageTables& tables, std::string_view text) {
  for (const VendorRow& vendor : tables.vendors) {
    const std::optional<std::string_view> rest = after_name(text, vendor.name);
    if (!rest) continue;
    VendorKernel found{.vendor = &vendor};
    std::string_view release = *rest;
    for (const FlavourRow& flavour : tables.flavours) {
      if (flavour.vendor.text != vendor.name || !release.ends_with(flavour.name)) continue;
      const std::string_view before = release.substr(0, release.size() - flavour.name.size());
      if (!before.empty() && !before.ends_with('-')) continue;
      found.flavour = &flavour;
      release = before.substr(0, before.empty() ? 0 : before.size() - 1);
      break;
    }
    found.is_named = !release.empty();
    if (take_release(tables, release.empty() ? "default" : release, found)) return std::optional(found);
    const std::vector<std::string> known = known_words(tables, vendor);
    std::string near = did_you_mean(std::string(release), known);
    return Fail(Error{.what = fmt::format("'{}' has no kernel '{}'", vendor.name,
                                          release.empty() ? "default" : std::string(release)),
                      .notes = {fmt::format("there are: {}", join(known, ", "))},
                      .hint = near.empty() ? "see them with: swage list bundles" : std::move(near)});
  }
  return std::optional<VendorKernel>();
}

}  // namespace swage
