// Roles and their propagation, against nixpkgs' rule written anew here: over absolute platforms instead of offsets.
#include "platform/roles.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

namespace swage {
namespace {

using Triple3 = std::array<int, 3>;   // build, host, target platform of a package

TEST(Roles, NamesAndOffsetsAreThoseOfRecipes) {
  for (const Role role : kRoles) {
    EXPECT_EQ(role_named(role_name(role)), role);
    EXPECT_EQ(role_at(offsets(role)), role);
    EXPECT_LE(offsets(role).host, offsets(role).target);
  }
  EXPECT_EQ(role_named("native"), std::nullopt);
  EXPECT_EQ(role_at({1, 0}), std::nullopt);
  EXPECT_EQ(role_at({-2, 0}), std::nullopt);
}

// The table of facts/cross_semantics.md as nixpkgs' setup.sh computes it; "" is dropped. Rows: role of the dependency.
TEST(Roles, PropagationIsTheTableOfNixpkgs) {
  const std::map<std::string, std::array<std::string, 6>> table{
      {"build-build", {"", "", "", "build-build", "build-build", "build-build"}},
      {"build", {"", "", "", "build-build", "build", "host-host"}},
      {"build-target", {"", "", "", "build-build", "build-target", "target"}},
      {"host-host", {"build-build", "build", "build", "host-host", "host-host", "host-host"}},
      {"host", {"build-build", "build", "build-target", "host-host", "host", "target"}},
      {"target", {"host-host", "host", "host", "target", "target", "target"}}};
  for (const Role outer : kRoles)
    for (std::size_t i = 0; i < kRoles.size(); ++i) {
      const std::optional<Role> found = propagated_role(outer, kRoles[i]);
      EXPECT_EQ(found ? role_name(*found) : "", table.at(std::string(role_name(outer)))[i])
          << role_name(kRoles[i]) << " of " << role_name(outer);
    }
}

// nixpkgs' findInputs, iterating over pairs of offsets as the shell does: mapOffset and two range tests.
std::set<std::pair<std::string, std::pair<int, int>>> find_inputs(const std::map<std::string, std::vector<std::pair<std::string, std::pair<int, int>>>>& propagated,
                                                                  const std::vector<std::pair<std::string, std::pair<int, int>>>& direct) {
  std::set<std::pair<std::string, std::pair<int, int>>> seen;
  const std::function<void(const std::string&, int, int)> find = [&](const std::string& name, int host, int target) {
    if (!seen.insert({name, {host, target}}).second) return;
    const auto map = [&](int i) { return i + (i <= 0 ? host : target - 1); };
    const auto at = propagated.find(name);
    if (at == propagated.end()) return;
    for (const auto& [inner, pair] : at->second) {
      const int next_host = map(pair.first), next_target = map(pair.second);
      if (next_host < -1 || next_host > 1 || next_target < -1 || next_target > 1) continue;
      find(inner, next_host, next_target);
    }
  };
  for (const auto& [name, pair] : direct) find(name, pair.first, pair.second);
  return seen;
}

TEST(Roles, RandomGraphsPropagateAsInNixpkgs) {
  std::mt19937 random(20260131);
  for (int round = 0; round < 500; ++round) {
    const int packages = 2 + static_cast<int>(random() % 8);
    std::map<std::string, std::vector<std::pair<std::string, std::pair<int, int>>>> graph;
    std::map<std::string, std::vector<DependencyRef>> ours;
    for (int p = 0; p < packages; ++p)
      for (int edge = static_cast<int>(random() % 4); edge > 0; --edge) {
        const Role role = kRoles[random() % kRoles.size()];
        const std::string from = "p" + std::to_string(p), to = "p" + std::to_string(random() % static_cast<unsigned>(packages));
        graph[from].push_back({to, {offsets(role).host, offsets(role).target}});
        ours[from].push_back({role, to});
      }
    std::set<std::pair<std::string, std::pair<int, int>>> found;
    const auto all = with_propagated(ours["p0"], [&](const DependencyRef& ref) -> Result<std::vector<DependencyRef>> { return ours[ref.name]; });
    ASSERT_TRUE(all);
    for (const DependencyRef& ref : *all) {
      const Offsets at = offsets(ref.role);
      EXPECT_TRUE(found.insert({ref.name, {at.host, at.target}}).second) << "twice";
    }
    EXPECT_EQ(found, find_inputs(graph, graph["p0"]));
  }
}

// What a role means does not depend on who asks: a propagated dependency's platforms, seen from the dependent, are those that the
// package in between sees. Not where that package is for the target platform: its build platform is still the dependent's (nixpkgs has
// no better answer, for it looks no further than one stage).
TEST(Roles, PlatformsAreTheSameFromEachPackageOnTheWay) {
  const auto shifted = [](const Triple3& of, Role role) {
    return Triple3{of[0], of[static_cast<std::size_t>(offsets(role).host + 1)], of[static_cast<std::size_t>(offsets(role).target + 1)]};
  };
  const Triple3 mine{0, 1, 2};
  for (const Role outer : kRoles) {
    if (outer == Role::target) continue;
    for (const Role inner : kRoles) {
      const std::optional<Role> role = propagated_role(outer, inner);
      if (!role) continue;
      EXPECT_EQ(shifted(mine, *role), shifted(shifted(mine, outer), inner)) << role_name(outer) << " " << role_name(inner);
    }
  }
}

}  // namespace
}  // namespace swage
