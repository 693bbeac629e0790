#include "realise/substitution.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fmt/core.h>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

#include "base/interrupt.hpp"

namespace swage {

Result<void> Obtainable::ask(StorePathSet paths) {
  bool news = false;
  for (;;) {
    std::erase_if(paths, [&](const StorePath& path) { return !asked_.insert(path).second; });
    if (paths.empty()) break;
    SWAGE_TRY(const StorePathSet valid, store_.valid_paths(paths));
    valid_.insert(valid.begin(), valid.end());
    std::erase_if(paths, [&](const StorePath& path) { return valid.contains(path); });
    SWAGE_TRY(std::vector<Offer> offers, substituter_.offers(paths));
    paths.clear();
    for (Offer& offer : offers) {
      news = true;
      paths.insert(offer.references.begin(), offer.references.end());
      StorePath path = offer.path;
      offers_.emplace(std::move(path), std::move(offer));
    }
  }
  if (news) find_whole();
  return {};
}

// From what refers to nothing that is missing to its users. What refers to a hole is never reached, nor are circles.
void Obtainable::find_whole() {
  std::map<StorePath, std::size_t> missing;
  std::map<StorePath, std::vector<StorePath>> users;
  std::vector<StorePath> ready;
  for (const auto& [path, offer] : offers_) {
    for (const StorePath& reference : offer.references) {
      if (reference == path || valid_.contains(reference)) continue;
      ++missing[path];
      users[reference].push_back(path);
    }
    if (!missing.contains(path)) ready.push_back(path);
  }
  whole_.clear();
  for (std::size_t next = 0; next < ready.size(); ++next) {
    const StorePath path = ready[next];
    whole_.emplace(path, next);
    for (const StorePath& user : users[path])
      if (--missing[user] == 0) ready.push_back(user);
  }
}

std::vector<Offer> Obtainable::closure(const StorePathSet& paths) const {
  std::map<std::size_t, const Offer*> wanted;
  std::vector<StorePath> open(paths.begin(), paths.end());
  while (!open.empty()) {
    const auto place = whole_.find(open.back());
    open.pop_back();
    if (place == whole_.end()) continue;
    const Offer& offer = offers_.at(place->first);
    if (!wanted.emplace(place->second, &offer).second) continue;
    open.insert(open.end(), offer.references.begin(), offer.references.end());
  }
  std::vector<Offer> offers;
  for (const auto& [place, offer] : wanted) offers.push_back(*offer);
  return offers;
}

namespace {

using Moment = std::chrono::steady_clock::time_point;

constexpr auto kLookAgain = std::chrono::milliseconds(25);    // at what another process works on
constexpr auto kSeeInterrupt = std::chrono::milliseconds(100);
constexpr std::size_t kMostUnpacked = 64;   // that wait for what they refer to: each holds a lock

class Substitution {
 public:
  Substitution(Store& store, Substituter& substituter, const std::vector<Offer>& offers, Reporter& reporter)
      : store_(store), substituter_(substituter), reporter_(reporter) {
    std::map<StorePath, std::size_t> places;
    for (const Offer& offer : offers) {
      const std::size_t self = nodes_.size();
      Node node{.offer = &offer};
      for (const StorePath& reference : offer.references)
        if (const auto at = places.find(reference); at != places.end()) {
          node.references.push_back(at->second);
          nodes_[at->second].users.push_back(self);
        }
      places.emplace(offer.path, self);
      nodes_.push_back(std::move(node));
    }
  }

  Result<StorePathSet> run(unsigned downloads) {
    const fs::path parent = store_.work_dir() / "staging";
    SWAGE_CHECK(make_directories(parent));
    SWAGE_TRY(const TempDir staging, TempDir::create(std::to_string(::getpid()), parent));
    staging_ = staging.path();
    report();
    {
      std::vector<std::jthread> workers;
      for (std::size_t i = 0; i < std::min<std::size_t>(std::max(downloads, 1U), nodes_.size()); ++i)
        workers.emplace_back([this] { work(); });
    }
    for (Node& node : nodes_) node.locks = {};
    if (error_) return Fail(*std::move(error_));
    SWAGE_CHECK(check_interrupt());
    return std::move(done_);
  }

 private:
  enum class State { waiting, running, unpacked, valid, left };
  struct Node {
    const Offer* offer;
    std::vector<std::size_t> references{}, users{};
    State state = State::waiting;
    Moment not_before{};
    bool announced = false;                // that another process makes it
    std::optional<PathInfo> info{};
    Store::PathLocks locks{};
  };

  bool over() const { return ended_ == nodes_.size() || error_ || interrupted(); }

  void work() {
    std::unique_lock lock(mutex_);
    while (!over()) {
      const std::optional<std::size_t> next = choose();
      if (!next) {
        changed_.wait_for(lock, set_aside_ ? kLookAgain : kSeeInterrupt);
        continue;
      }
      Node& node = nodes_[*next];
      node.state = State::running;
      ++running_;
      report();
      lock.unlock();
      Result<State> state = get(node);
      lock.lock();
      --running_;
      if (state) enter(*next, *state);
      else if (!error_) error_ = std::move(state).error();
      register_unpacked(lock);
      report();
      changed_.notify_all();
    }
  }

