// swage.lock: every distribution package and every floating choice, pinned by name, version and sha256. Made by
// fetch/lock.hpp from the host's apt sources; read here, so that planning needs neither apt nor network. No mirror's host
// name is in it: a package has the path that every mirror of its distribution has it under.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/hash.hpp"
#include "store/store_path.hpp"

namespace swage {

// A file of a distribution's pool.
struct LockedFile {
  std::string name{};           // binary or source package
  std::string version{};        // distribution version: 12.2.0-14
  std::string path{};           // pool/main/g/gcc-12/...: relative to the mirror
  std::string sha256{};         // base16
  std::uint64_t size = 0;       // bytes

  // Name of its store object: the file name of the path with what a store name cannot hold (~, :, %) replaced by `-`.
  std::string store_name() const;
  Result<StorePath> store_path() const;   // flat fixed path
};

// What apt answered to one question: `packages` of `suite`.
struct LockedSet {
  std::string suite{};
  std::string request{};              // the sorted package list it was made for: a changed list makes the set stale
  std::vector<std::string> files{};   // sha256 keys into Lockfile::files, sorted by package name
};

// A program taken out of a package, needed before anything can unpack packages: the static shell.
struct LockedSeed {
  std::string sha256{};         // key of the package in Lockfile::files
  std::string member{};         // ./bin/busybox
  std::string nar_sha256{};     // base16, of the executable as a store object
};

struct Lockfile {
  std::string created{};                        // YYYY-MM-DD
  std::map<std::string, LockedFile> files{};    // by sha256
  std::map<std::string, LockedSet> sets{};      // "root:build", "toolchain:debian-bookworm-gcc-12-arm64"
  std::map<std::string, std::string> sources{}; // "bookworm/linux" -> sha256 of the orig tarball
  std::map<std::string, LockedSeed> seeds{};    // "busybox"

  static Result<Lockfile> read(const fs::path& path);
  static Result<Lockfile> parse(std::string_view json, std::string_view name_for_errors);
  std::string str() const;                      // one package a line, so that a diff reads well
};

// `1.2.3-4`, `1:2.40-2`, `6.1.170-3` -> 1.2.3, 2.40, 6.1.170: the upstream part of a distribution version.
std::string upstream_version(std::string_view distribution_version);

}  // namespace swage
