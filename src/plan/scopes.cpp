// What the variables of a recipe stand for.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "plan/config_text.hpp"
#include "plan/planner_state.hpp"
#include "plan/quirks.hpp"
#include "plan/sources.hpp"
#include "plan/values.hpp"

namespace swage {

namespace {

Fail lacks_userland(const ToolchainRow& row, const std::string& recipe) {
  return Fail(Error{.what = fmt::format("'{}' says no 'userland', which '{}' is made from", row.id, recipe),
                    .where = row.origin.pos,
                    .hint = fmt::format("name the package in its row, or in the [provider] of '{}'", row.provider)});
}

}  // namespace

Fail cell_lacks(const Draft& draft, std::string_view what) {
  std::string kernel = draft.cell.kernel ? fmt::format(" for linux {}", draft.cell.kernel->version.str()) : "";
  const std::string whose = draft.cell.platform ? fmt::format("platform '{}'", draft.cell.platform->name) : "a root";
  return fail(Errc::unsatisfiable,
              fmt::format("'{}' needs {}, and {} has none{}", draft.recipe.name, what, whose, kernel));
}

Result<std::string> Planner::State::script(Draft& draft, const std::string& name) {
  if (const auto known = scripts.find(name); known != scripts.end()) {
    draft.drv.input_srcs.insert(known->second);
    return known->second.str();
  }
  SWAGE_TRY(std::string content, catalog.script(name));
  SWAGE_TRY(Source source, text_source(name, std::move(content)));
  const StorePath path = add_source(draft, std::move(source));
  scripts.emplace(name, path);
  return path.str();
}

std::string Planner::State::add_sources(Draft& draft, std::vector<Source> sources) {
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
  if (key == "symbols") return symbols(draft);
  if (key == "module_uses") {
    std::vector<std::string> paths;
    for (const Source& uses : kernel.options.module_uses) paths.push_back(add_source(draft, uses).str());
    return join(paths, " ");
  }
  if (key == "root" || key == "tools") {
    if (!draft.cell.root) return cell_lacks(draft, "a root to build kernels in");
    if (key == "root") return draft.cell.root->name;
    std::vector<std::string> tools;
    for (const auto& [tool, version] : draft.cell.root->tools)
      tools.push_back(fmt::format("{} {}", tool, version.str()));
    return join(tools, "\n");
  }
  return look_up({{"version", kernel.version.str()},
                  {"source", {}},
                  {"modules", {}},
                  {"patches", {}},
                  {"symbols", {}},
                  {"module_uses", {}},
                  {"module_make", join(kernel.options.module_make, "\n")},
                  {"module_params", join(kernel.options.module_params, "\n")},
                  {"root", {}},
                  {"tools", {}},
                  {"config", kernel.options.config},
                  {"config_lines", join(kernel.options.lines, "\n")},
                  {"sample", kernel.options.sample},
                  {"seed", kernel.options.seed},
                  {"strict", kernel.options.strict ? "1" : ""}},
                 "kernel", key);
}

// Rows of kernels/symbols.toml, one line each: `renamed OLD NEW`, `path SYMBOL [WITHIN]`. Only what the request names,
// so that a new row concerns no other kernel.
Result<std::string> Planner::State::symbols(const Draft& draft) {
  const KernelOptions& options = draft.cell.kernel->options;
  std::string asked = options.config_text.value_or("");
  if (draft.cell.machine && options.config.starts_with("tiny")) asked += "\n" + join(draft.cell.machine->config, "\n");
  asked += "\n" + quirk_values(draft.cell.quirks).at("config") + "\n" + join(options.lines, "\n");
  const ConfigValues values = config_values(asked);
  SWAGE_TRY(const std::vector<SymbolRow>* rows, catalog.symbols());
  std::vector<std::string> known;
  for (const SymbolRow& row : *rows) {
    const auto value = values.find(row.name);
    if (value == values.end()) continue;
    if (!row.renamed.empty()) known.push_back(fmt::format("renamed {} {}", row.name, row.renamed));
    if (names_files(row, value->second))
      known.push_back(fmt::format("path {}{}{}", row.name, row.within.empty() ? "" : " ", row.within));
  }
  return join(known, "\n");
}

// The patches in the order of the quirks, each once, then those of a vendor's kernel and then the request's.
Result<std::string> Planner::State::patches(Draft& draft) {
  std::vector<std::string> names, paths;
  for (const QuirkRow* quirk : draft.cell.quirks)
    for (const std::string& name : quirk->patches) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      names.push_back(name);
      SWAGE_TRY(std::string content, catalog.patch(name));
      SWAGE_TRY(Source source, text_source(name, std::move(content)));
      paths.push_back(add_source(draft, std::move(source)).str());
    }
  for (const Source& patch : draft.cell.kernel->patches) paths.push_back(add_source(draft, patch).str());
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
      return look_up({{"version", row->version.str()},
                      {"configure", join(row->configure, " ")},
                      {"host_cc", row->host_cc},
                      {"host_cxx", row->host_cxx}},
                     fmt::format("component.{}", name), key.substr(name.size() + 1));
    if (const auto tree = draft.cell.trees.find(id); tree != draft.cell.trees.end())
      return add_source(draft, tree->second).str();
    if (!row->tree.empty())
      return fail(Errc::invalid_input, fmt::format("'{}' is a tree of a layer, which is not read here", id));
    SWAGE_TRY(Source source, pinned_source(row->source, id));
    return add_source(draft, std::move(source)).str();
  }
  return fail(Errc::invalid_input, fmt::format("'{}' has no component '{}', which '{}' is made from",
                                               draft.toolchain->id, name, draft.recipe.name));
}

