// What images are made of, and which there are.
#include "catalog/tables/image_readers.hpp"

namespace swage {

namespace {

void read_partition_size(const FieldInput& in, PartitionRow& row) {
  read_field(in, row.size);
  const std::string_view text = row.size;
  if (in.value.kind == TomlValue::Kind::string && !parse_bytes(text.substr(text.starts_with('+'))))
    in.report({.what = fmt::format("'{}' is not a size: 64M, or +16M for that much more than the content", text)});
}

const Schema<PartitionRow>& partition_schema() {
  static const Schema<PartitionRow> schema = Schema<PartitionRow>("[[layout.partition]]")
      .required("name", &PartitionRow::name)
      .required("type", &PartitionRow::type)
      .required("fs", word(&PartitionRow::fs, same_words({"vfat", "ext4", "erofs", "squashfs"})))
      .optional("label", &PartitionRow::label)
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
  read_field(in, row.files);
  for (const TomlEntry& entry : in.value.entries)
    if (entry.value.kind == TomlValue::Kind::string &&
        std::find(known.begin(), known.end(), entry.value.text) == known.end())
      report_unknown_word(in.with(entry.value, in.name), entry.value.text, known);
}

void read_axis_group(const FieldInput& in, AxisRow& row) {
  read_field(in, row.group);
  if (row.group == "board" || row.group == "variant")
    in.report({.what = fmt::format("'{}' is what every image has, and no group of axes", row.group)});
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t unit = 1;
  if (text.ends_with('K')) unit = 1024;
  else if (text.ends_with('M')) unit = 1024 * 1024;
  else if (text.ends_with('G')) unit = 1024 * 1024 * 1024;
  if (unit > 1) text.remove_suffix(1);
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return std::stoull(std::string(text)) * unit;
}

void read_bytes(const FieldInput& in, std::uint64_t& bytes) {
  if (!in.is(TomlValue::Kind::string)) return;
  const std::optional<std::uint64_t> parsed = parse_bytes(in.value.text);
  if (parsed) bytes = *parsed;
  else in.report({.what = fmt::format("'{}' is not a number of bytes: 8K, 16M", in.value.text)});
}

void read_root_file(const FieldInput& in, RootFile& file, std::string_view more) {
  static const Schema<RootFile> given = Schema<RootFile>("firmware of a machine")
      .required("root", reference(&RootFile::root, NameOf::root))
      .required("file", &RootFile::file)
      .required("as", word(&RootFile::as, same_words({"bios", "kernel"})));
  static const Schema<RootFile> named = Schema<RootFile>("a file of a root")
      .required("root", reference(&RootFile::root, NameOf::root))
      .required("file", &RootFile::file)
      .optional("to", &RootFile::to);
  static const Schema<RootFile> blob = Schema<RootFile>("a blob")
      .required("root", reference(&RootFile::root, NameOf::root))
      .required("file", &RootFile::file)
      .required("offset", [](const FieldInput& field, RootFile& row) { read_bytes(field, row.offset); });
  if (!in.is(TomlValue::Kind::table)) return;
  const Schema<RootFile>& schema = more == "offset" ? blob : more == "to" ? named : given;
  schema.read(in.document, in.value, file, in.presence, in.findings);
  file.pos = in.document.pos(in.value.span);
}

void read_load_addresses(const FieldInput& in, std::map<std::string, std::string>& load) {
  read_field(in, load);
  for (const TomlEntry& entry : in.value.entries) {
    if (entry.key != "kernel" && entry.key != "dtb" && entry.key != "initramfs")
      report_unknown_word(in.with(entry.value, in.name), entry.key, {"kernel", "dtb", "initramfs"});
    const std::string& text = entry.value.text;
    if (entry.value.kind == TomlValue::Kind::string &&
        (!text.starts_with("0x") || text.size() < 3 ||
         text.find_first_not_of("0123456789abcdef", 2) != std::string::npos))
      in.with(entry.value, entry.key).report({.what = fmt::format("'{}' is not an address: 0x80000", text)});
  }
}

const Schema<LoaderRow>& loader_schema() {
  static const Schema<LoaderRow> schema = Schema<LoaderRow>("[[loader]]")
      .required("name", &LoaderRow::name)
      .required("summary", &LoaderRow::summary)
      .optional("files", read_loader_files)
      .optional("texts", &LoaderRow::texts)
      .optional("firmware", root_files(&LoaderRow::firmware, "to"))
      .optional("load", [](const FieldInput& in, LoaderRow& row) { read_load_addresses(in, row.load); })
      .optional("config", config_sections(&LoaderRow::config))
      .optional("override", read_override<LoaderRow>);
  return schema;
}

const Schema<LayoutRow>& layout_schema() {
  static const Schema<LayoutRow> schema = Schema<LayoutRow>("[[layout]]")
      .required("name", &LayoutRow::name)
      .required("summary", &LayoutRow::summary)
      .required("table", word(&LayoutRow::table, same_words({"mbr", "gpt", "hybrid"})))
      .optional("start", [](const FieldInput& in, LayoutRow& row) { read_bytes(in, row.start); })
      .required("partition", read_partitions)
      .optional("override", read_override<LayoutRow>);
  return schema;
}

const Schema<VariantRow>& variant_schema() {
  static const Schema<VariantRow> schema = Schema<VariantRow>("[[variant]]")
      .required("name", &VariantRow::name)
      .required("summary", &VariantRow::summary)
      .optional("userland", name_at(&VariantRow::userland))
      .optional("planned", &VariantRow::planned)
      .optional("override", read_override<VariantRow>);
  return schema;
}

const Schema<AxisRow>& axis_schema() {
  static const Schema<AxisRow> schema = Schema<AxisRow>("[[axis]]")
      .required("name", &AxisRow::name)
      .required("suffix", &AxisRow::suffix)
      .required("group", read_axis_group)
      .optional("boards", &AxisRow::boards)
      .optional("variants", &AxisRow::variants)
      .optional("excludes", names_at(&AxisRow::excludes))
      .optional("needs", names_at(&AxisRow::needs))
      .optional("loader", name_at(&AxisRow::loader))
      .optional("layout", name_at(&AxisRow::layout))
      .optional("parts", names_at(&AxisRow::parts))
      .optional("libc", reference(&AxisRow::libc, NameOf::c_library))
      .optional("kernel", name_at(&AxisRow::kernel))
      .optional("planned", &AxisRow::planned)
      .optional("override", read_override<AxisRow>);
  return schema;
}

const Schema<GroupRow>& group_schema() {
  static const Schema<GroupRow> schema = Schema<GroupRow>("[[group]]")
      .required("name", &GroupRow::name)
      .required("summary", &GroupRow::summary)
      .optional("families", names_at(&GroupRow::families))
      .optional("variants", names_at(&GroupRow::variants))
      .optional("override", read_override<GroupRow>);
  return schema;
}

const Schema<FamilyRow>& family_schema() {
  static const Schema<FamilyRow> schema = Schema<FamilyRow>("[[family]]")
      .required("name", &FamilyRow::name)
      .required("summary", &FamilyRow::summary)
      .required("pattern", &FamilyRow::pattern)
      .required("boards", names_at(&FamilyRow::boards))
      .required("variants", names_at(&FamilyRow::variants))
      .optional("axes", names_at(&FamilyRow::axes))
      .optional("layout", name_at(&FamilyRow::layout))
      .optional("planned", &FamilyRow::planned)
      .optional("override", read_override<FamilyRow>);
  return schema;
}

}  // namespace swage
