// Making a tree canonical. A first walk counts the links of each file that has several: a file whose links are not all
// inside the tree gets a fresh copy, because changing its mode would change the outside one too, and somebody could
// still write to it through that name. The second walk sets modes and times bottom-up, a directory last.
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <map>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/tree_walk.hpp"
#include "store/store.hpp"

namespace swage {

namespace {

struct Links {
  nlink_t total = 0;
  nlink_t inside = 0;
};
using Inode = std::pair<dev_t, ino_t>;

Fail io_error(std::string_view verb, const TreePlace& place) {
  return fail_errno(fmt::format("cannot {} '{}'", verb, place.shown()), errno);
}

Result<struct stat> status(const TreePlace& place) {
  struct stat st {};
  if (::fstatat(place.parent, place.name, &st, AT_SYMLINK_NOFOLLOW) != 0) return io_error("read", place);
  return st;
}

// The first walk.
class LinkCounter final : public TreeVisitor {
 public:
  Result<void> leaf(const TreePlace& place) override {
    SWAGE_TRY(const struct stat st, status(place));
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
      return fail(Errc::build_failed,
                  fmt::format("'{}' is neither a file, a directory nor a symbolic link", place.shown()));
    if (S_ISREG(st.st_mode) && st.st_nlink > 1) {
      Links& counted = links[{st.st_dev, st.st_ino}];
      counted.total = st.st_nlink;
      ++counted.inside;
    }
    return {};
  }

  // A build may leave directories that not even their owner can enter.
  Result<bool> enter(const TreePlace& place) override {
    SWAGE_TRY(const struct stat st, status(place));
    if ((st.st_mode & 0700) != 0700 &&
        ::fchmodat(place.parent, place.name, (st.st_mode & 0777) | 0700, AT_SYMLINK_NOFOLLOW) != 0)
      return io_error("open", place);
    return true;
  }

  Result<void> leave(const TreePlace&) override { return {}; }

  std::map<Inode, Links> links{};
};

// The second.
class Canonicaliser final : public TreeVisitor {
 public:
  Canonicaliser(const std::map<Inode, Links>& links, const Checkpoint& checkpoint)
      : links_(links), checkpoint_(checkpoint) {}

  Result<void> leaf(const TreePlace& place) override {
    SWAGE_TRY(struct stat st, status(place));
    if (S_ISREG(st.st_mode) && has_links_outside(st)) {
      SWAGE_CHECK(detach(place, st));
      SWAGE_TRY(st, status(place));
    }
    return settle(place, st);
  }
  Result<bool> enter(const TreePlace&) override { return true; }
  Result<void> leave(const TreePlace& place) override {
    SWAGE_TRY(const struct stat st, status(place));
    return settle(place, st);
  }

 private:
  bool has_links_outside(const struct stat& st) const {
    if (st.st_nlink == 1) return false;
    const auto links = links_.find({st.st_dev, st.st_ino});
    return links == links_.end() || links->second.total != links->second.inside;
  }

  Result<void> settle(const TreePlace& place, const struct stat& st) {
    SWAGE_CHECK(drop_attributes(place));
    const mode_t mode = st.st_mode & 07777;
    const mode_t wanted = S_ISDIR(st.st_mode) || (mode & S_IXUSR) ? 0555 : 0444;
    if (!S_ISLNK(st.st_mode) && mode != wanted &&
        ::fchmodat(place.parent, place.name, wanted, AT_SYMLINK_NOFOLLOW) != 0)
      return io_error("change", place);
    // A directory's time may have moved while its content was made canonical: always set it.
    if (S_ISDIR(st.st_mode) || st.st_mtim.tv_sec != 1 || st.st_mtim.tv_nsec != 0) {
      const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = 1, .tv_nsec = 0}};
      if (::utimensat(place.parent, place.name, times, AT_SYMLINK_NOFOLLOW) != 0) return io_error("change", place);
    }
    return {};
  }

