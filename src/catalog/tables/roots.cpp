#include "catalog/tables/readers.hpp"

#include <fmt/core.h>

#include "base/url.hpp"
#include "catalog/closed_sets.hpp"

namespace swage {
namespace {

// `tools = { make = "4.3", host-gcc = "12.2.0" }`
void read_tools(const FieldInput& in, RootRow& row) {
  row.tools.clear();
  if (!in.is(TomlValue::Kind::table)) return;
  for (const TomlEntry& entry : in.value.entries) {
    Version version = *Version::parse("0");
    read_field(in.with(entry.value, entry.key), version);
    row.tools.emplace(entry.key, std::move(version));
  }
  check_names(in, row.tools, host_tools());
}

void read_components(const FieldInput& in, RootRow& row) {
  read_field(in, row.components);
  if (row.components.empty() && in.is(TomlValue::Kind::array))
    in.report({.what = "'components' names none: leave it out for \"main\""});
  for (const TomlValue& item : in.value.items)
    if (item.kind == TomlValue::Kind::string &&
        (item.text.empty() || item.text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") != std::string::npos))
      in.with(item, in.name).report({.what = fmt::format("'{}' is not a component of an archive", item.text)});
}

// As it stands in lock files.
void read_archive_name(const FieldInput& in, ArchiveRow& row) {
  read_field(in, row.name);
  if (!row.name.empty() && row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
    in.report({.what = fmt::format("'{}' is not a name for an archive: lower-case letters, digits and -", row.name)});
}

void read_old(const FieldInput& in, ArchiveRow& row) {
  read_field(in, row.old);
  for (const TomlValue& item : in.value.items) {
    if (item.kind != TomlValue::Kind::string) continue;
    const FieldInput one = in.with(item, in.name);
    Result<void> good = refuse_unfetchable(item.text);
    if (good) good = refuse_secrets(item.text);
    if (!good) one.report(std::move(good).error());
    else if (!item.text.ends_with("{path}") || item.text.find("day}") == std::string::npos)
      one.report({.what = fmt::format("'{}' is not a URL with {{day}} or {{next_day}} that ends with {{path}}",
                                      item.text)});
  }
}

}  // namespace

const Schema<RootRow>& root_schema() {
  static const Schema<RootRow> schema =
      Schema<RootRow>("[[root]]")
          .required("name", &RootRow::name)
          .required("suite", reference(&RootRow::suite, NameOf::suite))
          .required("packages", &RootRow::packages)
          .optional("only", &RootRow::only)
          .optional("components", read_components)
          .optional("like", reference(&RootRow::like, NameOf::root))
          .optional("architecture", &RootRow::architecture)
          .optional("purpose", &RootRow::purpose)
          .optional("license", license(&RootRow::license))
          .optional("kind", word(&RootRow::kind, same_words({"build"})))
          .optional("rank", &RootRow::rank)
          .optional("first_for", [](const FieldInput& in,
                                    RootRow& row) { read_field(in, row.first_for.emplace(VersionRange::any())); })
          .optional("released", date(&RootRow::released))
          .optional("tools", read_tools)
          .optional("accelerators", reference(&RootRow::accelerators, NameOf::root))
          .optional("override", read_override<RootRow>);
  return schema;
}

const Schema<ArchiveRow>& archive_schema() {
  static const Schema<ArchiveRow> schema = Schema<ArchiveRow>("[[archive]]")
      .required("name", read_archive_name)
      .required("releases", &ArchiveRow::releases)
      .required("old", read_old)
      .optional("override", read_override<ArchiveRow>);
  return schema;
}

const Schema<SeedRow>& seed_schema() {
  static const Schema<SeedRow> schema = Schema<SeedRow>("[[seed]]")
      .required("name", &SeedRow::name)
      .required("suite", reference(&SeedRow::suite, NameOf::suite))
      .required("package", &SeedRow::package)
      .required("member", &SeedRow::member)
      .optional("override", read_override<SeedRow>);
  return schema;
}

}  // namespace swage
