#include "evidence/object_verdicts.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <map>

#include "base/beneath.hpp"
#include "base/text.hpp"
#include "base/visible.hpp"
#include "catalog/evidence.hpp"
#include "catalog/signatures.hpp"
#include "catalog/version.hpp"

namespace swage {

namespace {

constexpr std::size_t kLongestLine = 200, kShownObjects = 5;
constexpr std::string_view kCompiled = "compiled ", kFailed = "failed ", kObject = "object ";
constexpr std::string_view kOfDriver = ": driver: ", kOfToolchain = ": toolchain: ";

// What the sample was like with another compiler: its objects, and whether they compiled.
struct OtherSample {
  const EvidenceRow* record = nullptr;
  std::map<std::string, bool, std::less<>> compiled{};
};

std::map<std::string, bool, std::less<>> read_objects(std::string_view text) {
  std::map<std::string, bool, std::less<>> objects;
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(kObject)) break;   // in a log: what was said follows
    if (line.starts_with(kCompiled)) objects.emplace(line.substr(kCompiled.size()), true);
    else if (line.starts_with(kFailed)) objects.emplace(line.substr(kFailed.size()), false);
  }
  return objects;
}

// By object.
std::map<std::string, std::string, std::less<>> read_failures(std::string_view text) {
  std::map<std::string, std::string, std::less<>> said;
  std::string* now = nullptr;
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(kObject)) now = &said[std::string(line.substr(kObject.size()))];
    else if (now) now->append(line).push_back('\n');
  }
  return said;
}

Result<std::vector<OtherSample>> other_samples(const Catalog& catalog, const EvidenceRow& row) {
  SWAGE_TRY(const Version kernel, Version::parse(row.kernel));
  SWAGE_TRY(const std::vector<EvidenceRow>* records,
            catalog.evidence(row.platform, kernel, catalog.recipe_of(row)));
  std::vector<OtherSample> others;
  for (const EvidenceRow& record : *records) {
    const bool same = record.sample && record.config == row.config && record.config_sha256 == row.config_sha256 &&
                      record.tree == row.tree && record.toolchain != row.toolchain;
    if (!same) continue;
    others.push_back({.record = &record, .compiled = read_objects(read_evidence_log(record).value_or(""))});
  }
  return others;
}

struct ObjectVerdict {
  bool of_toolchain = false;
  std::string why{};
};

// Rule 2. None: no other compiler was asked for it.
std::optional<ObjectVerdict> compared(const std::string& object, const EvidenceRow& row,
                                const std::vector<OtherSample>& others, const std::string& line) {
  const EvidenceRow* too = nullptr;
  for (const OtherSample& other : others) {
    const auto at = other.compiled.find(object);
    if (at == other.compiled.end()) continue;
    if (at->second)
      return ObjectVerdict{.of_toolchain = true,
                     .why = fmt::format("{} (compiles with {})", line, other.record->toolchain)};
    if (other.record->compiler != row.compiler) too = other.record;
  }
  if (!too) return std::nullopt;
  return ObjectVerdict{.why = fmt::format("{} (fails with {} too)", line, too->toolchain)};
}

class ObjectJudge {
 public:
  ObjectJudge(const EvidenceRow& row, const std::vector<SignatureRow>& signatures,
              const std::vector<ObjectErrorRow>& errors, const std::vector<OtherSample>& others)
      : row_(row), signatures_(signatures), errors_(errors), others_(others) {}

  // `signature`: of the first that is known, its id.
  Result<ObjectVerdict> judge(const std::string& object, const std::string& said, std::string& signature) const {
    SWAGE_TRY(const ObjectError error, find_object_error(errors_, said));
    const std::string line = visible_line(error.line.substr(0, kLongestLine));
    SWAGE_TRY(const SignatureRow* known, recognise(signatures_, said));
    if (known) {
      if (signature.empty()) signature = known->id;
      return ObjectVerdict{.of_toolchain = true, .why = fmt::format("{} (known: {})", line, known->constraint)};
    }
    if (std::optional<ObjectVerdict> verdict = compared(object, row_, others_, line)) return *std::move(verdict);
    return ObjectVerdict{.of_toolchain = error.row && error.row->of_toolchain, .why = line};
  }

 private:
  const EvidenceRow& row_;
  const std::vector<SignatureRow>& signatures_;
  const std::vector<ObjectErrorRow>& errors_;
  const std::vector<OtherSample>& others_;
};

std::string object_of(const std::string& failed) { return failed.substr(0, failed.find(": ")); }
bool blames_toolchain(const std::string& failed) { return failed.find(kOfToolchain) == failed.find(": "); }

std::vector<std::string> objects_of(const ObjectSample& sample, bool of_toolchain) {
  std::vector<std::string> objects;
  for (const std::string& failed : sample.failed)
    if (blames_toolchain(failed) == of_toolchain) objects.push_back(object_of(failed));
  return objects;
}

}  // namespace

Result<void> judge_objects(const Catalog& catalog, const fs::path& output, EvidenceRow& row, std::string& log) {
  ObjectSample& sample = *row.sample;
  SWAGE_TRY(const std::string listed, read_beneath(output, "objects"));
  SWAGE_TRY(const std::string failures, read_beneath(output, "failures"));
  SWAGE_TRY(const std::string of, read_beneath(output, "of"));
  const std::string_view number = trim(of);
  if (std::from_chars(number.data(), number.data() + number.size(), sample.of).ec != std::errc())
    return fail(Errc::corrupt, fmt::format("'{}' does not say of how many objects it is a sample", output.string()));
  log = listed + failures;
  const auto objects = read_objects(listed);
  const auto said = read_failures(failures);
  SWAGE_TRY(const std::vector<SignatureRow>* signatures, catalog.signatures());
  SWAGE_TRY(const std::vector<ObjectErrorRow>* errors, catalog.object_errors());
  SWAGE_TRY(const std::vector<OtherSample> others, other_samples(catalog, row));
  const ObjectJudge judge(row, *signatures, *errors, others);
  sample.compiled = 0;
  sample.failed.clear();
  for (const auto& [object, compiled] : objects) {
    if (compiled) {
      ++sample.compiled;
      continue;
    }
    const auto text = said.find(object);
    SWAGE_TRY(const ObjectVerdict verdict,
              judge.judge(object, text == said.end() ? std::string() : text->second, row.signature));
    sample.failed.push_back(
        fmt::format("{}{}{}", object, verdict.of_toolchain ? kOfToolchain : kOfDriver, verdict.why));
  }
  const std::vector<std::string> of_toolchain = objects_of(sample, true);
  if (of_toolchain.empty()) return {};
  row.state = EvidenceState::failed;
  row.failed_drv = row.kernel_drv;
  row.reason = fmt::format("{} of {} objects do not compile with this toolchain: {}", of_toolchain.size(),
                           objects.size(), join_some(of_toolchain, kShownObjects));
  return {};
}

std::string sample_text(const ObjectSample& sample) {
  std::string text = fmt::format("{} of {} objects compile, of {}", sample.compiled,
                                 sample.compiled + sample.failed.size(), sample.of);
  const auto add = [&](const std::vector<std::string>& objects, const char* why) {
    if (!objects.empty())
      text += fmt::format("; {} fail{} {}: {}", objects.size(), objects.size() == 1 ? "s" : "", why,
                          join_some(objects, kShownObjects));
  };
  add(objects_of(sample, true), "for the toolchain");
  add(objects_of(sample, false), "by itself");
  return text;
}

}  // namespace swage
