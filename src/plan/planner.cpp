#include "plan/planner.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "plan/planner_state.hpp"
#include "plan/quirks.hpp"
#include "plan/sources.hpp"

namespace swage {

namespace {

// Recipes that the planner itself asks for. All else is named by requests and by other recipes.
constexpr const char* kRootRecipe = "root";                 // {root.*} say which
constexpr const char* kToolchainRecipe = "toolchain-";      // + provider
constexpr const char* kDev = "dev";                         // the output that only builds need
constexpr const char* kMan = "man";                         // the one that no build needs
constexpr const char* kSeed = "busybox";                    // builder of every derivation
constexpr const char* kEnterScript = "enter.sh";
constexpr const char* kEmulateScript = "enter-emulated.sh";   // before that

}  // namespace

// Every output but manuals; what only builds need last, so that a linker meets shared libraries before static ones. Of
// a recipe without a build system `out` alone: who wants another one of it names that.
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

// Who uses packages of the build machine may link its own programs with them, by the compiler that those were made
// with: what is its compiler in role `build`, in role `build-build`. Emulated, the two are one.
Result<void> Planner::State::add_compiler_for_build(const Draft& draft, const Cell& own,
                                                    std::vector<DependencyRef>& all) {
  if (draft.recipe.system.empty() || draft.cell.mode != BuildMode::cross) return {};
  std::vector<DependencyRef> compilers;
  bool has_packages = false;
  for (const DependencyRef& ref : all) {
    if (offsets(ref.role).host >= 0 || ref.name == kToolchainDependency) continue;
    SWAGE_TRY(const Dependency dependency, dependency_of(ref, own));
    const RecipeRow& recipe = *dependency.recipe;
    has_packages = has_packages || !recipe.system.empty();
    if (recipe.of_compiler && recipe.targeted && ref.role == Role::build)
      compilers.push_back({Role::build_build, ref.name});
  }
  if (!has_packages) return {};
  for (DependencyRef& compiler : compilers)
    if (std::find(all.begin(), all.end(), compiler) == all.end()) all.push_back(std::move(compiler));
  return {};
}

Result<void> Planner::State::add_dependencies(Draft& draft, const VariableScopes& variables) {
  std::vector<DependencyRef> direct = direct_dependencies(draft.parts);
  for (DependencyRef& ref : direct) {
    SWAGE_TRY(ref.name, expand_variables(ref.name, variables));
  }
  // A part of the compiler is that of the package's own compiler, and made by programs of the build platform; all else
  // is of the set.
  const Side host{draft.cell.platform, draft.toolchain};
  const Cell* own = cell_of(host, draft.cell.target ? target_of(draft.cell) : host, draft.cell.instance,
                            BuildMode::cross, draft.cell);
  const auto cell_for = [&](const DependencyRef& ref) -> Result<const Cell*> {
    if (ref.name == kToolchainDependency) return own;
    SWAGE_TRY(const Catalog::RecipeName named, catalog.parse_recipe_name(ref.name));
    return named.recipe->of_compiler ? own : &draft.cell;
  };
  SWAGE_TRY(std::vector<DependencyRef> all,
            with_propagated(direct, [&](const DependencyRef& ref) -> Result<std::vector<DependencyRef>> {
              SWAGE_TRY(const Cell* cell, cell_for(ref));
              return propagated_by(ref, *cell);
            }));
  SWAGE_CHECK(add_compiler_for_build(draft, *own, all));
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
    Draft::NamedDependency& named = draft.deps[ref.name];
    const bool own_role = std::find(direct.begin(), direct.end(), ref) != direct.end();
    (own_role ? named.roles.own : named.roles.brought).insert(ref.role);
    named.in_role.emplace(ref.role, *std::move(dep));
  }
  return {};
}

