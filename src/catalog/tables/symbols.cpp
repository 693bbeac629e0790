#include "catalog/tables/readers.hpp"

namespace swage {

const Schema<SymbolRow>& symbol_schema() {
  static const Schema<SymbolRow> schema = Schema<SymbolRow>("[[symbol]]")
      .required("name", &SymbolRow::name)
      .optional("renamed", &SymbolRow::renamed)
      .optional("path", &SymbolRow::path)
      .optional("within", &SymbolRow::within)
      .optional("generated", &SymbolRow::generated)
      .required("source", &SymbolRow::reference)
      .optional("override", read_override<SymbolRow>);
  return schema;
}

}  // namespace swage
