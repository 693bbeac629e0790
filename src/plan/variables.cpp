#include "plan/variables.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "catalog/variable_names.hpp"

namespace swage {

Result<std::string> expand_variables(std::string_view text, const VariableScopes& scopes) {
  std::string out;
  while (!text.empty()) {
    const auto brace = std::min(text.find('{'), text.size());
    out += text.substr(0, brace);
    text.remove_prefix(brace);
    if (text.empty()) break;
    const std::string_view name = out.ends_with('$') ? std::string_view{} : variable_at(text);
    if (name.empty()) {
      out += '{';
      text.remove_prefix(1);
      continue;
    }
    const std::string_view scope = name.substr(0, name.find('.'));
    const std::string_view key = scope.size() < name.size() ? name.substr(scope.size() + 1) : std::string_view{};
    const auto lookup = scopes.find(scope);
    if (lookup == scopes.end()) {
      std::vector<std::string> known;
      for (const auto& [known_scope, unused] : scopes) known.push_back(known_scope);
      return Fail(Error{.what = fmt::format("'{{{}}}' is not a variable", name), .hint = did_you_mean(scope, known)});
    }
    SWAGE_TRY(const std::string value, lookup->second(key));
    out += value;
    text.remove_prefix(name.size() + 2);
  }
  return out;
}

Result<std::string> look_up(const Values& values, std::string_view scope, std::string_view key) {
  if (const auto at = values.find(key); at != values.end()) return at->second;
  std::vector<std::string> known;
  for (const auto& [name, unused] : values) known.push_back(name);
  return Fail(Error{.what = fmt::format("'{{{}{}{}}}' is not a variable", scope, key.empty() ? "" : ".", key),
                    .hint = did_you_mean(key, known)});
}

}  // namespace swage
