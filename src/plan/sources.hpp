// Sources of the plan: their store paths from the lock file and the catalog, without their bytes.
#pragma once

#include <optional>
#include <string>

#include "catalog/catalog.hpp"
#include "plan/graph.hpp"
#include "plan/lock_view.hpp"

namespace swage {

// What is called how in a lock file: the keys of its sets, and of Lockfile::missing.
std::string root_key(const RootRow& row);               // root:build
std::string toolchain_key(const ToolchainRow& row, bool with_cxx = false);   // toolchain:ID, toolchain-c++:ID
std::string seed_key(const std::string& name);          // seed:busybox
std::string source_key(const SourceSpec& spec);         // source:bookworm/linux
// Whether the lock pins what is called so, or says why it is missing.
Result<bool> answers_key(const LockView& lock, const std::string& key);

// The pinned orig tarball of spec.debian_package; null when the lock file has none.
const LockedFile* find_locked_source(const Lockfile& lock, const SourceSpec& spec);

// A download pinned by the lock file (distribution source) or by the catalog (URLs and sha256). `name` is for messages.
// Errc::environment when the lock file lacks it.
Result<Source> source_of(const Lockfile& lock, const SourceSpec& spec, const std::string& name);
// `created`: the day of its lock file.
Result<Source> source_of(const LockedFile& file, std::string_view created);

// A script or configuration text.
Result<Source> text_source(std::string_view name, std::string content);

// The program that unpacks the first packages: a tree with bin/<name>, taken out of a package.
Result<Source> seed_source(const Lockfile& lock, const std::string& name);

// The packages of a locked set, in its order. Errors when the set is missing or was made for another package list.
Result<std::vector<Source>> set_sources(const LockView& lock, const std::string& key, const std::string& suite,
                                        const std::vector<std::string>& packages);
Result<std::vector<Source>> set_sources(const LockView& lock, const RootRow& row);

// The canonical text of a package list, as LockedSet::request stores it.
std::string set_request(std::vector<std::string> packages);
std::string root_request(const RootRow& row);   // says `only` and `components` too, where the row does

// What a store name cannot hold becomes `-`.
std::string store_name_of(std::string_view file_name);

}  // namespace swage
