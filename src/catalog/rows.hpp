// The schema of every kind of row: each is defined in tables/ in the file of its table.
#pragma once

#include "catalog/schema.hpp"

namespace swage {

// What a [provider] table says of all toolchains of its file.
struct Provider {
  std::string name{};
  unsigned rank = 0;
  bool prebuilt = true;
  std::vector<std::string> suites{};
  std::vector<std::string> features{};   // of every toolchain
  std::string userland{};
  bool fallback = false;
  std::string reference{};
};

// Rows with values that parse cannot be made from nothing: these are what a schema fills.
Platform blank_platform();
KernelRow blank_kernel();
ComponentRow blank_component();
ToolchainRow blank_toolchain();

struct CpuRow {                                // [[cpu]] of platforms.toml: fields of Platform
  std::vector<std::string> names{};            // first parts of triples
  Endian endian = Endian::little;
  int bits = 64, pointer_bits = 0;             // 0: as many as `bits`
  std::string kernel_arch{}, qemu_user{}, qemu_system{};
  int elf_machine = 0;
};
const Schema<CpuRow>& cpu_schema();

struct Releases {                              // [releases] of releases.toml
  std::string recipe{};
  std::string image_recipe{}, overlays_recipe{};
};
const Schema<Releases>& releases_schema();

struct CommonMachine {                         // [common] of machines.toml
  std::vector<std::string> config{};
};

struct FeatureRow {                            // [[feature]] of features.toml
  std::string name{}, text{};
  Origin origin{};
};
const Schema<FeatureRow>& feature_schema();

const Schema<CLibraryRow>& c_library_schema();
const Schema<Platform>& platform_schema();
const Schema<RootRow>& root_schema();
const Schema<SeedRow>& seed_schema();
const Schema<ArchiveRow>& archive_schema();
const Schema<ComponentRow>& component_schema();
const Schema<KernelRow>& kernel_schema();
const Schema<CommonMachine>& common_machine_schema();
const Schema<MachineRow>& machine_schema();
const Schema<Provider>& provider_schema();
const Schema<ToolchainRow>& toolchain_schema();
const Schema<ConstraintRow>& constraint_schema();
const Schema<SignatureRow>& signature_schema();
const Schema<SymbolRow>& symbol_schema();
const Schema<TreeFileRow>& link_schema();
const Schema<TreeFileRow>& twins_schema();
const Schema<ObjectErrorRow>& object_error_schema();
const Schema<LogLineRow>& log_line_schema();
const Schema<FirmwareModelRow>& firmware_model_schema();
const Schema<FirmwareSettingRow>& firmware_setting_schema();
const Schema<FirmwareOverlayRow>& firmware_overlay_schema();
const Schema<FirmwareTreeRow>& firmware_tree_schema();
const Schema<QuirkRow>& quirk_schema();
const Schema<RecipeRow>& recipe_schema();
const Schema<RecipeRow>& system_schema();      // of systems/NAME.toml: a recipe without [package] and [source]
const Schema<EvidenceRow>& evidence_schema();
const Schema<KernelTree>& kernel_tree_schema();   // [tree] of a record
const Schema<ObjectSample>& object_sample_schema();   // [objects] of a record

}  // namespace swage
