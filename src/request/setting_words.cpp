#include "request/setting_words.hpp"

#include <charconv>
#include <cstdlib>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

std::vector<std::string> words_of(const std::vector<std::string>& texts) {
  std::vector<std::string> words;
  for (const std::string& text : texts)
    for (const std::string_view part : split(text, ','))
      for (const std::string_view word : split_words(part)) words.emplace_back(word);
  return words;
}

std::optional<std::vector<std::string>> words_of_variable(const char* name) {
  const char* value = std::getenv(name);
  if (!value) return std::nullopt;
  return words_of({value});
}

Result<std::uint64_t> bytes_of_word(const std::string& word) {
  constexpr std::string_view kUnits = "KMGT";
  const std::size_t end = word.find_first_not_of("0123456789");
  std::uint64_t number = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
  const std::size_t unit = end == word.npos ? 0 : kUnits.find(word[end]);
  const bool is_whole = end == word.npos || (unit != kUnits.npos && end + 1 == word.size());
  const std::uint64_t factor = end == word.npos ? 1 : std::uint64_t{1} << (10 * (unit + 1));
  if (read.ec == std::errc() && is_whole && number <= UINT64_MAX / factor) return number * factor;
  return fail(Errc::invalid_input, fmt::format("'{}' is no number of bytes, such as 500M or 2G", word));
}

Error in_variable(Error error, const char* name) { return std::move(error).note(fmt::format("in {}", name)); }

}  // namespace swage
