#include "request/option_kinds.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <span>

#include "base/text.hpp"

namespace swage {

namespace {

using Kind = TargetKind;

struct OptionUse {
  std::string_view name;
  bool (*given)(const TargetOptions&);
  std::vector<Kind> kinds;                       // of targets that it says something of
  std::vector<std::string_view> idle{};          // commands that it would change nothing of
};

template <auto Member>
bool given(const TargetOptions& options) {
  if constexpr (requires { (options.*Member).empty(); }) return !(options.*Member).empty();
  else return options.*Member;
}

std::span<const OptionUse> uses() {
  using T = TargetOptions;
  // What a toolchain is chosen by, and what a shell has: nothing of these.
  static const std::vector<std::string_view> choice{"resolve", "shell"};
  static const std::vector<OptionUse> all{
      {"--for", given<&T::platforms>, {Kind::kernel, Kind::package, Kind::toolchain, Kind::image}},
      {"--toolchain", given<&T::toolchain>, {Kind::kernel, Kind::package, Kind::toolchain}},
      {"--llvm", given<&T::llvm>, {Kind::kernel, Kind::package, Kind::toolchain}},
      {"--with", given<&T::with>, {Kind::package}, choice},
      {"--without", given<&T::without>, {Kind::package}, choice},
      {"--static", given<&T::is_static>, {Kind::package}, choice},
      {"--target", given<&T::emits_for>, {Kind::package}, choice},
      {"--emulate", given<&T::emulate>, {Kind::package, Kind::toolchain}},
      {"--accelerate", given<&T::accelerate>, {Kind::package, Kind::toolchain}},
      {"--config", given<&T::config>, {Kind::kernel}, choice},
      {"--enable", given<&T::enable>, {Kind::kernel}, choice},
      {"--disable", given<&T::disable>, {Kind::kernel}, choice},
      {"--set", given<&T::set>, {Kind::kernel}, choice},
      {"--fragment", given<&T::fragments>, {Kind::kernel}, choice},
      {"--strict-config", given<&T::strict_config>, {Kind::kernel}, choice},
      {"--objects", given<&T::objects>, {Kind::kernel}, choice},
      {"--seed", given<&T::seed>, {Kind::kernel}, choice},
      {"--patch", given<&T::patches>, {Kind::kernel, Kind::kernel_tree}, {"resolve"}},
      {"--src", given<&T::src>, {Kind::kernel, Kind::kernel_tree, Kind::image}},
  };
  return all;
}

std::string_view plural(Kind kind) {
  switch (kind) {
    case Kind::kernel: return "kernels";
    case Kind::kernel_tree: return "their trees";
    case Kind::package: return "packages";
    case Kind::toolchain: return "toolchains";
    case Kind::root: return "roots";
    case Kind::image: return "images";
    case Kind::store_path: break;
  }
  return "store paths";
}

}  // namespace

std::string_view kind_name(TargetKind kind) {
  switch (kind) {
    case Kind::kernel: return "a kernel";
    case Kind::kernel_tree: return "a kernel's tree";
    case Kind::package: return "a package";
    case Kind::toolchain: return "a toolchain";
    case Kind::root: return "a root";
    case Kind::image: return "an image";
    case Kind::store_path: break;
  }
  return "a store path";
}

bool command_has(std::string_view command, std::string_view option) {
  return std::none_of(uses().begin(), uses().end(), [&](const OptionUse& use) {
    return use.name == option && std::find(use.idle.begin(), use.idle.end(), command) != use.idle.end();
  });
}

Error nothing_of(std::string_view option, const KnownTarget& target, const std::vector<std::string>& kinds,
                 std::string_view command) {
  return {.what = fmt::format("'{}' says nothing of '{}', which is {}", option, target.text, kind_name(target.kind)),
          .notes = {fmt::format("it is for {}", join(kinds, ", "))},
          .hint = fmt::format("see: swage {} --help", command)};
}

Result<void> check_options(const TargetOptions& options, const std::vector<KnownTarget>& targets) {
  for (const OptionUse& use : uses()) {
    const auto takes = [&](const KnownTarget& target) {
      return std::find(use.kinds.begin(), use.kinds.end(), target.kind) != use.kinds.end();
    };
    if (targets.empty() || !use.given(options) || std::any_of(targets.begin(), targets.end(), takes)) continue;
    std::vector<std::string> kinds;
    for (const Kind kind : use.kinds) kinds.emplace_back(plural(kind));
    return Fail(nothing_of(use.name, targets.front(), kinds, options.command));
  }
  return {};
}

Result<void> check_only(const TargetOptions& options, const std::vector<std::string_view>& taken,
                        std::string_view what) {
  for (const OptionUse& use : uses())
    if (use.given(options) && std::find(taken.begin(), taken.end(), use.name) == taken.end())
      return Fail(Error{.what = fmt::format("'{}' says nothing of {}", use.name, what),
                        .hint = fmt::format("see: swage {} --help", options.command)});
  return {};
}

}  // namespace swage
