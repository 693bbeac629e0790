// What a Catalog holds, and the steps that fill it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/rows.hpp"

namespace swage {

struct Catalog::State {
  std::vector<Platform> platforms{};
  std::vector<RootRow> roots{};
  std::vector<SeedRow> seeds{};
  std::vector<ComponentRow> components{};
  std::vector<KernelRow> kernels{};
  std::vector<MachineRow> machines{};
  std::vector<ToolchainRow> toolchains{};
  std::vector<ConstraintRow> constraints{};
  std::vector<QuirkRow> quirks{};
  std::vector<SignatureRow> signatures{};
  std::vector<RecipeRow> recipes{};
  std::set<std::string> suites{};                    // of all providers
  std::vector<fs::path> script_directories{};        // last layer first
  std::vector<fs::path> evidence_directories{};      // first layer first
  struct EvidenceCache {                             // filled by questions, so it changes in a catalog that does not
    std::mutex mutex{};
    std::map<std::string, std::vector<EvidenceRow>> known{};
  };
  std::unique_ptr<EvidenceCache> evidence = std::make_unique<EvidenceCache>();
  std::vector<fs::path> patch_directories{};         // last layer first
  std::map<std::string, Origin> platform_origins{};
  std::map<std::string, std::size_t, std::less<>> platform_names{};  // names, aliases and canonical triples without vendor
};

// One directory in the order of layers.
struct Layer {
  std::string name{};
  fs::path directory{};
};

// Everything that reading found: rows as far as they are usable, and all mistakes.
struct LoadResult {
  std::shared_ptr<Catalog::State> state = std::make_shared<Catalog::State>();
  Findings findings{};
  std::deque<TomlDocument> documents{};              // a deque: findings point into it
};

LoadResult read_layers(const std::vector<Layer>& layers);

// Names that refer to nothing, and rows that are not usable by themselves. Adds to the findings.
void check_references(LoadResult& result);

// Patterns that are none; for `swage check`, because compiling them takes longer than reading them.
void check_signatures(LoadResult& result);

// Every record of all layers, for `swage check`: adds to the findings, and keeps the documents for their order.
void check_evidence(LoadResult& result);

// The key under which any spelling of a triple finds its platform: the vendor says nothing about a platform.
std::string triple_key(const Triple& triple);

// The rows that a [[toolchain]] table stands for: `item` once for every platform, with {key} in its strings replaced from
// that platform's target row. `targets` maps a platform to its keys. Unknown keys are reported.
struct ExpandedRow {
  std::string platform{};
  TomlValue value{};
};
std::vector<ExpandedRow> expand_toolchain(const TomlDocument& document, const TomlValue& item, const std::vector<std::string>& platforms,
                                          const std::map<std::string, std::map<std::string, std::string>>& targets,
                                          Findings& findings);

}  // namespace swage
