#include "plan/planner.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <tuple>

#include "base/text.hpp"
#include "plan/parts.hpp"
#include "plan/quirks.hpp"
#include "plan/sources.hpp"
#include "plan/values.hpp"
#include "plan/variables.hpp"
#include "resolve/resolve.hpp"

namespace swage {

namespace {

// Recipes that the planner itself asks for. All else is named by requests and by other recipes.
constexpr const char* kRootRecipe = "root";                 // {root.*} say which
constexpr const char* kToolchainRecipe = "toolchain-";      // + provider
constexpr const char* kKernelTreeRecipe = "linux-source";   // stands aside for a tree of the request's own, unless quirks change it
constexpr const char* kToolchainDependency = "toolchain";   // as a dependency: the cell's own
constexpr const char* kDev = "dev";                         // the output that only builds need
constexpr const char* kMan = "man";                         // the one that no build needs
constexpr const char* kSeed = "busybox";                    // builder of every derivation
constexpr const char* kEnterScript = "enter.sh";
constexpr const char* kEmulateScript = "enter-emulated.sh";   // before that
constexpr const char* kSystem = "x86_64-linux";             // Nix's name of the build platform

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
  std::map<std::string, Object> deps{};         // by package name; of one in several roles the one that is nearest to the host's
};

// A platform with the compiler that emits code for it.
struct Side {
  const Platform* platform = nullptr;
  const ToolchainRow* toolchain = nullptr;
  friend auto operator<=>(const Side&, const Side&) = default;
};
Side host_of(const Cell& cell) { return {cell.platform, cell.toolchain}; }
Side target_of(const Cell& cell) { return cell.target ? Side{cell.target, cell.target_toolchain} : host_of(cell); }

Fail cell_lacks(const Draft& draft, std::string_view what) {
  std::string kernel = draft.cell.kernel ? fmt::format(" for linux {}", draft.cell.kernel->version.str()) : "";
  const std::string whose = draft.cell.platform ? fmt::format("platform '{}'", draft.cell.platform->name) : "a root";
  return fail(Errc::unsatisfiable, fmt::format("'{}' needs {}, and {} has none{}", draft.recipe.name, what, whose, kernel));
}

}  // namespace

struct Planner::State {
  const Catalog& catalog;
  const Lockfile& lock;
  const Instances& instances;
  Graph graph{};
  std::map<std::string, StorePath> scripts{};                    // file name -> text path
  std::map<std::string, Object> done{};                          // by memo key
  struct Step { std::string key, name; };
  std::vector<Step> in_progress{};                               // memo keys, and names for the cycle message
  std::deque<Cell> own_cells{};                                  // their addresses are in memo keys
  std::optional<Side> builder{};                                 // the build platform's
  std::map<std::pair<const Instance*, const Platform*>, const ToolchainRow*> instance_toolchains{};
  std::map<std::tuple<Side, Side, const Instance*, BuildMode>, const Cell*> package_cells{};  // of dependencies

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

  Result<std::string> script(Draft& draft, const std::string& name);
  Result<std::string> packages(Draft& draft, const std::string& key, const std::string& suite,
                               const std::vector<std::string>& names);
  Result<std::string> kernel_value(Draft& draft, std::string_view key);
  Result<std::string> patches(Draft& draft);
  Result<std::string> component(Draft& draft, std::string_view key);
  VariableScopes scopes(Draft& draft);
  Result<std::string> target_value(const Draft& draft, std::string_view key);
  Result<std::string> package_value(Draft& draft, std::string_view key);
  Result<void> add_dependencies(Draft& draft);
  Result<void> add_package_environment(Draft& draft, const VariableScopes& variables);
  Result<Object> finish(Draft& draft);
  Result<Object> build(const RecipeRow& recipe, const Cell& cell, const RootRow* root);
  Result<Object> object(const std::string& recipe, const Cell& cell);
  Result<Object> toolchain_object(const ToolchainRow& row, const std::map<std::string, Source>& trees, bool with_cxx = false);
  Result<Object> root_object(const std::string& name);
  template <class Make>
  Result<Object> once(const std::string& key, const std::string& name, const Make& make);
  Result<Side> build_side();
  Result<Side> side_at(const Cell& cell, int offset);
  Result<const ToolchainRow*> toolchain_of(const RecipeRow& recipe, const Cell& cell);
  Result<const ToolchainRow*> instance_toolchain(const Instance& instance, const Platform& platform);
  Result<const Platform*> builder_of(const Cell& cell);
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
  Result<RecipeParts> parts_for(const RecipeRow& recipe, const Cell& cell);
  Result<std::vector<DependencyRef>> propagated_by(const DependencyRef& ref, const Cell& cell);
};

