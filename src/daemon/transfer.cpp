// Paths to a daemon and from it. What goes out is dumped by a thread of its own while this one reads what the daemon
// says of it: a daemon that waits until its messages are read would never read on.
#include <algorithm>
#include <atomic>
#include <fmt/core.h>
#include <thread>
#include <unistd.h>

#include "daemon/daemon_store.hpp"
#include "store/byte_pipe.hpp"

namespace swage {

namespace {

constexpr std::size_t kFrame = 256 * 1024;
constexpr const char* kTakesNot = "does not take what it lacks";

// Gathers small pieces into frames.
class FrameSink {
 public:
  explicit FrameSink(DaemonChannel& channel) : channel_(channel) {}

  Result<void> operator()(std::string_view bytes) {
    held_.append(bytes);
    return held_.size() < kFrame ? Result<void>() : flush();
  }
  Result<void> flush() {
    WireWriter out;
    out.frame(held_);
    held_.clear();
    return channel_.send(out.bytes());
  }
  Result<void> end() {
    held_.clear();
    WireWriter out;
    out.end_of_frames();
    return channel_.send(out.bytes());
  }

 private:
  DaemonChannel& channel_;
  std::string held_{};
};

}  // namespace

Result<UploadResult> DaemonStore::upload(Store& from, const StorePathSet& paths, Substitutes substitutes) {
  SWAGE_TRY(const StorePathSet closure, from.closure(paths));
  SWAGE_CHECK(keep(closure));
  SWAGE_TRY(const StorePathSet valid, valid_paths(closure, substitutes));
  UploadResult result{.present = valid.size()};
  std::vector<PathInfo> infos;
  for (const StorePath& path : closure) {
    if (valid.contains(path)) continue;
    SWAGE_TRY(std::optional<PathInfo> info, from.query(path));
    if (!info) return fail(Errc::corrupt, fmt::format("'{}' is not valid in this store", path.str()));
    info->ultimate = false;   // it was not built there
    result.nar_bytes += info->nar_size;
    ++result.uploaded;
    infos.push_back(std::move(*info));
  }
  infos = references_first(std::move(infos));
  if (infos.size() != result.uploaded)
    return fail(Errc::corrupt, "paths of this store refer to each other in a circle");
  if (infos.empty()) return result;
  if (info_.protocol >= kManyUploads) {
    SWAGE_CHECK(upload_in_one_stream(from, infos));
  } else {
    for (const PathInfo& info : infos)
      if (Result<void> done = upload_one(from, info); !done)
        return Fail(std::move(done).error().note(fmt::format("while uploading '{}'", info.path.str())));
  }
  return result;
}

Result<void> DaemonStore::send_frames(std::string_view doing,
                                      const std::function<Result<void>(const ByteSink&)>& produce) {
  FrameSink frames(*channel_);
  std::atomic<bool> enough = false;
  Result<void> produced;
  std::jthread sender([&] {
    produced = produce([&](std::string_view bytes) -> Result<void> {
      if (enough) return fail(Errc::environment, "the daemon wants no more");
      return frames(bytes);
    });
    // Also behind what is cut short: the daemon then says that it is, and the connection stays usable.
    Result<void> ended = produced ? frames.flush() : Result<void>();
    if (ended) ended = frames.end();
    if (produced && !ended) produced = ended;
  });
  Result<void> answered = messages(doing, Errc::environment);
  enough = true;
  if (!answered && !refused_) channel_->close();
  sender.join();
  // What this side could not read explains why the daemon got too little; not the other way round.
  const bool cut_short = !produced && produced.error().what != "the daemon wants no more";
  if (answered || !cut_short) return or_give_up(answered);
  if (refused_) return Fail(std::move(produced).error());
  return or_give_up(answered);
}

Result<void> DaemonStore::upload_in_one_stream(Store& from, const std::vector<PathInfo>& infos) {
  WireWriter request;
  request.number(static_cast<std::uint64_t>(WorkerOp::add_multiple_to_store));
  request.number(0).number(1);   // no repair; without signatures, which counts of trusted clients
  SWAGE_CHECK(usable());
  refused_ = false;
  SWAGE_CHECK(or_give_up(channel_->send(request.bytes())));
  return send_frames(kTakesNot, [&](const ByteSink& sink) -> Result<void> {
    WireWriter count;
    count.number(infos.size());
    SWAGE_CHECK(sink(count.bytes()));
    for (const PathInfo& info : infos) {
      WireWriter head;
      head.path(info.path);
      write_path_info(head, info);
      SWAGE_CHECK(sink(head.bytes()));
      SWAGE_CHECK(dump_nar(from.real_path(info.path), sink));
    }
    return {};
  });
}

Result<void> DaemonStore::upload_one(Store& from, const PathInfo& info) {
  WireWriter request;
  request.number(static_cast<std::uint64_t>(WorkerOp::add_to_store_nar)).path(info.path);
  write_path_info(request, info);
  request.number(0).number(1);   // as above
  SWAGE_CHECK(usable());
  refused_ = false;
  SWAGE_CHECK(or_give_up(channel_->send(request.bytes())));
  if (info_.protocol >= kFramedUploads)
    return send_frames(kTakesNot, [&](const ByteSink& sink) { return dump_nar(from.real_path(info.path), sink); });
  return answer_wants(from, info);
}

// Nix 2.3 asks for each piece.
Result<void> DaemonStore::answer_wants(Store& from, const PathInfo& info) {
  BytePipe pipe;
  Result<void> dumped;
  std::jthread dumper([&] {
    dumped = dump_nar(from.real_path(info.path), [&](std::string_view bytes) -> Result<void> {
      while (!bytes.empty()) {
        const std::span<char> space = pipe.acquire();
        if (space.empty()) return fail(Errc::environment, "the daemon wants no more");
        const std::size_t count = std::min(space.size(), bytes.size());
        std::copy_n(bytes.data(), count, space.data());
        pipe.push(count);
        bytes.remove_prefix(count);
      }
      return {};
    });
    pipe.close();
  });
  std::string_view left;
  bool taken = false;
  const auto answer = [&](std::uint64_t most) -> Result<void> {
    if (left.empty()) {
      if (taken) pipe.pop();
      left = pipe.front();
      taken = !left.empty();
    }
    WireWriter out;
    const std::string_view piece = left.substr(0, std::min<std::uint64_t>(most, left.size()));
    left.remove_prefix(piece.size());
    out.text(piece);   // of no bytes at the end, which the daemon does not ask for twice
    return channel_->send(out.bytes());
  };
  Result<void> done;
  for (bool over = false; done && !over;) {
    Result<DaemonMessage> message = read_message(in_, info_.protocol);
    if (!message) done = Fail(message.error());
    else if (const auto* wants = std::get_if<DaemonWants>(&*message)) done = answer(wants->size);
    else if (const auto* no = std::get_if<DaemonRefusal>(&*message)) done = refusal(*no, kTakesNot, Errc::environment);
    else if (std::holds_alternative<DaemonDone>(*message)) over = true;
    else if (listener_) listener_(*message);
  }
  pipe.cancel();
  dumper.join();
  if (refused_ && !dumped && dumped.error().what != "the daemon wants no more") return dumped;
  return or_give_up(done);
}

// What `into` lacks of the closure, references first.
Result<std::vector<PathInfo>> DaemonStore::lacking(Store& into, const StorePathSet& paths) {
  StorePathSet seen = paths;
  std::vector<StorePath> next(paths.begin(), paths.end());
  std::vector<PathInfo> all;
  while (!next.empty()) {
    SWAGE_TRY(const StorePathSet valid, into.valid_paths({next.begin(), next.end()}));
    std::erase_if(next, [&](const StorePath& path) { return valid.contains(path); });
    SWAGE_TRY(std::vector<std::optional<PathInfo>> infos, query(next));
    std::vector<StorePath> references;
    for (std::size_t i = 0; i < next.size(); ++i) {
      if (!infos[i])
        return fail(Errc::environment, fmt::format("'{}' does not have '{}'", channel_->uri(), next[i].str()));
      for (const StorePath& reference : infos[i]->references)
        if (seen.insert(reference).second) references.push_back(reference);
      all.push_back(*std::move(infos[i]));
    }
    next = std::move(references);
  }
  const std::size_t count = all.size();
  all = references_first(std::move(all));
  if (all.size() != count)
    return fail(Errc::corrupt, fmt::format("'{}' has paths that refer to each other in a circle", channel_->uri()));
  return all;
}

Result<void> DaemonStore::unpack(const PathInfo& info, const fs::path& tree) {
  Hasher hasher;
  std::uint64_t left = info.nar_size;
  bool line_failed = false;
  Result<void> restored = restore_nar([&](char* buffer, std::size_t size) -> Result<std::size_t> {
    if (left == 0) return 0;
    const Result<std::size_t> got = in_.some(buffer, std::min<std::uint64_t>(size, left), "a NAR");
    line_failed = !got;
    if (!got) return got;
    left -= *got;
    hasher.update({buffer, *got});
    return got;
  }, tree);
  if (!restored) {
    if (line_failed) return restored;
    return Fail(
        std::move(restored).error().note(fmt::format("'{}' sent it as '{}'", channel_->uri(), info.path.str())));
  }
  const Hash hash = hasher.finish();
  if (hash != info.nar_hash)
    return Fail(
        Error{.code = Errc::hash_mismatch,
              .what = fmt::format("'{}' sent other bytes of '{}' than it announced", channel_->uri(), info.path.str()),
              .notes = {"sha256 announced: " + info.nar_hash.hex(), "sha256 received:  " + hash.hex()}});
  return canonicalise(tree);
}

Result<DownloadResult> DaemonStore::fetch(Store& into, const StorePathSet& paths) {
  SWAGE_CHECK(keep(paths));
  SWAGE_TRY(std::vector<PathInfo> infos, lacking(into, paths));
  StorePathSet wanted;
  for (const PathInfo& info : infos) wanted.insert(info.path);
  SWAGE_CHECK(keep(wanted));
  SWAGE_CHECK(into.add_temp_roots(wanted));
  SWAGE_TRY(const Store::PathLocks locks, into.lock_paths(wanted));
  SWAGE_TRY(const StorePathSet meanwhile, into.valid_paths(wanted));
  std::erase_if(infos, [&](const PathInfo& info) { return meanwhile.contains(info.path); });

  const fs::path parent = into.work_dir() / "staging";
  SWAGE_CHECK(make_directories(parent));
  SWAGE_TRY(const TempDir staging, TempDir::create(std::to_string(::getpid()), parent));
  DownloadResult result;
  std::vector<Store::NewPath> trees;
  const auto request = [&](WireWriter& out, std::size_t i) {
    out.number(static_cast<std::uint64_t>(WorkerOp::nar_from_path)).path(infos[i].path);
  };
  const auto answer = [&](std::size_t i) -> Result<void> {
    const fs::path tree = staging.path() / infos[i].path.base();
    SWAGE_CHECK(unpack(infos[i], tree));
    PathInfo info = infos[i];
    info.ca.reset();
    info.ultimate = false;
    info.registration_time = 0;
    result.nar_bytes += info.nar_size;
    ++result.fetched;
    trees.push_back({.info = std::move(info), .tree = tree});
    return {};
  };
  SWAGE_CHECK(pipeline(infos.size(), request, answer, "does not give out what it has"));
  if (!trees.empty()) SWAGE_CHECK(into.register_outputs(std::move(trees)));
  return result;
}

}  // namespace swage
