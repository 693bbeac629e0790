// What the planner's parts share: planner.cpp makes derivations, cells.cpp finds what a dependency is built for,
// scopes.cpp what a recipe's variables stand for.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "catalog/variable_names.hpp"
#include "plan/parts.hpp"
#include "plan/planner.hpp"
#include "plan/variables.hpp"

namespace swage {

// What a dependency or variable stands for: an output of a derivation, or a source.
struct Object {
  StorePath path;                               // of a derivation: its output `out`
  std::optional<StorePath> drv{};
  std::map<std::string, StorePath> outputs{};   // by name, `out` too
};

// A derivation in the making.
struct Draft {
  const RecipeRow& recipe;
  const Cell& cell;
  const ToolchainRow* toolchain = nullptr;      // that builds it: the cell's, or the instance's own
  const RootRow* root = nullptr;                // in the recipe `root`
  RecipeParts parts{};                          // of the recipe for the cell's platform
  Derivation drv{};
  struct NamedDependency {
    DependencyRoles roles{};
    std::map<Role, Object> in_role{};
  };
  std::map<std::string, NamedDependency> deps{};   // by package name, for the recipe's variables
};

// A platform with the compiler that emits code for it.
struct Side {
  const Platform* platform = nullptr;
  const ToolchainRow* toolchain = nullptr;
  friend auto operator<=>(const Side&, const Side&) = default;
};
inline Side host_of(const Cell& cell) { return {cell.platform, cell.toolchain}; }
inline Side target_of(const Cell& cell) {
  return cell.target ? Side{cell.target, cell.target_toolchain} : host_of(cell);
}

// The error that the cell has not what the recipe asks for.
Fail cell_lacks(const Draft& draft, std::string_view what);

struct Planner::State {
  const Catalog& catalog;
  LockView lock;
  const Instances& instances;
  Graph graph{};
  std::map<std::string, StorePath> scripts{};                    // file name -> text path
  std::map<std::string, Object> done{};                          // by memo key
  struct Step { std::string key, name; };
  std::vector<Step> in_progress{};                               // memo keys, and names for the cycle message
  std::deque<Cell> own_cells{};                                  // their addresses are in memo keys
  std::optional<Side> builder{};                                 // the build platform's
  const Platform* build_platform = nullptr;                      // once it is asked for
  // platform_values() by platform and builder.
  std::map<std::pair<const Platform*, const Platform*>, Values> platform_scopes{};
  std::map<const ToolchainRow*, Values> toolchain_scopes{};      // toolchain_values()
  std::map<std::pair<const Instance*, const Platform*>, const ToolchainRow*> instance_toolchains{};
  // Of packages, by host, target, instance, mode and quirks.
  std::map<std::tuple<Side, Side, const Instance*, BuildMode, std::vector<const QuirkRow*>>, const Cell*>
      package_cells{};
  std::optional<StorePath> seed{};                               // once it is asked for
  bool collecting = false;                                       // Planner::collect_absent()
  std::set<std::string> absent{};                                // what was found so

  StorePath add_source(Draft& draft, Source source) {
    StorePath path = source.path;
    graph.sources.emplace(path, std::move(source));
    draft.drv.input_srcs.insert(path);
    return path;
  }
  std::string add_object(Draft& draft, const Object& object) {
    if (object.drv) draft.drv.input_drvs[*object.drv].insert("out");
    else draft.drv.input_srcs.insert(object.path);
    return object.path.str();
  }

