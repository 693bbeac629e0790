// From requests to a graph of derivations. Pure: the same catalog, lock file and requests give the same .drv paths on
// every machine; nothing is read but the catalog's scripts, and nothing is written.
//
// Every artifact, also a root, a toolchain, an initramfs or a boot, is a recipe: a script, the root that it runs in,
// dependencies by role and an environment. The values of the environment may hold variables, and a variable that stands
// for a store object makes that object an input (names of dependencies may hold variables too):
//
//   {platform.name} {platform.kernel_arch} {platform.endian} {platform.pointer_bits} {platform.elf_machine} ...
//   {platform.native} {platform.binfmt}                        "1" when the build platform runs its programs;
//                                                              binfmt_magic()
//   {toolchain.path} {toolchain.prefix} {toolchain.id} {toolchain.debs} {toolchain.source} ...   the cell's toolchain
//   {machine.qemu} {machine.cmdline} {machine.config} ...      the boot machine of (platform, kernel)
//   {board.name} {board.qemu} {board.dtb} ...                  the board of the image that the cell is of
//   {image.name} {image.layout} {image.kernel} {image.packages} ...   and the image: plan/image_values.cpp
//   {kernel.version} {kernel.source} {kernel.config} {kernel.config_lines} {kernel.sample} {kernel.seed}   what the
//                                                              request asks for
//   {kernel.modules} {kernel.module_make} {kernel.module_uses} {kernel.module_params}
//   {kernel.symbols}                                           what is known of the symbols that the request names
//   {kernel.root}                                              the root that the resolver chose for it
//   {kernel.tools}                                             what that root declares: "make 4.3", a line each
//   {kernel.patches}                                           of the cell's quirks, then of the request
//   {quirks.ids} {quirks.config} {quirks.host_cc} ...          of the cell's quirks: plan/quirks.hpp
//   {build.mode}                                               build_mode_name()
//   {build.triple} {target.triple} {target.toolchain.prefix}   the platform that builds; the one that code is emitted
//                                                              for
//   {instance.cflags} {instance.static}                        of the instance, if it concerns the package
//   {package.name} {package.version} {package.label}           the recipe's; the label also names a foreign platform
//   {root.name} {root.debs}                                    in the recipe `root`
//   {component.NAME}                                           the source of one of the toolchain's components
//   {component.NAME:version} {component.NAME:configure} {component.NAME:host_cc} {component.NAME:host_cxx}
//   {roots.NAME} {roots.kind:build}                            another root than the recipe's own; all of that kind
//   {dep.NAME} {dep.NAME:OUTPUT}                               output of a dependency, `out` unless named
//   {dep.ROLE.NAME} {dep.ROLE.NAME:OUTPUT}                     of one that is a dependency in several roles:
//                                                              {dep.build.m4}
//   {source}                                                   the recipe's own source
//   {script.FILE}                                              another script of the catalog
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "catalog/images.hpp"
#include "catalog/workspace.hpp"
#include "plan/graph.hpp"
#include "plan/lock_view.hpp"