  // The outside link has the same mode: what its owner may not read, he may for a moment.
  static UniqueFd open_source(const TreePlace& place, const struct stat& st) {
    const auto open = [&] { return UniqueFd(::openat(place.parent, place.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)); };
    UniqueFd fd = open();
    if (fd || errno != EACCES ||
        ::fchmodat(place.parent, place.name, (st.st_mode & 0777) | S_IRUSR, AT_SYMLINK_NOFOLLOW) != 0)
      return fd;
    fd = open();
    const int error = errno;
    ::fchmodat(place.parent, place.name, st.st_mode & 0777, AT_SYMLINK_NOFOLLOW);
    errno = error;
    return fd;
  }

  // A file of a name that nobody has, beside the other: the parent of a tree that is one file is the working directory.
  static UniqueFd create_beside(const TreePlace& place, std::string& name) {
    const std::string_view own = place.name;
    const std::string_view directory = own.substr(0, own.rfind('/') + 1);   // "" within a tree
    for (unsigned i = 0;; ++i) {
      name = fmt::format("{}.detach.{}", directory, i);
      UniqueFd fd(::openat(place.parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
      if (fd || errno != EEXIST) return fd;
    }
  }

  // Replaces the file by a copy of itself that has no other link.
  Result<void> detach(const TreePlace& place, const struct stat& st) const {
    const UniqueFd from = open_source(place, st);
    if (!from) return io_error("read", place);
    std::string temporary;
    const UniqueFd to = create_beside(place, temporary);
    if (!to) return io_error("copy", place);
    const Result<void> copied = copy_over(place, from.get(), to.get(), temporary, st);
    if (!copied) ::unlinkat(place.parent, temporary.c_str(), 0);
    return copied;
  }

  Result<void> copy_over(const TreePlace& place, int from, int to, const std::string& temporary,
                         const struct stat& st) const {
    char buffer[64 * 1024];
    for (;;) {
      SWAGE_CHECK(checkpoint_());
      const ssize_t n = ::read(from, buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error("copy", place);
      if (n == 0) break;
      SWAGE_CHECK(write_all(to, {buffer, static_cast<std::size_t>(n)}, place.shown()));
    }
    if (::fchmod(to, st.st_mode & 0777) != 0) return io_error("copy", place);
    if (::renameat(place.parent, temporary.c_str(), place.parent, place.name) != 0) return io_error("copy", place);
    return {};
  }

  // Extended attributes and access lists are not part of an object. SELinux labels are the host's.
  Result<void> drop_attributes(const TreePlace& place) {
    if (!attributes_) return {};
    const std::string path =
        place.depth == 0 ? std::string(place.name) : fmt::format("/proc/self/fd/{}/{}", place.parent, place.name);
    const ssize_t size = ::llistxattr(path.c_str(), nullptr, 0);
    if (size < 0 && (errno == ENOTSUP || errno == ENOSYS)) attributes_ = false;
    if (size <= 0) return {};
    std::string names(static_cast<std::size_t>(size), '\0');
    const ssize_t got = ::llistxattr(path.c_str(), names.data(), names.size());
    if (got < 0) return io_error("read", place);
    names.resize(static_cast<std::size_t>(got));
    for (std::size_t at = 0; at < names.size(); at += std::char_traits<char>::length(names.c_str() + at) + 1) {
      const char* attribute = names.c_str() + at;
      if (std::string_view(attribute) == "security.selinux") continue;
      if (::lremovexattr(path.c_str(), attribute) != 0 && errno != ENODATA) return io_error("change", place);
    }
    return {};
  }

  const std::map<Inode, Links>& links_;
  const Checkpoint& checkpoint_;
  bool attributes_ = true;
};

}  // namespace

Result<void> canonicalise(const fs::path& tree, const Checkpoint& checkpoint) {
  LinkCounter counter;
  SWAGE_CHECK(walk_tree(tree, counter, checkpoint));
  Canonicaliser canonicaliser(counter.links, checkpoint);
  return walk_tree(tree, canonicaliser, checkpoint);
}

}  // namespace swage
