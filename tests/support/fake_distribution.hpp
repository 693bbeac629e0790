// A small Debian-like archive on disk that apt takes as a source: packages made by dpkg-deb, indices written here.
#pragma once

#include <fmt/format.h>
#include <map>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/process.hpp"

namespace swage::test {

class FakeDistribution {
 public:
  explicit FakeDistribution(fs::path root) : root_(std::move(root)) {}

  struct Package {
    std::string name{}, version{}, depends{};
    std::map<std::string, std::string> programs{};   // path -> content
    std::string component = "main";
  };
  // Adds a package to a suite. Returns the path of the file below the root.
  std::string add(const std::string& suite, const Package& package) {
    const fs::path tree = root_ / "tree";
    (void)remove_tree(tree);
    std::string control = fmt::format("Package: {}\nVersion: {}\nArchitecture: amd64\nMaintainer: Nobody <nobody@example.org>\nDescription: test\n",
                                      package.name, package.version);
    if (!package.depends.empty()) control += fmt::format("Depends: {}\n", package.depends);
    write(tree / "DEBIAN/control", control, 0644);
    for (const auto& [path, content] : package.programs) write(tree / path, content, 0755);
    const std::string path = fmt::format("pool/{}/{}/{}_{}_amd64.deb", package.component, package.name, package.name, without_epoch(package.version));
    must(make_directories((root_ / path).parent_path()));
    must(run_process({.argv = {"dpkg-deb", "-Znone", "--root-owner-group", "--build", tree.string(), (root_ / path).string()}}));
    const std::string deb = read_file(root_ / path).value();
    packages_[suite][package.component] += fmt::format("{}Filename: {}\nSize: {}\nSHA256: {}\n\n", control, path, deb.size(), sha256(deb).hex());
    return path;
  }
  // Adds a source package with an upstream tarball of this content.
  std::string add_source(const std::string& suite, const std::string& name, const std::string& version, const std::string& content) {
    const std::string directory = fmt::format("pool/main/{}", name);
    const std::string tarball = fmt::format("{}_{}.orig.tar.xz", name, version.substr(0, version.rfind('-')));
    const std::string dsc = fmt::format("{}_{}.dsc", name, version);
    write(root_ / directory / tarball, content, 0644);
    write(root_ / directory / dsc, "Source: " + name + "\n", 0644);
    sources_[suite] += fmt::format("Package: {}\nBinary: {}\nVersion: {}\nDirectory: {}\nFormat: 3.0 (quilt)\nArchitecture: any\nChecksums-Sha256:\n", name, name, version, directory);
    for (const std::string& file : {dsc, tarball}) {
      const std::string bytes = read_file(root_ / directory / file).value();
      sources_[suite] += fmt::format(" {} {} {}\n", sha256(bytes).hex(), bytes.size(), file);
    }
    sources_[suite] += "\n";
    return directory + "/" + tarball;
  }
  // Writes the indices of a suite. `more`: fields of its Release.
  void publish(const std::string& suite, const std::string& date = "Sat, 31 Jan 2026 00:00:00 UTC", const std::string& more = "") {
    std::string release = fmt::format("Origin: Test\nSuite: {0}\nCodename: {0}\nDate: {1}\n{2}Architectures: amd64\nComponents: main", suite, date, more);
    std::map<std::string, std::string> files{{"main/binary-amd64/Packages", packages_[suite]["main"]}, {"main/source/Sources", sources_[suite]}};
    for (const auto& [component, text] : packages_[suite]) {
      if (component != "main") release += " " + component;
      files[component + "/binary-amd64/Packages"] = text;
    }
    release += "\nSHA256:\n";
    for (const auto& [name, text] : files) {
      write(root_ / "dists" / suite / name, text, 0644);
      release += fmt::format(" {} {} {}\n", sha256(text).hex(), text.size(), name);
    }
    write(root_ / "dists" / suite / "Release", release, 0644);
  }
  // As if nothing had been added to a suite.
  void forget(const std::string& suite) {
    packages_.erase(suite);
    sources_.erase(suite);
  }
  std::string uri() const { return "file://" + root_.string(); }
  std::string bytes(const std::string& path) const { return read_file(root_ / path).value(); }

 private:
  static std::string without_epoch(const std::string& version) { return version.substr(version.find(':') + 1); }
  template <class T>
  static void must(const Result<T>& result) {
    if (!result) throw std::runtime_error(render(result.error()));
  }
  static void write(const fs::path& path, const std::string& content, mode_t mode) {
    must(make_directories(path.parent_path()));
    must(write_file_atomically(path, content, mode, Durability::volatile_ok));
  }

  fs::path root_;
  std::map<std::string, std::map<std::string, std::string>> packages_{};   // by suite and component
  std::map<std::string, std::string> sources_{};                           // by suite
};

}  // namespace swage::test
