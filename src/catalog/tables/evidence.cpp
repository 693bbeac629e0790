#include "catalog/tables/readers.hpp"

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

typename Schema<EvidenceRow>::Reader count(std::optional<unsigned> EvidenceRow::*member) {
  return [member](const FieldInput& in, EvidenceRow& row) { read_field(in, (row.*member).emplace()); };
}

}  // namespace

const Schema<EvidenceRow>& evidence_schema() {
  static const Schema<EvidenceRow> schema = Schema<EvidenceRow>("[evidence]")
      .required("kernel", read_exact_kernel)
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
      .required("root", &EvidenceRow::root)
      .required("machine", &EvidenceRow::machine)
      .required("kernel_drv", &EvidenceRow::kernel_drv)
      .optional("boot_drv", &EvidenceRow::boot_drv)
      .optional("kernel_nar", sha256_of(&EvidenceRow::kernel_nar))
      .optional("boot_nar", sha256_of(&EvidenceRow::boot_nar))
      .optional("banner", &EvidenceRow::banner)
      .optional("userland", &EvidenceRow::userland)
      .optional("build_seconds", count(&EvidenceRow::build_seconds))
      .optional("boot_seconds", count(&EvidenceRow::boot_seconds))
      .optional("cores", count(&EvidenceRow::cores))
      .required("lock", &EvidenceRow::lock)
      .optional("reason", &EvidenceRow::reason)
      .optional("signature", &EvidenceRow::signature)
      .optional("next", &EvidenceRow::next);
  return schema;
}

}  // namespace swage
