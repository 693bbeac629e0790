// What no plan could be made of: of one whole recipe, and of all of them together.
#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "base/text.hpp"
#include "catalog/state.hpp"
#include "catalog/variable_names.hpp"
#include "platform/roles.hpp"
#include "store/store_path.hpp"

namespace swage {

namespace {

// Calls `each` with the recipe's parts and those of its variants.
template <class Each>
void each_parts(const RecipeRow& row, const Each& each) {
  each(static_cast<const RecipeParts&>(row));
  for (const RecipeVariant& variant : row.variants) each(static_cast<const RecipeParts&>(variant));
}

// What the planner sets itself for such a recipe (plan/planner.cpp).
bool is_planners_own(const RecipeRow& row, const std::string& key) {
  static const std::set<std::string> always{"busybox", "builder", "system"};
  static const std::set<std::string> of_packages{"configure_args", "make_args",          "install_args", "patches",
                                                 "outputs",        "allowed_references", "tests"};
  if (always.contains(key) || std::find(row.outputs.begin(), row.outputs.end(), key) != row.outputs.end()) return true;
  return (!row.root.empty() && key == "root") || (!row.system.empty() && of_packages.contains(key));
}

std::vector<std::string> texts_of(const RecipeRow& row) {
  std::vector<std::string> texts{row.root};
  const auto add = [&](const std::vector<std::string>& list) { texts.insert(texts.end(), list.begin(), list.end()); };
  each_parts(row, [&](const RecipeParts& parts) {
    for (const auto& [key, text] : parts.env) texts.push_back(text);
    for (const auto& [role, names] : parts.deps) add(names);
    if (row.system.empty()) return;   // of other recipes these are for nobody
    for (const auto& [phase, text] : parts.phases) texts.push_back(text);
    for (const auto* list : {&parts.configure, &parts.make, &parts.install, &parts.tests}) add(*list);
  });
  return texts;
}

using Rows = std::map<std::string, const RecipeRow*, std::less<>>;   // by full name

// The recipes that are meant by the name of a dependency; null: a set's own, one that is resolved, or there is none.
const RecipeRow* row_of(const Rows& rows, const Catalog::State& state, const std::string& name) {
  if (const auto found = rows.find(name); found != rows.end()) return found->second;
  const auto family = state.recipes->known.find(name);
  if (family == state.recipes->known.end()) return nullptr;
  const auto member = rows.find(fmt::format("{}@{}", name, family->second.default_member));
  return member == rows.end() ? nullptr : member->second;
}

using Dependencies = std::map<std::string, DependencyRoles>;   // by name

enum class Which { all, propagated };
void add_refs(const RecipeParts& parts, Which which, std::vector<DependencyRef>& refs) {
  for (const auto& [word, names] : parts.deps) {
    const bool propagated = word.starts_with(kPropagated);
    if (which == Which::propagated && !propagated) continue;
    const std::optional<Role> role = role_named(std::string_view(word).substr(propagated ? kPropagated.size() : 0));
    for (const std::string& name : names)
      if (role) refs.push_back({*role, name});
  }
}

// By which names, and in which roles, a recipe's texts may speak of its dependencies, on whatever platform; those that
// they bring included. Nothing: not all can be told.
std::optional<Dependencies> dependencies_of(const Rows& rows, const Catalog::State& state, const RecipeRow& row) {
  const auto refs_of = [](const RecipeRow& of, Which which) {
    std::vector<DependencyRef> refs;
    each_parts(of, [&](const RecipeParts& parts) { add_refs(parts, which, refs); });
    return refs;
  };
  const std::vector<DependencyRef> direct = refs_of(row, Which::all);
  const auto all = with_propagated(direct, [&](const DependencyRef& ref) -> Result<std::vector<DependencyRef>> {
    if (ref.name == kToolchainDependency) return std::vector<DependencyRef>();
    const RecipeRow* dependency =
        row_of(rows, state, ref.name.substr(0, rows.contains(ref.name) ? ref.name.npos : ref.name.find('@')));
    if (!dependency) return fail(Errc::invalid_input, fmt::format("'{}' is a set's own, or resolved", ref.name));
    return refs_of(*dependency, Which::propagated);
  });
  if (!all) return std::nullopt;
  Dependencies found;
  for (const DependencyRef& ref : *all) found[ref.name].brought.insert(ref.role);
  for (const DependencyRef& ref : direct) found[ref.name].own.insert(ref.role);
  return found;
}

// What is wrong with `{dep.KEY}` on every platform.
std::optional<Error> wrong_dependency(const RecipeRow& row, std::string_view text, const Dependencies& known) {
  const DependencyKey key = parse_dependency_key(text);
  const auto named = known.find(key.name);
  DependencyRoles roles = named == known.end() ? DependencyRoles() : named->second;
  if (!key.role && named != known.end()) {   // a variant may decide which it is
    std::vector<DependencyRef> always;
    add_refs(row, Which::all, always);
    roles.own.clear();
    for (const DependencyRef& ref : always)
      if (ref.name == key.name) roles.own.insert(ref.role);
    if (roles.own.size() < 2) return std::nullopt;
  }
  Result<Role> meant = meant_role(key, roles, row.full_name());
  if (meant) return std::nullopt;
  Error error = std::move(meant).error();
  if (named == known.end()) {
    std::vector<std::string> names;
    for (const auto& [name, in] : known) names.push_back(name);
    error.hint = did_you_mean(key.name, names);
  }
  return error;
}

void check_variables(const Rows& rows, const Catalog::State& state, const RecipeRow& row, Findings& findings) {
  const std::optional<Dependencies> known = dependencies_of(rows, state, row);
  std::set<std::string_view> seen;
  const std::vector<std::string> texts = texts_of(row);
  for (const std::string& text : texts)
    for (const std::string_view variable : variables_in(text)) {
      if (!seen.insert(variable).second) continue;
      const std::string scope(variable.substr(0, variable.find('.')));
      const std::vector<std::string>& scopes = variable_scopes();
      if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) {
        findings.errors.push_back({.what = fmt::format("'{{{}}}' in '{}' is not a variable", variable, row.full_name()),
                                   .where = row.origin.pos,
                                   .hint = did_you_mean(scope, scopes)});
        continue;
      }
      if (scope != "dep" || !known || scope.size() == variable.size()) continue;
      if (std::optional<Error> wrong = wrong_dependency(row, variable.substr(scope.size() + 1), *known))
        findings.errors.push_back(
            std::move(*wrong).at(row.origin.pos).note(fmt::format("'{{{}}}' wants it", variable)));
    }
}

// Whatever the platforms are: only what no variant restricts counts. Such a circle ends at the build platform at the
// latest, where every role means the same.
void check_circles(const Rows& rows, const Catalog::State& state, Findings& findings) {
  std::map<const RecipeRow*, std::set<const RecipeRow*>> needs, needed_by;
  for (const auto& [name, row] : rows) {
    std::set<const RecipeRow*>& own = needs[row];
    for (const auto& [role, names] : row->deps)
      for (const std::string& dependency : names)
        if (const RecipeRow* other = row_of(rows, state, dependency)) own.insert(other), needed_by[other].insert(row);
  }
  std::vector<const RecipeRow*> free;
  const auto remove = [&](const RecipeRow* row) {
    needs.erase(row);
    for (const RecipeRow* user : needed_by[row])
      if (const auto at = needs.find(user); at != needs.end() && at->second.erase(row) && at->second.empty())
        free.push_back(user);
  };
  for (const auto& [row, own] : needs)
    if (own.empty()) free.push_back(row);
  for (;;) {
    while (!free.empty()) {
      const RecipeRow* row = free.back();
      free.pop_back();
      if (needs.contains(row)) remove(row);
    }
    if (needs.empty() || stopped(findings)) return;
    // Each of the rest needs another of the rest, so a way through them comes back to itself. From the first by name,
    // for the same words.
    const auto first =
        std::find_if(rows.begin(), rows.end(), [&](const auto& named) { return needs.contains(named.second); });
    std::vector<const RecipeRow*> way;
    std::set<const RecipeRow*> passed;
    const auto by_name = [](const RecipeRow* a, const RecipeRow* b) { return a->full_name() < b->full_name(); };
    for (const RecipeRow* at = first->second; passed.insert(at).second;
         at = *std::min_element(needs[at].begin(), needs[at].end(), by_name))
      way.push_back(at);
    const RecipeRow* again = *std::min_element(needs[way.back()].begin(), needs[way.back()].end(), by_name);
    way.erase(way.begin(), std::find(way.begin(), way.end(), again));
    std::string text;
    for (const RecipeRow* row : way) text += row->full_name() + " -> ";
    findings.errors.push_back(
        {.what = fmt::format("'{}' depends on itself: {}{}", again->full_name(), text, again->full_name()),
         .where = again->origin.pos});
    for (const RecipeRow* row : way) remove(row);
  }
}

}  // namespace

