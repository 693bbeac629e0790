// The shipped constraints and quirks against what is known of real kernels and real compilers (tests/data/resolve).
#include <gtest/gtest.h>

#include <set>

#include "base/text.hpp"
#include "support/worlds.hpp"

namespace swage {
namespace {

// The rows of a table of tests/data/resolve, by column.
std::vector<std::vector<std::string>> table(const std::string& name) {
  const auto text = read_file(fs::path(SWAGE_SOURCE_DIR) / "tests/data/resolve" / name);
  EXPECT_TRUE(text);
  std::vector<std::vector<std::string>> rows;
  for (const std::string_view line : split(*text, '\n')) {
    if (line.empty() || line.starts_with('#')) continue;
    std::vector<std::string>& row = rows.emplace_back();
    for (const std::string_view field : split(line, '\t')) row.emplace_back(field);
  }
  return rows;
}

struct KnownToolchain {
  std::string id, platform, gcc, binutils, released;
};

// The shipped catalog with further toolchains.
std::shared_ptr<const Catalog> shipped_with(const std::vector<KnownToolchain>& toolchains) {
  CatalogDir dir;
  std::string text = "[provider]\nrank = 90\nsource = \"s\"\n";
  std::set<std::string> seen;
  for (const KnownToolchain& t : toolchains)
    if (seen.insert(t.id).second)
      text += fmt::format("[[toolchain]]\nid = \"{}\"\nplatforms = [\"{}\"]\nversion = \"{}\"\nbinutils = \"{}\"\nreleased = \"{}\"\nprefix = \"x-\"\nsource = \"s\"\n",
                          t.id, t.platform, t.gcc, t.binutils, t.released);
  dir.write("layer/toolchains/known.toml", text);
  auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog", {dir.path() / "layer"});
  EXPECT_TRUE(catalog) << render(catalog.error());
  return *catalog;
}

bool is_of_toolchain(const ConstraintRow& row) {
  for (const auto& [name, range] : row.require)
    if (name == "gcc" || name == "binutils" || name == "kernel") return true;
  return false;
}

// "ok", "lifts ID ID" or "refused ID ID"
std::string verdict(const Resolution& resolution) {
  std::set<std::string> ids;
  if (!resolution.chosen) {
    for (const ConstraintRow* row : resolution.rejected.front().by) ids.insert(row->id);
    return fmt::format("refused {}", fmt::join(ids, " "));
  }
  for (const QuirkApplied& one : resolution.quirks)
    for (const ConstraintRow* row : one.lifts)
      if (is_of_toolchain(*row)) ids.insert(row->id);
  return ids.empty() ? "ok" : fmt::format("lifts {}", fmt::join(ids, " "));
}

TEST(Known, CombinationsGetTheVerdictThatRealityGaveThem) {
  const auto rows = table("known.tsv");
  std::vector<KnownToolchain> toolchains;
  const auto id = [](const std::vector<std::string>& row) { return fmt::format("known-{}-{}-{}", row[1], row[2], row[3]); };
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 6u) << row[0];
    toolchains.push_back({id(row), row[1], row[2], row[3], "2020-01-01"});
  }
  const auto catalog = shipped_with(toolchains);
  ASSERT_GT(rows.size(), 250u);
  for (const auto& row : rows) {
    SCOPED_TRACE(fmt::format("linux {} for {} with gcc {} and binutils {}: {}", row[0], row[1], row[2], row[3], row[5]));
    const auto resolution = ask(*catalog, {.kernel = row[0], .platform = row[1], .toolchain = id(row)});
    ASSERT_TRUE(resolution) << render(resolution.error());
    const std::string got = verdict(*resolution);
    if (row[4].starts_with("refused ")) {
      EXPECT_TRUE(got.starts_with("refused ")) << got;
      EXPECT_NE((got + " ").find(row[4].substr(7) + " "), std::string::npos) << got;   // among others
    } else {
      EXPECT_EQ(got, row[4]);
    }
  }
}

// Where kernelsmith gives a cell a toolchain by its band, the resolver gives it the same or one nearer to the kernel's era, unless
// a rule, which it names, is against that one or would have to be lifted.
TEST(Known, KernelsmithsCellsGetTheSameToolchainOrABetterOne) {
  const auto rows = table("kernelsmith.tsv");
  std::vector<KnownToolchain> toolchains;
  const auto id = [](const std::vector<std::string>& row) { return fmt::format("kernelsmith-{}-{}", row[2], row[3]); };
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 6u) << row[0];
    toolchains.push_back({id(row), row[2], row[3], row[4], row[5]});
  }
  const auto catalog = shipped_with(toolchains);
  ASSERT_GT(rows.size(), 25u);
  std::size_t same = 0, better = 0;
  for (const auto& row : rows) {
    SCOPED_TRACE(row[0]);
    const auto resolution = ask(*catalog, {.kernel = row[1], .platform = row[2]});
    ASSERT_TRUE(resolution);
    if (row[0] == "4.10-x86_64") {   // the one that does not boot
      const auto refused = ask(*catalog, {.kernel = row[1], .platform = row[2], .toolchain = id(row)});
      EXPECT_NE(verdict(*refused).find("binutils-2.31-plt32"), std::string::npos) << verdict(*refused);
      continue;
    }
    ASSERT_NE(resolution->chosen, nullptr) << render(unsatisfied(*catalog, *resolution));
    if (resolution->chosen->id == id(row)) {
      ++same;
      continue;
    }
    ++better;
    EXPECT_FALSE(resolution->why.empty());
    const auto theirs = std::find_if(resolution->ranking.begin(), resolution->ranking.end(), [&](const Candidate& candidate) { return candidate.toolchain->id == id(row); });
    if (theirs == resolution->ranking.end()) {
      const auto refused = std::find_if(resolution->rejected.begin(), resolution->rejected.end(), [&](const Rejection& one) { return one.toolchain->id == id(row); });
      ASSERT_NE(refused, resolution->rejected.end());
      EXPECT_FALSE(refused->by.empty());
      continue;
    }
    const auto lifts = [](const std::vector<QuirkApplied>& quirks) {
      std::size_t count = 0;
      for (const QuirkApplied& one : quirks) count += one.lifts.size();
      return count;
    };
    const auto days = [&](const ToolchainRow& toolchain) { return days_between(toolchain.released, resolution->kernel_released); };
    EXPECT_TRUE(days(*resolution->chosen) <= days(*theirs->toolchain) || lifts(resolution->quirks) < lifts(theirs->quirks))
        << resolution->chosen->id << ": " << resolution->why.front();
  }
  EXPECT_GT(same, 0u);
  EXPECT_GT(better, 0u);
}

}  // namespace
}  // namespace swage
