// swage module: builds out-of-tree modules against a kernel, and loads them in a boot of it.
#include <algorithm>
#include <cctype>
#include <fmt/core.h>
#include <map>

#include "base/beneath.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/out_links.hpp"
#include "cli/output.hpp"
#include "cli/realise_output.hpp"
#include "cli/target_options.hpp"
#include "request/config_report.hpp"
#include "request/goals.hpp"
#include "request/kconfig.hpp"
#include "request/option_kinds.hpp"
#include "request/realising.hpp"
#include "request/store_words.hpp"
#include "request/trees.hpp"

namespace swage {

namespace {

struct ModuleOptions {
  std::string directory{};
  TargetOptions targets{};
  RealiseOptions realise{};
  std::string out_link = "result";
  bool boot = false;
  std::vector<std::string> params{}, make{}, uses{};   // --param, --make, --uses
};

bool is_name(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

// [MODULE.]NAME=VALUE as the kernel reads parameters: a value with spaces is in double quotes.
Result<std::string> module_parameter(const std::string& text) {
  const auto equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const auto dot = name.find('.');
  const bool of_a_module = dot == std::string::npos || is_name(name.substr(0, dot));
  if (equals == std::string::npos || !of_a_module || !is_name(name.substr(dot + 1)))
    return Fail(Error{.what = fmt::format("'{}' is not a module parameter", printable(text)),
                      .hint = "write it as: --param [MODULE.]NAME=VALUE"});
  const std::string value = text.substr(equals + 1);
  if (value.find_first_of("\"\n\t") != std::string::npos)
    return Fail(Error{.what = fmt::format("'{}' is no value that the kernel would read as it is", printable(value)),
                      .hint = "leave out quotes, tabs and new lines: spaces are quoted for you"});
  return value.find(' ') == std::string::npos ? text : fmt::format("{}=\"{}\"", name, value);
}

// NAME=VALUE for the modules' make; what swage says itself is not the user's to say.
Result<std::string> make_variable(const std::string& text) {
  const auto equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const bool is_variable =
      is_name(name) && name.find('-') == std::string::npos && !std::isdigit(static_cast<unsigned char>(name.front()));
  if (equals == std::string::npos || !is_variable || text.find('\n') != std::string::npos)
    return Fail(Error{.what = fmt::format("'{}' is not a variable of make", printable(text)),
                      .hint = "write it as: --make NAME=VALUE, for instance --make CONFIG_FOO=m"});
  if (name == "KBUILD_EXTRA_SYMBOLS")
    return Fail(Error{.what = "'KBUILD_EXTRA_SYMBOLS' is made from what '--uses' names",
                      .hint = "build the other modules with swage module, and give: --uses RESULT"});
  // What kbuild's top Makefile has from swage, or would take from it: another shell or release would make modules of
  // another kernel.
  static constexpr std::string_view swages[] = {"M",
                                                "O",
                                                "ARCH",
                                                "CROSS_COMPILE",
                                                "KERNELRELEASE",
                                                "KERNELVERSION",
                                                "SHELL",
                                                "CONFIG_SHELL",
                                                "MAKE",
                                                "MAKEFLAGS",
                                                "CC",
                                                "LD",
                                                "AR",
                                                "NM",
                                                "OBJCOPY",
                                                "HOSTCC",
                                                "LLVM",
                                                "KBUILD_OUTPUT",
                                                "KBUILD_EXTMOD"};
  if (std::find(std::begin(swages), std::end(swages), name) != std::end(swages))
    return Fail(Error{.what = fmt::format("'{}' is said by the kernel that the modules are for", name),
                      .hint = "choose another kernel or platform with --kernel and --for"});
  return text;
}

// What an earlier `swage module` made.
Result<Source> earlier_modules(Session& session, const std::string& link) {
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(StorePath path, find_store_path(*store, link));
  if (!path_exists(store->real_path(path) / "Module.symvers"))
    return Fail(Error{.what = fmt::format("'{}' exports no symbols: it has no Module.symvers", link),
                      .hint = "give what this made: swage module DIR -o RESULT"});
  SWAGE_CHECK(store->add_temp_root(path));
  return Source{.path = std::move(path), .how = Source::Present{link}};
}

Result<void> set_module_options(Session& session, const ModuleOptions& options, KernelOptions& kernel) {
  if (!options.params.empty() && !options.boot)
    return Fail(Error{.what = "'--param' says nothing without '--boot': nothing is loaded", .hint = "add: --boot"});
  SWAGE_TRY(kernel.modules, module_source(session, options.directory));
  for (const std::string& text : options.make) {
    SWAGE_TRY(std::string variable, make_variable(text));
    kernel.module_make.push_back(std::move(variable));
  }
  for (const std::string& text : options.params) {
    SWAGE_TRY(std::string parameter, module_parameter(text));
    kernel.module_params.push_back(std::move(parameter));
  }
  for (const std::string& link : options.uses) {
    SWAGE_TRY(Source source, earlier_modules(session, link));
    kernel.module_uses.push_back(std::move(source));
  }
  return {};
}

// What the boot loaded, in its order, and what the kernel said meanwhile (boot.sh).
struct Loaded {
  std::string name{};
  std::vector<std::string> lines{};
};
Result<std::vector<Loaded>> read_loaded(const fs::path& out) {
  SWAGE_TRY(const std::string text, read_beneath(out, "modules"));
  std::vector<Loaded> loaded;
  for (const std::string_view line : split(trim(text), '\n')) {
    const auto colon = line.find(": ");
    if (line.ends_with(" loaded") && colon == std::string_view::npos)
      loaded.push_back({.name = std::string(line.substr(0, line.size() - 7))});
    else if (colon != std::string_view::npos && !loaded.empty())
      loaded.back().lines.emplace_back(line.substr(colon + 2));
  }
  return loaded;
}

Json to_json(const std::vector<Loaded>& loaded) {
  auto array = Json::array();
  for (const Loaded& one : loaded) array.push_back({{"module", one.name}, {"log", one.lines}});
  return array;
}

void print_loaded(const std::string& kernel, const std::string& said, const std::vector<Loaded>& loaded) {
  print_result("loaded in a boot of {}\n  {}", kernel, said);
  for (const Loaded& one : loaded) {
    if (one.lines.empty()) print_result("  {}: loaded, without a word\n", one.name);
    for (const std::string& line : one.lines) print_result("  {}: {}\n", one.name, line);
  }
}

fs::path link_name(const ModuleOptions& options, const std::deque<Goal>& goals, const Goal& goal) {
  return goals.size() == 1 ? options.out_link : fmt::format("{}-{}", options.out_link, goal.platform->name);
}

Result<int> run(Session& session, const ModuleOptions& options) {
  SWAGE_TRY(const std::vector<Target> kernels, find_targets(session, options.targets));
  for (const Target& kernel : kernels)
    if (kind_of(kernel) != TargetKind::kernel)
      return Fail(Error{.what = fmt::format("'{}' is {}: '--kernel' is for the one that the modules are for",
                                            kernel.text, kind_name(kind_of(kernel))),
                        .hint = "write it as: --kernel linux@6.1"});
  TargetOptions targets = options.targets;
  // Before the user's own, which may say otherwise.
  targets.enable.insert(targets.enable.begin(), {"MODULES", "MODULE_UNLOAD"});
  const KernelGoal kernel_goal = options.boot ? KernelGoal::boot : KernelGoal::artifact;
  KernelOptions modules;
  SWAGE_CHECK(set_module_options(session, options, modules));
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, targets, "tiny", kernel_goal));
  std::map<const Goal*, std::string> kernel_labels;   // as it was asked for: the goals become the modules'
  for (Goal& goal : goals) {
    if (!goal.cell.kernel) return fail(Errc::invalid_input, fmt::format("'{}' is not a kernel", goal.target.text));
    KernelOptions& kernel = goal.cell.kernel->options;
    kernel.modules = modules.modules;
    kernel.module_make = modules.module_make;
    kernel.module_params = modules.module_params;
    kernel.module_uses = modules.module_uses;
    kernel_labels[&goal] = goal_label(goal);
    goal.target.name = goal.target.recipe = options.boot ? "boot-modules" : "module";
  }
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::artifact));
  SWAGE_TRY(Store* store, session.store());
  for (const Goal& goal : goals) {
    SWAGE_TRY(const fs::path link, absolute_path(link_name(options, goals, goal)));
    SWAGE_CHECK(check_out_link(*store, link));
  }
  SWAGE_CHECK(realise_planned(session, planned, options.realise));
  session.stop_reporter();
  auto results = Json::array();
  for (const Goal& goal : goals) {
    SWAGE_TRY(const StorePath out,
              StorePath::parse(planned.planner->graph().find(goal.wanted->drv)->drv.outputs.at("out").path));
    const fs::path real = store->real_path(out);
    const std::string kernel = fmt::format("linux {} for {}", goal.cell.kernel->version.str(), goal.platform->name);
    SWAGE_TRY(const std::optional<ConfigReport> report, config_report_of(session, planned, goal));
    tell_config_report(kernel_labels.at(&goal), report);
    SWAGE_TRY(const fs::path link, absolute_path(link_name(options, goals, goal)));
    SWAGE_CHECK(make_out_link(*store, real, link));
    std::vector<Loaded> loaded;
    if (options.boot) {
      SWAGE_TRY(const std::string said, read_beneath(real, "userland"));
      SWAGE_TRY(loaded, read_loaded(real));
      if (!as_json()) print_loaded(kernel, said, loaded);
    } else {
      SWAGE_TRY(const std::vector<std::string> files, list_directory(real));
      if (!as_json())
        for (const std::string& file : files)
          if (file.ends_with(".ko")) print_result("{}/{}: for {}\n", link.filename().string(), file, kernel);
    }
    results.push_back({{"kernel", goal.cell.kernel->version.str()},
                       {"platform", goal.platform->name},
                       {"toolchain", goal.cell.toolchain->id},
                       {"drv", goal.wanted->drv.str()},
                       {"path", real.string()},
                       {"booted", options.boot},
                       {"loaded", to_json(loaded)}});
  }
  if (as_json()) print_result("{}\n", json_text(Json{{"modules", std::move(results)}}));
  return 0;
}

}  // namespace

Action declare_module(const Options& app) {
  auto options = std::make_shared<ModuleOptions>();
  app.add_option("DIR", options->directory, "a directory with a Kbuild or Makefile that says obj-m").required();
  declare_targets(app, options->targets, TargetsAs::kernel_option);
  declare_realise(app, options->realise);
  declare_lowest_priority(app, options->realise);
  app.add_option("--make", options->make, "NAME=VALUE for the modules' make: CONFIG_FOO=m").allow_extra_args(false);
  app.add_option("--uses", options->uses,
                 "what an earlier `swage module` made (its link), whose symbols these use; loaded before them")
      .allow_extra_args(false);
  app.add_option("--param", options->params, "[MODULE.]NAME=VALUE for a module when it is loaded")
      .allow_extra_args(false);
  app.add_flag("--boot", options->boot, "boot the kernel and load the modules; fails unless it takes them");
  app.add_option("-o,--out-link", options->out_link,
                 "name of the link to the modules, or to what the boot said (default: result)");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
