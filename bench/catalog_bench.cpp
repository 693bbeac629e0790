// What every command pays before it does anything: loading the shipped catalog, and resolving all its cells.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

#include "resolve/resolve.hpp"

namespace swage {
namespace {

fs::path shipped_catalog() {
  const char* directory = std::getenv("SWAGE_CATALOG");
  return directory ? directory : "catalog";
}

std::shared_ptr<const Catalog> load_or_exit() {
  auto catalog = Catalog::load(shipped_catalog());
  if (catalog) return *catalog;
  std::fputs(render(catalog.error()).c_str(), stderr);
  std::fputs("run in the source directory, or set SWAGE_CATALOG\n", stderr);
  std::exit(2);
}

void BM_CatalogLoad(benchmark::State& state) {
  load_or_exit();
  for (auto _ : state) benchmark::DoNotOptimize(Catalog::load(shipped_catalog()));
}
BENCHMARK(BM_CatalogLoad)->Unit(benchmark::kMillisecond);

void BM_ResolveAllCells(benchmark::State& state) {
  const auto catalog = load_or_exit();
  for (auto _ : state)
    for (const Platform& platform : catalog->platforms())
      for (const KernelRow& kernel : catalog->kernels())
        benchmark::DoNotOptimize(resolve(*catalog, {.platform = &platform, .kernel = kernel.version}));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * catalog->platforms().size() * catalog->kernels().size()));
}
BENCHMARK(BM_ResolveAllCells)->Unit(benchmark::kMillisecond);

void BM_ResolveOneCell(benchmark::State& state) {
  const auto catalog = load_or_exit();
  const Platform* platform = *catalog->platform("arm64");
  const Version kernel = *Version::parse("6.1.170");
  for (auto _ : state) benchmark::DoNotOptimize(resolve(*catalog, {.platform = platform, .kernel = kernel}));
}
BENCHMARK(BM_ResolveOneCell)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace swage
