#include "fetch/archive_reader.hpp"

#include <cerrno>
#include <fmt/core.h>
#include <unistd.h>

#include "base/interrupt.hpp"

namespace swage {

void support_compressions(archive* reader) {
  libarchive().read_support_filter_gzip(reader);
  libarchive().read_support_filter_bzip2(reader);
  libarchive().read_support_filter_lzma(reader);
  libarchive().read_support_filter_lzip(reader);
  libarchive().read_support_filter_xz(reader);
  libarchive().read_support_filter_lz4(reader);
  libarchive().read_support_filter_zstd(reader);
}

Utf8Names::Utf8Names() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)), before_(::uselocale(utf8_)) {}
Utf8Names::~Utf8Names() {
  ::uselocale(before_);
  if (utf8_) ::freelocale(utf8_);
}

Error damaged(std::string_view file, archive* reader) {
  Error error{.code = Errc::corrupt, .what = fmt::format("'{}' is truncated or damaged", file)};
  if (const char* reason = libarchive().error_string(reader)) error.notes.emplace_back(reason);
  return error;
}

Result<Next> next_entry(archive* reader, archive_entry*& entry, std::string_view file) {
  for (;;) {
    const int status = libarchive().read_next_header(reader, &entry);
    if (status == ARCHIVE_EOF) return Next::end;
    if (status == ARCHIVE_RETRY) continue;
    if (status < ARCHIVE_WARN) return Fail(damaged(file, reader));
    return Next::entry;
  }
}

Result<void> copy_data(archive* reader, int fd, std::string_view file, std::string_view name) {
  la_int64_t end = 0;
  for (;;) {
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = libarchive().read_data_block(reader, &data, &size, &offset);
    if (status == ARCHIVE_EOF) break;
    if (status < ARCHIVE_WARN) return Fail(damaged(file, reader));
    if (interrupted()) return fail(Errc::interrupted, fmt::format("unpacking '{}' was interrupted", file));
    for (const char* at = static_cast<const char*>(data); size > 0;) {
      const ssize_t n = ::pwrite(fd, at, size, offset);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno(fmt::format("cannot write '{}'", name), errno);
      at += n;
      offset += n;
      size -= static_cast<std::size_t>(n);
    }
    end = offset;
  }
  // A hole at the end is no data.
  if (::ftruncate(fd, end) != 0) return fail_errno(fmt::format("cannot write '{}'", name), errno);
  return {};
}

}  // namespace swage
