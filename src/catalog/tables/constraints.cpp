#include "catalog/tables/readers.hpp"

namespace swage {
namespace {

// A requirement on the kernel itself says when an architecture came and went.
void read_require(const FieldInput& in, ConstraintRow& row) {
  read_field(in, row.require);
  in.refer_keys(NameOf::requirement);
  if (in.value.kind == TomlValue::Kind::table && row.require.empty()) in.report({.what = "'require' requires nothing"});
}

}  // namespace

const Schema<ConstraintRow>& constraint_schema() {
  static const Schema<ConstraintRow> schema = Schema<ConstraintRow>("[[constraint]]")
      .required("id", id(&ConstraintRow::id))
      .optional("when", [](const FieldInput& in, ConstraintRow& row) { read_conditions(in, row); })
      .required("require", read_require)
      .required("effect", word<ConstraintRow, Effect>(&ConstraintRow::effect, {{"builds-not", Effect::builds_not},
                                                                              {"boots-not", Effect::boots_not},
                                                                              {"misbehaves", Effect::misbehaves}}))
      .required("reason", &ConstraintRow::reason)
      .required("source", &ConstraintRow::source)
      .optional("confidence", word(&ConstraintRow::confidence, confidence_words()))
      .optional("measured", reference(&ConstraintRow::measured, NameOf::arch))
      .optional("override", read_override<ConstraintRow>);
  return schema;
}

}  // namespace swage
