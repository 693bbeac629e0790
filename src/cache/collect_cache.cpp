#include "cache/collect_cache.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/core.h>
#include <set>

#include "base/text.hpp"
#include "cache/pushed_derivations.hpp"

namespace swage {

namespace {

constexpr std::string_view kNarDirectory = "nar/";

// So that what refers to something goes before it: whoever reads meanwhile, or after the end came early, finds no path
// with a hole.
std::vector<StorePath> users_first(const CacheContents& contents, const StorePathSet& paths) {
  std::map<StorePath, std::size_t> users;
  const auto references = [&](const StorePath& path) -> const StorePathSet& {
    return contents.paths.at(path).narinfo.info.references;
  };
  for (const StorePath& path : paths)
    for (const StorePath& reference : references(path))
      if (reference != path && paths.contains(reference)) ++users[reference];
  std::vector<StorePath> order;
  for (const StorePath& path : paths)
    if (!users.contains(path)) order.push_back(path);
  for (std::size_t next = 0; next < order.size(); ++next) {
    const StorePath path = order[next];
    for (const StorePath& reference : references(path))
      if (reference != path && paths.contains(reference) && --users[reference] == 0) order.push_back(reference);
  }
  // A circle can only be made by hand, and has no right order.
  const StorePathSet ordered(order.begin(), order.end());
  std::set_difference(paths.begin(), paths.end(), ordered.begin(), ordered.end(), std::back_inserter(order));
  return order;
}

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

Result<CacheCollection> CacheCollection::begin(CachePlace& place, Reporter& reporter) {
  SWAGE_TRY(CachePlace::Held lock, place.lock(CachePlace::Use::remove, [&] {
    reporter.on(Message{fmt::format("waiting for those who write to '{}'", place.shown())});
  }));
  CacheCollection collection(place, std::move(lock));
  SWAGE_TRY(collection.contents_, list_contents(place));
  SWAGE_TRY(collection.pins_, read_cache_pins(place));
  if (collection.contents_.problems.empty()) return collection;
  std::vector<Error> errors;
  for (const CacheProblem& problem : collection.contents_.problems)
    errors.push_back(Error{.code = Errc::corrupt, .what = fmt::format("'{}': {}", problem.name, problem.what)});
  return Fail(together(std::move(errors)).note("what it refers to is not known, so nothing was deleted"));
}

KeptPaths CacheCollection::reach(const CacheRoot& root, StorePathSet& kept) const {
  KeptPaths reached{.because = root.because};
  std::vector<StorePath> open(root.paths.begin(), root.paths.end());
  while (!open.empty()) {
    const StorePath path = open.back();
    open.pop_back();
    const auto held = contents_.paths.find(path);
    if (held == contents_.paths.end() || !kept.insert(path).second) continue;
    const NarInfo& narinfo = held->second.narinfo;
    reached.paths.insert(path);
    reached.bytes += narinfo.file_size;
    open.insert(open.end(), narinfo.info.references.begin(), narinfo.info.references.end());
    if (narinfo.info.deriver) open.push_back(*narinfo.info.deriver);
  }
  return reached;
}

// NARs of what goes, and those that nobody names.
void CacheCollection::find_unused(const StorePathSet& kept, std::int64_t oldest, CollectResult& result) const {
  std::set<std::string> needed, named;
  for (const auto& [path, held] : contents_.paths) {
    named.insert(held.narinfo.url);
    if (kept.contains(path)) needed.insert(held.narinfo.url);
  }
  for (const auto& [name, entry] : contents_.others) {
    if (!name.starts_with(kNarDirectory) || needed.contains(name)) continue;
    if (!named.contains(name)) {
      if (entry.modified >= oldest) continue;
      result.unused.push_back(name);
    }
    result.freed += entry.size;
  }
}

// Files of derivations that nothing that is kept was made by.
Result<void> CacheCollection::find_unneeded_derivations(const StorePathSet& kept, std::int64_t oldest,
                                                        CollectResult& result) const {
  std::set<std::string> all;
  for (const auto& [name, entry] : contents_.others)
    if (name.starts_with(kDerivationFiles)) all.insert(name);
  StorePathSet derivers;
  for (const StorePath& path : kept)
    if (const auto& deriver = contents_.paths.at(path).narinfo.info.deriver) derivers.insert(*deriver);
  SWAGE_TRY(const std::set<std::string> needed, needed_derivation_files(place_, derivers, all));
  for (const std::string& name : all) {
    const CachePlace::Entry& entry = contents_.others.at(name);
    if (needed.contains(name) || entry.modified >= oldest) continue;
    result.derivations.push_back(name);
    result.freed += entry.size;
  }
  return {};
}

Result<CollectResult> CacheCollection::collect(const std::vector<CacheRoot>& roots, std::optional<std::int64_t> newer,
                                               bool dry_run) {
  const std::int64_t oldest = newer ? seconds_now() - *newer : INT64_MAX;
  CollectResult result;
  StorePathSet kept;
  for (const CacheRoot& root : roots) result.kept.push_back(reach(root, kept));
  if (newer) {
    CacheRoot fresh{.because = "newer"};
    for (const auto& [path, held] : contents_.paths)
      if (held.modified >= oldest) fresh.paths.insert(path);
    result.kept.push_back(reach(fresh, kept));
  }
  StorePathSet gone;
  for (const auto& [path, held] : contents_.paths)
    if (!kept.contains(path)) gone.insert(path);
  for (StorePath& path : users_first(contents_, gone)) {
    const std::uint64_t bytes = contents_.paths.at(path).narinfo.file_size;
    result.deleted.push_back({.path = std::move(path), .bytes = bytes});
  }
  find_unused(kept, oldest, result);
  SWAGE_CHECK(find_unneeded_derivations(kept, oldest, result));
  if (!dry_run) SWAGE_CHECK(sweep(kept, result));
  return result;
}

// The index first, which promises; then the narinfos, which promise their NARs; then what they are of.
Result<void> CacheCollection::sweep(const StorePathSet& kept, const CollectResult& result) {
  if (const fs::path staging = place_.staging(); !staging.empty()) {
    std::vector<Error> stuck;
    SWAGE_CHECK(remove_abandoned(staging, Abandoned::like_a_tempdir, stuck));
  }
  SWAGE_CHECK(write_cache_index(place_, kept));
  std::vector<std::string> narinfos, files = result.unused;
  std::set<std::string> needed;
  for (const StorePath& path : kept) needed.insert(contents_.paths.at(path).narinfo.url);
  for (const CollectedPath& one : result.deleted) {
    narinfos.push_back(narinfo_name(one.path));
    const std::string& nar = contents_.paths.at(one.path).narinfo.url;
    if (nar.starts_with(kNarDirectory) && !needed.contains(nar)) files.push_back(nar);
    files.push_back(fmt::format("{}.ls", one.path.hash_part()));   // Nix's list of what is in it
  }
  SWAGE_CHECK(place_.remove_all(narinfos));
  files.insert(files.end(), result.derivations.begin(), result.derivations.end());
  return place_.remove_all(files);
}

}  // namespace swage
