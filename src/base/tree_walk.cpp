#include "base/tree_walk.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace swage {

namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct Entry {
  std::size_t offset;  // of the name in Level::names
  std::size_t size;
  unsigned char type;  // d_type
};

// A directory that is being visited. Names keep their NUL, so that they serve as C strings.
struct Level {
  std::string names{};
  std::vector<Entry> entries{};
  std::size_t next = 0;
  std::size_t path_size = 0;   // of the way to its parent
  const char* c_name(const Entry& entry) const { return names.data() + entry.offset; }
  std::string_view name(const Entry& entry) const { return std::string_view(names).substr(entry.offset, entry.size); }
};

}  // namespace

// --- DirectoryStack ---

int DirectoryStack::top() const { return levels_.empty() ? AT_FDCWD : levels_.back().fd.get(); }

int DirectoryStack::push(const char* name) {
  UniqueFd fd(::openat(top(), name, kOpenDirectory));
  if (!fd) return errno;
  levels_.emplace_back().fd = std::move(fd);
  if (levels_.size() <= kOpen) return 0;
  Level& above = levels_[levels_.size() - 1 - kOpen];
  if (!above.fd) return 0;
  struct stat st {};
  if (::fstat(above.fd.get(), &st) != 0) return errno;
  above.device = st.st_dev;
  above.inode = st.st_ino;
  above.fd.reset();
  return 0;
}

int DirectoryStack::pop() {
  if (levels_.size() > 1 && !levels_[levels_.size() - 2].fd) {
    Level& parent = levels_[levels_.size() - 2];
    UniqueFd fd(::openat(top(), "..", kOpenDirectory));
    struct stat st {};
    if (!fd || ::fstat(fd.get(), &st) != 0) return errno;
    if (st.st_dev != parent.device || st.st_ino != parent.inode) return ESTALE;
    parent.fd = std::move(fd);
  }
  levels_.pop_back();
  return 0;
}

// --- TreeWalk ---

class TreeWalk {
 public:
  TreeWalk(const fs::path& root, TreeVisitor& visitor, const Checkpoint& checkpoint)
      : root_(root), visitor_(visitor), checkpoint_(checkpoint), buffer_(new char[kBuffer]) {}

