#include "catalog/tables/readers.hpp"

namespace swage {

KernelRow blank_kernel() { return {.version = *Version::parse("0")}; }

const Schema<KernelRow>& kernel_schema() {
  static const Schema<KernelRow> schema = with_source(Schema<KernelRow>("[[kernel]]"))
      .required("version", &KernelRow::version)
      .required("released", date(&KernelRow::released))
      .required("source", &KernelRow::reference)
      .optional("override", read_override<KernelRow>);
  return schema;
}

const Schema<Releases>& releases_schema() {
  static const Schema<Releases> schema = Schema<Releases>("[releases]")
      .required("recipe", reference(&Releases::recipe, NameOf::package))
      .optional("image_recipe", reference(&Releases::image_recipe, NameOf::package))
      .optional("overlays_recipe", reference(&Releases::overlays_recipe, NameOf::package));
  return schema;
}

}  // namespace swage
