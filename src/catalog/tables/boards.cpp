// Boards, and what is released for them by their vendors.
#include "base/hash.hpp"
#include "catalog/tables/image_readers.hpp"

namespace swage {

namespace {

// `sha256-` and base64, whose last `=` may be left out, as base16. Nothing: it is not that.
std::optional<std::string> hash_of_words(std::string text) {
  constexpr std::string_view algorithm = "sha256-";
  if (!text.starts_with(algorithm)) return std::nullopt;
  text.erase(0, algorithm.size());
  while (text.size() % 4 != 0) text += '=';
  const Result<std::string> bytes = base64_decode(text);
  if (!bytes || bytes->size() != hash_size(HashAlgo::sha256)) return std::nullopt;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes->data());
  return Hash::from_bytes(HashAlgo::sha256, {data, bytes->size()}).hex();
}

// The hash of a tree as an archive of Nix (NAR).
template <class Row>
void read_tree_nar(const FieldInput& in, Row& row) {
  if (!in.is(TomlValue::Kind::string)) return;
  if (const auto hex = hash_of_words(in.value.text)) row.nar = *hex;
  else
    in.report({.what = fmt::format("'{}' is not the hash of a tree: sha256- and 43 or 44 characters of base64",
                                   in.value.text)});
}

void read_patch_hashes(const FieldInput& in, FixupRow& row) {
  row.sha256.clear();
  if (!in.is(TomlValue::Kind::array)) return;
  for (const TomlValue& item : in.value.items) {
    const FieldInput one = in.with(item, in.name);
    if (!one.is(TomlValue::Kind::string)) continue;
    if (const auto hex = hash_of_words(item.text)) row.sha256.push_back(*hex);
    else
      one.report({.what = fmt::format("'{}' is not the hash of a file: sha256- and 43 or 44 characters of base64",
                                      item.text)});
  }
}

void read_defconfigs(const FieldInput& in, BoardRow& row) {
  read_kinds(in, row.defconfigs, as_line, as_defconfig);
  in.refer_keys(NameOf::platform);
}

constexpr unsigned kLongestWait = 24 * 3600;

void read_timeout(const FieldInput& in, BoardRow& row) {
  read_field(in, row.timeout);
  if (in.value.kind == TomlValue::Kind::integer && (in.value.number < 1 || in.value.number > kLongestWait))
    in.report({.what = fmt::format("'timeout' is from 1 to {} seconds", kLongestWait)});
}

}  // namespace

const Schema<BoardRow>& board_schema() {
  static const Schema<BoardRow> schema = Schema<BoardRow>("[[board]]")
      .required("name", text(&BoardRow::name, as_name))
      .required("title", line(&BoardRow::title))
      .required("platform", reference(&BoardRow::platform, NameOf::platform))
      .required("family", text(&BoardRow::family, as_name))
      .optional("firmware_model", name_at(&BoardRow::firmware_model))
      .optional("table", word(&BoardRow::table, same_words({"mbr", "gpt", "any"})))
      .optional("first_fat", &BoardRow::first_fat)
      .optional("kernel", reference(&BoardRow::kernel, NameOf::root))
      .optional("dtb", text(&BoardRow::dtb, as_dtb))
      .optional("vendor_kernel", name_at(&BoardRow::vendor_kernel))
      .optional("vendor_dtb", text(&BoardRow::vendor_dtb, as_dtb))
      .optional("vendor_console", text(&BoardRow::vendor_console, as_tty))
      .optional("vendor_cmdline", line(&BoardRow::vendor_cmdline))
      .optional("vendor_modules", text(&BoardRow::vendor_modules, as_module))
      .optional("load", [](const FieldInput& in, BoardRow& row) { read_load_addresses(in, row.load); })
      .optional("console", text(&BoardRow::console, as_tty))
      .optional("cmdline", line(&BoardRow::cmdline))
      .optional("defconfigs", read_defconfigs)
      .optional("modules", text(&BoardRow::modules, as_module))
      .optional("network", text(&BoardRow::network, as_module))
      .optional("firmware", root_files(&BoardRow::firmware, RootFileUse::card))
      .optional("raw", root_files(&BoardRow::raw, RootFileUse::blob))
      .optional("config", config_sections(&BoardRow::config))
      .optional("additions", names_at(&BoardRow::additions))
      .optional("loader", name_at(&BoardRow::loader))
      .optional("qemu", text(&BoardRow::qemu, as_emulator))
      .optional("qemu_root", reference(&BoardRow::qemu_root, NameOf::root))
      .optional("qemu_args", words(&BoardRow::qemu_args))
      .optional("starts", word(&BoardRow::starts, same_words({"kernel", "card", "memory"})))
      .optional("qemu_console", text(&BoardRow::qemu_console, as_tty))
      .optional("qemu_disabled", text(&BoardRow::qemu_disabled, as_node))
      .optional("machine", root_files(&BoardRow::machine, RootFileUse::machine))
      .optional("timeout", read_timeout)
      .optional("limits", line(&BoardRow::limits))
      .optional("override", read_override<BoardRow>);
  return schema;
}

