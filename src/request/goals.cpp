#include "request/goals.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>
#include <mutex>
#include <tuple>

#include "base/text.hpp"
#include "plan/parts.hpp"
#include "plan/sources.hpp"
#include "request/feature_words.hpp"
#include "request/image_goals.hpp"
#include "request/kconfig.hpp"
#include "request/kernel_options.hpp"
#include "request/near_targets.hpp"
#include "request/option_kinds.hpp"
#include "request/trees.hpp"
#include "request/vendor_goals.hpp"

namespace swage {

namespace {

bool needs_kernel(const Target& target) {
  return kind_of(target) == TargetKind::kernel || kind_of(target) == TargetKind::kernel_tree;
}
// Of a package's target what stands after @ is an instance.
bool is_package(const Target& target) { return kind_of(target) == TargetKind::package; }
// What is of a set of packages: they, and their compiler where a target does not say which.
bool is_of_a_set(const Target& target) {
  return is_package(target) || (target.name == kToolchainTarget && target.version.empty());
}

Result<std::string> toolchain_choice(const Catalog& catalog, const Target& target, const Platform& platform) {
  // `toolchain@gcc-12` names a compiler's major version: the first row that has it; `toolchain@ID` a row.
  const auto short_name = [](const ToolchainRow& row) {
    return fmt::format("{}-{}", row.compiler, row.version.parts().front());
  };
  std::vector<std::string> known;
  for (const bool fallback : {false, true}) {
    SWAGE_TRY(const std::vector<ToolchainRow>* rows,
              fallback ? catalog.fallbacks(platform.name) : catalog.toolchains(platform.name));
    for (const ToolchainRow& row : *rows) {
      if (row.id == target.version || short_name(row) == target.version) return row.id;
      known.push_back(short_name(row));
    }
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  Error error{.what = fmt::format("'{}' is not a toolchain for '{}'", target.text, platform.name)};
  error.notes.push_back(fmt::format("known: {}", join(known, ", ")));
  error.hint = did_you_mean(target.version, known);
  return Fail(std::move(error));
}

// Whether the record says something of a kernel that is built from `tree` (none: from its release): what a vendor has
// made of a release says nothing of that, but of itself.
bool concerns(const EvidenceRow& row, const std::optional<KernelTree>& tree) {
  return row.is_of_release() || (tree && row.tree->nar == tree->nar && row.tree->patches.empty());
}

// What is to be found on record: what the recipe makes of that kernel, built from `tree` (none: from its release).
struct WantedRecord {
  const std::string& recipe;
  const Version& kernel;
  const std::optional<KernelTree>& tree;
};

// The release that the catalog has records of and that says most of the wanted one: itself, or else the nearest of its
// series, which moves on with every security fix. Nothing: none is on record.
Result<std::optional<Version>> recorded_release(const Catalog& catalog, const Platform& platform,
                                                const WantedRecord& wanted) {
  const auto& [recipe, kernel, tree] = wanted;
  SWAGE_TRY(const std::vector<EvidenceRow>* exact, catalog.evidence(platform.name, kernel, recipe));
  const auto says_nothing = [&](const EvidenceRow& row) {
    return row.is_overruled() || row.sample || !concerns(row, wanted.tree);
  };
  if (!std::all_of(exact->begin(), exact->end(), says_nothing)) return kernel;
  SWAGE_TRY(const std::vector<EvidenceRow>* all, catalog.evidence_of_series(platform.name, kernel, recipe));
  std::optional<Version> older, newer;
  for (const EvidenceRow& row : *all) {
    if (says_nothing(row)) continue;
    SWAGE_TRY(Version version, Version::parse(row.kernel));
    if (version < kernel && (!older || *older < version)) older = std::move(version);
    else if (kernel < version && (!newer || version < *newer)) newer = std::move(version);
  }
  return older ? older : newer;
}

// Gives the request what is on record of the cell, by toolchain: of several configurations one that booted counts. What
// has no records of its own goes by those of the kernel.
Result<void> add_records(const Catalog& catalog, const Goal& goal, ResolveRequest& request) {
  const Target& target = goal.target;
  const std::optional<KernelTree>& tree = goal.cell.kernel->tree;
  std::string recipe = target.asks.booted_by.empty() ? catalog.kernel_recipe() : target.recipe;
  SWAGE_TRY(std::optional<Version> release, recorded_release(catalog, *goal.platform, {recipe, *request.kernel, tree}));
  if (!release && recipe != catalog.kernel_recipe()) {
    recipe = catalog.kernel_recipe();
    SWAGE_TRY(release, recorded_release(catalog, *goal.platform, {recipe, *request.kernel, tree}));
  }
  if (!release) return {};
  SWAGE_TRY(const std::vector<EvidenceRow>* rows, catalog.evidence(request.platform->name, *release, recipe));
  for (const EvidenceRow& row : *rows) {
    // What was tried against the constraints is no choice.
    if (row.is_overruled() || row.sample || !concerns(row, tree)) continue;
    const Evidence seen = row.state == EvidenceState::booted ? Evidence::booted
                        : row.state == EvidenceState::failed ? Evidence::failed : Evidence::none;
    const auto [known, is_new] = request.evidence.emplace(row.toolchain, seen);
    if (!is_new) known->second = std::min(known->second, seen);
  }
  if (*release != *request.kernel) request.recorded = release;
  return {};
}

// Whether the goal is the boot of what the target makes.
bool boots(const Goal& goal, KernelGoal kernel_goal) {
  if (goal.target.asks.booted_by.empty()) return false;
  const MachineRow* machine = goal.cell.machine;
  return kernel_goal == KernelGoal::boot || (kernel_goal == KernelGoal::farthest && machine && machine->emulated());
}

Purpose purpose_of(TargetRow::Use use) {
  switch (use) {
    case TargetRow::Use::userland: return Purpose::userland;
    case TargetRow::Use::kernel: return Purpose::kernel;
    case TargetRow::Use::boot: break;
  }
  return Purpose::boot;
}

// `known`: what was resolved for earlier goals.
Result<void> resolve_goal(const Catalog& catalog, const TargetOptions& options, Goal& goal, KernelGoal kernel_goal,
                          std::vector<Resolution>& known) {
  if (goal.target.name == kRootTarget || !goal.target.asks.toolchain) return {};
  ResolveRequest request{.platform = goal.platform,
                         .purpose = goal.cell.kernel && boots(goal, kernel_goal) ? Purpose::boot
                                                                                 : purpose_of(goal.target.asks.use),
                         .compiler = options.llvm ? "clang" : "gcc"};
  request.waived = options.waived;
  request.root = options.root;
  if (goal.cell.kernel) {
    request.kernel = goal.cell.kernel->version;
    if (options.by_records) SWAGE_CHECK(add_records(catalog, goal, request));
  }
  const bool emulated = goal.cell.mode != BuildMode::cross;
  const bool own_compiler = goal.instance && goal.instance->changes_compiler();
  if (own_compiler && (emulated || !options.toolchain.empty()))
    return Fail(Error{
        .what = fmt::format("'{}' and '{}' contradict each other: the instance has a compiler of its own",
                            emulated ? options.accelerate ? "--accelerate" : "--emulate" : "--toolchain",
                            goal.target.version.empty() ? fmt::format("{}@{}", goal.target.text, goal.instance->name)
                                                        : goal.target.text),
        .hint = goal.target.version.empty() ? "leave out the option, or the instance: --instance none"
                                            : "leave out one of them"});
  // Where it is of some packages alone, what is planned has the others' toolchain in its cell, and these packages their
  // own (cells.cpp): who asks for the toolchain itself is told of theirs.
  const bool of_all = own_compiler && goal.instance->only.empty();
  const bool asks_for_toolchain = kernel_goal == KernelGoal::resolution || options.command == "shell";
  if (of_all || (own_compiler && asks_for_toolchain && goal.instance->concerns(goal.target.name))) {
    request.version = goal.instance->version;
    request.toolchain = goal.instance->toolchain;
    if (goal.instance->version) request.compiler = goal.instance->compiler;
  }
  if (!options.toolchain.empty()) {
    request.toolchain = options.toolchain;
  } else if (emulated) {
    // The compiler of the root and the one that stands for it are of one version.
    SWAGE_TRY(const RootRow* root, emulated_root(catalog, kPackageRoot, *goal.platform));
    if (const auto gcc = root->tools.find("host-gcc"); gcc != root->tools.end()) request.version = gcc->second;
  }
  if (goal.target.name == kToolchainTarget && !goal.target.version.empty()) {
    if (!options.toolchain.empty())
      return Fail(
          Error{.what = fmt::format("'--toolchain' and '{}' contradict each other: the target names its toolchain",
                                    goal.target.text),
                .hint = "leave out one of them"});
    SWAGE_TRY(request.toolchain, toolchain_choice(catalog, goal.target, *goal.platform));
    request.purpose = Purpose::kernel;   // what it is for is not asked: one without a C library is a toolchain too
  }
  if (options.llvm && request.toolchain) {
    SWAGE_TRY(const ToolchainRow* row, catalog.toolchain(*request.toolchain, goal.platform->name));
    if (row->compiler != "clang")
      return Fail(Error{.what = fmt::format("'--llvm' and '{}' contradict each other: that is {} {}", row->id,
                                            row->compiler, row->version.str()),
                        .hint = "leave out one of them"});
  }
  // Packages of one platform ask for the same; a kernel's question is its own.
  const auto same = std::find_if(known.begin(), known.end(),
                                 [&](const Resolution& one) { return !request.kernel && one.request == request; });
  if (same != known.end()) {
    goal.resolution = *same;
  } else {
    SWAGE_TRY(goal.resolution, resolve(catalog, request));
    if (!request.kernel) known.push_back(*goal.resolution);
  }
  choose(goal.cell, *goal.resolution);
  return {};
}

// Finds what the target's name means.
Result<void> look_up_target(const Catalog& catalog, const TargetOptions& options, Target& target) {
  if (target.name == kRootTarget || target.name == kToolchainTarget) return {};
  if (target.name.starts_with(kImageTarget)) return look_up_image(catalog, target);
  if (catalog.has_recipe(target.name)) {
    target.recipe = target.name;
    SWAGE_TRY(const TargetRow* asks, catalog.target(target.name));
    target.asks = *asks;
    if (needs_kernel(target) && !target.version.empty() &&
        !std::isdigit(static_cast<unsigned char>(target.version.front()))) {
      SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
      SWAGE_TRY(target.vendor, find_vendor_kernel(*tables, target.version));
      if (!target.vendor) return Fail(no_such_vendor(*tables, target));
    }
    if (!is_package(target)) return {};
    SWAGE_TRY(Catalog::RecipeName named, catalog.parse_recipe_name(target.text));
    target.recipe = named.recipe->full_name();
    target.version = std::move(named.instance);
    return {};
  }
  return Fail(Error{.what = fmt::format("'{}' is not a target", target.name),
                    .hint = hint_for_target(catalog, target.text, options.platforms)});
}

// The platform that differs from this one by its C library alone.
Result<const Platform*> with_libc(const Catalog& catalog, const Platform& platform, const Instance& instance) {
  const auto facts = [](const Platform& p) {
    return std::tie(p.kernel_arch, p.endian, p.bits, p.pointer_bits, p.elf_machine, p.elf_class, p.float_abi, p.gcc,
                    p.format);
  };
  std::vector<std::string> known;
  for (const Platform& other : catalog.platforms()) {
    if (facts(other) != facts(platform) || other.triple.cpu() != platform.triple.cpu()) continue;
    if (other.libc == instance.libc) return &other;
    known.push_back(other.libc);
  }
  Error error = instance_error(
      instance, fmt::format("no platform is like '{}' with the C library '{}'", platform.name, instance.libc));
  error.code = Errc::unsatisfiable;
  error.notes.push_back(fmt::format("known: {}", join(known, ", ")));
  return Fail(std::move(error));
}

// What stands after a package's @ is a member of its family or an instance, or else was meant as a version: of the one
// that there is, or the beginning of that, it is the package itself.
Result<void> take_version(Session& session, const Catalog& catalog, Target& target) {
  if (!is_package(target) || target.version.empty()) return {};
  SWAGE_TRY(const Instances* instances, session.instances());
  if (instances->contains(target.version) || !std::isdigit(static_cast<unsigned char>(target.version.front())))
    return {};
  SWAGE_TRY(const RecipeRow* recipe, catalog.recipe(target.recipe));
  if (recipe->version.empty() && !recipe->source.debian_package.empty())
    SWAGE_CHECK(session.pin({source_key(recipe->source)}));
  SWAGE_TRY(const LockView lock, session.lock_view());
  const std::string version = package_version(*recipe, lock.sources());
  if (version == target.version || version.starts_with(target.version + ".")) {
    target.version.clear();
    return {};
  }
  Error error{.what = fmt::format("'{}' has no version '{}'", target.name, target.version),
              .hint = "see which packages and versions there are with: swage list packages"};
  std::vector<std::string> members;
  SWAGE_TRY(const std::vector<const RecipeRow*> all, catalog.recipes());
  for (const RecipeRow* row : all)
    if (row->name == recipe->name && !row->member.empty()) members.push_back(row->full_name());
  if (!members.empty()) error.notes.push_back(fmt::format("there are: {}", join(members, ", ")));
  else if (!version.empty())
    error.notes.push_back(fmt::format(
        "it is {}{}", version,
        recipe->source.debian_package.empty()
            ? ""
            : fmt::format(", which the lock pins: the archive that {} has of it", recipe->source.debian_suite)));
  return Fail(std::move(error));
}

// The instance that the target names, with what the command line changes of it; null: the usual set of packages.
Result<std::shared_ptr<const Instance>> instance_of(Session& session, const Catalog& catalog,
                                                    const TargetOptions& options, const Target& target) {
  if (target.image) return image_instance(*target.image);
  Instance instance;
  const Instance* found = nullptr;
  if (is_package(target) && !target.version.empty()) {
    SWAGE_TRY(const Instances* known, session.instances());
    SWAGE_TRY(found,
              target.version == kNoInstance ? Result<const Instance*>(nullptr) : find_instance(*known, target.version));
  } else if (is_of_a_set(target)) {
    SWAGE_TRY(found, session.usual_instance());
  }
  if (found) instance = *found;
  else if (options.with.empty() && options.without.empty() && !options.is_static) {
    return nullptr;
  }
  instance.is_static = instance.is_static || options.is_static;
  for (const auto& [words, on] : {std::pair(&options.with, true), std::pair(&options.without, false)})
    for (const std::string& word : *words) {
      const auto colon = word.find(':');
      const std::string package = colon == std::string::npos ? target.name : word.substr(0, colon);
      instance.features[package][word.substr(colon == std::string::npos ? 0 : colon + 1)] = on;
    }
  SWAGE_CHECK(check_instance(catalog, instance));
  return std::make_shared<const Instance>(std::move(instance));
}

// For the build platform itself there is nothing to emulate.
Result<void> check_emulation(const TargetOptions& options, const std::vector<const Platform*>& platforms) {
  const bool foreign = std::any_of(platforms.begin(), platforms.end(),
                                   [](const Platform* platform) { return platform->name != kBuildPlatform; });
  if (foreign || (!options.emulate && !options.accelerate)) return {};
  return Fail(Error{.what = fmt::format("'{}' says nothing of '{}', which is the platform that builds",
                                        options.emulate ? "--emulate" : "--accelerate", kBuildPlatform),
                    .hint = "name another one with: --for PLATFORM"});
}
Result<BuildMode> mode_of(const Catalog& catalog, const TargetOptions& options,
                          const Platform& platform) {
  if ((!options.emulate && !options.accelerate) || platform.name == kBuildPlatform) return BuildMode::cross;
  if (platform.qemu_user.empty())
    return Fail(Error{.code = Errc::unsatisfiable,
                      .what = fmt::format("nothing can be built as '{}': it has no emulator", platform.name)});
  SWAGE_CHECK(emulated_root(catalog, kPackageRoot, platform));
  return options.accelerate ? BuildMode::accelerated : BuildMode::emulated;
}

// The platform of --target goes into the cells of what emits code; its compiler too, where there is one.
Result<void> set_target(const Catalog& catalog, const TargetOptions& options, Goal& goal) {
  if (options.emits_for.empty()) return {};
  const RecipeRow* recipe = nullptr;
  if (!goal.target.recipe.empty()) { SWAGE_TRY(recipe, catalog.recipe(goal.target.recipe)); }
  if (!recipe || !recipe->targeted)
    return Fail(Error{.what = fmt::format("'{}' emits no code, so '--target' says nothing of it", goal.target.text),
                      .hint = "the platform that it is to run on is --for"});
  SWAGE_TRY(const Platform* target, catalog.platform(options.emits_for));
  if (target == goal.platform) return {};   // what it means without --target
  goal.cell.target = target;
  SWAGE_TRY(const Resolution resolution, resolve(catalog, {.platform = target, .purpose = Purpose::userland}));
  goal.cell.target_toolchain = resolution.chosen;
  return {};
}

// Components that are trees of a layer go into the store, each once.
Result<void> read_trees(Session& session, const Catalog& catalog, std::deque<Goal>& goals) {
  std::map<std::string, Source> trees;
  const auto read = [&](Cell& cell) -> Result<void> {
    if (!cell.toolchain) return {};
    for (const std::string& id : cell.toolchain->components) {
      SWAGE_TRY(const ComponentRow* row, catalog.component(id));
      if (row->tree.empty() || cell.trees.contains(id)) continue;
      if (!trees.contains(id)) {
        SWAGE_TRY(Source source, component_source(session, *row));
        trees.emplace(id, std::move(source));
      }
      cell.trees.emplace(id, trees.at(id));
    }
    return {};
  };
  for (Goal& goal : goals) {
    SWAGE_CHECK(read(goal.cell));
    if (goal.kernel) SWAGE_CHECK(read(goal.kernel->cell));
  }
  return {};
}

// Where the kernel's tree is in the store, if it is there.
std::optional<fs::path> tree_of(Session& session, const KernelChoice& choice) {
  const Result<Store*> store = session.store();
  if (!store || !choice.source) return std::nullopt;
  return (*store)->real_path(choice.source->path);
}

// Sees to it that the lock file knows which releases the kernels of the targets are, all with one question. Where a
// series cannot be had there may be another release that is meant.
Result<void> pin_kernels(Session& session, const Catalog& catalog, const TargetOptions& options,
                         const std::vector<Target>& targets) {
  std::vector<std::optional<Version>> kernels;
  for (const Target& target : targets) {
    if (!options.src.empty() || !needs_kernel(target) || target.vendor) continue;
    std::optional<Version>& wanted = kernels.emplace_back();
    if (!target.version.empty()) { SWAGE_TRY(wanted, Version::parse(target.version)); }
  }
  std::optional<Error> problem;
  for (std::set<std::string> keys;; keys.clear()) {   // again when the newest of all cannot be had
    SWAGE_TRY(const LockView lock, session.lock_view());
    for (const auto& wanted : kernels) keys.merge(unpinned_kernels(catalog, lock.sources(), wanted));
    if (keys.empty()) break;
    Result<void> pinned = session.pin(keys);
    if (!pinned && (pinned.error().code == Errc::interrupted || session.options().offline)) return pinned;
    if (!pinned) problem = std::move(pinned).error();
  }
  if (!problem) return {};
  SWAGE_TRY(const LockView lock, session.lock_view());
  for (const auto& wanted : kernels)
    if (!find_kernel(catalog, lock.sources(), wanted)) return Fail(*std::move(problem));
  session.reporter().on(Message{fmt::format("note: {}", problem->what)});
  return {};
}

// The kernel that the target is of, if it is of one. Which release that is the lock file knows (pin_kernels).
Result<std::optional<KernelChoice>> kernel_of(Session& session, const Catalog& catalog, const TargetOptions& options,
                                              const Target& target, const std::vector<const Platform*>& platforms,
                                              KernelGoal kernel_goal) {
  if (!needs_kernel(target)) return std::nullopt;
  if (target.vendor) {
    SWAGE_TRY(KernelChoice choice, kernel_of_vendor(session, catalog, options, target, platforms));
    return choice;
  }
  if (!options.src.empty()) return local_kernel(session, options.src, target.version, platforms);
  SWAGE_TRY(const LockView lock, session.lock_view());
  std::optional<Version> wanted;
  if (!target.version.empty()) { SWAGE_TRY(wanted, Version::parse(target.version)); }
  Result<KernelChoice> found = find_kernel(catalog, lock.sources(), wanted);
  const bool unknown = !found && found.error().code == Errc::invalid_input;
  if (unknown && wanted && kernel_goal == KernelGoal::resolution) return KernelChoice{.version = *wanted};
  return found;
}

Result<void> complete_goal(Session& session, const TargetOptions& options, KernelGoal kernel_goal,
                           const std::optional<KernelChoice>& choice, Goal& goal,
                           std::vector<Resolution>& resolutions);

// The kernel of an image, where it is a vendor's: `linux@rpi --for` its board.
Result<void> add_kernel_of_image(Session& session, const TargetOptions& options, KernelGoal kernel_goal, Goal& goal,
                                 std::vector<Resolution>& resolutions) {
  const ImageRow* image = goal.target.image;
  if (!image || !image->is_of_vendor()) return {};
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(Target target, parse_target(fmt::format("{}@{}", catalog->kernel_recipe(), image->vendor_kernel)));
  SWAGE_CHECK(look_up_target(*catalog, options, target));
  SWAGE_TRY(const Platform* platform, catalog->platform(image->board->platform));
  const TargetOptions own{
      .command = options.command, .targets = {target.text}, .config = "defconfig", .src = options.src};
  goal.kernel = std::make_shared<Goal>(Goal{.target = target, .platform = platform, .board = image->board});
  SWAGE_TRY(std::optional<KernelChoice> choice, kernel_of(session, *catalog, own, target, {platform}, kernel_goal));
  SWAGE_TRY(KernelOptions kernel, kernel_options(own, own.config));
  set_options(*choice, std::move(kernel));
  use_defconfig(choice->options.config, image->board->defconfigs.at(platform->name));
  SWAGE_CHECK(complete_goal(session, own, kernel_goal, choice, *goal.kernel, resolutions));
  goal.cell.image_kernel = &goal.kernel->cell;
  return {};
}

// All of a goal but its target, platform and instance. `resolutions`: of earlier goals.
Result<void> complete_goal(Session& session, const TargetOptions& options, KernelGoal kernel_goal,
                           const std::optional<KernelChoice>& choice, Goal& goal,
                           std::vector<Resolution>& resolutions) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  if (goal.instance && !goal.instance->libc.empty()) {
    SWAGE_TRY(goal.platform, with_libc(*catalog, *goal.platform, *goal.instance));
  }
  const Platform& platform = *goal.platform;
  goal.cell.platform = &platform;
  goal.cell.instance = goal.instance.get();
  goal.cell.image = goal.target.image;
  if (goal.target.name == kRootTarget && !goal.target.version.empty()) SWAGE_CHECK(catalog->root(goal.target.version));
  SWAGE_TRY(goal.cell.mode, mode_of(*catalog, options, platform));
  if (choice) {
    const KernelOptions& kernel = choice->options;
    if (kernel.config_text) SWAGE_CHECK(check_config_arch(*kernel.config_text, kernel.config, platform.kernel_arch));
    goal.cell.kernel = choice;
    if (goal.target.asks.machine && kernel_goal != KernelGoal::resolution) {
      SWAGE_TRY(goal.cell.machine, find_machine(*catalog, platform, choice->version));
    }
  }
  SWAGE_CHECK(set_target(*catalog, options, goal));
  SWAGE_CHECK(resolve_goal(*catalog, options, goal, kernel_goal, resolutions));
  SWAGE_CHECK(add_kernel_of_image(session, options, kernel_goal, goal, resolutions));
  if (goal.cell.toolchain && kernel_goal != KernelGoal::resolution)
    if (Result<void> pinned = session.pin_archive(goal.cell.toolchain->source); !pinned)
      goal.unpinned = std::move(pinned).error();
  return {};
}

}  // namespace

Result<void> check_instance(const Catalog& catalog, const Instance& instance) {
  const auto check = [&](const std::string& package) -> Result<void> {
    if (catalog.has_recipe(package)) return {};
    Error error = instance_error(instance, fmt::format("'{}' is not a package", package));
    error.hint = did_you_mean(package, catalog.recipe_names());
    return Fail(std::move(error));
  };
  if (!instance.libc.empty())
    if (auto known = catalog.c_library(instance.libc); !known)
      return Fail(std::move(known).error().at(instance.libc_pos));
  for (const std::string& package : instance.only) SWAGE_CHECK(check(package));
  for (const auto& [package, features] : instance.features) {
    SWAGE_CHECK(check(package));
    SWAGE_TRY(const RecipeRow* recipe, catalog.recipe(package));
    SWAGE_CHECK(features_of(*recipe, &instance));
  }
  return {};
}

bool is_all_word(std::string_view platform) { return platform == "all" || platform == "ALL"; }

bool names_all(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& list) {
    const std::vector<std::string_view> parts = split(list, ',');
    return std::any_of(parts.begin(), parts.end(), is_all_word);
  });
}

