// The matrix of a small world: which records belong to which cell, and its three forms.
#include "cli/matrix_output.hpp"
#include "request/recorded_cell.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/plan_world.hpp"

namespace swage {
namespace {

constexpr const char* kDrv = "/nix/store/00000000000000000000000000000000-x.drv";

constexpr const char* kToday = "2026-02-10";

class MatrixTest : public testing::Test {
 protected:
  MatrixTest() {
    write_plan_catalog(dir_);
    // The made-up package of x86_64 has a name that a lock file cannot have.
    const auto set = lock_.sets.extract("toolchain:debian-gcc-12-x86_64");
    for (const std::string& file : set.mapped().files) lock_.files.erase(file);
  }

  EvidenceRow row(const std::string& kernel, EvidenceState state = EvidenceState::booted) const {
    return {.kernel = kernel, .platform = "arm64", .toolchain = "debian-gcc-12-arm64", .provider = "debian", .compiler = "gcc",
            .compiler_version = "12.2.0", .state = state, .when = "2026-01-31", .machine = "qemu", .kernel_drv = kDrv, .boot_drv = kDrv,
            .kernel_nar = std::string(64, 'a'), .boot_nar = std::string(64, 'b'), .userland = "spoke", .lock = "2026-01-31-00000000.lock",
            .reason = state == EvidenceState::failed ? "it burnt" : ""};
  }
  void record(const EvidenceRow& row, const std::string& log = "log\n") { ASSERT_TRUE(write_evidence(dir_.path() / "evidence", row, log)); }

  Matrix make(const std::vector<std::string>& names = {"arm64", "x86_64"}) {
    catalogs_.push_back(dir_.load().value());
    std::vector<const Platform*> platforms;
    for (const std::string& name : names) platforms.push_back(*catalogs_.back()->platform(name));
    return make_matrix(*catalogs_.back(), &lock_, platforms, kToday).value();
  }
  const MatrixCell& cell(const Matrix& matrix, const std::string& kernel, std::size_t platform = 0) {
    const auto at = std::find(matrix.kernels.begin(), matrix.kernels.end(), kernel);
    EXPECT_NE(at, matrix.kernels.end()) << kernel;
    return matrix.cells[static_cast<std::size_t>(at - matrix.kernels.begin())][platform];
  }

