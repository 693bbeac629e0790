#include "catalog/package_evidence.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/beneath.hpp"
#include "base/text.hpp"
#include "catalog/schema.hpp"
#include "catalog/state.hpp"

namespace swage {

namespace {

constexpr const char* kDirectory = "packages";

const Schema<PackageRecord>& record_schema() {
  static const Schema<PackageRecord> schema =
      Schema<PackageRecord>("[[package]]")
          .required("name", &PackageRecord::name)
          .optional("version", &PackageRecord::version)
          .required("toolchain", &PackageRecord::toolchain)
          .required("state",
                    [](const FieldInput& in, PackageRecord& record) {
                      read_word<PackageState>(in,
                                              {{"tested", PackageState::tested},
                                               {"built", PackageState::built},
                                               {"failed", PackageState::failed}},
                                              record.state);
                    })
          .required("when", [](const FieldInput& in, PackageRecord& record) { read_date(in, record.when); })
          .required("drv", [](const FieldInput& in, PackageRecord& record) { read_drv(in, record.drv); })
          .optional("nar", [](const FieldInput& in, PackageRecord& record) { read_sha256(in, record.nar); })
          .optional("seconds",
                    [](const FieldInput& in, PackageRecord& record) { read_field(in, record.seconds.emplace()); })
          .required("lock", [](const FieldInput& in, PackageRecord& record) { read_lock_name(in, record.lock); })
          .optional("reason", &PackageRecord::reason);
  return schema;
}

PackageRecords read_records(const TomlDocument& document, Findings& findings) {
  PackageRecords records;
  check_keys(document, document.root, "a file of package evidence", {{"package", false}}, Presence::whole, findings);
  const TomlEntry* entry = document.root.find("package");
  if (!entry || !FieldInput{document, entry->value, "package", findings}.is(TomlValue::Kind::array)) return records;
  for (const TomlValue& item : entry->value.items) {
    const std::size_t before = findings.errors.size();
    const FieldInput in{document, item, "package", findings};
    if (!in.is(TomlValue::Kind::table)) continue;
    PackageRecord record;
    findings.of_logs = true;
    record_schema().read(document, item, record, Presence::whole, findings);
    if (findings.errors.size() != before) continue;
    const bool failed = record.state == PackageState::failed;
    if (failed ? record.reason.empty() : record.nar.empty())
      in.report({.what = fmt::format("'{}' is missing in [[package]], and the state is '{}'", failed ? "reason" : "nar",
                                     package_state_name(record.state))});
    if (!records.emplace(record.name, record).second)
      in.report({.what = fmt::format("'{}' is defined twice in [[package]]", record.name)});
  }
  return records;
}

}  // namespace

std::string_view package_state_name(PackageState state) {
  switch (state) {
    case PackageState::tested: return "tested";
    case PackageState::built: return "built";
    case PackageState::failed: break;
  }
  return "failed";
}

fs::path package_evidence_file(const fs::path& evidence, std::string_view platform) {
  return evidence / kDirectory / fmt::format("{}.toml", platform);
}

std::string package_evidence_text(const PackageRecords& records) {
  std::string out;
  for (const auto& [name, record] : records) {
    const auto text = [&](const char* key, std::string_view value) {
      if (!value.empty()) out += fmt::format("{} = {}\n", key, toml_string(value));
    };
    out += fmt::format("{}[[package]]\n", out.empty() ? "" : "\n");
    text("name", name);
    text("version", record.version);
    text("toolchain", record.toolchain);
    text("state", package_state_name(record.state));
    text("when", record.when);
    text("drv", record.drv);
    text("nar", record.nar);
    if (record.seconds) out += fmt::format("seconds = {}\n", *record.seconds);
    text("lock", record.lock);
    text("reason", record.reason);
  }
  return out;
}

Result<PackageRecords> parse_package_evidence(std::string text, const std::string& file) {
  SWAGE_TRY(const TomlDocument document, parse_toml(std::move(text), file));
  Findings findings;
  PackageRecords records = read_records(document, findings);
  if (!findings.errors.empty()) return Fail(together(std::move(findings.errors)));
  return records;
}

Result<PackageRecords> read_package_evidence(const fs::path& evidence, std::string_view platform) {
  const fs::path file = package_evidence_file(evidence, platform);
  if (!path_exists(file)) return PackageRecords{};
  SWAGE_TRY(std::string text, read_beneath(evidence, package_evidence_file({}, platform), kLargestTable));
  return parse_package_evidence(std::move(text), file.string());
}

Result<std::map<std::string, KeptPackageRecord>> newest_package_records(const std::vector<fs::path>& evidence,
                                                                        std::string_view platform) {
  std::map<std::string, KeptPackageRecord> newest;
  for (const fs::path& place : evidence) {
    SWAGE_TRY(PackageRecords records, read_package_evidence(place, platform));
    for (auto& [name, record] : records) {
      const auto [at, fresh] = newest.try_emplace(name, KeptPackageRecord{record, place});
      if (!fresh && at->second.record.when <= record.when) at->second = {std::move(record), place};
    }
  }
  return newest;
}

void check_package_evidence(const fs::path& evidence, LoadResult& result) {
  auto& errors = result.findings.errors;
  std::vector<std::string> platforms;
  for (const Platform& platform : result.state->platforms) platforms.push_back(platform.name);
  for (const std::string& name : list_directory(evidence / kDirectory).value_or(std::vector<std::string>{})) {
    const fs::path file = evidence / kDirectory / name;
    const std::string platform = fs::path(name).stem().string();
    if (!name.ends_with(".toml") || std::find(platforms.begin(), platforms.end(), platform) == platforms.end()) {
      errors.push_back({.what = fmt::format("'{}' is not the evidence of a platform", file.string()),
                        .hint = did_you_mean(platform, platforms)});
      continue;
    }
    auto document = read_beneath(evidence, fs::path(kDirectory) / name, kLargestTable).and_then([&](std::string text) {
      return parse_toml(std::move(text), file.string());
    });
    if (!document) {
      errors.push_back(std::move(document).error());
      continue;
    }
    for (const auto& [package, record] :
         read_records(result.documents.emplace_back(std::move(*document)), result.findings))
      if (!path_exists(evidence / "locks" / record.lock))
        errors.push_back({.what = fmt::format("'{}' has no lock file '{}', which '{}' was made with", file.string(),
                                              record.lock, package)});
  }
}

}  // namespace swage