namespace swage {

inline constexpr const char* kBuildPlatform = "x86_64";   // where builds run
inline constexpr const char* kBuildSystem = "x86_64-linux";   // Nix's name of it, in all derivations

using KernelPatches = std::vector<std::pair<std::string, std::string>>;   // file name and content

// What the user says about a kernel besides its version.
struct KernelOptions {
  std::string config = "tiny";                 // tiny, or makes of the tree in words: allnoconfig, "defconfig
                                               // kvm_guest.config"
  std::optional<std::string> config_text{};    // content of a .config file, instead of `config`
  std::vector<std::string> lines{};            // CONFIG_X=y|m|n|value, applied last, in order; `# NAME`: where those
                                               // after it are from
  bool strict = false;                         // a line without effect fails the build
  std::string sample{}, seed{};                // how many of the objects are compiled, and which: of a recipe that
                                               // samples them; "" all
  std::optional<Source> modules{};             // out-of-tree modules to build against it
  std::vector<std::string> module_make{};      // NAME=VALUE, variables of their make
  std::vector<Source> module_uses{};           // what earlier modules, whose symbols these use, were built to
  std::vector<std::string> module_params{};    // [MODULE.]NAME=VALUE, for the kernel that loads them
  KernelPatches patches{};                     // applied to the tree in order
};

// One kernel, exactly.
struct KernelChoice {
  Version version;                             // with sublevel
  std::optional<Source> source{};              // the archive, or a tree: the user's (Source::Present) or a vendor's
  std::optional<KernelTree> tree{};            // of the latter and of a vendor's: where it is from
  std::vector<Source> patches{};               // of its vendor's rows, before those of the request
  KernelOptions options{};
};

// Of a kernel that the catalog does not have, those that it has next to it, the older first: of its series, or else of
// all. `linux@6.1.176`
Result<std::vector<std::string>> nearest_kernels(const Catalog& catalog, const Lockfile& lock, const Version& wanted);
// One of a vendor's: its tree and patches by their hashes, and in `options` the lines of its rows.
Result<KernelChoice> vendor_kernel(const ImageTables& tables, const VendorKernel& of);
// The same lines, which a tree of the user's gets too.
std::vector<std::string> vendor_lines(const ImageTables& tables, const VendorKernel& of);
// The sources that have to be asked for before find_kernel() can tell, as keys of Lockfile::missing: of each series
// that `wanted` may be of, where the lock neither pins it nor says why it is missing. Without `wanted` the newest
// alone, and when that turns out to be missing the one before it.
std::set<std::string> unpinned_kernels(const Catalog& catalog, const Lockfile& lock,
                                       const std::optional<Version>& wanted);
// The newest kernel that `wanted` (a series or a release; nothing: any) names, by catalog and lock file. Errors say
// which are nearest.
Result<KernelChoice> find_kernel(const Catalog& catalog, const Lockfile& lock, const std::optional<Version>& wanted);

// How what is built for a foreign platform comes to be.
enum class BuildMode {
  cross,         // by programs of the build platform
  emulated,      // by programs of its own platform, in a root of that platform's distribution packages, under emulation
  accelerated,   // the same, but what compiles, assembles and links is the cross toolchain
};
std::string_view build_mode_name(BuildMode mode);   // "cross", ...

// One column of a request: everything that a recipe's variables can be asked for.
struct Cell {
  const Platform* platform = nullptr;
  const ToolchainRow* toolchain = nullptr;     // of all packages but those that the instance has another for
  bool with_cxx = false;                       // of a toolchain that is made: with what its row has for C++
  BuildMode mode = BuildMode::cross;           // not `cross`: the platform is also the one that builds
  const Instance* instance = nullptr;          // null: the usual set of packages
  const Platform* target = nullptr;            // what a compiler emits code for; null: `platform`
  const ToolchainRow* target_toolchain = nullptr;   // that emits code for `target`
  const MachineRow* machine = nullptr;         // null: the platform has none for this kernel
  const ImageRow* image = nullptr;             // of an image and its parts
  const Cell* image_kernel = nullptr;          // and where its kernel is a vendor's, that one's
  std::optional<KernelChoice> kernel{};
  const RootRow* root = nullptr;               // that the kernel is built in
  std::vector<const QuirkRow*> quirks{};       // that the kernel needs, sorted by id
  std::map<std::string, Source> trees{};       // of the toolchain's components that are trees of the user's, by id
};

// Whether the cell's kernel has a tree, the user's or a vendor's, that is built from as it is: neither quirks nor
// patches change it.
bool has_own_tree(const Cell& cell);

// The roots that the image, or its boot, is made of: those of its parts are pinned on demand.
std::set<std::string> roots_of(const ImageTables& tables, const ImageRow& image);

// The root in which packages are built as the platform. Errc::unsatisfiable when the catalog has none.
Result<const RootRow*> emulated_root(const Catalog& catalog, const std::string& root, const Platform& platform);

// The recipe's own, or that of its source, which the lock file tells; "" it has none.
std::string package_version(const RecipeRow& recipe, const Lockfile& lock);

// What a tree of that version that is nobody's derivation is called in the store.
std::string kernel_source_name(std::string_view version);
// The kernel that a record with a tree is of: its tree as it is in the store, if it is there.
Result<KernelChoice> recorded_kernel(const EvidenceRow& row);

// The first machine row of the platform whose range holds the kernel, or else the one that has no range: so a layer,
// whose rows come last, can say something of some kernels alone. Null when there is none.
Result<const MachineRow*> find_machine(const Catalog& catalog, const Platform& platform, const Version& kernel);

class Planner {
 public:
  // `instances`: of dependencies that name one. All three must outlive the planner.
  Planner(const Catalog& catalog, LockView lock, const Instances& instances = no_instances());
  ~Planner();

  // Adds what makes `recipe` for the cell to the graph, inputs first. Asking again is cheap. The cell must outlive the
  // planner and keep its address.
  Result<Wanted> package(const std::string& recipe, const Cell& cell);
  Result<Wanted> toolchain(const ToolchainRow& row, const std::map<std::string, Source>& trees = {});   // Cell::trees
  Result<Wanted> root(const std::string& name);

  // What a lock file has to have: from now on it is no error that the lock neither pins something nor says why it is
  // missing. What is planned then goes on with something in its place, so that all that a plan lacks is found at once.
  void collect_absent();
  // Ends that. The keys, as those of Lockfile::missing; with any, nothing of this planner may be used.
  std::set<std::string> end_collecting();

  const Graph& graph() const;

 private:
  static const Instances& no_instances();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace swage
