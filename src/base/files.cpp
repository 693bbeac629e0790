#include "base/files.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <memory>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"

namespace swage {

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<UniqueFd> open_file(const fs::path& path, int flags, mode_t mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return fail_errno(fmt::format("cannot open '{}'", path.string()), errno);
  return UniqueFd(fd);
}

Result<std::string> read_fd(int fd, std::string_view name) {
  std::string data;
  struct stat st {};
  if (::fstat(fd, &st) == 0 && st.st_size > 0) data.reserve(static_cast<std::size_t>(st.st_size) + 1);
  for (std::size_t size = 0;;) {
    data.resize(std::max(data.capacity(), size + 4096));
    const ssize_t n = ::read(fd, data.data() + size, data.size() - size);
    if (n < 0 && errno == EINTR) {
      SWAGE_CHECK(check_interrupt());
      continue;
    }
    if (n < 0) return fail_errno(fmt::format("cannot read '{}'", name), errno);
    size += static_cast<std::size_t>(n);
    if (n == 0) {
      data.resize(size);
      return data;
    }
  }
}

namespace {

constexpr std::size_t kPart = 1 << 20;   // after which a long read looks whether it is still wanted

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

Fail no_file(const fs::path& path, const char* kind) {
  return fail(Errc::invalid_input, fmt::format("'{}' is {}, not a file", path.string(), kind));
}

Fail too_large(const fs::path& path, std::uint64_t limit) {
  return fail(Errc::invalid_input, fmt::format("'{}' is larger than {}, which is the most that is read of it",
                                               path.string(), human_bytes(limit)));
}

Result<std::uint64_t> size_of(int fd, const fs::path& path) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return fail_errno(fmt::format("cannot read '{}'", path.string()), errno);
  return static_cast<std::uint64_t>(st.st_size);
}

}  // namespace

Result<UniqueFd> only_regular(UniqueFd fd, int error, const fs::path& path) {
  if (!fd && error == ENXIO) return no_file(path, kind_of(S_IFSOCK));
  if (!fd) return fail_errno(fmt::format("cannot open '{}'", path.string()), error);
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return fail_errno(fmt::format("cannot read '{}'", path.string()), errno);
  if (!S_ISREG(st.st_mode)) return no_file(path, kind_of(st.st_mode));
  return fd;
}

Result<UniqueFd> open_regular(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  return only_regular(std::move(fd), errno, path);
}

Result<std::string> read_regular(int fd, const fs::path& path, std::uint64_t limit) {
  SWAGE_TRY(const std::uint64_t told, size_of(fd, path));
  if (told > limit) return too_large(path, limit);
  std::string data;
  data.reserve(static_cast<std::size_t>(told) + 1);
  for (std::size_t size = 0;;) {
    if (size > limit) return too_large(path, limit);
    if (size >= kPart && interrupted())
      return fail(Errc::interrupted, fmt::format("reading '{}' was interrupted", path.string()));
    data.resize(std::max(data.capacity(), size + 4096));
    const ssize_t n = ::read(fd, data.data() + size, std::min(data.size() - size, kPart));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(fmt::format("cannot read '{}'", path.string()), errno);
    size += static_cast<std::size_t>(n);
    if (n == 0) {
      data.resize(size);
      return data;
    }
  }
}

Result<std::string> read_file(const fs::path& path, std::uint64_t limit) {
  SWAGE_TRY(const UniqueFd fd, open_regular(path));
  return read_regular(fd.get(), path, limit);
}

MappedFile::~MappedFile() {
  if (size_) ::munmap(const_cast<char*>(data_), size_);
}

Result<MappedFile> map_file(const fs::path& path) {
  SWAGE_TRY(const UniqueFd fd, open_regular(path));
  SWAGE_TRY(const std::uint64_t size, size_of(fd.get(), path));
  if (size > kLargestFile) return too_large(path, kLargestFile);
  if (size == 0) return MappedFile(nullptr, 0);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) return fail_errno(fmt::format("cannot read '{}'", path.string()), errno);
  return MappedFile(static_cast<const char*>(data), size);
}

