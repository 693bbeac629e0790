// Whether a request pays for toolchains that it does not touch: loading the shipped catalog and resolving one cell, against the same
// with ten times as many toolchains in the files of the other platforms. Says also what resolving a whole table costs.
//   catalog_scale [CATALOG]      (default: catalog; with BENCH_QUICK=1 one run of each)
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <fstream>
#include <vector>

#include "base/text.hpp"
#include "result.hpp"
#include "resolve/resolve.hpp"

namespace {

using namespace swage;

constexpr const char* kPlatform = "arm64";
constexpr unsigned kTimes = 10;
constexpr double kMost = 1.1;
constexpr double kTableSeconds = 1.0;
constexpr int kRuns = 60;

template <class T>
T or_exit(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "{}", render(result.error()));
  std::exit(2);
}

// A copy of the catalog in which the files of all other platforms have each of their rows ten times.
std::size_t grow(const fs::path& from, const fs::path& to) {
  fs::copy(from, to, fs::copy_options::recursive);
  std::size_t rows = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(to / "toolchains")) {
    const fs::path file = entry.path();
    const bool table = file.parent_path() == to / "toolchains" || file.extension() != ".toml";
    if (table || file.stem() == kPlatform || file.stem() == "provider") continue;
    const std::string text = or_exit(read_file(file));
    std::ofstream out(file, std::ios::app);
    for (unsigned copy = 1; copy < kTimes; ++copy)
      for (const std::string_view line : split(text, '\n')) {
        rows += line.starts_with("id = \"");
        out << (line.starts_with("id = \"") ? fmt::format("id = \"copy-{}-{}", copy, line.substr(6)) : std::string(line)) << '\n';
      }
  }
  return rows;
}

// Of the processor: other programs do not count.
double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double load_and_resolve(const fs::path& directory) {
  const double start = seconds();
  const auto catalog = or_exit(Catalog::load(directory));
  const Platform* platform = or_exit(catalog->platform(kPlatform));
  if (!or_exit(resolve(*catalog, {.platform = platform, .kernel = *Version::parse("6.1")})).chosen) std::exit(2);
  return seconds() - start;
}

double whole_table(const Catalog& catalog) {
  const double start = seconds();
  for (const Platform& platform : catalog.platforms())
    for (const KernelRow& kernel : catalog.kernels()) or_exit(resolve(catalog, {.platform = &platform, .kernel = kernel.version}));
  return seconds() - start;
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path shipped = argc > 1 ? argv[1] : "catalog";
  const TempDir temp = or_exit(TempDir::create("catalog-scale"));
  const std::size_t more = grow(shipped, temp.path() / "large");
  // In turns, and the best of each: what else the machine does to its caches changes both alike.
  double small = 1e9, large = 1e9;
  for (int run = 0; run < (bench::quick() ? 1 : kRuns); ++run) {
    small = std::min(small, load_and_resolve(shipped));
    large = std::min(large, load_and_resolve(temp.path() / "large"));
  }
  const auto catalog = or_exit(Catalog::load(shipped));
  const std::size_t toolchains = or_exit(catalog->all_toolchains()).size();
  double table = 1e9;
  for (int run = 0; run < (bench::quick() ? 1 : 3); ++run) table = std::min(table, whole_table(*catalog));
  fmt::print("load and resolve one of {} toolchains: {:.2f} ms; with {} more for other platforms: {:.2f} ms\n", toolchains, small * 1e3, more,
             large * 1e3);
  const double ratio = large / small;
  const bool cell_kept = bench::result(fmt::format("one cell, with {} toolchains of other platforms more", more), ratio, "x", kMost, ratio <= kMost);
  const bool table_kept =
      bench::result(fmt::format("all cells of {} platforms and {} kernels", catalog->platforms().size(), catalog->kernels().size()), table, "s",
                    kTableSeconds, table <= kTableSeconds);
  return cell_kept && table_kept ? 0 : 1;
}
