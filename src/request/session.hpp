// What every request shares: where things are and, each made when first asked for, the catalog, the lock file, the
// store and the fetcher. Whoever begins it says how progress is told. `swage list platforms` never opens the store;
// `swage store du` never reads the catalog.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/events.hpp"
#include "catalog/catalog.hpp"
#include "catalog/source_trees.hpp"
#include "catalog/workspace.hpp"
#include "fetch/traffic.hpp"
#include "plan/lock_view.hpp"
#include "realise/realise.hpp"
#include "store/store.hpp"

namespace swage {

struct SessionOptions {
  std::string catalog{};                // --catalog DIR
  std::vector<std::string> layers{};    // --layer DIR
  std::string home{};                   // --home DIR
  std::string lock{};                   // --lock FILE
  std::string workspace{};              // --workspace DIR, or "none"
  std::string instance{};               // --instance NAME, or "none"
  // --substituters, --trusted-public-keys: each of several words with commas; --no-substituters, --no-require-sigs
  std::vector<std::string> substituters{}, trusted_keys{};
  bool no_substituters = false, no_require_signatures = false;
  unsigned substituter_timeout = 0;     // seconds; 0: not given
  std::vector<std::string> mirrors{};   // --mirror, of several words with commas
  bool offline = false;                 // --offline
};
// What is to be asked for and what stays: said once no other process can change the lock file any more.
struct LockChange {
  std::optional<Lockfile> keep{};       // LockOptions::keep, and below too
  std::set<std::string> wanted{};       // none: nothing is asked for, and `keep` is the lock file
  std::optional<Lockfile> before{};
  bool allow_older = false;
};
// `now`: what the lock file says; none: there is no such file.
using ChooseLockChange = std::function<Result<LockChange>(Result<std::optional<Lockfile>> now)>;

class CacheSubstituter;                 // request/substituters.hpp
using MakeReporter = std::function<std::unique_ptr<Reporter>()>;

struct KernelChoice;   // plan/planner.hpp

class Session {
 public:
  Session(SessionOptions options, MakeReporter make_reporter);
  ~Session();

  // An error for what needs a network, where there is to be none; `what` begins it.
  Result<void> check_online(const std::string& what) const;
  const SessionOptions& options() const { return options_; }
  // The swage.toml of this directory or of the nearest one above it, when it may be obeyed, or of the directory that
  // --workspace or SWAGE_WORKSPACE names; one that says nothing when there is none.
  Result<const Workspace*> workspace();
  Result<std::optional<fs::path>> workspace_directory();   // of that file; none where there is none
  // The set of packages that is meant where a target names none: --instance, or what the workspace says. Null: none of
  // them.
  Result<const Instance*> usual_instance();
  Result<std::vector<fs::path>> layers();   // of the workspace and of --layer, in order
  // Of the workspace and of all layers: those of --layer win over its own, and its own over those of the layers that it
  // names.
  Result<const Instances*> instances();
  Result<SourceTrees> source_trees();
  Result<const Catalog*> catalog();
  // Reads the lock file. Where there is none it is one that pins nothing, or for a new workspace what that of home()
  // pins. It grows by what is asked for: what was given before stays where it is, and as it was.
  Result<const Lockfile*> lock();
  // The same to look entries up in, which costs less.
  Result<LockView> lock_view();
  // Begins to open it beside what else is done, for who will ask for lock_view().
  void expect_lock_view();
  // Sees to it that the lock file pins these, or says why they are missing: keys as those of Lockfile::missing. Those
  // that it does neither of are asked for, and no others; what other processes pin meanwhile stays. An error when none
  // of them can be had.
  Result<void> pin(const std::set<std::string>& keys);
  // Changes the lock file while no other process does.
  Result<const Lockfile*> update_lock(const ChooseLockChange& choose);
  // Sees to it that the lock file pins the source, when its row leaves the sha256 to the publisher.
  Result<void> pin_archive(const SourceSpec& source);
  Result<Store*> store(Store::Purpose purpose = Store::Purpose::usual);   // the purpose of the first call counts
  Result<std::unique_ptr<SourceFetcher>> fetcher();
  // Who has what others made, by the binary caches of --substituters, SWAGE_SUBSTITUTERS or swage.toml, in this order;
  // null: none is named. The same one each time, since it knows which of them do not answer.
  Result<CacheSubstituter*> substituter();
  Reporter& reporter();
  Traffic& traffic() { return traffic_; }   // of all that comes from outside, by fetcher() and substituter()
  void stop_reporter();                 // the terminal line is restored; before results are printed

  Result<fs::path> home() const;        // $SWAGE_HOME, or swage under the user's data directory
  Result<fs::path> lock_path();         // --lock, or swage.lock beside the workspace's swage.toml, or in home()
  Result<fs::path> catalog_dir() const;
  Result<fs::path> home_evidence() const;   // evidence/ in home(): records of a user whose catalog is not his
  // Trees of this run that are in the store already, by what they were named as and what they were looked at for: a
  // search builds one many times, and it is what it was when that began.
  std::map<std::string, std::shared_ptr<const KernelChoice>>& known_trees() { return known_trees_; }
  // One more place with records, before the catalog is first asked for.
  void add_evidence(const fs::path& directory) { evidence_.push_back(directory); }

 private:
  Result<Lockfile> first_lock();
  Result<std::optional<Lockfile>> read_lock();   // as it is now
  const Lockfile* take_lock(Lockfile lock);

  SessionOptions options_;
  MakeReporter make_reporter_;
  std::optional<std::optional<fs::path>> workspace_directory_{};
  bool workspace_was_found_ = false;    // and not named: then it is trusted with all that it names
  std::vector<fs::path> evidence_{};
  std::map<std::string, std::shared_ptr<const KernelChoice>> known_trees_{};
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<Instances> instances_;
  const Catalog* catalog_ = nullptr;
  std::vector<std::unique_ptr<const Lockfile>> locks_;   // the last is the one; planners may still read the others
  std::optional<LockView> lock_view_;
  std::future<Result<LockView>> expected_lock_view_;
  Traffic traffic_{};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Reporter> reporter_;
  std::unique_ptr<CacheSubstituter> substituter_;
};

}  // namespace swage
