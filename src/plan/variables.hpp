// The variables of a recipe: `{scope.key}` in a value, looked up by scope.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace swage {

using VariableLookup = std::function<Result<std::string>(std::string_view key)>;
// By scope: "platform", "toolchain", ...; a variable without a dot, such as {source}, is a scope with an empty key.
using VariableScopes = std::map<std::string, VariableLookup, std::less<>>;

using Values = std::map<std::string, std::string, std::less<>>;   // of a scope, by key

// Replaces every `{scope.key}` of `text`. Braces that do not hold a lower-case word (shell's `${x}`, `{a,b}`) stay as
// they are. An unknown scope is an error with a suggestion.
Result<std::string> expand_variables(std::string_view text, const VariableScopes& scopes);

// For a scope that is a fixed set of keys: the value, or an error that names the near ones.
Result<std::string> look_up(const Values& values, std::string_view scope, std::string_view key);

}  // namespace swage
