// apt with state of its own, for one suite of the distribution: nothing of the host's apt but its configuration
// (proxies, time-outs) and its key rings is used, so it needs no root rights and sees no installed package.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fetch/lock.hpp"

namespace swage {

// A package that apt chose.
struct AptChoice {
  std::string name{};
  std::string version{};
  std::string architecture{};
  friend auto operator<=>(const AptChoice&, const AptChoice&) = default;
};

// What `apt-get --print-uris install` printed; lines that are no package are left out.
std::vector<AptChoice> parse_uris(std::string_view printed);

// The pool files of these choices, from the text of a Packages index. A choice that is not there has no entry.
std::map<AptChoice, LockedFile> find_in_packages(std::string_view index, const std::set<AptChoice>& wanted);

// The stanzas of a Packages index that can have a part in installing `packages`: theirs, those of everything that they
// may depend on, directly or not, and of all that provides such a name. apt's answer is the same with these alone, and
// comes in a tenth of the time: most of what it does is looking at packages that have no part in it.
std::string reachable_stanzas(std::string_view index, const std::vector<std::string>& packages);

// A Packages or Sources index, and what the Release that lists it says of itself.
struct AptIndex {
  std::string text{};
  std::string day{};          // YYYY-MM-DD, of the Release; "" it has no date
  std::string archive{};      // [[archive]] of the catalog that the Release is of; "" none that is known
};
using ArchiveNames = std::map<std::string, std::string>;   // "ORIGIN/LABEL" of Release files -> name of the archive

// The upstream tarball of a source package, from the text of a Sources index; `dsc` is the file name of the version
// meant.
Result<LockedFile> find_in_sources(std::string_view index, std::string_view package, std::string_view dsc);
// Those of all its versions, or of those of a series (7.2: 7.2 and every 7.2.x), newest first, each once, with where
// and when they were seen. A pre-release is left out.
std::vector<LockedFile> find_versions_in_sources(const std::vector<AptIndex>& indices, std::string_view package,
                                                 const std::optional<Version>& series);
// The first of all indices where that is a Packages index, the last where it is a Sources index: as apt, for which they
// are one.
std::map<AptChoice, LockedFile> find_in_packages(const std::vector<AptIndex>& indices,
                                                 const std::set<AptChoice>& wanted);
Result<LockedFile> find_in_sources(const std::vector<AptIndex>& indices, std::string_view package,
                                   std::string_view dsc);

// `text` without the hosts of URLs and of these sources: what apt says must not carry a mirror's name into the lock.
std::string without_hosts(std::string_view text, const std::vector<AptSource>& sources);

// What a Release file says of itself. Times as in Lockfile::suites; "": it does not say.
struct AptRelease {
  std::string key{};          // of Lockfile::suites: its Origin and the suite's name
  std::string date{};
  std::string valid_until{};
  std::string of{};           // "ORIGIN/LABEL"
  std::string lists{};        // what the names of its indices begin with, where apt has put them
};
// `suite` is what it was asked for by; with an Origin that could be a host's name the key has none.
AptRelease parse_release(std::string_view text, std::string_view suite);

// What a suite must not be older than.
struct AptFreshness {
  const std::map<std::string, std::string>* seen = nullptr;   // Lockfile::suites; null: nothing was seen
  std::string now{};                                          // in the same form
  bool allow_older = false;
  std::string allowed_by = "swage lock --allow-older";   // the command that allows it
  // Why the suite is refused, if it is. `expires`: its source says so.
  std::optional<Error> refusal(const AptRelease& release, bool expires) const;
};

class AptSuite {
 public:
  enum class Index { packages, packages_and_sources };
  AptSuite(fs::path directory, std::string suite, std::string architecture, std::vector<std::string> components,
           Index index, unsigned tries);

  // Gets the index from the first source that has it as new as it must be, and those of its pockets. Must have
  // succeeded before all else.
  Result<void> update(const std::vector<AptSource>& sources, const AptFreshness& freshness);
  // Why update() failed, when that is because all that could be read is too old.
  const std::optional<Error>& stale() const { return stale_; }
  const std::vector<AptRelease>& releases() const { return releases_; }         // that were read
  const std::vector<std::string>& unread() const { return unread_; }            // why a pocket could not be, a line
                                                                                // each
  // Prepares to solve for packages of this list only, fast.
  Result<void> narrow(const std::vector<std::string>& packages);
  // The packages, and all that they depend on, on a machine with nothing installed. Thread-safe.
  Result<std::vector<AptChoice>> solve(const std::vector<std::string>& packages) const;
  // File name of the .dsc that apt takes for a source package. Thread-safe.
  Result<std::string> source_dsc(const std::string& package) const;
  // Those of pockets too.
  Result<std::vector<AptIndex>> packages_indices(const ArchiveNames& archives) const;
  Result<std::vector<AptIndex>> sources_indices(const ArchiveNames& archives) const;
  const std::string& name() const { return suite_; }

 private:
  Result<void> configure(const std::vector<AptSource>& sources) const;
  Result<void> try_update(const std::vector<AptSource>& sources);
  Result<void> read_pockets(std::vector<AptSource>& read, const std::vector<AptSource>& pockets,
                            const AptFreshness& freshness);
  Result<void> check_releases(const std::vector<AptSource>& read, const AptFreshness& freshness);
  Result<void> write_state(const fs::path& directory, const std::string& sources) const;
  Result<std::vector<AptIndex>> indices(std::string_view kind, const ArchiveNames& archives) const;

  fs::path directory_;
  fs::path solving_;                    // the state that solve() asks: a narrower one below directory_, once there is
                                        // one
  std::string suite_;
  std::string architecture_;
  std::vector<std::string> components_;
  Index index_;
  unsigned tries_;
  std::optional<Error> stale_{};
  std::vector<AptRelease> releases_{};
  std::vector<std::string> unread_{};
};

}  // namespace swage