const Schema<VendorRow>& vendor_schema() {
  static const Schema<VendorRow> schema = Schema<VendorRow>("[[vendor]]")
      .required("name", text(&VendorRow::name, as_name))
      .required("title", line(&VendorRow::title))
      .required("repository", [](const FieldInput& in, VendorRow& row) { read_url(in, row.repository); })
      .optional("config", read_config<VendorRow>)
      .optional("override", read_override<VendorRow>);
  return schema;
}

const Schema<FixupRow>& fixup_schema() {
  static const Schema<FixupRow> schema = Schema<FixupRow>("[[fixup]]")
      .required("name", text(&FixupRow::name, as_name))
      .required("title", line(&FixupRow::title))
      .optional("config", read_config<FixupRow>)
      .optional("patches", [](const FieldInput& in, FixupRow& row) { read_urls(in, row.patches); })
      .optional("sha256", read_patch_hashes)
      .optional("override", read_override<FixupRow>);
  return schema;
}

const Schema<FlavourRow>& flavour_schema() {
  static const Schema<FlavourRow> schema = Schema<FlavourRow>("[[flavour]]")
      .required("name", text(&FlavourRow::name, as_name))
      .required("title", line(&FlavourRow::title))
      .required("vendor", name_at(&FlavourRow::vendor))
      .optional("boards", names_at(&FlavourRow::boards))
      .required("config", read_config<FlavourRow>)
      .optional("override", read_override<FlavourRow>);
  return schema;
}

const Schema<VendorKernelRow>& vendor_kernel_schema() {
  static const Schema<VendorKernelRow> schema = Schema<VendorKernelRow>("[[kernel]]")
      .required("name", text(&VendorKernelRow::name, as_name))
      .required("vendor", name_at(&VendorKernelRow::vendor))
      .required("tag", text(&VendorKernelRow::tag, as_name))
      .optional("commit", text(&VendorKernelRow::commit, as_commit))
      .required("nar", read_tree_nar<VendorKernelRow>)
      .required("boards", names_at(&VendorKernelRow::boards))
      .optional("config", read_config<VendorKernelRow>)
      .optional("fixups", names_at(&VendorKernelRow::fixups))
      .required("source", line(&VendorKernelRow::reference))
      .optional("override", read_override<VendorKernelRow>);
  return schema;
}

const Schema<FirmwareRow>& firmware_schema() {
  static const Schema<FirmwareRow> schema = Schema<FirmwareRow>("[[firmware]]")
      .required("name", text(&FirmwareRow::name, as_name))
      .required("kind", word(&FirmwareRow::kind, same_words({"boot", "bluetooth", "wireless"})))
      .required("repository", line(&FirmwareRow::repository))
      .required("commit", text(&FirmwareRow::commit, as_name))
      .required("nar", read_tree_nar<FirmwareRow>)
      .optional("kernel_commit", text(&FirmwareRow::kernel_commit, as_commit))
      .required("source", line(&FirmwareRow::reference))
      .optional("override", read_override<FirmwareRow>);
  return schema;
}

const Schema<BundleRow>& bundle_schema() {
  static const Schema<BundleRow> schema = Schema<BundleRow>("[[bundle]]")
      .required("name", text(&BundleRow::name, as_name))
      .required("vendor", name_at(&BundleRow::vendor))
      .required("kernel", name_at(&BundleRow::kernel))
      .required("firmware", names_at(&BundleRow::firmware))
      .required("boards", names_at(&BundleRow::boards))
      .optional("aliases", text(&BundleRow::aliases, as_name))
      .optional("override", read_override<BundleRow>);
  return schema;
}

}  // namespace swage
