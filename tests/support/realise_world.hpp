// A small world for tests of building: a store in a temporary directory with the host's static busybox in it, and
// derivations whose builder is that busybox running a script.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "realise/realise.hpp"

namespace swage::testing_support {

// Where test stores go: $TMPDIR, else memory if programs can be run from it. Disks make every registration wait for a sync.
fs::path fast_directory();

// Keeps every event as a line of text, in order.
class Journal final : public Reporter {
 public:
  void on(const Event& event) override;
  std::vector<std::string> lines() const;
  std::vector<std::string> starting_with(std::string_view prefix) const;

 private:
  mutable std::mutex mutex_{};
  std::map<std::uint64_t, std::string> names_{};
  std::vector<std::string> lines_{};
};

// Adds a source's text as a store object; Downloads are taken from `files`, by name, and take a moment.
class FakeFetcher final : public SourceFetcher {
 public:
  explicit FakeFetcher(Store& store) : store_(store) {}
  Result<void> fetch(const Source& source, std::uint64_t id) override;
  std::map<std::string, std::string> files{};
  std::vector<std::string> journal{};
  std::atomic<unsigned> peak{0};                     // most fetches at once

 private:
  Store& store_;
  std::atomic<unsigned> running_{0};
  std::mutex mutex_{};
};

struct Step {
  std::string name{};
  std::string script{};                              // `b CMD` runs a busybox applet; $out is the output
  std::vector<StorePath> needs{};                    // derivations; their first outputs are $in0, $in1...
  std::vector<std::string> outputs{"out"};
  std::map<std::string, std::string> env{};
  StorePathSet sources{};
  std::string hash_algo{}, hash{};                   // makes it fixed
};

struct World {
  explicit World(const fs::path& root);              // opens or creates
  World() : World(fs::path()) {}                     // in a new temporary directory

  StorePath add(const Step& step);                   // to the graph
  Result<RealiseResult> realise(const StorePath& drv) { return realise(std::vector<StorePath>{drv}); }
  Result<RealiseResult> realise(const std::vector<StorePath>& drvs);
  std::string error_of(const StorePath& drv);        // rendered; "" when it builds
  StorePath output(const StorePath& drv, const std::string& name = "out") const;
  fs::path real(const StorePath& drv, const std::string& name = "out") const { return store->real_path(output(drv, name)); }
  std::string content(const StorePath& drv, const std::string& name = "out") const { return read_file(real(drv, name)).value(); }

  std::optional<TempDir> temporary{};
  std::unique_ptr<Store> store{};
  StorePath busybox;
  Graph graph{};
  FakeFetcher fetcher;
  Journal journal{};
  RealiseOptions options{.jobs = 2, .cores = 2};
};

}  // namespace swage::testing_support