void check_whole_recipe(const RecipeRow& row, Findings& findings) {
  const auto report = [&](std::string what) {
    findings.errors.push_back({.what = std::move(what), .where = row.origin.pos});
  };
  if (!check_store_name(row.name))
    report(fmt::format("'{}' is not a name for a package: letters, digits and + - . _ ? =", row.name));
  if (!row.member.empty() && !check_store_name(row.member))
    report(
        fmt::format("'{}' is not a name for a member of '{}': letters, digits and + - . _ ? =", row.member, row.name));
  if (!row.version.empty() && !check_store_name(without_variables("x-" + row.version)))
    report(fmt::format("'{}' is not a version of '{}': letters, digits and + - . _ ? =", row.version, row.full_name()));
  each_parts(row, [&](const RecipeParts& parts) {
    for (const auto& [key, text] : parts.env) {
      if (is_planners_own(row, key))
        report(fmt::format("'{}' is set by the planner, and [env] of '{}' sets it too", key, row.full_name()));
      if (key == "name" && !check_store_name(without_variables(text)))
        report(fmt::format("'{}' is not a name for what '{}' makes: letters, digits and + - . _ ? =", text,
                           row.full_name()));
    }
  });
}

void check_recipes_together(const Catalog::State& state, Findings& findings) {
  Rows rows;
  for (const auto& [name, row] : state.recipes->known) {
    if (row.members.empty()) rows.emplace(name, &row);
    for (const RecipeRow& member : row.members) rows.emplace(member.full_name(), &member);
  }
  for (const auto& [name, row] : rows) {
    if (stopped(findings)) return;
    check_variables(rows, state, *row, findings);
  }
  check_circles(rows, state, findings);
}

}  // namespace swage
