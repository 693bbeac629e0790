// What a recipe says for one platform: its own parts and those of the variants whose conditions hold there.
#pragma once

#include "catalog/catalog.hpp"
#include "catalog/workspace.hpp"
#include "platform/roles.hpp"

namespace swage {

using Features = std::map<std::string, bool>;   // by name: on or off

// What variants ask about.
struct PartsFor {
  const Platform& host;
  const Platform& build;
  bool is_static = false;
  std::string_view purpose{};   // of the toolchain that emits its code (of a targeted recipe, its target's); "" there
                                // is none
  Features features{};    // of the recipe, each on or off
};

// Lists of variants come after those of the recipe, in order; of what there can only be one of, the last counts.
RecipeParts parts_of(const RecipeRow& recipe, const PartsFor& what);

// The recipe's features, and what the instance (null: none) says of them. An instance that names a feature that the
// recipe does not have is an error.
Result<Features> features_of(const RecipeRow& recipe, const Instance* instance);

// The dependencies by role, those that are propagated too; and these alone. Roles are in the order of kRoles.
std::vector<DependencyRef> direct_dependencies(const RecipeParts& parts);
std::vector<DependencyRef> propagated_dependencies(const RecipeParts& parts);

// Words as one text that the shell splits into the same words again; `$out` and the like in them are the shell's to
// fill.
std::string shell_words(const std::vector<std::string>& words);

}  // namespace swage
