// apt with state of its own, for one suite of the distribution: nothing of the host's apt but its configuration (proxies,
// time-outs) and its key rings is used, so it needs no root rights and sees no installed package.
#pragma once

#include <map>
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

// The stanzas of a Packages index that can have a part in installing `packages`: theirs, those of everything that they may
// depend on, directly or not, and of all that provides such a name. apt's answer is the same with these alone, and comes in a
// tenth of the time: most of what it does is looking at packages that have no part in it.
std::string reachable_stanzas(std::string_view index, const std::vector<std::string>& packages);

// The upstream tarball of a source package, from the text of a Sources index; `dsc` is the file name of the version meant.
Result<LockedFile> find_in_sources(std::string_view index, std::string_view package, std::string_view dsc);
// Those of all versions of a series (7.2: 7.2 and every 7.2.x), newest first. A pre-release is of no series.
std::vector<LockedFile> find_series_in_sources(std::string_view index, std::string_view package, const Version& series);

// `text` without the hosts of URLs and of these sources: what apt says must not carry a mirror's name into the lock.
std::string without_hosts(std::string_view text, const std::vector<AptSource>& sources);

class AptSuite {
 public:
  enum class Index { packages, packages_and_sources };
  AptSuite(fs::path directory, std::string suite, std::string architecture, Index index, unsigned tries);

  // Gets the index from the first source that has it. Must have succeeded before all else.
  Result<void> update(const std::vector<AptSource>& sources);
  // Prepares to solve for packages of this list only, fast.
  Result<void> narrow(const std::vector<std::string>& packages);
  // The packages, and all that they depend on, on a machine with nothing installed. Thread-safe.
  Result<std::vector<AptChoice>> solve(const std::vector<std::string>& packages) const;
  // File name of the .dsc that apt takes for a source package. Thread-safe.
  Result<std::string> source_dsc(const std::string& package) const;
  Result<std::string> packages_index() const;   // the text
  Result<std::string> sources_index() const;
  const std::string& name() const { return suite_; }

 private:
  Result<void> configure(const AptSource& source) const;
  Result<void> write_state(const fs::path& directory, const std::string& sources) const;
  Result<std::string> index_text(std::string_view kind) const;

  fs::path directory_;
  fs::path solving_;                    // the state that solve() asks: a narrower one below directory_, once there is one
  std::string suite_;
  std::string architecture_;
  Index index_;
  unsigned tries_;
};

}  // namespace swage
