#include "catalog/evidence.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/core.h>
#include <unistd.h>

#include "base/beneath.hpp"
#include "base/hash.hpp"
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
  if (row.sample)
    findings.errors.push_back({.what = "objects alone do not boot, and the state is 'booted'",
                               .where = document.pos(state->value.span)});
  needs("boot_drv", row.boot_drv);
  needs("boot_nar", row.boot_nar);
  needs("userland", row.userland);
}

// Reads the record of a document. A null result has its mistakes in the findings.
std::optional<EvidenceRow> read_record(const TomlDocument& document, Findings& findings) {
  const std::size_t before = findings.errors.size();
  check_keys(document, document.root, "a record of evidence", {{"evidence", true}, {"objects", false}, {"tree", false}},
             Presence::whole, findings);
  const TomlEntry* entry = document.root.find("evidence");
  if (!entry || !FieldInput{document, entry->value, "evidence", findings}.is(TomlValue::Kind::table))
    return std::nullopt;
  EvidenceRow row{.kernel = {}};
  findings.of_logs = true;
  evidence_schema().read(document, entry->value, row, Presence::whole, findings);
  if (const TomlEntry* tree = document.root.find("tree");
      tree && FieldInput{document, tree->value, "tree", findings}.is(TomlValue::Kind::table)) {
    kernel_tree_schema().read(document, tree->value, row.tree.emplace(), Presence::whole, findings);
    if (!row.tree->url.empty() && row.tree->commit.empty())
      findings.errors.push_back(
          {.what = "'commit' is missing in [tree], and there is a 'url'", .where = document.pos(tree->value.span)});
  }
  if (const TomlEntry* objects = document.root.find("objects");
      objects && FieldInput{document, objects->value, "objects", findings}.is(TomlValue::Kind::table))
    object_sample_schema().read(document, objects->value, row.sample.emplace(), Presence::whole, findings);
  row.file = document.path;
  if (findings.errors.size() == before) check_claims(document, entry->value, row, findings);
  // Questions about one cell go by file names.
  const fs::path path(document.path);
  if (findings.errors.size() == before && path.stem() != evidence_name(row))
    findings.errors.push_back({.what = fmt::format("'{}' is not the record that its name says: that is '{}.toml'",
                                                   document.path, evidence_name(row)),
                               .where = document.pos(entry->value.span)});
  if (findings.errors.size() == before && path.has_parent_path() && path.parent_path().filename() != row.platform)
    findings.errors.push_back(
        {.what = fmt::format("'{}' is not in its platform's directory '{}'", document.path, row.platform),
         .where = document.pos(entry->value.find("platform")->value.span)});
  if (findings.errors.size() != before) return std::nullopt;
  return row;
}

// `beginnings`: of the names of the files, any of them.
std::vector<std::string> records_in(const fs::path& directory, const std::vector<std::string>& beginnings) {
  std::vector<std::string> names;
  for (std::string& name : list_directory(directory).value_or(std::vector<std::string>{})) {
    const auto begins_so = [&](const std::string& beginning) { return name.starts_with(beginning); };
    if (name.ends_with(".toml") && std::any_of(beginnings.begin(), beginnings.end(), begins_so))
      names.push_back(std::move(name));
  }
  return names;
}

// By version where the texts are versions, as they are unless someone edited them.
bool before(const EvidenceRow& a, const EvidenceRow& b) {
  const auto version_a = Version::parse(a.kernel), version_b = Version::parse(b.kernel);
  if (version_a && version_b && *version_a != *version_b) return *version_a < *version_b;
  if (std::tie(a.kernel, a.recipe, a.toolchain, a.config) != std::tie(b.kernel, b.recipe, b.toolchain, b.config))
    return std::tie(a.kernel, a.recipe, a.toolchain, a.config) < std::tie(b.kernel, b.recipe, b.toolchain, b.config);
  return evidence_name(a) < evidence_name(b);   // of several trees
}

