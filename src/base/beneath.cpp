#include "base/beneath.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace swage {

Result<Beneath> Beneath::open(const fs::path& directory) {
  SWAGE_TRY(UniqueFd fd, open_file(directory, O_PATH | O_DIRECTORY));
  return Beneath(directory, std::move(fd));
}

// The C library has no openat2(). EAGAIN: a rename elsewhere made the kernel unsure of a `..`.
UniqueFd Beneath::resolve(const fs::path& name, int flags) const {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, fd_.get(), name.c_str(), &how, sizeof how);
    if (fd < 0 && errno == EAGAIN && tries < 100) continue;
    return UniqueFd(static_cast<int>(fd));
  }
}

Result<UniqueFd> Beneath::checked(UniqueFd fd, int error, const fs::path& name) const {
  if (!fd && error == EXDEV)
    return Fail(Error{.what = fmt::format("'{}' leads out of '{}'", name.string(), path_.string()),
                      .notes = {"only what is below that directory is read for it"}});
  return only_regular(std::move(fd), error, path_ / name);
}

Result<UniqueFd> Beneath::open_regular(const fs::path& name) const {
  UniqueFd fd = resolve(name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  return checked(std::move(fd), errno, name);
}

Result<std::string> Beneath::read(const fs::path& name, std::uint64_t limit) const {
  SWAGE_TRY(const UniqueFd fd, open_regular(name));
  return read_regular(fd.get(), path_ / name, limit);
}

Result<std::optional<UniqueFd>> Beneath::find_regular(const fs::path& name) const {
  UniqueFd found;
  int error = 0;
  for (int tries = 0; tries < 100; ++tries) {
    found = resolve(name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    error = errno;
    if (found || (error != ENOENT && error != ENOTDIR)) break;
    struct stat st {};
    if (::lstat((path_ / name).c_str(), &st) != 0) return std::optional<UniqueFd>();
    if (S_ISLNK(st.st_mode)) break;   // a link to nothing is there, and wrong
    // Else it came just now.
  }
  SWAGE_TRY(UniqueFd fd, checked(std::move(found), error, name));
  return std::optional(std::move(fd));
}

Result<std::optional<std::string>> Beneath::find(const fs::path& name, std::uint64_t limit) const {
  SWAGE_TRY(const std::optional<UniqueFd> fd, find_regular(name));
  if (!fd) return std::optional<std::string>();
  SWAGE_TRY(std::string text, read_regular(fd->get(), path_ / name, limit));
  return std::optional(std::move(text));
}

Result<fs::path> Beneath::directory(const fs::path& name) const {
  const UniqueFd fd = resolve(name, O_PATH | O_DIRECTORY);
  const int error = errno;
  if (!fd && error == EXDEV) return Fail(checked({}, error, name).error());
  if (!fd) return fail_errno(fmt::format("cannot open '{}'", (path_ / name).string()), error);
  return read_symlink(fmt::format("/proc/self/fd/{}", fd.get())).transform([](std::string place) {
    return fs::path(std::move(place));
  });
}

std::optional<fs::path> Beneath::relative(const fs::path& path) const {
  std::string_view base = path_.native(), whole = path.native();
  while (base.ends_with('/')) base.remove_suffix(1);
  if (!whole.starts_with(base) || whole.size() <= base.size() || whole[base.size()] != '/') return std::nullopt;
  whole.remove_prefix(base.size());
  while (whole.starts_with('/')) whole.remove_prefix(1);
  return fs::path(whole);
}

Result<std::string> read_beneath(const fs::path& directory, const fs::path& name, std::uint64_t limit) {
  SWAGE_TRY(const Beneath beneath, Beneath::open(directory));
  return beneath.read(name, limit);
}

}  // namespace swage
