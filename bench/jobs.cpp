// What a trivial build costs: N derivations that only make a file, realised in a fresh store. Prints milliseconds per job
// and the .drv paths' file, so that bench/jobs_vs_nix.sh can give the same graph to Nix.
//   jobs DIRECTORY COUNT JOBS
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <iostream>

#include "base/events.hpp"
#include "realise/realise.hpp"

namespace {

using namespace swage;

struct NoSources final : SourceFetcher {
  Result<void> fetch(const Source& source, std::uint64_t) override { return fail(Errc::environment, source.path.str()); }
};

Result<StorePath> add_busybox(Store& store, const fs::path& scratch) {
  SWAGE_CHECK(make_directories(scratch / "bin"));
  fs::copy_file("/bin/busybox", scratch / "bin/busybox", fs::copy_options::overwrite_existing);
  return store.add_tree("busybox", scratch);
}

// Rows of ten, each derivation needing one of the row before.
Result<Graph> make_graph(const StorePath& busybox, unsigned count) {
  Graph graph;
  for (unsigned i = 0; i < count; ++i) {
    Derivation drv{.name = fmt::format("job-{}", i), .input_srcs = {busybox}, .system = "x86_64-linux", .builder = busybox.str() + "/bin/busybox"};
    drv.args = {"sh", "-c", "echo $name > $out"};
    drv.env = {{"name", drv.name}};
    drv.outputs["out"] = {};
    if (i >= 10) drv.input_drvs[graph.derivations[i - 10].path].insert("out");
    SWAGE_TRY(FinishedDerivation finished, finish_derivation(std::move(drv), graph.modulo));
    graph.index.emplace(finished.path, graph.derivations.size());
    graph.derivations.push_back(std::move(finished));
  }
  return graph;
}

Result<void> measure(const fs::path& directory, unsigned count, unsigned jobs) {
  using Clock = std::chrono::steady_clock;
  SWAGE_TRY(const std::unique_ptr<Store> store, Store::open(directory / "home"));
  SWAGE_TRY(const StorePath busybox, add_busybox(*store, directory / "scratch"));
  SWAGE_TRY(const Graph graph, make_graph(busybox, count));
  std::vector<Wanted> wanted;
  for (const FinishedDerivation& drv : graph.derivations) wanted.push_back({.drv = drv.path});
  NoSources fetcher;
  NullReporter reporter;
  const auto seconds = [](Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); };
  auto start = Clock::now();
  SWAGE_TRY(const RealiseResult result, realise(*store, graph, wanted, fetcher, {.jobs = jobs}, reporter));
  const double cold = seconds(start);
  start = Clock::now();
  SWAGE_CHECK(realise(*store, graph, wanted, fetcher, {.jobs = jobs}, reporter));
  fmt::print("swage: {} builds, {} at once: {:.3f} s, {:.2f} ms a build; again, all valid: {:.1f} ms\n", result.built.size(), jobs, cold,
             1000 * cold / count, 1000 * seconds(start));
  std::string paths;
  for (const FinishedDerivation& drv : graph.derivations) paths += drv.path.str() + "\n";
  return write_file_atomically(directory / "drvs", paths);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: jobs DIRECTORY COUNT JOBS\n";
    return 2;
  }
  const Result<void> done = measure(argv[1], static_cast<unsigned>(std::atoi(argv[2])), static_cast<unsigned>(std::atoi(argv[3])));
  if (!done) std::cerr << render(done.error());
  return done ? 0 : 1;
}
