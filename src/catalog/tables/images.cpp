// What images are made of, and which there are.
#include "catalog/tables/image_readers.hpp"

namespace swage {

namespace {

constexpr std::uint64_t kSector = 512;

void read_partition_size(const FieldInput& in, PartitionRow& row) {
  read_field(in, row.size);
  row.size_pos = in.document.pos(in.value.span);
  if (in.value.kind != TomlValue::Kind::string) return;
  const std::string_view text = row.size;
  const bool is_more = text.starts_with('+');
  const auto bytes = parse_bytes(text.substr(is_more));
  if (!bytes)
    in.report({.what = fmt::format("'{}' is not a size: 64M, or +16M for that much more than the content", text)});
  else if (!is_more && *bytes == 0) in.report({.what = fmt::format("'{}' is no size of a partition", text)});
}

const Schema<PartitionRow>& partition_schema() {
  static const Schema<PartitionRow> schema = Schema<PartitionRow>("[[layout.partition]]")
      .required("name", text(&PartitionRow::name, as_name))
      .required("type", [](const FieldInput& in, PartitionRow& row) {
        read_kind(in, row.type, as_line);
        row.type_pos = in.document.pos(in.value.span);
      })
      .required("fs", word(&PartitionRow::fs, same_words({"vfat", "ext4", "erofs", "squashfs"})))
      .optional("label", [](const FieldInput& in, PartitionRow& row) {
        read_kind(in, row.label, as_label);
        row.label_pos = in.document.pos(in.value.span);
      })
      .required("size", read_partition_size)
      .required("content", word(&PartitionRow::content, same_words({"boot", "root"})))
      .optional("bootable", &PartitionRow::bootable);
  return schema;
}

void read_partitions(const FieldInput& in, LayoutRow& row) {
  row.partitions.clear();
  if (!in.is(TomlValue::Kind::array)) return;
  for (const TomlValue& item : in.value.items) {
    if (!in.with(item, in.name).is(TomlValue::Kind::table)) continue;
    PartitionRow partition;
    partition_schema().read(in.document, item, partition, Presence::whole, in.findings);
    partition.pos = in.document.pos(item.span);
    row.partitions.push_back(std::move(partition));
  }
}

// name of a file -> what it is
void read_loader_files(const FieldInput& in, LoaderRow& row) {
  static const std::vector<std::string> known{"kernel", "initramfs", "dtb", "overlays"};
  row.files.clear();
  if (!in.is(TomlValue::Kind::table)) return;
  for (const TomlEntry& entry : in.value.entries) {
    read_field(in.with(entry.value, entry.key), row.files[entry.key]);
    // A directory ends with / where it is one of overlays.
    const std::string name = entry.value.text == "overlays" && entry.key.ends_with('/')
                                 ? entry.key.substr(0, entry.key.size() - 1)
                                 : entry.key;
    if (std::string wrong = as_file_on_card(in.name, name); !wrong.empty())
      in.report({.what = std::move(wrong), .where = in.document.pos(entry.key_span)});
    if (entry.value.kind == TomlValue::Kind::string &&
        std::find(known.begin(), known.end(), entry.value.text) == known.end())
      report_unknown_word(in.with(entry.value, in.name), entry.value.text, known);
  }
}

void read_axis_group(const FieldInput& in, AxisRow& row) {
  read_kind(in, row.group, as_name);
  if (row.group == "board" || row.group == "variant")
    in.report({.what = fmt::format("'{}' is what every image has, and no group of axes", row.group)});
}

// What scripts and file systems count with 64 and 32 bits, in blocks of 4 KiB.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 44;

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t unit = 1;
  if (text.ends_with('K')) unit = 1024;
  else if (text.ends_with('M')) unit = 1024 * 1024;
  else if (text.ends_with('G')) unit = 1024 * 1024 * 1024;
  if (unit > 1) text.remove_suffix(1);
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  const std::uint64_t count = std::stoull(std::string(text));
  return count > kMostBytes / unit ? std::nullopt : std::optional(count * unit);
}

void read_bytes(const FieldInput& in, std::uint64_t& bytes, std::uint64_t unit) {
  if (!in.is(TomlValue::Kind::string)) return;
  const std::optional<std::uint64_t> parsed = parse_bytes(in.value.text);
  if (!parsed)
    in.report({.what = fmt::format("'{}' is not a number of bytes: 8K, 16M", in.value.text)});
  else if (unit > 1 && (*parsed == 0 || *parsed % unit != 0))
    in.report({.what = fmt::format("'{}' is 0 or no multiple of {}: {}", in.name, unit, *parsed)});
  else bytes = *parsed;
}

void read_root_file(const FieldInput& in, RootFile& file, RootFileUse use) {
  const auto of_root = [](const char* title) {
    return Schema<RootFile>(title)
        .required("root", reference(&RootFile::root, NameOf::root))
        .required("file", text(&RootFile::file, as_file_of_root));
  };
  static const Schema<RootFile> machine =
      of_root("firmware of a machine").required("as", word(&RootFile::as, same_words({"bios", "kernel"})));
  static const Schema<RootFile> card =
      of_root("a file of a root").optional("to", text(&RootFile::to, as_file_on_card));
  static const Schema<RootFile> root = of_root("a file of a root").required("to", text(&RootFile::to, as_place));
  static const Schema<RootFile> blob = of_root("a blob").required(
      "offset", [](const FieldInput& field, RootFile& row) { read_bytes(field, row.offset, kSector); });
  if (!in.is(TomlValue::Kind::table)) return;
  const Schema<RootFile>& schema = use == RootFileUse::card   ? card
                                   : use == RootFileUse::root ? root
                                   : use == RootFileUse::blob ? blob
                                                              : machine;
  schema.read(in.document, in.value, file, in.presence, in.findings);
  file.pos = in.document.pos(in.value.span);
}

void read_text_files(const FieldInput& in, std::map<std::string, TextFile>& files) {
  static const Schema<TextFile> schema = Schema<TextFile>("a file of a root file system")
                                             .required("text", &TextFile::text)
                                             .optional("mode", text(&TextFile::mode, as_mode));
  files.clear();
  if (!in.is(TomlValue::Kind::table)) return;
  check_kind_of_keys(in, as_file);
  for (const TomlEntry& entry : in.value.entries) {
    const FieldInput field = in.with(entry.value, entry.key);
    if (entry.value.kind == TomlValue::Kind::table)
      schema.read(in.document, entry.value, files[entry.key], Presence::whole, in.findings);
    else read_field(field, files[entry.key].text);
  }
}

void read_load_addresses(const FieldInput& in, std::map<std::string, std::string>& load) {
  read_field(in, load);
  for (const TomlEntry& entry : in.value.entries) {
    if (entry.key != "kernel" && entry.key != "dtb" && entry.key != "initramfs")
      report_unknown_word(in.with(entry.value, in.name), entry.key, {"kernel", "dtb", "initramfs"});
    const std::string& text = entry.value.text;
    if (entry.value.kind == TomlValue::Kind::string &&
        (!text.starts_with("0x") || text.size() < 3 || text.size() > 18 ||
         text.find_first_not_of("0123456789abcdef", 2) != std::string::npos))
      in.with(entry.value, entry.key).report({.what = fmt::format("'{}' is not an address: 0x80000", text)});
  }
}

const Schema<LoaderRow>& loader_schema() {
  static const Schema<LoaderRow> schema = Schema<LoaderRow>("[[loader]]")
      .required("name", text(&LoaderRow::name, as_name))
      .required("summary", line(&LoaderRow::summary))
      .optional("files", read_loader_files)
      .optional("texts", kinds(&LoaderRow::texts, as_file_on_card, nullptr))
      .optional("firmware", root_files(&LoaderRow::firmware, RootFileUse::card))
      .optional("load", [](const FieldInput& in, LoaderRow& row) { read_load_addresses(in, row.load); })
      .optional("config", config_sections(&LoaderRow::config))
      .optional("override", read_override<LoaderRow>);
  return schema;
}

const Schema<LayoutRow>& layout_schema() {
  static const Schema<LayoutRow> schema = Schema<LayoutRow>("[[layout]]")
      .required("name", text(&LayoutRow::name, as_name))
      .required("summary", line(&LayoutRow::summary))
      .required("table", word(&LayoutRow::table, same_words({"mbr", "gpt", "hybrid"})))
      .optional("start", [](const FieldInput& in, LayoutRow& row) { read_bytes(in, row.start, kSector); })
      .required("partition", read_partitions)
      .optional("override", read_override<LayoutRow>);
  return schema;
}

const Schema<VariantRow>& variant_schema() {
  static const Schema<VariantRow> schema = Schema<VariantRow>("[[variant]]")
      .required("name", text(&VariantRow::name, as_name))
      .required("summary", line(&VariantRow::summary))
      .optional("userland", name_at(&VariantRow::userland))
      .optional("planned", line(&VariantRow::planned))
      .optional("override", read_override<VariantRow>);
  return schema;
}

const Schema<AxisRow>& axis_schema() {
  static const Schema<AxisRow> schema = Schema<AxisRow>("[[axis]]")
      .required("name", text(&AxisRow::name, as_name))
      .required("suffix", text(&AxisRow::suffix, as_suffix))
      .required("group", read_axis_group)
      .optional("boards", names_at(&AxisRow::boards))
      .optional("variants", names_at(&AxisRow::variants))
      .optional("excludes", names_at(&AxisRow::excludes))
      .optional("needs", names_at(&AxisRow::needs))
      .optional("loader", name_at(&AxisRow::loader))
      .optional("layout", name_at(&AxisRow::layout))
      .optional("parts", names_at(&AxisRow::parts))
      .optional("libc", reference(&AxisRow::libc, NameOf::c_library))
      .optional("kernel", name_at(&AxisRow::kernel))
      .optional("planned", line(&AxisRow::planned))
      .optional("override", read_override<AxisRow>);
  return schema;
}

const Schema<GroupRow>& group_schema() {
  static const Schema<GroupRow> schema = Schema<GroupRow>("[[group]]")
      .required("name", text(&GroupRow::name, as_name))
      .required("summary", line(&GroupRow::summary))
      .optional("families", names_at(&GroupRow::families))
      .optional("variants", names_at(&GroupRow::variants))
      .optional("override", read_override<GroupRow>);
  return schema;
}

const Schema<FamilyRow>& family_schema() {
  static const Schema<FamilyRow> schema = Schema<FamilyRow>("[[family]]")
      .required("name", text(&FamilyRow::name, as_name))
      .required("summary", line(&FamilyRow::summary))
      .required("pattern", line(&FamilyRow::pattern))
      .required("boards", names_at(&FamilyRow::boards))
      .required("variants", names_at(&FamilyRow::variants))
      .optional("axes", names_at(&FamilyRow::axes))
      .optional("layout", name_at(&FamilyRow::layout))
      .optional("planned", line(&FamilyRow::planned))
      .optional("override", read_override<FamilyRow>);
  return schema;
}

}  // namespace swage
