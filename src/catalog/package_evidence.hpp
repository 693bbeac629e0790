// Evidence of packages and of images: what `swage verify` saw of each that it built. One file for each platform,
//
//   evidence/packages/<platform>.toml    one [[package]] for each package, sorted by name
//   evidence/images/<platform>.toml      one [[image]] for each image, likewise
//   evidence/locks/                      as for kernels: what the recorded derivations took from the lock file
//
// so that the same records have the same bytes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.hpp"

namespace swage {

enum class RecordsOf { packages, images };

enum class PackageState {
  tested,   // built, its files checked, and the recipe's tests ran
  booted,   // of an image: an emulator started it, a login worked and its checks held
  modelled, // of an image: the model of the board's boot firmware would start it
  built,    // built and its files checked; the recipe has no tests, or nothing runs them; of an image: no more is known
  failed,   // it, or what it depends on, did not build or pass its tests, or did not boot
};
std::string_view package_state_name(PackageState state);   // "tested", ...

struct PackageRecord {
  std::string name;                          // NAME or NAME@MEMBER; of an image without image/
  std::string version{};                     // "" the recipe does not tell
  std::string toolchain{};                   // id
  PackageState state = PackageState::failed;
  std::string when{};                        // YYYY-MM-DD
  std::string drv{};
  std::string nar{};                         // sha256 of the archive of output `out`, base16; "" not made
  std::string boot{};                        // of an image: the derivation that booted it, or did not
  std::optional<unsigned> seconds{};         // that it took to build, an image that booted to boot; none: it was in the
                                             // store already
  std::string lock{};                        // file under evidence/locks/
  std::string reason{};                      // of a failure, one clause
  friend bool operator==(const PackageRecord&, const PackageRecord&) = default;
};

using PackageRecords = std::map<std::string, PackageRecord>;   // by name

fs::path package_evidence_file(const fs::path& evidence, std::string_view platform, RecordsOf of = RecordsOf::packages);
// Reading it gives the records again.
std::string package_evidence_text(const PackageRecords& records, RecordsOf of = RecordsOf::packages);
// Closed keys, right types, and what each state needs; every mistake with its place.
Result<PackageRecords> parse_package_evidence(std::string text, const std::string& file,
                                              RecordsOf of = RecordsOf::packages);
// Of one directory; none where it has no such file.
Result<PackageRecords> read_package_evidence(const fs::path& evidence, std::string_view platform,
                                             RecordsOf of = RecordsOf::packages);
// Puts the record among those of the platform.
Result<void> keep_package_record(const fs::path& evidence, std::string_view platform, const PackageRecord& record,
                                 RecordsOf of = RecordsOf::packages);

struct KeptPackageRecord {
  PackageRecord record;
  fs::path evidence;                         // the directory that it is of
  fs::path lock() const { return evidence / "locks" / record.lock; }
};
// Of several directories; of a package that is in more than one the newest record, and of two of one day the later
// directory's.
Result<std::map<std::string, KeptPackageRecord>> newest_package_records(const std::vector<fs::path>& evidence,
                                                                        std::string_view platform,
                                                                        RecordsOf of = RecordsOf::packages);

}  // namespace swage
