// Which lines of a text changed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace swage {

// The fewest removed ("-line") and added ("+line") lines that make `after` of `before`, in their order; a removed line
// comes before the one that stands there now. By the longest common subsequence; where the changed middle of the two
// has more than four million pairs of lines, all of it is removed and added. E. Myers: An O(ND) Difference Algorithm
// and Its Variations, 1986, describes the problem.
std::vector<std::string> line_diff(std::string_view before, std::string_view after);

}  // namespace swage
