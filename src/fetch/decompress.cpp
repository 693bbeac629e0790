#include "fetch/decompress.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "base/text.hpp"
#include "fetch/archive_reader.hpp"

namespace swage {

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

}  // namespace swage
