// What a Catalog holds, and the steps that fill it.
#pragma once

#include <deque>
#include <fmt/core.h>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/images.hpp"
#include "catalog/layer.hpp"
#include "catalog/rows.hpp"

namespace swage {

inline constexpr const char* kScripts = "scripts";
inline constexpr const char* kPatches = "kernels/patches";
inline constexpr const char* kPackages = "packages";

using TemplateKeys = std::map<std::string, std::string>;   // {key} of templates -> what stands for it

// toolchains/<provider>/<platform>.toml of a layer, with what is known of it without reading it.
struct ToolchainFile {
  std::size_t layer = 0;
  fs::path path{};
  Provider provider{};
  TemplateKeys keys{};                               // of provider.toml
};

// toolchains/<provider>.toml of a layer.
struct ToolchainTable {
  std::size_t layer = 0;
  const TomlDocument* document = nullptr;
  const Provider* provider = nullptr;
  const std::map<std::string, TemplateKeys>* targets = nullptr;   // of the provider, by platform
};

// A [[toolchain]] row of a table that is for a platform.
struct ToolchainItem {
  const ToolchainTable* table = nullptr;
  const TomlValue* item = nullptr;
};

// Rows of files that load() leaves unread: filled by questions, so they change in a catalog that does not.
template <class Row>
struct AskedRows {
  std::mutex mutex{};
  std::vector<Row> rows{};
  bool read = false;
};

struct AskedImages {   // likewise
  std::mutex mutex{};
  ImageTables tables{};
  bool read = false;
};

// Rows for all architectures, which load() reads, and files of rows for one, read when it is asked for:
// kernels/<name>.toml and kernels/<name>/<architecture>.toml. An architecture is a platform's name or a kernel's ARCH.
template <class Row>
struct ArchRows {
  std::vector<Row> common{};
  std::map<std::string, std::vector<std::size_t>, std::less<>> layers{};   // by architecture, those that have a file
                                                                           // for it
  std::mutex mutex{};                                // of what is below: like AskedRows
  std::map<std::string, std::vector<Row>, std::less<>> read{};
  std::set<std::set<std::string>> told_apart{};      // architectures whose rows together have no id twice
};

// The scripts of a layer by file name, which is what they are called: where below the layer they are, in scripts/ or a
// folder of it. More than one place is a mistake.
using ScriptPlaces = std::map<std::string, std::vector<fs::path>, std::less<>>;

// What references of one kind may name.
struct KnownNames {
  std::string_view what{};                           // "a platform"
  std::vector<std::string> known{};
  std::set<std::string_view> set{};                  // the same, to look in
};

struct Catalog::State {
  std::vector<Layer> layers{};
  std::vector<CLibraryRow> c_libraries{};
  std::vector<Platform> platforms{};
  std::vector<RootRow> roots{};
  std::vector<SeedRow> seeds{};
  std::vector<ArchiveRow> archives{};
  std::vector<KernelRow> kernels{};
  Releases releases{};                               // of the catalog itself
  std::unique_ptr<ArchRows<ConstraintRow>> constraints = std::make_unique<ArchRows<ConstraintRow>>();
  std::unique_ptr<ArchRows<QuirkRow>> quirks = std::make_unique<ArchRows<QuirkRow>>();
  std::set<std::string> suites{};                    // of all providers
  std::vector<FeatureRow> features{};                // that toolchains may declare and conditions ask for
  std::vector<fs::path> evidence_directories{};      // first layer first
  struct EvidenceCache {                             // like AskedRows
    std::mutex mutex{};
    std::map<std::string, std::vector<EvidenceRow>> known{};
  };
  std::unique_ptr<EvidenceCache> evidence = std::make_unique<EvidenceCache>();
  // Toolchains by platform and whether they are fallbacks: once that platform's items are read those of tables, and
  // once `read` those of the files too.
  struct PlatformToolchains {
    std::vector<ToolchainRow> rows{};
    std::vector<ToolchainFile> files{};              // in the order of layers
    bool read = false;                               // nothing is added any more: rows have addresses
  };
  struct ToolchainCache {                            // like AskedRows
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
  struct NameCache {                                 // filled by questions, once all layers are read
    std::mutex mutex{};
    std::map<NameOf, KnownNames> known{};
    std::set<std::string> packages{};                // that were found to be there
  };
  std::unique_ptr<NameCache> names = std::make_unique<NameCache>();
  struct ScriptCache {                               // like NameCache
    std::mutex mutex{};
    std::vector<ScriptPlaces> places{};              // of each layer, once it is asked for
  };
  std::unique_ptr<ScriptCache> scripts = std::make_unique<ScriptCache>();
  struct Asked {
    AskedRows<MachineRow> machines{};
    AskedRows<ComponentRow> components{};
    AskedRows<SignatureRow> signatures{};
    AskedRows<SymbolRow> symbols{};
    AskedRows<TreeFileRow> tree_files{};
    AskedRows<ObjectErrorRow> object_errors{};
    AskedRows<LogLineRow> log_lines{};
    AskedRows<FirmwareModelRow> firmware_models{};
    AskedRows<FirmwareSettingRow> firmware_settings{};
    AskedRows<FirmwareOverlayRow> firmware_overlays{};
    AskedRows<FirmwareTreeRow> firmware_trees{};
    AskedImages images{};
    bool incomplete = false;                         // load() could not read a file: `swage check` goes on, and what is
                                                     // not found may come from that
    bool everything = false;                         // is read and tested: the constraints of every architecture are
                                                     // known
  };
  std::unique_ptr<Asked> asked = std::make_unique<Asked>();
  struct RecipeCache {                               // like AskedRows, recipe by recipe
    std::mutex mutex{};
    std::map<std::string, RecipeRow, std::less<>> known{};
    std::map<std::string, RecipeRow, std::less<>> systems{};   // whole, with what they build on
  };
  std::unique_ptr<RecipeCache> recipes = std::make_unique<RecipeCache>();
  std::map<std::string, Origin> platform_origins{};
  std::map<std::string, std::size_t, std::less<>> platform_names{};  // names, aliases and triple_key() of the triples
};


// What reading found: all mistakes, and the documents that they are in.
struct ReadResult {
  Findings findings{};
  std::deque<TomlDocument> documents{};              // a deque: findings point into it
};

// Of a whole catalog, with the rows as far as they are usable. Questions about it, of which there are many, need no
// state of their own.
struct LoadResult : ReadResult {
  std::shared_ptr<Catalog::State> state = std::make_shared<Catalog::State>();
};

LoadResult read_layers(const std::vector<Layer>& layers);
bool is_layer(const fs::path& directory);   // it has something that a catalog may have

// The platform's toolchains, whose files are read now unless they are already. With mistakes, which `findings` then
// has, nothing is kept. `documents` must live as long as the findings. Not thread-safe.
const std::vector<ToolchainRow>& read_toolchains(const Catalog::State& state, const std::string& platform,
                                                 bool fallback, Findings& findings,
                                                 std::deque<TomlDocument>& documents);

// Two files that are each read by themselves have the same id. `ids`: of the rows before this one.
template <class Row>
void defined_once(std::map<std::string, const Row*>& ids, const std::string& table, const Row& row,
                  Findings& findings) {
  const auto [first, fresh] = ids.emplace(row.id, &row);
  if (fresh) return;
  Error error{.what = fmt::format("'{}' is defined twice in [[{}]]", row.id, table), .where = row.origin.pos};
  const SourcePos& pos = first->second->origin.pos;
  findings.errors.push_back(
      std::move(error).note(fmt::format("first defined at {}:{}:{}", pos.file, pos.line, pos.column)));
}

// Names that refer to nothing, and rows that are not usable by themselves. Adds to the findings.
void check_references(LoadResult& result);

// Fill the rows from the files of all layers, unless they are read; about mistakes, `documents` and threads like
// read_toolchains.
void read_asked(const Catalog::State& state, AskedRows<MachineRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents);
void read_asked(const Catalog::State& state, AskedRows<ComponentRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents);
void read_asked(const Catalog::State& state, AskedRows<SignatureRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents);
void read_asked(const Catalog::State& state, AskedRows<SymbolRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents);
void read_asked(const Catalog::State& state, AskedRows<TreeFileRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents);
void read_asked(const Catalog::State& state, AskedRows<ObjectErrorRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents);
void read_asked(const Catalog::State& state, AskedRows<LogLineRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents);
void read_asked(const Catalog::State& state, AskedRows<FirmwareModelRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents);
void read_asked(const Catalog::State& state, AskedRows<FirmwareSettingRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents);
void read_asked(const Catalog::State& state, AskedRows<FirmwareOverlayRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents);
void read_asked(const Catalog::State& state, AskedRows<FirmwareTreeRow>& found, Findings& findings,
                std::deque<TomlDocument>& documents);
void read_asked(const Catalog::State& state, AskedImages& found, Findings& findings,
                std::deque<TomlDocument>& documents);
// Likewise, of one architecture.
const std::vector<ConstraintRow>& read_arch_rows(const Catalog::State& state, ArchRows<ConstraintRow>& found,
                                                 const std::string& arch, Findings& findings,
                                                 std::deque<TomlDocument>& documents);
const std::vector<QuirkRow>& read_arch_rows(const Catalog::State& state, ArchRows<QuirkRow>& found,
                                            const std::string& arch, Findings& findings,
                                            std::deque<TomlDocument>& documents);
// Of each layer, in their order.
const std::vector<ScriptPlaces>& script_places(const Catalog::State& state);
Error script_twice(const Layer& layer, std::string_view name, const std::vector<fs::path>& places);
// That of the last layer that has one of this name.
Result<std::optional<LayerFile>> open_script(const Catalog::State& state, std::string_view name);
// Of all layers, sorted.
std::vector<std::string> recipe_names(const Catalog::State& state);
std::vector<std::string> system_names(const Catalog::State& state);
bool has_recipe(const Catalog::State& state, std::string_view name);
// Like read_asked(). Null: there is none of this name, or it has mistakes.
const RecipeRow* read_recipe(const Catalog::State& state, std::string_view name, Findings& findings,
                             std::deque<TomlDocument>& documents);

// The parts of it that concern rows read later: what the findings refer to, and archives without a hash. What refers to
// a constraint is tested once those of all architectures are read: only `swage check` needs them all.
void check_names(const Catalog::State& state, Findings& findings);
void check_files(const Catalog::State& state, Findings& findings);   // that scripts and patches can be read, also those
                                                                     // that no table names
// Gives rows what they have of others that they are like, and of [common].
void make_machines_whole(std::vector<MachineRow>& rows, const CommonMachine& common, Findings& findings);
void check_machines(const std::vector<MachineRow>& rows, Findings& findings);
void check_archives(const std::vector<ToolchainRow>& rows, Findings& findings);
void check_components(const Catalog::State& state, const std::vector<ComponentRow>& rows, Findings& findings);
void check_recipe(const RecipeRow& row, Findings& findings);          // as it was read
void check_whole_recipe(const RecipeRow& row, Findings& findings);    // with what its build system and family add
void check_recipes_together(const Catalog::State& state, Findings& findings);
void check_signatures(const std::vector<SignatureRow>& rows, Findings& findings);   // patterns that are none
void check_object_errors(const std::vector<ObjectErrorRow>& rows, Findings& findings);
void check_log_lines(const std::vector<LogLineRow>& rows, Findings& findings);
// Gives rows what they have of those that they are like, and tells what then is missing.
void make_firmware_models_whole(std::vector<FirmwareModelRow>& rows, Findings& findings);
// Components of toolchains that are read, when the components are too.
void check_component_names(const Catalog::State& state, Findings& findings);

// Every file that load() leaves unread, for `swage check`: adds to the findings, and keeps the documents for their
// order.
void check_unread_files(LoadResult& result);

// Every record of all layers, for `swage check`: adds to the findings, and keeps the documents for their order.
void check_evidence(LoadResult& result);
void check_package_evidence(const fs::path& evidence, LoadResult& result);   // of one directory

// The key under which any spelling of a triple finds its platform: the vendor says nothing about a platform.
std::string triple_key(const Triple& triple);

// What a [[toolchain]] row stands for on one of its platforms: {key} in its strings is replaced from `target`. Unknown
// keys are reported, as none of `keys_of`.
TomlValue expand_toolchain(const TomlDocument& document, const TomlValue& item, const std::string& platform,
                           const TemplateKeys& target, std::string_view keys_of, Findings& findings);

}  // namespace swage
