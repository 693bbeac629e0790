// Checking a store: every registered path is there and has its hash, every reference leads to one that is.
#include <cerrno>
#include <fmt/core.h>
#include <mutex>
#include <unistd.h>

#include "base/on_all_cores.hpp"
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

// What is looked at of a path, and what was found.
struct Look {
  const StorePath* path;
  const Result<Registry::Content>* wanted = nullptr;   // null: it is enough that it is there
  bool is_damaged = false;                              // that is known already
  std::uint64_t bytes = 0;
  std::optional<VerifyProblem> fault{};
};

Result<void> look_at(const fs::path& object, Look& look) {
  const auto problem = [&](Kind kind, std::string detail) {
    look.fault = VerifyProblem{.kind = kind, .path = look.path->str(), .detail = std::move(detail)};
    return Result<void>();
  };
  constexpr const char* kMissing = "it is registered, but not on disk";
  if (!look.wanted || look.is_damaged) {
    if (!path_exists(object)) return problem(Kind::missing, kMissing);
    return look.is_damaged ? problem(Kind::hash_mismatch, "it is damaged") : Result<void>();
  }
  const auto nar = hash_nar(object);
  if (!nar && is_own_trouble(nar.error())) return Fail(nar.error());
  if (!nar && !path_exists(object)) return problem(Kind::missing, kMissing);
  if (!*look.wanted) return problem(Kind::hash_mismatch, look.wanted->error().what);
  if (!nar) return problem(nar.error().os_error ? Kind::unreadable : Kind::hash_mismatch, nar.error().what);
  look.bytes = nar->size;
  const Registry::Content& wanted = **look.wanted;
  if (nar->hash != wanted.nar_hash)
    return problem(Kind::hash_mismatch, fmt::format("specified sha256:{}, got sha256:{}", hash_base32(wanted.nar_hash),
                                                    hash_base32(nar->hash)));
  if (nar->size != wanted.nar_size)
    return problem(Kind::hash_mismatch, fmt::format("specified {} bytes, got {}", wanted.nar_size, nar->size));
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
  SWAGE_TRY(const auto contents, state_->with_registry([](Registry& r) { return r.contents(); }));
  std::vector<Look> looks;
  looks.reserve(graph.paths.size());
  auto content = contents.begin();   // both are in the order of paths
  for (const StorePath& path : graph.paths) {
    while (content != contents.end() && content->first < path) ++content;
    const bool known = content != contents.end() && content->first == path;
    if (known) looks.push_back({.path = &path, .wanted = options.check_contents ? &content->second : nullptr,
                                .is_damaged = options.damaged.contains(path)});
  }
  std::mutex telling;
  SWAGE_CHECK(on_all_cores(looks.size(), [&](std::size_t i) {
    if (progress) {
      const std::scoped_lock lock_progress(telling);
      progress(*looks[i].path);
    }
    return look_at(state_->real(*looks[i].path), looks[i]);
  }));
  StorePathSet damaged, missing;
  for (Look& look : looks) {
    ++result.checked;
    result.bytes += look.bytes;
    if (!look.fault) continue;
    if (look.fault->kind == Kind::missing) missing.insert(*look.path);
    if (look.fault->kind != Kind::unreadable) damaged.insert(*look.path);
    result.problems.push_back(std::move(*look.fault));
  }
  for (std::uint32_t node = 0; !missing.empty() && node < graph.paths.size(); ++node)
    for (const std::uint32_t reference : graph.references[node])
      if (reference != node && missing.contains(graph.paths[reference]))
        result.problems.push_back(
            {.kind = Kind::dangling_reference,
             .path = graph.paths[node].str(),
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

Result<void> Store::replace_content(const StorePath& path, const fs::path& tree) {
  SWAGE_CHECK(state_->need_writable());
  SWAGE_CHECK(state_->temp_roots.add({path}));
  SWAGE_TRY(const std::optional<PathInfo> info, query(path));
  if (!info) return fail(Errc::invalid_input, fmt::format("'{}' is not in the store", path.str()));
  SWAGE_TRY(const NarHash nar, hash_nar(tree));
  if (nar.hash != info->nar_hash)
    return Fail(Error{.code = Errc::hash_mismatch,
                      .what = fmt::format("'{}' is not repaired: what was made anew is something else", path.str()),
                      .notes = {fmt::format("specified sha256:{}", hash_base32(info->nar_hash)),
                                fmt::format("      got sha256:{}", hash_base32(nar.hash))}});
  SWAGE_TRY(const TempDir trash, state_->scratch("trash"));
  const fs::path place = state_->real(path), damaged = trash.path() / path.base();
  const bool was_there = path_exists(place);
  if (was_there) SWAGE_CHECK(rename_tree(place, damaged));
  const Result<void> moved = rename_tree(tree, place);
  if (!moved && was_there) SWAGE_CHECK(rename_tree(damaged, place));
  return moved;
}

Result<void> Store::remove_damaged_links() {
  const fs::path farm = state_->store_dir / ".links";
  SWAGE_TRY(const std::vector<std::string> names, list_directory(farm));
  for (const std::string& name : names) {
    const Result<NarHash> nar = hash_nar(farm / name);
    if (!nar && nar.error().code == Errc::interrupted) return Fail(nar.error());
    if (!nar || hash_base32(nar->hash) != name) ::unlink((farm / name).c_str());
  }
  return {};
}

}  // namespace swage
