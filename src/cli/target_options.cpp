#include "cli/target_options.hpp"

#include <chrono>

#include "request/option_kinds.hpp"

namespace swage {

void declare_targets(const Options& app, TargetOptions& options, TargetsAs as) {
  options.command = app.name();
  const Option targets =
      as == TargetsAs::kernel_option
          ? app.add_option("--kernel", options.targets, "the kernel: linux@6.1")
          : app.add_option("TARGET", options.targets,
                           "NAME[@VERSION]: linux@6.1, toolchain@gcc-12, root@build, busybox, bison@INSTANCE");
  targets.required(as != TargetsAs::any);
  if (as == TargetsAs::one || as == TargetsAs::kernel_option) targets.expected(1);
  const auto option = [&](const char* name, auto& value, const char* group, const char* text) {
    if (command_has(options.command, name)) app.add_option(name, value, text).allow_extra_args(false).group(group);
  };
  const auto flag = [&](const char* name, bool& value, const char* group, const char* text) {
    if (command_has(options.command, name)) app.add_flag(name, value, text).group(group);
  };
  app.add_option("--for", options.platforms,
                 "host platform: a short name, a nixpkgs name, a triple, several with commas, or all")
      .allow_extra_args(false);
  option("--toolchain", options.toolchain, "Toolchain", "this toolchain (see `swage list toolchains`); still checked");
  flag("--llvm", options.llvm, "Toolchain", "clang and LLVM's other tools instead of gcc and binutils");
  const char* package = "Package";
  option("--with", options.with, package, "switch a feature on: FEATURE of the target, or PACKAGE:FEATURE");
  option("--without", options.without, package, "switch a feature off");
  flag("--emulate", options.emulate, package,
       "build as the host platform, under emulation, instead of cross-compiling");
  flag("--accelerate", options.accelerate, package, "the same, but with the cross toolchain's compiler");
  option("--target", options.emits_for, package, "the platform that a packaged compiler or assembler emits code for");
  flag("--static", options.is_static, package, "programs and libraries are static");
  const char* kernel = "Kernel";
  option("--config", options.config, kernel,
         "tiny, makes of the tree (defconfig, allnoconfig, NAME_defconfig; with NAME.config after a comma), or a file");
  option("--enable", options.enable, kernel, "set a configuration symbol to y");
  option("--disable", options.disable, kernel, "set a configuration symbol to n");
  option("--set", options.set, kernel, "SYM=VALUE");
  option("--fragment", options.fragments, kernel,
         "a file of configuration lines, applied over --config; later ones win");
  flag("--strict-config", options.strict_config, kernel, "fail when a line does not take effect");
  option("--patch", options.patches, kernel, "apply this patch file (-p1) to the tree, after those of quirks");
  option("--src", options.src, kernel,
         "build this kernel tree: a directory, an archive, or of a git repository URL#REF or URL#REF:DIR; its Makefile "
         "tells the version");
}

void declare_realise(const Options& app, RealiseOptions& options) {
  const char* group = "Building";
  app.add_option("-j,--jobs", options.jobs, "derivations built at once (default: number of cores)").group(group);
  app.add_option("--cores", options.cores, "processes that all builds share (default: number of cores)").group(group);
  app.add_flag("-k,--keep-going", options.keep_going, "after a failure, build what does not need it").group(group);
  app.add_flag("--keep-failed", options.keep_failed, "leave the directory of a failed build").group(group);
  app.add_option_function(
         "--timeout", [&options](unsigned s) { options.timeout = std::chrono::seconds(s); },
         "seconds until a build is stopped")
      .group(group);
  app.add_option_function(
         "--max-silent-time", [&options](unsigned s) { options.max_silent = std::chrono::seconds(s); },
         "seconds without output until a build is stopped (default: 3600; 0: never)")
      .group(group);
  app.add_option("--max-log-size", options.limits.log, "bytes that a build may print (default: 256M; 0: any number)")
      .in_bytes()
      .group(group);
  app.add_option("--max-processes", options.limits.processes,
                 "processes that a build may have at once (default: 8192; 0: any number)")
      .group(group);
  app.add_option(
         "--min-free", options.free_space.least,
         "bytes: with less on the disk, what no root keeps is deleted before something begins (default: 0, never)")
      .in_bytes()
      .group(group);
  app.add_option("--max-free", options.free_space.wanted,
                 "bytes: until so many are free, the oldest first (default: all that can go)")
      .in_bytes()
      .group(group);
  app.add_option("--max-memory", options.limits.memory,
                 "bytes that a build may use (default: nine tenths of the memory; 0: all)")
      .in_bytes()
      .group(group);
}

std::string given_realise_option(const RealiseOptions& options) {
  const RealiseOptions usual;
  return options.jobs != usual.jobs                               ? "--jobs"
         : options.cores != usual.cores                           ? "--cores"
         : options.keep_going != usual.keep_going                 ? "--keep-going"
         : options.keep_failed != usual.keep_failed               ? "--keep-failed"
         : options.timeout != usual.timeout                       ? "--timeout"
         : options.max_silent != usual.max_silent                 ? "--max-silent-time"
         : options.limits.log != usual.limits.log                 ? "--max-log-size"
         : options.limits.processes != usual.limits.processes     ? "--max-processes"
         : options.limits.memory != usual.limits.memory           ? "--max-memory"
         : options.free_space.least != usual.free_space.least     ? "--min-free"
         : options.free_space.wanted != usual.free_space.wanted   ? "--max-free"
                                                                  : "";
}

void declare_lowest_priority(const Options& app, RealiseOptions& options) {
  app.add_flag("--idle", options.lowest_priority, "at the lowest priority: builds use what other work leaves")
      .group("Building");
}

}  // namespace swage
