#include "catalog/signatures.hpp"

#include "base/text.hpp"
#include "catalog/line_pattern.hpp"
#include "catalog/state.hpp"

namespace swage {
namespace {

constexpr std::size_t kLines = 5000;

template <class Row>
Result<LinePattern> pattern_of(const Row& row) {
  return LinePattern::parse(row.pattern).map_error([&](Error error) { return std::move(error).at(row.origin.pos); });
}

// The first line that one of the patterns matches decides, then the order of the rows.
template <class Row>
Result<std::pair<const Row*, std::string_view>> first_match(const std::vector<Row>& rows,
                                                            const std::vector<std::string_view>& lines) {
  std::vector<LinePattern> patterns;
  for (const Row& row : rows) {
    SWAGE_TRY(LinePattern pattern, pattern_of(row));
    patterns.push_back(std::move(pattern));
  }
  for (const std::string_view line : lines)
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (patterns[i].matches(line)) return std::pair(&rows[i], line);
  return std::pair(static_cast<const Row*>(nullptr), std::string_view());
}

template <class Row>
void check_patterns(const std::vector<Row>& rows, Findings& findings) {
  for (const Row& row : rows)
    if (auto pattern = pattern_of(row); !pattern) findings.errors.push_back(std::move(pattern).error());
}

}  // namespace

Result<const SignatureRow*> recognise(const std::vector<SignatureRow>& rows, std::string_view log) {
  SWAGE_TRY(const auto found, first_match(rows, split(last_lines(log, kLines), '\n')));
  return found.first;
}

Result<ObjectError> find_object_error(const std::vector<ObjectErrorRow>& rows, std::string_view said) {
  const std::vector<std::string_view> lines = split(said, '\n');
  SWAGE_TRY(const auto found, first_match(rows, lines));
  if (found.first) return ObjectError{.row = found.first, .line = std::string(trim(found.second))};
  ObjectError error;
  for (const std::string_view line : lines)
    if (!trim(line).empty()) error.line = trim(line);
  return error;
}

void check_signatures(const std::vector<SignatureRow>& rows, Findings& findings) { check_patterns(rows, findings); }

void check_object_errors(const std::vector<ObjectErrorRow>& rows, Findings& findings) {
  check_patterns(rows, findings);
}

}  // namespace swage