Result<std::vector<const Platform*>> parse_platforms(const Catalog& catalog, const std::vector<std::string>& names) {
  std::vector<const Platform*> platforms;
  const auto add = [&](const Platform* platform) {
    if (std::find(platforms.begin(), platforms.end(), platform) == platforms.end()) platforms.push_back(platform);
  };
  for (const std::string& list : names)
    for (const std::string_view name : split(list, ',')) {
      if (is_all_word(name)) {
        SWAGE_TRY(const std::vector<MachineRow>* machines, catalog.machines());
        for (const Platform& platform : catalog.platforms())
          if (catalog.has_toolchains(platform.name) &&
              std::any_of(machines->begin(), machines->end(),
                          [&](const MachineRow& row) { return row.platform == platform.name; }))
            add(&platform);
        continue;
      }
      SWAGE_TRY(const Platform* platform, catalog.platform(name));
      add(platform);
    }
  if (platforms.empty()) {
    SWAGE_TRY(const Platform* platform, catalog.platform(kBuildPlatform));
    add(platform);
  }
  return platforms;
}

Result<std::vector<const Platform*>> platforms_of(const Catalog& catalog, const Workspace& workspace) {
  std::vector<Error> errors;
  for (std::size_t i = 0; i < workspace.platforms.size(); ++i)
    if (auto known = parse_platforms(catalog, {workspace.platforms[i]}); !known)
      errors.push_back(std::move(known).error().at(workspace.platform_pos[i]));
  if (!errors.empty()) return Fail(together(std::move(errors)));
  return parse_platforms(catalog, workspace.platforms);
}

