// Realising: makes the outputs of derivations valid in the store. Gets what others have made of it, beginning with what
// is wanted itself, whose inputs nobody needs then; fetches sources, then builds each other derivation in a sandbox of
// Linux namespaces, several at once, with one GNU make jobserver for all of them. No daemon, no root.
//
// The order of things for one derivation: lock its output paths (another process may be building the same one: then
// wait and take its result) -> look again whether they are valid -> build in <work_dir>/builds/<hash> -> canonicalise,
// hash and scan the outputs -> rename them into the store and register all of them in one transaction -> unlock. The
// derivation whose critical path is longest, by recorded durations, starts first.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/events.hpp"
#include "catalog/log_lines.hpp"
#include "plan/graph.hpp"
#include "realise/free_space.hpp"
#include "realise/limits.hpp"
#include "realise/substituter.hpp"
#include "store/store.hpp"

namespace swage {

// How sources come into the store; the fetch layer implements it, tests fake it. Called from worker threads.
struct SourceFetcher {
  virtual ~SourceFetcher() = default;
  // Makes source.path valid in the store, or says why not. Reports progress as job `id`.
  virtual Result<void> fetch(const Source& source, std::uint64_t id) = 0;
};

struct BuildRecord {               // one derivation that was built (not those found valid)
  StorePath drv;
  double seconds = 0;              // wall time of the builder
  double cpu_seconds = 0;          // user + system
  std::uint64_t max_rss = 0;       // bytes, of the largest process
  bool waited_for_other = false;   // another process built it meanwhile
};
// What is known of a build that failed.
struct FailedLog {
  bool by_itself = false;              // it was not stopped or killed, and the disk was not too small
  const LogLineRow* cause = nullptr;   // of the first line that tells of a failure; null: there is none
  const LogLineRow* known = nullptr;   // that has a text: of that line, or else of another that the error shows; null:
                                       // there is none
  bool by_clock = false;               // a time limit ended it
  double seconds = 0, cpu_seconds = 0; // as of a build that did not fail
};
// Told how each derivation ended, the moment it did: its outputs are valid then. May add notes to the error. Called
// from worker threads, several at once.
using OnBuilt = std::function<void(const StorePath& drv, Result<BuildRecord>& outcome, const FailedLog& log)>;

enum class BuildEnd {
  built,
  failed,
  cancelled,   // stopped, or not begun: another one failed, or the user interrupted
  not_built,   // something that it needs failed
};
// Told of each derivation that was to be built, once, when no more is done. `because`: the name of what failed, of
// `not_built`.
using OnEnd = std::function<void(const StorePath& drv, BuildEnd end, const std::string& because)>;

// How a run goes on, for the sake of what else the machine does.
enum class Pace {
  go,
  hold,     // what runs goes on, and nothing begins
  finish,   // what runs is finished, and that is all
  stop,     // what runs is ended
};
// Asked four times a second. `waiting`: a build or a download would begin now. A run that ends by it ends with
// Errc::interrupted.
using AskPace = std::function<Pace(bool waiting)>;

struct RealiseOptions {
  unsigned jobs = 0;               // derivations built at once; 0: as many as there are cores
  unsigned cores = 0;              // NIX_BUILD_CORES and size of the jobserver; 0: all
  unsigned downloads = 8;          // sources fetched at once
  bool keep_going = false;
  bool keep_failed = false;        // leave the build directory of a failed build and say where it is
  bool only_fetch = false;         // what is to be built is not: its sources are fetched
  bool check = false;              // rebuild the wanted derivations although valid, and compare bit for bit
  StorePathSet repair{};           // of `check`: outputs of these paths, made the same again, take the place of what is
                                   // there
  std::chrono::seconds max_silent{3600};   // kill a build that prints nothing for so long; 0: never
  std::chrono::seconds timeout{0};         // kill a build that runs for so long; 0: never
  BuildLimits limits{};
  FreeSpaceLimits free_space{};
  unsigned log_lines = 25;         // lines of the log in the error of a failed build
  const LogLines* error_lines = nullptr;   // what tells of a failure in logs; null: nothing is looked for
  OnBuilt on_built{};
  OnEnd on_end{};
  bool may_substitute = true;      // no: who asks is to vouch for having built it (of request: it knows the caches)
  Substituter* substituter = nullptr;      // who has what others made; null: nobody
  std::string build_at{};          // the Nix daemon at which all is built (realise/remote.hpp); "": here
  bool lowest_priority = false;    // of this process and all that it starts, from then on (realise/priority.hpp)
  AskPace ask_pace{};
};

struct RealiseResult {
  std::vector<BuildRecord> built{};
  std::uint64_t fetched = 0;               // sources that came from outside
  std::uint64_t already_valid = 0;         // derivations found valid on the way
  std::uint64_t substituted = 0;           // paths
};

// What would be done, without doing it.
struct RealisePlan {
  std::vector<StorePath> build{};          // derivations, inputs first
  std::vector<StorePath> fetch{};          // sources
  std::vector<StorePath> valid{};          // derivations reached whose outputs are valid (their inputs are not looked
                                           // at)
  std::vector<Offer> substitute{};         // paths that others made, what they refer to first
  std::vector<StorePath> substituted{};    // derivations whose outputs are among these (inputs: likewise)
};
// Keeps the outputs of what is wanted from collections for the life of this process. Comes before any look whether they
// are valid: what was valid then stays so.
Result<void> keep_wanted(Store& store, const Graph& graph, const std::vector<Wanted>& wanted);
// An output that can be had whole, with all that it refers to, is not built, and its inputs are not looked at; a source
// likewise is not fetched. With `check` what is wanted is built all the same.
Result<RealisePlan> plan_realise(Store& store, const Graph& graph, const std::vector<Wanted>& wanted,
                                 bool check = false, Substituter* substituter = nullptr);

// Errors: Errc::build_failed (the first error of the log, its last lines and the command to see the rest),
// Errc::environment (no namespaces, no space), Errc::interrupted with what had failed before. Nothing half-made becomes
// visible in any case.
Result<RealiseResult> realise(Store& store, const Graph& graph, const std::vector<Wanted>& wanted,
                              SourceFetcher& fetcher, const RealiseOptions& options, Reporter& reporter);

// The kept log of a derivation's last build, decompressed, piece by piece; of one that runs, what is written by now.
using LogSink = std::function<void(std::string_view bytes)>;
Result<void> stream_log(Store& store, const StorePath& drv, const LogSink& sink);
Result<std::string> read_log(Store& store, const StorePath& drv);
bool has_log(Store& store, const StorePath& drv);
// The derivations of such a name (`linux-6.1.176-arm64`) that have logs, whatever else differs; the latest first.
std::vector<StorePath> logged_derivations(Store& store, const std::function<bool(std::string_view name)>& is_meant);

}  // namespace swage
