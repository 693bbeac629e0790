// Checking a store: every registered path is there and has its hash, every reference leads to one that is.
#include <fmt/format.h>

#include "store/base32.hpp"
#include "store/store_state.hpp"

namespace swage {

namespace {

using Kind = VerifyProblem::Kind;

// Empty: the object is what the database says.
std::string content_fault(const fs::path& object, const PathInfo& info, std::uint64_t& bytes) {
  const auto nar = hash_nar(object);
  if (!nar) return nar.error().what;
  bytes += nar->size;
  if (nar->hash != info.nar_hash)
    return fmt::format("specified sha256:{}, got sha256:{}", hash_base32(info.nar_hash), hash_base32(nar->hash));
  if (nar->size != info.nar_size) return fmt::format("specified {} bytes, got {}", info.nar_size, nar->size);
  return {};
}

// The given nodes and whatever refers to them, directly or not.
StorePathSet with_referrers(const PathGraph& graph, const StorePathSet& damaged) {
  std::vector<std::vector<std::uint32_t>> referrers(graph.paths.size());
  for (std::uint32_t node = 0; node < graph.paths.size(); ++node)
    for (const std::uint32_t reference : graph.references[node]) referrers[reference].push_back(node);
  StorePathSet all = damaged;
  std::vector<std::uint32_t> open;
  for (const StorePath& path : damaged) open.push_back(graph.index.at(path));
  while (!open.empty()) {
    const std::uint32_t node = open.back();
    open.pop_back();
    for (const std::uint32_t referrer : referrers[node])
      if (all.insert(graph.paths[referrer]).second) open.push_back(referrer);
  }
  return all;
}

}  // namespace

bool VerifyResult::damaged() const {
  for (const VerifyProblem& problem : problems)
    if (problem.kind != Kind::litter) return true;
  return false;
}

Result<VerifyResult> Store::verify(const VerifyOptions& options, const std::function<void(const StorePath&)>& progress) {
  if (options.repair) SWAGE_CHECK(state_->need_writable());
  VerifyResult result;
  std::optional<FileLock> lock;
  TempRoots::Live live;
  if (state_->writable) {
    // Shared keeps collections away; a repair also wants nobody to start adding what it is about to remove.
    SWAGE_TRY(lock, wait_for_lock(state_->gc_lock(), options.repair ? FileLock::Mode::exclusive : FileLock::Mode::shared));
    SWAGE_TRY(live, state_->temp_roots.of_all());
  }
  SWAGE_TRY(const auto broken, state_->with_registry([](Registry& r) { return r.broken_rows(); }));
  for (const auto& [path, detail] : broken)
    result.problems.push_back({.kind = Kind::dangling_reference, .path = path, .detail = detail});

  SWAGE_TRY(const PathGraph graph, state_->with_registry([](Registry& r) { return r.graph(); }));
  StorePathSet damaged;
  for (const StorePath& path : graph.paths) {
    if (progress) progress(path);
    ++result.checked;
    const fs::path object = state_->real(path);
    if (!path_exists(object)) {
      damaged.insert(path);
      result.problems.push_back({.kind = Kind::missing, .path = path.str(), .detail = "it is registered, but not on disk"});
      continue;
    }
    if (!options.check_contents) continue;
    const auto info = query(path);
    if (info && !*info) continue;  // removed meanwhile
    std::string fault = info ? content_fault(object, **info, result.bytes) : info.error().what;
    if (fault.empty()) continue;
    damaged.insert(path);
    result.problems.push_back({.kind = Kind::hash_mismatch, .path = path.str(), .detail = std::move(fault)});
  }
  for (const StorePath& path : graph.paths)
    for (const std::uint32_t reference : graph.references[graph.index.at(path)])
      if (graph.paths[reference] != path && !path_exists(state_->real(graph.paths[reference])))
        result.problems.push_back({.kind = Kind::dangling_reference,
                                   .path = path.str(),
                                   .detail = fmt::format("refers to '{}', which is not on disk", graph.paths[reference].str())});

  SWAGE_TRY(const State::Entries entries, state_->entries(graph, live));
  for (const std::string& name : entries.unregistered)
    result.problems.push_back(
        {.kind = Kind::litter, .path = fmt::format("{}/{}", kStoreDir, name), .detail = "it is on disk, but not registered"});
  if (!options.repair) return result;

  SWAGE_TRY(const TempDir trash, state_->scratch("trash"));
  if (!broken.empty()) SWAGE_CHECK(state_->with_registry([](Registry& r) { return r.remove_broken_rows(); }));
  const StorePathSet gone = with_referrers(graph, damaged);
  SWAGE_CHECK(state_->with_registry([&](Registry& r) { return r.remove(gone); }));
  for (const StorePath& path : gone) SWAGE_CHECK(state_->discard(path.base(), trash.path()));
  for (const std::string& name : entries.unregistered) SWAGE_CHECK(state_->discard(name, trash.path()));
  return result;
}

}  // namespace swage
