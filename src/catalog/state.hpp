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

// One directory in the order of layers.
struct Layer {
  std::string name{};
  fs::path directory{};
};

using TemplateKeys = std::map<std::string, std::string>;   // {key} of templates -> what stands for it

// toolchains/<provider>/<platform>.toml of a layer, with what is known of it without reading it.
struct ToolchainFile {
  std::size_t layer = 0;
  std::string layer_name{};
  fs::path path{};
  Provider provider{};
  TemplateKeys keys{};                               // of provider.toml
};

// toolchains/<provider>.toml of a layer.
struct ToolchainTable {
  std::size_t layer = 0;
  std::string layer_name{};
  const TomlDocument* document = nullptr;
  const Provider* provider = nullptr;
  const std::map<std::string, TemplateKeys>* targets = nullptr;   // of the provider, by platform
};

// A [[toolchain]] row of a table that is for a platform.
struct ToolchainItem {
  const ToolchainTable* table = nullptr;
  const TomlValue* item = nullptr;
};

struct Catalog::State {
  std::vector<Platform> platforms{};
  std::vector<RootRow> roots{};
  std::vector<SeedRow> seeds{};
  std::vector<KernelRow> kernels{};
  std::vector<MachineRow> machines{};
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
  // Toolchains by platform and whether they are fallbacks: once that platform's items are read those of tables, and once `read`
  // those of the files too.
  struct PlatformToolchains {
    std::vector<ToolchainRow> rows{};
    std::vector<ToolchainFile> files{};              // in the order of layers
    bool read = false;                               // nothing is added any more: rows have addresses
  };
  struct ToolchainCache {                            // like evidence
    std::mutex mutex{};
    std::map<std::string, std::vector<ToolchainItem>, std::less<>> unread{};   // by platform, in the order of layers
    std::map<std::pair<std::string, bool>, PlatformToolchains> known{};
    // What the items point into.
    std::deque<TomlDocument> documents{};
    std::deque<ToolchainTable> tables{};
    std::map<std::string, Provider> providers{};
    std::map<std::string, std::map<std::string, TemplateKeys>> targets{};      // by provider, by platform
  };
  std::unique_ptr<ToolchainCache> by_platform = std::make_unique<ToolchainCache>();
  struct ComponentCache {
    std::mutex mutex{};
    std::vector<Layer> layers{};
    std::vector<ComponentRow> rows{};
    bool read = false;
  };
  std::unique_ptr<ComponentCache> components = std::make_unique<ComponentCache>();
  std::vector<fs::path> patch_directories{};         // last layer first
  std::map<std::string, Origin> platform_origins{};
  std::map<std::string, std::size_t, std::less<>> platform_names{};  // names, aliases and canonical triples without vendor
};


// Everything that reading found: rows as far as they are usable, and all mistakes.
struct LoadResult {
  std::shared_ptr<Catalog::State> state = std::make_shared<Catalog::State>();
  Findings findings{};
  std::deque<TomlDocument> documents{};              // a deque: findings point into it
};

LoadResult read_layers(const std::vector<Layer>& layers);

// The platform's toolchains, whose files are read now unless they are already. With mistakes, which `findings` then has, nothing
// is kept. `documents` must live as long as the findings. Not thread-safe.
const std::vector<ToolchainRow>& read_toolchains(const Catalog::State& state, const std::string& platform, bool fallback,
                                                 Findings& findings, std::deque<TomlDocument>& documents);

// Names that refer to nothing, and rows that are not usable by themselves. Adds to the findings.
void check_references(LoadResult& result);

// Fills the cache from components.toml of all layers, like read_toolchains.
void read_components(const Catalog::State& state, Catalog::State::ComponentCache& found, Findings& findings,
                     std::deque<TomlDocument>& documents);

// The parts of it that concern rows read later: what the findings refer to, and archives without a hash.
void check_names(const Catalog::State& state, Findings& findings);
void check_archives(const std::vector<ToolchainRow>& rows, Findings& findings);
void check_components(const std::vector<ComponentRow>& rows, Findings& findings);
// Components of toolchains that are read, when the components are too.
void check_component_names(const Catalog::State& state, Findings& findings);

// Every file that load() leaves unread, for `swage check`: adds to the findings, and keeps the documents for their order.
void check_unread_files(LoadResult& result);

// Patterns that are none; for `swage check`, because compiling them takes longer than reading them.
void check_signatures(LoadResult& result);

// Every record of all layers, for `swage check`: adds to the findings, and keeps the documents for their order.
void check_evidence(LoadResult& result);

// The key under which any spelling of a triple finds its platform: the vendor says nothing about a platform.
std::string triple_key(const Triple& triple);

// What a [[toolchain]] row stands for on one of its platforms: {key} in its strings is replaced from `target`. Unknown keys are
// reported, as none of `keys_of`.
TomlValue expand_toolchain(const TomlDocument& document, const TomlValue& item, const std::string& platform,
                           const TemplateKeys& target, std::string_view keys_of, Findings& findings);

}  // namespace swage
