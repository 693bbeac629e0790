#include "fetch/libraries.hpp"

#include <dlfcn.h>
#include <fmt/core.h>

namespace swage {

namespace {

// A shared object, for the life of the process.
class Library {
 public:
  // `name` with the version of the interface that the headers are of.
  explicit Library(const char* name) : handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    if (!handle_) failed();
  }

  template <class Function>
  void find(const char* name, Function*& function) {
    if (!handle_ || !error_.empty()) return;
    function = reinterpret_cast<Function*>(::dlsym(handle_, name));
    if (!function) failed();
  }

  Result<void> state() const {
    if (error_.empty()) return {};
    return fail(Errc::environment, error_);
  }

 private:
  void failed() { error_ = fmt::format("a library of swage cannot be loaded: {}", ::dlerror()); }

  void* handle_;
  std::string error_{};
};

#define SWAGE_FIND_CURL(name) library.find("curl_" #name, functions.name);
void find_functions(Library& library, Curl& functions) { SWAGE_CURL_FUNCTIONS(SWAGE_FIND_CURL) }

#define SWAGE_FIND_ARCHIVE(name) library.find("archive_" #name, functions.name);
void find_functions(Library& library, Archive& functions) {
  SWAGE_ARCHIVE_FUNCTIONS(SWAGE_FIND_ARCHIVE)
  library.find("archive_errno", functions.error_number);
}

void find_functions(Library& library, Zlib& functions) {
  library.find("inflateInit2_", functions.inflateInit2_);
  library.find("inflate", functions.inflate);
  library.find("inflateReset", functions.inflateReset);
  library.find("inflateEnd", functions.inflateEnd);
}

constexpr const char* file_of(const Curl&) { return "libcurl.so.4"; }
constexpr const char* file_of(const Archive&) { return "libarchive.so.13"; }
constexpr const char* file_of(const Zlib&) { return "libz.so.1"; }

template <class Functions>
struct Loaded {
  Functions functions{};
  Library library{file_of(functions)};
  Loaded() { find_functions(library, functions); }
  static const Loaded& once() {
    static const Loaded loaded;
    return loaded;
  }
};

}  // namespace

Result<void> load_curl() { return Loaded<Curl>::once().library.state(); }
Result<void> load_archive() { return Loaded<Archive>::once().library.state(); }
Result<void> load_zlib() { return Loaded<Zlib>::once().library.state(); }
const Curl& curl() { return Loaded<Curl>::once().functions; }
const Archive& libarchive() { return Loaded<Archive>::once().functions; }
const Zlib& zlib() { return Loaded<Zlib>::once().functions; }

}  // namespace swage
