#include "catalog/tables/readers.hpp"

namespace swage {
namespace {

// A path is relative to the file that names it, also when the row overrides one of another layer.
void read_tree(const FieldInput& in, ComponentRow& row) {
  read_url(in, row.tree);
  if (row.tree.find("://") == std::string::npos && fs::path(row.tree).is_relative())
    row.tree = (fs::path(in.document.path).parent_path() / row.tree).string();
}

}  // namespace

ComponentRow blank_component() { return {.id = {}, .version = *Version::parse("0")}; }

const Schema<ComponentRow>& component_schema() {
  static const Schema<ComponentRow> schema = with_source(Schema<ComponentRow>("[[component]]"))
      .required("id", id(&ComponentRow::id))
      .required("name", reference(&ComponentRow::name, NameOf::component))
      .required("version", &ComponentRow::version)
      .optional("released", date(&ComponentRow::released))
      .optional("tree", read_tree)
      .optional("configure", &ComponentRow::configure)
      .optional("host_cc", &ComponentRow::host_cc)
      .optional("host_cxx", &ComponentRow::host_cxx)
      .required("source", &ComponentRow::reference)
      .optional("override", read_override<ComponentRow>);
  return schema;
}

}  // namespace swage
