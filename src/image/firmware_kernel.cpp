// The firmware itself, the kernel with its prefix, memory, initramfs and command line.
#include <algorithm>
#include <fmt/core.h>
#include <zlib.h>

#include "base/text.hpp"
#include "image/firmware_run.hpp"

namespace swage {

namespace {

constexpr std::uint64_t kLongestCmdline = 65536;
constexpr std::size_t kShownWord = 40;
constexpr std::uint64_t kKernelHead = 65536;   // read of a kernel: enough to tell what it is, compressed too

enum class KernelKind { arm64, arm32, other };

struct KernelHead {
  KernelKind kind = KernelKind::other;
  bool compressed = false;
  std::uint64_t memory = 0;                    // that it takes, where its header says so
};

// The first bytes of a gzip file; "" they are none.
std::string inflated(std::string_view bytes) {
  std::string out(256, '\0');
  z_stream stream{};
  if (::inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return "";
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<unsigned>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  ::inflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out);
  ::inflateEnd(&stream);
  return out;
}

// https://docs.kernel.org/arch/arm64/booting.html; zImage by its magic at 36.
KernelHead kernel_head(std::string bytes) {
  KernelHead head;
  if (bytes.starts_with("\x1f\x8b")) {
    head.compressed = true;
    bytes = inflated(bytes);
  }
  if (bytes.size() < 64) return head;
  if (bytes.compare(56, 4, "ARM\x64") == 0) {
    head.kind = KernelKind::arm64;
    head.memory = little_endian(bytes, 16, 8);
  } else if (little_endian(bytes, 36, 4) == 0x016f2818) {
    head.kind = KernelKind::arm32;
  }
  return head;
}

// kernel_2712.img -> initramfs_2712
std::string initramfs_of(const std::string& kernel) {
  return "initramfs" + kernel.substr(6, kernel.substr(6).rfind('.'));
}

std::string names_text(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back("'" + name + "'");
  return join(quoted, " or ");
}

}  // namespace

FirmwareRun::FirmwareRun(const BootMedium& a_medium, const FirmwareKnowledge& the_known, const BootQuestion& a_question)
    : medium(a_medium), known(the_known), question(a_question), model(*a_question.model) {
  out.board = model.id;
  out.board_name = model.name;
  out.tryboot = moment.tryboot = question.tryboot;
  out.table = table_kind_name(medium.table.kind);
  out.partitions = medium.table.kind == TableKind::none ? 0 : partitions().size();
}

LoadedFile& FirmwareRun::loads(std::string role, const std::string& path, std::string why) {
  out.loads.push_back({.role = std::move(role), .path = path, .why = std::move(why)});
  return out.loads.back();
}

std::vector<std::string> FirmwareRun::names_under(const std::string& begin) const {
  std::vector<std::string> names;
  for (const BootFile* file : files->beginning_with(begin)) names.push_back(file->path.substr(begin.size()));
  return names;
}

bool FirmwareRun::is_assumed(std::string_view key) const {
  return std::find(model.assumed.begin(), model.assumed.end(), key) != model.assumed.end();
}

Result<BootReport> FirmwareRun::report() {
  read_eeprom();
  if (!inside.empty()) eeprom_partition = 0;   // which was for the medium around it
  SWAGE_TRY(const bool there, choose_partition());
  if (!there) return std::move(out);
  SWAGE_CHECK(read_config());
  SWAGE_TRY(const bool from_ramdisk, reads_ramdisk());
  if (from_ramdisk) {
    SWAGE_CHECK(boot_from_ramdisk());
    return std::move(out);
  }
  SWAGE_CHECK(load_firmware());
  choose_width();
  choose_prefix();
  SWAGE_CHECK(load_tree());
  SWAGE_TRY(const bool kernel, load_kernel());
  if (kernel) SWAGE_CHECK(load_cmdline());
  SWAGE_CHECK(load_overlays());
  check_generations();
  return std::move(out);
}

// https://www.raspberrypi.com/documentation/computers/config_txt.html#start_file-fixup_file and
// .../legacy_config_txt.html#start_x-start_debug; the cut-down firmware is taken with gpu_mem=16.
Result<void> FirmwareRun::load_firmware() {
  if (model.loader == FirmwareLoader::eeprom) return {};
  std::string kind = "usual", key;
  // NOOBS: a boot log in raspberrypi/firmware#935 asks for it first.
  if (const auto other = model.start.find("recovery"); other != model.start.end() && files->has(other->second)) {
    LoadedFile& loaded = loads("firmware", other->second, "it goes before " + model.start.at("usual"));
    loaded.assumed = true;
    return {};
  }
  if (config_number(get("gpu_mem")) == 16U) kind = "cut", key = "gpu_mem";
  else if (flag("start_x", false)) kind = "x", key = "start_x";
  else if (flag("start_debug", false)) kind = "debug", key = "start_debug";
  const auto named = [&](const std::map<std::string, std::string>& of) {
    return of.contains(kind) ? of.at(kind) : of.at("usual");
  };
  const std::string start = get("start_file", named(model.start)), fixup = get("fixup_file", named(model.fixup));
  if (is_set("start_file") != is_set("fixup_file")) {
    const std::string said = is_set("start_file") ? "start_file" : "fixup_file";
    out.add(Severity::warning, "start-pair",
            at_value(said, {.what = fmt::format("'{}' is set without '{}': they must be of one pair", said,
                                                said == "start_file" ? "fixup_file" : "start_file")}));
  }
  for (const auto& [role, name, option] :
       {std::tuple{"firmware", start, "start_file"}, {"fixup", fixup, "fixup_file"}}) {
    const std::string why = is_set(option) ? option : key;
    if (const BootFile* file = files->find(name); file && file->size > 0)
      loads(role, file->path, why_set(why, "")).size = file->size;
    else if (file)
      out.add(Severity::error, "firmware-empty",
              at_value(why, {.what = fmt::format("'{}' is empty: {} does not start by it", name, model.name)}));
    else
      out.add(
          Severity::error, "firmware-missing",
          at_value(why, {.what = fmt::format("'{}' is not there: without it {} does not start", name, model.name)}));
  }
  return {};
}

// https://www.raspberrypi.com/documentation/computers/config_txt.html#arm_64bit. A known name of a kernel sets it where
// arm_64bit itself is not said (that this one wins is assumed); and so does, where neither is said, that a 64-bit
// kernel is the only one there (the vendor in raspberrypi/firmware#1193).
void FirmwareRun::choose_width() {
  wide = model.arm_64bit == Arm64::on || model.arm_64bit == Arm64::always;
  const bool fixed = model.arm_64bit == Arm64::never || model.arm_64bit == Arm64::always;
  if (is_set("arm_64bit") && fixed && flag("arm_64bit", wide) != wide)
    out.add(Severity::warning, "arm-64bit",
            at_value("arm_64bit", {.what = fmt::format("{} runs {} kernels only, whatever 'arm_64bit' says", model.name,
                                                       wide ? "64-bit" : "32-bit")}));
  if (fixed) return;
  if (is_set("arm_64bit")) {
    wide = flag("arm_64bit", wide);
    return;
  }
  const std::string kernel = get("kernel");
  if (kernel.empty() && !wide) {
    for (const std::string& by : {asked_prefix(), std::string()}) {
      if (first_there(by, model.kernels)) return;
      if (!first_there(by, model.kernels_64)) continue;
      wide = true;
      return;
    }
  }
  for (const FirmwareModelRow& one : *known.models) {
    const auto names = [&](const std::vector<std::string>& of) {
      return std::find(of.begin(), of.end(), kernel) != of.end();
    };
    if (names(one.kernels_64)) wide = true;
    else if (names(one.kernels)) wide = false;
    else continue;
    return;
  }
}

std::vector<std::string> FirmwareRun::kernel_names() const {
  const std::string own = get("kernel");
  return !own.empty() ? std::vector<std::string>{own} : wide ? model.kernels_64 : model.kernels;
}

std::vector<std::string> FirmwareRun::tree_names(bool upstream) const {
  if (is_set("device_tree")) return {get("device_tree")};
  std::vector<std::string> names = upstream ? model.upstream_trees : std::vector<std::string>{};
  names.insert(names.end(), model.device_trees.begin(), model.device_trees.end());
  return names;
}

// "Can bypass all prefixes by using an absolute path": .../config_txt.html#os_prefix
std::string FirmwareRun::with_prefix(const std::string& by, const std::string& name) const {
  return name.starts_with('/') ? name.substr(1) : by + name;
}

const BootFile* FirmwareRun::first_there(const std::string& by, const std::vector<std::string>& names) const {
  for (const std::string& name : names)
    if (const BootFile* file = files->find(with_prefix(by, name))) return file;
  return nullptr;
}

std::string FirmwareRun::asked_prefix() const {
  const std::string said = get("os_prefix", flag("upstream_kernel", false) ? "upstream/" : "");
  return std::string(without_slashes(said));
}

// "Unless the expected kernel and .dtb can be found at the new location/name, the prefix is ignored", and overlays
// follow it only with a README: https://www.raspberrypi.com/documentation/computers/config_txt.html#os_prefix
void FirmwareRun::choose_prefix() {
  const bool upstream = flag("upstream_kernel", false);
  const std::string key = is_set("os_prefix") ? "os_prefix" : "upstream_kernel";
  const std::string said_of_overlays = get("overlay_prefix", "overlays/"), wanted = asked_prefix();
  const std::string overlay_prefix(without_slashes(said_of_overlays));
  if (!wanted.empty()) {
    const bool kernel = first_there(wanted, kernel_names()), tree = first_there(wanted, tree_names(upstream));
    if (kernel && tree) {
      prefix = wanted;
    } else {
      const std::string missing = kernel ? names_text(tree_names(upstream)) : names_text(kernel_names());
      std::string hint;
      if (!wanted.ends_with('/') && !files->beginning_with(wanted + "/").empty())
        hint = fmt::format("a directory ends in '/': {}/", wanted);
      else if (!kernel && is_set("kernel")) hint = did_you_mean(get("kernel"), names_under(wanted));
      const bool own = key == "os_prefix";
      out.add(
          own ? Severity::warning : Severity::note, "os-prefix",
          at_value(key, {.what = fmt::format("'{}' is no prefix that works, and is ignored: there is no {} under it",
                                             wanted, missing),
                         .hint = std::move(hint)}));
    }
  }
  const bool follows = !prefix.empty() && files->has(with_prefix(prefix, overlay_prefix + "README"));
  overlay_directory = (follows ? prefix : "") + overlay_prefix;
  if (!prefix.empty() && !follows && !files->beginning_with(prefix + overlay_prefix).empty())
    out.add(Severity::warning, "overlay-readme",
            at_value(key, {.what = fmt::format("the overlays of '{}' are not used: '{}README' is not there", prefix,
                                               prefix + overlay_prefix),
                           .notes = {fmt::format("those of '{}' are", overlay_prefix)}}));
}

Result<bool> FirmwareRun::load_kernel() {
  const BootFile* file = first_there(prefix, kernel_names());
  if (!file) {
    Error error{.what = fmt::format("there is no kernel: {} is not there", names_text(kernel_names()))};
    if (is_set("kernel")) error.hint = did_you_mean(get("kernel"), names_under(prefix));
    const auto& other = wide ? model.kernels : model.kernels_64;
    if (!is_set("kernel") && first_there(prefix, other))
      error.hint = fmt::format("'{}' is there: say arm_64bit={}", first_there(prefix, other)->path, wide ? 0 : 1);
    out.add(Severity::error, "kernel-missing", at_value("kernel", std::move(error)));
    return false;
  }
  const std::vector<std::string> names = kernel_names();
  const std::string usual = names.size() > 1 ? fmt::format("the first there of {}", join(names, ", "))
                                             : fmt::format("the name of this model for {} bit", wide ? 64 : 32);
  std::string why = why_set("kernel", usual);
  if (!prefix.empty()) why += ", under " + why_set(is_set("os_prefix") ? "os_prefix" : "upstream_kernel", "");
  LoadedFile& loaded = loads("kernel", file->path, std::move(why));
  loaded.size = file->size;
  kernel_name = file->path.substr(file->path.rfind('/') + 1);
  SWAGE_CHECK(look_at_kernel(*file, loaded));
  if (base_load && out.loads[*base_load].address) check_memory(out.loads[*base_load], "device_tree_address");
  load_initramfs(file->path);
  load_stub();
  return true;
}

// What sets the processor up for the kernel. The firmware has one of its own, and takes one of these names in its
// place: boot logs in raspberrypi/firmware#579, and under a prefix in nvmd/nixos-raspberrypi#121.
void FirmwareRun::load_stub() {
  const bool own = is_set("armstub");
  const std::vector<std::string> names =
      own ? std::vector<std::string>{get("armstub")} : wide ? model.stubs_64 : std::vector<std::string>{};
  if (const BootFile* file = first_there(prefix, names)) {
    LoadedFile& loaded = loads("armstub", file->path, why_set("armstub", "it is there"));
    loaded.size = file->size;
    loaded.assumed = !own;
  } else if (own) {
    out.add(Severity::error, "armstub-missing",
            at_value("armstub", {.what = fmt::format("'{}' is not there", with_prefix(prefix, get("armstub")))}));
  }
}

// Where it is loaded: https://www.raspberrypi.com/documentation/computers/legacy_config_txt.html#kernel_address
Result<void> FirmwareRun::look_at_kernel(const BootFile& file, LoadedFile& loaded) {
  auto bytes = files->head(file, kKernelHead);
  if (!bytes && bytes.error().code != Errc::corrupt) return Fail(bytes.error());
  if (!bytes) out.add(Severity::error, "file-broken", bytes.error());
  const KernelHead head = bytes ? kernel_head(*bytes) : KernelHead{};
  if (bytes && file.size == 0)
    out.add(Severity::error, "kernel-empty", {.what = fmt::format("'{}' is empty", file.path)});
  const KernelKind wrong = wide ? KernelKind::arm32 : KernelKind::arm64;
  if (head.kind == wrong)
    out.add(Severity::error, "kernel-width",
            at_value(is_set("arm_64bit") ? "arm_64bit" : "kernel",
                     {.what = fmt::format("'{}' is a {}-bit kernel, and is started in {}-bit mode", file.path,
                                          wide ? 32 : 64, wide ? 64 : 32),
                      .hint = model.arm_64bit == Arm64::on || model.arm_64bit == Arm64::off
                                  ? fmt::format("say arm_64bit={}", wide ? 0 : 1)
                                  : ""}));
  if (head.compressed && !wide)
    out.add(Severity::warning, "kernel-compressed",
            {.what = fmt::format("'{}' is compressed by gzip, which is said to be understood of 64-bit kernels",
                                 file.path)});
  std::uint64_t address = wide ? model.kernel_address_64 : model.kernel_address;
  if (flag("kernel_old", false)) address = 0;
  if (is_set("kernel_address")) address = config_number(get("kernel_address")).value_or(address);
  kernel_address = loaded.address = address;
  if (!head.compressed || head.memory != 0) {
    kernel_end = address + std::max(head.memory, head.compressed ? 0 : file.size);
    loaded.end = kernel_end;
  }
  if (head.compressed) loaded.why += ", gzip";
  return {};
}

void FirmwareRun::check_memory(const LoadedFile& file, const std::string& key) {
  const std::uint64_t begin = *file.address, end = begin + file.size.value_or(0);
  if (!kernel_address || !kernel_end || begin >= *kernel_end || end <= *kernel_address) return;
  out.add(Severity::error, "memory-overlap",
          at_value(key, {.what = fmt::format("'{}' at 0x{:x} to 0x{:x} lies over the kernel at 0x{:x} to 0x{:x}",
                                             file.path, begin, end, *kernel_address, *kernel_end)}));
}

// "Replacing the kernel prefix with initramfs, and removing any extension":
// https://www.raspberrypi.com/documentation/computers/config_txt.html#auto_initramfs
void FirmwareRun::load_initramfs(const std::string& kernel) {
  if (is_set("initramfs") || is_set("ramfsfile")) return load_named_initramfs();
  if (!flag("auto_initramfs", false)) return;
  const std::size_t slash = kernel.rfind('/') + 1;
  const std::string name = kernel.substr(slash);
  if (!name.starts_with("kernel")) {
    out.add(Severity::note, "initramfs-none",
            at_value("auto_initramfs", {.what = fmt::format("'{}' does not begin with 'kernel': no initramfs is of its "
                                                            "name", kernel)}));
    return;
  }
  const std::string wanted = kernel.substr(0, slash) + initramfs_of(name);
  if (const BootFile* file = files->find(wanted)) {
    loads("initramfs", file->path, why_set("auto_initramfs", "") + ", after the kernel").size = file->size;
    // raspberrypi/firmware#1965
    const std::string usual = model.loader == FirmwareLoader::eeprom ? initramfs_of(model.kernels_64.front()) : "";
    if (is_set("kernel") && usual != wanted.substr(slash) && files->has(kernel.substr(0, slash) + usual))
      out.add(Severity::note, "initramfs-of-another",
              at_value("kernel", {.what = fmt::format("loaders of April 2025 and before take '{}' in place of '{}'",
                                                      usual, file->path),
                                  .hint = fmt::format("write initramfs {} followkernel", wanted.substr(slash))}));
  } else
    out.add(Severity::note, "initramfs-none",
            at_value("auto_initramfs", {.what = fmt::format("there is no '{}' for '{}'", wanted, kernel)}));
}

// https://www.raspberrypi.com/documentation/computers/config_txt.html#initramfs: several, with commas
void FirmwareRun::load_named_initramfs() {
  const bool directive = is_set("initramfs");
  const std::string key = directive ? "initramfs" : "ramfsfile";
  const std::vector<std::string_view> words = split_words(settings.at(key).value);
  if (words.empty()) return;
  if (directive && words.size() < 2) {   // raspberrypi/firmware#450
    out.add(Severity::warning, "initramfs-address",
            at_value(key, {.what = "it says not where to, and was seen to be passed over",
                           .hint = fmt::format("write initramfs {} followkernel", words[0])}));
    return;
  }
  const std::string where = directive ? std::string(words[1]) : get("ramfsaddr", "followkernel");
  const auto given = where == "followkernel" ? std::optional<std::uint64_t>(0) : config_number(where);
  if (!given)
    out.add(Severity::warning, "initramfs-address",
            at_value(key, {.what = fmt::format("'{}' is neither an address nor 'followkernel'", where)}));
  std::uint64_t address = given.value_or(0);
  const bool fixed = address != 0;
  for (const std::string_view one : split(words[0], ',')) {
    const std::string name(one);
    const BootFile* file = files->find(with_prefix(prefix, name));
    if (!file) {
      out.add(Severity::error, "initramfs-missing",
              at_value(key, {.what = fmt::format("'{}' is not there: the kernel is started without an initramfs",
                                                 with_prefix(prefix, name)),
                             .hint = did_you_mean(name, names_under(prefix))}));
      continue;
    }
    LoadedFile& loaded = loads("initramfs", file->path, why_set(key, "") + (fixed ? "" : ", after the kernel"));
    loaded.size = file->size;
    if (!fixed) continue;
    loaded.address = address;
    loaded.end = address += file->size;
    check_memory(loaded, key);
  }
}

// A boot log in raspberrypi/linux#7319: under a prefix, and where it is not there without.
Result<void> FirmwareRun::load_cmdline() {
  const std::string name = get("cmdline", "cmdline.txt");
  const BootFile* file = files->find(with_prefix(prefix, name));
  const bool fell_back = !file && !prefix.empty();
  if (fell_back) file = files->find(with_prefix("", name));
  if (!file) {
    out.add(is_set("cmdline") ? Severity::warning : Severity::note, "cmdline-missing",
            at_value("cmdline",
                     {.what = fmt::format("'{}' is not there: the kernel gets the firmware's own words only", name)}));
    return {};
  }
  LoadedFile& loaded = loads("cmdline", file->path, why_set("cmdline", fell_back ? "not under the prefix" : ""));
  loaded.size = file->size;
  loaded.assumed = fell_back;
  // "All parameters must be on the same line": .../configuration.html#kernel-command-line-cmdline-txt
  const auto text = files->head(*file, kLongestCmdline);
  if (!text && text.error().code != Errc::corrupt) return Fail(text.error());
  if (!text) {
    out.add(Severity::error, "file-broken", text.error());
    return {};
  }
  const std::string_view whole = trim(*text);
  if (whole.empty()) {
    out.add(Severity::warning, "cmdline-empty", {.what = fmt::format("'{}' is empty", file->path)});
  } else if (const std::size_t end = whole.find('\n'); end != std::string_view::npos) {
    out.add(Severity::warning, "cmdline-lines",
            {.what = fmt::format("'{}' has several lines, and the first alone is for the kernel: not '{}'", file->path,
                                 whole.substr(whole.find_first_not_of(" \t\r\n", end), kShownWord))});
  }
  return {};
}

// nvmd/nixos-raspberrypi#57: a partition that holds one generation and no room for the next.
void FirmwareRun::check_generations() {
  if (!prefix.ends_with('/')) return;
  std::uint64_t size = 0;
  for (const BootFile* file : files->beginning_with(prefix))
    size += (file->size + partition->cluster_size - 1) / partition->cluster_size * partition->cluster_size;
  if (size > partition->free)
    out.add(Severity::warning, "no-room",
            {.what = fmt::format("the partition is too small to hold a second '{}': it has {}, and {} are free", prefix,
                                 human_bytes(size), human_bytes(partition->free))});
}

}  // namespace swage
