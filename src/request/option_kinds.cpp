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
  std::vector<std::string> (*values)(const TargetOptions&);   // of a flag: none
  std::vector<Kind> kinds;                       // of targets that it says something of
  std::vector<std::string_view> idle{};          // commands that it would change nothing of
};

template <auto Member>
bool given(const TargetOptions& options) {
  if constexpr (requires { (options.*Member).empty(); }) return !(options.*Member).empty();
  else return options.*Member;
}

template <auto Member>
std::vector<std::string> values(const TargetOptions& options) {
  const auto& value = options.*Member;
  using Value = std::remove_cvref_t<decltype(value)>;
  if constexpr (std::is_same_v<Value, bool>) return {};
  else if constexpr (std::is_same_v<Value, std::string>) return {value};
  else if constexpr (std::is_same_v<Value, unsigned>) return {std::to_string(value)};
  else return value;
}

template <auto Member>
OptionUse use(std::string_view name, std::vector<Kind> kinds, std::vector<std::string_view> idle = {}) {
  return {name, given<Member>, values<Member>, std::move(kinds), std::move(idle)};
}

std::span<const OptionUse> uses() {
  using T = TargetOptions;
  // What a toolchain is chosen by, and what a shell has: nothing of these.
  static const std::vector<std::string_view> choice{"resolve", "shell"};
  static const std::vector<OptionUse> all{
      use<&T::platforms>("--for", {Kind::kernel, Kind::package, Kind::toolchain, Kind::image}),
      use<&T::toolchain>("--toolchain", {Kind::kernel, Kind::package, Kind::toolchain}),
      use<&T::llvm>("--llvm", {Kind::kernel, Kind::package, Kind::toolchain}),
      use<&T::with>("--with", {Kind::package}, choice),
      use<&T::without>("--without", {Kind::package}, choice),
      use<&T::is_static>("--static", {Kind::package}, choice),
      use<&T::emits_for>("--target", {Kind::package}, choice),
      use<&T::emulate>("--emulate", {Kind::package, Kind::toolchain}),
      use<&T::accelerate>("--accelerate", {Kind::package, Kind::toolchain}),
      use<&T::config>("--config", {Kind::kernel}, choice),
      use<&T::enable>("--enable", {Kind::kernel}, choice),
      use<&T::disable>("--disable", {Kind::kernel}, choice),
      use<&T::set>("--set", {Kind::kernel}, choice),
      use<&T::fragments>("--fragment", {Kind::kernel}, choice),
      use<&T::strict_config>("--strict-config", {Kind::kernel}, choice),
      use<&T::objects>("--objects", {Kind::kernel}, choice),
      use<&T::seed>("--seed", {Kind::kernel}, choice),
      use<&T::patches>("--patch", {Kind::kernel, Kind::kernel_tree}, {"resolve"}),
      use<&T::src>("--src", {Kind::kernel, Kind::kernel_tree, Kind::image}),
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

std::vector<std::string> option_words(const TargetOptions& options, TargetKind kind) {
  std::vector<std::string> words;
  for (const OptionUse& use : uses()) {
    if (!use.given(options) || std::find(use.kinds.begin(), use.kinds.end(), kind) == use.kinds.end()) continue;
    const std::vector<std::string> values = use.values(options);
    if (values.empty()) words.emplace_back(use.name);
    for (const std::string& value : values) words.insert(words.end(), {std::string(use.name), value});
  }
  return words;
}

}  // namespace swage
