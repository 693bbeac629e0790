#include "daemon/daemon_store.hpp"

#include <algorithm>
#include <deque>
#include <fmt/core.h>
#include <map>

#include "base/text.hpp"
#include "base/visible.hpp"

namespace swage {

namespace {

constexpr std::chrono::seconds kQueryPatience{900};   // its own caches may be slow
constexpr std::size_t kUnderWay = 192;                // requests whose answers have not come: 54 KB at most, which fit
                                                      // a pipe

WireWriter request_of(WorkerOp op) {
  WireWriter out;
  out.number(static_cast<std::uint64_t>(op));
  return out;
}

}  // namespace

DaemonStore::DaemonStore(std::unique_ptr<DaemonChannel> channel)
    : channel_(std::move(channel)),
      in_([this](char* buffer, std::size_t size) { return channel_->receive(buffer, size); }, channel_->uri()) {}

DaemonStore::~DaemonStore() = default;

Result<std::unique_ptr<DaemonStore>> DaemonStore::connect(const DaemonAddress& address, const ConnectOptions& options) {
  SWAGE_TRY(std::unique_ptr<DaemonChannel> channel, DaemonChannel::open(address));
  channel->wait_for(options.patience);
  std::unique_ptr<DaemonStore> store(new DaemonStore(std::move(channel)));
  if (Result<void> greeted = store->greet(options); !greeted)
    return Fail(std::move(greeted).error().note(fmt::format("while connecting to '{}'", store->uri())));
  store->channel_->wait_for(kQueryPatience);
  return store;
}

Result<void> DaemonStore::greet(const ConnectOptions& options) {
  SWAGE_CHECK(channel_->send(hello(options.newest).bytes()));
  SWAGE_TRY(const WorkerVersion daemons, read_hello(in_));
  const WorkerVersion version = std::min(daemons, options.newest);
  SWAGE_CHECK(channel_->send(after_hello(version).bytes()));
  SWAGE_TRY(info_, read_after_hello(in_, version));
  return messages("let nobody in", Errc::environment);
}

Result<void> DaemonStore::usable() const {
  if (given_up_) return fail(Errc::environment, fmt::format("the connection to '{}' was given up", channel_->uri()));
  return {};
}

Fail DaemonStore::refusal(const DaemonRefusal& no, std::string_view doing, Errc code) {
  refused_ = true;
  Error error{.code = code, .what = fmt::format("'{}' {}", channel_->uri(), doing)};
  error.notes.push_back("the daemon says: " + std::string(trim(visible(no.message))));
  for (const std::string& trace : no.traces) error.notes.emplace_back(trim(visible(trace)));
  if (no.message.find("lacks a valid signature") != std::string::npos ||   // until Nix 2.17
      no.message.find("lacks a signature by a trusted key") != std::string::npos)
    error.hint = "sign with a key that the daemon trusts, or let it trust this user (trusted-users in its nix.conf)";
  return Fail(std::move(error));
}

Result<void> DaemonStore::messages(std::string_view doing, Errc refused) {
  refused_ = false;
  for (;;) {
    SWAGE_TRY(const DaemonMessage message, read_message(in_, info_.protocol));
    if (std::holds_alternative<DaemonDone>(message)) return {};
    if (const auto* no = std::get_if<DaemonRefusal>(&message)) return refusal(*no, doing, refused);
    if (std::holds_alternative<DaemonWants>(message)) return in_.broken("bytes are wanted of a request that has none");
    if (listener_) listener_(message);
  }
}

Result<void> DaemonStore::ask(const WireWriter& request, std::string_view doing, Errc refused) {
  refused_ = false;
  SWAGE_CHECK(usable());
  SWAGE_CHECK(channel_->send(request.bytes()));
  return messages(doing, refused);
}

Result<void> DaemonStore::set_options(const DaemonSettings& settings) {
  return or_give_up(ask(swage::set_options(settings), "does not take settings"));
}

Result<void> DaemonStore::pipeline(std::size_t count, const std::function<void(WireWriter&, std::size_t)>& request,
                                   const std::function<Result<void>(std::size_t)>& answer, std::string_view doing) {
  SWAGE_CHECK(usable());
  std::size_t asked = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // Again when half of what was under way is answered, so that requests go out in numbers too.
    if (asked < count && asked - i <= kUnderWay / 2) {
      WireWriter out;
      for (; asked < count && asked - i < kUnderWay; ++asked) request(out, asked);
      if (const Result<void> sent = channel_->send(out.bytes()); !sent) {
        refused_ = false;
        return or_give_up(sent);
      }
    }
    Result<void> done = messages(doing, Errc::environment);
    // Answers that are still to come would be taken for those of the next request.
    if (!done) refused_ = refused_ && asked == i + 1;
    else done = answer(i);
    if (!done) return or_give_up(done);
  }
  return {};
}

