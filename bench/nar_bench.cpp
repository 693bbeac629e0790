// Speed of the NAR functions on two shapes of tree: few large files (a toolchain) and many small ones (a source tree).
// With SWAGE_BENCH_TREE set, that tree is measured instead; with BENCH_QUICK=1 the trees have a hundredth of the files.
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <fcntl.h>

#include "result.hpp"
#include "store/nar.hpp"
#include "store/references.hpp"
#include "store/store.hpp"

namespace swage {
namespace {

// `files` files of `size` bytes that do not compress, in directories of a hundred.
class BenchTree {
 public:
  BenchTree(std::size_t files, std::size_t size) : dir_(TempDir::create("swage-bench").value()) {
    if (const char* given = std::getenv("SWAGE_BENCH_TREE")) {
      path_ = given;
      return;
    }
    path_ = dir_.path() / "tree";
    if (bench::quick()) files /= 100;
    std::string data(size, '\0');
    std::uint64_t state = 1;
    for (std::size_t i = 0; i < files; ++i) {
      for (char& byte : data) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        byte = static_cast<char>(state >> 56);
      }
      const fs::path directory = path_ / std::to_string(i / 100);
      fs::create_directories(directory);
      const UniqueFd fd = open_file(directory / std::to_string(i), O_WRONLY | O_CREAT, 0644).value();
      if (!write_all(fd.get(), data, "file")) std::abort();
    }
  }
  const fs::path& path() const { return path_; }

 private:
  TempDir dir_;
  fs::path path_;
};

const fs::path& tree(bool large) {
  static const BenchTree few_large(800, 180'000);
  static const BenchTree many_small(20'000, 4'000);
  return large ? few_large.path() : many_small.path();
}

void hash(benchmark::State& state) {
  std::uint64_t bytes = 0;
  for (auto _ : state) bytes += hash_nar(tree(state.range(0) != 0)).value().size;
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(hash)->ArgName("large")->Arg(1)->Arg(0)->UseRealTime()->Unit(benchmark::kMillisecond);

void scan(benchmark::State& state) {
  StorePathSet candidates;
  for (int i = 0; i < 200; ++i) candidates.insert(make_store_path("text", sha256(std::to_string(i)), "x").value());
  std::uint64_t bytes = 0;
  for (auto _ : state) bytes += scan_tree(tree(state.range(0) != 0), candidates).value().nar.size;
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(scan)->ArgName("large")->Arg(1)->Arg(0)->UseRealTime()->Unit(benchmark::kMillisecond);

void dump(benchmark::State& state) {
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    const auto done = dump_nar(tree(state.range(0) != 0), [&](std::string_view piece) -> Result<void> {
      bytes += piece.size();
      return {};
    });
    if (!done) state.SkipWithError("dump failed");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(dump)->ArgName("large")->Arg(1)->Arg(0)->UseRealTime()->Unit(benchmark::kMillisecond);

void finish(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    ModuloCache cache;
    std::optional<StorePath> previous;
    for (std::size_t i = 0; i < count; ++i) {
      Derivation drv{.name = "link", .outputs = {{"out", {}}}, .system = "x86_64-linux", .builder = "/bin/sh", .args = {"-c", "true"}};
      drv.env = {{"number", std::to_string(i)}, {"text", std::string(500, 'x')}};
      if (previous) drv.input_drvs = {{*previous, {"out"}}};
      previous = finish_derivation(std::move(drv), cache).value().path;
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(finish)->Arg(10'000)->Unit(benchmark::kMillisecond);

void open_store(benchmark::State& state) {
  const TempDir dir = TempDir::create("swage-bench").value();
  const StorePath path = Store::open(dir.path()).value()->add_text("x", "x").value();
  for (auto _ : state) benchmark::DoNotOptimize(Store::open(dir.path()).value()->is_valid(path).value());
}
BENCHMARK(open_store)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace swage
