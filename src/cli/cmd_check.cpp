// swage check: validates a catalog, a layer or a workspace, all files, all errors.
#include <fmt/core.h>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "evidence/boundaries.hpp"
#include "request/goals.hpp"

namespace swage {

namespace {

void check_instances(const Catalog& catalog, const Instances& instances, std::vector<Error>& errors) {
  for (const auto& [name, instance] : instances)
    if (auto known = check_instance(catalog, instance); !known) errors.push_back(std::move(known).error());
}

// What a swage.toml names beside its layers. `catalog`: with these.
Result<void> check_workspace(Session& session, const Catalog& catalog) {
  SWAGE_TRY(const Workspace* workspace, session.workspace());
  std::vector<Error> errors;
  if (auto platforms = platforms_of(catalog, *workspace); !platforms) errors.push_back(std::move(platforms).error());
  check_instances(catalog, workspace->instances, errors);
  if (auto usual = session.usual_instance(); !usual) errors.push_back(std::move(usual).error());
  if (!errors.empty()) return Fail(together(std::move(errors)));
  return {};
}

// A layer may have platforms of its own, but no need for what all builds begin with.
bool is_whole_catalog(const fs::path& directory) {
  const auto has = [&](const char* name) { return path_exists(directory / name); };
  return has("platforms.toml") && has("roots.toml") && has("scripts");
}

// They must be there.
Result<std::vector<fs::path>> layers_of_workspace(Session& session) {
  SWAGE_TRY(const Workspace* workspace, session.workspace());
  std::vector<Error> errors;
  for (std::size_t i = 0; i < workspace->layers.size(); ++i)
    if (!path_exists(workspace->layers[i]))
      errors.push_back(
          Error{.what = fmt::format("'{}' does not exist", workspace->layers[i].string())}.at(workspace->layer_pos[i]));
  if (!errors.empty()) return Fail(together(std::move(errors)));
  return session.layers();
}

Result<int> run(Session& session, const std::string& directory) {
  if (!directory.empty() && !directory_exists(directory))
    return Fail(Error{
        .what = fmt::format("'{}' {}", directory, path_exists(directory) ? "is not a directory" : "does not exist"),
        .hint = "name a catalog, or a layer over it: a directory shaped like the catalog"});
  const bool whole = directory.empty() || is_whole_catalog(directory);
  // A layer makes sense only over what it changes.
  SWAGE_TRY(const fs::path base,
            whole && !directory.empty() ? Result<fs::path>(fs::path(directory)) : session.catalog_dir());
  std::vector<fs::path> layers{fs::path(directory)};
  if (directory.empty()) { SWAGE_TRY(layers, layers_of_workspace(session)); }
  else if (whole) layers.assign(session.options().layers.begin(), session.options().layers.end());
  std::shared_ptr<const Catalog> checked;
  std::vector<Error> errors = check_catalog(base, layers, &checked);
  std::vector<Instances> instances;
  for (const fs::path& layer : layers)
    if (auto found = read_instances(layer)) instances.push_back(*std::move(found));
    else errors.push_back(std::move(found).error());
  if (auto trees = read_source_trees(base, layers); !trees) errors.push_back(std::move(trees.error()));
  if (!errors.empty()) return Fail(together(std::move(errors)));
  const Catalog& catalog = *checked;
  for (const Instances& of_layer : instances) check_instances(catalog, of_layer, errors);
  if (!errors.empty()) return Fail(together(std::move(errors)));
  if (directory.empty()) SWAGE_CHECK(check_workspace(session, catalog));
  SWAGE_TRY(const std::vector<const ToolchainRow*> toolchains, catalog.all_toolchains());
  SWAGE_TRY(const std::vector<ComponentRow>* components, catalog.components());
  SWAGE_TRY(const std::vector<MachineRow>* machines, catalog.machines());
  SWAGE_TRY(const std::vector<const ConstraintRow*> constraints, catalog.constraints());
  SWAGE_TRY(const std::vector<const QuirkRow*> quirks, catalog.quirks());
  const std::vector<std::pair<const char*, std::size_t>> counts{
      {"platforms", catalog.platforms().size()}, {"kernels", catalog.kernels().size()},
      {"machines", machines->size()},            {"toolchains", toolchains.size()},
      {"constraints", constraints.size()},       {"quirks", quirks.size()},
      {"roots", catalog.roots().size()},         {"packages", catalog.recipe_names().size()},
      {"components", components->size()}};
  // No mistake of a file: a row may be too wide, or a small configuration not show what it says.
  SWAGE_TRY(const std::vector<std::string> against, contradictions(catalog));
  if (as_json()) {
    Json object = Json::object();
    for (const auto& [name, count] : counts) object[name] = count;
    object["contradictions"] = against;
    print_json(object);
    return 0;
  }
  std::string text;
  for (const auto& [name, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
  for (const std::string& one : against) print_aside("note: {}\n", one);
  print_result("ok: {}\n", text);
  return 0;
}

}  // namespace

Action declare_check(const Options& app) {
  auto directory = std::make_shared<std::string>();
  app.add_option("DIR", *directory,
                 "a catalog or a layer (default: swage's own catalog, the swage.toml here or above, and its layers)");
  return [directory](Session& session) { return run(session, *directory); };
}

}  // namespace swage
