#include "catalog/tables/readers.hpp"

namespace swage {
namespace {

// `edits = [{ file = "...", sed = "..." }, { file = "...", copy_of = "..." }]`. The builder gets one line for each, in
// fields that are parted by tabs.
void read_edits(const FieldInput& in, QuirkRow& row) {
  static const Schema<TreeEdit> schema = Schema<TreeEdit>("'edits'")
      .required("file", &TreeEdit::file)
      .optional("sed", &TreeEdit::sed)
      .optional("copy_of", &TreeEdit::copy_of);
  row.edits.clear();
  if (!in.is(TomlValue::Kind::array)) return;
  for (const TomlValue& item : in.value.items) {
    const FieldInput field = in.with(item, in.name);
    if (!field.is(TomlValue::Kind::table)) continue;
    TreeEdit& edit = row.edits.emplace_back();
    schema.read(in.document, item, edit, in.presence, in.findings);
    if (edit.sed.empty() == edit.copy_of.empty()) field.report({.what = "'edits' wants one of 'sed' and 'copy_of'"});
    for (const std::string* text : {&edit.file, &edit.sed, &edit.copy_of})
      if (text->find_first_of("\t\n") != std::string::npos)
        field.report({.what = "'edits' cannot hold a tab or a line end: write \\t or \\n for sed"});
    for (const std::string* path : {&edit.file, &edit.copy_of})
      if (path->starts_with('/') || path->find("..") != std::string::npos)
        field.report({.what = fmt::format("'{}' is not a path below the kernel's tree", *path)});
  }
}

}  // namespace

const Schema<QuirkRow>& quirk_schema() {
  static const Schema<QuirkRow> schema = Schema<QuirkRow>("[[quirk]]")
      .required("id", id(&QuirkRow::id))
      .required("when", [](const FieldInput& in, QuirkRow& row) { read_conditions(in, row); })
      .optional("lifts", reference(&QuirkRow::lifts, NameOf::constraint))
      .optional("make_args", words(&QuirkRow::make_args))
      .optional("config", read_config<QuirkRow>)
      .optional("cflags", words(&QuirkRow::cflags))
      .optional("aflags", words(&QuirkRow::aflags))
      .optional("cc_flags", words(&QuirkRow::cc_flags))
      .optional("ld_flags", words(&QuirkRow::ld_flags))
      .optional("host_cflags", words(&QuirkRow::host_cflags))
      .optional("patches", reference(&QuirkRow::patches, NameOf::patch))
      .optional("edits", read_edits)
      .required("reason", &QuirkRow::reason)
      .required("source", &QuirkRow::source)
      .required("confidence", word(&QuirkRow::confidence, confidence_words()))
      .optional("measured", reference(&QuirkRow::measured, NameOf::arch))
      .optional("override", read_override<QuirkRow>);
  return schema;
}

}  // namespace swage
