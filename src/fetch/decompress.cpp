#include "fetch/decompress.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/core.h>
#include <unistd.h>
#include <vector>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "fetch/archive_reader.hpp"

namespace swage {

namespace {

// A block of zeros is a hole.
Result<void> write_with_holes(int fd, std::string_view bytes, std::uint64_t offset, std::string_view file) {
  constexpr std::size_t block = 4096;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, block - offset % block);
    bytes.remove_prefix(piece.size());
    const bool zeros = piece.find_first_not_of('\0') == std::string_view::npos;
    for (std::string_view left = zeros ? "" : piece; !left.empty();) {
      const ssize_t n = ::pwrite(fd, left.data(), left.size(), static_cast<off_t>(offset + piece.size() - left.size()));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno(fmt::format("cannot decompress '{}'", file), errno);
      left.remove_prefix(static_cast<std::size_t>(n));
    }
    offset += piece.size();
  }
  return {};
}

}  // namespace

bool is_compressed(std::string_view bytes) {
  using namespace std::string_view_literals;
  static constexpr std::array magic{"\x1f\x8b"sv, "BZh"sv, "\xfd" "7zXZ\0"sv, "\x28\xb5\x2f\xfd"sv};
  return std::any_of(magic.begin(), magic.end(), [&](std::string_view start) { return bytes.starts_with(start); });
}

Result<std::string> decompressed(std::string_view bytes, std::size_t limit, std::string_view file) {
  SWAGE_CHECK(load_archive());
  const ArchivePtr reader(libarchive().read_new());
  support_compressions(reader.get());
  libarchive().read_support_format_raw(reader.get());
  if (libarchive().read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return Fail(damaged(file, reader.get()));
  archive_entry* entry = nullptr;
  SWAGE_TRY(const Next next, next_entry(reader.get(), entry, file));
  std::string text;
  if (next == Next::end) return text;
  for (;;) {
    std::array<char, 1 << 16> buffer;
    const la_ssize_t size = libarchive().read_data(reader.get(), buffer.data(), buffer.size());
    if (size < 0) return Fail(damaged(file, reader.get()));
    if (size == 0) return text;
    if (text.size() + static_cast<std::size_t>(size) > limit)
      return fail(Errc::invalid_input,
                  fmt::format("'{}' is larger than {} when it is decompressed", file, human_bytes(limit)));
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

Result<void> decompress_file(int from, int to, std::uint64_t limit, std::string_view file) {
  SWAGE_CHECK(load_archive());
  const ArchivePtr reader(libarchive().read_new());
  support_compressions(reader.get());
  libarchive().read_support_format_raw(reader.get());
  if (libarchive().read_open_fd(reader.get(), from, 1 << 16) != ARCHIVE_OK) return Fail(damaged(file, reader.get()));
  archive_entry* entry = nullptr;
  SWAGE_TRY(const Next next, next_entry(reader.get(), entry, file));
  std::vector<char> buffer(1 << 20);
  std::uint64_t size = 0;
  while (next == Next::entry) {
    if (interrupted()) return fail(Errc::interrupted, fmt::format("decompressing '{}' was interrupted", file));
    const la_ssize_t got = libarchive().read_data(reader.get(), buffer.data(), buffer.size());
    if (got < 0) return Fail(damaged(file, reader.get()));
    if (got == 0) break;
    if (size + static_cast<std::uint64_t>(got) > limit)
      return fail(Errc::invalid_input,
                  fmt::format("'{}' is larger than {} when it is decompressed", file, human_bytes(limit)));
    SWAGE_CHECK(write_with_holes(to, {buffer.data(), static_cast<std::size_t>(got)}, size, file));
    size += static_cast<std::uint64_t>(got);
  }
  if (::ftruncate(to, static_cast<off_t>(size)) != 0)
    return fail_errno(fmt::format("cannot decompress '{}'", file), errno);
  return {};
}

}  // namespace swage