Result<std::vector<const Platform*>> wanted_platforms(Session& session, const TargetOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const Workspace* workspace, session.workspace());
  return options.platforms.empty() ? platforms_of(*catalog, *workspace) : parse_platforms(*catalog, options.platforms);
}

TargetKind kind_of(const Target& target) {
  if (target.name == kToolchainTarget) return TargetKind::toolchain;
  if (target.name == kRootTarget) return TargetKind::root;
  if (target.image) return TargetKind::image;
  if (target.asks.is_tree()) return TargetKind::kernel_tree;
  return target.asks.kernel ? TargetKind::kernel : TargetKind::package;
}

Result<void> check_boots(const Target& target) {
  if (!target.asks.booted_by.empty()) return {};
  return fail(Errc::invalid_input,
              fmt::format("'{}' does not boot: its recipe names none that boots it (booted_by)", target.text));
}

Result<Target> parse_target(const std::string& text) {
  const auto at = text.find('@');
  Target target{.text = text, .name = text.substr(0, at)};
  if (at != std::string::npos) target.version = text.substr(at + 1);
  if (target.name.empty() || (at != std::string::npos && target.version.empty()))
    return Fail(Error{.what = fmt::format("'{}' is not a target", text), .hint = "write it as NAME or NAME@VERSION"});
  return target;
}

