#include "catalog/package_evidence.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/beneath.hpp"
#include "base/text.hpp"
#include "catalog/evidence.hpp"
#include "catalog/schema.hpp"
#include "catalog/state.hpp"

namespace swage {

namespace {

// The table, and the directory.
const char* word_of(RecordsOf of) { return of == RecordsOf::packages ? "package" : "image"; }
std::string table_of(RecordsOf of) { return fmt::format("[[{}]]", word_of(of)); }
std::string directory_of(RecordsOf of) { return fmt::format("{}s", word_of(of)); }

void read_package_state(const FieldInput& in, PackageRecord& record) {
  read_word<PackageState>(
      in, {{"tested", PackageState::tested}, {"built", PackageState::built}, {"failed", PackageState::failed}},
      record.state);
}
void read_image_state(const FieldInput& in, PackageRecord& record) {
  read_word<PackageState>(in,
                          {{"booted", PackageState::booted},
                           {"modelled", PackageState::modelled},
                           {"built", PackageState::built},
                           {"failed", PackageState::failed}},
                          record.state);
}

Schema<PackageRecord> make_record_schema(const char* table) {
  return Schema<PackageRecord>(table)
          .required("name", &PackageRecord::name)
          .required("toolchain", &PackageRecord::toolchain)
          .required("when", [](const FieldInput& in, PackageRecord& record) { read_date(in, record.when); })
          .required("drv", [](const FieldInput& in, PackageRecord& record) { read_drv(in, record.drv); })
          .optional("nar", [](const FieldInput& in, PackageRecord& record) { read_sha256(in, record.nar); })
          .optional("seconds",
                    [](const FieldInput& in, PackageRecord& record) { read_field(in, record.seconds.emplace()); })
          .required("lock", [](const FieldInput& in, PackageRecord& record) { read_lock_name(in, record.lock); })
          .optional("reason", &PackageRecord::reason);
}

const Schema<PackageRecord>& record_schema(RecordsOf of) {
  static const Schema<PackageRecord> package = make_record_schema("[[package]]")
                                                   .optional("version", &PackageRecord::version)
                                                   .required("state", read_package_state);
  static const Schema<PackageRecord> image =
      make_record_schema("[[image]]")
          .required("state", read_image_state)
          .optional("boot", [](const FieldInput& in, PackageRecord& record) { read_drv(in, record.boot); });
  return of == RecordsOf::packages ? package : image;
}

PackageRecords read_records(const TomlDocument& document, RecordsOf of, Findings& findings) {
  PackageRecords records;
  const char* const word = word_of(of);
  check_keys(document, document.root, fmt::format("a file of {} evidence", word), {{word, false}}, Presence::whole,
             findings);
  const TomlEntry* entry = document.root.find(word);
  if (!entry || !FieldInput{document, entry->value, word, findings}.is(TomlValue::Kind::array)) return records;
  for (const TomlValue& item : entry->value.items) {
    const std::size_t before = findings.errors.size();
    const FieldInput in{document, item, word, findings};
    if (!in.is(TomlValue::Kind::table)) continue;
    PackageRecord record;
    findings.of_logs = true;
    record_schema(of).read(document, item, record, Presence::whole, findings);
    if (findings.errors.size() != before) continue;
    const bool failed = record.state == PackageState::failed;
    const bool unbooted = record.state == PackageState::booted && record.boot.empty();
    if (failed ? record.reason.empty() : record.nar.empty() || unbooted)
      in.report({.what = fmt::format("'{}' is missing in {}, and the state is '{}'",
                                     failed ? "reason" : unbooted ? "boot" : "nar", table_of(of),
                                     package_state_name(record.state))});
    if (!records.emplace(record.name, record).second)
      in.report({.what = fmt::format("'{}' is defined twice in {}", record.name, table_of(of))});
  }
  return records;
}

}  // namespace

std::string_view package_state_name(PackageState state) {
  switch (state) {
    case PackageState::tested: return "tested";
    case PackageState::booted: return "booted";
    case PackageState::modelled: return "modelled";
    case PackageState::built: return "built";
    case PackageState::failed: break;
  }
  return "failed";
}

fs::path package_evidence_file(const fs::path& evidence, std::string_view platform, RecordsOf of) {
  return evidence / directory_of(of) / fmt::format("{}.toml", platform);
}

std::string package_evidence_text(const PackageRecords& records, RecordsOf of) {
  std::string out;
  for (const auto& [name, record] : records) {
    const auto text = [&](const char* key, std::string_view value) {
      if (!value.empty()) out += fmt::format("{} = {}\n", key, toml_string(value));
    };
    out += fmt::format("{}{}\n", out.empty() ? "" : "\n", table_of(of));
    text("name", name);
    text("version", record.version);
    text("toolchain", record.toolchain);
    text("state", package_state_name(record.state));
    text("when", record.when);
    text("drv", record.drv);
    text("nar", record.nar);
    text("boot", record.boot);
    if (record.seconds) out += fmt::format("seconds = {}\n", *record.seconds);
    text("lock", record.lock);
    text("reason", record.reason);
  }
  return out;
}

Result<PackageRecords> parse_package_evidence(std::string text, const std::string& file, RecordsOf of) {
  SWAGE_TRY(const TomlDocument document, parse_toml(std::move(text), file));
  Findings findings;
  PackageRecords records = read_records(document, of, findings);
  if (!findings.errors.empty()) return Fail(together(std::move(findings.errors)));
  return records;
}

Result<PackageRecords> read_package_evidence(const fs::path& evidence, std::string_view platform, RecordsOf of) {
  const fs::path file = package_evidence_file(evidence, platform, of);
  if (!path_exists(file)) return PackageRecords{};
  SWAGE_TRY(std::string text, read_beneath(evidence, package_evidence_file({}, platform, of), kLargestTable));
  return parse_package_evidence(std::move(text), file.string(), of);
}

Result<void> keep_package_record(const fs::path& evidence, std::string_view platform, const PackageRecord& record,
                                 RecordsOf of) {
  SWAGE_TRY(const fs::path directory, evidence_subdirectory(evidence, directory_of(of)));
  SWAGE_TRY(const UniqueFd held, lock_directory(directory));   // another swage may keep one too
  SWAGE_TRY(PackageRecords records, read_package_evidence(evidence, platform, of));
  records[record.name] = record;
  return write_file_atomically(directory / package_evidence_file({}, platform, of).filename(),
                               package_evidence_text(records, of));
}

Result<std::map<std::string, KeptPackageRecord>> newest_package_records(const std::vector<fs::path>& evidence,
                                                                        std::string_view platform, RecordsOf of) {
  std::map<std::string, KeptPackageRecord> newest;
  for (const fs::path& place : evidence) {
    SWAGE_TRY(PackageRecords records, read_package_evidence(place, platform, of));
    for (auto& [name, record] : records) {
      const auto [at, fresh] = newest.try_emplace(name, KeptPackageRecord{record, place});
      if (!fresh && at->second.record.when <= record.when) at->second = {std::move(record), place};
    }
  }
  return newest;
}

static void check_records(const fs::path& evidence, RecordsOf of, LoadResult& result) {
  auto& errors = result.findings.errors;
  const std::string directory = directory_of(of);
  std::vector<std::string> platforms;
  for (const Platform& platform : result.state->platforms) platforms.push_back(platform.name);
  for (const std::string& name : list_directory(evidence / directory).value_or(std::vector<std::string>{})) {
    const fs::path file = evidence / directory / name;
    const std::string platform = fs::path(name).stem().string();
    if (!name.ends_with(".toml") || std::find(platforms.begin(), platforms.end(), platform) == platforms.end()) {
      errors.push_back({.what = fmt::format("'{}' is not the evidence of a platform", file.string()),
                        .hint = did_you_mean(platform, platforms)});
      continue;
    }
    auto document = read_beneath(evidence, fs::path(directory) / name, kLargestTable).and_then([&](std::string text) {
      return parse_toml(std::move(text), file.string());
    });
    if (!document) {
      errors.push_back(std::move(document).error());
      continue;
    }
    for (const auto& [package, record] :
         read_records(result.documents.emplace_back(std::move(*document)), of, result.findings))
      if (!path_exists(evidence / "locks" / record.lock))
        errors.push_back({.what = fmt::format("'{}' has no lock file '{}', which '{}' was made with", file.string(),
                                              record.lock, package)});
  }
}

void check_package_evidence(const fs::path& evidence, LoadResult& result) {
  for (const RecordsOf of : {RecordsOf::packages, RecordsOf::images}) check_records(evidence, of, result);
}

}  // namespace swage
