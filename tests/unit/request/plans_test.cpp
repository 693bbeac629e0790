// What the shipped catalog plans, with a made-up lock file: every root, toolchain, kernel and package. A change that is not to change
// what is built (a script in another folder, a table written otherwise) proves it by tests/data/plans.txt, which stays as it is.
//
// One line for each platform and kind: how many plans, and a hash of all their lines `NAME DRV`. Where a change is wanted:
//   SWAGE_ACCEPT=1 build/request_test --gtest_filter=ShippedPlans.*
// The lines themselves go to the file that SWAGE_PLANS names: what differs is seen by comparing that of two commits.
#include <cstdlib>
#include <deque>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

#include "base/files.hpp"
#include "fetch/lock.hpp"
#include "plan/sources.hpp"
#include "request/goals.hpp"

namespace swage {
namespace {

constexpr const char* kNone = "-";   // cannot be planned

// One invented package for each name that the catalog asks for.
class MadeUpLock {
 public:
  explicit MadeUpLock(const Catalog& catalog) {
    const auto requests = lock_requests(catalog);
    EXPECT_TRUE(requests) << render(requests.error());
    if (!requests) return;
    for (const LockRequest& request : *requests) add(request);
    const auto rows = catalog.all_toolchains();
    for (const ToolchainRow* row : *rows)
      if (!row->source.sha256sums.empty()) lock_.archives[row->source.urls.front()] = sha256(row->source.urls.front()).hex();
    const auto components = catalog.components();
    for (const ComponentRow& row : **components)
      if (!row.source.debian_package.empty()) pin_source(row.source.debian_key(), row.version.str(), row.source.sha256);
    for (const KernelRow& row : catalog.kernels())
      if (!row.source.debian_package.empty()) pin_source(row.source.debian_key(), row.version.str() + ".100", row.source.sha256);
  }
  const Lockfile& lock() const { return lock_; }

 private:
  std::string pin(const std::string& name, const std::string& version, const std::string& path, std::string hash = "") {
    if (hash.empty()) hash = sha256(path).hex();
    lock_.files[hash] = {.name = name, .version = version, .path = path, .sha256 = hash, .size = 1000};
    return hash;
  }
  void pin_source(const std::string& key, const std::string& version, const std::string& hash) {
    const std::string name = key.substr(key.find('/') + 1, key.find('@') - key.find('/') - 1);
    lock_.sources[key] = pin(name, version, fmt::format("pool/main/{}/{}/{}_{}.orig.tar.xz", name[0], name, name, version), hash);
  }
  void add(const LockRequest& request) {
    if (request.key.starts_with("source:")) {
      pin_source(request.key.substr(7), request.series ? request.series->str() + ".1" : "1.0", "");
      return;
    }
    std::vector<std::string> files;
    for (const std::string& name : request.packages)
      files.push_back(pin(name, "1.0-1", fmt::format("pool/main/{}/{}/{}_1.0-1_{}_{}.deb", name[0], name, name, request.suite, request.architecture)));
    if (request.key.starts_with("seed:"))
      lock_.seeds[request.key.substr(5)] = {.sha256 = files.front(), .member = request.member, .nar_sha256 = sha256(request.key).hex()};
    else
      lock_.sets[request.key] = {.suite = request.suite, .request = request.locked_as, .files = files};
  }
  Lockfile lock_{.created = "2026-01-01"};
};

class Plans {
 public:
  explicit Plans(const Catalog& catalog) : catalog_(catalog), lock_(catalog), planner_(catalog, lock_.lock()) {
    for (const RootRow& root : catalog.roots()) add("all", "roots", root.name, planner_.root(root.name));
    for (const Platform& platform : catalog.platforms()) {
      add_toolchains(platform);
      add_kernels(platform);
      add_packages(platform);
    }
    for (const ImageRow& image : (*catalog.image_tables())->images) add_image(image);
  }

  std::string lines() const {
    std::string text;
    for (const auto& [group, plans] : groups_)
      for (const std::string& plan : plans) text += fmt::format("{} {} {}\n", group.first, group.second, plan);
    return text;
  }
  std::string summary() const {
    std::string text;
    for (const auto& [group, plans] : groups_) {
      std::string all;
      std::size_t planned = 0;
      for (const std::string& plan : plans) {
        all += plan + "\n";
        planned += plan.ends_with(".drv");
      }
      text += fmt::format("{} {} {} {}\n", group.first, group.second, planned, sha256(all).hex().substr(0, 32));
    }
    return text;
  }
  std::set<std::string> sources() const {
    std::set<std::string> names;
    for (const auto& [path, source] : planner_.graph().sources) names.emplace(path.name());
    return names;
  }

 private:
  void add(const std::string& platform, const std::string& kind, const std::string& name, const Result<Wanted>& wanted) {
    groups_[{platform, kind}].push_back(fmt::format("{} {}", name, wanted ? wanted->drv.str().substr(wanted->drv.str().rfind('/') + 1) : kNone));
  }

  void add_toolchains(const Platform& platform) {
    for (const auto& rows : {catalog_.toolchains(platform.name), catalog_.fallbacks(platform.name)})
      for (const ToolchainRow& row : **rows) add(platform.name, "toolchains", row.id, planner_.toolchain(row));
  }

