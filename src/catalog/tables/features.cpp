#include "catalog/tables/readers.hpp"

namespace swage {

const Schema<FeatureRow>& feature_schema() {
  static const Schema<FeatureRow> schema = Schema<FeatureRow>("[[feature]]")
      .required("name", &FeatureRow::name)
      .required("text", &FeatureRow::text)
      .optional("override", read_override<FeatureRow>);
  return schema;
}

}  // namespace swage