Result<std::string> Planner::State::script(Draft& draft, const std::string& name) {
  if (const auto known = scripts.find(name); known != scripts.end()) {
    draft.drv.input_srcs.insert(known->second);
    return known->second.str();
  }
  SWAGE_TRY(const fs::path file, catalog.script(name));
  SWAGE_TRY(std::string content, read_file(file));
  SWAGE_TRY(Source source, text_source(name, std::move(content)));
  const StorePath path = add_source(draft, std::move(source));
  scripts.emplace(name, path);
  return path.str();
}

Result<std::string> Planner::State::packages(Draft& draft, const std::string& key, const std::string& suite,
                                             const std::vector<std::string>& names) {
  SWAGE_TRY(std::vector<Source> sources, set_sources(lock, key, suite, names));
  std::string paths;
  for (Source& source : sources) {
    if (!paths.empty()) paths += ' ';
    paths += add_source(draft, std::move(source)).str();
  }
  return paths;
}

Result<std::string> Planner::State::kernel_value(Draft& draft, std::string_view key) {
  if (!draft.cell.kernel) return cell_lacks(draft, "a kernel");
  const KernelChoice& kernel = *draft.cell.kernel;
  if (key == "source") {
    if (!kernel.source) return cell_lacks(draft, "a kernel source");
    return add_source(draft, *kernel.source).str();
  }
  if (key == "modules") {
    if (!kernel.options.modules) return cell_lacks(draft, "a directory of modules (see: swage module --help)");
    return add_source(draft, *kernel.options.modules).str();
  }
  if (key == "config" && kernel.options.config_text) {
    SWAGE_TRY(Source text, text_source("kernel.config", *kernel.options.config_text));
    return add_source(draft, std::move(text)).str();
  }
  if (key == "patches") return patches(draft);
  if (key == "root" || key == "tools") {
    if (!draft.cell.root) return cell_lacks(draft, "a root to build kernels in");
    if (key == "root") return draft.cell.root->name;
    std::vector<std::string> tools;
    for (const auto& [tool, version] : draft.cell.root->tools) tools.push_back(fmt::format("{} {}", tool, version.str()));
    return join(tools, "\n");
  }
  return look_up({{"version", kernel.version.str()},
                  {"source", {}},
                  {"modules", {}},
                  {"patches", {}},
                  {"root", {}},
                  {"tools", {}},
                  {"config", kernel.options.config},
                  {"config_lines", join(kernel.options.lines, "\n")},
                  {"strict", kernel.options.strict ? "1" : ""}},
                 "kernel", key);
}

// The patches in the order of the quirks, each once, and then the request's.
Result<std::string> Planner::State::patches(Draft& draft) {
  std::vector<std::string> names, paths;
  for (const QuirkRow* quirk : draft.cell.quirks)
    for (const std::string& name : quirk->patches) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      names.push_back(name);
      SWAGE_TRY(const fs::path file, catalog.patch(name));
      SWAGE_TRY(std::string content, read_file(file));
      SWAGE_TRY(Source source, text_source(name, std::move(content)));
      paths.push_back(add_source(draft, std::move(source)).str());
    }
  for (const auto& [name, content] : draft.cell.kernel->options.patches) {
    SWAGE_TRY(Source source, text_source(store_name_of(name), content));
    paths.push_back(add_source(draft, std::move(source)).str());
  }
  return join(paths, " ");
}

