#include "catalog/signatures.hpp"

#include "base/text.hpp"
#include "catalog/line_pattern.hpp"
#include "catalog/state.hpp"

namespace swage {
namespace {

constexpr std::size_t kLines = 5000;

Result<LinePattern> pattern_of(const SignatureRow& row) {
  return LinePattern::parse(row.pattern).map_error([&](Error error) { return std::move(error).at(row.origin.pos); });
}

}  // namespace

Result<const SignatureRow*> recognise(const std::vector<SignatureRow>& rows, std::string_view log) {
  std::vector<LinePattern> patterns;
  for (const SignatureRow& row : rows) {
    SWAGE_TRY(LinePattern pattern, pattern_of(row));
    patterns.push_back(std::move(pattern));
  }
  for (const std::string_view line : split(last_lines(log, kLines), '\n'))
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (patterns[i].matches(line)) return &rows[i];
  return nullptr;
}

void check_signatures(const std::vector<SignatureRow>& rows, Findings& findings) {
  for (const SignatureRow& row : rows)
    if (auto pattern = pattern_of(row); !pattern) findings.errors.push_back(std::move(pattern).error());
}

}  // namespace swage