// Their names are those of variable_scopes(), by which `swage check` knows them.
VariableScopes Planner::State::scopes(Draft& draft) {
  const Cell& cell = draft.cell;
  return {
      {"platform",
       [&](std::string_view key) -> Result<std::string> {
         if (!cell.platform) return cell_lacks(draft, "a platform");
         SWAGE_TRY(const Platform* built_on, builder_of(cell));
         return look_up(values_of(*cell.platform, *built_on), "platform", key);
       }},
      {"toolchain",
       [&](std::string_view key) -> Result<std::string> {
         if (!draft.toolchain) return cell_lacks(draft, "a toolchain");
         if (key == "debs") {
           SWAGE_TRY(std::vector<Source> debs, pinned_packages(*draft.toolchain, cell.with_cxx));
           return add_sources(draft, std::move(debs));
         }
         if (key == "source") {
           SWAGE_TRY(Source source, pinned_source(draft.toolchain->source, draft.toolchain->id));
           return add_source(draft, std::move(source)).str();
         }
         if (key == "path") {
           SWAGE_TRY(const Object object, toolchain_object(*draft.toolchain, cell.trees));
           return add_object(draft, object);
         }
         if (key == "userland" && draft.toolchain->userland.empty())
           return lacks_userland(*draft.toolchain, draft.recipe.name);
         return look_up(values_of(*draft.toolchain), "toolchain", key);
       }},
      {"machine",
       [&](std::string_view key) -> Result<std::string> {
         if (!cell.machine) return cell_lacks(draft, "a boot machine");
         if (key.starts_with("qemu") && !cell.machine->emulated())
           return cell_lacks(draft, "a machine that QEMU emulates");
         return look_up(machine_values(*cell.machine), "machine", key);
       }},
      {"kernel", [&](std::string_view key) { return kernel_value(draft, key); }},
      {"board", [&](std::string_view key) { return board_value(draft, key); }},
      {"image", [&](std::string_view key) { return image_value(draft, key); }},
      {"quirks", [&](std::string_view key) { return look_up(quirk_values(cell.quirks), "quirks", key); }},
      {"root",
       [&](std::string_view key) -> Result<std::string> {
         if (!draft.root) return cell_lacks(draft, "a root");
         if (key == "debs") {
           SWAGE_TRY(std::vector<Source> debs, pinned_packages(*draft.root));
           return add_sources(draft, std::move(debs));
         }
         return look_up({{"name", draft.root->name}, {"suite", draft.root->suite}}, "root", key);
       }},
      {"component", [&](std::string_view key) { return component(draft, key); }},
      {"build",
       [&](std::string_view key) -> Result<std::string> {
         if (key == "mode") return std::string(build_mode_name(cell.mode));
         SWAGE_TRY(const Platform* platform, builder_of(cell));
         return look_up(values_of(*platform, *platform), "build", key);
       }},
      {"target", [&](std::string_view key) { return target_value(draft, key); }},
      {"instance",
       [&](std::string_view key) {
         const bool concerned = cell.instance && cell.instance->concerns(draft.recipe.name);
         return look_up({{"cflags", concerned ? join(cell.instance->cflags, " ") : ""},
                         {"static", is_static(draft.recipe, cell) ? "1" : ""}},
                        "instance", key);
       }},
      {"package", [&](std::string_view key) { return package_value(draft, key); }},
      {"roots",
       [&](std::string_view key) -> Result<std::string> {
         constexpr std::string_view kind = "kind:";
         if (key.starts_with(kind)) return roots_of_kind(draft, key.substr(kind.size()));
         SWAGE_TRY(const Object tree, root_object(std::string(key)));
         return add_object(draft, tree);
       }},
      {"dep", [&](std::string_view key) { return dependency_value(draft, key); }},
      {"source",
       [&](std::string_view key) -> Result<std::string> {
         if (!key.empty()) return look_up({}, "source", key);
         SWAGE_TRY(Source source, pinned_source(draft.recipe.source, draft.recipe.name));
         return add_source(draft, std::move(source)).str();
       }},
      {"script", [&](std::string_view key) { return script(draft, std::string(key)); }},
  };
}

