#include <fmt/core.h>

#include "catalog/tables/readers.hpp"
#include "store/store_path.hpp"

namespace swage {
namespace {

void read_exact_kernel(const FieldInput& in, EvidenceRow& row) {
  Version version = *Version::parse("0");
  const std::size_t before = in.findings.errors.size();
  read_field(in, version);
  if (in.findings.errors.size() == before) row.kernel = in.value.text;
}

typename Schema<EvidenceRow>::Reader sha256_of(std::string EvidenceRow::*member) {
  return [member](const FieldInput& in, EvidenceRow& row) { read_sha256(in, row.*member); };
}

typename Schema<EvidenceRow>::Reader derivation(std::string EvidenceRow::*member) {
  return [member](const FieldInput& in, EvidenceRow& row) { read_drv(in, row.*member); };
}

// Of a root, as it was called then; "" the kernel was built in none.
void read_root(const FieldInput& in, EvidenceRow& row) {
  read_field(in, row.root);
  if (!row.root.empty() && !check_store_name(row.root)) in.report({.what = fmt::format("'{}' is not the name of a root", row.root)});
}

// It may have left the catalog since.
void read_made_by(const FieldInput& in, EvidenceRow& row) {
  read_field(in, row.recipe);
  if (!check_store_name(row.recipe)) in.report({.what = fmt::format("'{}' is not the name of a recipe", row.recipe)});
}

typename Schema<EvidenceRow>::Reader count(std::optional<unsigned> EvidenceRow::*member) {
  return [member](const FieldInput& in, EvidenceRow& row) { read_field(in, (row.*member).emplace()); };
}

}  // namespace

const Schema<EvidenceRow>& evidence_schema() {
  static const Schema<EvidenceRow> schema = Schema<EvidenceRow>("[evidence]")
      .required("kernel", read_exact_kernel)
      .optional("recipe", read_made_by)
      .required("platform", reference(&EvidenceRow::platform, NameOf::platform))
      .required("toolchain", &EvidenceRow::toolchain)
      .required("provider", &EvidenceRow::provider)
      .required("compiler", word(&EvidenceRow::compiler, same_words({"gcc", "clang"})))
      .required("compiler_version", &EvidenceRow::compiler_version)
      .optional("binutils", &EvidenceRow::binutils)
      .required("config", &EvidenceRow::config)
      .required("state", word<EvidenceRow, EvidenceState>(&EvidenceRow::state, {{"booted", EvidenceState::booted},
                                                                               {"built", EvidenceState::built},
                                                                               {"failed", EvidenceState::failed}}))
      .required("when", date(&EvidenceRow::when))
      .required("root", read_root)
      .required("machine", &EvidenceRow::machine)
      .required("kernel_drv", derivation(&EvidenceRow::kernel_drv))
      .optional("boot_drv", derivation(&EvidenceRow::boot_drv))
      .optional("kernel_nar", sha256_of(&EvidenceRow::kernel_nar))
      .optional("boot_nar", sha256_of(&EvidenceRow::boot_nar))
      .optional("banner", &EvidenceRow::banner)
      .optional("userland", &EvidenceRow::userland)
      .optional("build_seconds", count(&EvidenceRow::build_seconds))
      .optional("boot_seconds", count(&EvidenceRow::boot_seconds))
      .optional("cores", count(&EvidenceRow::cores))
      .required("lock", [](const FieldInput& in, EvidenceRow& row) { read_lock_name(in, row.lock); })
      .optional("reason", &EvidenceRow::reason)
      .optional("signature", &EvidenceRow::signature)
      .optional("next", &EvidenceRow::next)
      .optional("failed_drv", derivation(&EvidenceRow::failed_drv))
      .optional("forced", &EvidenceRow::forced)
      .optional("root_named", &EvidenceRow::root_named);
  return schema;
}

}  // namespace swage
