#include "platform/roles.hpp"

#include <algorithm>

namespace swage {

namespace {

struct Row {
  Role role;
  Offsets offsets;
  std::string_view name;
};
constexpr std::array<Row, 6> kTable{{{Role::build_build, {-1, -1}, "build-build"},
                                     {Role::build, {-1, 0}, "build"},
                                     {Role::build_target, {-1, 1}, "build-target"},
                                     {Role::host_host, {0, 0}, "host-host"},
                                     {Role::host, {0, 1}, "host"},
                                     {Role::target, {1, 1}, "target"}}};

const Row& row_of(Role role) { return kTable[static_cast<std::size_t>(role)]; }

template <class Predicate>
std::optional<Role> find_role(const Predicate& is) {
  const auto* const at = std::find_if(kTable.begin(), kTable.end(), is);
  return at == kTable.end() ? std::nullopt : std::optional(at->role);
}

struct Walk {
  const std::function<Result<std::vector<DependencyRef>>(const DependencyRef&)>& propagated_by;
  std::vector<DependencyRef> found{};

  Result<void> visit(DependencyRef ref) {
    if (std::find(found.begin(), found.end(), ref) != found.end()) return {};
    found.push_back(ref);
    SWAGE_TRY(const std::vector<DependencyRef> inner, propagated_by(ref));
    for (const DependencyRef& one : inner)
      if (const std::optional<Role> role = propagated_role(ref.role, one.role)) SWAGE_CHECK(visit({*role, one.name}));
    return {};
  }
};

}  // namespace

Offsets offsets(Role role) { return row_of(role).offsets; }
std::string_view role_name(Role role) { return row_of(role).name; }
std::optional<Role> role_at(Offsets offsets) {
  return find_role([&](const Row& row) { return row.offsets == offsets; });
}
std::optional<Role> role_named(std::string_view name) {
  return find_role([&](const Row& row) { return row.name == name; });
}

std::optional<Role> propagated_role(Role outer, Role inner) {
  const Offsets of = offsets(outer);
  const auto map = [&](int offset) { return offset <= 0 ? of.host + offset : of.target; };
  return role_at({map(offsets(inner).host), map(offsets(inner).target)});
}

Result<std::vector<DependencyRef>> with_propagated(
    const std::vector<DependencyRef>& direct,
    const std::function<Result<std::vector<DependencyRef>>(const DependencyRef&)>& propagated_by) {
  Walk walk{propagated_by};
  for (const DependencyRef& ref : direct) SWAGE_CHECK(walk.visit(ref));
  return std::move(walk.found);
}

}  // namespace swage
