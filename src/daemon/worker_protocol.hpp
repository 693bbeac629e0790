// What is said over the wire between a client and a Nix daemon, as far as swage says it. Pure: bytes in, values out.
// Source: NixOS/nix src/libstore/worker-protocol.{hh,cc}, worker-protocol-connection.cc, daemon.cc, remote-store.cc of
// 2.3.7, 2.8.0, 2.26.3 and 2.34.8.
//
//   hello      client: 0x6e697863, its version; daemon: 0x6478696f, its version. The lower of both is spoken.
//   then       from 1.38 on: a set of features each. Client: 0 (CPU affinity), 0 (space to reserve). Daemon: from 1.33
//              on the version of its Nix, from 1.35 on whether the client is trusted. Then messages.
//   request    the operation's number and its arguments; messages until LAST or ERROR; after LAST the answer.
//
//   Nix        2.3    2.8    2.26, 2.34
//   protocol   1.21   1.34   1.38
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/wire.hpp"
#include "store/store.hpp"

namespace swage {

struct WorkerVersion {
  unsigned major = 1, minor = 0;
  std::string str() const;   // "1.34"
  friend auto operator<=>(const WorkerVersion&, const WorkerVersion&) = default;
};
inline constexpr WorkerVersion kOldestWorker{1, 21};   // of Nix 2.3
inline constexpr WorkerVersion kNewestWorker{1, 38};
// From which version on there is what.
inline constexpr WorkerVersion kFramedUploads{1, 23}, kErrorsWithTraces{1, 26}, kSubstitutedQueries{1, 27},
    kOutputNamesInResults{1, 28}, kTimesInResults{1, 29}, kOutputsWithStar{1, 30}, kManyUploads{1, 32},
    kNixVersionSaid{1, 33}, kBuildsWithResults{1, 34}, kTrustSaid{1, 35}, kCpuTimesInResults{1, 37},
    kFeatureSets{1, 38};

enum class WorkerOp : std::uint64_t {
  build_paths = 9,
  add_temp_root = 11,
  set_options = 19,
  query_path_info = 26,
  query_valid_paths = 31,
  nar_from_path = 38,
  add_to_store_nar = 39,
  query_missing = 40,
  add_multiple_to_store = 44,
  build_paths_with_results = 46,
};

// --- Hello ---

WireWriter hello(WorkerVersion newest);
// The version that both speak. Errc::environment when the daemon is older than Nix 2.3.
Result<WorkerVersion> read_hello(WireReader& in);
// All that the client says after it; may be sent at once.
WireWriter after_hello(WorkerVersion version);

struct DaemonInfo {
  WorkerVersion protocol{};                    // that is spoken
  std::optional<std::string> nix_version{};    // from 1.33 on
  std::optional<bool> trusted{};               // from 1.35 on, where the daemon knows
};
Result<DaemonInfo> read_after_hello(WireReader& in, WorkerVersion version);   // up to the messages

// --- Messages ---

// Others have no names here.
enum class DaemonActivity : std::uint64_t { copy_path = 100, build = 105, substitute = 108 };
enum class DaemonResult : std::uint64_t { build_log_line = 101, set_phase = 104, progress = 105 };

using DaemonField = std::variant<std::uint64_t, std::string>;
struct DaemonText {                 // a line for the user
  std::string text{};
};
struct DaemonStart {
  std::uint64_t id = 0, level = 0, type = 0;
  std::string text{};
  std::vector<DaemonField> fields{};
  std::uint64_t parent = 0;
};
struct DaemonStop {
  std::uint64_t id = 0;
};
struct DaemonNews {                 // of an activity
  std::uint64_t id = 0, type = 0;
  std::vector<DaemonField> fields{};
};
struct DaemonWants {                // at most so many bytes of what is uploaded (up to 1.22)
  std::uint64_t size = 0;
};
struct DaemonRefusal {              // ends a request
  std::string message{};            // several lines, maybe with colours
  std::vector<std::string> traces{};
};
struct DaemonDone {};               // its answer follows
using DaemonMessage =
    std::variant<DaemonDone, DaemonRefusal, DaemonText, DaemonStart, DaemonStop, DaemonNews, DaemonWants>;
Result<DaemonMessage> read_message(WireReader& in, WorkerVersion version);

// The text of a field, where it is one.
const std::string* field_text(const std::vector<DaemonField>& fields, std::size_t at);

// --- Requests and answers ---

struct DaemonSettings {              // of all builds of this connection
  bool keep_failed = false, keep_going = false, use_substitutes = true;
  unsigned jobs = 1;                 // builds at once
  unsigned cores = 0;                // of each; 0: all
  std::uint64_t max_silent = 0, timeout = 0;   // seconds; 0: for ever
};
WireWriter set_options(const DaemonSettings& settings);

// What a PathInfo is on the wire, behind its path.
void write_path_info(WireWriter& out, const PathInfo& info);
Result<PathInfo> read_path_info(WireReader& in, StorePath path);

// The outputs of a derivation as something to build: all of them.
std::string all_outputs(const StorePath& drv, WorkerVersion version);

struct DaemonMissing {
  StorePathSet build{}, substitute{}, unknown{};
  std::uint64_t download_size = 0, nar_size = 0;   // bytes
};
Result<DaemonMissing> read_missing(WireReader& in);

struct DaemonBuild {
  std::string wanted{};              // as it was asked for
  std::uint64_t status = 0;          // 0 built, 1 substituted, 2 valid already, 13 resolved to what is valid
  std::string message{};             // of a failure
  std::uint64_t start = 0, stop = 0; // seconds since 1970; from 1.29 on
  bool ok() const { return status <= 2 || status == 13; }
};
const char* build_status(std::uint64_t status);   // "failed", "timed out", in words
Result<std::vector<DaemonBuild>> read_builds(WireReader& in, WorkerVersion version);

}  // namespace swage
