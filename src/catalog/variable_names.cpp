#include "catalog/variable_names.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

namespace {

// Calls `plain` with each part that is no variable, and `variable` with each name between.
template <class Plain, class Variable>
void walk(std::string_view text, const Plain& plain, const Variable& variable) {
  std::size_t from = 0;
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at)) {
    const std::string_view name = at > 0 && text[at - 1] == '$' ? std::string_view{} : variable_at(text.substr(at));
    if (name.empty()) {
      ++at;
      continue;
    }
    plain(text.substr(from, at - from));
    variable(name);
    from = at += name.size() + 2;
  }
  plain(text.substr(from));
}

bool fits_in_key(char c) {
  return std::string_view("._-:@+").find(c) != std::string_view::npos || (c >= 'a' && c <= 'z') ||
         (c >= '0' && c <= '9');
}

}  // namespace

std::string_view variable_at(std::string_view text) {
  const auto end = text.find('}');
  if (end == std::string_view::npos || end < 2 || text[1] < 'a' || text[1] > 'z') return {};
  const std::string_view name = text.substr(1, end - 1);
  const auto dot = name.find('.');
  // {dep.linux:dev}, {dep.opensbi@rv32}, but no {a:b}
  const bool plain = std::all_of(name.begin(), name.end(), fits_in_key) &&
                     name.substr(0, dot).find_first_of(":@+") == std::string_view::npos;
  return plain ? name : std::string_view{};
}

std::vector<std::string_view> variables_in(std::string_view text) {
  std::vector<std::string_view> names;
  walk(text, [](std::string_view) {}, [&](std::string_view name) { names.push_back(name); });
  return names;
}

std::string without_variables(std::string_view text) {
  std::string out;
  walk(text, [&](std::string_view part) { out += part; }, [&](std::string_view) { out += 'x'; });
  return out;
}

DependencyKey parse_dependency_key(std::string_view key) {
  const std::string_view spec = key.substr(0, key.find(':'));
  DependencyKey parsed{.name = std::string(spec)};
  if (spec.size() < key.size()) parsed.output = key.substr(spec.size() + 1);
  const auto dot = spec.find('.');
  if (dot == std::string_view::npos) return parsed;
  parsed.role = role_named(spec.substr(0, dot));
  if (parsed.role) parsed.name = spec.substr(dot + 1);
  return parsed;
}

Result<Role> meant_role(const DependencyKey& key, const DependencyRoles& roles, const std::string& recipe) {
  std::set<Role> possible = roles.own;
  if (key.role || possible.empty()) possible.insert(roles.brought.begin(), roles.brought.end());
  if (key.role && possible.contains(*key.role)) return *key.role;
  if (!key.role && possible.size() == 1) return *possible.begin();
  if (possible.empty())
    return fail(Errc::invalid_input, fmt::format("'{}' is not a dependency of '{}'", key.name, recipe));
  std::vector<std::string> spellings;
  for (const Role role : possible) spellings.push_back(fmt::format("{{dep.{}.{}}}", role_name(role), key.name));
  const std::string what =
      key.role ? fmt::format("'{}' is not a dependency of '{}' in role '{}'", key.name, recipe, role_name(*key.role))
               : fmt::format("'{}' is a dependency of '{}' in several roles, and '{{dep.{}}}' does not say which",
                             key.name, recipe, key.name);
  return Fail(Error{.what = what, .hint = fmt::format("write {}", join(spellings, " or "))});
}

const std::vector<std::string>& variable_scopes() {
  static const std::vector<std::string> scopes{"board",   "build",    "component", "dep",  "image", "instance",
                                               "kernel",  "machine",  "package",   "platform", "quirks", "root",
                                               "roots",   "script",   "source",    "target",   "toolchain"};
  return scopes;
}

}  // namespace swage
