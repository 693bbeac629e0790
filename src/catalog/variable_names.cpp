#include "catalog/variable_names.hpp"

#include <algorithm>

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

}  // namespace

std::string_view variable_at(std::string_view text) {
  const auto end = text.find('}');
  if (end == std::string_view::npos || end < 2 || text[1] < 'a' || text[1] > 'z') return {};
  const std::string_view name = text.substr(1, end - 1);
  const auto dot = name.find('.');
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == ':';
  }) && (name.find(':') == std::string_view::npos || name.find(':') > dot);   // {dep.linux:dev}, but no {a:b}
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

const std::vector<std::string>& variable_scopes() {
  static const std::vector<std::string> scopes{"build", "component", "dep", "instance", "kernel", "machine", "package", "platform",
                                               "quirks", "root", "roots", "script", "source", "target", "toolchain"};
  return scopes;
}

}  // namespace swage
