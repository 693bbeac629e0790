#include "catalog/source_trees.hpp"

#include "base/beneath.hpp"
#include "catalog/schema.hpp"

namespace swage {

namespace {

constexpr const char* kFile = "source_trees.toml";

template <class Row>
void read_rows(const FieldInput& in, const Schema<Row>& schema, std::vector<Row>& rows) {
  if (!in.is(TomlValue::Kind::array)) return;
  for (const TomlValue& item : in.value.items) {
    const FieldInput one = in.with(item, in.name);
    if (one.is(TomlValue::Kind::table))
      schema.read(in.document, item, rows.emplace_back(), Presence::whole, in.findings);
  }
}

const Schema<SourceTrees>& file_schema() {
  static const Schema<BuildFile> build_file = Schema<BuildFile>("[[build-file]]")
      .required("files", &BuildFile::files)
      .required("system", &BuildFile::system)
      .optional("lines", &BuildFile::lines);
  static const Schema<UnsupportedBuild> unsupported = Schema<UnsupportedBuild>("[[unsupported]]")
      .required("files", &UnsupportedBuild::files)
      .required("what", &UnsupportedBuild::what);
  static const Schema<LicenseWords> license = Schema<LicenseWords>("[[license]]")
      .required("words", &LicenseWords::words)
      .required("spdx", &LicenseWords::spdx);
  static const Schema<SourceTrees> schema =
      Schema<SourceTrees>("source_trees.toml")
          .optional("build-file",
                    [](const FieldInput& in, SourceTrees& all) { read_rows(in, build_file, all.build_files); })
          .optional("unsupported",
                    [](const FieldInput& in, SourceTrees& all) { read_rows(in, unsupported, all.unsupported); })
          .optional("license", [](const FieldInput& in, SourceTrees& all) { read_rows(in, license, all.licenses); });
  return schema;
}

}  // namespace

Result<SourceTrees> read_source_trees(const fs::path& catalog, const std::vector<fs::path>& layers) {
  std::vector<fs::path> directories(layers.rbegin(), layers.rend());
  directories.push_back(catalog);
  SourceTrees all;
  Findings findings;
  for (const fs::path& directory : directories) {
    if (!path_exists(directory)) continue;   // a layer that is about to be begun
    SWAGE_TRY(const Beneath files, Beneath::open(directory));
    SWAGE_TRY(std::optional<std::string> text, files.find(kFile, kLargestTable));
    if (!text) continue;
    SWAGE_TRY(const TomlDocument document, parse_toml(std::move(*text), (directory / kFile).string()));
    file_schema().read(document, document.root, all, Presence::whole, findings);
  }
  if (!findings.errors.empty()) return Fail(together(std::move(findings.errors)));
  return all;
}

}  // namespace swage
