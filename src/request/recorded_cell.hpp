// What records say of a kernel's configuration and patches, and the cell that one is of.
#pragma once

#include "request/goals.hpp"

namespace swage {

// As a record names them: KernelTree::patches.
std::vector<std::string> patch_list(const KernelPatches& patches);
// Records do not hold the patches of a tree: who repeats one must give them, and be told when they are others.
Result<void> check_patches(const EvidenceRow& row, const KernelPatches& patches);

// As a record names a configuration: makes of the tree with commas between, or a file by name and content.
struct ConfigName {
  std::string name{}, sha256{};              // base16; "" it is no file
  bool is_of(const EvidenceRow& row) const { return row.config == name && row.config_sha256 == sha256; }
};
ConfigName config_name(const KernelOptions& kernel);
// Nor do they hold a configuration's file. A file of another name will do.
Result<void> check_config(const EvidenceRow& row, const KernelOptions& given);

// What a record was made of, as the catalog would make it today: with the record's toolchain, and the root and quirks
// that the resolver finds for that, overruled where it was then. `given`: the patches and the configuration's file that
// the record names.
Result<Cell> recorded_cell(const Catalog& catalog, const Lockfile& lock, const EvidenceRow& row,
                           const KernelOptions& given = {});

}  // namespace swage