  CatalogDir dir_{};
  Lockfile lock_ = plan_lock().lock();
  std::vector<std::shared_ptr<const Catalog>> catalogs_{};
};

TEST_F(MatrixTest, ARecordBelongsToItsReleaseElseToItsSeriesElseToItself) {
  record(row("6.1.180"));
  record(row("6.1.170"));
  record(row("6.1.9", EvidenceState::failed));
  record(row("7.3"));
  const Matrix matrix = make();
  EXPECT_EQ(matrix.kernels, (std::vector<std::string>{"2.6.32.71", "5.10", "6.1", "6.1.180", "7.3"}));
  EXPECT_EQ(cell(matrix, "6.1.180").entries.front().kernel, "6.1.180");
  const MatrixCell& series = cell(matrix, "6.1");
  ASSERT_EQ(series.entries.size(), 3u);
  EXPECT_EQ(series.entries[0].kernel + " " + std::string(matrix_state_name(series.entries[0].state)), "6.1.170 booted");
  EXPECT_EQ(series.entries[1].kernel + " " + std::string(matrix_state_name(series.entries[1].state)), "6.1.9 failed");
  EXPECT_EQ(series.entries[2].compiler, "clang");
  EXPECT_EQ(cell(matrix, "7.3").state(), MatrixState::booted);
}

TEST_F(MatrixTest, ASeriesHasTheEntriesOfItsReleases) {
  record(row("6.1.180", EvidenceState::failed));
  record(row("6.1.170"));
  EvidenceRow vendors = row("6.1.180");
  vendors.tree = {.nar = std::string(64, 'c'), .vendor = "acme"};
  record(vendors);
  const Matrix matrix = fold_series(make());
  EXPECT_EQ(matrix.kernels, (std::vector<std::string>{"2.6.32", "5.10", "6.1", "6.1.180-acme"}));
  EXPECT_EQ(matrix.series, matrix.kernels);
  std::vector<std::string> entries;
  for (const MatrixEntry& entry : cell(matrix, "6.1").entries)
    entries.push_back(fmt::format("{} {} {}", entry.compiler, matrix_state_name(entry.state), entry.kernel));
  EXPECT_EQ(entries, (std::vector<std::string>{"gcc booted 6.1.170", "gcc failed 6.1.180", "clang impossible 6.1.170", "clang impossible 6.1.180"}));
  EXPECT_NE(matrix_text(matrix, {.width = 80}).find("arm64   .-            .-            B-            B-'"), std::string::npos) << matrix_text(matrix, {.width = 80});
}

TEST_F(MatrixTest, WhatIsNewIsAListOfRecords) {
  record(row("6.1.180", EvidenceState::failed));
  EvidenceRow older = row("6.1.170");
  older.when = "2026-01-30";
  record(older);
  EvidenceRow of_tree = row("7.3");
  of_tree.when = "2026-02-01";
  of_tree.config = "defconfig";
  of_tree.tree = {.nar = std::string(64, 'c'), .vendor = "acme"};
  record(of_tree);
  const Matrix matrix = make();
  EXPECT_EQ(matrix_news(recorded_since(matrix, "2026-01-31"), "2026-01-31"),
            "2026-02-01  linux@7.3 for arm64: booted by debian-gcc-12-arm64, defconfig, of acme's tree\n"
            "2026-01-31  linux@6.1.180 for arm64: failed by debian-gcc-12-arm64: it burnt\n"
            "\n2 records since 2026-01-31: 1 booted, 1 failed\n");
  EXPECT_EQ(matrix_news(recorded_since(matrix, "2026-02-02"), "2026-02-02"), "nothing was recorded since 2026-02-02\n");
}

TEST_F(MatrixTest, WhatAnotherRecipeMakesOfAKernelHasAColumnOfItsOwn) {
  record(row("6.1.180"));
  EvidenceRow other = row("6.1.180", EvidenceState::failed);
  other.recipe = "linux-rt";
  record(other);
  const Matrix matrix = make();
  EXPECT_EQ(matrix.kernels, (std::vector<std::string>{"2.6.32.71", "5.10", "6.1", "6.1.180", "linux-rt@6.1.180"}));
  EXPECT_EQ(cell(matrix, "6.1.180").state(), MatrixState::booted);
  EXPECT_EQ(cell(matrix, "linux-rt@6.1.180").state(), MatrixState::failed);
  EXPECT_EQ(cell(matrix, "6.1.180").best("gcc").recipe + " " + cell(matrix, "linux-rt@6.1.180").best("gcc").recipe, "linux linux-rt");
}

TEST_F(MatrixTest, WhatHasNoRecordIsResolvedOrImpossible) {
  dir_.write("kernels/constraints.toml", "[[constraint]]\nid = \"new\"\nwhen = { kernel = \"=6.1\", arch = [\"arm64\"] }\nrequire = { gcc = \">=13\" }\n"
                                         "effect = \"builds-not\"\nreason = \"r\"\nsource = \"s\"\n");
  const Matrix matrix = make();
  const MatrixEntry& impossible = cell(matrix, "6.1").best("gcc");
  EXPECT_EQ(impossible.state, MatrixState::impossible);
  EXPECT_EQ(impossible.constraints, std::vector<std::string>{"new"});
  EXPECT_EQ(impossible.reason, "debian-gcc-12-arm64: gcc 12.2.0 is not >=13");
  EXPECT_NE(impossible.explanation.find("new (builds-not): r"), std::string::npos);
  EXPECT_EQ(cell(matrix, "5.10").best("gcc").state, MatrixState::resolved);
  EXPECT_EQ(cell(matrix, "5.10").best("gcc").toolchain_id(), "debian-gcc-12-arm64");
  EXPECT_EQ(cell(matrix, "5.10").best("clang").reason, "no clang for this platform");
  EXPECT_EQ(cell(matrix, "5.10", 1).best("gcc").reason, "no boot machine for this kernel");
}

TEST_F(MatrixTest, AfterAFailureTheToolchainOfTodayIsThereToTry) {
  EvidenceRow failed = row("6.1.170", EvidenceState::failed);
  record(failed);
  EXPECT_EQ(cell(make(), "6.1").entries.size(), 2u) << "the same toolchain is no second entry";
  fs::remove_all(dir_.path() / "evidence");   // lint-ok: a test's own directory
  failed.toolchain = "gone";
  record(failed);
  const Matrix matrix = make();
  const auto& entries = cell(matrix, "6.1").entries;
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].state, MatrixState::failed);
  EXPECT_EQ(entries[0].toolchain, nullptr);
  EXPECT_EQ(entries[1].state, MatrixState::resolved);
}

