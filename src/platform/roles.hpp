// Roles of dependencies. With the platforms (build, host, target) of a package at offsets -1, 0 and 1, a role is a pair
// of offsets: where the dependency runs, and what it emits code for if it is a compiler.
//
// The rule of propagation is that of nixpkgs (doc/stdenv/cross-compilation.chapter.md, pkgs/stdenv/generic/setup.sh): a
// package in role (h, t) that propagates one in role (h1, t1) gives it to whoever depends on it in role (map(h1),
// map(t1)), where map(i) is h - 1 for -1, h for 0 and t for 1; what would run before the build platform is dropped.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace swage {

enum class Role { build_build, build, build_target, host_host, host, target };
inline constexpr std::array kRoles{Role::build_build, Role::build, Role::build_target,
                                   Role::host_host,   Role::host,  Role::target};

struct Offsets {
  int host = 0;      // -1 the build platform, 0 the host platform, 1 the target platform
  int target = 0;    // not less than `host`
  friend bool operator==(const Offsets&, const Offsets&) = default;
};
Offsets offsets(Role role);
std::optional<Role> role_at(Offsets offsets);              // nothing: there is no such role

inline constexpr std::string_view kPropagated = "propagated-";   // before the name of a role: whoever depends on the
                                                                 // package gets it too
std::string_view role_name(Role role);                     // "build", "build-target", ...: as in recipes
std::optional<Role> role_named(std::string_view name);

// In which role `inner`, which a dependency in role `outer` propagates, concerns the dependent. Nothing: it does not.
std::optional<Role> propagated_role(Role outer, Role inner);

struct DependencyRef {
  Role role;
  std::string name;
  friend bool operator==(const DependencyRef&, const DependencyRef&) = default;
};

// The direct dependencies and what they propagate, each (role, name) once: a dependency before what it propagates, in
// order. `propagated_by` says what one of them propagates, roles as its own recipe says them.
Result<std::vector<DependencyRef>> with_propagated(
    const std::vector<DependencyRef>& direct,
    const std::function<Result<std::vector<DependencyRef>>(const DependencyRef&)>& propagated_by);

}  // namespace swage
