// Settings that are lists, as options and variables have them: words with commas or blanks between them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace swage {

// Of an option that may be given several times.
std::vector<std::string> words_of(const std::vector<std::string>& texts);

// Of the environment; nothing: the variable is not set.
std::optional<std::vector<std::string>> words_of_variable(const char* name);

Error in_variable(Error error, const char* name);   // with a note which one

}  // namespace swage