Result<void> write_all(int fd, std::string_view data, std::string_view name) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) {
      SWAGE_CHECK(check_interrupt());
      continue;
    }
    if (n < 0) return fail_errno(fmt::format("cannot write '{}'", name), errno);
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> write_file_atomically(const fs::path& path, std::string_view data, mode_t mode, Durability durability) {
  const std::string temporary = fmt::format("{}.tmp.{}", path.string(), ::getpid());
  const auto abandon = [&](Error error) {
    ::unlink(temporary.c_str());
    return Fail(std::move(error));
  };
  ::unlink(temporary.c_str());
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  // Not by a name that nobody gave.
  if (fd.get() < 0) return fail_errno(fmt::format("cannot write '{}'", path.string()), errno);
  if (auto written = write_all(fd.get(), data, path.string()); !written) return abandon(std::move(written).error());
  ::fchmod(fd.get(), mode);
  if (durability == Durability::synced && ::fsync(fd.get()) != 0)
    return abandon(fail_errno(fmt::format("cannot sync '{}'", path.string()), errno).value());
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return abandon(fail_errno(fmt::format("cannot write '{}'", path.string()), errno).value());
  if (durability == Durability::synced)
    return sync_directory(path.has_parent_path() ? path.parent_path() : fs::path("."));
  return {};
}

Result<void> write_named_file(const fs::path& path, std::string_view data) {
  if (path == "-") return write_all(STDOUT_FILENO, data, "standard output");
  struct stat there{};
  if (::stat(path.c_str(), &there) != 0) return write_file_atomically(path, data);
  if (!S_ISREG(there.st_mode)) {
    SWAGE_TRY(const UniqueFd fd, open_file(path, O_WRONLY));
    return write_all(fd.get(), data, path.string());
  }
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  if (error) return fail_errno(fmt::format("cannot write '{}'", path.string()), error.value());
  return write_file_atomically(target, data, there.st_mode & 07777);
}

Result<void> make_directories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail_errno(fmt::format("cannot create directory '{}'", path.string()), error.value());
  return {};
}

