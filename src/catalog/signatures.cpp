#include "catalog/signatures.hpp"

#include <fmt/format.h>
#include <regex.h>

#include "base/text.hpp"
#include "catalog/state.hpp"

namespace swage {
namespace {

constexpr std::size_t kLines = 5000;
constexpr std::size_t kLongestLine = 2000;

// regcomp(3): no back references, so the time for a line grows with its length only.
class LinePattern {
 public:
  static Result<LinePattern> parse(const SignatureRow& row) {
    LinePattern pattern;
    const int status = ::regcomp(pattern.compiled_.get(), row.pattern.c_str(), REG_EXTENDED | REG_NOSUB);
    if (status == 0) {
      pattern.compiled_.get_deleter().armed = true;
      return pattern;
    }
    char why[128] = {};
    ::regerror(status, pattern.compiled_.get(), why, sizeof why);
    return Fail(Error{.what = fmt::format("'{}' is not a regular expression: {}", row.pattern, why), .where = row.origin.pos});
  }
  bool matches(std::string_view line) const {
    regmatch_t part{.rm_so = 0, .rm_eo = static_cast<regoff_t>(line.size())};
    return ::regexec(compiled_.get(), line.data(), 1, &part, REG_STARTEND) == 0;
  }

 private:
  struct Free {
    bool armed = false;
    void operator()(regex_t* compiled) const {
      if (armed) ::regfree(compiled);
      delete compiled;
    }
  };
  std::unique_ptr<regex_t, Free> compiled_{new regex_t{}, Free{}};
};

}  // namespace

Result<const SignatureRow*> recognise(const std::vector<SignatureRow>& rows, std::string_view log) {
  std::vector<LinePattern> patterns;
  for (const SignatureRow& row : rows) {
    SWAGE_TRY(LinePattern pattern, LinePattern::parse(row));
    patterns.push_back(std::move(pattern));
  }
  for (const std::string_view line : split(last_lines(log, kLines), '\n'))
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (patterns[i].matches(line.substr(0, kLongestLine))) return &rows[i];
  return nullptr;
}

void check_signatures(const std::vector<SignatureRow>& rows, Findings& findings) {
  for (const SignatureRow& row : rows)
    if (auto pattern = LinePattern::parse(row); !pattern) findings.errors.push_back(std::move(pattern).error());
}

}  // namespace swage
