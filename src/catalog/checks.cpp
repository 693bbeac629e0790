#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "catalog/closed_sets.hpp"
#include "catalog/state.hpp"

namespace swage {
namespace {

std::vector<std::string> files_of(const Catalog::State& state, const char* directory) {
  std::vector<std::string> names;
  for (const Layer& layer : state.layers)
    for (std::string& name : list_directory(layer.directory / directory).value_or(std::vector<std::string>{}))
      names.push_back(std::move(name));
  return names;
}

std::vector<std::string> script_names(const Catalog::State& state) {
  std::vector<std::string> names;
  for (const ScriptPlaces& places : script_places(state))
    for (const auto& [name, where] : places) names.push_back(name);
  return names;
}

template <class Row>
std::vector<std::string> names_of(const std::vector<Row>& rows) {
  std::vector<std::string> names;
  for (const Row& row : rows) names.push_back(row.name);
  return names;
}

// Looks for the one recipe: to list them all is a twentieth of what a small request takes.
bool is_package(const Catalog::State& state, Catalog::State::NameCache& cache, const std::string& name) {
  if (name == kToolchainDependency || cache.packages.contains(name)) return true;
  if (!has_recipe(state, name)) return false;
  cache.packages.insert(name);
  return true;
}

// What toolchains are built from: beside C libraries' what these and the compiler need.
std::vector<std::string> component_names(const Catalog::State& state) {
  std::vector<std::string> names{"binutils", "gcc", "gmp", "mpfr", "mpc", "isl", "linux-headers"};
  for (const CLibraryRow& row : state.c_libraries)
    if (!row.component.empty()) names.push_back(row.component);
  return names;
}

// What constraints may know versions of.
std::vector<std::string> constraint_variables(const Catalog::State& state) {
  std::vector<std::string> names = toolchain_variables();
  for (const std::vector<std::string>& more : {names_of(state.c_libraries), host_tools()})
    names.insert(names.end(), more.begin(), more.end());
  return names;
}

KnownNames names_for(const Catalog::State& state, NameOf kind) {
  switch (kind) {
    case NameOf::platform: return {"a platform", names_of(state.platforms)};
    case NameOf::arch: {
      KnownNames names{"a platform or a kernel architecture", names_of(state.platforms)};
      for (const Platform& platform : state.platforms) names.known.push_back(platform.kernel_arch);
      return names;
    }
    case NameOf::root: return {"a root", names_of(state.roots)};
    case NameOf::feature: return {"a feature of features.toml", names_of(state.features)};
    case NameOf::c_library: return {"a C library of c_libraries.toml", names_of(state.c_libraries)};
    case NameOf::component: return {"a name of what toolchains are built from", component_names(state)};
    case NameOf::condition: return {"a known value of 'when'", constraint_variables(state)};
    case NameOf::requirement: {
      KnownNames names{"a known value of 'require'", constraint_variables(state)};
      names.known.push_back("kernel");
      return names;
    }
    case NameOf::suite: return {"a suite of any provider", {state.suites.begin(), state.suites.end()}};
    case NameOf::package: {
      KnownNames names{"a package", recipe_names(state)};
      names.known.insert(names.known.begin(), kToolchainDependency);
      return names;
    }
    case NameOf::system: return {"a build system: there is no file of that name under systems/", system_names(state)};
    case NameOf::script: return {"a file under scripts/", script_names(state)};
    case NameOf::patch: return {"a file under kernels/patches/", files_of(state, kPatches)};
    case NameOf::constraint:
    case NameOf::recipe_file: break;
  }
  KnownNames names{"a constraint", {}};
  for (const ConstraintRow& row : state.constraints->common) names.known.push_back(row.id);
  for (const auto& [arch, rows] : state.constraints->read)
    for (const ConstraintRow& row : rows) names.known.push_back(row.id);
  return names;
}

void check_source(const SourceSpec& source, const std::string& name, const Origin& origin, bool needed,
                  std::vector<Error>& errors) {
  if (std::any_of(origin.wrong.begin(), origin.wrong.end(), [](const std::string& key) {
        return key == "debian" || key == "urls" || key == "sha256" || key == "sha256sums";
      }))
    return;
  const bool nothing = source.debian_package.empty() && source.urls.empty();
  if (nothing && needed)
    errors.push_back(
        {.what = fmt::format("'{}' has no source: neither 'debian' nor 'urls'", name), .where = origin.pos});
  if (!source.urls.empty() && source.sha256.empty() && source.sha256sums.empty())
    errors.push_back({.what = fmt::format("'{}' has 'urls' but no 'sha256'", name), .where = origin.pos});
  if (!source.sha256sums.empty() && (source.urls.empty() || !source.sha256.empty()))
    errors.push_back(
        {.what = fmt::format("'{}' has 'sha256sums' {}", name, source.urls.empty() ? "but no 'urls'" : "and 'sha256'"),
         .where = origin.pos});
}

// Each name and alias belongs to one platform. Also fills the table that platform() looks in.
void index_platforms(LoadResult& result) {
  Catalog::State& state = *result.state;
  const auto claim = [&](const std::string& name, std::size_t index, bool shared_ok) {
    const auto [at, fresh] = state.platform_names.emplace(name, index);
    if (fresh || at->second == index || shared_ok) return;
    const Platform& platform = state.platforms[index];
    const Platform& owner = state.platforms[at->second];
    result.findings.errors.push_back(
        {.what = fmt::format("'{}' names two platforms, '{}' and '{}'", name, owner.name, platform.name),
         .where = state.platform_origins[platform.name].pos});
  };
  for (std::size_t i = 0; i < state.platforms.size(); ++i) claim(state.platforms[i].name, i, false);
  for (std::size_t i = 0; i < state.platforms.size(); ++i)
    for (const std::string& alias : state.platforms[i].aliases) claim(alias, i, false);
  // Two platforms may share a triple and differ in other properties: the first is meant.
  for (std::size_t i = 0; i < state.platforms.size(); ++i) claim(triple_key(state.platforms[i].triple), i, true);
}

// The directory of layers in which a name is that of a file; none: it is no file.
std::optional<fs::path> directory_of(const Reference& reference) {
  switch (reference.kind) {
    case NameOf::script: return kScripts;
    case NameOf::patch: return kPatches;
    case NameOf::recipe_file: return kPackages / fs::path(reference.document->path).parent_path().filename();
    default: return std::nullopt;
  }
}

// That the file that is meant can be read, without reading it.
Result<void> check_file(const Catalog::State& state, const fs::path& directory, const std::string& name) {
  Result<std::optional<LayerFile>> file =
      directory == kScripts ? open_script(state, name) : open_of_last(state.layers, directory / name);
  if (!file) return Fail(std::move(file).error());
  if (!*file) return fail(Errc::invalid_input, fmt::format("'{}' is not a file under {}/", name, directory.string()));
  return {};
}

}  // namespace

std::string triple_key(const Triple& triple) {
  return fmt::format("{} {} {}", triple.cpu(), triple.kernel(), triple.abi());
}

void check_names(const Catalog::State& state, Findings& findings) {
  Catalog::State::NameCache& cache = *state.names;
  const std::scoped_lock lock(cache.mutex);
  for (const Reference& reference : findings.references) {
    if (stopped(findings)) return;
    if (reference.kind == NameOf::constraint && !state.asked->everything) continue;
    if (reference.kind == NameOf::package && is_package(state, cache, reference.name)) continue;
    const std::optional<fs::path> directory = directory_of(reference);
    const auto check_reference = [&] {
      Result<void> file = check_file(state, *directory, reference.name);
      if (!file) findings.errors.push_back(std::move(file).error().at(reference.document->pos(reference.span)));
    };
    if (reference.kind == NameOf::recipe_file) {
      check_reference();
      continue;
    }
    auto at = cache.known.find(reference.kind);
    if (at == cache.known.end()) {
      at = cache.known.emplace(reference.kind, names_for(state, reference.kind)).first;
      at->second.set.insert(at->second.known.begin(), at->second.known.end());
    }
    const KnownNames& list = at->second;
    if (list.set.contains(reference.name)) {
      if (directory && state.asked->everything) check_reference();   // else whoever reads it will say so
      continue;
    }
    if (findings.incomplete || state.asked->incomplete) continue;
    Error error{.what = fmt::format("'{}' is not {}", reference.name, list.what),
                .where = reference.document->pos(reference.span)};
    error.hint = did_you_mean(reference.name, list.known);
    const std::string file = fs::path(reference.name).filename();
    if (reference.kind == NameOf::script && list.set.contains(file))
      error.hint = fmt::format("a script is called by its file name, in whatever folder it is: '{}'", file);
    findings.errors.push_back(std::move(error));
  }
}

void check_files(const Catalog::State& state, Findings& findings) {
  const auto is_known = [&](const Error& error) {  // with the place of who names it
    return std::any_of(findings.errors.begin(), findings.errors.end(),
                       [&](const Error& known) { return known.what == error.what; });
  };
  const auto check = [&](const Layer& layer, const fs::path& place) {
    if (Result<UniqueFd> file = layer.files->open_regular(place); !file && !is_known(file.error()))
      findings.errors.push_back(std::move(file).error());
  };
  for (std::size_t at = 0; at < state.layers.size(); ++at) {
    const Layer& layer = state.layers[at];
    for (const auto& [name, places] : script_places(state)[at]) {
      for (const fs::path& place : places) check(layer, place);
      if (places.size() < 2) continue;
      if (Error twice = script_twice(layer, name, places); !is_known(twice))
        findings.errors.push_back(std::move(twice));
    }
    for (const std::string& name : list_directory(layer.directory / kPatches).value_or(std::vector<std::string>{}))
      check(layer, fs::path(kPatches) / name);
  }
}

void check_machines(const std::vector<MachineRow>& rows, Findings& findings) {
  for (const MachineRow& row : rows)
    if (row.emulated() && row.qemu_root.empty() && !row.origin.is_wrong("qemu_root"))
      findings.errors.push_back(
          {.what = "'qemu_root' is missing in [[machine]], and it has 'qemu'", .where = row.origin.pos});
}

void check_archives(const std::vector<ToolchainRow>& rows, Findings& findings) {
  for (const ToolchainRow& row : rows) {
    check_source(row.source, row.id, row.origin, false, findings.errors);
    if (!row.unknown.empty() && row.binutils)
      findings.errors.push_back({.what = fmt::format("'{}' has 'binutils', and says that they are unknown", row.id),
                                 .where = row.origin.pos});
  }
}

void check_components(const Catalog::State& state, const std::vector<ComponentRow>& rows, Findings& findings) {
  for (const ComponentRow& row : rows) {
    check_source(row.source, row.id, row.origin, row.tree.empty(), findings.errors);
    if (row.tree.empty() || row.origin.is_wrong("tree") || is_remote_tree(row.tree)) continue;
    if (Result<fs::path> below = tree_below_layer(state.layers, row.tree); !below)
      findings.errors.push_back(std::move(below).error().at(row.origin.pos));
  }
}

void check_recipe(const RecipeRow& row, Findings& findings) {
  check_source(row.source, row.name, row.origin, false, findings.errors);
  std::vector<std::string> members;
  for (const RecipeRow& member : row.members) {
    check_source(member.source, fmt::format("{}@{}", row.name, member.member), member.origin, false, findings.errors);
    members.push_back(member.member);
  }
  const auto check_member = [&](std::string_view name, std::string_view use) {
    if (std::find(members.begin(), members.end(), name) == members.end())
      findings.errors.push_back({.what = fmt::format("'{}' is not a member of '{}', and is {}", name, row.name, use),
                                 .where = row.origin.pos,
                                 .hint = did_you_mean(name, members)});
  };
  if (!row.default_member.empty()) check_member(row.default_member, "its 'default'");
  for (const RecipeVariant& variant : row.variants)
    for (const std::string& word : variant.member)
      check_member(std::string_view(word).substr(word.starts_with('!')), "what a variant is for");
}

void check_component_names(const Catalog::State& state, Findings& findings) {
  std::vector<std::string> known;
  for (const ComponentRow& row : state.asked->components.rows) known.push_back(row.id);
  for (const auto& [place, found] : state.by_platform->known)
    for (const ToolchainRow& row : found.rows)
      for (const std::string& id : row.components)
        if (std::find(known.begin(), known.end(), id) == known.end())
          findings.errors.push_back(
              {.what = fmt::format("'{}' is not a component, which '{}' is made from", id, row.id),
               .where = row.origin.pos,
               .hint = did_you_mean(id, known)});
}

void check_references(LoadResult& result) {
  Catalog::State& state = *result.state;
  check_names(state, result.findings);
  index_platforms(result);
  // After the names are checked: a root may be like one that a later layer changes, but not like one that is like
  // another.
  for (RootRow& row : state.roots) {
    if (row.like.empty()) continue;
    if (stopped(result.findings)) return;
    const auto base = std::find_if(state.roots.begin(), state.roots.end(),
                                   [&](const RootRow& other) { return other.name == row.like; });
    if (base == state.roots.end()) continue;
    if (!base->like.empty())
      result.findings.errors.push_back(
          {.what = fmt::format("'{}' is like '{}', which is like another root itself", row.name, row.like),
           .where = row.origin.pos});
    row.packages.insert(row.packages.begin(), base->packages.begin(), base->packages.end());
  }
  for (const RootRow& row : state.roots)
    if (row.kind == "build" && row.released.empty() && !row.origin.is_wrong("released"))
      result.findings.errors.push_back(
          {.what = fmt::format("'{}' is of kind 'build' and has no 'released'", row.name), .where = row.origin.pos});
  for (const KernelRow& row : state.kernels)
    check_source(row.source, row.version.str(), row.origin, true, result.findings.errors);
}

}  // namespace swage