Result<void> sync_directory(const fs::path& path) {
  SWAGE_TRY(UniqueFd fd, open_file(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return fail_errno(fmt::format("cannot sync '{}'", path.string()), errno);
  return {};
}

Result<void> make_symlink_atomically(const std::string& target, const fs::path& link) {
  const std::string temporary = fmt::format("{}.tmp.{}", link.string(), ::getpid());
  ::unlink(temporary.c_str());
  if (::symlink(target.c_str(), temporary.c_str()) != 0)
    return fail_errno(fmt::format("cannot create link '{}'", link.string()), errno);
  if (::rename(temporary.c_str(), link.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return fail_errno(fmt::format("cannot create link '{}'", link.string()), error);
  }
  return {};
}

Result<std::string> read_symlink(const fs::path& path) {
  std::error_code error;
  fs::path target = fs::read_symlink(path, error);
  if (error) return fail_errno(fmt::format("cannot read link '{}'", path.string()), error.value());
  return target.string();
}

namespace {

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

Result<std::vector<std::string>> names_in(DIR* dir, const fs::path& path) {
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir);
    if (!entry) {
      if (errno) return fail_errno(fmt::format("cannot list '{}'", path.string()), errno);
      break;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<std::vector<std::string>> list_directory(const fs::path& path) {
  const std::unique_ptr<DIR, DirCloser> dir(::opendir(path.c_str()));
  if (!dir) return fail_errno(fmt::format("cannot list '{}'", path.string()), errno);
  return names_in(dir.get(), path);
}

bool path_exists(const fs::path& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0;
}

bool directory_exists(const fs::path& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

Result<fs::path> current_directory() {
  std::error_code error;
  fs::path here = fs::current_path(error);   // lint-ok: this is the one
  if (error.value() == ENOENT) return fail(Errc::environment, "the current directory is gone");
  if (error) return fail_errno("the current directory cannot be found", error.value());
  return here;
}

Result<fs::path> absolute_path(const fs::path& path) {
  if (path.empty()) return fail(Errc::invalid_input, "'' is no path");
  if (path.is_absolute()) return path;
  SWAGE_TRY(const fs::path here, current_directory());
  return here / path;
}

namespace {

enum class Hold { held, elsewhere, impossible };

// An exclusive lock on an open directory. Not every file system has locks on directories.
Hold hold(int fd) {
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return Hold::held;
  return errno == EWOULDBLOCK ? Hold::elsewhere : Hold::impossible;
}

bool is_at(int fd, const fs::path& path) {
  struct stat held {}, current {};
  return ::fstat(fd, &held) == 0 && ::lstat(path.c_str(), &current) == 0 && held.st_dev == current.st_dev &&
         held.st_ino == current.st_ino;
}

// As mkdtemp(3) makes them of `<prefix>.XXXXXX`.
bool is_temporary_name(std::string_view name) {
  return name.size() > 7 && name[name.size() - 7] == '.' &&
         std::all_of(name.end() - 6, name.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

}  // namespace

Result<TempDir> TempDir::create(std::string_view prefix, const fs::path& parent) {
  const char* env = std::getenv("TMPDIR");
  const fs::path where = !parent.empty() ? parent : env && *env ? fs::path(env) : fs::path("/tmp");
  for (;;) {
    std::string pattern = (where / fmt::format("{}.XXXXXX", prefix)).string();
    if (!::mkdtemp(pattern.data()))
      return fail_errno(fmt::format("cannot create a temporary directory in '{}'", where.string()), errno);
    UniqueFd fd(::open(pattern.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno != ENOENT) {
      const int error = errno;
      ::rmdir(pattern.c_str());
      return fail_errno(fmt::format("cannot open '{}'", pattern), error);
    }
    // A cleaner may have found it before it was locked.
    if (!fd || hold(fd.get()) == Hold::elsewhere || !is_at(fd.get(), pattern)) continue;
    return TempDir(fs::path(pattern), std::move(fd));
  }
}

Result<std::uint64_t> remove_abandoned(const fs::path& parent, Abandoned which, std::vector<Error>& stuck) {
  std::uint64_t freed = 0;
  if (!path_exists(parent)) return freed;
  SWAGE_TRY(const std::vector<std::string> names, list_directory(parent));
  for (const std::string& name : names) {
    const fs::path path = parent / name;
    if (which == Abandoned::like_a_tempdir && !is_temporary_name(name)) continue;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (fd && hold(fd.get()) != Hold::held) continue;
    const auto removed = remove_tree(path);
    if (removed) freed += *removed;
    else if (removed.error().code == Errc::interrupted) return Fail(removed.error());
    else stuck.push_back(removed.error());
  }
  return freed;
}

TempDir::~TempDir() {
  if (!path_.empty()) (void)remove_tree(path_);
}

Result<UniqueFd> lock_directory(const fs::path& path) {
  SWAGE_TRY(UniqueFd fd, open_file(path, O_RDONLY | O_DIRECTORY));
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return fail_errno(fmt::format("cannot lock '{}'", path.string()), errno);
    SWAGE_CHECK(check_interrupt());
  }
  return fd;
}

namespace {

// The lock file may have been deleted while this process waited for it (its last holder removes it): then what was
// locked is an orphan, and the race starts again on the new file.
Result<std::optional<UniqueFd>> lock_fd(const fs::path& path, FileLock::Mode mode, bool wait) {
  for (;;) {
    SWAGE_TRY(UniqueFd fd, open_file(path, O_RDWR | O_CREAT, 0600));
    const int operation = (mode == FileLock::Mode::shared ? LOCK_SH : LOCK_EX) | (wait ? 0 : LOCK_NB);
    while (::flock(fd.get(), operation) != 0) {
      if (errno == EWOULDBLOCK) return std::optional<UniqueFd>();
      if (errno != EINTR) return fail_errno(fmt::format("cannot lock '{}'", path.string()), errno);
      SWAGE_CHECK(check_interrupt());
    }
    struct stat held {}, current {};
    if (::fstat(fd.get(), &held) == 0 && ::stat(path.c_str(), &current) == 0 && held.st_ino == current.st_ino)
      return std::optional<UniqueFd>(std::move(fd));
  }
}

}  // namespace

Result<FileLock> FileLock::acquire(const fs::path& path, Mode mode) {
  SWAGE_TRY(std::optional<UniqueFd> fd, lock_fd(path, mode, true));
  return FileLock(std::move(*fd));
}

Result<std::optional<FileLock>> FileLock::try_acquire(const fs::path& path, Mode mode) {
  SWAGE_TRY(std::optional<UniqueFd> fd, lock_fd(path, mode, false));
  if (!fd) return std::optional<FileLock>();
  return std::optional<FileLock>(FileLock(std::move(*fd)));
}

}  // namespace swage
