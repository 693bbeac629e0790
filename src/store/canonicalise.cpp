// Making a tree canonical. A first walk counts the links of each file that has several: a file whose links are not all
// inside the tree gets a fresh copy, because changing its mode would change the outside one too, and somebody could still
// write to it through that name. The second walk sets modes and times bottom-up, a directory last.
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "store/store.hpp"

namespace swage {

namespace {

struct Links {
  nlink_t total = 0;
  nlink_t inside = 0;
};
using Inode = std::pair<dev_t, ino_t>;

class Canonicaliser {
 public:
  Result<void> run(const fs::path& tree) {
    SWAGE_CHECK(count(AT_FDCWD, tree.c_str(), tree));
    return visit(AT_FDCWD, tree.c_str(), tree);
  }

 private:
  static Fail io_error(std::string_view verb, const fs::path& shown) {
    return fail_errno(fmt::format("cannot {} '{}'", verb, shown.string()), errno);
  }

  static Result<struct stat> status(int parent, const char* name, const fs::path& shown) {
    struct stat st {};
    if (::fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return io_error("read", shown);
    return st;
  }

  // Calls `each(fd, name, path)` for what is in a directory.
  template <class Each>
  static Result<void> for_children(int parent, const char* name, const fs::path& shown, Each each) {
    UniqueFd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return io_error("list", shown);
    const auto close = [](DIR* dir) { ::closedir(dir); };
    const std::unique_ptr<DIR, decltype(close)> dir(::fdopendir(fd.get()), close);
    if (!dir) return io_error("list", shown);
    const int dir_fd = fd.release();
    // All names first: a copy that replaces a hard link would otherwise change the directory under the reader.
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(dir.get());
      if (!entry && errno != 0) return io_error("list", shown);
      if (!entry) break;
      const std::string_view child = entry->d_name;
      if (child != "." && child != "..") names.emplace_back(child);
    }
    for (const std::string& child : names) SWAGE_CHECK(each(dir_fd, child.c_str(), shown / child));
    return {};
  }

  Result<void> count(int parent, const char* name, const fs::path& shown) {
    SWAGE_TRY(const struct stat st, status(parent, name, shown));
    if (S_ISDIR(st.st_mode)) {
      // A build may leave directories that not even their owner can enter.
      if ((st.st_mode & 0700) != 0700 && ::fchmodat(parent, name, (st.st_mode & 0777) | 0700, 0) != 0)
        return io_error("open", shown);
      return for_children(parent, name, shown, [&](int fd, const char* child, const fs::path& path) { return count(fd, child, path); });
    }
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
      return fail(Errc::build_failed, fmt::format("'{}' is neither a file, a directory nor a symbolic link", shown.string()));
    if (S_ISREG(st.st_mode) && st.st_nlink > 1) {
      Links& links = links_[{st.st_dev, st.st_ino}];
      links.total = st.st_nlink;
      ++links.inside;
    }
    return {};
  }

  Result<void> visit(int parent, const char* name, const fs::path& shown) {
    SWAGE_TRY(struct stat st, status(parent, name, shown));
    if (S_ISREG(st.st_mode) && st.st_nlink > 1) {
      const Links& links = links_[{st.st_dev, st.st_ino}];
      if (links.total != links.inside) {
        SWAGE_CHECK(detach(parent, name, shown, st));
        SWAGE_TRY(st, status(parent, name, shown));
      }
    }
    if (S_ISDIR(st.st_mode))
      SWAGE_CHECK(for_children(parent, name, shown, [&](int fd, const char* child, const fs::path& path) { return visit(fd, child, path); }));
    SWAGE_CHECK(drop_attributes(parent, name, shown));
    const mode_t mode = st.st_mode & 07777;
    const mode_t wanted = S_ISDIR(st.st_mode) || (mode & S_IXUSR) ? 0555 : 0444;
    if (!S_ISLNK(st.st_mode) && mode != wanted && ::fchmodat(parent, name, wanted, 0) != 0) return io_error("change", shown);
    // A directory's time may have moved while its content was made canonical: always set it.
    if (S_ISDIR(st.st_mode) || st.st_mtim.tv_sec != 1 || st.st_mtim.tv_nsec != 0) {
      const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = 1, .tv_nsec = 0}};
      if (::utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) != 0) return io_error("change", shown);
    }
    return {};
  }

  // Replaces the file by a copy of itself that has no other link.
  static Result<void> detach(int parent, const char* name, const fs::path& shown, const struct stat& st) {
    const UniqueFd from(::openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!from) return io_error("read", shown);
    const std::string temporary = fmt::format(".detach.{}", ::getpid());
    const UniqueFd to(::openat(parent, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0777));
    if (!to) return io_error("copy", shown);
    char buffer[64 * 1024];
    for (;;) {
      const ssize_t n = ::read(from.get(), buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error("copy", shown);
      if (n == 0) break;
      SWAGE_CHECK(write_all(to.get(), {buffer, static_cast<std::size_t>(n)}, shown.string()));
    }
    if (::fchmod(to.get(), st.st_mode & 0777) != 0) return io_error("copy", shown);
    if (::renameat(parent, temporary.c_str(), parent, name) != 0) return io_error("copy", shown);
    return {};
  }

  // Extended attributes and access lists are not part of an object. SELinux labels are the host's.
  Result<void> drop_attributes(int parent, const char* name, const fs::path& shown) {
    if (!attributes_) return {};
    const std::string path = parent == AT_FDCWD ? shown.string() : fmt::format("/proc/self/fd/{}/{}", parent, name);
    const ssize_t size = ::llistxattr(path.c_str(), nullptr, 0);
    if (size < 0 && (errno == ENOTSUP || errno == ENOSYS)) attributes_ = false;
    if (size <= 0) return {};
    std::string names(static_cast<std::size_t>(size), '\0');
    const ssize_t got = ::llistxattr(path.c_str(), names.data(), names.size());
    if (got < 0) return io_error("read", shown);
    names.resize(static_cast<std::size_t>(got));
    for (std::size_t at = 0; at < names.size(); at += std::char_traits<char>::length(names.c_str() + at) + 1) {
      const char* attribute = names.c_str() + at;
      if (std::string_view(attribute) == "security.selinux") continue;
      if (::lremovexattr(path.c_str(), attribute) != 0 && errno != ENODATA) return io_error("change", shown);
    }
    return {};
  }

  std::map<Inode, Links> links_{};
  bool attributes_ = true;
};

}  // namespace

Result<void> canonicalise(const fs::path& tree) { return Canonicaliser().run(tree); }

}  // namespace swage
