#include "fetch/archive_reader.hpp"

#include <cerrno>
#include <fmt/core.h>
#include <string_view>
#include <unistd.h>
#include <vector>

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

Result<Next> next_entry(archive* reader, archive_entry*& entry, std::string_view file, Warnings warnings) {
  for (;;) {
    const int status = libarchive().read_next_header(reader, &entry);
    if (status == ARCHIVE_EOF) return Next::end;
    if (status == ARCHIVE_RETRY) continue;
    if (status < (warnings == Warnings::refused ? ARCHIVE_OK : ARCHIVE_WARN)) return Fail(damaged(file, reader));
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
    if (status < ARCHIVE_OK) return Fail(damaged(file, reader));
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

Result<void> check_gzip(int fd, std::string_view file) {
  constexpr int gzip_alone = 15 + 16;   // of zlib's window bits: checks header and trailer
  constexpr std::string_view magic = "\x1f\x8b";
  if (::lseek(fd, 0, SEEK_SET) < 0) return fail_errno(fmt::format("cannot read '{}'", file), errno);
  std::vector<char> in(256 * 1024), out(256 * 1024);
  z_stream stream{};
  bool begun = false, ended = false;
  Result<void> result;
  for (;;) {
    const ssize_t n = ::read(fd, in.data(), in.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) result = fail_errno(fmt::format("cannot read '{}'", file), errno);
    if (interrupted()) result = fail(Errc::interrupted, fmt::format("reading '{}' was interrupted", file));
    if (!result || n <= 0) break;
    if (!begun) {
      if (!std::string_view(in.data(), static_cast<std::size_t>(n)).starts_with(magic)) return {};
      SWAGE_CHECK(load_zlib());
      if (zlib().inflateInit2_(&stream, gzip_alone, ZLIB_VERSION, sizeof stream) != Z_OK)
        return fail(Errc::environment, "zlib cannot be started");
      begun = true;
    }
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(n);
    while (result && stream.avail_in > 0) {
      if (ended && *stream.next_in != static_cast<Bytef>(magic[0])) break;
      if (ended) zlib().inflateReset(&stream);
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = static_cast<uInt>(out.size());
      const int status = zlib().inflate(&stream, Z_NO_FLUSH);
      ended = status == Z_STREAM_END;
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        result = fail(Errc::corrupt, fmt::format("'{}' is truncated or damaged", file));
        result.error().notes.emplace_back(stream.msg ? fmt::format("gzip: {}", stream.msg) : "gzip cannot read it");
      }
    }
    if (ended && stream.avail_in > 0) break;
  }
  if (begun && !ended && result) result = fail(Errc::corrupt, fmt::format("'{}' is truncated or damaged", file));
  if (begun) zlib().inflateEnd(&stream);
  return result;
}

}  // namespace swage