Result<void> DaemonStore::keep(const StorePathSet& paths) {
  const std::vector<StorePath> all(paths.begin(), paths.end());
  const auto request = [&](WireWriter& out, std::size_t i) {
    out.number(static_cast<std::uint64_t>(WorkerOp::add_temp_root)).path(all[i]);
  };
  const auto answer = [&](std::size_t) { return in_.number("the answer").map([](std::uint64_t) {}); };
  return pipeline(all.size(), request, answer, "does not keep paths");
}

Result<StorePathSet> DaemonStore::valid_paths(const StorePathSet& paths, Substitutes substitutes) {
  WireWriter request = request_of(WorkerOp::query_valid_paths);
  request.paths(paths);
  if (info_.protocol >= kSubstitutedQueries) request.number(substitutes == Substitutes::its_caches);
  SWAGE_CHECK(or_give_up(ask(request, "does not say which paths it has")));
  return or_give_up(in_.paths("a valid path"));
}

Result<DaemonMissing> DaemonStore::missing(const StorePathSet& derivations) {
  WireWriter request = request_of(WorkerOp::query_missing);
  request.number(derivations.size());
  for (const StorePath& drv : derivations) request.text(all_outputs(drv, info_.protocol));
  SWAGE_CHECK(or_give_up(ask(request, "does not say what is missing")));
  return or_give_up(read_missing(in_));
}

Result<std::vector<std::optional<PathInfo>>> DaemonStore::query(const std::vector<StorePath>& paths) {
  std::vector<std::optional<PathInfo>> infos(paths.size());
  const auto request = [&](WireWriter& out, std::size_t i) {
    out.number(static_cast<std::uint64_t>(WorkerOp::query_path_info)).path(paths[i]);
  };
  const auto answer = [&](std::size_t i) -> Result<void> {
    SWAGE_TRY(const bool valid, in_.boolean("whether a path is valid"));
    if (valid) { SWAGE_TRY(infos[i], read_path_info(in_, paths[i])); }
    return {};
  };
  SWAGE_CHECK(pipeline(paths.size(), request, answer, "does not say what it knows of paths"));
  return infos;
}

Result<std::vector<DaemonBuild>> DaemonStore::build(const StorePathSet& derivations, const Checkpoint& cancel) {
  const bool results = info_.protocol >= kBuildsWithResults;
  WireWriter request = request_of(results ? WorkerOp::build_paths_with_results : WorkerOp::build_paths);
  request.number(derivations.size());
  for (const StorePath& drv : derivations) request.text(all_outputs(drv, info_.protocol));
  request.number(0);   // as usual, neither repair nor check
  channel_->wait_for(std::chrono::seconds(0), cancel);
  const Result<void> built = or_give_up(ask(request, "could not build", Errc::build_failed));
  channel_->wait_for(kQueryPatience);
  SWAGE_CHECK(built);
  if (results) {
    SWAGE_TRY(std::vector<DaemonBuild> builds, or_give_up(read_builds(in_, info_.protocol)));
    if (builds.size() == derivations.size()) return builds;
    return in_.broken(fmt::format("it tells of {} builds, and {} were asked for", builds.size(), derivations.size()));
  }
  SWAGE_CHECK(or_give_up(in_.number("the answer")));
  std::vector<DaemonBuild> all;
  for (const StorePath& drv : derivations) all.push_back({.wanted = all_outputs(drv, info_.protocol)});
  return all;
}

std::vector<PathInfo> references_first(std::vector<PathInfo> infos) {
  std::map<StorePath, std::size_t> places;
  for (std::size_t i = 0; i < infos.size(); ++i) places.emplace(infos[i].path, i);
  std::vector<std::vector<std::size_t>> users(infos.size());
  std::vector<std::size_t> open(infos.size());
  for (std::size_t i = 0; i < infos.size(); ++i)
    for (const StorePath& reference : infos[i].references)
      if (const auto at = places.find(reference); at != places.end() && at->second != i) {
        users[at->second].push_back(i);
        ++open[i];
      }
  std::deque<std::size_t> ready;
  for (std::size_t i = 0; i < infos.size(); ++i)
    if (open[i] == 0) ready.push_back(i);
  std::vector<PathInfo> sorted;
  for (; !ready.empty(); ready.pop_front()) {
    const std::size_t i = ready.front();
    for (const std::size_t user : users[i])
      if (--open[user] == 0) ready.push_back(user);
    sorted.push_back(std::move(infos[i]));
  }
  return sorted;   // shorter than what was given, where there is a cycle
}

}  // namespace swage