// What the scripts of build systems read of a recipe.
Result<void> Planner::State::add_package_environment(Draft& draft, const VariableScopes& variables) {
  auto& env = draft.drv.env;
  for (const auto& [key, words] :
       {std::pair("configure_args", &draft.parts.configure), std::pair("make_args", &draft.parts.make),
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
    SWAGE_TRY(std::string content, catalog.recipe_file(draft.recipe, name));
    SWAGE_TRY(Source source, text_source(store_name_of(name), std::move(content)));
    if (!patches.empty()) patches += ' ';
    patches += add_source(draft, std::move(source)).str();
  }
  env["outputs"] = join(draft.recipe.outputs, " ");
  env["allowed_references"] = join(draft.recipe.allowed_references, " ");
  SWAGE_TRY(env["tests"], expand_variables(join(draft.parts.tests, "\n"), variables));
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

Error Planner::State::not_for(const RecipeRow& recipe, const Platform& platform) const {
  Error error{.code = Errc::unsatisfiable,
              .what = fmt::format("'{}' is not for '{}'", recipe.full_name(), platform.name),
              .where = recipe.origin.pos};
  if (!recipe.arch.empty()) return std::move(error).note(fmt::format("it is for {}", join(recipe.arch, ", ")));
  const Result<std::vector<const RecipeRow*>> recipes = catalog.recipes();
  std::vector<std::string> able;
  if (recipes)
    for (const RecipeRow* row : *recipes)
      if (row->bare_metal && !row->system.empty() && row->is_for(platform)) able.push_back(row->full_name());
  if (!able.empty())
    error.hint = fmt::format("for bare metal there are {}; a recipe says so by `bare_metal = true`", join(able, ", "));
  return std::move(error).note(
      fmt::format("it needs an operating system, and {} is bare metal", platform.triple.str()));
}

// The static one that every derivation starts with.
Result<std::string> Planner::State::busybox(Draft& draft) {
  if (!seed) {
    SWAGE_TRY(Source source, pinned_seed(kSeed));
    seed = add_source(draft, std::move(source));
  }
  draft.drv.input_srcs.insert(*seed);
  return fmt::format("{}/bin/{}", seed->str(), kSeed);
}

// The derivation of one recipe for one cell, by the builder contract (docs/builder.md).
Result<Object> Planner::State::build(const RecipeRow& recipe, const Cell& cell, const RootRow* root) {
  if (std::find(recipe.outputs.begin(), recipe.outputs.end(), "out") == recipe.outputs.end())
    return fail(Errc::invalid_input, fmt::format("'{}' has no output 'out'", recipe.name));
  if (cell.platform && !recipe.is_for(*cell.platform)) return Fail(not_for(recipe, *cell.platform));
  Draft draft{.recipe = recipe, .cell = cell, .root = root};
  SWAGE_TRY(draft.toolchain, toolchain_of(recipe, cell));
  SWAGE_TRY(draft.parts, parts_for(recipe, cell));
  const VariableScopes variables = scopes(draft);
  SWAGE_CHECK(add_dependencies(draft, variables));
  draft.drv.system = kBuildSystem;
  SWAGE_TRY(draft.drv.builder, busybox(draft));
  for (const std::string& output : recipe.outputs) draft.drv.outputs.emplace(output, DerivationOutput{});
  draft.drv.args = {"sh"};
  SWAGE_TRY(const std::string root_name, expand_variables(recipe.root, variables));
  auto& env = draft.drv.env;
  if (cell.mode != BuildMode::cross && recipe.system.empty())
    return fail(Errc::invalid_input,
                fmt::format("'{}' cannot be built under emulation: it has no build system", recipe.name));
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
  SWAGE_TRY(std::string main_script, script(draft, draft.parts.script));
  draft.drv.args.push_back(std::move(main_script));
  env["busybox"] = env["builder"] = draft.drv.builder;
  env["system"] = kBuildSystem;
  if (!recipe.system.empty()) SWAGE_CHECK(add_package_environment(draft, variables));
  for (const auto& [key, text] : draft.parts.env) {
    if (env.contains(key) || draft.drv.outputs.contains(key))
      return fail(Errc::invalid_input,
                  fmt::format("'{}' is set by the planner, and [env] of '{}' sets it too", key, recipe.name));
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

bool has_own_tree(const Cell& cell) {
  if (!cell.kernel || !cell.kernel->source) return false;
  const auto& how = cell.kernel->source->how;
  const bool is_tree = std::holds_alternative<Source::Present>(how) || std::holds_alternative<Source::Tree>(how);
  return is_tree && cell.kernel->patches.empty() && cell.kernel->options.patches.empty() && !change_tree(cell.quirks);
}

bool Planner::State::is_tree(const std::string& name) const {
  const Result<const TargetRow*> target = catalog.target(std::string_view(name).substr(0, name.find('@')));
  return target && (*target)->is_tree();
}

Result<Object> Planner::State::object(const std::string& name, const Cell& cell) {
  if (has_own_tree(cell) && is_tree(name)) {   // which stands aside for it
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

Result<Object> Planner::State::toolchain_object(const ToolchainRow& row, const std::map<std::string, Source>& trees,
                                                bool with_cxx) {
  if (row.cxx.empty()) with_cxx = false;   // it has C++ anyway, or never
  return once((with_cxx ? "toolchain-c++:" : "toolchain:") + row.id, row.id, [&]() -> Result<Object> {
    SWAGE_TRY(const Platform* platform, catalog.platform(row.platform));
    SWAGE_TRY(const RecipeRow* recipe, catalog.recipe(kToolchainRecipe + row.provider));
    return build(
        *recipe,
        own_cells.emplace_back(Cell{.platform = platform, .toolchain = &row, .with_cxx = with_cxx, .trees = trees}),
        nullptr);
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
  Error error{.code = Errc::unsatisfiable,
              .what = fmt::format("nothing can be built as '{}': there is no root '{}' of its architecture",
                                  platform.name, root)};
  error.hint = able.empty() ? "such a root is a row of roots.toml with `like` and `architecture`"
                            : fmt::format("there is one for {}", join(able, ", "));
  return Fail(std::move(error));
}

std::string package_version(const RecipeRow& recipe, const Lockfile& lock) {
  if (!recipe.version.empty() || recipe.source.debian_package.empty()) return recipe.version;
  const LockedFile* file = find_locked_source(lock, recipe.source);
  if (!file) return {};
  const std::string version = upstream_version(file->version);
  return version.substr(0, version.find('+'));   // 3.8.2+dfsg: what the distribution did to it
}

Planner::Planner(const Catalog& catalog, LockView lock, const Instances& instances)
    : state_(new State{.catalog = catalog, .lock = std::move(lock), .instances = instances}) {}
const Instances& Planner::no_instances() {
  static const Instances none;
  return none;
}
Planner::~Planner() = default;
const Graph& Planner::graph() const { return state_->graph; }

Result<Wanted> Planner::package(const std::string& recipe, const Cell& cell) {
  SWAGE_TRY(const Object object, state_->object(recipe, state_->shared(cell)));
  if (!object.drv)
    return fail(Errc::invalid_input,
                fmt::format("'{}' is the given tree, which nothing builds: '{}'", recipe, object.path.str()));
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
