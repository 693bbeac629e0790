// swage shell: the caller's own shell with the toolchain of a target on PATH and its variables set, or a shell of a foreign platform.
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/realising.hpp"
#include "plan/quirks.hpp"

namespace swage {

namespace {

struct ShellOptions {
  TargetOptions targets{};
  RealiseOptions realise{};
  std::string command{};
};

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

// What catalog/scripts/kbuild.sh says on make's command line. A kernel's Makefile assigns CC, LD and HOSTCC itself, which only that,
// or MAKEFLAGS, overrides.
std::vector<std::string> make_definitions(const Goal& goal, const std::string& cc, const std::string& ld) {
  const auto quirks = quirk_values(goal.cell.quirks);
  std::vector<std::string> out;
  const auto define = [&](const char* name, std::string_view before, const char* quirk) {
    const std::string& value = quirks.find(quirk)->second;
    if (!value.empty()) out.push_back(make_definition(name, before.empty() ? value : fmt::format("{} {}", before, value)));
  };
  define("HOSTCC", "", "host_cc");
  define("CC", cc, "cc_flags");
  define("LD", ld, "ld_flags");
  define("KCFLAGS", "", "cflags");
  define("KAFLAGS", "", "aflags");
  for (const QuirkRow* quirk : goal.cell.quirks) out.insert(out.end(), quirk->make_args.begin(), quirk->make_args.end());
  if (goal.cell.toolchain->compiler == "clang") {
    if (quirks.find("host_cc")->second.empty()) out.push_back("HOSTCC=gcc");
    out.insert(out.end(), {"HOSTCXX=g++", "HOSTLD=ld", "HOSTAR=ar"});
  }
  return out;
}

std::map<std::string, std::string> variables(const Goal& goal, const std::string& toolchain) {
  const ToolchainRow& row = *goal.cell.toolchain;
  const bool clang = row.compiler == "clang";
  const std::string prefix = clang ? "llvm-" : row.prefix, cc = clang ? "clang" : row.prefix + row.compiler;
  const std::string ld = clang ? "ld.lld" : row.prefix + "ld";
  const std::string host_cc = quirk_values(goal.cell.quirks).find("host_cc")->second;
  const char* path = std::getenv("PATH");
  std::map<std::string, std::string> env{
      {"PATH", fmt::format("{}/bin:{}", toolchain, path ? path : "/usr/bin:/bin")},
      {"ARCH", goal.platform->kernel_arch},
      {"CROSS_COMPILE", row.prefix},
      {"CC", cc},
      {"LD", ld},
      {"HOSTCC", host_cc.empty() ? "gcc" : host_cc},
      {"SWAGE_TOOLCHAIN", toolchain},
      {"SWAGE_SHELL", fmt::format("{} {}", goal.platform->name, row.id)},
  };
  for (const auto& [name, tool] : {std::pair("AR", "ar"), std::pair("NM", "nm"), std::pair("STRIP", "strip"),
                                   std::pair("OBJCOPY", "objcopy"), std::pair("OBJDUMP", "objdump")})
    env[name] = prefix + tool;
  if (clang) env.insert({{"LLVM", "1"}, {"LLVM_IAS", "1"}});
  if (const auto definitions = make_definitions(goal, cc, ld); !definitions.empty()) {
    const char* flags = std::getenv("MAKEFLAGS");
    env["MAKEFLAGS"] = fmt::format("{}{} {}", flags ? flags : "", flags && std::strstr(flags, " -- ") ? "" : " --", join(definitions, " "));
  }
  return env;
}

Result<int> start_shell(HostViewSpec spec, const std::string& command, const char* usual) {
  const char* shell = usual ? usual : std::getenv("SHELL");
  if (!command.empty()) spec.argv = {"/bin/sh", "-c", command};
  else spec.argv = {shell && *shell ? shell : "/bin/sh"};
  return run_in_host_view(spec);
}

// A shell of the platform itself, in the root that its packages are built in under emulation.
Result<int> run_emulated(Session& session, const Goal& goal, const ShellOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(LockView lock, session.lock_view());
  SWAGE_TRY(const RootRow* row, emulated_root(*catalog, kPackageRoot, *goal.platform));
  Planned planned{.planner = std::make_unique<Planner>(*catalog, std::move(lock))};
  for (const char* root : {row->name.c_str(), kEmulators}) {
    SWAGE_TRY(Wanted wanted, planned.planner->root(root));
    planned.wanted.push_back(std::move(wanted));
    planned.goals.push_back(&goal);
  }
  SWAGE_TRY(Store* store, realise_to_run(session, planned, options.realise));
  HostViewSpec spec{.store_root = store->root(), .env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}, {"SWAGE_SHELL", goal.platform->name}}};
  spec.system = store->root() / output_path(planned, planned.wanted[0]).substr(1);
  spec.emulation = emulation_by(*store, planned, planned.wanted[1], *goal.platform);
  return start_shell(std::move(spec), options.command, "/bin/bash");
}

Result<int> run(Session& session, ShellOptions options) {
  const TargetOptions& targets = options.targets;
  if (targets.accelerate)
    return Fail(Error{.what = "'--accelerate' is for builds: a shell has no compiler put in its place", .hint = "a shell of the platform itself is: swage shell --for PLATFORM --emulate"});
  if (targets.targets.empty() && !targets.emulate) return Fail(Error{.what = "TARGET is missing", .hint = "name what the toolchain is for: swage shell linux@6.1 --for PLATFORM"});
  if (targets.targets.empty()) options.targets.targets = {"toolchain"};
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options.targets, "tiny"));
  if (goals.size() != 1) return fail(Errc::invalid_input, "'swage shell' wants one platform");
  Goal& goal = goals.front();
  if (goal.cell.mode == BuildMode::emulated) return run_emulated(session, goal, options);
  if (!goal.resolution) return fail(Errc::invalid_input, fmt::format("'{}' has no toolchain to open a shell with", goal.target.text));
  goal.target.name = "toolchain";   // what is built for a shell, whatever it is for
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::artifact));
  SWAGE_TRY(Store* store, realise_to_run(session, planned, options.realise));
  return start_shell({.store_root = store->root(), .env = variables(goal, output_path(planned, *goal.wanted))}, options.command, nullptr);
}

}  // namespace

Action declare_shell(CLI::App& app) {
  auto options = std::make_shared<ShellOptions>();
  declare_targets(app, options->targets, TargetsAs::one);
  app.get_option("TARGET")->required(false);
  declare_realise(app, options->realise);
  app.add_option("-c,--command", options->command, "run this and leave with its status");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
