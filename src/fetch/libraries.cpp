#include "fetch/libraries.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

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

struct LoadedCurl {
  Library library{"libcurl.so.4"};
  Curl functions{};
  LoadedCurl() {
#define SWAGE_FIND(name) library.find("curl_" #name, functions.name);
    SWAGE_CURL_FUNCTIONS(SWAGE_FIND)
#undef SWAGE_FIND
  }
};

struct LoadedArchive {
  Library library{"libarchive.so.13"};
  Archive functions{};
  LoadedArchive() {
#define SWAGE_FIND(name) library.find("archive_" #name, functions.name);
    SWAGE_ARCHIVE_FUNCTIONS(SWAGE_FIND)
#undef SWAGE_FIND
    library.find("archive_errno", functions.error_number);
  }
};

const LoadedCurl& loaded_curl() {
  static const LoadedCurl loaded;
  return loaded;
}

const LoadedArchive& loaded_archive() {
  static const LoadedArchive loaded;
  return loaded;
}

}  // namespace

Result<void> load_curl() { return loaded_curl().library.state(); }
Result<void> load_archive() { return loaded_archive().library.state(); }
const Curl& curl() { return loaded_curl().functions; }
const Archive& libarchive() { return loaded_archive().functions; }

}  // namespace swage
