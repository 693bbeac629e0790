// The device tree, and what is made of it by overlays and parameters.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "image/fat.hpp"
#include "image/firmware_run.hpp"

namespace swage {

namespace {

constexpr std::uint64_t kLongestExtlinux = 65536;

}  // namespace

Error FirmwareRun::at_overlay(const OverlayUse& use, Error error) const {
  if (use.added_by_firmware) return error;
  return std::move(error).at(lines[use.line].pos(use.column, use.name.size()));
}

// Names: https://www.raspberrypi.com/documentation/computers/configuration.html#part3.1 and
// .../legacy_config_txt.html#upstream_kernel. "All kernels since rpi-4.4.y will not function without a DTB"; an empty
// device_tree= wants none.
Result<void> FirmwareRun::load_tree() {
  const bool upstream = flag("upstream_kernel", false);
  if (is_set("device_tree") && get("device_tree").empty()) {
    // https://docs.kernel.org/arch/arm64/booting.html: the device tree is all that a 64-bit kernel is told.
    out.add(
        wide ? Severity::error : Severity::note, "no-device-tree",
        at_value("device_tree", {.what = wide ? "no device tree is loaded, and a 64-bit kernel does not start without"
                                              : "no device tree is loaded: the kernel gets ATAGs"}));
    return {};
  }
  const std::vector<std::string> names = tree_names(upstream);
  const BootFile* file = first_there(prefix, names);
  if (!file) {
    std::vector<std::string> there;
    for (const BootFile* one : files->beginning_with(""))
      if (one->path.ends_with(".dtb") && one->path.find("overlay") == std::string::npos) there.push_back(one->path);
    Error error{.what = fmt::format("there is no device tree: '{}' is not there", join(names, "' or '"))};
    // Mainline kernels ship their own names, which are looked for with upstream_kernel=1 only.
    const BootFile* mainline = is_set("device_tree") ? nullptr : first_there(prefix, model.upstream_trees);
    if (mainline) {
      error.notes.push_back(fmt::format("'{}' has the mainline kernel's name", mainline->path));
      error.hint = fmt::format("say upstream_kernel=1, or device_tree={}", mainline->path);
    } else if (is_set("device_tree")) {
      error.hint = did_you_mean(get("device_tree"), there);
    }
    const bool refused = model.loader == FirmwareLoader::eeprom && flag("os_check", true);
    if (refused)   // https://www.raspberrypi.com/documentation/computers/config_txt.html#os_check
      error.notes.push_back("the loader takes a partition without one for one of an older board (os_check)");
    out.add(Severity::error, "device-tree-missing", at_value("device_tree", std::move(error)));
    return {};
  }
  const auto among = [&](const std::vector<std::string>& of) {
    return std::any_of(of.begin(), of.end(),
                       [&](const std::string& name) { return files->find(with_prefix(prefix, name)) == file; });
  };
  const bool is_upstream = upstream && !is_set("device_tree") && among(model.upstream_trees);
  LoadedFile& loaded =
      loads("device tree", file->path,
            why_set("device_tree", is_upstream ? why_set("upstream_kernel", "") : "the name of this model"));
  loaded.size = file->size;
  loaded.assumed = !is_set("device_tree") && is_assumed(is_upstream ? "upstream_trees" : "device_trees");
  if (is_set("device_tree_address")) loaded.address = config_number(get("device_tree_address"));
  base_load = out.loads.size() - 1;
  // "Load the downstream variant instead and automatically apply the upstream overlay"
  if (upstream && !is_upstream && !is_set("device_tree"))
    overlays.insert(overlays.begin() + 1, {.name = "upstream", .added_by_firmware = true});
  std::string why;
  SWAGE_TRY(base, parsed(*file, parse_device_tree, why));
  if (!base)
    out.add(Severity::error, "device-tree-broken",
            {.what = fmt::format("'{}' cannot be used: {}", file->path, why)});
  return {};
}

Result<void> FirmwareRun::read_overlay_map(const std::string& directory) {
  const BootFile* file = files->find(directory + "overlay_map.dtb");
  if (!file) return {};
  std::string why;
  SWAGE_TRY(overlay_map, parsed(*file, parse_overlay_map, why));
  if (overlay_map) loads("overlay map", file->path, "").size = file->size;
  else
    out.add(Severity::warning, "overlay-map-broken",
            {.what = fmt::format("'{}' cannot be used: {}", file->path, why)});
  return {};
}

// https://www.raspberrypi.com/documentation/computers/configuration.html#part2.2.10
std::optional<std::string> FirmwareRun::mapped(const OverlayUse& use) {
  std::string name = use.name;
  for (unsigned renamed = 0; overlay_map && renamed < 5; ++renamed) {
    const auto node = overlay_map->find(name);
    if (node == overlay_map->end()) return name;
    const auto& says = node->second;
    if (const auto own = says.find(model.platform); own != says.end()) return own->second.empty() ? name : own->second;
    if (const auto to = says.find("renamed"); to != says.end() && !to->second.empty()) {
      out.add(Severity::note, "overlay-renamed",
              at_overlay(use, {.what = fmt::format("'{}' is called '{}' now", name, to->second)}));
      name = to->second;
      continue;
    }
    if (const auto why = says.find("deprecated"); why != says.end()) {
      out.add(Severity::warning, "overlay-deprecated",
              at_overlay(use, {.what = fmt::format("'{}' is deprecated, and is not loaded: {}", name, why->second)}));
      return {};
    }
    out.add(Severity::warning, "overlay-not-applicable",
            at_overlay(use, {.what = fmt::format("'{}' is not for {}, and is not loaded", name, model.platform)}));
    return {};
  }
  return name;
}

void FirmwareRun::check_overlay_there(const OverlayUse& use, const std::string& name) {
  std::vector<std::string> names, of_boards;
  for (const BootFile* file : files->beginning_with(overlay_directory)) {
    if (!file->path.ends_with(".dtbo")) continue;
    names.push_back(file->path.substr(overlay_directory.size(), file->path.size() - overlay_directory.size() - 5));
    if (names.back().starts_with(name + "-pi")) of_boards.push_back(names.back());
  }
  Error error{
      .what = fmt::format("overlay '{}' is not loaded: '{}{}.dtbo' is not there", name, overlay_directory, name),
      .hint = did_you_mean(name, names)};
  if (name != use.name)
    error.notes.push_back(fmt::format("overlay_map.dtb says so of '{}' on {}", use.name, model.platform));
  if (!overlay_map && !of_boards.empty())
    error.notes.push_back(
        fmt::format("'{}' is, but without overlay_map.dtb no name stands for another", of_boards.front()));
  out.add(Severity::warning, "overlay-missing", at_overlay(use, std::move(error)));
}

Result<void> FirmwareRun::load_overlay(const OverlayUse& use) {
  const std::optional<std::string> name = mapped(use);
  if (!name) return {};
  const std::string at = name->starts_with('/') ? name->substr(1) : overlay_directory + *name;
  const BootFile* file = files->find(at + ".dtbo");
  if (!file) file = files->find(at + "-overlay.dtb");   // the older name: raspberrypi/linux#1738
  if (!file) {
    check_overlay_there(use, *name);
    return {};
  }
  std::string broken;
  SWAGE_TRY(const std::optional<DeviceTree> tree, parsed(*file, parse_device_tree, broken));
  if (!tree) {
    out.add(Severity::warning, "overlay-broken",
            at_overlay(use, {.what = fmt::format("'{}' is not loaded: {}", file->path, broken)}));
    return {};
  }
  std::string why = use.added_by_firmware
                        ? why_set("upstream_kernel", "") + " with a tree of the vendor's"
                        : fmt::format("{}:{} dtoverlay", lines[use.line].file, lines[use.line].number);
  if (*name != use.name) why += fmt::format(", '{}' on {}", use.name, model.platform);
  LoadedFile loaded{.role = "overlay", .path = file->path, .size = file->size, .why = std::move(why)};
  apply(use, file->path, *tree, loaded);
  return {};
}

// "can't find symbol ...; Failed to resolve overlay": raspberrypi/linux#7130
void FirmwareRun::apply(const OverlayUse& use, const std::string& path, const DeviceTree& tree, LoadedFile& loaded) {
  std::vector<std::string> missing;
  if (base)
    for (const std::string& label : tree.wanted)
      if (!base->labels.contains(label) &&
          std::find(model.made_names.begin(), model.made_names.end(), label) == model.made_names.end())
        missing.push_back(label);
  if (!missing.empty()) {
    Error error{.what = fmt::format("'{}' is not applied: the device tree lacks {} {}", path,
                                   missing.size() == 1 ? "the label" : "the labels", join_some(missing, 4))};
    if (base->labels.empty()) error.notes = {"it has no labels at all: it was compiled without them (dtc -@)"};
    out.add(Severity::warning, "overlay-unresolved", at_overlay(use, std::move(error)));
    return;
  }
  if (base) base->labels.insert(tree.exported.begin(), tree.exported.end());
  apply_words(use, &tree, loaded);
  out.loads.push_back(std::move(loaded));
}

// A parameter that the overlay does not have is the base tree's:
// https://www.raspberrypi.com/documentation/computers/configuration.html#part3.2. "Unknown dtparam 'audio' - ignored":
// a log in raspberrypi/linux#7319. What the firmware makes are other names of the tree's own parameters
// (raspberrypi/linux#1129), so it makes none of a tree without any (assumed), as mainline's are.
void FirmwareRun::apply_words(const OverlayUse& use, const DeviceTree* overlay, LoadedFile& loaded) {
  for (const OverlayWord& word : use.words) {
    const ConfigLine& line = lines[word.line];
    const bool of_base = line.key == "dtparam";
    const bool made = base && !base->parameters.empty() &&
                      std::find(model.made_names.begin(), model.made_names.end(), word.name) != model.made_names.end();
    const std::string text = word.has_value ? word.name + "=" + word.value : word.name;
    if (overlay && overlay->parameters.contains(word.name)) {
      loaded.parameters.push_back(text);
    } else if (of_base && (!base || made || base->parameters.contains(word.name))) {
      if (base_load) out.loads[*base_load].parameters.push_back(text);
    } else {
      std::vector<std::string> names;
      if (overlay) names.assign(overlay->parameters.begin(), overlay->parameters.end());
      if (of_base && base) names.insert(names.end(), base->parameters.begin(), base->parameters.end());
      std::string what = fmt::format("'{}' has no parameter '{}'", use.name, word.name);
      if (!overlay) what = fmt::format("the device tree has no parameter '{}'", word.name);
      else if (of_base)
        what = fmt::format("neither '{}' nor the device tree has a parameter '{}'", use.name, word.name);
      Error error{.what = std::move(what), .hint = did_you_mean(word.name, names)};
      if (of_base && base && base->parameters.empty())
        error.notes.push_back("the device tree has none at all, as those of mainline kernels");
      if (error.hint.empty() && overlay && !overlay->parameters.empty() && !of_base) {
        const std::vector<std::string> own(overlay->parameters.begin(), overlay->parameters.end());
        error.notes.push_back("it has: " + join_some(own, 12));
      }
      out.add(Severity::warning, "parameter-unknown", std::move(error).at(line.pos(word.column, word.name.size())));
    }
  }
}

// U-Boot tells the kernel of the tree that extlinux.conf names, and of the firmware's where it names none. Seen in
// NixOS/nixos-hardware#1894 and advancedtelematic/meta-updater-raspberrypi#23.
Result<void> FirmwareRun::check_tree_of_u_boot() {
  const auto asks = [](const OverlayUse& use) {
    return !use.added_by_firmware && (!use.name.empty() || !use.words.empty());
  };
  const auto first = std::find_if(overlays.begin(), overlays.end(), asks);
  const BootFile* file = files->find("extlinux/extlinux.conf");
  if (!kernel_name.starts_with("u-boot") || first == overlays.end() || !file) return {};
  const auto text = files->head(*file, kLongestExtlinux);
  if (!text && text.error().code != Errc::corrupt) return Fail(text.error());
  if (!text) return {};
  for (const std::string_view line : split(*text, '\n')) {
    const std::vector<std::string_view> words = split_words(line);
    const std::string word = words.empty() ? "" : fat_folded(words[0]);
    if (word != "fdt" && word != "fdtdir" && word != "devicetree" && word != "devicetreedir") continue;
    const ConfigLine& said = lines[first->words.empty() ? first->line : first->words.front().line];
    out.add(Severity::warning, "tree-of-u-boot",
            Error{.what = fmt::format("U-Boot gives the kernel the device tree of '{}', which overlays and parameters "
                                      "are not in",
                                      file->path),
                  .hint = fmt::format("leave out '{}' there: it then gives on the firmware's", words[0])}
                .at(said.pos_of_key()));
    break;
  }
  return {};
}

Result<void> FirmwareRun::load_overlays() {
  const bool wanted =
      std::any_of(overlays.begin(), overlays.end(), [](const OverlayUse& use) { return !use.name.empty(); });
  if (wanted) SWAGE_CHECK(read_overlay_map(overlay_directory));
  SWAGE_CHECK(check_tree_of_u_boot());
  LoadedFile none;
  for (const OverlayUse& use : overlays)
    if (use.name.empty()) apply_words(use, nullptr, none);
    else SWAGE_CHECK(load_overlay(use));
  for (const std::string& name : model.stepping_overlays)
    if (base && !files->has(overlay_directory + name + ".dtbo"))
      out.add(Severity::note, "stepping-overlay",
              {.what = fmt::format("'{}{}.dtbo' is not there: newer steppings of {} look for it (assumed)",
                                   overlay_directory, name, model.soc)});
  return {};
}

Result<FirmwareKnowledge> firmware_knowledge(const Catalog& catalog) {
  FirmwareKnowledge known;
  SWAGE_TRY(known.models, catalog.firmware_models());
  SWAGE_TRY(known.settings, catalog.firmware_settings());
  return known;
}

Result<BootReport> boot_from(const BootMedium& medium, const FirmwareKnowledge& known, const BootQuestion& question) {
  return FirmwareRun(medium, known, question).report();
}

}  // namespace swage
