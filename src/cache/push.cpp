#include "cache/push.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <fmt/core.h>
#include <map>
#include <mutex>
#include <thread>

#include "base/interrupt.hpp"
#include "cache/cache_contents.hpp"
#include "cache/narinfo.hpp"
#include "cache/pushed_derivations.hpp"
#include "store/base32.hpp"

namespace swage {

namespace {

constexpr std::string_view kNarType = "application/x-nix-nar";
constexpr std::string_view kNarInfoType = "text/x-nix-narinfo";
constexpr std::string_view kCacheInfoType = "text/x-nix-cache-info";
constexpr std::uint64_t kWorthThreads = 16'000'000;   // bytes of a NAR

class Push {
 public:
  Push(Store& store, CachePlace& place, const PushOptions& options, Reporter& reporter)
      : store_(store), place_(place), options_(options), reporter_(reporter) {}

  Result<PushResult> run(const StorePathSet& paths) {
    SWAGE_TRY(const CachePlace::Held lock, place_.lock(CachePlace::Use::add, [this] {
      reporter_.on(Message{fmt::format("waiting for a collection of '{}'", place_.shown())});
    }));
    SWAGE_CHECK(describe_cache());
    // What is pushed is not collected meanwhile.
    SWAGE_CHECK(store_.add_temp_roots(paths));
    SWAGE_TRY(const StorePathSet closure, store_.closure(paths));
    SWAGE_CHECK(store_.add_temp_roots(closure));
    for (const StorePath& path : closure) {
      SWAGE_TRY(std::optional<PathInfo> info, store_.query(path));
      if (!info) return fail(Errc::corrupt, fmt::format("'{}' is not valid in this store", path.str()));
      nodes_.emplace(path, Node{.narinfo = {.info = std::move(*info)}});
    }
    SWAGE_CHECK(ask_places());
    order();
    work();
    const Result<void> indexed = add_to_cache_index(place_, written_);   // also of what others ended early
    if (!errors_.empty()) return Fail(together(std::move(errors_)));
    SWAGE_CHECK(indexed);
    SWAGE_CHECK(check_interrupt());
    SWAGE_TRY(result_.derivations, push_derivations(store_, derivers(), options_.made_of, place_));
    // A collection may be told to keep what is new.
    for (const StorePath& path : paths)
      if (present_.contains(path)) SWAGE_CHECK(place_.renew(narinfo_name(path)));
    return result_;
  }

 private:
  enum class Where { pushed, here, upstream };
  struct Node {
    NarInfo narinfo;                    // with the hash of its file once that is there
    std::vector<StorePath> users{};     // that refer to it
    std::size_t missing = 0;            // references that are not published
    bool ready = false;                 // its NAR is there
  };

  StorePathSet derivers() const {
    StorePathSet all;
    for (const auto& [path, node] : nodes_)
      if (node.narinfo.info.deriver && !upstream_.contains(path)) all.insert(*node.narinfo.info.deriver);
    return all;
  }

  Result<void> describe_cache() {
    SWAGE_TRY(const std::optional<std::string> text, place_.read("nix-cache-info", kLargestNarInfo));
    if (text) return parse_cache_info(*text, "nix-cache-info").map([](const CacheInfo&) {});
    return place_.write_text("nix-cache-info", format_cache_info({}), kCacheInfoType);
  }

  // Which of the paths a place has, asked for all at once.
  Result<StorePathSet> held_by(CachePlace& place) {
    std::vector<std::string> names;
    for (const auto& [path, node] : nodes_) names.push_back(narinfo_name(path));
    const std::vector<CachePlace::Answer> answers = place.read_all(names, kLargestNarInfo);
    StorePathSet held;
    std::size_t at = 0;
    for (const auto& [path, node] : nodes_) {
      const CachePlace::Answer& answer = answers[at++];
      if (!answer && answer.error().code != Errc::corrupt) return Fail(answer.error());
      if (!answer || !*answer) continue;
      const Result<NarInfo> narinfo = parse_narinfo(**answer, narinfo_name(path));
      if (narinfo && narinfo->info.path == path) held.insert(path);
    }
    return held;
  }

  Result<void> ask_places() {
    if (place_.is_remote() && !options_.again) { SWAGE_TRY(here_, held_by(place_)); }
    for (CachePlace* upstream : options_.upstreams) {
      Result<StorePathSet> held = held_by(*upstream);
      if (held) upstream_.merge(*held);
      else if (held.error().code == Errc::interrupted) return Fail(std::move(held).error());
      else
        reporter_.on(Message{fmt::format("warning: '{}' is taken to have nothing: {}", upstream->shown(),
                                         held.error().what)});
    }
    return {};
  }

  void order() {
    for (auto& [path, node] : nodes_)
      for (const StorePath& reference : node.narinfo.info.references)
        if (reference != path) {
          nodes_.at(reference).users.push_back(path);
          ++node.missing;
        }
    for (const auto& [path, node] : nodes_) todo_.push_back(path);
    // The largest first: the end is then not one thread's.
    std::stable_sort(todo_.begin(), todo_.end(), [&](const StorePath& a, const StorePath& b) {
      return nodes_.at(a).narinfo.info.nar_size > nodes_.at(b).narinfo.info.nar_size;
    });
  }

  void work() {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const unsigned jobs = options_.jobs ? options_.jobs : cores;
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::min<std::size_t>(jobs, todo_.size()); ++i)
      workers.emplace_back([this] {
        for (std::size_t at = next_++; at < todo_.size() && !stopped(); at = next_++) one(todo_[at]);
      });
  }

