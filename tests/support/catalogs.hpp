// A catalog in a temporary directory, small enough to see a test's whole world.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/files.hpp"
#include "catalog/catalog.hpp"

namespace swage {

inline constexpr const char* kSmallPlatforms = R"([[platform]]
name = "arm64"
triple = "aarch64-unknown-linux-gnu"
aliases = ["aarch64-multiplatform"]
endian = "little"
bits = 64
kernel_arch = "arm64"
elf_machine = 183
elf_class = 64

[[platform]]
name = "x86_64"
triple = "x86_64-unknown-linux-gnu"
endian = "little"
bits = 64
kernel_arch = "x86"
elf_machine = 62
elf_class = 64
)";

inline constexpr const char* kSmallProvider = R"([provider]
rank = 10
suites = ["bookworm"]
source = "https://example.org/"
)";

inline constexpr const char* kCLibraries = R"([[c_library]]
name = "glibc"
summary = "s"
component = "glibc"
[[c_library]]
name = "musl"
summary = "s"
component = "musl"
[[c_library]]
name = "newlib"
summary = "s"
)";

inline constexpr const char* kFeatures = R"([[feature]]
name = "plugins"
text = "t"
[[feature]]
name = "default-pie"
text = "t"
[[feature]]
name = "default-ssp"
text = "t"
)";

class CatalogDir {
 public:
  // In memory where that is possible: the random worlds of a property test would wait for the disk.
  CatalogDir() : temp_(TempDir::create("catalog", fs::exists("/dev/shm") ? "/dev/shm" : "").value()) {
    write("platforms.toml", kSmallPlatforms);
    write("c_libraries.toml", kCLibraries);
    write("toolchains/debian.toml", kSmallProvider);
  }
  const fs::path& path() const { return temp_.path(); }

  // `name` may be a path below the directory; a layer is a subdirectory.
  CatalogDir& write(const std::string& name, const std::string& text) {
    const fs::path file = temp_.path() / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return *this;
  }

  Result<std::shared_ptr<const Catalog>> load(const std::vector<std::string>& layers = {}) const {
    return Catalog::load(path(), paths_of(layers));
  }

  // What a user would see, with this directory's name replaced by CAT.
  std::string errors(const std::vector<std::string>& layers = {}) const {
    const auto catalog = load(layers);
    return catalog ? "no errors" : shown(catalog.error());
  }
  // What `swage check` would show: it reads also what load() leaves unread.
  std::string checked(const std::vector<std::string>& layers = {}) const {
    std::string text;
    for (const Error& error : check_catalog(path(), paths_of(layers))) text += shown(error);
    return text;
  }
  std::string shown(const Error& error) const {
    std::string text = render(error);
    for (std::size_t at; (at = text.find(path().string())) != std::string::npos;) text.replace(at, path().string().size(), "CAT");
    return text;
  }

 private:
  std::vector<fs::path> paths_of(const std::vector<std::string>& layers) const {
    std::vector<fs::path> paths;
    for (const std::string& layer : layers) paths.push_back(path() / layer);
    return paths;
  }

  TempDir temp_;
};

}  // namespace swage
