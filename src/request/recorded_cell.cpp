#include "request/recorded_cell.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "plan/sources.hpp"

namespace swage {

std::vector<std::string> patch_list(const KernelPatches& patches) {
  std::vector<std::string> list;
  for (const auto& [name, text] : patches) list.push_back(fmt::format("{} {}", sha256(text).hex(), name));
  return list;
}

Result<void> check_patches(const EvidenceRow& row, const KernelPatches& patches) {
  const std::vector<std::string> recorded = row.tree ? row.tree->patches : std::vector<std::string>{};
  const std::vector<std::string> given = patch_list(patches);
  if (given == recorded) return {};
  Error error{.what = fmt::format("these are not the patches that 'linux@{}' was recorded with", row.kernel),
              .hint = "give them in their order: --patch FILE"};
  if (recorded.empty()) error.hint = "it was recorded without any: leave out --patch";
  for (const std::string& patch : recorded) error.notes.push_back(fmt::format("recorded: {}", patch));
  for (const std::string& patch : given) error.notes.push_back(fmt::format("given:    {}", patch));
  return Fail(std::move(error));
}

ConfigName config_name(const KernelOptions& kernel) {
  if (kernel.config_text)
    return {.name = store_name_of(fs::path(kernel.config).filename().string()),
            .sha256 = sha256(*kernel.config_text).hex()};
  ConfigName named{.name = kernel.config};
  std::replace(named.name.begin(), named.name.end(), ' ', ',');
  return named;
}

Result<void> check_config(const EvidenceRow& row, const KernelOptions& given) {
  if (row.config_sha256.empty()) return {};
  const std::string sha256 = config_name(given).sha256;
  if (sha256 == row.config_sha256) return {};
  if (sha256.empty())
    return Fail(Error{.what = fmt::format("'linux@{}' was recorded with a configuration that is a file, '{}'",
                                          row.kernel, row.config),
                      .notes = {fmt::format("its sha256 is {}", row.config_sha256)},
                      .hint = "give it with: --config FILE"});
  return Fail(Error{.what = fmt::format("this is not the configuration that 'linux@{}' was recorded with", row.kernel),
                    .notes = {fmt::format("recorded: {} {}", row.config_sha256, row.config),
                              fmt::format("given:    {} {}", sha256, config_name(given).name)}});
}

Result<Cell> recorded_cell(const Catalog& catalog, const Lockfile& lock, const EvidenceRow& row,
                           const KernelOptions& given) {
  Cell cell;
  SWAGE_TRY(cell.platform, catalog.platform(row.platform));
  SWAGE_TRY(const Version version, Version::parse(row.kernel));
  SWAGE_CHECK(check_patches(row, given.patches));
  SWAGE_CHECK(check_config(row, given));
  SWAGE_TRY(cell.kernel, row.tree ? recorded_kernel(row) : find_kernel(catalog, lock, version));
  KernelOptions& options = cell.kernel->options;
  options.config = row.config;
  std::replace(options.config.begin(), options.config.end(), ',', ' ');
  if (!row.config_sha256.empty()) options.config_text = given.config_text;
  options.patches = given.patches;
  if (row.sample) {
    options.sample = std::to_string(row.sample->count);
    options.seed = row.sample->seed;
  }
  SWAGE_TRY(cell.machine, find_machine(catalog, *cell.platform, version));
  const Purpose purpose = row.boot_drv.empty() ? Purpose::kernel : Purpose::boot;
  ResolveRequest request{.platform = cell.platform, .purpose = purpose, .kernel = version, .toolchain = row.toolchain};
  request.waived.insert(row.forced.begin(), row.forced.end());
  if (row.is_overruled()) request.root = row.root;
  SWAGE_TRY(const Resolution resolution, resolve(catalog, request));
  if (!resolution.chosen) return Fail(unsatisfied(catalog, resolution));
  choose(cell, resolution);
  return cell;
}

}  // namespace swage