Result<std::vector<Target>> find_targets(Session& session, const TargetOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  std::vector<Target> targets;
  SWAGE_TRY(const std::vector<std::string> texts, without_groups(session, *catalog, options.targets));
  for (const std::string& text : texts) {
    SWAGE_TRY(Target target, parse_target(text));
    if (text.find(',') != std::string::npos)
      return Fail(Error{.what = fmt::format("'{}' is not a target", text),
                        .hint = hint_for_target(*catalog, text, options.platforms)});
    SWAGE_CHECK(look_up_target(*catalog, options, target));
    SWAGE_CHECK(take_version(session, *catalog, target));
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<std::deque<Goal>> make_goals(Session& session, const TargetOptions& options, std::string_view default_config,
                                    KernelGoal kernel_goal, const OnImpossible& impossible) {
  session.expect_lock_view();
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const std::vector<Target> targets, find_targets(session, options));
  std::vector<KnownTarget> known;
  for (const Target& target : targets) known.push_back({target.text, kind_of(target)});
  SWAGE_CHECK(check_options(options, known));
  SWAGE_CHECK(check_feature_words(*catalog, options, targets));
  SWAGE_CHECK(check_tree_of_images(options, targets));
  const auto takes_instance = [](const Target& target) { return is_of_a_set(target) && target.version.empty(); };
  if (!session.options().instance.empty() && !targets.empty() &&
      std::none_of(targets.begin(), targets.end(), takes_instance))
    return Fail(nothing_of("--instance", known.front(), {"packages that name none"}, options.command));
  const auto of_vendor = [](const Target& target) { return target.vendor.has_value(); };
  const bool all_of_vendors = !targets.empty() && std::all_of(targets.begin(), targets.end(), of_vendor);
  std::vector<const Platform*> platforms;   // of what is for platforms: --for names a vendor's kernels boards
  if (!all_of_vendors) { SWAGE_TRY(platforms, wanted_platforms(session, options)); }
  SWAGE_CHECK(check_emulation(options, platforms));
  SWAGE_TRY(const KernelOptions kernel, kernel_options(options, default_config));
  // Said before a tree is fetched and copied for minutes.
  if (!options.src.empty() && !options.toolchain.empty())
    for (const Platform* platform : platforms) SWAGE_CHECK(check_toolchain(*catalog, options.toolchain, *platform));
  SWAGE_CHECK(pin_kernels(session, *catalog, options, targets));
  std::deque<Goal> goals;
  std::vector<Resolution> resolutions;
  for (const Target& target : targets) {
    SWAGE_TRY(const std::shared_ptr<const Instance> instance, instance_of(session, *catalog, options, target));
    SWAGE_TRY(const std::vector<BoardGoal> boards, vendor_boards(*catalog, options, target));
    std::vector<const Platform*> own = platforms;
    if (target.image) { SWAGE_TRY(own, image_platforms(*catalog, options, target)); }
    if (target.vendor) own.clear();
    for (const BoardGoal& one : boards) own.push_back(one.platform);
    SWAGE_TRY(std::optional<KernelChoice> choice, kernel_of(session, *catalog, options, target, own, kernel_goal));
    if (choice) {
      set_options(*choice, kernel);
      SWAGE_CHECK(check_config_files(*catalog, kernel, options.src.empty() ? std::nullopt : tree_of(session, *choice)));
    }
    for (std::size_t i = 0; i < own.size(); ++i) {
      Goal& goal = goals.emplace_back(Goal{.target = target, .platform = own[i], .instance = instance});
      std::optional<KernelChoice> of_goal = choice;
      if (target.vendor) {
        goal.board = boards[i].board;
        use_defconfig(of_goal->options.config, goal.board->defconfigs.at(own[i]->name));
      }
      if (Result<void> made = complete_goal(session, options, kernel_goal, of_goal, goal, resolutions); !made) {
        if (!impossible || made.error().code == Errc::interrupted) return Fail(std::move(made).error());
        impossible(goal, made.error());
        goals.pop_back();
      }
      if (target.name == kRootTarget) break;
    }
  }
  return goals;
}

Result<void> pin_kernel_series(Session& session) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  std::set<std::string> keys;
  for (const KernelRow& row : catalog->kernels())
    if (!row.source.debian_package.empty()) keys.insert(source_key(row.source));
  return session.pin(keys);
}

