#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <fmt/core.h>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"
#include "store/base32.hpp"
#include "store/store_state.hpp"

namespace swage {

// --- Temporary roots ---

TempRoots::~TempRoots() {
  if (lock_ && owner_ == ::getpid()) retire_lock_file(file_, lock_->fd());
}

// Usually <pid>. That name may be taken: by another store object of this process, or by a process in another process
// namespace that shares this store.
Result<void> TempRoots::create() {
  for (unsigned i = 0;; ++i) {
    file_ = state_dir_ / "temproots" / (i == 0 ? fmt::format("{}", ::getpid()) : fmt::format("{}-{}", ::getpid(), i));
    SWAGE_TRY(lock_, FileLock::try_acquire(file_, FileLock::Mode::exclusive));
    if (!lock_) continue;
    owner_ = ::getpid();
    written_.clear();
    if (::ftruncate(lock_->fd(), 0) != 0) return fail_errno(fmt::format("cannot write '{}'", file_.string()), errno);
    return {};
  }
}

Result<void> TempRoots::add(const StorePathSet& paths) {
  const std::lock_guard guard(mutex_);
  if (lock_ && owner_ != ::getpid()) lock_.reset();
  std::string text;
  StorePathSet added;
  for (const StorePath& path : paths) {
    if (lock_ && written_.contains(path)) continue;
    text += path.str();
    text += '\0';
    added.insert(added.end(), path);
  }
  if (added.empty()) return {};
  // Held while writing: a collection either sees these roots, or is over before the caller looks what is valid.
  SWAGE_TRY(const FileLock gc, wait_for_lock(state_dir_ / "gc.lock", FileLock::Mode::shared));
  if (!lock_) SWAGE_CHECK(create());
  SWAGE_CHECK(write_all(lock_->fd(), text, file_.string()));
  written_.merge(added);
  return {};
}

Result<void> TempRoots::drop(const StorePathSet& paths) {
  const std::lock_guard guard(mutex_);
  if (!lock_ || owner_ != ::getpid()) return {};
  StorePathSet kept;
  std::set_difference(written_.begin(), written_.end(), paths.begin(), paths.end(), std::inserter(kept, kept.end()));
  std::string text;
  for (const StorePath& path : kept) text += path.str() + '\0';
  // Held while writing: no collector reads half of them.
  SWAGE_TRY(const FileLock gc, wait_for_lock(state_dir_ / "gc.lock", FileLock::Mode::shared));
  written_ = std::move(kept);
  if (::ftruncate(lock_->fd(), 0) != 0 || ::lseek(lock_->fd(), 0, SEEK_SET) != 0)
    return fail_errno(fmt::format("cannot write '{}'", file_.string()), errno);
  return write_all(lock_->fd(), text, file_.string());
}

Result<std::vector<Store::Root>> TempRoots::of_all() {
  std::vector<Store::Root> roots;
  const fs::path directory = state_dir_ / "temproots";
  SWAGE_TRY(const std::vector<std::string> names, list_directory(directory));
  for (const std::string& name : names) {
    int pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    const fs::path file = directory / name;
    const Result<std::optional<FileLock>> lock = FileLock::try_acquire(file, FileLock::Mode::exclusive);
    if (!lock && lock.error().os_error == EACCES) continue;   // of another user, who is not let in while this one is
    if (!lock) return Fail(lock.error());
    if (*lock) {  // its owner is dead
      retire_lock_file(file, (*lock)->fd());
      continue;
    }
    auto text = read_file(file);
    if (!text) continue;  // its owner ended just now
    for (const std::string_view entry : split(*text, '\0'))
      if (auto path = StorePath::parse(entry))
        roots.push_back({.link = fmt::format("{{temp:{}}}", pid), .path = std::move(*path)});
  }
  return roots;
}

// --- Links ---

namespace {

// The store path that a link's target lies in: by its logical name, or by where this store has it, or had it before it
// was moved.
std::optional<StorePath> path_in_store(std::string_view target, std::span<const std::string> prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (!target.starts_with(prefix)) continue;
    const std::string_view rest = target.substr(prefix.size());
    if (auto path = StorePath::parse_base(rest.substr(0, rest.find('/')))) return std::move(*path);
  }
  const std::string below = std::string(kStoreDir) + "/";
  if (const auto at = target.rfind(below); at != std::string_view::npos)
    if (auto path = StorePath::parse_base(
            target.substr(at + below.size(), target.find('/', at + below.size()) - at - below.size())))
      return std::move(*path);
  return std::nullopt;
}

class LinkWalk {
 public:
  LinkWalk(const fs::path& store_dir, fs::path automatic, bool remove_stale)
      : automatic_(std::move(automatic)), remove_stale_(remove_stale) {
    prefixes_.push_back(std::string(kStoreDir) + "/");
    prefixes_.push_back(store_dir.string() + "/");
    std::error_code error;
    if (fs::path real = fs::canonical(store_dir, error); !error) prefixes_.push_back(real.string() + "/");
  }

