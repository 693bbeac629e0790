#include "request/setting_words.hpp"

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

Error in_variable(Error error, const char* name) { return std::move(error).note(fmt::format("in {}", name)); }

}  // namespace swage
