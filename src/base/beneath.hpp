// An open directory, and reading what lies below it by names that somebody else wrote: a layer's recipe names a patch,
// an archive has a LICENSE. No name leads out of it: not by `..`, not as an absolute path, not through a link
// (openat2(2), RESOLVE_BENEATH; Linux 5.6), and none through a link of /proc. Links that stay below are followed. What
// is read is a regular file within a limit (files.hpp).
#pragma once

#include <optional>
#include <string>

#include "base/files.hpp"

namespace swage {

class Beneath {
 public:
  static Result<Beneath> open(const fs::path& directory);   // itself any place that the caller trusts
  const fs::path& path() const { return path_; }

  // `name` is relative to the directory. Errors: as open_regular and read_file, and `'NAME' leads out of 'DIRECTORY'`
  // (invalid_input).
  Result<UniqueFd> open_regular(const fs::path& name) const;
  Result<std::optional<UniqueFd>> find_regular(const fs::path& name) const;   // nothing: it is not there
  Result<std::string> read(const fs::path& name, std::uint64_t limit = kLargestFile) const;
  Result<std::optional<std::string>> find(const fs::path& name, std::uint64_t limit = kLargestFile) const;
  // Where a directory below really is.
  Result<fs::path> directory(const fs::path& name) const;

  // `path` relative to the directory when it is written as below it.
  std::optional<fs::path> relative(const fs::path& path) const;

 private:
  Beneath(fs::path path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  UniqueFd resolve(const fs::path& name, int flags) const;   // sets errno
  Result<UniqueFd> checked(UniqueFd fd, int error, const fs::path& name) const;
  fs::path path_;
  UniqueFd fd_;
};

// Beneath::read() where one file of a directory is wanted.
Result<std::string> read_beneath(const fs::path& directory, const fs::path& name, std::uint64_t limit = kLargestFile);

}  // namespace swage
