// The words that a shell may complete, found by walking the same parser that reads the command line.
#pragma once

#include <string>
#include <vector>

namespace swage {

// The word before the user's, which makes of swage this and nothing else.
inline constexpr const char* kCompleteWords = "complete-words";

// `words`: those of the command line after the program's, the last one unfinished. Prints what it may become, a line
// each: the whole word, a tab, what it means. A first line `:files` or `:directories` says that names of these will do
// as well. Whatever is wrong, nothing is said of it, nothing is written or made, and the exit code is 0: this runs
// while somebody types.
int complete_words(const std::vector<std::string>& words);

}  // namespace swage
