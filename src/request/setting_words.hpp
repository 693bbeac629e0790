// Settings that are lists, as options and variables have them: words with commas or blanks between them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace swage {

// Of an option that may be given several times.
std::vector<std::string> words_of(const std::vector<std::string>& texts);

// Of the environment; nothing: the variable is not set.
std::optional<std::vector<std::string>> words_of_variable(const char* name);

// A number of bytes, as options have it: 500M and 2G (of 1024, as M and G of all options), or bytes.
Result<std::uint64_t> bytes_of_word(const std::string& word);

Error in_variable(Error error, const char* name);   // with a note which one

}  // namespace swage
