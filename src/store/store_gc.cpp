// Garbage collection: mark what is alive (store_marks.cpp), then remove the rest. The collector's lock stops every
// other process from starting to use a path, so it is held only while things are unregistered and renamed into a trash
// directory; deleting the bytes, the slow part, comes after. Where a disk has no room left for that, it is done in
// small steps, bytes included.
#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "store/journal.hpp"
#include "store/store_marks.hpp"
#include "store/store_state.hpp"

namespace swage {

namespace {

// A Nix process that wants a temporary root while a collection runs connects to this socket to announce it. One that is
// bound but not listened to refuses the connection, and Nix then tries the lock again until the collection is over.
UniqueFd refusing_socket(const fs::path& state_dir) {
  const fs::path parent = state_dir / "gc-socket";
  if (!make_directories(parent)) return {};
  const auto directory = open_file(parent, O_RDONLY | O_DIRECTORY);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!directory || !socket) return {};
  ::unlinkat(directory->get(), "socket", 0);
  // By way of the descriptor: a socket's address has room for 107 bytes only.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/socket", directory->get());
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

// Those of `among`, in the same order, which nothing that stays refers to.
std::vector<std::uint32_t> only_of(const PathGraph& graph, const std::vector<std::uint32_t>& dead,
                                   const StorePathSet& among) {
  std::vector<bool> referred_to(graph.paths.size());
  std::vector<std::uint32_t> chosen;
  for (const std::uint32_t node : dead) {   // the alive refer to nothing dead
    if (among.contains(graph.paths[node]) && !referred_to[node]) chosen.push_back(node);
    else for (const std::uint32_t reference : graph.references[node]) referred_to[reference] = true;
  }
  return chosen;
}

// Links in Nix's farm of shared files that no object uses any more.
void prune_link_farm(const fs::path& store_dir) {
  const auto names = list_directory(store_dir / ".links");
  if (!names) return;
  for (const std::string& name : *names) {
    const fs::path link = store_dir / ".links" / name;
    struct stat st {};
    if (::lstat(link.c_str(), &st) == 0 && st.st_nlink == 1) ::unlink(link.c_str());
  }
}

}  // namespace

Result<Store::State::Entries> Store::State::entries(std::vector<std::string> names, const PathGraph& graph,
                                                           std::span<const Root> temporary) const {
  Entries entries;
  std::set<std::string_view> in_use;
  for (const Root& one : temporary) in_use.insert(one.path.base());
  for (const std::string& name : names) {
    if (!writable || !name.ends_with(".lock")) continue;
    auto path = StorePath::parse_base(std::string_view(name).substr(0, name.size() - 5));
    if (!path) continue;
    const Result<std::optional<FileLock>> lock = FileLock::try_acquire(store_dir / name, FileLock::Mode::exclusive);
    // That of another user cannot be looked at: it goes as litter, with the path that it was for.
    if (!lock && lock.error().os_error == EACCES) continue;
    if (!lock) return Fail(lock.error());
    if (!*lock)
      entries.locked.insert(std::move(*path));
    else
      retire_lock_file(store_dir / name, (*lock)->fd());
  }
  for (std::string& name : names) {
    if (name == ".links" || in_use.contains(name)) continue;
    const auto path = StorePath::parse_base(name);
    if (path && (graph.index.contains(*path) || entries.locked.contains(*path))) continue;
    if (!path_exists(store_dir / name)) continue;  // a lock file that was just retired
    if (name.ends_with(".lock")) {
      const auto locked = StorePath::parse_base(std::string_view(name).substr(0, name.size() - 5));
      if (locked && entries.locked.contains(*locked)) continue;
    }
    entries.unregistered.push_back(std::move(name));
  }
  return entries;
}

Result<void> Store::State::sweep(std::span<const StorePath> paths, std::span<const std::string> litter,
                                 std::vector<TempDir>& trash, std::vector<Error>& stuck, std::uint64_t& freed) {
  if (paths.empty() && litter.empty()) return {};
  if (!paths.empty())
    SWAGE_CHECK(with_registry([&](Registry& r) { return r.remove(StorePathSet(paths.begin(), paths.end())); }));
  if (trash.empty())
    if (auto made = scratch("trash")) trash.push_back(std::move(*made));
  const auto discard = [&](const std::string& name) -> Result<void> {
    const fs::path entry = store_dir / name;
    if (!trash.empty()) {
      const Result<void> moved = rename_tree(entry, trash.back().path() / name);
      // ENOENT: another collector, of Nix perhaps, was there before.
      if (moved || moved.error().os_error == ENOENT) return {};
      if (!is_no_space(moved.error().os_error)) {
        stuck.push_back(moved.error());
        return {};
      }
    }
    const Result<std::uint64_t> removed = remove_tree(entry);
    if (removed) freed += *removed;
    else if (removed.error().code == Errc::interrupted) return Fail(removed.error());
    else stuck.push_back(removed.error());
    return {};
  };
  for (const StorePath& path : paths) SWAGE_CHECK(discard(path.base()));
  for (const std::string& name : litter) SWAGE_CHECK(discard(name));
  return {};
}

// What a collector holds from its first look at the store to its last rename, and what it saw.
struct Store::State::Collection {
  FileLock lock;
  UniqueFd socket;
  PathGraph graph;
  Entries entries;
  Marks marks;
};

Result<Store::State::Collection> Store::State::begin_collection(Stale stale, const GcOptions& options) {
  SWAGE_TRY(FileLock lock, wait_for_lock(gc_lock(), FileLock::Mode::exclusive));
  UniqueFd socket = refusing_socket(state_dir);
  SWAGE_TRY(std::vector<std::string> names, list_directory(store_dir));
  // Before links: a process makes its link and then ends, and with it its temporary roots. One of the two is seen.
  SWAGE_TRY(const std::vector<Root> temporary, temp_roots.of_all());
  SWAGE_TRY(const std::vector<Root> links, link_roots(stale));
  std::vector<Root> processes = temporary;
  for (Root& one : runtime_roots(store_dir)) processes.push_back(std::move(one));
  SWAGE_TRY(PathGraph graph, with_registry([](Registry& r) { return r.graph(); }));
  SWAGE_TRY(Entries found, entries(std::move(names), graph, temporary));
  std::optional<std::int64_t> newer;
  if (options.keep_newer) newer = static_cast<std::int64_t>(std::time(nullptr)) - *options.keep_newer;
  Marks marks = Marks::of(graph, {.links = links,
                                  .processes = processes,
                                  .locked = &found.locked,
                                  .newer = newer,
                                  .build_inputs = options.keep_build_inputs,
                                  .pinned = &options.pinned});
  return Collection{std::move(lock), std::move(socket), std::move(graph), std::move(found), std::move(marks)};
}

namespace {

// Frees the bytes of what was swept. The collector's lock is released by now.
Result<std::uint64_t> empty(std::vector<TempDir> trash, std::vector<Error>& stuck) {
  std::uint64_t freed = 0;
  for (const TempDir& directory : trash) {
    const Result<std::uint64_t> removed = remove_tree(directory.path());
    if (removed) freed += *removed;
    else if (removed.error().code == Errc::interrupted) return Fail(removed.error());
    else stuck.push_back(removed.error());
  }
  return freed;
}

}  // namespace

Result<GcResult> Store::collect_garbage(const GcOptions& options) {
  SWAGE_CHECK(state_->need_writable());
  GcResult result;
  std::vector<TempDir> trash;
  {
    SWAGE_TRY(const State::Collection now,
              state_->begin_collection(options.dry_run ? State::Stale::keep : State::Stale::remove, options));
    std::uint64_t bytes = 0;
    result.kept = now.marks.kept(now.graph);
    std::vector<StorePath> dead;
    std::vector<std::uint32_t> order = dead_in_order(now.graph, now.marks);
    if (options.only) order = only_of(now.graph, order, *options.only);
    for (const std::uint32_t node : order) {
      if (bytes >= options.max_freed) {
        ++result.left.paths;
        result.left.bytes += now.graph.nar_sizes[node];
        continue;
      }
      bytes += now.graph.nar_sizes[node];
      dead.push_back(now.graph.paths[node]);
    }
    if (options.dry_run) {
      result.deleted = std::move(dead);
      result.bytes_freed = bytes;
      return result;
    }
    // All at once, unless the disk has no room for so long a transaction: then in steps, and what one took is free
    // before the next.
    std::size_t step = dead.size();
    for (std::size_t at = 0; at < dead.size();) {
      SWAGE_CHECK(check_interrupt());
      const std::span<const StorePath> some = std::span(dead).subspan(at, std::min(step, dead.size() - at));
      const Result<void> swept = state_->sweep(some, {}, trash, result.stuck, result.bytes_freed);
      if (!swept && (step == 1 || !is_no_space(swept.error().os_error))) return Fail(swept.error());
      if (!swept) {
        step = std::clamp<std::size_t>(step / 8, 1, 64);
        continue;
      }
      at += some.size();
      if (at == dead.size()) break;
      SWAGE_TRY(const std::uint64_t freed, empty(std::exchange(trash, {}), result.stuck));
      result.bytes_freed += freed;
    }
    SWAGE_CHECK(state_->sweep({}, now.entries.unregistered, trash, result.stuck, result.bytes_freed));
    result.deleted = std::move(dead);
  }
  SWAGE_TRY(const std::uint64_t freed, empty(std::move(trash), result.stuck));
  SWAGE_TRY(const std::uint64_t of_the_dead, remove_litter(state_->root, result.stuck));
  result.bytes_freed += freed + of_the_dead;
  prune_link_farm(state_->store_dir);
  SWAGE_TRY(const std::vector<StorePath> left_valid, all_paths());
  const StorePathSet valid(left_valid.begin(), left_valid.end());
  SWAGE_TRY(const std::uint64_t of_logs, remove_old_logs(state_->root, valid));
  result.bytes_freed += of_logs;
  // A full disk has no room for another copy: the next collection will.
  (void)Journal(state_->work_dir).keep_short(valid);
  return result;
}

Result<std::vector<std::string>> Store::why_kept(const StorePath& path, const GcOptions& options) {
  SWAGE_CHECK(state_->need_writable());
  SWAGE_TRY(const State::Collection now, state_->begin_collection(State::Stale::keep, options));
  const auto node = now.graph.index.find(path);
  if (node == now.graph.index.end())
    return fail(Errc::invalid_input, fmt::format("'{}' is not in the store", path.str()));
  return now.marks.reasons(now.graph, node->second);
}

Result<GcResult> Store::delete_paths(const StorePathSet& paths) {
  SWAGE_CHECK(state_->need_writable());
  GcResult result;
  std::vector<TempDir> trash;
  {
    // What is named is meant.
    SWAGE_TRY(const State::Collection now, state_->begin_collection(State::Stale::keep, {.keep_build_inputs = false}));
    for (const StorePath& path : paths) {
      const auto node = now.graph.index.find(path);
      if (node == now.graph.index.end())
        return fail(Errc::invalid_input, fmt::format("'{}' is not in the store", path.str()));
      if (now.marks.alive(node->second))
        return fail(Errc::invalid_input,
                    fmt::format("'{}' is in use: {}", path.str(), now.marks.reason(now.graph, node->second)));
    }
    for (std::size_t node = 0; node < now.graph.paths.size(); ++node) {
      if (paths.contains(now.graph.paths[node])) continue;
      for (const std::uint32_t reference : now.graph.references[node])
        if (paths.contains(now.graph.paths[reference]))
          return fail(Errc::invalid_input, fmt::format("'{}' is in use: '{}' refers to it",
                                                       now.graph.paths[reference].str(), now.graph.paths[node].str()));
    }
    result.deleted.assign(paths.begin(), paths.end());
    SWAGE_CHECK(state_->sweep(result.deleted, {}, trash, result.stuck, result.bytes_freed));
  }
  SWAGE_TRY(const std::uint64_t freed, empty(std::move(trash), result.stuck));
  result.bytes_freed += freed;
  return result;
}

}  // namespace swage
