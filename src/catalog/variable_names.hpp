// Variables in the texts of recipes, `{scope}` or `{scope.key}`: what is one, and which scopes there are. What they
// stand for is the planner's (plan/variables.hpp).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "platform/roles.hpp"

namespace swage {

// The name inside `{...}` that `text` begins with; "" this is no variable.
std::string_view variable_at(std::string_view text);
// All names in a text, in order. `${name}` is the shell's.
std::vector<std::string_view> variables_in(std::string_view text);
// The text with something plain in the place of each variable: whether its other characters fit.
std::string without_variables(std::string_view text);
// Sorted.
const std::vector<std::string>& variable_scopes();

// What stands after `dep.`: NAME or ROLE.NAME, with :OUTPUT or without.
struct DependencyKey {
  std::optional<Role> role{};
  std::string name;
  std::string output{};   // "" none is named
};
DependencyKey parse_dependency_key(std::string_view key);

// In which roles a package is a dependency of a recipe: those that it says itself, and those in which other
// dependencies bring it.
struct DependencyRoles {
  std::set<Role> own{}, brought{};
};
// Which of them is meant. Without a role in the key: the recipe's own one, or if it has none that in which it is
// brought. Several are an error that says how each is written.
Result<Role> meant_role(const DependencyKey& key, const DependencyRoles& roles, const std::string& recipe);

}  // namespace swage