Result<void> plan_goals(Session& session, std::deque<Goal>& goals, Planner& planner, KernelGoal kernel_goal,
                        const OnImpossible& impossible) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_CHECK(read_trees(session, *catalog, goals));
  const auto plan = [&](const Goal& goal) -> Result<Wanted> {
    for (const Goal* one : {static_cast<const Goal*>(goal.kernel.get()), &goal}) {
      if (!one) continue;
      if (one->resolution && !one->resolution->chosen) return Fail(unsatisfied(*catalog, *one->resolution));
      if (one->unpinned) return Fail(*one->unpinned);
    }
    if (goal.target.name == kRootTarget) return planner.root(goal.target.version);
    if (goal.target.name == kToolchainTarget) return planner.toolchain(*goal.cell.toolchain, goal.cell.trees);
    return planner.package(boots(goal, kernel_goal) ? goal.target.asks.booted_by : goal.target.recipe, goal.cell);
  };
  for (Goal& goal : goals) {
    Result<Wanted> wanted = plan(goal);
    if (wanted) goal.wanted = *std::move(wanted);
    else if (impossible) impossible(goal, wanted.error());
    else return Fail(std::move(wanted).error());
  }
  return {};
}

std::string goal_label(const Goal& goal) {
  if (goal.board)
    return fmt::format("{}@{} for {}{}", goal.target.name, goal.target.vendor->name(), goal.board->name,
                       goal.platform->name == goal.board->platform ? "" : ":" + goal.platform->name);
  std::string label =
      goal.cell.kernel ? fmt::format("{}@{}", goal.target.name, goal.cell.kernel->version.str()) : goal.target.text;
  if (goal.target.name == kRootTarget) return label;
  if (goal.cell.target) label += fmt::format(" that emits code for {},", goal.cell.target->name);
  return fmt::format("{} for {}", label, goal.platform->name);
}

void choose(Cell& cell, const Resolution& resolution) {
  cell.toolchain = resolution.chosen;
  cell.root = resolution.root;
  cell.quirks.clear();
  for (const QuirkApplied& one : resolution.quirks) cell.quirks.push_back(one.quirk);
}

}  // namespace swage
