// Checking a store: every registered path is there and has its hash, every reference leads to one that is.
#include <cerrno>
#include <fmt/core.h>

#include "base/interrupt.hpp"
#include "store/base32.hpp"
#include "store/store_state.hpp"

namespace swage {

namespace {

using Kind = VerifyProblem::Kind;

// A lack of this process's, or its end, says nothing of the object.
bool is_own_trouble(const Error& error) {
  return error.code == Errc::interrupted || error.os_error == EMFILE || error.os_error == ENFILE ||
         error.os_error == ENOMEM;
}

// nullopt: the object is what the database says.
Result<std::optional<VerifyProblem>> content_fault(const fs::path& object, const PathInfo& info, std::uint64_t& bytes) {
  const auto problem = [&](Kind kind, std::string detail) {
    return std::optional<VerifyProblem>({.kind = kind, .path = info.path.str(), .detail = std::move(detail)});
  };
  const auto nar = hash_nar(object);
  if (!nar && is_own_trouble(nar.error())) return Fail(nar.error());
  if (!nar) return problem(nar.error().os_error ? Kind::unreadable : Kind::hash_mismatch, nar.error().what);
  bytes += nar->size;
  if (nar->hash != info.nar_hash)
    return problem(Kind::hash_mismatch, fmt::format("specified sha256:{}, got sha256:{}", hash_base32(info.nar_hash),
                                                    hash_base32(nar->hash)));
  if (nar->size != info.nar_size)
    return problem(Kind::hash_mismatch, fmt::format("specified {} bytes, got {}", info.nar_size, nar->size));
  return std::optional<VerifyProblem>();
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

Result<VerifyResult> Store::verify(const VerifyOptions& options,
                                   const std::function<void(const StorePath&)>& progress) {
  if (options.repair) SWAGE_CHECK(state_->need_writable());
  VerifyResult result;
  std::optional<FileLock> lock;
  if (state_->writable) {
    // Shared keeps collections away; a repair also wants nobody to start adding what it is about to remove.
    SWAGE_TRY(lock,
              wait_for_lock(state_->gc_lock(), options.repair ? FileLock::Mode::exclusive : FileLock::Mode::shared));
  }
  SWAGE_TRY(const auto broken, state_->with_registry([](Registry& r) { return r.broken_rows(); }));
  for (const auto& [path, detail] : broken)
    result.problems.push_back({.kind = Kind::dangling_reference, .path = path, .detail = detail});

  SWAGE_TRY(const PathGraph graph, state_->with_registry([](Registry& r) { return r.graph(); }));
  StorePathSet damaged;
  const auto report = [&](const StorePath& path, VerifyProblem problem) {
    if (problem.kind != Kind::unreadable) damaged.insert(path);
    result.problems.push_back(std::move(problem));
  };
  for (const StorePath& path : graph.paths) {
    SWAGE_CHECK(check_interrupt());
    if (progress) progress(path);
    ++result.checked;
    const fs::path object = state_->real(path);
    if (!path_exists(object)) {
      report(path, {.kind = Kind::missing, .path = path.str(), .detail = "it is registered, but not on disk"});
      continue;
    }
    if (!options.check_contents) continue;
    const auto info = query(path);
    if (info && !*info) continue;  // removed meanwhile
    if (!info && is_own_trouble(info.error())) return Fail(info.error());
    if (!info) {
      report(path, {.kind = Kind::hash_mismatch, .path = path.str(), .detail = info.error().what});
      continue;
    }
    SWAGE_TRY(std::optional<VerifyProblem> fault, content_fault(object, **info, result.bytes));
    if (fault) report(path, std::move(*fault));
  }
  for (const StorePath& path : graph.paths)
    for (const std::uint32_t reference : graph.references[graph.index.at(path)])
      if (graph.paths[reference] != path && !path_exists(state_->real(graph.paths[reference])))
        result.problems.push_back(
            {.kind = Kind::dangling_reference,
             .path = path.str(),
             .detail = fmt::format("refers to '{}', which is not on disk", graph.paths[reference].str())});

  // Looked at afresh, names first: builds have ended and begun since the check of the contents did.
  SWAGE_TRY(std::vector<std::string> names, list_directory(state_->store_dir));
  std::vector<Root> temporary;
  if (state_->writable) {
    SWAGE_TRY(temporary, state_->temp_roots.of_all());
  }
  SWAGE_TRY(const PathGraph registered, state_->with_registry([](Registry& r) { return r.graph(); }));
  SWAGE_TRY(const State::Entries entries, state_->entries(std::move(names), registered, temporary));
  for (const std::string& name : entries.unregistered)
    result.problems.push_back({.kind = Kind::litter,
                               .path = fmt::format("{}/{}", kStoreDir, name),
                               .detail = "it is on disk, but not registered"});
  if (!options.repair) return result;

  if (!broken.empty()) SWAGE_CHECK(state_->with_registry([](Registry& r) { return r.remove_broken_rows(); }));
  const StorePathSet gone = with_referrers(graph, damaged);
  std::vector<TempDir> trash;   // emptied at its end
  std::uint64_t freed = 0;
  SWAGE_CHECK(state_->sweep(std::vector(gone.begin(), gone.end()), entries.unregistered, trash, result.stuck, freed));
  return result;
}

}  // namespace swage
