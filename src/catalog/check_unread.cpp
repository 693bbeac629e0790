// Reads all that a catalog leaves unread, for `swage check`.
#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "catalog/image_rows.hpp"
#include "catalog/reader.hpp"

namespace swage {

namespace {

// Every file of one architecture, and that no id stands in two.
template <class Row>
void check_arch_rows(LoadResult& result, const std::string& table, ArchRows<Row>& of) {
  std::map<std::string, const Row*> ids;
  const auto see = [&](const std::vector<Row>& rows) {
    for (const Row& row : rows) defined_once(ids, table, row, result.findings);
  };
  see(of.common);
  for (const auto& [arch, layers] : of.layers)
    see(read_arch_rows(*result.state, of, arch, result.findings, result.documents));
}

void check_releases(const Catalog::State& state, Findings& findings) {
  if (state.kernels.empty() || !state.releases.recipe.empty() || findings.incomplete || state.asked->incomplete) return;
  findings.errors.push_back({.what = "the catalog has kernels, and does not say which recipe makes them",
                             .where = state.kernels.front().origin.pos,
                             .hint = "in kernels/releases.toml: [releases] recipe = NAME"});
}

}  // namespace

void check_unread_files(LoadResult& result) {
  Findings& findings = result.findings;
  // Constraints first: what is read after them refers to them, and so does what load() has read.
  check_arch_rows(result, "constraint", *result.state->constraints);
  result.state->asked->everything = true;
  std::erase_if(findings.references, [](const Reference& reference) { return reference.kind != NameOf::constraint; });
  check_names(*result.state, findings);
  check_arch_rows(result, "quirk", *result.state->quirks);
  std::map<std::string, const ToolchainRow*> ids;
  for (const Platform& platform : result.state->platforms)
    for (const bool fallback : {false, true})
      for (const ToolchainRow& row :
           read_toolchains(*result.state, platform.name, fallback, findings, result.documents))
        defined_once(ids, "toolchain", row, findings);
  Catalog::State::Asked& asked = *result.state->asked;
  read_asked(*result.state, asked.components, findings, result.documents);
  if (asked.components.read) check_component_names(*result.state, findings);
  read_asked(*result.state, asked.machines, findings, result.documents);
  read_asked(*result.state, asked.signatures, findings, result.documents);
  read_asked(*result.state, asked.symbols, findings, result.documents);
  read_asked(*result.state, asked.tree_files, findings, result.documents);
  read_asked(*result.state, asked.object_errors, findings, result.documents);
  read_asked(*result.state, asked.log_lines, findings, result.documents);
  read_asked(*result.state, asked.firmware_models, findings, result.documents);
  read_asked(*result.state, asked.firmware_settings, findings, result.documents);
  read_asked(*result.state, asked.firmware_overlays, findings, result.documents);
  read_asked(*result.state, asked.firmware_trees, findings, result.documents);
  read_asked(*result.state, asked.images, findings, result.documents);
  if (asked.images.read && asked.firmware_models.read)
    check_board_models(asked.images.tables, asked.firmware_models.rows, findings);
  for (const std::string& name : system_names(*result.state))
    read_system(*result.state, name, findings, result.documents);
  for (const std::string& name : recipe_names(*result.state))
    read_recipe(*result.state, name, findings, result.documents);
  check_recipes_together(*result.state, findings);
  check_files(*result.state, findings);
  check_releases(*result.state, findings);
}

}  // namespace swage
