// The kernels of vendors as targets name them: linux@rpi-latest-4k.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "catalog/images.hpp"

namespace swage {

namespace {

// That the text begins with: the longest, since the name of one may begin that of another. Null: none.
const VendorRow* vendor_of(const ImageTables& tables, std::string_view text) {
  const VendorRow* found = nullptr;
  for (const VendorRow& vendor : tables.vendors) {
    const bool begins = text.starts_with(vendor.name) &&
                        (text.size() == vendor.name.size() || text[vendor.name.size()] == '-');
    if (begins && (!found || vendor.name.size() > found->name.size())) found = &vendor;
  }
  return found;
}

bool is_called(const BundleRow& bundle, std::string_view name) {
  return bundle.name == name || bundle.kernel.text == name ||
         std::find(bundle.aliases.begin(), bundle.aliases.end(), name) != bundle.aliases.end();
}

// By the name of a bundle, one of its aliases, or a kernel.
bool take_release(const ImageTables& tables, std::string_view name, VendorKernel& found) {
  for (const BundleRow& bundle : tables.bundles) {
    if (bundle.vendor.text != found.vendor->name || !is_called(bundle, name)) continue;
    found.bundle = &bundle;
    found.kernel = tables.kernel(found.vendor->name, bundle.kernel.text);
    return found.kernel;
  }
  found.kernel = tables.kernel(found.vendor->name, name);
  return found.kernel;
}

// What follows the name of a vendor.
std::vector<std::string> known_words(const ImageTables& tables, const VendorRow& vendor) {
  std::vector<std::string> words;
  for (const BundleRow& bundle : tables.bundles)
    if (bundle.vendor.text == vendor.name)
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
  VendorKernel found{.vendor = vendor_of(tables, text)};
  if (!found.vendor) return std::optional<VendorKernel>();
  const std::string& vendor = found.vendor->name;
  std::string_view release = text.substr(std::min(vendor.size() + 1, text.size()));
  for (const FlavourRow& flavour : tables.flavours) {
    if (flavour.vendor.text != vendor || !release.ends_with(flavour.name)) continue;
    const std::string_view before = release.substr(0, release.size() - flavour.name.size());
    if (!before.empty() && !before.ends_with('-')) continue;
    found.flavour = &flavour;
    release = before.substr(0, before.empty() ? 0 : before.size() - 1);
    break;
  }
  found.is_named = !release.empty();
  if (take_release(tables, release.empty() ? "default" : release, found)) return std::optional(found);
  const std::vector<std::string> known = known_words(tables, *found.vendor);
  std::string near = did_you_mean(std::string(release), known);
  return Fail(Error{.what = fmt::format("'{}' has no kernel '{}'", vendor,
                                        release.empty() ? "default" : std::string(release)),
                    .notes = {fmt::format("there are: {}", join(known, ", "))},
                    .hint = near.empty() ? "see them with: swage list bundles" : std::move(near)});
}

}  // namespace swage
