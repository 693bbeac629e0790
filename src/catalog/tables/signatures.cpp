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

const Schema<ObjectErrorRow>& object_error_schema() {
  static const Schema<ObjectErrorRow> schema =
      Schema<ObjectErrorRow>("[[object_error]]")
          .required("id", id(&ObjectErrorRow::id))
          .required("pattern", &ObjectErrorRow::pattern)
          .required("of", word<ObjectErrorRow, bool>(&ObjectErrorRow::of_toolchain,
                                                     {{"toolchain", true}, {"driver", false}}))
          .optional("override", read_override<ObjectErrorRow>);
  return schema;
}

}  // namespace swage
