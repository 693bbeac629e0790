// Evidence: the records of cells that were really built and booted, one file each:
//
//   evidence/<platform>/<recipe>-<kernel>-<toolchain>[-<config>][-tree-<hash>].toml   the record
//   evidence/<platform>/<recipe>-<kernel>-<toolchain>[-<config>][-tree-<hash>].log   the boot's console, the end of the
//                                                                                    failed build's log, or what was
//                                                                                    said of objects that failed
//     of a file the configuration has a hash too, of a sample of objects it is followed by -objects-<count>-<seed>
//     both with -forced-<constraint> (-forced-<hash>, of several) and -in-<root> where the resolver was overruled
//   evidence/locks/<date>-<8 hexadecimal digits>.lock   what the recorded derivations took from lock files of that
//                                                       date, in so far as these agree
//
// What names no recipe begins with `linux`, and is of the catalog's Catalog::kernel_recipe(). The configuration is in a
// name unless it is `tiny`; the hash is the beginning of that of the tree, where it is no release of the catalog's:
// [tree] says which. Keys are sorted and the form is fixed, so the same record has the same bytes. Reading is
// Catalog::evidence().
#pragma once

#include <string>
#include <string_view>

#include "catalog/catalog.hpp"

namespace swage {

inline constexpr const char* kLocks = "locks";            // the directory of lock files
std::string evidence_name(const EvidenceRow& row);          // of its files, without the ending
std::string evidence_text(const EvidenceRow& row);          // reading it gives the row again
// Of KernelTree::vendor: it becomes part of what a row of the matrix is called.
Result<void> check_vendor(std::string_view name);
// Of a sample of objects: what `sample.awk` can count with.
Result<void> check_seed(std::string_view seed);
// Closed keys, right types, and what each state needs; every mistake with its place.
Result<EvidenceRow> parse_evidence(std::string text, const std::string& file);
// Both files, each replaced whole and the record last: a record has its log.
Result<void> write_evidence(const fs::path& directory, const EvidenceRow& row, std::string_view log);
// A directory below that of the records, made where it is missing. One that a link leads out of is refused: nothing is
// written elsewhere, where it would not be read again either.
Result<fs::path> evidence_subdirectory(const fs::path& directory, std::string_view name);
// Whether records could be written into directories of these names: asked before hours are spent on what they would
// say.
Result<void> check_evidence_place(const fs::path& directory, const std::vector<std::string>& names);
// Where the log of a record that was read stands, and the lock file it was made with.
fs::path evidence_log(const EvidenceRow& row);
Result<std::string> read_evidence_log(const EvidenceRow& row);   // below the directory with the records only
fs::path evidence_lock(const EvidenceRow& row);

}  // namespace swage