// `gcc`: where the source of the toolchain's gcc is; `gcc:version` and so on.
Result<std::string> Planner::State::component(Draft& draft, std::string_view key) {
  if (!draft.toolchain) return cell_lacks(draft, "a toolchain");
  const std::string_view name = key.substr(0, key.find(':'));
  for (const std::string& id : draft.toolchain->components) {
    SWAGE_TRY(const ComponentRow* row, catalog.component(id));
    if (row->name != name) continue;
    if (name != key)
      return look_up({{"version", row->version.str()}, {"configure", join(row->configure, " ")}, {"host_cc", row->host_cc}, {"host_cxx", row->host_cxx}},
                     fmt::format("component.{}", name), key.substr(name.size() + 1));
    if (const auto tree = draft.cell.trees.find(id); tree != draft.cell.trees.end()) return add_source(draft, tree->second).str();
    if (!row->tree.empty()) return fail(Errc::invalid_input, fmt::format("'{}' is a tree of a layer, which is not read here", id));
    SWAGE_TRY(Source source, source_of(lock, row->source, id));
    return add_source(draft, std::move(source)).str();
  }
  return fail(Errc::invalid_input, fmt::format("'{}' has no component '{}', which '{}' is made from", draft.toolchain->id, name, draft.recipe.name));
}

VariableScopes Planner::State::scopes(Draft& draft) {
  const Cell& cell = draft.cell;
  return {
      {"platform", [&](std::string_view key) -> Result<std::string> {
         if (!cell.platform) return cell_lacks(draft, "a platform");
         SWAGE_TRY(const Platform* built_on, builder_of(cell));
         return look_up(platform_values(*cell.platform, *built_on), "platform", key);
       }},
      {"toolchain", [&](std::string_view key) -> Result<std::string> {
         if (!draft.toolchain) return cell_lacks(draft, "a toolchain");
         if (key == "debs") {
           std::vector<std::string> names = draft.toolchain->packages;
           if (cell.with_cxx) names.insert(names.end(), draft.toolchain->cxx.begin(), draft.toolchain->cxx.end());
           return packages(draft, (cell.with_cxx ? "toolchain-c++:" : "toolchain:") + draft.toolchain->group, draft.toolchain->suite, names);
         }
         if (key == "source") {
           SWAGE_TRY(Source source, source_of(lock, draft.toolchain->source, draft.toolchain->id));
           return add_source(draft, std::move(source)).str();
         }
         if (key == "path") {
           SWAGE_TRY(const Object object, toolchain_object(*draft.toolchain, cell.trees));
           return add_object(draft, object);
         }
         return look_up(toolchain_values(*draft.toolchain), "toolchain", key);
       }},
      {"machine", [&](std::string_view key) -> Result<std::string> {
         if (!cell.machine) return cell_lacks(draft, "a boot machine");
         return look_up(machine_values(*cell.machine), "machine", key);
       }},
      {"kernel", [&](std::string_view key) { return kernel_value(draft, key); }},
      {"quirks", [&](std::string_view key) { return look_up(quirk_values(cell.quirks), "quirks", key); }},
      {"root", [&](std::string_view key) -> Result<std::string> {
         if (!draft.root) return cell_lacks(draft, "a root");
         if (key == "debs") return packages(draft, "root:" + draft.root->name, draft.root->suite, draft.root->packages);
         return look_up({{"name", draft.root->name}, {"suite", draft.root->suite}}, "root", key);
       }},
      {"component", [&](std::string_view key) { return component(draft, key); }},
      {"build", [&](std::string_view key) -> Result<std::string> {
         if (key == "mode") return std::string(build_mode_name(cell.mode));
         SWAGE_TRY(const Platform* platform, builder_of(cell));
         return look_up(platform_values(*platform, *platform), "build", key);
       }},
      {"target", [&](std::string_view key) { return target_value(draft, key); }},
      {"instance", [&](std::string_view key) {
         const bool concerned = cell.instance && cell.instance->concerns(draft.recipe.name);
         return look_up({{"cflags", concerned ? join(cell.instance->cflags, " ") : ""}, {"static", concerned && cell.instance->is_static ? "1" : ""}},
                        "instance", key);
       }},
      {"package", [&](std::string_view key) { return package_value(draft, key); }},
      {"roots", [&](std::string_view key) -> Result<std::string> {
         SWAGE_TRY(const Object tree, root_object(std::string(key)));
         return add_object(draft, tree);
       }},
      {"dep", [&](std::string_view key) -> Result<std::string> {
         const std::string name(key.substr(0, key.find(':')));
         const auto dep = draft.deps.find(name);
         if (dep == draft.deps.end()) return fail(Errc::invalid_input, fmt::format("'{}' is not a dependency of '{}'", name, draft.recipe.name));
         if (name == key) return dep->second.path.str();
         const std::string output(key.substr(name.size() + 1));
         const auto found = dep->second.outputs.find(output);
         if (found == dep->second.outputs.end())
           return fail(Errc::invalid_input, fmt::format("'{}' has no output '{}', which '{}' wants", name, output, draft.recipe.name));
         draft.drv.input_drvs[*dep->second.drv].insert(output);
         return found->second.str();
       }},
      {"source", [&](std::string_view key) -> Result<std::string> {
         if (!key.empty()) return look_up({}, "source", key);
         SWAGE_TRY(Source source, source_of(lock, draft.recipe.source, draft.recipe.name));
         return add_source(draft, std::move(source)).str();
       }},
      {"script", [&](std::string_view key) { return script(draft, std::string(key)); }},
  };
}

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
  return catalog.platform(kBuildPlatform);
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
  if (!resolution.chosen) return Fail(unsatisfied(catalog, resolution).note(fmt::format("in instance '{}'", instance.name)));
  return known = resolution.chosen;
}

