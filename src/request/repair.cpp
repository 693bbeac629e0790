#include "request/repair.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <mutex>

#include "realise/realise.hpp"
#include "request/substituters.hpp"

namespace swage {

namespace {

// Nothing that is built again has sources that are not there.
struct NoSources final : SourceFetcher {
  Result<void> fetch(const Source& source, std::uint64_t) override {
    return fail(Errc::corrupt, fmt::format("'{}' is missing", source.path.str()));
  }
};

class Repair {
 public:
  Repair(Session& session, Store& store, StorePathSet damaged)
      : session_(session), store_(store), damaged_(std::move(damaged)) {}

  Result<void> by_caches() {
    SWAGE_TRY(CacheSubstituter* const caches, session_.substituter());
    if (!caches || damaged_.empty()) return {};
    SWAGE_TRY(const std::vector<Offer> offers, caches->offers(damaged_));
    SWAGE_CHECK(make_directories(store_.work_dir() / "staging"));
    for (const Offer& offer : offers) {
      SWAGE_TRY(const TempDir staging, TempDir::create("repair", store_.work_dir() / "staging"));
      const fs::path tree = staging.path() / offer.path.base();
      const std::uint64_t job = next_job_id();
      SWAGE_TRY(const std::optional<PathInfo> got, caches->get(offer, tree, job));
      if (!got) continue;
      if (Result<void> put = store_.replace_content(offer.path, tree); !put)
        result.failed.push_back(std::move(put).error());
      else done(offer.path, RepairedPath::From::cache);
    }
    return {};
  }

  // Round by round: what is damaged may be built of what is damaged.
  Result<void> by_building() {
    for (;;) {
      SWAGE_TRY(const StorePathSet now, buildable());
      if (now.empty()) return {};
      SWAGE_CHECK(build(now));
    }
  }

  const StorePathSet& damaged() const { return damaged_; }   // still

  RepairResult result{};

 private:
  void done(const StorePath& path, RepairedPath::From from) {
    damaged_.erase(path);
    result.repaired.push_back({from, path});
  }

  // What a derivation is built of is there and sound.
  Result<bool> is_whole(const Derivation& drv) {
    StorePathSet inputs = drv.input_srcs;
    for (const auto& [input, outputs] : drv.input_drvs) {
      SWAGE_TRY(const bool known, store_.is_valid(input));
      if (!known || damaged_.contains(input)) return false;
      SWAGE_TRY(const Derivation made_by, store_.read_derivation(input));
      for (const std::string& output : outputs) {
        const auto made = made_by.outputs.find(output);
        if (made == made_by.outputs.end()) return false;
        SWAGE_TRY(StorePath path, StorePath::parse(made->second.path));
        inputs.insert(std::move(path));
      }
    }
    SWAGE_TRY(const StorePathSet valid, store_.valid_paths(inputs));
    if (valid.size() != inputs.size()) return false;
    SWAGE_TRY(const StorePathSet closure, store_.closure(inputs));
    return std::none_of(closure.begin(), closure.end(),
                        [&](const StorePath& path) { return damaged_.contains(path); });
  }

  // Derivations that make damaged paths and were not tried yet.
  Result<StorePathSet> buildable() {
    StorePathSet found;
    for (const StorePath& path : damaged_) {
      SWAGE_TRY(const std::optional<PathInfo> info, store_.query(path));
      if (!info || !info->deriver || tried_.contains(*info->deriver) || damaged_.contains(*info->deriver)) continue;
      SWAGE_TRY(const bool known, store_.is_valid(*info->deriver));
      if (!known) continue;
      SWAGE_TRY(const Derivation drv, store_.read_derivation(*info->deriver));
      SWAGE_TRY(const bool whole, is_whole(drv));
      if (whole) found.insert(*info->deriver);
    }
    return found;
  }

  Result<void> add(Graph& graph, const StorePath& drv) {
    if (graph.find(drv)) return {};
    SWAGE_TRY(Derivation read, store_.read_derivation(drv));
    SWAGE_TRY(std::string text, read_file(store_.real_path(drv)));
    graph.index.emplace(drv, graph.derivations.size());
    graph.derivations.push_back({.drv = std::move(read), .path = drv, .text = std::move(text)});
    return {};
  }

  Result<void> build(const StorePathSet& drvs) {
    Graph graph;
    std::vector<Wanted> wanted;
    for (const StorePath& drv : drvs) {
      tried_.insert(drv);
      SWAGE_TRY(const Derivation read, store_.read_derivation(drv));
      for (const auto& [input, outputs] : read.input_drvs) SWAGE_CHECK(add(graph, input));
      SWAGE_CHECK(add(graph, drv));
      Wanted want{.drv = drv, .outputs = {}};
      for (const auto& [name, output] : read.outputs) want.outputs.push_back(name);
      wanted.push_back(std::move(want));
    }
    NoSources sources;
    RealiseOptions options{.keep_going = true, .check = true, .repair = damaged_, .may_substitute = false};
    options.on_built = [&](const StorePath& drv, Result<BuildRecord>& outcome, const FailedLog&) {
      const std::scoped_lock lock(mutex_);
      if (outcome) built_.insert(drv);
      else result.failed.push_back(outcome.error());
    };
    if (Result<RealiseResult> made = realise(store_, graph, wanted, sources, options, session_.reporter());
        !made && made.error().code == Errc::interrupted)
      return Fail(std::move(made).error());
    for (const Wanted& want : wanted) {
      if (!built_.contains(want.drv)) continue;
      for (const auto& [name, output] : graph.find(want.drv)->drv.outputs) {
        SWAGE_TRY(const StorePath path, StorePath::parse(output.path));
        if (damaged_.contains(path)) done(path, RepairedPath::From::build);
      }
    }
    return {};
  }

  Session& session_;
  Store& store_;
  StorePathSet damaged_;
  StorePathSet tried_{}, built_{};
  std::mutex mutex_{};
};

}  // namespace

Result<RepairResult> repair_store(Session& session, bool check_contents) {
  SWAGE_TRY(Store* const store, session.store(Store::Purpose::free_space));
  SWAGE_TRY(VerifyResult before, store->verify({.check_contents = check_contents}));
  StorePathSet damaged;
  for (const VerifyProblem& problem : before.problems) {
    if (problem.kind != VerifyProblem::Kind::missing && problem.kind != VerifyProblem::Kind::hash_mismatch) continue;
    SWAGE_TRY(StorePath path, StorePath::parse(problem.path));
    damaged.insert(std::move(path));
  }
  if (!damaged.empty()) SWAGE_CHECK(store->remove_damaged_links());
  Repair repair(session, *store, damaged);
  SWAGE_CHECK(repair.by_caches());
  SWAGE_CHECK(repair.by_building());
  SWAGE_TRY(const std::vector<StorePath> had, store->all_paths());
  SWAGE_TRY(VerifyResult after, store->verify({.check_contents = false, .repair = true, .damaged = repair.damaged()}));
  SWAGE_TRY(const StorePathSet left, store->valid_paths({had.begin(), had.end()}));
  RepairResult result = std::move(repair.result);
  for (const StorePath& path : had)
    if (!left.contains(path)) result.forgotten.insert(path);
  before.stuck = std::move(after.stuck);
  result.verified = std::move(before);
  return result;
}

}  // namespace swage
