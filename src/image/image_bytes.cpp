#include "image/image_bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

namespace swage {

Result<std::string> ImageBytes::read(std::uint64_t offset, std::uint64_t length) const {
  if (offset > size() || length > size() - offset)
    return fail(Errc::corrupt, fmt::format("bytes {} to {} are wanted of {}", offset, offset + length, size()));
  std::string bytes(static_cast<std::size_t>(length), '\0');
  SWAGE_CHECK(fill(offset, bytes.data(), bytes.size()));
  return bytes;
}

Result<FileBytes> FileBytes::open(const fs::path& path) {
  SWAGE_TRY(UniqueFd fd, open_regular(path));
  return of(std::move(fd), path.string());
}

Result<FileBytes> FileBytes::of(UniqueFd fd, const std::string& name_for_errors) {
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return fail_errno(fmt::format("'{}' cannot be read", name_for_errors), errno);
  return FileBytes(std::move(fd), static_cast<std::uint64_t>(st.st_size), name_for_errors);
}

Result<void> FileBytes::fill(std::uint64_t offset, char* into, std::size_t length) const {
  while (length > 0) {
    const ssize_t got = ::pread(fd_.get(), into, length, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(fmt::format("'{}' cannot be read", name_), errno);
    if (got == 0) return fail(Errc::corrupt, fmt::format("'{}' became shorter while it was read", name_));
    into += got;
    offset += static_cast<std::uint64_t>(got);
    length -= static_cast<std::size_t>(got);
  }
  return {};
}

Result<void> MemoryBytes::fill(std::uint64_t offset, char* into, std::size_t length) const {
  std::copy_n(bytes_.data() + offset, length, into);
  return {};
}

}  // namespace swage
