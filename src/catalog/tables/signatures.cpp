#include "catalog/tables/readers.hpp"

namespace swage {

const Schema<SignatureRow>& signature_schema() {
  static const Schema<SignatureRow> schema = Schema<SignatureRow>("[[signature]]")
      .required("id", id(&SignatureRow::id))
      .required("pattern", &SignatureRow::pattern)
      .required("constraint", reference(&SignatureRow::constraint, NameOf::constraint))
      .required("text", &SignatureRow::text)
      .optional("override", read_override<SignatureRow>);
  return schema;
}

}  // namespace swage
