#include "catalog/evidence.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/core.h>
#include <unistd.h>

#include "base/beneath.hpp"
#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "catalog/state.hpp"
#include "store/store_path.hpp"

namespace swage {
namespace {

// A record must have what its state claims.
void check_claims(const TomlDocument& document, const TomlValue& table, const EvidenceRow& row, Findings& findings) {
  const TomlEntry* state = table.find("state");
  if (!state) return;
  const auto needs = [&](const char* key, const std::string& value) {
    if (!value.empty()) return;
    const std::string_view name = evidence_state_name(row.state);
    findings.errors.push_back({.what = fmt::format("'{}' is missing in [evidence], and the state is '{}'", key, name),
                               .where = document.pos(state->value.span)});
  };
  if (row.state == EvidenceState::failed) return needs("reason", row.reason);
  needs("kernel_nar", row.kernel_nar);
  if (row.state == EvidenceState::built) return;
  needs("boot_drv", row.boot_drv);
  needs("boot_nar", row.boot_nar);
  needs("userland", row.userland);
}

// Reads the record of a document. A null result has its mistakes in the findings.
std::optional<EvidenceRow> read_record(const TomlDocument& document, Findings& findings) {
  const std::size_t before = findings.errors.size();
  check_keys(document, document.root, "a record of evidence", {{"evidence", true}}, Presence::whole, findings);
  const TomlEntry* entry = document.root.find("evidence");
  if (!entry || !FieldInput{document, entry->value, "evidence", findings}.is(TomlValue::Kind::table)) return std::nullopt;
  EvidenceRow row{.kernel = {}};
  findings.of_logs = true;
  evidence_schema().read(document, entry->value, row, Presence::whole, findings);
  row.file = document.path;
  if (findings.errors.size() == before) check_claims(document, entry->value, row, findings);
  // Questions about one cell go by file names.
  const fs::path path(document.path);
  if (findings.errors.size() == before && path.stem() != evidence_name(row))
    findings.errors.push_back({.what = fmt::format("'{}' is not the record that its name says: that is '{}.toml'", document.path,
                                                   evidence_name(row)),
                               .where = document.pos(entry->value.span)});
  if (findings.errors.size() == before && path.has_parent_path() && path.parent_path().filename() != row.platform)
    findings.errors.push_back({.what = fmt::format("'{}' is not in its platform's directory '{}'", document.path, row.platform),
                               .where = document.pos(entry->value.find("platform")->value.span)});
  if (findings.errors.size() != before) return std::nullopt;
  return row;
}

std::vector<std::string> records_in(const fs::path& directory, std::string_view prefix) {
  std::vector<std::string> names;
  for (std::string& name : list_directory(directory).value_or(std::vector<std::string>{}))
    if (name.ends_with(".toml") && name.starts_with(prefix)) names.push_back(std::move(name));
  return names;
}

// By version where the texts are versions, as they are unless someone edited them.
bool before(const EvidenceRow& a, const EvidenceRow& b) {
  const auto version_a = Version::parse(a.kernel), version_b = Version::parse(b.kernel);
  if (version_a && version_b && *version_a != *version_b) return *version_a < *version_b;
  return std::tie(a.kernel, a.recipe, a.toolchain, a.config) < std::tie(b.kernel, b.recipe, b.toolchain, b.config);
}

Result<std::vector<EvidenceRow>> read_records(const std::vector<fs::path>& places, std::string_view platform, std::string_view prefix) {
  std::map<std::string, EvidenceRow> rows;   // by file name
  std::vector<Error> errors;
  for (const fs::path& place : places) {
    const fs::path directory = place / platform;
    const std::vector<std::string> names = records_in(directory, prefix);
    if (names.empty()) continue;
    SWAGE_TRY(const Beneath files, Beneath::open(place));
    for (const std::string& name : names) {
      if (interrupted()) return fail(Errc::interrupted, "reading the evidence was interrupted");
      SWAGE_TRY(std::string text, files.read(fs::path(platform) / name, kLargestTable));
      Result<EvidenceRow> row = parse_evidence(std::move(text), (directory / name).string());
      if (!row) {
        errors.push_back(std::move(row).error());
        continue;
      }
      const auto [at, fresh] = rows.try_emplace(name, *row);
      if (!fresh && at->second.when <= row->when) at->second = *std::move(row);
    }
  }
  if (!errors.empty()) return Fail(together(std::move(errors)));
  std::vector<EvidenceRow> sorted;
  for (auto& [name, row] : rows) sorted.push_back(std::move(row));
  std::sort(sorted.begin(), sorted.end(), before);
  return sorted;
}

template <class Read>
Result<const std::vector<EvidenceRow>*> once(Catalog::State::EvidenceCache& cache, const std::string& key, const Read& read) {
  const std::scoped_lock lock(cache.mutex);
  if (const auto known = cache.known.find(key); known != cache.known.end()) return &known->second;
  SWAGE_TRY(std::vector<EvidenceRow> rows, read());
  return &cache.known.emplace(key, std::move(rows)).first->second;
}

// `recipe`: as a record says it.
std::string cell_prefix(std::string_view recipe, std::string_view kernel) { return fmt::format("{}-{}-", recipe.empty() ? "linux" : recipe, kernel); }

}  // namespace

std::string_view evidence_state_name(EvidenceState state) {
  switch (state) {
    case EvidenceState::booted: return "booted";
    case EvidenceState::built: return "built";
    case EvidenceState::failed: break;
  }
  return "failed";
}

std::string evidence_name(const EvidenceRow& row) {
  std::string name = cell_prefix(row.recipe, row.kernel) + row.toolchain;
  if (row.config != "tiny") name += "-" + row.config;
  // The same cell is on record without them too, with the quirks that lift them.
  if (row.forced.size() == 1 && check_store_name(row.forced.front())) name += "-forced-" + row.forced.front();
  else if (!row.forced.empty()) name += "-forced-" + sha256(join(row.forced, " ")).hex().substr(0, 8);
  if (row.root_named) name += "-in-" + row.root;
  return name;
}

std::string evidence_text(const EvidenceRow& row) {
  std::map<std::string, std::string> values;
  const auto text = [&](const char* key, std::string_view value, bool always = false) {
    if (always || !value.empty()) values[key] = toml_string(value);
  };
  const auto number = [&](const char* key, const std::optional<unsigned>& value) {
    if (value) values[key] = std::to_string(*value);
  };
  text("kernel", row.kernel, true);
  text("recipe", row.recipe);
  text("platform", row.platform, true);
  text("toolchain", row.toolchain, true);
  text("provider", row.provider, true);
  text("compiler", row.compiler, true);
  text("compiler_version", row.compiler_version, true);
  text("binutils", row.binutils);
  text("config", row.config, true);
  text("state", evidence_state_name(row.state), true);
  text("when", row.when, true);
  text("root", row.root, true);
  text("machine", row.machine, true);
  text("kernel_drv", row.kernel_drv, true);
  text("boot_drv", row.boot_drv);
  text("kernel_nar", row.kernel_nar);
  text("boot_nar", row.boot_nar);
  text("banner", row.banner);
  text("userland", row.userland);
  number("build_seconds", row.build_seconds);
  number("boot_seconds", row.boot_seconds);
  number("cores", row.cores);
  text("lock", row.lock, true);
  text("reason", row.reason);
  text("signature", row.signature);
  text("next", row.next);
  text("failed_drv", row.failed_drv);
  if (row.root_named) values["root_named"] = "true";
  if (!row.forced.empty()) {
    std::vector<std::string> ids;
    for (const std::string& id : row.forced) ids.push_back(toml_string(id));
    values["forced"] = fmt::format("[{}]", join(ids, ", "));
  }
  std::string out = "[evidence]\n";
  for (const auto& [key, value] : values) out += fmt::format("{} = {}\n", key, value);
  return out;
}

Result<EvidenceRow> parse_evidence(std::string text, const std::string& file) {
  SWAGE_TRY(const TomlDocument document, parse_toml(std::move(text), file));
  Findings findings;
  std::optional<EvidenceRow> row = read_record(document, findings);
  if (!row) return Fail(together(std::move(findings.errors)));
  return *std::move(row);
}

Result<void> write_evidence(const fs::path& directory, const EvidenceRow& row, std::string_view log) {
  SWAGE_TRY(const fs::path place, evidence_subdirectory(directory, row.platform));
  SWAGE_CHECK(write_file_atomically(place / (evidence_name(row) + ".log"), log));
  return write_file_atomically(place / (evidence_name(row) + ".toml"), evidence_text(row));
}

Result<fs::path> evidence_subdirectory(const fs::path& directory, std::string_view name) {
  SWAGE_CHECK(make_directories(directory));
  SWAGE_TRY(const Beneath place, Beneath::open(directory));
  if (!path_exists(directory / name)) SWAGE_CHECK(make_directories(directory / name));
  return place.directory(name);
}

Result<void> check_evidence_place(const fs::path& named, const std::vector<std::string>& names) {
  SWAGE_TRY(const fs::path directory, absolute_path(named));
  fs::path made = directory;   // as much of it as there is
  while (!path_exists(made) && made.has_relative_path()) made = made.parent_path();
  if (!directory_exists(made)) return fail(Errc::invalid_input, fmt::format("'{}' is not a directory for records", made.string()));
  const auto check_writable = [](const fs::path& place) -> Result<void> {
    if (::access(place.c_str(), W_OK | X_OK) != 0) return fail_errno(fmt::format("cannot write records into '{}'", place.string()), errno);
    return {};
  };
  SWAGE_CHECK(check_writable(made));
  if (made != directory) return {};
  SWAGE_TRY(const Beneath below, Beneath::open(directory));
  for (const std::string& name : names) {
    if (!path_exists(directory / name)) continue;
    SWAGE_TRY(const fs::path place, below.directory(name));
    SWAGE_CHECK(check_writable(place));
  }
  return {};
}

fs::path evidence_log(const EvidenceRow& row) {
  fs::path log = row.file;
  return log.replace_extension(".log");
}

Result<std::string> read_evidence_log(const EvidenceRow& row) {
  const fs::path log = evidence_log(row);
  return read_beneath(row.file.parent_path().parent_path(), log.parent_path().filename() / log.filename());
}

fs::path evidence_lock(const EvidenceRow& row) { return row.file.parent_path().parent_path() / "locks" / row.lock; }

Result<const std::vector<EvidenceRow>*> Catalog::evidence(std::string_view platform) const {
  return once(*state_->evidence, std::string(platform),
              [&] { return read_records(state_->evidence_directories, platform, ""); });
}

Result<const std::vector<EvidenceRow>*> Catalog::evidence(std::string_view platform, const Version& kernel, const std::string& recipe) const {
  const std::string version = kernel.str();
  return once(*state_->evidence, fmt::format("{} {} {}", platform, version, recipe), [&]() -> Result<std::vector<EvidenceRow>> {
    const std::string prefix = cell_prefix(recipe == kernel_recipe() ? "" : recipe, version);
    SWAGE_TRY(std::vector<EvidenceRow> rows, read_records(state_->evidence_directories, platform, prefix));
    std::erase_if(rows, [&](const EvidenceRow& row) { return row.kernel != version || recipe_of(row) != recipe; });   // 6.1 begins 6.1-rc3 too
    return rows;
  });
}

const std::vector<fs::path>& Catalog::evidence_directories() const { return state_->evidence_directories; }

void check_evidence(LoadResult& result) {
  std::vector<std::string> platforms;
  for (const Platform& platform : result.state->platforms) platforms.push_back(platform.name);
  auto& errors = result.findings.errors;
  for (const fs::path& place : result.state->evidence_directories) {
    check_package_evidence(place, result);
    for (const std::string& name : list_directory(place).value_or(std::vector<std::string>{})) {
      if (name == "locks" || name == "packages") continue;
      if (std::find(platforms.begin(), platforms.end(), name) == platforms.end()) {
        errors.push_back({.what = fmt::format("'{}' is not a platform's directory", (place / name).string()),
                          .hint = did_you_mean(name, platforms)});
        continue;
      }
      for (const std::string& record : records_in(place / name, "")) {
        const fs::path file = place / name / record;
        auto document = read_beneath(place, fs::path(name) / record, kLargestTable).and_then([&](std::string text) {
          return parse_toml(std::move(text), file.string());
        });
        if (!document) {
          errors.push_back(std::move(document).error());
          continue;
        }
        const TomlDocument& kept = result.documents.emplace_back(std::move(*document));
        const std::optional<EvidenceRow> row = read_record(kept, result.findings);
        if (row && !path_exists(evidence_lock(*row)))
          errors.push_back({.what = fmt::format("'{}' has no lock file '{}'", kept.path, evidence_lock(*row).string()),
                            .where = kept.pos(kept.root.find("evidence")->value.find("lock")->value.span)});
      }
    }
  }
}

}  // namespace swage