Result<std::vector<EvidenceRow>> read_records(const std::vector<fs::path>& places, std::string_view platform,
                                              const std::vector<std::string>& beginnings) {
  std::map<std::string, EvidenceRow> rows;   // by file name
  std::vector<Error> errors;
  for (const fs::path& place : places) {
    const fs::path directory = place / platform;
    const std::vector<std::string> names = records_in(directory, beginnings);
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
Result<const std::vector<EvidenceRow>*> once(Catalog::State::EvidenceCache& cache, const std::string& key,
                                             const Read& read) {
  const std::scoped_lock lock(cache.mutex);
  if (const auto known = cache.known.find(key); known != cache.known.end()) return &known->second;
  SWAGE_TRY(std::vector<EvidenceRow> rows, read());
  return &cache.known.emplace(key, std::move(rows)).first->second;
}

// `recipe`: as a record says it.
std::string cell_prefix(std::string_view recipe, std::string_view kernel) {
  return fmt::format("{}-{}-", recipe.empty() ? "linux" : recipe, kernel);
}

// What the tree is called in names of files: patches make another one of it.
std::string short_hash(const KernelTree& tree) {
  return (tree.patches.empty() ? tree.nar : sha256(tree.nar + "\n" + join(tree.patches, "\n")).hex()).substr(0, 8);
}

// The keys of a table in a fixed form and order.
class Keys {
 public:
  void text(const char* key, std::string_view value) { values_[key] = toml_string(value); }
  void some(const char* key, std::string_view value) {   // unless it is empty
    if (!value.empty()) text(key, value);
  }
  void some(const char* key, const std::optional<unsigned>& value) {
    if (value) values_[key] = std::to_string(*value);
  }
  void some(const char* key, bool value) {
    if (value) values_[key] = "true";
  }
  void some(const char* key, const std::vector<std::string>& list) {
    if (list.empty()) return;
    std::string& out = values_[key] = "[";
    if (list.size() == 1) {
      out += toml_string(list.front()) + "]";
      return;
    }
    for (const std::string& item : list) out += fmt::format("\n  {},", toml_string(item));
    out += "\n]";
  }
  std::string table(const char* name) const {
    std::string out = fmt::format("[{}]\n", name);
    for (const auto& [key, value] : values_) out += fmt::format("{} = {}\n", key, value);
    return out;
  }

 private:
  std::map<std::string, std::string> values_{};
};

std::string tree_text(const KernelTree& tree) {
  Keys keys;
  keys.some("url", tree.url);
  keys.some("commit", tree.commit);
  keys.some("directory", tree.directory);
  keys.text("nar", tree.nar);
  keys.some("vendor", tree.vendor);
  keys.some("missing", tree.missing);
  keys.some("outputs", tree.outputs);
  keys.some("links", tree.links);
  keys.some("executable", tree.executable);
  keys.some("patches", tree.patches);
  return keys.table("tree");
}

std::string objects_table(const ObjectSample& sample) {
  Keys keys;
  keys.some("count", std::optional(sample.count));
  keys.text("seed", sample.seed);
  keys.some("of", std::optional(sample.of));
  keys.some("compiled", std::optional(sample.compiled));
  keys.some("failed", sample.failed);
  return keys.table("objects");
}

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
  if (row.config != "tiny" || !row.config_sha256.empty()) name += "-" + row.config;
  if (!row.config_sha256.empty()) name += "-" + row.config_sha256.substr(0, 8);   // several files have one name
  if (row.sample) name += fmt::format("-objects-{}-{}", row.sample->count, row.sample->seed);
  if (row.tree) name += "-tree-" + short_hash(*row.tree);
  // The same cell is on record without them too, with the quirks that lift them.
  if (row.forced.size() == 1 && check_store_name(row.forced.front())) name += "-forced-" + row.forced.front();
  else if (!row.forced.empty()) name += "-forced-" + sha256(join(row.forced, " ")).hex().substr(0, 8);
  if (row.root_named) name += "-in-" + row.root;
  return name;
}

std::string evidence_text(const EvidenceRow& row) {
  Keys keys;
  keys.text("kernel", row.kernel);
  keys.some("recipe", row.recipe);
  keys.text("platform", row.platform);
  keys.text("toolchain", row.toolchain);
  keys.text("provider", row.provider);
  keys.text("compiler", row.compiler);
  keys.text("compiler_version", row.compiler_version);
  keys.some("binutils", row.binutils);
  keys.text("config", row.config);
  keys.some("config_sha256", row.config_sha256);
  keys.text("state", evidence_state_name(row.state));
  keys.text("when", row.when);
  keys.text("root", row.root);
  keys.text("machine", row.machine);
  keys.text("kernel_drv", row.kernel_drv);
  keys.some("boot_drv", row.boot_drv);
  keys.some("kernel_nar", row.kernel_nar);
  keys.some("boot_nar", row.boot_nar);
  keys.some("banner", row.banner);
  keys.some("userland", row.userland);
  keys.some("build_seconds", row.build_seconds);
  keys.some("boot_seconds", row.boot_seconds);
  keys.some("cores", row.cores);
  keys.text("lock", row.lock);
  keys.some("reason", row.reason);
  keys.some("signature", row.signature);
  keys.some("next", row.next);
  keys.some("failed_drv", row.failed_drv);
  keys.some("forced", row.forced);
  keys.some("root_named", row.root_named);
  std::string out = keys.table("evidence");
  if (row.sample) out += "\n" + objects_table(*row.sample);
  if (row.tree) out += "\n" + tree_text(*row.tree);
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
  if (!directory_exists(made))
    return fail(Errc::invalid_input, fmt::format("'{}' is not a directory for records", made.string()));
  const auto check_writable = [](const fs::path& place) -> Result<void> {
    if (::access(place.c_str(), W_OK | X_OK) != 0)
      return fail_errno(fmt::format("cannot write records into '{}'", place.string()), errno);
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
              [&] { return read_records(state_->evidence_directories, platform, {""}); });
}

Result<const std::vector<EvidenceRow>*> Catalog::evidence(std::string_view platform, const Version& kernel,
                                                          const std::string& recipe) const {
  const std::string version = kernel.str();
  return once(
      *state_->evidence, fmt::format("{} {} {}", platform, version, recipe), [&]() -> Result<std::vector<EvidenceRow>> {
        const std::string beginning = cell_prefix(recipe == kernel_recipe() ? "" : recipe, version);
        SWAGE_TRY(std::vector<EvidenceRow> rows, read_records(state_->evidence_directories, platform, {beginning}));
        // 6.1 begins 6.1-rc3 too.
        std::erase_if(rows, [&](const EvidenceRow& row) { return row.kernel != version || recipe_of(row) != recipe; });
        return rows;
      });
}

Result<const std::vector<EvidenceRow>*> Catalog::evidence_of_series(std::string_view platform, const Version& kernel,
                                                                    const std::string& recipe) const {
  const auto series = kernel_series(kernel);
  const std::string name = kernel_series_name(kernel);
  return once(
      *state_->evidence, fmt::format("{} {}.* {}", platform, name, recipe), [&]() -> Result<std::vector<EvidenceRow>> {
        std::string beginning = cell_prefix(recipe == kernel_recipe() ? "" : recipe, name);  // 6.1-
        std::string of_releases = beginning;
        of_releases.back() = '.';
        SWAGE_TRY(std::vector<EvidenceRow> rows,
                  read_records(state_->evidence_directories, platform, {std::move(beginning), std::move(of_releases)}));
        std::erase_if(rows, [&](const EvidenceRow& row) {
          const auto version = Version::parse(row.kernel);
          return (version && kernel_series(*version) != series) || recipe_of(row) != recipe;
        });
        return rows;
      });
}

const std::vector<fs::path>& Catalog::evidence_directories() const { return state_->evidence_directories; }

void check_evidence(LoadResult& result) {
  std::vector<std::string> platforms;
  for (const Platform& platform : result.state->platforms) platforms.push_back(platform.name);
  auto& errors = result.findings.errors;
  const std::string today = time_text("%Y-%m-%d", std::time(nullptr));
  for (const fs::path& place : result.state->evidence_directories) {
    check_package_evidence(place, result);
    for (const std::string& name : list_directory(place).value_or(std::vector<std::string>{})) {
      if (name == "locks" || name == "packages" || name == "images") continue;
      if (std::find(platforms.begin(), platforms.end(), name) == platforms.end()) {
        errors.push_back({.what = fmt::format("'{}' is not a platform's directory", (place / name).string()),
                          .hint = did_you_mean(name, platforms)});
        continue;
      }
      for (const std::string& record : records_in(place / name, {""})) {
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
        if (row && row->when > today)   // the newest record would be this one for ever
          errors.push_back({.what = fmt::format("it was recorded on {}, which is yet to come", row->when),
                            .where = kept.pos(kept.root.find("evidence")->value.find("when")->value.span),
                            .hint = "that day is wrong, or this machine's clock is"});
        if (row && !path_exists(evidence_lock(*row)))
          errors.push_back({.what = fmt::format("'{}' has no lock file '{}'", kept.path, evidence_lock(*row).string()),
                            .where = kept.pos(kept.root.find("evidence")->value.find("lock")->value.span)});
      }
    }
  }
}

}  // namespace swage