Result<std::string> Planner::State::dependency_value(Draft& draft, std::string_view text) {
  const DependencyKey key = parse_dependency_key(text);
  const Draft::NamedDependency& named = draft.deps[key.name];   // none: in no role
  SWAGE_TRY(const Role role, meant_role(key, named.roles, draft.recipe.full_name()));
  const Object& object = named.in_role.at(role);
  if (key.output.empty()) return object.path.str();
  const auto output = object.outputs.find(key.output);
  if (output == object.outputs.end())
    return fail(Errc::invalid_input,
                fmt::format("'{}' has no output '{}', which '{}' wants", key.name, key.output, draft.recipe.name));
  draft.drv.input_drvs[*object.drv].insert(key.output);
  return output->second.str();
}

// Recipes ask for many values of few platforms and toolchains.
const Values& Planner::State::values_of(const Platform& platform, const Platform& built_on) {
  Values& values = platform_scopes[{&platform, &built_on}];
  if (values.empty()) values = platform_values(platform, built_on);
  return values;
}
const Values& Planner::State::values_of(const ToolchainRow& row) {
  Values& values = toolchain_scopes[&row];
  if (values.empty()) values = toolchain_values(row);
  return values;
}

Result<std::string> Planner::State::roots_of_kind(Draft& draft, std::string_view kind) {
  std::vector<std::string> paths;
  for (const RootRow& row : catalog.roots()) {
    if (row.kind != kind) continue;
    SWAGE_TRY(const Object tree, root_object(row.name));
    paths.push_back(add_object(draft, tree));
  }
  std::sort(paths.begin(), paths.end());   // whatever the order of the rows and layers
  return join(paths, " ");
}

// `name` of the target platform, `toolchain.prefix` of what emits code for it.
Result<std::string> Planner::State::target_value(const Draft& draft, std::string_view key) {
  constexpr std::string_view toolchain = "toolchain.";
  const Side target = draft.cell.target ? target_of(draft.cell) : Side{draft.cell.platform, draft.toolchain};
  if (!target.platform) return cell_lacks(draft, "a platform");
  if (!key.starts_with(toolchain)) {
    SWAGE_TRY(const Platform* built_on, builder_of(draft.cell));
    return look_up(values_of(*target.platform, *built_on), "target", key);
  }
  if (!target.toolchain) return cell_lacks(draft, "a toolchain");
  return look_up(values_of(*target.toolchain), "target.toolchain", key.substr(toolchain.size()));
}

Result<std::string> Planner::State::package_value(Draft& draft, std::string_view key) {
  const std::string version = pinned_version(draft.recipe);
  std::string label = draft.recipe.name;
  // ffmpeg-5.1.9, u-boot-rpi-3-2023.01.
  if (!version.starts_with(draft.recipe.member)) label += "-" + draft.recipe.member;
  if (!version.empty()) label += "-" + version;
  // A tool that runs during builds is called the same whatever it helps to build.
  if (draft.cell.platform && draft.cell.platform->name != kBuildPlatform) label += "-" + draft.cell.platform->name;
  if (draft.cell.target) label += "-for-" + draft.cell.target->name;
  return look_up({{"name", draft.recipe.name}, {"version", version}, {"label", label}}, "package", key);
}

}  // namespace swage
