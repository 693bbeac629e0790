// Files, directories and locks, with errors as values. Every descriptor is opened O_CLOEXEC.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace swage {

namespace fs = std::filesystem;

// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC added.
Result<UniqueFd> open_file(const fs::path& path, int flags, mode_t mode = 0);
// A regular file, to read. What is none (a FIFO, a device, a directory) is refused with what it is, and opening it
// never waits.
Result<UniqueFd> open_regular(const fs::path& path);
// A descriptor that was just opened, unless it is of something else than a regular file; `error` is errno where there
// is none.
Result<UniqueFd> only_regular(UniqueFd fd, int error, const fs::path& path_for_errors);

inline constexpr std::uint64_t kLargestFile = 256'000'000;   // that is read whole
// A regular file, whole. One of more than `limit` bytes is refused, also when that shows only while it is read (one
// that grows, or of /proc); Ctrl-C ends a long read. Beneath (beneath.hpp) is for names that come from somebody else.
Result<std::string> read_file(const fs::path& path, std::uint64_t limit = kLargestFile);
Result<std::string> read_regular(int fd, const fs::path& path_for_errors, std::uint64_t limit = kLargestFile);
Result<std::string> read_fd(int fd, std::string_view name_for_errors);  // to end of file

// A file's bytes as the page cache has them, for one of which little is read. Whoever shortens the file meanwhile kills
// the reader with SIGBUS; swage replaces files whole.
class MappedFile {
 public:
  MappedFile(const char* data, std::size_t size) : data_(data), size_(size) {}
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();
  std::string_view text() const { return {data_, size_}; }

 private:
  const char* data_;
  std::size_t size_;
};
Result<MappedFile> map_file(const fs::path& path);   // regular, and of at most kLargestFile

Result<void> write_all(int fd, std::string_view data, std::string_view name_for_errors);

enum class Durability { volatile_ok, synced };
// Replaces `path` whole: writes a temporary beside it, syncs it when asked, renames. Never leaves a half-written file.
Result<void> write_file_atomically(const fs::path& path, std::string_view data, mode_t mode = 0644,
                                   Durability durability = Durability::synced);
// For a file that the user names: what is no regular file (a device, a pipe) is written into, a link is followed, a
// file that was there keeps its mode; all others are replaced whole, likewise. `-` is standard output.
Result<void> write_named_file(const fs::path& path, std::string_view data);
Result<void> make_directories(const fs::path& path);   // mkdir -p; existing directories are fine
Result<void> sync_directory(const fs::path& path);     // fsync, so that a rename inside it is on disk
Result<void> make_symlink_atomically(const std::string& target, const fs::path& link);  // replaces an old link
Result<std::string> read_symlink(const fs::path& path);
Result<std::vector<std::string>> list_directory(const fs::path& path);  // names, sorted by byte value, no dot entries
bool path_exists(const fs::path& path);                // lstat: a dangling symlink exists
bool directory_exists(const fs::path& path);               // links are followed; what cannot be looked at is none

// Where this process is. Somebody may have removed the directory: Errc::environment.
Result<fs::path> current_directory();
// `path` as seen from there. An absolute one needs no current directory; an empty one is an error.
Result<fs::path> absolute_path(const fs::path& path);

// Removes a tree of any depth without following symlinks (tree_walk.hpp); makes unwritable directories writable first.
// A missing path is no error. What cannot be removed stays, everything else goes, and the error names the first. Goes
// on for two seconds after an interrupt. Returns the bytes freed (blocks of files whose last link this was).
Result<std::uint64_t> remove_tree(const fs::path& path);

// A new directory `<prefix>.XXXXXX` under `parent` (default: $TMPDIR or /tmp), removed with its content at the end of
// its life. It is locked (flock(2), where the file system can) as long as it lives: so a cleaner tells what a killed
// process left.
class TempDir {
 public:
  static Result<TempDir> create(std::string_view prefix, const fs::path& parent = {});
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
  TempDir& operator=(TempDir&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(lock_, other.lock_);
    return *this;
  }
  ~TempDir();
  const fs::path& path() const { return path_; }
  fs::path release() { return lock_.reset(), std::exchange(path_, {}); }  // keep the directory

 private:
  TempDir(fs::path path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  fs::path path_;
  UniqueFd lock_{};
};

// Removes the directories in `parent` that no living TempDir holds. What cannot be removed is added to `stuck`. Returns
// the bytes freed.
enum class Abandoned { every_entry, like_a_tempdir };   // all of the directory, or what has a name as TempDir gives
Result<std::uint64_t> remove_abandoned(const fs::path& parent, Abandoned which, std::vector<Error>& stuck);

// flock(2) on a directory that is there, exclusive, for as long as the descriptor lives: so of two processes that each
// read a file in it and write it anew none loses what the other added. Waits.
Result<UniqueFd> lock_directory(const fs::path& path);

// flock(2) on a file, created when missing. Released with the object or with the process, even by kill -9.
class FileLock {
 public:
  enum class Mode { shared, exclusive };
  static Result<FileLock> acquire(const fs::path& path, Mode mode);                    // waits
  static Result<std::optional<FileLock>> try_acquire(const fs::path& path, Mode mode); // nullopt: held by another
  int fd() const { return fd_.get(); }

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace swage