TEST_F(MatrixTest, TellsWhetherTheRecipeHasChanged) {
  EvidenceRow booted = row("6.1.170");
  record(booted);
  EXPECT_EQ(cell(make(), "6.1").best("gcc").changed, std::nullopt) << "its lock file is not there";
  dir_.write("evidence/locks/2026-01-31-00000000.lock", lock_.str());
  EXPECT_EQ(cell(make(), "6.1").best("gcc").changed, true);

  const auto catalog = dir_.load().value();
  Cell planned{.platform = *catalog->platform("arm64"), .toolchain = *catalog->toolchain("debian-gcc-12-arm64")};
  planned.kernel = find_kernel(*catalog, lock_, Version::parse("6.1.170").value()).value();
  planned.machine = find_machine(*catalog, *planned.platform, planned.kernel->version).value();
  Planner planner(*catalog, lock_);
  booted.boot_drv = planner.package("boot", planned).value().drv.str();
  record(booted);
  EXPECT_EQ(cell(make(), "6.1").best("gcc").changed, false);
  dir_.write("scripts/linux.sh", "# linux.sh, changed\n");
  EXPECT_EQ(cell(make(), "6.1").best("gcc").changed, true);
}

TEST_F(MatrixTest, TextWrapsByKernels) {
  record(row("6.1.170"));
  EvidenceRow clang = row("6.1.170", EvidenceState::built);
  clang.toolchain = "llvm";
  clang.compiler = "clang";
  record(clang);
  dir_.write("evidence/locks/2026-01-31-00000000.lock", lock_.str());
  const Matrix matrix = make();
  EXPECT_EQ(matrix_text(matrix, {.width = 80}), R"(        2.6.32.71  5.10       6.1        6.1.180
arm64   .-         .-         Bb~        .-
x86_64  --         --         --         --

gcc and clang: B booted, b built, s sampled, F failed, . not tried yet, - impossible, ' of a tree, ~ recipe changed since
8 cells: 1 booted, 3 resolved, 4 impossible; the oldest boot is 10 days old
)");
  EXPECT_EQ(matrix_text(matrix, {.width = 30}), R"(        2.6.32.71  5.10
arm64   .-         .-
x86_64  --         --

        6.1        6.1.180
arm64   Bb~        .-
x86_64  --         --

gcc and clang: B booted, b built, s sampled, F failed, . not tried yet, - impossible, ' of a tree, ~ recipe changed since
8 cells: 1 booted, 3 resolved, 4 impossible; the oldest boot is 10 days old
)");
  EXPECT_NE(matrix_text(matrix, {.colour = true}).find("\033[1;32mB\033[0m\033[36mb\033[0m~"), std::string::npos);
}

TEST_F(MatrixTest, ATreeStandsInTheRowOfItsReleaseAndAVendorsInItsOwn) {
  EvidenceRow tree = row("6.1.180");
  tree.tree =
      KernelTree{.url = "https://example.org/linux", .commit = std::string(40, 'c'), .nar = std::string(64, 'd')};
  record(tree);
  EvidenceRow vendor = row("6.1.180");
  vendor.tree = KernelTree{.nar = std::string(64, 'e'), .vendor = "acme"};
  record(vendor);
  record(row("6.1.170", EvidenceState::failed));
  const Matrix matrix = make({"arm64"});
  EXPECT_EQ(matrix.kernels, (std::vector<std::string>{"2.6.32.71", "5.10", "6.1", "6.1.180", "6.1.180-acme"}));
  ASSERT_EQ(cell(matrix, "6.1.180").entries.size(), 2u);
  EXPECT_EQ(cell(matrix, "6.1.180").best("gcc").tree, tree.tree);
  EXPECT_EQ(cell(matrix, "6.1.180").best("clang").tree, std::nullopt);
  EXPECT_EQ(cell(matrix, "6.1.180-acme").best("gcc").tree, vendor.tree);
  EXPECT_EQ(cell(matrix, "6.1.180-acme").best("clang").tree, vendor.tree) << "what is not tried is of the same tree";
  EXPECT_EQ(matrix_text(matrix, {.width = 80}),
            R"(       2.6.32.71     5.10          6.1           6.1.180       6.1.180-acme
arm64  .-            .-            F-            B-'           B-'

gcc and clang: B booted, b built, s sampled, F failed, . not tried yet, - impossible, ' of a tree, ~ recipe changed since
5 cells: 2 booted, 1 failed, 2 resolved; the oldest boot is 10 days old
)");
  const auto json = nlohmann::ordered_json::parse(matrix_json(matrix));
  const auto at = std::find_if(json["cells"].begin(), json["cells"].end(),
                               [](const auto& e) { return e["tree"].is_object() && e["when"].is_string(); });
  ASSERT_NE(at, json["cells"].end());
  EXPECT_EQ(
      (*at)["tree"].dump(),
      fmt::format(
          R"({{"url":"https://example.org/linux","commit":"{}","directory":null,"sha256":"{}",)"
          R"("vendor":null,"missing":[],"outputs":[],"links":[],"executable":false,"patches":[]}})",
          std::string(40, 'c'), std::string(64, 'd')));
}

