// Unpacks an archive that nobody has vouched for. Every name is walked through directory descriptors that follow no
// symlink, so that whatever the archive says, nothing outside the new tree is written.
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "fetch/archive_reader.hpp"
#include "fetch/fetch.hpp"

namespace swage {

namespace {

// No program of a build opens what is deeper by its name; as in scripts/sources/unpack.sh.
constexpr std::size_t kDeepest = 500;

class TreeWriter {
 public:
  TreeWriter(UniqueFd root, std::string archive_name) : root_(std::move(root)), archive_(std::move(archive_name)) {}

  Result<void> add(archive* reader, archive_entry* entry) {
    const char* raw_name = libarchive().entry_pathname(entry);
    if (!raw_name || !*raw_name)
      return fail(Errc::corrupt, fmt::format("'{}' has an entry without a readable name", archive_));
    const std::string name = raw_name;
    const char* hard_link = libarchive().entry_hardlink(entry);
    const mode_t type = libarchive().entry_filetype(entry);
    if (!hard_link && type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)
      return refuse(name, type == AE_IFIFO ? "is a FIFO" : type == AE_IFSOCK ? "is a socket" : "is a device");
    SWAGE_TRY(const std::vector<std::string> parts, parts_of(name, name));
    if (parts.empty()) {
      if (type == AE_IFDIR && !hard_link) return {};   // `./`, the tree itself
      return refuse(name, "has no name in the tree");
    }
    if (parts.size() > kDeepest)
      return refuse(fmt::format("{}/...", parts.front()), fmt::format("is more than {} directories deep", kDeepest));
    SWAGE_TRY(const int parent, directory({parts.begin(), parts.end() - 1}, name, Missing::create));
    const std::string& leaf = parts.back();
    if (type == AE_IFDIR && !hard_link) return own_directory(parent, leaf, name);
    SWAGE_CHECK(make_room(parent, leaf, name));
    if (hard_link) return link(parent, leaf, name, hard_link);
    if (type == AE_IFLNK) {
      const char* target = libarchive().entry_symlink(entry);
      if (!target || ::symlinkat(target, parent, leaf.c_str()) != 0)
        return fail_errno(fmt::format("cannot create the symbolic link '{}'", name), target ? errno : EINVAL);
      return {};
    }
    const mode_t mode = libarchive().entry_perm(entry) & 0111 ? 0755 : 0644;
    const UniqueFd fd(::openat(parent, leaf.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!fd) return fail_errno(fmt::format("cannot create '{}'", name), errno);
    return copy_data(reader, fd.get(), archive_, name);
  }

 private:
  enum class Missing { create, refuse };

  Fail refuse(std::string_view name, std::string_view why) const {
    return fail(Errc::corrupt, fmt::format("'{}' in '{}' {}", name, archive_, why));
  }

  Result<std::vector<std::string>> parts_of(std::string_view path, std::string_view shown) const {
    if (path.starts_with('/'))
      return refuse(shown, path == shown ? "has an absolute name"
                                         : fmt::format("is a hard link to the absolute name '{}'", path));
    std::vector<std::string> parts;
    for (std::string_view part : split(path, '/')) {
      if (part == "..")
        return refuse(shown, path == shown
                                 ? "leaves the tree through '..'"
                                 : fmt::format("is a hard link to '{}', which leaves the tree through '..'", path));
      if (!part.empty() && part != ".") parts.emplace_back(part);
    }
    return parts;
  }

  // A descriptor of the directory, valid until the next call. Archives list a directory's files together, so the last
  // one is kept open.
  Result<int> directory(const std::vector<std::string>& parts, std::string_view name, Missing missing) {
    if (parts.empty()) return root_.get();
    const std::string path = join(parts, "/");
    if (last_ && path == last_path_) return last_.get();
    UniqueFd at;
    std::string so_far;
    for (const std::string& part : parts) {
      const int parent = at ? at.get() : root_.get();
      so_far += (so_far.empty() ? "" : "/") + part;
      if (missing == Missing::create && ::mkdirat(parent, part.c_str(), 0755) != 0 && errno != EEXIST)
        return fail_errno(fmt::format("cannot create directory '{}'", so_far), errno);
      UniqueFd next(::openat(parent, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next) return through(parent, part, name, so_far, errno);
      at = std::move(next);
    }
    last_ = std::move(at);
    last_path_ = path;
    return last_.get();
  }

  Fail through(int parent, const std::string& part, std::string_view name, std::string_view path, int error) const {
    struct stat st {};
    if (::fstatat(parent, part.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
      return fail_errno(fmt::format("cannot open '{}'", path), error);
    if (S_ISLNK(st.st_mode)) return refuse(name, fmt::format("would be written through the symbolic link '{}'", path));
    if (!S_ISDIR(st.st_mode)) return refuse(name, fmt::format("would be written below the file '{}'", path));
    return fail_errno(fmt::format("cannot open '{}'", path), error);
  }

  // A later entry of the same name replaces an earlier one, as in every tar: a directory only while nothing is in it.
  Result<void> make_room(int parent, const std::string& leaf, std::string_view name) {
    if (::unlinkat(parent, leaf.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return fail_errno(fmt::format("cannot replace '{}'", name), errno);
    if (::unlinkat(parent, leaf.c_str(), AT_REMOVEDIR) != 0) return refuse(name, "is a directory and a file");
    if (parent == root_.get()) last_.reset(), last_path_.clear();   // it may be the one that is kept open
    return {};
  }

  // What is there and is a link or a file is replaced too: nothing is written through the link.
  Result<void> own_directory(int parent, const std::string& leaf, std::string_view name) {
    if (::mkdirat(parent, leaf.c_str(), 0755) == 0) return {};
    struct stat st {};
    if (errno == EEXIST && ::fstatat(parent, leaf.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) {
      if (S_ISDIR(st.st_mode)) return {};
      SWAGE_CHECK(make_room(parent, leaf, name));
      if (::mkdirat(parent, leaf.c_str(), 0755) == 0) return {};
    }
    return fail_errno(fmt::format("cannot create directory '{}'", name), errno);
  }

  // To a file, or to a symbolic link itself.
  Result<void> link(int parent, const std::string& leaf, const std::string& name, std::string_view target) {
    SWAGE_TRY(const std::vector<std::string> parts, parts_of(target, name));
    const auto not_a_file = [&] {
      return refuse(name, fmt::format("is a hard link to '{}', which is no file of the archive", target));
    };
    if (parts.empty()) return not_a_file();
    const UniqueFd here(::fcntl(parent, F_DUPFD_CLOEXEC, 0));   // directory() gives up the one before
    if (!here) return fail_errno(fmt::format("cannot link '{}'", name), errno);
    const auto there = directory({parts.begin(), parts.end() - 1}, name, Missing::refuse);
    struct stat st {};
    if (!there || ::fstatat(*there, parts.back().c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !(S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)))
      return not_a_file();
    if (::linkat(*there, parts.back().c_str(), here.get(), leaf.c_str(), 0) != 0)
      return fail_errno(fmt::format("cannot link '{}'", name), errno);
    return {};
  }

  UniqueFd root_;
  std::string archive_;
  UniqueFd last_;
  std::string last_path_;
};

Result<void> unpack_into(const fs::path& archive_path, const fs::path& directory, const std::string& name) {
  SWAGE_TRY(const UniqueFd fd, open_regular(archive_path));
  SWAGE_TRY(UniqueFd root, open_file(directory, O_RDONLY | O_DIRECTORY));
  SWAGE_CHECK(load_archive());
  const Utf8Names utf8;
  const ArchivePtr reader(libarchive().read_new());
  support_compressions(reader.get());
  // Not every format of libarchive: mtree, for one, takes its data from files of the host that the archive names.
  libarchive().read_support_format_tar(reader.get());
  libarchive().read_support_format_cpio(reader.get());
  libarchive().read_support_format_zip(reader.get());
  libarchive().read_support_format_7zip(reader.get());
  archive_entry* entry = nullptr;
  if (libarchive().read_open_fd(reader.get(), fd.get(), 256 * 1024) != ARCHIVE_OK) {
    // What libarchive says when no format claims the bytes; a damaged archive of a known format says otherwise.
    if (libarchive().error_number(reader.get()) == EILSEQ)
      return fail(Errc::corrupt, fmt::format("'{}' is not an archive: tar, cpio, zip and 7z are read", name));
    return Fail(damaged(name, reader.get()));
  }
  TreeWriter tree(std::move(root), name);
  for (;;) {
    if (interrupted()) return fail(Errc::interrupted, fmt::format("unpacking '{}' was interrupted", name));
    SWAGE_TRY(const Next next, next_entry(reader.get(), entry, name, Warnings::refused));
    if (next == Next::end) break;
    SWAGE_CHECK(tree.add(reader.get(), entry));
  }
  return check_gzip(fd.get(), name);
}

}  // namespace

Result<void> extract_archive(const fs::path& archive_path, const fs::path& target, std::string_view shown_name) {
  const std::string name = shown_name.empty() ? archive_path.filename().string() : std::string(shown_name);
  if (path_exists(target)) return fail(Errc::invalid_input, fmt::format("'{}' is there already", target.string()));
  const fs::path parent = target.has_parent_path() ? target.parent_path() : fs::path(".");
  SWAGE_TRY(TempDir temporary, TempDir::create(target.filename().string(), parent));
  SWAGE_CHECK(unpack_into(archive_path, temporary.path(), name));
  SWAGE_TRY(const std::vector<std::string> top, list_directory(temporary.path()));
  struct stat st {};
  const bool one_directory =
      top.size() == 1 && ::lstat((temporary.path() / top[0]).c_str(), &st) == 0 && S_ISDIR(st.st_mode);
  const fs::path tree = one_directory ? temporary.path() / top[0] : temporary.path();
  SWAGE_TRY(const std::vector<std::string> held, list_directory(tree));
  if (held.empty()) return fail(Errc::corrupt, fmt::format("'{}' is an empty archive", name));
  if (::chmod(tree.c_str(), 0755) != 0 || ::rename(tree.c_str(), target.c_str()) != 0)
    return fail_errno(fmt::format("cannot create '{}'", target.string()), errno);
  if (!one_directory) (void)temporary.release();
  return {};
}

}  // namespace swage
