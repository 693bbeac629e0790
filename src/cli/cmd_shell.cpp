// swage shell: the toolchain of a target on PATH and its variables set. Of a kernel, in the root that it is built in
// and in a tree of it; of a foreign platform itself, in its root; and else the caller's own shell.
#include <array>
#include <cstdlib>
#include <cstring>
#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/target_options.hpp"
#include "plan/quirks.hpp"
#include "request/given_tree.hpp"
#include "request/realising.hpp"

namespace swage {

namespace {

struct ShellOptions {
  TargetOptions targets{};
  RealiseOptions realise{};
  std::string command{};
  std::string directory{};                      // --dir DIR
  std::optional<fs::path> own_tree{};           // the kernel tree of --src, where it is
};

constexpr const char* kSystemPath = "/usr/sbin:/usr/bin:/sbin:/bin";

// What a caller's environment may say of the build machine's headers and libraries, to compilers of any platform.
constexpr std::array kOfBuildMachine{
    "CPATH",         "C_INCLUDE_PATH",  "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH",
    "COMPILER_PATH", "GCC_EXEC_PREFIX", "PKG_CONFIG_PATH",    "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR"};
// The same of its programs and its loader, where there is a root in place of its own.
constexpr std::array kOfOtherSystem{"CC",
                                    "CXX",
                                    "CPP",
                                    "LD",
                                    "AS",
                                    "AR",
                                    "NM",
                                    "RANLIB",
                                    "STRIP",
                                    "OBJCOPY",
                                    "OBJDUMP",
                                    "READELF",
                                    "SIZE",
                                    "HOSTCC",
                                    "HOSTCXX",
                                    "PKG_CONFIG",
                                    "CMAKE_TOOLCHAIN_FILE",
                                    "LD_PRELOAD",
                                    "LD_LIBRARY_PATH"};

// A variable definition as MAKEFLAGS wants it: spaces and the like escaped.
std::string make_definition(std::string_view name, std::string_view value) {
  std::string out = fmt::format("{}=", name);
  for (const char c : value) {
    if (c == ' ' || c == '\t' || c == '\\') out += '\\';
    if (c == '$') out += '$';
    out += c;
  }
  return out;
}

// What catalog/scripts/kernel/kbuild.sh says on make's command line. A kernel's Makefile assigns CC, LD and HOSTCC
// itself, which only that, or MAKEFLAGS, overrides.
std::vector<std::string> make_definitions(const Goal& goal, const std::string& cc, const std::string& ld) {
  const auto quirks = quirk_values(goal.cell.quirks);
  std::vector<std::string> out;
  const auto define = [&](const char* name, std::string_view before, const char* quirk) {
    const std::string& value = quirks.find(quirk)->second;
    if (!value.empty())
      out.push_back(make_definition(name, before.empty() ? value : fmt::format("{} {}", before, value)));
  };
  define("HOSTCC", "", "host_cc");
  define("CC", cc, "cc_flags");
  define("LD", ld, "ld_flags");
  define("KCFLAGS", "", "cflags");
  define("KAFLAGS", "", "aflags");
  for (const QuirkRow* quirk : goal.cell.quirks)
    out.insert(out.end(), quirk->make_args.begin(), quirk->make_args.end());
  if (goal.cell.toolchain->compiler == "clang") {
    if (quirks.find("host_cc")->second.empty()) out.push_back("HOSTCC=gcc");
    out.insert(out.end(), {"HOSTCXX=g++", "HOSTLD=ld", "HOSTAR=ar"});
  }
  return out;
}

// `beside`: what the recipe `shell` or `shell-kernel` makes, whose programs stand before the toolchain's.
std::map<std::string, std::string> variables(const Goal& goal, const std::string& beside,
                                             const std::string& toolchain) {
  const ToolchainRow& row = *goal.cell.toolchain;
  const bool clang = row.compiler == "clang", kernel = goal.cell.kernel.has_value();
  const std::string tools = clang ? "llvm-" : row.prefix,
                    compiler = clang && kernel ? "clang" : row.prefix + row.compiler;
  const std::string ld = clang ? "ld.lld" : row.prefix + "ld";
  const std::string host_cc = quirk_values(goal.cell.quirks).find("host_cc")->second;
  const char* path = kernel ? kSystemPath : std::getenv("PATH");
  std::map<std::string, std::string> env{
      {"PATH", fmt::format("{}/bin:{}/bin:{}", beside, toolchain, path ? path : kSystemPath)},
      {"ARCH", goal.platform->kernel_arch},
      {"CROSS_COMPILE", row.prefix},
      {"CC", compiler},
      {"CXX", row.prefix + (clang ? "clang++" : "g++")},
      {"CPP", compiler + " -E"},
      {"LD", ld},
      {"AS", row.prefix + "as"},
      {"HOSTCC", host_cc.empty() ? "gcc" : host_cc},
      {"PKG_CONFIG", row.prefix + "pkg-config"},
      {"PKG_CONFIG_LIBDIR", beside + "/lib/pkgconfig"},
      {"CMAKE_TOOLCHAIN_FILE", beside + "/toolchain.cmake"},
      {"MESON_CROSS_FILE", beside + "/cross.ini"},
      {"SWAGE_TOOLCHAIN", toolchain},
      {"SWAGE_SHELL", fmt::format("{} {}", goal.platform->name, row.id)},
  };
  for (const auto& [name, tool] :
       {std::pair("AR", "ar"), std::pair("NM", "nm"), std::pair("RANLIB", "ranlib"), std::pair("STRIP", "strip"),
        std::pair("OBJCOPY", "objcopy"), std::pair("OBJDUMP", "objdump"), std::pair("READELF", "readelf"),
        std::pair("SIZE", "size")})
    env[name] = tools + tool;
  if (kernel) env["LC_ALL"] = "C";   // the root has no other
  if (clang) env.insert({{"LLVM", "1"}, {"LLVM_IAS", "1"}});
  if (const auto definitions = make_definitions(goal, compiler, ld); !definitions.empty()) {
    const char* flags = std::getenv("MAKEFLAGS");
    env["MAKEFLAGS"] = fmt::format("{}{} {}", flags ? flags : "", flags && std::strstr(flags, " -- ") ? "" : " --",
                                   join(definitions, " "));
  }
  return env;
}

// A system in place of the caller's has no other shell.
Result<int> start_shell(HostViewSpec spec, const std::string& command) {
  spec.unset.assign(kOfBuildMachine.begin(), kOfBuildMachine.end());
  if (!spec.system.empty()) spec.unset.insert(spec.unset.end(), kOfOtherSystem.begin(), kOfOtherSystem.end());
  const char* shell = spec.system.empty() ? std::getenv("SHELL") : "/bin/bash";
  if (!command.empty()) spec.argv = {"/bin/sh", "-c", command};
  else spec.argv = {shell && *shell ? shell : "/bin/sh"};
  return run_in_host_view(spec);
}

Result<void> want(Planned& planned, const Goal& goal, Result<Wanted> wanted) {
  SWAGE_TRY(Wanted one, std::move(wanted));
  planned.wanted.push_back(std::move(one));
  planned.goals.push_back(&goal);
  return {};
}

fs::path in_store(const Store& store, const std::string& path) { return store.root() / path.substr(1); }

// A shell of the platform itself, in the root that its packages are built in under emulation.
Result<int> run_emulated(Session& session, const Goal& goal, const ShellOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const RootRow* row, emulated_root(*catalog, kPackageRoot, *goal.platform));
  Planned planned;
  SWAGE_TRY(planned.planner, plan_with_pins(session, [&](Planner& planner) -> Result<void> {
              planned.wanted.clear();
              planned.goals.clear();
              for (const char* root : {row->name.c_str(), kEmulators})
                SWAGE_CHECK(want(planned, goal, planner.root(root)));
              return {};
            }));
  SWAGE_TRY(Store* store, realise_to_run(session, planned, options.realise));
  HostViewSpec spec{.store_root = store->root(), .env = {{"PATH", kSystemPath}, {"SWAGE_SHELL", goal.platform->name}}};
  spec.system = in_store(*store, output_path(planned, planned.wanted[0]));
  spec.emulation = emulation_by(*store, planned, planned.wanted[1], *goal.platform);
  return start_shell(std::move(spec), options.command);
}

// The toolchain in the root that the kernel is built in, and in its tree; what changes the tree in builds has changed a
// copy of swage's.
Result<int> run_for_kernel(Session& session, Planned planned, const Goal& goal, const ShellOptions& options) {
  const Version& version = goal.cell.kernel->version;
  SWAGE_TRY(const fs::path place,
            options.own_tree ? Result<fs::path>(*options.own_tree) : place_of_tree(version, options.directory));
  SWAGE_CHECK(want(planned, goal, planned.planner->root(goal.cell.root->name)));
  std::string tree;   // in the store; "" the place has it
  if (!path_exists(place)) {
    const bool present = has_own_tree(goal.cell);
    if (!present) SWAGE_CHECK(want(planned, goal, planned.planner->package(goal.target.asks.tree, goal.cell)));
    tree = present ? goal.cell.kernel->source->path.str() : output_path(planned, planned.wanted.back());
  }
  SWAGE_TRY(Store* store, realise_to_run(session, planned, options.realise));
  if (!tree.empty()) {
    session.reporter().on(Message{fmt::format("note: copying linux {} to '{}'", version.str(), place.string())});
    SWAGE_CHECK(copy_tree(in_store(*store, tree), place));
    session.stop_reporter();
  }
  const std::string beside = output_path(planned, planned.wanted[0]);
  const std::string toolchain = planned.planner->graph().find(planned.wanted[0].drv)->drv.env.at("deps_build");
  HostViewSpec spec{.store_root = store->root(), .env = variables(goal, beside, toolchain), .directory = place};
  spec.system = in_store(*store, output_path(planned, planned.wanted[1]));
  return start_shell(std::move(spec), options.command);
}

// A tree of the user's own is where the shell is, also when it has been built in: nothing of it goes into the store.
Result<void> stay_in_tree(Session& session, ShellOptions& options) {
  TargetOptions& targets = options.targets;
  if (targets.src.empty() || !directory_exists(targets.src)) return {};
  if (!targets.patches.empty())
    return Fail(Error{.what = fmt::format("'--patch' would change '{}', which is yours", targets.src),
                      .hint = fmt::format("apply it with: patch -d {} -p1", targets.src)});
  if (!options.directory.empty())
    return Fail(
        Error{.what = fmt::format("'--dir' says where a tree is put, and '{}' stays where it is", targets.src)});
  SWAGE_TRY(const Version found, version_of_tree(targets.src));
  SWAGE_TRY(const fs::path tree, absolute_path(targets.src));
  options.own_tree = tree.lexically_normal();
  targets.src.clear();
  SWAGE_TRY(const std::vector<Target> named, find_targets(session, targets));
  targets.targets.clear();
  for (const Target& target : named) {
    const std::string& text = target.text;
    if (kind_of(target) != TargetKind::kernel)
      return fail(Errc::invalid_input, fmt::format("'{}' is not a kernel, so '--src' says nothing of it", text));
    if (!target.version.empty()) {
      SWAGE_TRY(const Version wanted, Version::parse(target.version));
      if (!wanted.is_prefix_of(found))
        return fail(Errc::invalid_input,
                    fmt::format("'{}' is linux {}, not {}", options.own_tree->string(), found.str(), target.version));
    }
    targets.targets.push_back(fmt::format("{}@{}", target.name, found.str()));
  }
  return {};
}

Result<int> run(Session& session, ShellOptions options) {
  const TargetOptions& targets = options.targets;
  if (targets.accelerate)
    return Fail(Error{.what = "'--accelerate' is for builds: a shell has no compiler put in its place",
                      .hint = "a shell of the platform itself is: swage shell --for PLATFORM --emulate"});
  if (targets.targets.empty() && !targets.emulate)
    return Fail(Error{.what = "TARGET is missing",
                      .hint = "name what the toolchain is for: swage shell linux@6.1 --for PLATFORM"});
  if (targets.targets.empty()) options.targets.targets = {"toolchain"};
  SWAGE_CHECK(stay_in_tree(session, options));
  // Of a tree that is there already the catalog needs to know nothing.
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options.targets, "tiny",
                                               options.own_tree ? KernelGoal::resolution : KernelGoal::artifact));
  if (goals.size() != 1) return fail(Errc::invalid_input, "'swage shell' wants one platform");
  Goal& goal = goals.front();
  if (goal.cell.mode == BuildMode::emulated) return run_emulated(session, goal, options);
  if (!goal.resolution)
    return fail(Errc::invalid_input, fmt::format("'{}' has no toolchain to open a shell with", goal.target.text));
  if (options.own_tree && goal.cell.toolchain) SWAGE_CHECK(session.pin_archive(goal.cell.toolchain->source));
  // What is built for a shell, whatever it is for.
  goal.target.name = goal.target.recipe = goal.cell.kernel ? "shell-kernel" : "shell";
  const auto also = [&](Planner& planner) -> Result<void> {   // what run_for_kernel() plans
    if (!goal.cell.kernel) return {};
    SWAGE_CHECK(planner.root(goal.cell.root->name));
    if (!options.own_tree && !has_own_tree(goal.cell))
      SWAGE_CHECK(planner.package(goal.target.asks.tree, goal.cell));
    return {};
  };
  SWAGE_TRY(Planned planned, plan_and_check(session, goals, KernelGoal::artifact, {}, also));
  if (goal.cell.kernel) return run_for_kernel(session, std::move(planned), goal, options);
  SWAGE_TRY(Store* store, realise_to_run(session, planned, options.realise));
  const std::string toolchain = planned.planner->graph().find(goal.wanted->drv)->drv.env.at("deps_build");
  return start_shell(
      {.store_root = store->root(), .env = variables(goal, output_path(planned, *goal.wanted), toolchain)},
      options.command);
}

}  // namespace

Action declare_shell(const Options& app) {
  auto options = std::make_shared<ShellOptions>();
  declare_targets(app, options->targets, TargetsAs::one);
  app.get_option("TARGET").required(false);
  declare_realise(app, options->realise);
  app.add_option("-c,--command", options->command, "run this and leave with its status");
  app.add_option("--dir", options->directory,
                 "where the kernel's tree is put, or is already (default: here, or linux-VERSION)");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