  Result<void> walk(const fs::path& path) {
    struct stat st {};
    if (::lstat(path.c_str(), &st) != 0) return {};
    if (S_ISDIR(st.st_mode)) {
      SWAGE_TRY(const std::vector<std::string> names, list_directory(path));
      for (const std::string& name : names) SWAGE_CHECK(walk(path / name));
    } else if (S_ISLNK(st.st_mode)) {
      SWAGE_CHECK(link(path));
    } else if (S_ISREG(st.st_mode)) {
      if (auto named = StorePath::parse_base(path.filename().string())) add(path, std::move(*named));
    }
    return {};
  }

  std::vector<Store::Root> roots{};

 private:
  void add(const fs::path& link, StorePath path) { roots.push_back({.link = link.string(), .path = std::move(path)}); }

  Result<void> link(const fs::path& path) {
    SWAGE_TRY(const std::string target, swage::read_symlink(path));
    if (auto direct = path_in_store(target, prefixes_)) {
      add(path, std::move(*direct));
      return {};
    }
    const fs::path user_link = (path.parent_path() / target).lexically_normal();
    if (!path_exists(user_link)) {
      if (!remove_stale_ || path.parent_path() != automatic_) return {};
      ::unlink(path.c_str());
      if (!path_exists(user_link)) return {};
      // It was made just now, and what was removed was its root, which is made after it: the root comes back.
      SWAGE_CHECK(make_symlink_atomically(target, path));
    }
    if (const auto second = swage::read_symlink(user_link))
      if (auto indirect = path_in_store(*second, prefixes_)) add(user_link, std::move(*indirect));
    return {};
  }

  std::vector<std::string> prefixes_{};
  fs::path automatic_;
  bool remove_stale_;
};

}  // namespace

Result<std::vector<Store::Root>> Store::State::link_roots(Stale stale) const {
  LinkWalk walk(store_dir, state_dir / "gcroots/auto", stale == Stale::remove);
  SWAGE_CHECK(walk.walk(state_dir / "gcroots"));
  SWAGE_CHECK(walk.walk(state_dir / "profiles"));
  return std::move(walk.roots);
}

Result<void> Store::add_temp_roots(const StorePathSet& paths) {
  SWAGE_CHECK(state_->need_writable());
  return state_->temp_roots.add(paths);
}

Result<void> Store::add_indirect_root(const fs::path& link) {
  SWAGE_CHECK(state_->need_writable());
  SWAGE_TRY(const fs::path named, absolute_path(link));
  const fs::path absolute = named.lexically_normal();
  const fs::path automatic = state_->state_dir / "gcroots/auto";
  SWAGE_CHECK(make_directories(automatic));
  return make_symlink_atomically(absolute.string(),
                                 automatic / hash_base32(hash_string(HashAlgo::sha1, absolute.string())));
}

Result<void> Store::drop_temp_roots(const StorePathSet& paths) { return state_->temp_roots.drop(paths); }

bool Store::may_forget_link(const fs::path& link) const {
  const Result<std::string> target = swage::read_symlink(link);
  if (!target) return false;
  std::error_code error;
  const fs::path store_dir = fs::canonical(state_->store_dir, error);
  for (fs::path place = (link.parent_path() / *target).lexically_normal(); place.has_relative_path();
       place = place.parent_path())
    if (const fs::path above = fs::canonical(place.parent_path(), error); !error && above == store_dir)
      return StorePath::parse_base(place.filename().string()).has_value();
  return path_in_store(*target, {}).has_value();
}

Result<std::vector<Store::Root>> Store::find_roots() {
  SWAGE_TRY(std::vector<Root> roots, state_->link_roots(State::Stale::keep));
  if (state_->writable) {
    SWAGE_TRY(std::vector<Root> temporary, state_->temp_roots.of_all());
    std::move(temporary.begin(), temporary.end(), std::back_inserter(roots));
  }
  for (Root& root : runtime_roots(state_->store_dir)) roots.push_back(std::move(root));
  std::vector<Root> valid;
  for (Root& root : roots) {
    SWAGE_TRY(const bool is, is_valid(root.path));
    if (is) valid.push_back(std::move(root));
  }
  return valid;
}

}  // namespace swage
