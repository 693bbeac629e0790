// Boards, and what is released for them by their vendors.
#include "base/hash.hpp"
#include "catalog/tables/image_readers.hpp"

namespace swage {

namespace {

void read_bios_file(const FieldInput& in, BoardRow& row) { read_root_file(in, row.bios, {}); }

// `sha256-...`: the hash of a tree as an archive of Nix (NAR), in base64, whose last `=` may be left out.
template <class Row>
void read_tree_nar(const FieldInput& in, Row& row) {
  if (!in.is(TomlValue::Kind::string)) return;
  constexpr std::string_view algorithm = "sha256-";
  std::string text = in.value.text;
  if (text.starts_with(algorithm)) {
    text.erase(0, algorithm.size());
    while (text.size() % 4 != 0) text += '=';
    if (const Result<std::string> bytes = base64_decode(text); bytes && bytes->size() == hash_size(HashAlgo::sha256)) {
      const auto* data = reinterpret_cast<const std::uint8_t*>(bytes->data());
      row.nar = Hash::from_bytes(HashAlgo::sha256, {data, bytes->size()}).hex();
      return;
    }
  }
  in.report({.what = fmt::format("'{}' is not the hash of a tree: sha256- and 43 or 44 characters of base64",
                                 in.value.text)});
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
      .optional("vendor_dtb", &BoardRow::vendor_dtb)
      .optional("load", [](const FieldInput& in, BoardRow& row) { read_load_addresses(in, row.load); })
      .optional("console", &BoardRow::console)
      .optional("cmdline", &BoardRow::cmdline)
      .optional("defconfigs", &BoardRow::defconfigs)
      .optional("modules", words(&BoardRow::modules))
      .optional("network", words(&BoardRow::network))
      .optional("firmware", root_files(&BoardRow::firmware, "to"))
      .optional("raw", root_files(&BoardRow::raw, "offset"))
      .optional("loader", name_at(&BoardRow::loader))
      .optional("qemu", &BoardRow::qemu)
      .optional("qemu_root", reference(&BoardRow::qemu_root, NameOf::root))
      .optional("qemu_args", words(&BoardRow::qemu_args))
      .optional("starts", word(&BoardRow::starts, same_words({"kernel", "card"})))
      .optional("bios", read_bios_file)
      .optional("bios_as", word(&BoardRow::bios_as, same_words({"bios", "kernel"})))
      .optional("timeout", &BoardRow::timeout)
      .optional("limits", &BoardRow::limits)
      .optional("override", read_override<BoardRow>);
  return schema;
}

const Schema<VendorKernelRow>& vendor_kernel_schema() {
  static const Schema<VendorKernelRow> schema = Schema<VendorKernelRow>("[[kernel]]")
      .required("name", &VendorKernelRow::name)
      .required("tag", &VendorKernelRow::tag)
      .optional("commit", read_tree_commit<VendorKernelRow>)
      .required("nar", read_tree_nar<VendorKernelRow>)
      .required("boards", names_at(&VendorKernelRow::boards))
      .optional("config", read_config<VendorKernelRow>)
      .optional("patches", &VendorKernelRow::patches)
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
      .required("kernel", name_at(&BundleRow::kernel))
      .required("firmware", names_at(&BundleRow::firmware))
      .required("boards", names_at(&BundleRow::boards))
      .optional("aliases", &BundleRow::aliases)
      .optional("override", read_override<BundleRow>);
  return schema;
}

}  // namespace swage
