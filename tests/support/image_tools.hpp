// Images made by the programs that people make them with: mkfs.vfat, mcopy, sfdisk.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/process.hpp"

namespace swage {

class ImageDir {
 public:
  fs::path path(const std::string& name) const { return temp_.path() / name; }
  fs::path file(const std::string& name, std::string_view bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  void run(std::vector<std::string> argv, std::string input = "") const {
    argv[0] = "/sbin/" + argv[0];
    if (!path_exists(argv[0])) argv[0] = "/usr/bin/" + argv[0].substr(6);
    const auto done = run_process({.argv = argv, .env = {{{"LC_ALL", "C.UTF-8"}, {"PATH", "/usr/bin:/bin"}}}, .input = std::move(input)});
    ASSERT_TRUE(done) << done.error().what;
    ASSERT_TRUE(done->ok()) << argv[0] << ": " << done->out << done->err;
  }
  // A FAT file system of `kib` KiB as a file of its own.
  fs::path fat(const std::string& name, unsigned kib, std::vector<std::string> options = {}) const {
    std::vector<std::string> argv{"mkfs.vfat", "--invariant", "-C", path(name).string(), std::to_string(kib)};
    argv.insert(argv.begin() + 2, options.begin(), options.end());
    run(argv);
    return path(name);
  }
  void copy_in(const fs::path& fat, const fs::path& from, const std::string& to) const {
    run({"mcopy", "-i", fat.string(), from.string(), "::" + to});
  }
  void make_directory(const fs::path& fat, const std::string& name) const { run({"mmd", "-i", fat.string(), "::" + name}); }
  // An empty image of `mib` MiB, with what sfdisk makes of `table`.
  fs::path disk(const std::string& name, unsigned mib, const std::string& table) const {
    std::ofstream(path(name)).close();
    fs::resize_file(path(name), std::uint64_t{mib} << 20);
    run({"sfdisk", "-q", "--no-reread", "--no-tell-kernel", path(name).string()}, table);
    return path(name);
  }
  static void put(const fs::path& image, std::uint64_t offset, std::string_view bytes) {
    std::fstream out(image, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(offset));
    out << bytes;
  }

 private:
  TempDir temp_ = TempDir::create("image").value();
};

}  // namespace swage
