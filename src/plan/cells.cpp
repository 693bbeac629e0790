// What a package and each of its dependencies is built for, and by which compiler.
#include <fmt/core.h>

#include "base/text.hpp"
#include "plan/planner_state.hpp"
#include "resolve/resolve.hpp"

namespace swage {

Result<Side> Planner::State::build_side() {
  if (!builder) {
    SWAGE_TRY(const Platform* platform, catalog.platform(kBuildPlatform));
    SWAGE_TRY(const Resolution resolution, resolve(catalog, {.platform = platform, .purpose = Purpose::userland}));
    if (!resolution.chosen) return Fail(unsatisfied(catalog, resolution));
    builder = Side{platform, resolution.chosen};
  }
  return *builder;
}

Result<const Platform*> Planner::State::builder_of(const Cell& cell) {
  if (cell.mode != BuildMode::cross) return cell.platform;
  if (!build_platform) { SWAGE_TRY(build_platform, catalog.platform(kBuildPlatform)); }
  return build_platform;
}

Result<Side> Planner::State::side_at(const Cell& cell, int offset) {
  if (offset < 0 && cell.mode == BuildMode::cross) return build_side();
  return offset <= 0 ? host_of(cell) : target_of(cell);
}

Result<const ToolchainRow*> Planner::State::instance_toolchain(const Instance& instance, const Platform& platform) {
  const ToolchainRow*& known = instance_toolchains[{&instance, &platform}];
  if (known) return known;
  SWAGE_TRY(const Resolution resolution, resolve(catalog, {.platform = &platform,
                                                           .purpose = Purpose::userland,
                                                           .compiler = instance.compiler,
                                                           .version = instance.version,
                                                           .toolchain = instance.toolchain}));
  if (!resolution.chosen)
    return Fail(unsatisfied(catalog, resolution).note(fmt::format("in instance '{}'", instance.name)));
  return known = resolution.chosen;
}

// What builds the recipe: where the instance has another compiler for some packages, the cell's toolchain is that of
// the others.
Result<const ToolchainRow*> Planner::State::toolchain_of(const RecipeRow& recipe, const Cell& cell) {
  const Instance* instance = cell.instance;
  if (!instance || !instance->changes_compiler() || instance->only.empty() || !instance->concerns(recipe.name))
    return cell.toolchain;
  return instance_toolchain(*instance, *cell.platform);
}

// Cells of packages by what they are for: of the many targets of a request each dependency is planned once.
const Cell& Planner::State::shared(const Cell& cell) {
  const bool has_more = cell.with_cxx || cell.target || cell.machine || cell.kernel || cell.image ||
                        !cell.trees.empty();
  if (has_more) return cell;
  const Side host = host_of(cell);
  return *package_cells.try_emplace({host, host, cell.instance, cell.mode, cell.quirks}, &cell).first->second;
}

const Cell* Planner::State::cell_of(Side host, Side target, const Instance* instance, BuildMode mode,
                                    const Cell& from) {
  if (host == host_of(from) && target == target_of(from) && instance == from.instance && mode == from.mode)
    return &from;  // with its kernel
  const Cell*& known = package_cells[{host, target, instance, mode, {}}];
  if (!known) {
    Cell& own = own_cells.emplace_back(Cell{.platform = host.platform,
                                            .toolchain = host.toolchain,
                                            .mode = mode,
                                            .instance = instance,
                                            .trees = from.trees});
    if (target != host) {
      own.target = target.platform;
      own.target_toolchain = target.toolchain;
    }
    known = &own;
  }
  return known;
}

// The whole set of packages of an instance, for the cell's platform.
Result<const Cell*> Planner::State::cell_of_instance(std::string_view name, const Cell& cell) {
  SWAGE_TRY(const Instance* found, find_instance(instances, name));
  const Instance& instance = *found;
  if (!cell.platform)
    return fail(Errc::invalid_input, fmt::format("instance '{}' is of no use without a platform", name));
  if (!instance.libc.empty() && instance.libc != cell.platform->libc)
    return fail(Errc::invalid_input,
                fmt::format("a program has one C library: '{}' is for {}, and what depends on it for {}", name,
                            instance.libc, cell.platform->libc));
  Side host = host_of(cell);
  if (instance.changes_compiler() && instance.only.empty()) {
    SWAGE_TRY(host.toolchain, instance_toolchain(instance, *cell.platform));
  }
  return cell_of(host, host, &instance, cell.mode, cell);
}

// The dependency's own platforms. Of what emits no code the target is left out of account, so that a build tool is the
// same one whatever it helps to build. What runs during builds is of the usual set, unless that is the set itself,
// emulated.
Result<const Cell*> Planner::State::cell_of_dependency(const DependencyRef& ref, const RecipeRow& recipe,
                                                       const Cell& cell) {
  SWAGE_TRY(const Side host, side_at(cell, offsets(ref.role).host));
  SWAGE_TRY(const Side target, side_at(cell, recipe.targeted ? offsets(ref.role).target : offsets(ref.role).host));
  const bool usual = recipe.of_compiler || (offsets(ref.role).host < 0 && cell.mode == BuildMode::cross);
  return cell_of(host, target, usual ? nullptr : cell.instance, cell.mode, cell);
}

// A toolchain runs on the build platform, whatever it emits code for.
Result<Object> Planner::State::toolchain_in_role(Role role, const Cell& cell, const Draft& draft) {
  SWAGE_TRY(const Side host, side_at(cell, offsets(role).host));
  SWAGE_TRY(const Side target, side_at(cell, offsets(role).target));
  if (!target.toolchain) return cell_lacks(draft, "a toolchain");
  if (host.platform->name != kBuildPlatform)
    return fail(Errc::unsatisfiable, fmt::format("'{}' needs a toolchain in role '{}', and none runs on '{}'",
                                                 draft.recipe.name, role_name(role), host.platform->name));
  // What is part of packages' compiler has it whole.
  return toolchain_object(*target.toolchain, cell.trees, draft.recipe.of_compiler);
}

bool Planner::State::is_static(const RecipeRow& recipe, const Cell& cell) {
  if (cell.platform && cell.platform->bare_metal()) return true;
  return cell.instance && cell.instance->is_static && cell.instance->concerns(recipe.name);
}

Result<RecipeParts> Planner::State::parts_for(const RecipeRow& recipe, const Cell& cell) {
  // A root is for no platform.
  if (!cell.platform || (recipe.variants.empty() && !cell.instance)) return RecipeParts(recipe);
  SWAGE_TRY(const Platform* built_on, builder_of(cell));
  SWAGE_TRY(Features features, features_of(recipe, cell.instance));
  SWAGE_TRY(const ToolchainRow* toolchain, recipe.targeted ? target_of(cell).toolchain : toolchain_of(recipe, cell));
  return parts_of(recipe, {.host = *cell.platform, .build = *built_on, .is_static = is_static(recipe, cell),
                           .purpose = toolchain ? toolchain->purpose() : "", .features = std::move(features)});
}

Result<std::vector<DependencyRef>> Planner::State::propagated_by(const DependencyRef& ref, const Cell& cell) {
  if (ref.name == kToolchainDependency) return {};
  SWAGE_TRY(const Dependency dependency, dependency_of(ref, cell));
  SWAGE_TRY(const RecipeParts parts, parts_for(*dependency.recipe, *dependency.cell));
  return propagated_dependencies(parts);
}

// The recipe that a name means, and what it is built for. `cell`: of what depends on it, with its own toolchain.
Result<Planner::State::Dependency> Planner::State::dependency_of(const DependencyRef& ref, const Cell& cell) {
  SWAGE_TRY(const Catalog::RecipeName named, catalog.parse_recipe_name(ref.name));
  const Cell* from = &cell;
  if (!named.instance.empty()) { SWAGE_TRY(from, cell_of_instance(named.instance, cell)); }
  SWAGE_TRY(const Cell* own, cell_of_dependency(ref, *named.recipe, *from));
  return Dependency{named.recipe, own};
}

}  // namespace swage
