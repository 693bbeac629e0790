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
  read_field(in, row.defconfigs);
  in.refer_keys(NameOf::platform);
}

template <class Row>
void read_tree_commit(const FieldInput& in, Row& row) {
  read_field(in, row.commit);
  if (in.value.kind == TomlValue::Kind::string && !is_commit(row.commit))
    in.report({.what = fmt::format("'{}' is not a commit: 40 hexadecimal digits", row.commit)});
}

}  // namespace

bool is_commit(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

const Schema<BoardRow>& board_schema() {
  static const Schema<BoardRow> schema = Schema<BoardRow>("[[board]]")
      .required("name", &BoardRow::name)
      .required("title", &BoardRow::title)
      .required("platform", reference(&BoardRow::platform, NameOf::platform))
      .required("family", &BoardRow::family)
      .optional("firmware_model", name_at(&BoardRow::firmware_model))
      .optional("table", word(&BoardRow::table, same_words({"mbr", "gpt", "any"})))
      .optional("first_fat", &BoardRow::first_fat)
      .optional("kernel", reference(&BoardRow::kernel, NameOf::root))
      .optional("dtb", &BoardRow::dtb)
      .optional("vendor_kernel", name_at(&BoardRow::vendor_kernel))
      .optional("vendor_dtb", &BoardRow::vendor_dtb)
      .optional("vendor_console", &BoardRow::vendor_console)
      .optional("vendor_cmdline", &BoardRow::vendor_cmdline)
      .optional("vendor_modules", words(&BoardRow::vendor_modules))
      .optional("load", [](const FieldInput& in, BoardRow& row) { read_load_addresses(in, row.load); })
      .optional("console", &BoardRow::console)
      .optional("cmdline", &BoardRow::cmdline)
      .optional("defconfigs", read_defconfigs)
      .optional("modules", words(&BoardRow::modules))
      .optional("network", words(&BoardRow::network))
      .optional("firmware", root_files(&BoardRow::firmware, "to"))
      .optional("raw", root_files(&BoardRow::raw, "offset"))
      .optional("config", config_sections(&BoardRow::config))
      .optional("additions", names_at(&BoardRow::additions))
      .optional("loader", name_at(&BoardRow::loader))
      .optional("qemu", &BoardRow::qemu)
      .optional("qemu_root", reference(&BoardRow::qemu_root, NameOf::root))
      .optional("qemu_args", words(&BoardRow::qemu_args))
      .optional("starts", word(&BoardRow::starts, same_words({"kernel", "card", "memory"})))
      .optional("qemu_console", &BoardRow::qemu_console)
      .optional("qemu_disabled", &BoardRow::qemu_disabled)
      .optional("machine", root_files(&BoardRow::machine, "as"))
      .optional("timeout", &BoardRow::timeout)
      .optional("limits", &BoardRow::limits)
      .optional("override", read_override<BoardRow>);
  return schema;
}

const Schema<VendorRow>& vendor_schema() {
  static const Schema<VendorRow> schema = Schema<VendorRow>("[[vendor]]")
      .required("name", &VendorRow::name)
      .required("title", &VendorRow::title)
      .required("repository", &VendorRow::repository)
      .optional("config", read_config<VendorRow>)
      .optional("override", read_override<VendorRow>);
  return schema;
}

const Schema<FixupRow>& fixup_schema() {
  static const Schema<FixupRow> schema = Schema<FixupRow>("[[fixup]]")
      .required("name", &FixupRow::name)
      .required("title", &FixupRow::title)
      .optional("config", read_config<FixupRow>)
      .optional("patches", &FixupRow::patches)
      .optional("sha256", read_patch_hashes)
      .optional("override", read_override<FixupRow>);
  return schema;
}

const Schema<FlavourRow>& flavour_schema() {
  static const Schema<FlavourRow> schema = Schema<FlavourRow>("[[flavour]]")
      .required("name", &FlavourRow::name)
      .required("title", &FlavourRow::title)
      .required("vendor", name_at(&FlavourRow::vendor))
      .optional("boards", names_at(&FlavourRow::boards))
      .required("config", read_config<FlavourRow>)
      .optional("override", read_override<FlavourRow>);
  return schema;
}

const Schema<VendorKernelRow>& vendor_kernel_schema() {
  static const Schema<VendorKernelRow> schema = Schema<VendorKernelRow>("[[kernel]]")
      .required("name", &VendorKernelRow::name)
      .required("vendor", name_at(&VendorKernelRow::vendor))
      .required("tag", &VendorKernelRow::tag)
      .optional("commit", read_tree_commit<VendorKernelRow>)
      .required("nar", read_tree_nar<VendorKernelRow>)
      .required("boards", names_at(&VendorKernelRow::boards))
      .optional("config", read_config<VendorKernelRow>)
      .optional("fixups", names_at(&VendorKernelRow::fixups))
      .required("source", &VendorKernelRow::reference)
      .optional("override", read_override<VendorKernelRow>);
  return schema;
}

const Schema<FirmwareRow>& firmware_schema() {
  static const Schema<FirmwareRow> schema = Schema<FirmwareRow>("[[firmware]]")
      .required("name", &FirmwareRow::name)
      .required("kind", word(&FirmwareRow::kind, same_words({"boot", "bluetooth", "wireless"})))
      .required("repository", &FirmwareRow::repository)
      .required("commit", &FirmwareRow::commit)
      .required("nar", read_tree_nar<FirmwareRow>)
      .optional("kernel_commit", &FirmwareRow::kernel_commit)
      .required("source", &FirmwareRow::reference)
      .optional("override", read_override<FirmwareRow>);
  return schema;
}

const Schema<BundleRow>& bundle_schema() {
  static const Schema<BundleRow> schema = Schema<BundleRow>("[[bundle]]")
      .required("name", &BundleRow::name)
      .required("vendor", name_at(&BundleRow::vendor))
      .required("kernel", name_at(&BundleRow::kernel))
      .required("firmware", names_at(&BundleRow::firmware))
      .required("boards", names_at(&BundleRow::boards))
      .optional("aliases", &BundleRow::aliases)
      .optional("override", read_override<BundleRow>);
  return schema;
}

}  // namespace swage
