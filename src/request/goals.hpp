// From the words on the command line (`linux@6.1 --for arm64,mipsel --config tiny`) to cells and planned derivations.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plan/planner.hpp"
#include "request/session.hpp"
#include "resolve/resolve.hpp"

namespace swage {

// Roots that commands ask for themselves.
inline constexpr const char* kPackageRoot = "packages";    // that packages are built in
inline constexpr const char* kEmulators = "emulators";     // with qemu-user

// Targets that are not recipes of that name: root@NAME, and toolchain or toolchain@NAME.
inline constexpr const char* kRootTarget = "root";
inline constexpr const char* kToolchainTarget = "toolchain";
// And images: image/NAME. This recipe makes them.
inline constexpr std::string_view kImageTarget = "image/";
inline constexpr const char* kImageRecipe = "image";

// What a target is: options say something of some kinds only (option_kinds.hpp).
enum class TargetKind { kernel, kernel_tree, package, toolchain, root, image, store_path };

// The options that say what to build, shared by build, boot, plan, resolve and shell.
struct TargetOptions {
  std::string command{};                     // whose options these are
  std::vector<std::string> targets{};
  std::vector<std::string> platforms{};      // --for, split at commas; `all`: every platform with a toolchain and a
                                             // machine
  std::string config{};                      // --config
  std::vector<std::string> enable{}, disable{}, set{};   // --enable SYM, --disable SYM, --set SYM=VALUE
  std::vector<std::string> fragments{};      // --fragment FILE
  bool strict_config = false;
  std::string src{};                         // --src DIR
  std::vector<std::string> patches{};        // --patch FILE
  std::string toolchain{};                   // --toolchain ID
  bool llvm = false;                         // --llvm
  std::vector<std::string> with{}, without{};   // --with, --without [PACKAGE:]FEATURE
  bool is_static = false;                    // --static
  bool emulate = false, accelerate = false;  // --emulate, --accelerate
  std::string emits_for{};                   // --target PLATFORM
  unsigned objects = 0;                      // --objects N: that are compiled instead of the kernel; 0: that is built
  std::string seed{};                        // --seed S: which ones; "" 1
  std::string vendor{};                      // --vendor NAME: whose the tree of --src is
  bool by_records = true;                    // a toolchain that has booted the cell comes first; not when that is to be
                                             // found out
  // Of no option of the command line: what is known is overruled, to see whether it is true (ResolveRequest).
  std::set<std::string> waived{};
  std::string root{};
};

// The platforms that --for names, each once; x86_64 when it names none.
Result<std::vector<const Platform*>> parse_platforms(const Catalog& catalog, const std::vector<std::string>& names);

bool is_all_word(std::string_view platform);   // of --for
bool names_all(const std::vector<std::string>& names);   // that one of them is `all`

// Those that a swage.toml names, all that are none together, each with its place.
Result<std::vector<const Platform*>> platforms_of(const Catalog& catalog, const Workspace& workspace);
// That there is what the instance names.
Result<void> check_instance(const Catalog& catalog, const Instance& instance);

// Those of --for, or the workspace's.
Result<std::vector<const Platform*>> wanted_platforms(Session& session, const TargetOptions& options);

// `NAME[@VERSION]`, `linux@VENDOR[-BUNDLE][-FLAVOUR]`, `image/NAME`; of a package `NAME[@MEMBER][@INSTANCE]`.
struct Target {
  std::string text;                          // as written
  std::string name;
  std::string version{};                     // of a package: the instance
  // Once it is looked up: the recipe's full name, and what it asks for. Of roots and toolchains: "", and what packages
  // ask for.
  std::string recipe{};
  TargetRow asks{};
  const ImageRow* image = nullptr;
  std::optional<VendorKernel> vendor{};      // of a kernel's target: linux@rpi
};
Result<Target> parse_target(const std::string& text);
TargetKind kind_of(const Target& target);   // once it is looked up
// Every target that is named: parsed and found in the catalog.
Result<std::vector<Target>> find_targets(Session& session, const TargetOptions& options);

// One target for one platform.
struct Goal {
  Target target;
  const Platform* platform = nullptr;
  const BoardRow* board = nullptr;           // that a vendor's kernel is configured for
  std::shared_ptr<const Instance> instance{};   // that the cell is of, if any
  Cell cell{};
  std::optional<Resolution> resolution{};    // of the toolchain
  std::optional<Error> unpinned{};           // why the toolchain's archive could not be pinned
  std::shared_ptr<Goal> kernel{};            // of an image whose kernel is built: that one's
  std::optional<Wanted> wanted{};            // once planned
};

// An error for what no recipe boots.
Result<void> check_boots(const Target& target);

enum class KernelGoal {
  artifact,
  boot,         // of what the target makes, by the recipe that boots it
  farthest,     // the same where something emulates the machine, and else the artifact
  resolution,   // nothing is built: a kernel that the catalog does not have will do
};

// Told of a goal that cannot be made or planned: the others go on. Without one the first such error ends all.
using OnImpossible = std::function<void(const Goal&, const Error&)>;

// Parses targets and platforms and resolves a toolchain for each pair. Goals keep their addresses.
Result<std::deque<Goal>> make_goals(Session& session, const TargetOptions& options, std::string_view default_config,
                                    KernelGoal kernel_goal = KernelGoal::artifact, const OnImpossible& impossible = {});

// Sees to it that the lock file pins every series of kernels, where they can be had: for who goes through all of them.
Result<void> pin_kernel_series(Session& session);

// Adds what makes every goal to the planner's graph.
Result<void> plan_goals(Session& session, std::deque<Goal>& goals, Planner& planner,
                        KernelGoal kernel_goal = KernelGoal::artifact, const OnImpossible& impossible = {});

std::string goal_label(const Goal& goal);    // "linux@6.1.170 for arm64"

// Gives the cell what was resolved for it: toolchain, root and quirks.
void choose(Cell& cell, const Resolution& resolution);

}  // namespace swage
