// A Nix daemon as a store to build in: what it has, what it lacks, putting it there, building, and getting results
// back. One connection, one request after another; questions of many paths go out together, so that a slow line is
// waited for once and not once for each.
//
// Errors of the line (Errc::environment), of a peer that does not speak the protocol (Errc::corrupt) and interrupts end
// the connection: every later call fails. What the daemon itself refuses (Errc::environment, Errc::build_failed for
// builds) does not.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/events.hpp"
#include "daemon/channel.hpp"
#include "daemon/worker_protocol.hpp"
#include "store/store.hpp"

namespace swage {

struct ConnectOptions {
  std::chrono::seconds patience{60};           // until the daemon has answered
  WorkerVersion newest = kNewestWorker;        // that is offered; for tests
};

struct UploadResult {
  std::uint64_t present = 0;                   // paths that it had, or got from its own caches
  std::uint64_t uploaded = 0;
  std::uint64_t nar_bytes = 0;                 // of what was uploaded
};
struct DownloadResult {
  std::uint64_t fetched = 0;                   // paths
  std::uint64_t nar_bytes = 0;
};

// A message of a build, or of any other request, while it is worked on. Called by the thread that made the request.
using OnDaemonMessage = std::function<void(const DaemonMessage&)>;

class DaemonStore {
 public:
  static Result<std::unique_ptr<DaemonStore>> connect(const DaemonAddress& address, const ConnectOptions& options = {});
  DaemonStore(const DaemonStore&) = delete;
  ~DaemonStore();

  const DaemonInfo& info() const { return info_; }
  const std::string& uri() const { return channel_->uri(); }
  // Who is told what the daemon says from now on; nobody, at first.
  void on_message(OnDaemonMessage listener) { listener_ = std::move(listener); }

  // How it is to build for this connection. Never sent: its own configuration holds.
  Result<void> set_options(const DaemonSettings& settings);
  // No collection there removes them while this connection lives; they need not be valid.
  Result<void> keep(const StorePathSet& paths);
  // Which of these it has. `its_caches`: after it has looked for the others in its own caches, and got them (of daemons
  // from Nix 2.4 on).
  enum class Substitutes { left_alone, its_caches };
  Result<StorePathSet> valid_paths(const StorePathSet& paths, Substitutes substitutes);
  // What building these derivations, which it has, would come to.
  Result<DaemonMissing> missing(const StorePathSet& derivations);
  // None of a path that it does not have.
  Result<std::vector<std::optional<PathInfo>>> query(const std::vector<StorePath>& paths);

  // The closure of these paths, as far as it lacks it: in one stream of all paths from Nix 2.4 on, path by path to
  // older ones. Paths that are not content-addressed and bear no signature that it trusts are refused, unless the
  // client is trusted there.
  Result<UploadResult> upload(Store& from, const StorePathSet& paths,
                              Substitutes substitutes = Substitutes::its_caches);

  // Builds all outputs of these derivations, whose closures it has. One result for each; of daemons before Nix 2.8 a
  // failure is the call's error. `cancel` is asked a few times a second; its error ends the builds and the connection.
  Result<std::vector<DaemonBuild>> build(const StorePathSet& derivations, const Checkpoint& cancel = check_interrupt);

  // These paths with all that they refer to, as far as `into` lacks it: verified by hash and size, registered at once,
  // with their signatures, and without the content addresses that the daemon says, which nothing has proved. The user
  // has chosen to believe this daemon: signatures are not asked for. Errc::hash_mismatch: other bytes than announced.
  Result<DownloadResult> fetch(Store& into, const StorePathSet& paths);

 private:
  explicit DaemonStore(std::unique_ptr<DaemonChannel> channel);
  Result<void> greet(const ConnectOptions& options);
  // Sends, and reads messages up to the answer; a refusal is an error of this code.
  Result<void> ask(const WireWriter& request, std::string_view doing, Errc refused = Errc::environment);
  Result<void> messages(std::string_view doing, Errc refused);
  Fail refusal(const DaemonRefusal& no, std::string_view doing, Errc code);
  // Whatever was no refusal leaves the stream nobody knows where: the connection is given up.
  template <class T>
  Result<T> or_give_up(Result<T> result) {
    if (!result && !refused_) given_up_ = true;
    return result;
  }
  Result<void> usable() const;
  // Requests of many things, some of which are always under way; `answer` reads the answer behind the messages.
  Result<void> pipeline(std::size_t count, const std::function<void(WireWriter&, std::size_t)>& request,
                        const std::function<Result<void>(std::size_t)>& answer, std::string_view doing);
  Result<void> upload_in_one_stream(Store& from, const std::vector<PathInfo>& infos);
  Result<void> upload_one(Store& from, const PathInfo& info);
  Result<void> send_frames(std::string_view doing, const std::function<Result<void>(const ByteSink&)>& produce);
  Result<void> answer_wants(Store& from, const PathInfo& info);
  Result<std::vector<PathInfo>> lacking(Store& into, const StorePathSet& paths);
  Result<void> unpack(const PathInfo& info, const fs::path& tree);

  std::unique_ptr<DaemonChannel> channel_;
  WireReader in_;
  DaemonInfo info_{};
  OnDaemonMessage listener_{};
  bool refused_ = false;                       // what failed last was refused by the daemon
  bool given_up_ = false;
};

// References before what refers to them.
std::vector<PathInfo> references_first(std::vector<PathInfo> infos);

}  // namespace swage