  // Every kernel with every toolchain that satisfies its constraints.
  void add_kernels(const Platform& platform) {
    for (const KernelRow& row : catalog_.kernels()) {
      const auto kernel = find_kernel(catalog_, lock_.lock(), row.version);
      const MachineRow* machine = kernel ? find_machine(catalog_, platform, kernel->version).value() : nullptr;
      if (!machine) continue;
      for (const std::string compiler : {"gcc", "clang"}) {
        const auto resolution =
            resolve(catalog_, {.platform = &platform, .purpose = Purpose::boot, .kernel = kernel->version, .compiler = compiler});
        if (!resolution) continue;
        for (const Candidate& candidate : resolution->ranking) {
          Cell& cell = cells_.emplace_back(Cell{
              .platform = &platform, .toolchain = candidate.toolchain, .machine = machine, .kernel = *kernel, .root = candidate.root});
          add_kernel(cell, candidate, &candidate == &resolution->ranking.front());
        }
      }
    }
  }
  void add_kernel(Cell& cell, const Candidate& candidate, bool first) {
    for (const QuirkApplied& quirk : candidate.quirks) cell.quirks.push_back(quirk.quirk);
    const Platform& platform = *cell.platform;
    const std::string name = fmt::format("{} {}", cell.kernel->version.str(), candidate.toolchain->id);
    add(platform.name, "kernels", name, planner_.package("linux", cell));
    if (cell.machine->emulated()) add(platform.name, "boots", name, planner_.package("boot", cell));
    if (!first) return;
    for (const std::string recipe : {"shell-kernel", "linux-headers", "linux-objects"})
      add(platform.name, "kernels", recipe + " " + name, planner_.package(recipe, cell));
    add(platform.name, "overlays", name, planner_.package("linux-overlays", cell));
    Cell& with_modules = cells_.emplace_back(cell);
    with_modules.kernel->options.modules = text_source("modules", "made up").value();
    add(platform.name, "kernels", "module " + name, planner_.package("module", with_modules));
    if (cell.machine->emulated()) add(platform.name, "boots", "boot-modules " + name, planner_.package("boot-modules", with_modules));
  }

  // An image, and the boot of it, of static packages.
  void add_image(const ImageRow& image) {
    if (!image.planned.empty()) return;
    const Platform* platform = catalog_.platform(image.board->platform).value();
    const auto toolchain = resolve(catalog_, {.platform = platform, .purpose = Purpose::userland});
    Cell& cell = cells_.emplace_back(
        Cell{.platform = platform, .toolchain = toolchain->chosen, .instance = &of_images_, .image = &image});
    if (image.is_of_vendor()) cell.image_kernel = &kernel_of(image, *platform);
    add(platform->name, "images", image.name, planner_.package("image", cell));
    if (image.board->emulated()) add(platform->name, "images", "boot of " + image.name, planner_.package("image-boot", cell));
  }

  const Cell& kernel_of(const ImageRow& image, const Platform& platform) {
    const ImageTables& tables = **catalog_.image_tables();
    KernelChoice kernel = vendor_kernel(tables, *find_vendor_kernel(tables, image.vendor_kernel).value()).value();
    kernel.options.config = image.board->defconfigs.at(platform.name);
    const auto resolution = resolve(catalog_, {.platform = &platform, .purpose = Purpose::kernel, .kernel = kernel.version});
    Cell& cell = cells_.emplace_back(Cell{.platform = &platform,
                                          .toolchain = resolution->chosen,
                                          .machine = find_machine(catalog_, platform, kernel.version).value(),
                                          .kernel = std::move(kernel),
                                          .root = resolution->root});
    for (const QuirkApplied& quirk : resolution->quirks) cell.quirks.push_back(quirk.quirk);
    return cell;
  }

  // Every recipe, with the first toolchain of the platform, cross-compiled and emulated.
  void add_packages(const Platform& platform) {
    const auto toolchain = resolve(catalog_, {.platform = &platform, .purpose = Purpose::userland});
    if (!toolchain || !toolchain->chosen) return;
    for (const BuildMode mode : {BuildMode::cross, BuildMode::emulated, BuildMode::accelerated}) {
      if (mode != BuildMode::cross && (platform.name == kBuildPlatform || !emulated_root(catalog_, kPackageRoot, platform))) continue;
      const Cell& cell = cells_.emplace_back(Cell{.platform = &platform, .toolchain = toolchain->chosen, .mode = mode});
      const std::string kind = mode == BuildMode::cross ? "packages" : fmt::format("packages-{}", build_mode_name(mode));
      const auto recipes = catalog_.recipes();
      for (const RecipeRow* recipe : *recipes)
        if (recipe->is_for(platform)) add(platform.name, kind, recipe->full_name(), planner_.package(recipe->full_name(), cell));
    }
  }

  const Catalog& catalog_;
  MadeUpLock lock_;
  Planner planner_;
  std::deque<Cell> cells_{};   // planners want their addresses
  const Instance of_images_{.name = "image", .is_static = true};
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> groups_{};   // by platform and kind
};

TEST(ShippedPlans, AreAsTheyWere) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  const Plans plans(*catalog);
  if (const char* file = std::getenv("SWAGE_PLANS")) { ASSERT_TRUE(write_file_atomically(file, plans.lines())); }
  const fs::path known = fs::path(SWAGE_SOURCE_DIR) / "tests/data/plans.txt";
  if (std::getenv("SWAGE_ACCEPT")) { ASSERT_TRUE(write_file_atomically(known, plans.summary())); }
  EXPECT_EQ(plans.summary(), read_file(known).value()) << "run again with SWAGE_ACCEPT=1 if what is built was to change";
  // What no plan has, nothing here proves anything of.
  std::set<std::string> sources = plans.sources();
  sources.insert("image-modes.py");   // of a layer's files with a mode: tests/cli/test_images.py plans such
  sources.insert("probe.sh");   // of what is asked of a builder: tests/oracle/build_at_oracle_test.py
  for (const fs::directory_entry& script : fs::recursive_directory_iterator(fs::path(SWAGE_SOURCE_DIR) / "catalog/scripts"))
    if (!script.is_directory()) { EXPECT_TRUE(sources.contains(script.path().filename())) << script.path(); }
}

}  // namespace
}  // namespace swage