  // The first that may begin: many may be unpacked before what they refer to is there, but not any number.
  std::optional<std::size_t> choose() {
    const Moment now = std::chrono::steady_clock::now();
    set_aside_ = false;
    for (std::size_t i = first_; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      if (node.state != State::waiting) {
        if (i == first_) ++first_;
        continue;
      }
      if (node.not_before > now) set_aside_ = true;
      else if (unpacked_ < kMostUnpacked || complete(node, {})) return i;
    }
    return std::nullopt;
  }

  // Whether all that it refers to is valid, or among `also`.
  bool complete(const Node& node, const std::set<std::size_t>& also) const {
    return std::all_of(node.references.begin(), node.references.end(), [&](std::size_t reference) {
      return nodes_[reference].state == State::valid || also.contains(reference);
    });
  }

  fs::path tree_of(const Node& node) const { return staging_ / node.offer->path.base(); }

  Result<State> get(Node& node) {
    const Offer& offer = *node.offer;
    SWAGE_TRY(std::optional<Store::PathLocks> locks, store_.try_lock_paths({offer.path}));
    if (!locks) {
      if (!std::exchange(node.announced, true))
        reporter_.on(Message{fmt::format("waiting for another process that makes '{}'", offer.path.name())});
      return State::waiting;
    }
    SWAGE_TRY(const bool valid, store_.is_valid(offer.path));
    if (valid) return State::valid;
    const std::uint64_t id = next_job_id();
    reporter_.on(JobStarted{id, "substitute", std::string(offer.path.name()), offer.path.str()});
    const auto start = std::chrono::steady_clock::now();
    Result<std::optional<PathInfo>> info = substituter_.get(offer, tree_of(node), id);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    reporter_.on(JobFinished{.id = id,
                             .ok = info && *info,
                             .seconds = took.count(),
                             .cancelled = !info && info.error().code == Errc::interrupted});
    if (!info) return Fail(std::move(info).error());
    if (!*info) return State::left;
    node.info = *std::move(info);
    node.locks = *std::move(locks);
    return State::unpacked;
  }

  void enter(std::size_t at, State state) {
    Node& node = nodes_[at];
    if (node.state == State::left) {   // meanwhile: what it refers to is not to be had
      node.locks = {};
      return;
    }
    node.state = state;
    switch (state) {
      case State::waiting:
        node.not_before = std::chrono::steady_clock::now() + kLookAgain;
        first_ = std::min(first_, at);
        break;
      case State::unpacked: ++unpacked_; break;
      case State::valid:
        ++ended_;
        done_.insert(node.offer->path);
        break;
      case State::left: leave(at); break;
      case State::running: break;
    }
  }

  // It, and all that refers to it. What of these is unpacked goes with the staging directory.
  void leave(std::size_t at) {
    std::vector<std::size_t> open{at};
    nodes_[at].state = State::running;
    while (!open.empty()) {
      Node& node = nodes_[open.back()];
      open.pop_back();
      if (node.state == State::left || node.state == State::valid) continue;
      if (node.state == State::unpacked) {
        --unpacked_;
        node.locks = {};
      }
      node.state = State::left;
      ++ended_;
      open.insert(open.end(), node.users.begin(), node.users.end());
    }
  }

  // All that can be, in one transaction and with one sync: by one thread at a time, while the others go on.
  void register_unpacked(std::unique_lock<std::mutex>& lock) {
    while (!registering_ && !error_) {
      std::set<std::size_t> batch;
      for (std::size_t i = 0; i < nodes_.size() && unpacked_ > batch.size(); ++i)
        if (nodes_[i].state == State::unpacked && complete(nodes_[i], batch)) batch.insert(i);
      if (batch.empty()) return;
      std::vector<Store::NewPath> paths;
      for (const std::size_t i : batch) paths.push_back({.info = *nodes_[i].info, .tree = tree_of(nodes_[i])});
      registering_ = true;
      lock.unlock();
      Result<void> registered = store_.register_outputs(std::move(paths));
      lock.lock();
      registering_ = false;
      if (!registered) {
        error_ = std::move(registered).error();
        return;
      }
      for (const std::size_t i : batch) {
        --unpacked_;
        nodes_[i].locks = {};
        enter(i, State::valid);
      }
    }
  }

  void report() { reporter_.on(Totals{.done = ended_, .running = running_, .total = nodes_.size()}); }

  Store& store_;
  Substituter& substituter_;
  Reporter& reporter_;
  fs::path staging_{};
  std::mutex mutex_{};                     // guards all below
  std::condition_variable changed_{};
  std::vector<Node> nodes_{};
  std::size_t first_ = 0;                  // none before it waits
  std::size_t ended_ = 0, running_ = 0, unpacked_ = 0;
  bool set_aside_ = false, registering_ = false;
  StorePathSet done_{};
  std::optional<Error> error_{};
};

}  // namespace

Result<StorePathSet> substitute(Store& store, Substituter& substituter, const std::vector<Offer>& offers,
                                unsigned downloads, Reporter& reporter) {
  return Substitution(store, substituter, offers, reporter).run(downloads);
}

}  // namespace swage
