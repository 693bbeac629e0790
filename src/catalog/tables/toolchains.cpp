#include "catalog/tables/readers.hpp"

namespace swage {

ToolchainRow blank_toolchain() { return {.version = *Version::parse("0")}; }

const Schema<Provider>& provider_schema() {
  static const Schema<Provider> schema = Schema<Provider>("[provider]")
      .required("rank", &Provider::rank)
      .optional("prebuilt", &Provider::prebuilt)
      .optional("suites", &Provider::suites)
      .optional("features", reference(&Provider::features, NameOf::feature))
      .optional("userland", reference(&Provider::userland, NameOf::package))
      .optional("fallback", &Provider::fallback)
      .required("source", &Provider::reference);
  return schema;
}

const Schema<ToolchainRow>& toolchain_schema() {
  static const Schema<ToolchainRow> schema =
      with_download(Schema<ToolchainRow>("[[toolchain]]"))
          .required("id", &ToolchainRow::id)
          .optional("group", &ToolchainRow::group)
          .required("platforms", [](const FieldInput& in, ToolchainRow&) { in.refer(NameOf::platform); })
          .optional("compiler", word(&ToolchainRow::compiler, same_words({"gcc", "clang"})))
          .required("version", &ToolchainRow::version)
          .optional("binutils", &ToolchainRow::binutils)
          .optional("libc", reference(&ToolchainRow::libc, NameOf::c_library))
          .optional("unknown",
                    [](const FieldInput& in, ToolchainRow& row) {
                      read_field(in, row.unknown);
                      for (const TomlValue& item : in.value.items)
                        if (item.kind == TomlValue::Kind::string && item.text != "binutils")
                          report_unknown_word(in.with(item, in.name), item.text, {"binutils"});
                    })
          .optional("libc_version", &ToolchainRow::libc_version)
          .optional("headers", &ToolchainRow::headers)
          .required("released", date(&ToolchainRow::released))
          .required("prefix", &ToolchainRow::prefix)
          .optional("dumpmachine", &ToolchainRow::dumpmachine)
          .optional("suite", reference(&ToolchainRow::suite, NameOf::suite))
          .optional("packages", &ToolchainRow::packages)
          .optional("cxx", &ToolchainRow::cxx)
          .optional("libc_config", &ToolchainRow::libc_config)
          .optional("components", &ToolchainRow::components)
          .optional("flags", &ToolchainRow::flags)
          .optional("features", reference(&ToolchainRow::features, NameOf::feature))
          .optional("userland", reference(&ToolchainRow::userland, NameOf::package))
          .optional("rank", &ToolchainRow::provider_rank)
          .optional("fallback", &ToolchainRow::fallback)
          .optional("sha256sums", [](const FieldInput& in, ToolchainRow& row) { read_url(in, row.source.sha256sums); })
          .required("source", &ToolchainRow::reference)
          .optional("override", read_override<ToolchainRow>);
  return schema;
}

}  // namespace swage
