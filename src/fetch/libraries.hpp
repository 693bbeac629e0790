// libcurl, libarchive and its zlib, loaded when they are first needed: with what they need in turn they are thirty
// shared objects, and to load them takes longer than all that a command such as `swage resolve` does.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <curl/curl.h>
#include <zlib.h>

#include "base/error.hpp"

namespace swage {

#define SWAGE_CURL_FUNCTIONS(X)                                                                                     \
  X(global_init)                                                                                                    \
  X(easy_init) X(easy_cleanup) X(easy_reset) X(easy_setopt) X(easy_getinfo) X(easy_strerror) X(multi_init)          \
      X(multi_cleanup) X(multi_add_handle) X(multi_remove_handle) X(multi_perform) X(multi_poll) X(multi_info_read) \
          X(slist_append) X(slist_free_all)

#define SWAGE_ARCHIVE_FUNCTIONS(X)                                                                                     \
  X(read_new)                                                                                                          \
  X(read_free) X(read_open) X(read_open_fd) X(read_open_memory) X(read_next_header) X(read_data) X(read_data_block)    \
      X(read_support_filter_gzip) X(read_support_filter_bzip2) X(read_support_filter_lzma) X(read_support_filter_lzip) \
          X(read_support_filter_xz) X(read_support_filter_lz4) X(read_support_filter_zstd) X(read_support_format_ar)   \
              X(read_support_format_tar) X(read_support_format_cpio) X(read_support_format_zip)                        \
                  X(read_support_format_7zip) X(read_support_format_raw) X(entry_filetype) X(entry_hardlink)           \
                      X(entry_pathname) X(entry_perm) X(entry_symlink) X(error_string) X(set_error)            \
                          X(entry_new) X(entry_free) X(entry_set_filetype) X(filter_count) X(write_new) X(write_free)  \
                              X(write_set_format_raw) X(write_add_filter_gzip) X(write_add_filter_bzip2)               \
                                  X(write_add_filter_xz) X(write_add_filter_zstd) X(write_set_filter_option)           \
                                      X(write_set_bytes_per_block) X(write_open) X(write_header) X(write_data)         \
                                          X(write_close)

// curl().easy_init() is curl_easy_init(), and so on.
struct Curl {
#define SWAGE_MEMBER(name) decltype(&::curl_##name) name = nullptr;
  SWAGE_CURL_FUNCTIONS(SWAGE_MEMBER)
#undef SWAGE_MEMBER
};

// libarchive().read_new() is archive_read_new(), and so on.
struct Archive {
#define SWAGE_MEMBER(name) decltype(&::archive_##name) name = nullptr;
  SWAGE_ARCHIVE_FUNCTIONS(SWAGE_MEMBER)
#undef SWAGE_MEMBER
  decltype(&::archive_errno) error_number = nullptr;   // `errno` is a macro
};

// zlib().inflate() is inflate(), and so on.
struct Zlib {
  decltype(&::inflateInit2_) inflateInit2_ = nullptr;
  decltype(&::inflate) inflate = nullptr;
  decltype(&::inflateReset) inflateReset = nullptr;
  decltype(&::inflateEnd) inflateEnd = nullptr;
};

// Errc::environment when the library or one of these functions is not there. Thread-safe, and free after the first
// time.
Result<void> load_curl();
Result<void> load_archive();
Result<void> load_zlib();

// Only after the load has succeeded.
const Curl& curl();
const Archive& libarchive();
const Zlib& zlib();

}  // namespace swage
