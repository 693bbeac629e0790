// Variables in the texts of recipes, `{scope}` or `{scope.key}`: what is one, and which scopes there are. What they stand for is the
// planner's (plan/variables.hpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace swage {

// The name inside `{...}` that `text` begins with; "" this is no variable.
std::string_view variable_at(std::string_view text);
// All names in a text, in order. `${name}` is the shell's.
std::vector<std::string_view> variables_in(std::string_view text);
// The text with something plain in the place of each variable: whether its other characters fit.
std::string without_variables(std::string_view text);
// Sorted.
const std::vector<std::string>& variable_scopes();

}  // namespace swage
