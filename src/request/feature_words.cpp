#include "request/feature_words.hpp"

#include <fmt/core.h>
#include <set>

#include "base/text.hpp"

namespace swage {

namespace {

// Packages that are of the same set as what needs them: when cross-compiling tools of the build are of the usual one.
void add_names(const RecipeParts& parts, bool tools_too, std::vector<std::string>& names) {
  for (const auto& [role, deps] : parts.deps)
    if (tools_too || (!role.starts_with("build") && !role.starts_with("propagated-build")))
      names.insert(names.end(), deps.begin(), deps.end());
}

// The names of these packages and of all that they depend on, on any platform.
Result<std::set<std::string>> with_dependencies(const Catalog& catalog, const std::vector<Target>& targets,
                                                bool tools_too) {
  std::vector<std::string> open;
  for (const Target& target : targets)
    if (!target.recipe.empty()) open.push_back(target.recipe);
  std::set<std::string> seen, names;
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    if (name == kToolchainDependency || !seen.insert(name).second) continue;
    SWAGE_TRY(const Catalog::RecipeName named, catalog.parse_recipe_name(name));
    names.insert(named.recipe->name);
    add_names(*named.recipe, tools_too, open);
    for (const RecipeVariant& variant : named.recipe->variants) add_names(variant, tools_too, open);
  }
  return names;
}

}  // namespace

Result<void> check_feature_words(const Catalog& catalog, const TargetOptions& options,
                                 const std::vector<Target>& targets) {
  std::optional<std::set<std::string>> known;
  for (const auto& [words, option] : {std::pair(&options.with, "--with"), std::pair(&options.without, "--without")})
    for (const std::string& word : *words) {
      const auto colon = word.find(':');
      if (colon == std::string::npos) continue;
      if (!known) { SWAGE_TRY(known, with_dependencies(catalog, targets, options.emulate || options.accelerate)); }
      const std::string package = word.substr(0, colon);
      // What is no package is refused by who looks for it.
      if (known->contains(package) || !catalog.has_recipe(package)) continue;
      std::vector<std::string> names;
      for (const Target& target : targets) names.push_back(fmt::format("'{}'", target.text));
      return Fail(Error{
          .what = fmt::format("'{} {}' changes nothing of {}: '{}' is no dependency that features are chosen for",
                              option, word, join(names, ", "), package),
          .hint = fmt::format("to build it with that: swage build {} {} {}", package, option, word.substr(colon + 1))});
    }
  return {};
}

}  // namespace swage