  Result<void> run() {
    SWAGE_CHECK(visit(root_.c_str(), DT_UNKNOWN));
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.next == level.entries.size()) {
        SWAGE_CHECK(ascend());
        continue;
      }
      const Entry& entry = level.entries[level.next++];
      SWAGE_CHECK(visit(level.c_name(entry), entry.type));
    }
    return {};
  }

  std::string relative(const TreePlace& place) const {
    if (place.depth == 0) return {};
    return path_.empty() ? std::string(place.name) : fmt::format("{}/{}", path_, place.name);
  }
  const fs::path& root() const { return root_; }

 private:
  static constexpr std::size_t kBuffer = 64 * 1024;

  TreePlace place(const char* name, unsigned char type) const {
    return {*this, stack_.top(), name, type, levels_.size()};
  }

  Result<void> visit(const char* name, unsigned char type) {
    SWAGE_CHECK(checkpoint_());
    TreePlace here = place(name, type);
    if (type == DT_UNKNOWN) {
      struct stat st {};
      if (::fstatat(here.parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return visitor_.unreadable(here, errno);
      here.type = static_cast<unsigned char>(IFTODT(st.st_mode));
    }
    if (here.type != DT_DIR) return visitor_.leaf(here);
    SWAGE_TRY(const bool wanted, visitor_.enter(here));
    return wanted ? descend(here) : Result<void>();
  }

  Result<void> descend(const TreePlace& here) {
    if (const int error = stack_.push(here.name)) return visitor_.unreadable(here, error);
    Level level{.path_size = path_.size()};
    if (const int error = list(level)) {
      SWAGE_CHECK(climb(here));
      return visitor_.unreadable(here, error);
    }
    if (here.depth > 0) path_.append(path_.empty() ? "" : "/").append(here.name);
    levels_.push_back(std::move(level));
    return {};
  }

  Result<void> climb(const TreePlace& from) {
    const int error = stack_.pop();
    if (error == ESTALE) return fail(Errc::environment, fmt::format("'{}' was moved while it was read", from.shown()));
    if (error != 0) return fail_errno(fmt::format("cannot leave '{}'", from.shown()), error);
    return {};
  }

  Result<void> ascend() {
    path_.resize(levels_.back().path_size);
    levels_.pop_back();
    const Level* above = levels_.empty() ? nullptr : &levels_.back();
    const char* name = above ? above->c_name(above->entries[above->next - 1]) : root_.c_str();
    SWAGE_CHECK(climb(place(name, DT_DIR)));
    return visitor_.leave(place(name, DT_DIR));
  }

  // The entries of the directory on top, sorted. 0, or the errno.
  int list(Level& level) {
    for (;;) {
      const ssize_t size = ::getdents64(stack_.top(), buffer_.get(), kBuffer);
      if (size < 0) return errno;
      if (size == 0) break;
      for (const char* at = buffer_.get(); at < buffer_.get() + size;) {
        const auto* entry = reinterpret_cast<const dirent64*>(at);
        at += entry->d_reclen;
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        level.entries.push_back({level.names.size(), name.size(), entry->d_type});
        level.names.append(name).push_back('\0');
      }
    }
    std::sort(level.entries.begin(), level.entries.end(),
              [&](const Entry& a, const Entry& b) { return level.name(a) < level.name(b); });
    return 0;
  }

  const fs::path& root_;
  TreeVisitor& visitor_;
  const Checkpoint& checkpoint_;
  std::unique_ptr<char[]> buffer_;
  DirectoryStack stack_{};
  std::deque<Level> levels_{};   // places point into their names
  std::string path_{};           // of the deepest level, below the root
};

std::string TreePlace::relative() const { return walk.relative(*this); }

std::string TreePlace::shown() const {
  const std::string below = relative();
  std::string path = below.empty() ? walk.root().string() : (walk.root() / below).string();
  constexpr std::size_t kLongest = 1024;
  if (path.size() > kLongest) path.replace(kLongest / 2, path.size() - kLongest, "[...]");
  return path;
}

Result<void> TreeVisitor::unreadable(const TreePlace& place, int error) {
  return fail_errno(fmt::format("cannot read '{}'", place.shown()), error);
}

Result<void> walk_tree(const fs::path& root, TreeVisitor& visitor, const Checkpoint& checkpoint) {
  return TreeWalk(root, visitor, checkpoint).run();
}

// --- Removing ---

namespace {

// Removes what it can and remembers the first thing that it could not.
class Remover final : public TreeVisitor {
 public:
  Result<void> leaf(const TreePlace& place) override {
    account(place);
    return unlink(place, 0);
  }

  Result<bool> enter(const TreePlace& place) override {
    struct stat st {};
    if (::fstatat(place.parent, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & 0700) != 0700)
      ::fchmodat(place.parent, place.name, (st.st_mode | 0700) & 07777, AT_SYMLINK_NOFOLLOW);
    return true;
  }

  Result<void> leave(const TreePlace& place) override {
    account(place);
    return unlink(place, AT_REMOVEDIR);
  }

  // An empty directory goes even when it cannot be opened.
  Result<void> unreadable(const TreePlace& place, int error) override {
    if (error == ENOENT) return {};
    if (place.type == DT_DIR && ::unlinkat(place.parent, place.name, AT_REMOVEDIR) == 0) return {};
    failed(place, error);
    return {};
  }

  Result<std::uint64_t> result() {
    if (error_) return Fail(std::move(*error_));
    return freed_;
  }

 private:
  // Before it is gone: the blocks of a file whose last link this is.
  void account(const TreePlace& place) {
    struct stat st {};
    pending_ =
        ::fstatat(place.parent, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (S_ISDIR(st.st_mode) || st.st_nlink == 1)
            ? static_cast<std::uint64_t>(st.st_blocks) * 512
            : 0;
  }

  Result<void> unlink(const TreePlace& place, int flags) {
    if (::unlinkat(place.parent, place.name, flags) == 0) freed_ += pending_;
    else if (errno != ENOENT) failed(place, errno);
    return {};
  }

  void failed(const TreePlace& place, int error) {
    if (!error_) error_ = fail_errno(fmt::format("cannot remove '{}'", place.shown()), error).value();
  }

  std::uint64_t freed_ = 0;
  std::uint64_t pending_ = 0;
  std::optional<Error> error_{};
};

// Whoever stops swage wants it gone soon, and nothing left behind: what takes longer than this stays for a later run.
constexpr auto kGrace = std::chrono::seconds(2);

Result<void> not_long_after_interrupt() {
  if (interrupted() && since_interrupt() > kGrace) return fail(Errc::interrupted, "interrupted");
  return {};
}

}  // namespace

Result<std::uint64_t> remove_tree(const fs::path& path) {
  if (!path_exists(path)) return std::uint64_t{0};
  Remover remover;
  SWAGE_CHECK(walk_tree(path, remover, not_long_after_interrupt));
  return remover.result();
}

}  // namespace swage
