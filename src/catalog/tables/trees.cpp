#include "catalog/tables/readers.hpp"

namespace swage {

const Schema<TreeFileRow>& link_schema() {
  static const Schema<TreeFileRow> schema = Schema<TreeFileRow>("[[link]]")
      .required("path", place(&TreeFileRow::link))
      .required("source", &TreeFileRow::reference)
      .optional("override", read_override<TreeFileRow>);
  return schema;
}

const Schema<TreeFileRow>& twins_schema() {
  static const Schema<TreeFileRow> schema = Schema<TreeFileRow>("[[twins]]")
      .required("lower", place(&TreeFileRow::lower))
      .required("upper", place(&TreeFileRow::upper))
      .required("kernels", &TreeFileRow::kernels)
      .required("source", &TreeFileRow::reference)
      .optional("override", read_override<TreeFileRow>);
  return schema;
}

}  // namespace swage