TEST_F(MatrixTest, TheReleaseItselfComesBeforeItsTrees) {
  EvidenceRow tree = row("6.1.180");
  tree.when = "2026-02-05";
  tree.tree = KernelTree{.nar = std::string(64, 'd')};
  record(tree);
  record(row("6.1.180"));
  EXPECT_EQ(cell(make(), "6.1.180").best("gcc").tree, std::nullopt);
}

TEST_F(MatrixTest, ARecordOfATreeIsPlannedFromItsContent) {
  EvidenceRow booted = row("6.1.170");
  booted.tree = KernelTree{.nar = std::string(64, 'd')};
  dir_.write("evidence/locks/2026-01-31-00000000.lock", lock_.str());
  const auto catalog = dir_.load().value();
  Cell planned = recorded_cell(*catalog, lock_, booted).value();
  Planner planner(*catalog, lock_);
  booted.boot_drv = planner.package("boot", planned).value().drv.str();
  record(booted);
  EXPECT_EQ(cell(make(), "6.1").best("gcc").changed, false);
  booted.tree->patches = {std::string(64, 'e') + " fix.patch"};
  record(booted);
  const Matrix matrix = make();
  const auto& entries = cell(matrix, "6.1").entries;
  const auto patched = std::find_if(entries.begin(), entries.end(),
                                    [](const MatrixEntry& e) { return e.tree && !e.tree->patches.empty(); });
  ASSERT_NE(patched, entries.end());
  EXPECT_EQ(patched->changed, std::nullopt) << "records do not hold patches";
}

TEST_F(MatrixTest, JsonHasEveryKeyAlways) {
  record(row("6.1.170"));
  record(row("5.10.1", EvidenceState::failed));
  const auto json = nlohmann::ordered_json::parse(matrix_json(make()));
  ASSERT_EQ(json["cells"].size(), 16u);
  std::vector<std::string> keys;
  for (const auto& [key, value] : json["cells"][0].items()) keys.push_back(key);
  EXPECT_EQ(std::vector(keys.begin(), keys.begin() + 7), (std::vector<std::string>{"kernel", "arch", "toolchain", "compiler", "state", "when", "drv"}));
  for (const auto& entry : json["cells"]) {
    std::vector<std::string> own;
    for (const auto& [key, value] : entry.items()) own.push_back(key);
    EXPECT_EQ(own, keys);
  }
  const auto booted = std::find_if(json["cells"].begin(), json["cells"].end(), [](const auto& e) { return e["state"] == "booted"; });
  ASSERT_NE(booted, json["cells"].end());
  EXPECT_EQ((*booted)["ageDays"], 10);
  EXPECT_EQ((*booted)["drv"], kDrv);
}

TEST_F(MatrixTest, APageCannotBeEndedByALog) {
  record(row("6.1.170"), "</script><!-- \xff\n");
  const Matrix matrix = make();
  const std::string page = matrix_html(matrix, {}, "<script>@DATA@</script>").value();
  EXPECT_EQ(page.find("</script>"), page.size() - 9);
  EXPECT_EQ(page.find("<!--"), std::string::npos);
  const auto data = nlohmann::json::parse(page.substr(8, page.size() - 17));
  EXPECT_NE(data.dump().find("</script><!-- \xef\xbf\xbd"), std::string::npos);
  EXPECT_EQ(data["cells"].size(), 8u);
  const auto no_place = matrix_html(matrix, {}, "<html>");
  ASSERT_FALSE(no_place);
  EXPECT_EQ(render(no_place.error()), "error: the page has no place for the data: '@DATA@'\n");
}

}  // namespace
}  // namespace swage