// What builds the recipe: where the instance has another compiler for some packages, the cell's toolchain is that of the others.
Result<const ToolchainRow*> Planner::State::toolchain_of(const RecipeRow& recipe, const Cell& cell) {
  const Instance* instance = cell.instance;
  if (!instance || !instance->changes_compiler() || instance->only.empty() || !instance->concerns(recipe.name)) return cell.toolchain;
  return instance_toolchain(*instance, *cell.platform);
}

const Cell* Planner::State::cell_of(Side host, Side target, const Instance* instance, BuildMode mode, const Cell& from) {
  if (host == host_of(from) && target == target_of(from) && instance == from.instance && mode == from.mode) return &from;   // with its kernel
  const Cell*& known = package_cells[{host, target, instance, mode}];
  if (!known) {
    Cell& own = own_cells.emplace_back(Cell{.platform = host.platform, .toolchain = host.toolchain, .mode = mode, .instance = instance, .trees = from.trees});
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
  if (!cell.platform) return fail(Errc::invalid_input, fmt::format("instance '{}' is of no use without a platform", name));
  if (!instance.libc.empty() && instance.libc != cell.platform->libc)
    return fail(Errc::invalid_input, fmt::format("a program has one C library: '{}' is for {}, and what depends on it for {}", name, instance.libc, cell.platform->libc));
  Side host = host_of(cell);
  if (instance.changes_compiler() && instance.only.empty()) { SWAGE_TRY(host.toolchain, instance_toolchain(instance, *cell.platform)); }
  return cell_of(host, host, &instance, cell.mode, cell);
}

// The dependency's own platforms. Of what emits no code the target is left out of account, so that a build tool is the same one
// whatever it helps to build. What runs during builds is of the usual set, unless that is the set itself, emulated.
Result<const Cell*> Planner::State::cell_of_dependency(const DependencyRef& ref, const RecipeRow& recipe, const Cell& cell) {
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
    return fail(Errc::unsatisfiable, fmt::format("'{}' needs a toolchain in role '{}', and none runs on '{}'", draft.recipe.name, role_name(role), host.platform->name));
  // What is part of packages' compiler has it whole.
  return toolchain_object(*target.toolchain, cell.trees, draft.recipe.of_compiler);
}

Result<RecipeParts> Planner::State::parts_for(const RecipeRow& recipe, const Cell& cell) {
  if (!cell.platform || (recipe.variants.empty() && !cell.instance)) return RecipeParts(recipe);   // a root is for no platform
  SWAGE_TRY(const Platform* built_on, builder_of(cell));
  SWAGE_TRY(Features features, features_of(recipe, cell.instance));
  const bool is_static = cell.instance && cell.instance->is_static && cell.instance->concerns(recipe.name);
  return parts_of(recipe, {.host = *cell.platform, .build = *built_on, .is_static = is_static, .features = std::move(features)});
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

// Every output but manuals; what only builds need last, so that a linker meets shared libraries before static ones. Of a recipe without
// a build system `out` alone: who wants another one of it names that.
std::string Planner::State::add_outputs(Draft& draft, const RecipeRow& recipe, const Object& object) {
  std::string paths;
  const auto add = [&](const std::string& output, const StorePath& path) {
    draft.drv.input_drvs[*object.drv].insert(output);
    paths += (paths.empty() ? "" : " ") + path.str();
  };
  if (recipe.system.empty()) return add_object(draft, object);
  for (const auto& [output, path] : object.outputs)
    if (output != kDev && output != kMan) add(output, path);
  if (const auto dev = object.outputs.find(kDev); dev != object.outputs.end()) add(dev->first, dev->second);
  return paths;
}

Result<void> Planner::State::add_dependencies(Draft& draft) {
  const VariableScopes variables = scopes(draft);
  std::vector<DependencyRef> direct = direct_dependencies(draft.parts);
  for (DependencyRef& ref : direct) {
    SWAGE_TRY(ref.name, expand_variables(ref.name, variables));
  }
  // A part of the compiler is that of the package's own compiler, and made by programs of the build platform; all else is of the set.
  const Side host{draft.cell.platform, draft.toolchain};
  const Cell* own = cell_of(host, draft.cell.target ? target_of(draft.cell) : host, draft.cell.instance, BuildMode::cross, draft.cell);
  const auto cell_for = [&](const DependencyRef& ref) -> Result<const Cell*> {
    if (ref.name == kToolchainDependency) return own;
    SWAGE_TRY(const Catalog::RecipeName named, catalog.parse_recipe_name(ref.name));
    return named.recipe->of_compiler ? own : &draft.cell;
  };
  SWAGE_TRY(const std::vector<DependencyRef> all, with_propagated(direct, [&](const DependencyRef& ref) -> Result<std::vector<DependencyRef>> {
              SWAGE_TRY(const Cell* cell, cell_for(ref));
              return propagated_by(ref, *cell);
            }));
  const auto variable = [](Role role) {
    std::string name = fmt::format("deps_{}", role_name(role));
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
  };
  for (const auto& [role, names] : draft.parts.deps)
    if (const std::optional<Role> known = role_named(role)) draft.drv.env[variable(*known)];   // also a list of none
  for (const DependencyRef& ref : all) {
    SWAGE_TRY(const Cell* cell, cell_for(ref));
    std::optional<Object> dep;
    std::string added;
    if (ref.name == kToolchainDependency) {
      SWAGE_TRY(dep, toolchain_in_role(ref.role, *cell, draft));
      added = add_object(draft, *dep);
    } else {
      SWAGE_TRY(const Dependency dependency, dependency_of(ref, *cell));
      SWAGE_TRY(dep, object(dependency.recipe->full_name(), *dependency.cell));
      added = add_outputs(draft, *dependency.recipe, *dep);
    }
    std::string& paths = draft.drv.env[variable(ref.role)];
    paths += (paths.empty() ? "" : " ") + added;
    const auto known = draft.deps.emplace(ref.name, *dep);
    if (!known.second && offsets(ref.role).host == 0) known.first->second = *dep;
  }
  return {};
}

// `name` of the target platform, `toolchain.prefix` of what emits code for it.
Result<std::string> Planner::State::target_value(const Draft& draft, std::string_view key) {
  constexpr std::string_view toolchain = "toolchain.";
  const Side target = draft.cell.target ? target_of(draft.cell) : Side{draft.cell.platform, draft.toolchain};
  if (!target.platform) return cell_lacks(draft, "a platform");
  if (!key.starts_with(toolchain)) {
    SWAGE_TRY(const Platform* built_on, builder_of(draft.cell));
    return look_up(platform_values(*target.platform, *built_on), "target", key);
  }
  if (!target.toolchain) return cell_lacks(draft, "a toolchain");
  return look_up(toolchain_values(*target.toolchain), "target.toolchain", key.substr(toolchain.size()));
}

Result<std::string> Planner::State::package_value(Draft& draft, std::string_view key) {
  const std::string version = package_version(draft.recipe, lock);
  std::string label = draft.recipe.name;
  if (!version.starts_with(draft.recipe.member)) label += "-" + draft.recipe.member;   // ffmpeg-5.1.9, u-boot-rpi-3-2023.01
  if (!version.empty()) label += "-" + version;
  // A tool that runs during builds is called the same whatever it helps to build.
  if (draft.cell.platform && draft.cell.platform->name != kBuildPlatform) label += "-" + draft.cell.platform->name;
  if (draft.cell.target) label += "-for-" + draft.cell.target->name;
  return look_up({{"name", draft.recipe.name}, {"version", version}, {"label", label}}, "package", key);
}

// What the scripts of build systems read of a recipe.
Result<void> Planner::State::add_package_environment(Draft& draft, const VariableScopes& variables) {
  auto& env = draft.drv.env;
  for (const auto& [key, words] : {std::pair("configure_args", &draft.parts.configure), std::pair("make_args", &draft.parts.make),
                                   std::pair("install_args", &draft.parts.install)}) {
    std::vector<std::string> expanded;
    for (const std::string& word : *words) {
      SWAGE_TRY(std::string text, expand_variables(word, variables));
      expanded.push_back(std::move(text));
    }
    env[key] = shell_words(expanded);
  }
  for (const auto& [phase, text] : draft.parts.phases) {
    std::string key = "phase_" + phase;
    std::replace(key.begin(), key.end(), '-', '_');
    SWAGE_TRY(env[key], expand_variables(text, variables));
  }
  std::string& patches = env["patches"];
  for (const std::string& name : draft.parts.patches) {
    SWAGE_TRY(std::string content, read_file(draft.recipe.directory / name));
    SWAGE_TRY(Source source, text_source(store_name_of(name), std::move(content)));
    if (!patches.empty()) patches += ' ';
    patches += add_source(draft, std::move(source)).str();
  }
  env["outputs"] = join(draft.recipe.outputs, " ");
  env["allowed_references"] = join(draft.recipe.allowed_references, " ");
  SWAGE_TRY(env["tests"], expand_variables(join(draft.recipe.tests, "\n"), variables));
  return {};
}

Result<Object> Planner::State::finish(Draft& draft) {
  SWAGE_TRY(FinishedDerivation finished, finish_derivation(std::move(draft.drv), graph.modulo));
  const StorePath drv = finished.path;
  Object object{.path = drv, .drv = drv};
  for (const auto& [name, output] : finished.drv.outputs) {
    SWAGE_TRY(StorePath path, StorePath::parse(output.path));
    object.outputs.emplace(name, std::move(path));
  }
  object.path = object.outputs.at("out");
  if (graph.index.emplace(drv, graph.derivations.size()).second) graph.derivations.push_back(std::move(finished));
  return object;
}

// The derivation of one recipe for one cell, by the builder contract (docs/builder.md).
Result<Object> Planner::State::build(const RecipeRow& recipe, const Cell& cell, const RootRow* root) {
  if (std::find(recipe.outputs.begin(), recipe.outputs.end(), "out") == recipe.outputs.end())
    return fail(Errc::invalid_input, fmt::format("'{}' has no output 'out'", recipe.name));
  if (cell.platform && !recipe.is_for(*cell.platform)) {
    Error error{.code = Errc::unsatisfiable, .what = fmt::format("'{}' is not for '{}'", recipe.full_name(), cell.platform->name), .where = recipe.origin.pos};
    return Fail(std::move(error).note(fmt::format("it is for {}", join(recipe.arch, ", "))));
  }
  Draft draft{.recipe = recipe, .cell = cell, .root = root};
  SWAGE_TRY(draft.toolchain, toolchain_of(recipe, cell));
  SWAGE_TRY(draft.parts, parts_for(recipe, cell));
  SWAGE_CHECK(add_dependencies(draft));
  const VariableScopes variables = scopes(draft);
  SWAGE_TRY(Source seed, seed_source(lock, kSeed));
  const std::string busybox = fmt::format("{}/bin/{}", add_source(draft, std::move(seed)).str(), kSeed);
  draft.drv.system = kSystem;
  draft.drv.builder = busybox;
  for (const std::string& output : recipe.outputs) draft.drv.outputs.emplace(output, DerivationOutput{});
  draft.drv.args = {"sh"};
  SWAGE_TRY(const std::string root_name, expand_variables(recipe.root, variables));
  auto& env = draft.drv.env;
  if (cell.mode != BuildMode::cross && recipe.system.empty())
    return fail(Errc::invalid_input, fmt::format("'{}' cannot be built under emulation: it has no build system", recipe.name));
  if (!root_name.empty()) {
    const RootRow* row = nullptr;
    if (cell.mode != BuildMode::cross) {
      SWAGE_TRY(row, emulated_root(catalog, root_name, *cell.platform));
      SWAGE_TRY(std::string emulate, script(draft, kEmulateScript));
      draft.drv.args.push_back(std::move(emulate));
    }
    SWAGE_TRY(const Object tree, root_object(row ? row->name : root_name));
    env["root"] = add_object(draft, tree);
    if (cell.mode == BuildMode::accelerated && !row->accelerators.empty()) {
      SWAGE_TRY(const Object accelerators, root_object(row->accelerators));
      env["accelerators"] = add_object(draft, accelerators);
    }
    SWAGE_TRY(std::string enter, script(draft, kEnterScript));
    draft.drv.args.push_back(std::move(enter));
  }
  SWAGE_TRY(std::string main_script, script(draft, recipe.script));
  draft.drv.args.push_back(std::move(main_script));
  env["busybox"] = busybox;
  env["builder"] = busybox;
  env["system"] = kSystem;
  if (!recipe.system.empty()) SWAGE_CHECK(add_package_environment(draft, variables));
  for (const auto& [key, text] : draft.parts.env) {
    if (env.contains(key) || draft.drv.outputs.contains(key))
      return fail(Errc::invalid_input, fmt::format("'{}' is set by the planner, and [env] of '{}' sets it too", key, recipe.name));
    SWAGE_TRY(env[key], expand_variables(text, variables));
  }
  env.emplace("name", recipe.version.empty() ? recipe.name : recipe.name + "-" + recipe.version);
  draft.drv.name = env["name"];
  return finish(draft);
}

// Makes what the key stands for when it is first asked for, and refuses what would need itself.
template <class Make>
Result<Object> Planner::State::once(const std::string& key, const std::string& name, const Make& make) {
  if (const auto known = done.find(key); known != done.end()) return known->second;
  if (std::any_of(in_progress.begin(), in_progress.end(), [&](const Step& step) { return step.key == key; })) {
    std::string way;
    for (const Step& step : in_progress) way += step.name + " -> ";
    return fail(Errc::invalid_input, fmt::format("'{}' depends on itself: {}{}", name, way, name));
  }
  in_progress.push_back({key, name});
  Result<Object> made = make();
  in_progress.pop_back();
  if (made) done.emplace(key, *made);
  return made;
}

Result<Object> Planner::State::object(const std::string& name, const Cell& cell) {
  if (name == kKernelTreeRecipe && cell.kernel && cell.kernel->source && !change_tree(cell.quirks) && cell.kernel->options.patches.empty() &&
      std::holds_alternative<Source::Present>(cell.kernel->source->how)) {
    graph.sources.emplace(cell.kernel->source->path, *cell.kernel->source);
    return Object{.path = cell.kernel->source->path};
  }
  return once(fmt::format("{}@{}", name, static_cast<const void*>(&cell)), name, [&]() -> Result<Object> {
    SWAGE_TRY(const RecipeRow* recipe, catalog.recipe(name));
    Result<Object> made = build(*recipe, cell, nullptr);
    if (made) return made;
    return Fail(std::move(made).error().note(fmt::format("while planning '{}'{}", name,
                                                         cell.platform ? " for " + cell.platform->name : "")));
  });
}

Result<Object> Planner::State::toolchain_object(const ToolchainRow& row, const std::map<std::string, Source>& trees, bool with_cxx) {
  if (row.cxx.empty()) with_cxx = false;   // it has C++ anyway, or never
  return once((with_cxx ? "toolchain-c++:" : "toolchain:") + row.id, row.id, [&]() -> Result<Object> {
    SWAGE_TRY(const Platform* platform, catalog.platform(row.platform));
    SWAGE_TRY(const RecipeRow* recipe, catalog.recipe(kToolchainRecipe + row.provider));
    return build(*recipe, own_cells.emplace_back(Cell{.platform = platform, .toolchain = &row, .with_cxx = with_cxx, .trees = trees}), nullptr);
  });
}

Result<Object> Planner::State::root_object(const std::string& name) {
  return once("root:" + name, "root@" + name, [&]() -> Result<Object> {
    SWAGE_TRY(const RootRow* row, catalog.root(name));
    SWAGE_TRY(const RecipeRow* recipe, catalog.recipe(kRootRecipe));
    return build(*recipe, own_cells.emplace_back(), row);
  });
}

std::string_view build_mode_name(BuildMode mode) {
  switch (mode) {
    case BuildMode::cross: return "cross";
    case BuildMode::emulated: return "emulated";
    case BuildMode::accelerated: break;
  }
  return "accelerated";
}

Result<const RootRow*> emulated_root(const Catalog& catalog, const std::string& root, const Platform& platform) {
  for (const RootRow& row : catalog.roots())
    if (row.like == root && !platform.debian.empty() && row.architecture == platform.debian) return &row;
  std::vector<std::string> able;
  for (const RootRow& row : catalog.roots())
    for (const Platform& other : catalog.platforms())
      if (row.like == root && row.architecture == other.debian) able.push_back(other.name);
  Error error{.code = Errc::unsatisfiable, .what = fmt::format("nothing can be built as '{}': there is no root '{}' of its architecture", platform.name, root)};
  error.hint = able.empty() ? "such a root is a row of roots.toml with `like` and `architecture`" : fmt::format("there is one for {}", join(able, ", "));
  return Fail(std::move(error));
}

std::string package_version(const RecipeRow& recipe, const Lockfile& lock) {
  if (!recipe.version.empty() || recipe.source.debian_package.empty()) return recipe.version;
  const LockedFile* file = find_locked_source(lock, recipe.source);
  if (!file) return {};
  const std::string version = upstream_version(file->version);
  return version.substr(0, version.find('+'));   // 3.8.2+dfsg: what the distribution did to it
}

Planner::Planner(const Catalog& catalog, const Lockfile& lock, const Instances& instances)
    : state_(new State{.catalog = catalog, .lock = lock, .instances = instances}) {}
const Instances& Planner::no_instances() {
  static const Instances none;
  return none;
}
Planner::~Planner() = default;
const Graph& Planner::graph() const { return state_->graph; }

Result<Wanted> Planner::package(const std::string& recipe, const Cell& cell) {
  SWAGE_TRY(const Object object, state_->object(recipe, cell));
  if (!object.drv)
    return fail(Errc::invalid_input, fmt::format("'{}' is the given tree, which nothing builds: '{}'", recipe, object.path.str()));
  return Wanted{.drv = *object.drv};
}
Result<Wanted> Planner::toolchain(const ToolchainRow& row, const std::map<std::string, Source>& trees) {
  SWAGE_TRY(const Object object, state_->toolchain_object(row, trees));
  return Wanted{.drv = *object.drv};
}
Result<Wanted> Planner::root(const std::string& name) {
  SWAGE_TRY(const Object object, state_->root_object(name));
  return Wanted{.drv = *object.drv};
}

}  // namespace swage
