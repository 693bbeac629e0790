#include "catalog/tables/readers.hpp"

namespace swage {

const Schema<CLibraryRow>& c_library_schema() {
  static const Schema<CLibraryRow> schema = Schema<CLibraryRow>("[[c_library]]")
      .required("name", &CLibraryRow::name)
      .required("summary", &CLibraryRow::summary)
      .optional("component", &CLibraryRow::component)
      .optional("license", license(&CLibraryRow::license))
      .optional("override", read_override<CLibraryRow>);
  return schema;
}

}  // namespace swage
