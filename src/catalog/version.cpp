#include "catalog/version.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {
namespace {

Fail not_a_version(std::string_view text, std::string_view why) {
  return fail(Errc::invalid_input, fmt::format("'{}' is not a version: {}", text, why));
}

// Digits only: from_chars alone would take a prefix.
bool read_number(std::string_view text, unsigned& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<Version> Version::parse(std::string_view text) {
  Version version;
  version.text_ = text;
  std::string_view numbers = text;
  if (const auto dash = text.find('-'); dash != std::string_view::npos) {
    const std::string_view suffix = text.substr(dash + 1);
    unsigned rc = 0;
    if (!suffix.starts_with("rc") || !read_number(suffix.substr(2), rc) || rc == 0 || rc > 1000)
      return not_a_version(text, fmt::format("'-{}' is not '-rc' and a number", suffix));
    version.rc_ = static_cast<int>(rc);
    numbers = text.substr(0, dash);
  }
  for (const std::string_view part : split(numbers, '.')) {
    unsigned number = 0;
    if (!read_number(part, number)) {
      Fail failure =
          not_a_version(text, part.empty() ? "it has an empty part" : fmt::format("'{}' is not a number", part));
      // Git tags carry the letter, and people paste them.
      if (text.size() > 1 && text.front() == 'v' && text[1] >= '0' && text[1] <= '9' && Version::parse(text.substr(1)))
        failure.value().hint = fmt::format("did you mean '{}'?", text.substr(1));
      return failure;
    }
    version.parts_.push_back(number);
  }
  return version;
}

bool Version::is_prefix_of(const Version& other) const {
  if (rc_ != 0) return *this == other;
  for (std::size_t i = 0; i < parts_.size(); ++i)
    if (parts_[i] != (i < other.parts_.size() ? other.parts_[i] : 0)) return false;
  return true;
}

std::strong_ordering Version::compare(const Version& other, std::size_t count) const {
  count = std::min(count, parts_.size());
  for (std::size_t i = 0; i < std::max(count, other.parts_.size()); ++i) {
    const unsigned mine = i < count ? parts_[i] : 0;
    const unsigned theirs = i < other.parts_.size() ? other.parts_[i] : 0;
    if (mine != theirs) return mine <=> theirs;
  }
  // A release sorts after all of its candidates.
  const auto rank = [](int rc) { return rc == 0 ? 1 << 20 : rc; };
  return rank(rc_) <=> rank(other.rc_);
}

std::array<unsigned, 3> kernel_series(const Version& kernel) {
  std::array<unsigned, 3> series{};
  const std::size_t count = kernel.parts().front() == 2 ? 3 : 2;
  std::copy_n(kernel.parts().begin(), std::min(count, kernel.parts().size()), series.begin());
  return series;
}

std::string kernel_series_name(const Version& kernel) {
  const auto series = kernel_series(kernel);
  return series[0] == 2 ? fmt::format("{}.{}.{}", series[0], series[1], series[2])
                        : fmt::format("{}.{}", series[0], series[1]);
}

VersionRange VersionRange::any() { return {}; }

bool VersionRange::Bound::contains(const Version& candidate) const {
  if (op == Op::prefix) return version.is_prefix_of(candidate);
  const auto order = candidate.compare(version, version.parts().size());
  switch (op) {
    case Op::lt: return order < 0;
    case Op::le: return order <= 0;
    case Op::gt: return order > 0;
    default: return order >= 0;
  }
}

Result<void> VersionRange::parse_bound(std::string_view text, std::vector<Bound>& clause) {
  if (text.empty()) return fail(Errc::invalid_input, "'' is not a bound: it is empty");
  if (const auto dots = text.find(".."); dots != std::string_view::npos) {
    SWAGE_TRY(Version low, Version::parse(trim(text.substr(0, dots))));
    SWAGE_TRY(Version high, Version::parse(trim(text.substr(dots + 2))));
    if (low > high)
      return fail(Errc::invalid_input, fmt::format("'{}' is empty: its first version is the later one", text));
    clause.push_back({Op::ge, std::move(low)});
    clause.push_back({Op::le, std::move(high)});
    return {};
  }
  struct Spelling {
    std::string_view text;
    Op op;
  };
  for (const Spelling& spelling :
       {Spelling{"<=", Op::le}, {"<", Op::lt}, {">=", Op::ge}, {">", Op::gt}, {"=", Op::prefix}}) {
    if (!text.starts_with(spelling.text)) continue;
    SWAGE_TRY(Version version, Version::parse(trim(text.substr(spelling.text.size()))));
    clause.push_back({spelling.op, std::move(version)});
    return {};
  }
  return fail(Errc::invalid_input, fmt::format("'{}' is not a bound: it starts with none of <, <=, >, >=, =", text));
}

// Whether no version fulfils all of them. Lower bounds are fulfilled by all that is later, so the first version that
// fulfils each is the latest of the first ones; upper bounds are fulfilled by all that is earlier, so if not by this
// one, by none. Of candidates (-rc) nothing is said.
bool VersionRange::is_empty(const std::vector<Bound>& clause) {
  std::vector<unsigned> first;
  for (const Bound& bound : clause) {
    if (bound.version.rc_ != 0) return false;
    std::vector<unsigned> parts = bound.version.parts();
    if (bound.op == Op::lt || bound.op == Op::le) continue;
    if (bound.op == Op::gt) ++parts.back();
    if (first < parts) first = std::move(parts);
  }
  std::vector<std::string> words;
  for (const unsigned part : first) words.push_back(std::to_string(part));
  const Result<Version> version = Version::parse(first.empty() ? "0-rc1" : join(words, "."));   // the first of all
  return version &&
         !std::all_of(clause.begin(), clause.end(), [&](const Bound& bound) { return bound.contains(*version); });
}

Result<VersionRange> VersionRange::parse(std::string_view text, TextSpan* bad) {
  VersionRange range;
  range.text_ = trim(text);
  if (range.text_ == "*") return range;
  for (const std::string_view clause_text : split(text, '|')) {
    std::vector<Bound>& clause = range.clauses_.emplace_back();
    for (const std::string_view raw : split(clause_text, ',')) {
      const std::string_view bound = trim(raw);
      if (auto read = parse_bound(bound, clause); !read) {
        // An empty bound has no bytes of its own: point at where it would have been.
        const char* place = bound.empty() ? raw.data() : bound.data();
        if (bad) *bad = {static_cast<std::size_t>(place - text.data()), bound.size()};
        return Fail(std::move(read).error().note(fmt::format("in the version range '{}'", text)));
      }
    }
    if (is_empty(clause)) {
      const std::string_view shown = trim(clause_text);
      if (bad) *bad = {static_cast<std::size_t>(shown.data() - text.data()), shown.size()};
      return fail(Errc::invalid_input, fmt::format("'{}' is empty: no version is all of that", shown));
    }
  }
  return range;
}

std::vector<Version> VersionRange::bounds() const {
  std::vector<Version> versions;
  for (const std::vector<Bound>& clause : clauses_)
    for (const Bound& bound : clause) versions.push_back(bound.version);
  return versions;
}

bool VersionRange::contains(const Version& version) const {
  const auto all_hold = [&](const std::vector<Bound>& clause) {
    return std::all_of(clause.begin(), clause.end(), [&](const Bound& bound) { return bound.contains(version); });
  };
  return clauses_.empty() || std::any_of(clauses_.begin(), clauses_.end(), all_hold);
}

}  // namespace swage