  // What the lock pins (sources.hpp), or something in its place: pins.cpp.
  bool is_absent(const std::string& key);
  Result<Source> pinned_source(const SourceSpec& spec, const std::string& name);
  Result<Source> pinned_seed(const std::string& name);
  Result<std::vector<Source>> pinned_packages(const ToolchainRow& row, bool with_cxx);
  Result<std::vector<Source>> pinned_packages(const RootRow& row);
  std::string pinned_version(const RecipeRow& recipe);
  Result<std::string> busybox(Draft& draft);
  Result<std::string> script(Draft& draft, const std::string& name);
  std::string add_sources(Draft& draft, std::vector<Source> sources);   // their paths
  Result<std::string> kernel_value(Draft& draft, std::string_view key);
  Result<std::string> patches(Draft& draft);
  Result<std::string> symbols(const Draft& draft);
  Result<std::string> component(Draft& draft, std::string_view key);
  Result<std::string> board_value(Draft& draft, std::string_view key);
  Result<std::string> image_value(Draft& draft, std::string_view key);
  Result<Object> made_of_kernel(const std::string& recipe, const char* key, Draft& draft);
  Result<std::string> root_files(Draft& draft, const std::vector<RootFile>& files);
  Result<std::string> texts(Draft& draft, const std::map<std::string, std::string>& texts);
  Result<std::string> image_modes(Draft& draft, const std::map<std::string, TextFile>& files);
  Result<std::string> image_packages(Draft& draft, const Userland& userland);
  const Cell& cell_of_image_packages(const Cell& cell);
  struct LinkedPart {
    const RecipeRow* recipe = nullptr;
    std::set<std::string> within{};
  };
  Result<void> add_linked(const RecipeRow& recipe, const Cell& cell, const std::string& into,
                          std::map<std::string, LinkedPart>& parts);
  Result<std::string> image_contents(const Cell& cell, const Userland& userland);
  VariableScopes scopes(Draft& draft);
  const Values& values_of(const Platform& platform, const Platform& built_on);
  const Values& values_of(const ToolchainRow& row);
  Result<std::string> target_value(const Draft& draft, std::string_view key);
  Result<std::string> package_value(Draft& draft, std::string_view key);
  static Result<std::string> dependency_value(Draft& draft, std::string_view key);
  Result<void> add_dependencies(Draft& draft, const VariableScopes& variables);
  Result<void> add_compiler_for_build(const Draft& draft, const Cell& own, std::vector<DependencyRef>& all);
  Result<void> add_package_environment(Draft& draft, const VariableScopes& variables);
  Result<Object> finish(Draft& draft);
  Result<Object> build(const RecipeRow& recipe, const Cell& cell, const RootRow* root);
  Result<Object> object(const std::string& recipe, const Cell& cell);
  bool is_tree(const std::string& recipe) const;   // of a kernel
  Result<Object> toolchain_object(const ToolchainRow& row, const std::map<std::string, Source>& trees,
                                  bool with_cxx = false);
  Result<Object> root_object(const std::string& name);
  Result<std::string> roots_of_kind(Draft& draft, std::string_view kind);   // their paths
  template <class Make>
  Result<Object> once(const std::string& key, const std::string& name, const Make& make);
  Result<Side> build_side();
  Result<Side> side_at(const Cell& cell, int offset);
  Result<const ToolchainRow*> toolchain_of(const RecipeRow& recipe, const Cell& cell);
  Result<const ToolchainRow*> instance_toolchain(const Instance& instance, const Platform& platform);
  Result<const Platform*> builder_of(const Cell& cell);
  const Cell& shared(const Cell& cell);
  const Cell* cell_of(Side host, Side target, const Instance* instance, BuildMode mode, const Cell& from);
  Result<const Cell*> cell_of_dependency(const DependencyRef& ref, const RecipeRow& recipe, const Cell& cell);
  Result<const Cell*> cell_of_instance(std::string_view name, const Cell& cell);
  Result<Object> toolchain_in_role(Role role, const Cell& cell, const Draft& draft);
  struct Dependency {
    const RecipeRow* recipe = nullptr;
    const Cell* cell = nullptr;
  };
  Result<Dependency> dependency_of(const DependencyRef& ref, const Cell& cell);
  std::string add_outputs(Draft& draft, const RecipeRow& recipe, const Object& object);
  Error not_for(const RecipeRow& recipe, const Platform& platform) const;
  static bool is_static(const RecipeRow& recipe, const Cell& cell);   // whether its programs and libraries are
  Result<RecipeParts> parts_for(const RecipeRow& recipe, const Cell& cell);
  Result<std::vector<DependencyRef>> propagated_by(const DependencyRef& ref, const Cell& cell);
};

}  // namespace swage
