#include "catalog/line_pattern.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace swage {

Result<LinePattern> LinePattern::parse(const std::string& text) {
  if (text.size() > kLongestPattern)
    return fail(Errc::invalid_input, fmt::format("a pattern has more than {} bytes", kLongestPattern));
  return compile(text);
}

Result<LinePattern> LinePattern::any_of(const std::vector<std::string>& texts) {
  std::string any;
  for (const std::string& text : texts) {
    SWAGE_CHECK(parse(text));
    any += fmt::format("{}({})", any.empty() ? "" : "|", text);
  }
  return compile(any);
}

Result<LinePattern> LinePattern::compile(const std::string& text) {
  LinePattern pattern;
  const int status = ::regcomp(pattern.compiled_.get(), text.c_str(), REG_EXTENDED | REG_NOSUB);
  if (status == 0) {
    pattern.compiled_.get_deleter().armed = true;
    return pattern;
  }
  char why[128] = {};
  ::regerror(status, pattern.compiled_.get(), why, sizeof why);
  return fail(Errc::invalid_input, fmt::format("'{}' is not a regular expression: {}", text, why));
}

bool LinePattern::matches(std::string_view line) const {
  regmatch_t part{.rm_so = 0, .rm_eo = static_cast<regoff_t>(std::min(line.size(), kLongest))};
  return ::regexec(compiled_.get(), line.data(), 1, &part, REG_STARTEND) == 0;
}

}  // namespace swage
