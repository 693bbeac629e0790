#include <utility>

#include "plan/planner_state.hpp"
#include "plan/sources.hpp"

namespace swage {

namespace {

// In place of what the lock lacks. Nothing is made of it.
Result<Source> stand_in(const std::string& key) { return text_source("absent", key); }

}  // namespace

void Planner::collect_absent() { state_->collecting = true; }

std::set<std::string> Planner::end_collecting() {
  state_->collecting = false;
  return std::exchange(state_->absent, {});
}

// Whether the key is one to collect: the lock lacks it, and nobody has found out that it cannot be had.
bool Planner::State::is_absent(const std::string& key) {
  if (!collecting || lock.sources().missing.contains(key)) return false;
  absent.insert(key);
  return true;
}

// Also where its row says where else it can be had: which of them is taken must not depend on what others have pinned.
Result<Source> Planner::State::pinned_source(const SourceSpec& spec, const std::string& name) {
  if (!spec.debian_package.empty() && !find_locked_source(lock.sources(), spec))
    if (const std::string key = source_key(spec); is_absent(key)) return stand_in(key);
  return source_of(lock.sources(), spec, name);
}

Result<Source> Planner::State::pinned_seed(const std::string& name) {
  if (!lock.sources().seeds.contains(name))
    if (const std::string key = seed_key(name); is_absent(key)) return stand_in(key);
  return seed_source(lock.sources(), name);
}

Result<std::vector<Source>> Planner::State::pinned_packages(const ToolchainRow& row, bool with_cxx) {
  const std::string key = toolchain_key(row, with_cxx);
  SWAGE_TRY(const LockedSet* set, lock.set(key));
  if (!set && is_absent(key)) return std::vector<Source>();
  std::vector<std::string> names = row.packages;
  if (with_cxx) names.insert(names.end(), row.cxx.begin(), row.cxx.end());
  return set_sources(lock, key, row.suite, names);
}

Result<std::vector<Source>> Planner::State::pinned_packages(const RootRow& row) {
  const std::string key = root_key(row);
  SWAGE_TRY(const LockedSet* set, lock.set(key));
  if (!set && is_absent(key)) return std::vector<Source>();
  return set_sources(lock, row);
}

std::string Planner::State::pinned_version(const RecipeRow& recipe) {
  if (recipe.version.empty() && !recipe.source.debian_package.empty() &&
      !find_locked_source(lock.sources(), recipe.source))
    (void)is_absent(source_key(recipe.source));
  return package_version(recipe, lock.sources());
}

}  // namespace swage
