// swage.lock: distribution packages and floating choices, pinned by name, version and sha256. Made by
// fetch/lock.hpp from the host's apt sources, and grown by what each command needs; read here, so that planning needs
// neither apt nor network. No mirror's host name is in it: a package has the path that every mirror of its distribution
// has it under.
//
// JSON with one package a line, keys sorted, all keys always present:
//   {"version": 2, "created": "2026-01-31", "files": {SHA256: {"name", "version", "path", "size", "seen"}},
//    "sets": {KEY: {"suite", "request", "files": [SHA256...]}},
//    "sources": {KEY: SHA256}, "seeds": {KEY: {"sha256", "member", "nar_sha256"}}, "archives": {URL: SHA256},
//    "suites": {ARCHIVE/SUITE: DATE}, "missing": {KEY: REASON}}
// Without any, "archives" and "suites" are left out. "seen", "2026-01-31 debian-security", is the day (UTC) of the
// Release that listed the file, and its archive where that is known: of the archive of old packages the file can be had
// when the mirrors have moved on. The file itself says it, so that branches of a lock file merge line by line. A lock
// without any is of version 1, whose `created` is the day of all its files.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/hash.hpp"
#include "catalog/pool_path.hpp"
#include "store/store_path.hpp"

namespace swage {

// A file of a distribution's pool.
struct LockedFile {
  std::string name{};           // binary or source package
  std::string version{};        // of a binary package the distribution's: 12.2.0-14; of a source upstream's: 12.2.0
                                // (source_version)
  std::string path{};           // pool/main/g/gcc-12/...: relative to the mirror
  std::string sha256{};         // base16
  std::uint64_t size = 0;       // bytes
  std::string day{};            // YYYY-MM-DD, when it was seen; "" as Lockfile::created
  std::string archive{};        // [[archive]] of the catalog that it was seen in; "" unknown

  // The same file, wherever and whenever it was seen.
  bool is(const LockedFile& other) const {
    return name == other.name && version == other.version && path == other.path && sha256 == other.sha256 &&
           size == other.size;
  }
  // Name of its store object: the file name of the path with what a store name cannot hold (~, :, %) replaced by `-`.
  std::string store_name() const;
  Result<StorePath> store_path() const;   // flat fixed path
  friend bool operator==(const LockedFile&, const LockedFile&) = default;
};

// What apt answered to one question: `packages` of `suite`.
struct LockedSet {
  std::string suite{};
  std::string request{};              // the sorted package list it was made for: a changed list makes the set stale
  std::vector<std::string> files{};   // sha256 keys into Lockfile::files, sorted by package name
  friend bool operator==(const LockedSet&, const LockedSet&) = default;
};

// A program taken out of a package, needed before anything can unpack packages: the static shell.
struct LockedSeed {
  std::string sha256{};         // key of the package in Lockfile::files
  std::string member{};         // ./bin/busybox
  std::string nar_sha256{};     // base16, of a tree with the program as bin/<name>
  friend bool operator==(const LockedSeed&, const LockedSeed&) = default;
};

struct Lockfile {
  static constexpr unsigned kVersion = 2;       // of the format: a reader refuses a later one; 1 had no days of files

  std::string created{};                        // YYYY-MM-DD, when it was made or last grew
  std::map<std::string, LockedFile> files{};    // by sha256
  std::map<std::string, LockedSet> sets{};      // "root:build", "toolchain:debian-bookworm-gcc-12-arm64"
  std::map<std::string, std::string> sources{}; // "bookworm/linux" -> sha256 of the orig tarball
  std::map<std::string, LockedSeed> seeds{};    // "busybox"
  // What their publisher said of archives whose rows have no sha256 (fetch/published.hpp), when they were first needed.
  std::map<std::string, std::string> archives{};  // URL -> sha256
  // The newest Release of each suite that the lock was made from, by its archive's name for itself:
  // "Debian/bookworm-security" -> "2026-01-31T00:00:00Z". An older one is a replay, or a mirror that fell behind.
  std::map<std::string, std::string> suites{};
  // Sets ("root:build"), sources ("source:bookworm/linux") and seeds ("seed:busybox") that the distribution could not
  // give when they were asked for, with the reason in one clause: the error when one is needed.
  std::map<std::string, std::string> missing{};

  static Result<Lockfile> read(const fs::path& path);
  // Closed keys, checked types and forms, no dangling keys: Errc::invalid_input with the place in the text. A later
  // format version is refused before anything else of it is looked at.
  static Result<Lockfile> parse(std::string_view json, std::string_view name_for_errors);
  std::string str() const;                      // parse(str()) gives the same value, str() the same bytes
  friend bool operator==(const Lockfile&, const Lockfile&) = default;
};

// `1.2.3-4`, `1:2.40-2`, `6.1.170-3` -> 1.2.3, 2.40, 6.1.170: the upstream part of a distribution version.
std::string upstream_version(std::string_view distribution_version);
// What is built of a source package is upstream's archive without the distribution's patches, so its version is
// upstream's too. Only where that has a dash of its own, of which upstream_version() would take another part, it stays
// whole.
std::string source_version(std::string_view distribution_version);

}  // namespace swage