  bool stopped() {
    const std::lock_guard lock(mutex_);
    return !errors_.empty() || interrupted();
  }

  void one(const StorePath& path) {
    const Result<void> done = publish(path);
    if (done) return;
    const std::lock_guard lock(mutex_);
    errors_.push_back(done.error());
  }

  Result<void> publish(const StorePath& path) {
    Node& node = nodes_.at(path);
    if (!options_.again) {
      SWAGE_TRY(const bool present,
                place_.is_remote() ? Result<bool>(here_.contains(path)) : place_.has(narinfo_name(path)));
      if (present) return published(path, Where::here);
    }
    if (upstream_.contains(path)) return published(path, Where::upstream);
    const std::uint64_t id = next_job_id();
    const auto start = std::chrono::steady_clock::now();
    reporter_.on(JobStarted{.id = id, .kind = "push", .name = std::string(path.name()), .subject = path.str()});
    const Result<void> done = upload(node, id);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    reporter_.on(JobFinished{.id = id, .ok = done.has_value(), .seconds = took.count()});
    SWAGE_CHECK(done);
    return published(path, Where::pushed);
  }

  // The NAR, compressed into a file whose hash is its name.
  Result<void> upload(Node& node, std::uint64_t id) {
    PathInfo& info = node.narinfo.info;
    SWAGE_TRY(const TempDir staging, TempDir::create("nar", place_.staging()));
    const fs::path file = staging.path() / "nar";
    SWAGE_TRY(const UniqueFd fd, open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0644));
    Hasher packed, plain;
    std::uint64_t packed_size = 0, plain_size = 0;
    const auto produce = [&](const ByteSink& sink) {
      return dump_nar(store_.real_path(info.path), [&](std::string_view bytes) -> Result<void> {
        plain.update(bytes);
        plain_size += bytes.size();
        reporter_.on(JobProgress{.id = id, .done = plain_size, .total = info.nar_size});
        return sink(bytes);
      });
    };
    // While a large one is compressed there may be no other left to do. The bytes are the same for any number above
    // one.
    const unsigned threads = info.nar_size < kWorthThreads ? 1 : std::max(2U, std::thread::hardware_concurrency());
    SWAGE_CHECK(
        compress(options_.compression, options_.level, threads, produce, [&](std::string_view bytes) -> Result<void> {
          packed.update(bytes);
          packed_size += bytes.size();
          return write_all(fd.get(), bytes, file.string());
        }));
    if (plain_size != info.nar_size || plain.finish() != info.nar_hash)
      return Fail(Error{.code = Errc::hash_mismatch,
                        .what = fmt::format("'{}' is not what this store registered", info.path.str())}
                      .hinted("swage store verify"));
    const Hash hash = packed.finish();
    node.narinfo.url = fmt::format("nar/{}.nar{}", hash_base32(hash), compression_suffix(options_.compression));
    node.narinfo.compression = options_.compression;
    node.narinfo.file_hash = hash;
    node.narinfo.file_size = packed_size;
    if (options_.key) sign(info);
    SWAGE_CHECK(place_.write(node.narinfo.url, file, kNarType));
    const std::lock_guard lock(mutex_);
    result_.nar_bytes += plain_size;
    result_.file_bytes += packed_size;
    return {};
  }

  // A signature of this key that is there already is the same.
  void sign(PathInfo& info) const {
    std::string signature = options_.key->sign(fingerprint(info));
    if (std::find(info.signatures.begin(), info.signatures.end(), signature) == info.signatures.end())
      info.signatures.push_back(std::move(signature));
  }

  // The narinfos that nothing is missing of any more: this path's, and of what waited for it.
  Result<void> published(const StorePath& path, Where where) {
    const std::lock_guard lock(mutex_);
    ++(where == Where::pushed ? result_.pushed : where == Where::here ? result_.present : result_.upstream);
    nodes_.at(path).ready = true;
    if (where == Where::here) {
      present_.insert(path);
      written_.insert(path);
    }
    std::vector<StorePath> complete{path};
    while (!complete.empty()) {
      const StorePath at = complete.back();
      complete.pop_back();
      Node& node = nodes_.at(at);
      if (!node.ready || node.missing > 0) continue;
      if (node.narinfo.file_hash) {
        SWAGE_CHECK(place_.write_text(narinfo_name(at), format_narinfo(node.narinfo), kNarInfoType));
        written_.insert(at);
      }
      for (const StorePath& user : node.users)
        if (--nodes_.at(user).missing == 0) complete.push_back(user);
    }
    return {};
  }

  Store& store_;
  CachePlace& place_;
  const PushOptions& options_;
  Reporter& reporter_;
  std::map<StorePath, Node> nodes_{};
  StorePathSet here_{}, upstream_{};     // that a remote place has, that an upstream has
  std::vector<StorePath> todo_{};
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_{};                   // guards all below, and Node::ready and ::missing
  StorePathSet present_{}, written_{};   // that were there, with narinfo; that are
  PushResult result_{};
  std::vector<Error> errors_{};
};

}  // namespace

Result<PushResult> push_paths(Store& store, const StorePathSet& paths, CachePlace& place, const PushOptions& options,
                              Reporter& reporter) {
  return Push(store, place, options, reporter).run(paths);
}

}  // namespace swage
