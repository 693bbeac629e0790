// Version numbers and ranges, for kernels (`6.1.170`, `2.6.32.67`, `5.8-rc1`) and tools (`2.35.2`, `12.2.0`).
#pragma once

#include <array>
#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace swage {

// The bytes of a text that an error is about, so that a reader of tables can put its carets there.
struct TextSpan {
  std::size_t offset = 0;
  std::size_t length = 0;
};

// Dotted numbers with an optional `-rcN`, which sorts before the release itself. Missing parts compare as 0 (6.1 ==
// 6.1.0).
class Version {
 public:
  static Result<Version> parse(std::string_view text);
  const std::string& str() const { return text_; }          // as written
  const std::vector<unsigned>& parts() const { return parts_; }
  bool is_prefix_of(const Version& other) const;            // 6.1 is a prefix of 6.1.170, not of 6.10
  std::strong_ordering operator<=>(const Version& other) const { return compare(other, parts_.size()); }
  bool operator==(const Version& other) const { return (*this <=> other) == 0; }

 private:
  friend class VersionRange;
  Version() = default;
  // Of the first `count` parts of this one.
  std::strong_ordering compare(const Version& other, std::size_t count) const;
  std::string text_;
  std::vector<unsigned> parts_;
  int rc_ = 0;                                              // 0: a release
};

// The numbers that name the series of a kernel's release: 6, 1, 0 of 6.1.170 and 2, 6, 32 of 2.6.32.67.
std::array<unsigned, 3> kernel_series(const Version& kernel);
std::string kernel_series_name(const Version& kernel);   // "6.1", "2.6.32"

// A set of versions. Grammar:
//   range  = "*" | clause ("|" clause)*         any of
//   clause = bound ("," bound)*                 all of
//   bound  = ("<" | "<=" | ">" | ">=" | "=") version | version ".." version (both included)
// `=6.1` matches every 6.1.x (prefix). The others compare as many numbers as the bound names: `<=4.18` and
// `2.6.19..4.18` hold for 4.18.20, because a bound on a series does not test the sublevel unless it names one;
// `<4.4.122` is how a stable backport is written. A release candidate is before its release: `<6.15` holds for
// 6.15-rc7.
class VersionRange {
 public:
  // `bad`, when given, receives the place of the error.
  static Result<VersionRange> parse(std::string_view text, TextSpan* bad = nullptr);
  static VersionRange any();
  bool contains(const Version& version) const;
  bool is_any() const { return clauses_.empty(); }
  const std::string& str() const { return text_; }
  std::vector<Version> bounds() const;                      // every version that it names, in the order of writing

 private:
  enum class Op { lt, le, gt, ge, prefix };
  struct Bound {
    Op op;
    Version version;
    bool contains(const Version& candidate) const;
  };
  static Result<void> parse_bound(std::string_view text, std::vector<Bound>& clause);
  static bool is_empty(const std::vector<Bound>& clause);
  std::vector<std::vector<Bound>> clauses_;
  std::string text_ = "*";
};

}  // namespace swage
