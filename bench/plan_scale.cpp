// Whether planning stays linear: graphs of growing size, each made by finish_derivation as the planner makes them, then
// walked from its last derivation. Prints for every size the wall and processor time, the peak memory that the graph added, and
// both per derivation; then the cost of a derivation in the largest graph against the smallest one.
//   plan_scale [COUNT...]      (default: 10000 30000 100000; with BENCH_QUICK=1 500 1000)
//
// The shape is that of a package set: every derivation has three earlier ones (the one before, and two further back, so the
// graph is deep as well as wide), four sources that many share, and about 2 KB of text.
// Each size runs in a process of its own: a process's peak memory never shrinks.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <iostream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan/graph.hpp"
#include "result.hpp"

namespace {

using namespace swage;

constexpr unsigned kSources = 500;
// What a derivation may cost more in the largest graph, which fits no cache and makes deeper maps; a quadratic step would show as
// the growth of the graph, 10.
constexpr double kLinear = 2.0;

struct Cost {
  double wall = 0;             // seconds
  double cpu = 0;              // seconds
  std::uint64_t text = 0;      // bytes of all .drv files
  std::uint64_t reached = 0;   // derivations that the walk found
  std::uint64_t peak = 0;      // bytes
};

double seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

Result<std::vector<Source>> make_sources() {
  std::vector<Source> sources;
  for (unsigned i = 0; i < kSources; ++i) {
    const std::string content = fmt::format("source {}\n", i);
    SWAGE_TRY(StorePath path, make_text_path(fmt::format("source-{}.sh", i), sha256(content), {}));
    sources.push_back({.path = std::move(path), .how = Source::Text{content}});
  }
  return sources;
}

Result<Graph> make_graph(std::size_t count) {
  Graph graph;
  SWAGE_TRY(const std::vector<Source> sources, make_sources());
  for (std::size_t i = 0; i < count; ++i) {
    Derivation drv{.name = fmt::format("package-{}-1.0", i), .outputs = {{"out", {}}}, .system = "x86_64-linux"};
    for (const std::size_t back : {std::size_t{1}, std::size_t{7}, i / 2})
      if (back != 0 && back <= i) drv.input_drvs[graph.derivations[i - back].path].insert("out");
    for (std::size_t k = 0; k < 4; ++k) {
      const Source& source = sources[(i * (2 * k + 1) + k) % kSources];
      drv.input_srcs.insert(source.path);
      graph.sources.emplace(source.path, source);
    }
    drv.builder = drv.input_srcs.begin()->str();
    drv.args = {"sh", drv.builder, drv.input_srcs.rbegin()->str()};
    drv.env = {{"name", drv.name}, {"builder", drv.builder}, {"system", drv.system}};
    for (int variable = 0; variable < 12; ++variable) drv.env[fmt::format("variable_{}", variable)] = std::string(75, 'x');
    std::string dependencies;
    for (const auto& [path, outputs] : drv.input_drvs) dependencies += path.str() + " ";
    drv.env["deps_host"] = std::move(dependencies);
    SWAGE_TRY(FinishedDerivation finished, finish_derivation(std::move(drv), graph.modulo));
    graph.index.emplace(finished.path, graph.derivations.size());
    graph.derivations.push_back(std::move(finished));
  }
  return graph;
}

std::uint64_t count_reached(const Graph& graph) {
  std::vector<bool> seen(graph.derivations.size());
  std::vector<std::size_t> open{graph.derivations.size() - 1};
  seen[open.back()] = true;
  std::uint64_t reached = 0;
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    ++reached;
    for (const auto& [path, outputs] : graph.derivations[at].drv.input_drvs) {
      const std::size_t input = graph.index.at(path);
      if (!seen[input]) open.push_back(input);
      seen[input] = true;
    }
  }
  return reached;
}

Result<Cost> measure(std::size_t count) {
  const auto start = std::chrono::steady_clock::now();
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  SWAGE_TRY(const Graph graph, make_graph(count));
  Cost cost{.reached = count_reached(graph)};
  cost.wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ::getrusage(RUSAGE_SELF, &after);
  cost.cpu = seconds(after.ru_utime) + seconds(after.ru_stime) - seconds(before.ru_utime) - seconds(before.ru_stime);
  cost.peak = static_cast<std::uint64_t>(after.ru_maxrss - before.ru_maxrss) * 1024;
  for (const FinishedDerivation& derivation : graph.derivations) cost.text += derivation.text.size();
  return cost;
}

// Runs measure() in a child, which sends its Cost through a pipe.
Result<Cost> measure_apart(std::size_t count) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("a pipe cannot be made", errno);
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("a process cannot be started", errno);
  if (child == 0) {
    const Result<Cost> cost = measure(count);
    if (!cost) std::cerr << render(cost.error());
    const bool sent = cost && ::write(ends[1], &*cost, sizeof *cost) == static_cast<ssize_t>(sizeof *cost);
    ::_exit(sent ? 0 : 1);
  }
  ::close(ends[1]);
  Cost cost;
  const bool received = ::read(ends[0], &cost, sizeof cost) == static_cast<ssize_t>(sizeof cost);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (!received) return fail(Errc::build_failed, fmt::format("the graph of {} derivations was not made", count));
  return cost;
}

Result<bool> run(const std::vector<std::size_t>& counts) {
  std::vector<Cost> costs;
  fmt::print("{:>11} {:>9} {:>9} {:>10} {:>9} {:>8} {:>9}\n", "derivations", "wall", "cpu", "us/drv", "memory", "KB/drv", ".drv text");
  for (const std::size_t count : counts) {
    SWAGE_TRY(const Cost cost, measure_apart(count));
    if (cost.reached != count)
      return fail(Errc::corrupt, fmt::format("the walk reached {} of {} derivations", cost.reached, count));
    const auto n = static_cast<double>(count);
    fmt::print("{:>11} {:>7.2f} s {:>7.2f} s {:>10.2f} {:>6.0f} MB {:>8.2f} {:>6.0f} MB\n", count, cost.wall, cost.cpu, 1e6 * cost.cpu / n,
               static_cast<double>(cost.peak) / 1e6, static_cast<double>(cost.peak) / 1e3 / n, static_cast<double>(cost.text) / 1e6);
    costs.push_back(cost);
  }
  const double growth = static_cast<double>(counts.back()) / static_cast<double>(counts.front());
  const double time = costs.back().cpu / costs.front().cpu / growth;
  const double memory = static_cast<double>(costs.back().peak) / static_cast<double>(costs.front().peak) / growth;
  const auto judge = [&](std::string_view of, double ratio) {
    return bench::result(fmt::format("plan of {} derivations, {} of one against {}", counts.back(), of, counts.front()), ratio, "x", kLinear,
                         ratio <= kLinear);
  };
  const bool time_kept = judge("time", time), memory_kept = judge("memory", memory);
  return time_kept && memory_kept;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::size_t> counts;
  for (int i = 1; i < argc; ++i) counts.push_back(std::strtoull(argv[i], nullptr, 10));
  if (counts.empty()) counts = {10'000, 30'000, 100'000};
  if (bench::quick() && argc == 1) counts = {500, 1'000};
  if (std::find(counts.begin(), counts.end(), 0) != counts.end()) {
    std::cerr << "usage: plan_scale [COUNT...]\n";
    return 2;
  }
  const Result<bool> linear = run(counts);
  if (!linear) std::cerr << render(linear.error());
  return linear && *linear ? 0 : 1;
}
