#include "catalog/tables/readers.hpp"

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

}  // namespace

const Schema<RootRow>& root_schema() {
  static const Schema<RootRow> schema =
      Schema<RootRow>("[[root]]")
          .required("name", &RootRow::name)
          .required("suite", reference(&RootRow::suite, NameOf::suite))
          .required("packages", &RootRow::packages)
          .optional("like", reference(&RootRow::like, NameOf::root))
          .optional("architecture", &RootRow::architecture)
          .optional("purpose", &RootRow::purpose)
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
