#include "cache/compression.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/core.h>
#include <string>
#include <vector>

#include "fetch/archive_reader.hpp"

namespace swage {

namespace {

struct Form {
  Compression compression;
  std::string_view name, suffix;
};
constexpr std::array kForms{
    Form{Compression::none, "none", ""},       Form{Compression::xz, "xz", ".xz"},
    Form{Compression::bzip2, "bzip2", ".bz2"}, Form{Compression::zstd, "zstd", ".zst"},
    Form{Compression::gzip, "gzip", ".gz"},
};
const Form& form_of(Compression compression) {
  return *std::find_if(kForms.begin(), kForms.end(), [&](const Form& form) { return form.compression == compression; });
}

struct WriterFree {
  void operator()(archive* writer) const { libarchive().write_free(writer); }
};
struct EntryFree {
  void operator()(archive_entry* entry) const { libarchive().entry_free(entry); }
};

// What a callback of libarchive is given; an error of ours waits here, since libarchive knows none.
struct Callback {
  const ByteSink* out = nullptr;
  const ByteSource* in = nullptr;
  std::vector<char> buffer{};
  Result<void> state{};
};

la_ssize_t write_out(archive* writer, void* data, const void* bytes, std::size_t size) {
  Callback& callback = *static_cast<Callback*>(data);
  callback.state = (*callback.out)({static_cast<const char*>(bytes), size});
  if (callback.state) return static_cast<la_ssize_t>(size);
  libarchive().set_error(writer, EIO, "%s", "the sink failed");
  return -1;
}

la_ssize_t read_in(archive* reader, void* data, const void** bytes) {
  Callback& callback = *static_cast<Callback*>(data);
  const Result<std::size_t> got = (*callback.in)(callback.buffer.data(), callback.buffer.size());
  if (!got) {
    callback.state = Fail(got.error());
    libarchive().set_error(reader, EIO, "%s", "the source failed");
    return -1;
  }
  *bytes = callback.buffer.data();
  return static_cast<la_ssize_t>(*got);
}

// The error of the callback where there is one: libarchive's is then only that there was one.
Fail reason(const Callback& callback, Error otherwise) {
  return Fail(callback.state ? std::move(otherwise) : callback.state.error());
}

int add_filter(archive* writer, Compression compression) {
  switch (compression) {
    case Compression::xz: return libarchive().write_add_filter_xz(writer);
    case Compression::bzip2: return libarchive().write_add_filter_bzip2(writer);
    case Compression::zstd: return libarchive().write_add_filter_zstd(writer);
    case Compression::gzip: return libarchive().write_add_filter_gzip(writer);
    case Compression::none: break;
  }
  return ARCHIVE_OK;
}

int support_filter(archive* reader, Compression compression) {
  switch (compression) {
    case Compression::xz: return libarchive().read_support_filter_xz(reader);
    case Compression::bzip2: return libarchive().read_support_filter_bzip2(reader);
    case Compression::zstd: return libarchive().read_support_filter_zstd(reader);
    case Compression::gzip: return libarchive().read_support_filter_gzip(reader);
    case Compression::none: break;
  }
  return ARCHIVE_OK;
}

Error cannot_compress(archive* writer) {
  const char* text = libarchive().error_string(writer);
  return {.code = Errc::environment,
          .what = fmt::format("cannot compress: {}", text ? text : "libarchive says not why")};
}

}  // namespace

std::string_view compression_name(Compression compression) { return form_of(compression).name; }
std::string_view compression_suffix(Compression compression) { return form_of(compression).suffix; }

std::optional<Compression> parse_compression(std::string_view name) {
  const auto found = std::find_if(kForms.begin(), kForms.end(), [&](const Form& form) { return form.name == name; });
  if (found == kForms.end()) return {};
  return found->compression;
}

Result<void> compress(Compression compression, int level, unsigned threads,
                      const std::function<Result<void>(const ByteSink&)>& produce, const ByteSink& out) {
  if (compression == Compression::none) return produce(out);
  SWAGE_CHECK(load_archive());
  Callback callback{.out = &out};
  const std::unique_ptr<archive, WriterFree> writer(libarchive().write_new());
  const std::unique_ptr<archive_entry, EntryFree> entry(libarchive().entry_new());
  archive* const raw = writer.get();
  const auto set = [&](const char* option, const std::string& value) {
    return libarchive().write_set_filter_option(raw, nullptr, option, value.c_str());
  };
  libarchive().entry_set_filetype(entry.get(), AE_IFREG);
  bool ready = libarchive().write_set_format_raw(raw) == ARCHIVE_OK && add_filter(raw, compression) == ARCHIVE_OK &&
               (level == 0 || set("compression-level", std::to_string(level)) == ARCHIVE_OK);
  const bool has_threads = compression == Compression::zstd || compression == Compression::xz;
  if (ready && has_threads && threads > 1) set("threads", std::to_string(threads));   // older libraries have it not
  libarchive().write_set_bytes_per_block(raw, 0);
  ready = ready && libarchive().write_open(raw, &callback, nullptr, write_out, nullptr) == ARCHIVE_OK &&
          libarchive().write_header(raw, entry.get()) == ARCHIVE_OK;
  if (!ready) return reason(callback, cannot_compress(raw));
  SWAGE_CHECK(produce([&](std::string_view bytes) -> Result<void> {
    if (libarchive().write_data(raw, bytes.data(), bytes.size()) == static_cast<la_ssize_t>(bytes.size())) return {};
    return reason(callback, cannot_compress(raw));
  }));
  if (libarchive().write_close(raw) != ARCHIVE_OK) return reason(callback, cannot_compress(raw));
  return {};
}

Result<void> decompress(Compression compression, const ByteSource& in, std::string_view file,
                        const std::function<Result<void>(const ByteSource&)>& use) {
  if (compression == Compression::none) {
    SWAGE_CHECK(use(in));
    char more = 0;
    SWAGE_TRY(const std::size_t left, in(&more, 1));
    if (left != 0) return fail(Errc::corrupt, fmt::format("'{}' goes on after its end", file));
    return {};
  }
  SWAGE_CHECK(load_archive());
  Callback callback{.in = &in};
  callback.buffer.resize(1 << 17);
  const ArchivePtr reader(libarchive().read_new());
  archive_entry* entry = nullptr;
  const bool open = support_filter(reader.get(), compression) >= ARCHIVE_WARN &&
                    libarchive().read_support_format_raw(reader.get()) == ARCHIVE_OK &&
                    libarchive().read_open(reader.get(), &callback, nullptr, read_in, nullptr) == ARCHIVE_OK &&
                    libarchive().read_next_header(reader.get(), &entry) == ARCHIVE_OK;
  if (!open) return reason(callback, damaged(file, reader.get()));
  // Bytes of another kind pass libarchive unchanged.
  if (libarchive().filter_count(reader.get()) < 2)
    return fail(Errc::corrupt, fmt::format("'{}' is not compressed by {}", file, compression_name(compression)));
  const ByteSource plain = [&](char* buffer, std::size_t size) -> Result<std::size_t> {
    const la_ssize_t got = libarchive().read_data(reader.get(), buffer, size);
    if (got < 0) return reason(callback, damaged(file, reader.get()));
    return static_cast<std::size_t>(got);
  };
  SWAGE_CHECK(use(plain));
  char more = 0;
  SWAGE_TRY(const std::size_t left, plain(&more, 1));
  if (left != 0) return fail(Errc::corrupt, fmt::format("'{}' goes on after its end", file));
  return {};
}

}  // namespace swage
