// Runs a RealisePlan: fetches and builds as nodes of one graph, each started when what it needs is there, the one with
// the longest expected path behind it first. A thread per running build and per running fetch.
//
// A derivation that another process is building is set aside and looked at again a little later: it takes no build
// slot, and since no lock is ever waited for while another is held, processes cannot block each other for good.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "realise/build_one.hpp"
#include "realise/derivation_writer.hpp"
#include "realise/durations.hpp"

namespace swage {

class Scheduler {
 public:
  Scheduler(Store& store, const Graph& graph, SourceFetcher& fetcher, const RealiseOptions& options, Reporter& reporter,
            DerivationWriter& writer, Durations& durations, Jobserver& jobserver, StopSignal& stop,
            FreeSpace& free_space);

  // `check`: derivations of the plan that are built a second time and compared.
  Result<void> run(const RealisePlan& plan, const StorePathSet& check, RealiseResult& result);

 private:
  using Clock = std::chrono::steady_clock;
  struct Node {
    const FinishedDerivation* drv = nullptr;   // a build, or
    const Source* source = nullptr;            // a fetch
    OutputsAre outputs_are = OutputsAre::registered;
    std::vector<std::size_t> users{};
    std::size_t missing = 0;                   // inputs not there yet
    double path_seconds = 0;                   // expected, from its start to the end of all that needs it
    bool announced = false;                    // that another process is building it
    bool skipped = false;
    std::optional<BuildEnd> end{};             // none: not begun, or stopped
    std::string because{};                     // what failed, when it is skipped
  };
  enum class Outcome { done, locked_elsewhere };

  Result<void> make_nodes(const RealisePlan& plan, const StorePathSet& check);
  void expect_durations();
  void work(bool builds);
  std::optional<std::size_t> next(bool builds);
  void enqueue(std::size_t node);
  void complete(std::size_t node, Result<Outcome> outcome);
  void skip_users(std::size_t failed);
  void report_totals();
  bool over() const;
  void keep_pace(const std::stop_token& ended);
  Result<Outcome> run_node(Node& node);
  Result<Outcome> fetch(const Node& node);
  Result<Outcome> build(Node& node);
  void tell_ends() const;
  Result<void> verdict();

  Store& store_;
  const Graph& graph_;
  SourceFetcher& fetcher_;
  const RealiseOptions& options_;
  Reporter& reporter_;
  DerivationWriter& writer_;
  Durations& durations_;
  StopSignal& stop_;
  FreeSpace& free_space_;
  BuildDirRemover remover_{};
  BuildContext context_;

  std::mutex mutex_{};                         // guards everything below
  std::condition_variable changed_{};
  std::vector<Node> nodes_{};
  std::set<std::pair<double, std::size_t>> ready_builds_{}, ready_fetches_{};   // by -path_seconds, then graph order
  std::vector<std::pair<Clock::time_point, std::size_t>> set_aside_{};
  std::size_t finished_ = 0, running_ = 0, skipped_ = 0;
  bool cut_short_ = false;                     // a build was stopped
  Pace pace_ = Pace::go;
  std::vector<Error> errors_{};
  RealiseResult* result_ = nullptr;
};

}  // namespace swage
