#include <gtest/gtest.h>

#include "support/plan_world.hpp"

namespace swage {
namespace {

// What is found for `wanted`, as "version <- where from"; an error as a user sees it.
std::string found(PlanWorld& world, const std::string& wanted) {
  std::optional<Version> version;
  if (!wanted.empty()) version = Version::parse(wanted).value();
  const auto kernel = find_kernel(world.catalog(), world.lock().lock(), version);
  if (!kernel) return render(kernel.error());
  const auto& download = std::get<Source::Download>(kernel->source->how);
  return fmt::format("{} <- {}", kernel->version.str(), download.pool_path.empty() ? download.urls.front() : download.pool_path);
}

constexpr const char* kPinned = "6.1.170 <- pool/main/linux/linux_6.1.170.orig.tar.xz";

TEST(FindKernel, ASeriesHasTheSublevelThatTheLockPins) {
  PlanWorld world;
  EXPECT_EQ(found(world, "6.1"), kPinned);
  EXPECT_EQ(found(world, "6.1.170"), kPinned);
}

TEST(FindKernel, ASeriesMovesWithTheLock) {
  PlanWorld world;
  world.lock().source("bookworm", "linux", "6.1.199-1");
  EXPECT_EQ(found(world, "6.1"), "6.1.199 <- pool/main/linux/linux_6.1.199.orig.tar.xz");
}

TEST(FindKernel, AReleaseIsHadByItsUrls) {
  PlanWorld world;
  EXPECT_EQ(found(world, "6.1.180"), "6.1.180 <- https://example.org/linux-6.1.180.tar.xz");
  EXPECT_EQ(found(world, "2.6.32.71"), "2.6.32.71 <- https://example.org/linux-2.6.32.71.tar.xz");
  const auto kernel = find_kernel(world.catalog(), world.lock().lock(), Version::parse("6.1.180").value()).value();
  const auto& download = std::get<Source::Download>(kernel.source->how);
  EXPECT_EQ(download.urls.size(), 2u);
  EXPECT_EQ(download.size, 12345u);
  EXPECT_EQ(download.sha256, "60a5ffe0206a0ea8997c29ccc595aa7dae55f6cb20c7d92aab88029ca4fef598");
}

TEST(FindKernel, ASeriesKnownOnlyByAReleaseIsThatRelease) {
  PlanWorld world;
  EXPECT_EQ(found(world, "2.6.32"), "2.6.32.71 <- https://example.org/linux-2.6.32.71.tar.xz");
  EXPECT_EQ(found(world, "2.6"), "2.6.32.71 <- https://example.org/linux-2.6.32.71.tar.xz");
}

TEST(FindKernel, NothingAskedForIsTheNewestThatTheLockPins) {
  PlanWorld world;
  EXPECT_EQ(found(world, ""), kPinned);
  world.lock().source("bullseye", "linux", "5.10.230-1");
  EXPECT_EQ(found(world, ""), kPinned);
}

TEST(FindKernel, WithoutALockTheNewestReleaseIsTaken) {
  PlanWorld world;
  world.lock().lock().sources.clear();
  EXPECT_EQ(found(world, ""), "6.1.180 <- https://example.org/linux-6.1.180.tar.xz");
}

TEST(FindKernel, AnUnknownKernelSaysWhichAreNearest) {
  PlanWorld world;
  EXPECT_EQ(found(world, "6.10"), R"(error: 'linux@6.10' is not in the catalog
note: nearest: linux@6.1.180; all that there are: swage list kernels
hint: build any tree with: swage build linux --src DIR
)");
  const auto kernel = find_kernel(world.catalog(), world.lock().lock(), Version::parse("6.10").value());
  EXPECT_EQ(kernel.error().code, Errc::invalid_input);
}

// Its series is in the catalog, and the lock file pins another release of it.
TEST(FindKernel, TheFirstReleaseOfASeriesIsNoOtherOne) {
  PlanWorld world;
  EXPECT_EQ(found(world, "6.1.0"), "error: 'linux@6.1.0' is not in the catalog\n"
                                   "note: nearest: linux@6.1.170; all that there are: swage list kernels\n"
                                   "hint: build any tree with: swage build linux --src DIR\n");
}

TEST(NearestKernels, AreOfTheSeriesOrElseOfAll) {
  PlanWorld world;
  const auto nearest = [&](const char* wanted) { return nearest_kernels(world.catalog(), world.lock().lock(), Version::parse(wanted).value()).value(); };
  EXPECT_EQ(nearest("6.1.175"), (std::vector<std::string>{"linux@6.1.170", "linux@6.1.180"}));
  EXPECT_EQ(nearest("6.1.50"), std::vector<std::string>{"linux@6.1.170"});
  EXPECT_EQ(nearest("9.9"), std::vector<std::string>{"linux@6.1.180"});
  EXPECT_EQ(nearest("2.4"), std::vector<std::string>{"linux@2.6.32.71"});
  EXPECT_EQ(nearest("4.19"), (std::vector<std::string>{"linux@2.6.32.71", "linux@6.1.170"}));
}

TEST(FindKernel, ASeriesThatTheLockLacksSaysHowToPinIt) {
  PlanWorld world;
  EXPECT_EQ(found(world, "5.10"), "error: 'linux@5.10' has no source in the lock file\nhint: pin it with: swage lock\n");
  const auto kernel = find_kernel(world.catalog(), world.lock().lock(), Version::parse("5.10").value());
  EXPECT_EQ(kernel.error().code, Errc::environment);
}

TEST(FindKernel, ASeriesThatCouldNotBeLockedSaysWhy) {
  PlanWorld world;
  world.lock().missing("source:bullseye/linux", "suite 'bullseye' is not served by any mirror");
  EXPECT_EQ(found(world, "5.10"), R"(error: 'linux@5.10' has no source in the lock file
note: when it was asked for: suite 'bullseye' is not served by any mirror
hint: pin it with: swage lock
)");
}

TEST(FindMachine, TheRowWhoseRangeHoldsIsTakenWhereverItStands) {
  PlanWorld world;
  const Platform& arm64 = *world.catalog().platform("arm64").value();
  const auto image = [&](const char* version) { return find_machine(world.catalog(), arm64, Version::parse(version).value()).value()->image; };
  EXPECT_EQ(image("3.19.8"), "old/Image");
  EXPECT_EQ(image("4.0"), "arch/arm64/boot/Image");
  EXPECT_EQ(image("99.1"), "new/Image");   // after the row that has no range
  EXPECT_EQ(find_machine(world.catalog(), *world.catalog().platform("x86_64").value(), Version::parse("6.1").value()).value(), nullptr);
}

// What nobody has asked for yet must not decide which release is meant.
TEST(UnpinnedKernels, AreThoseThatTheWantedOneMayBeOf) {
  PlanWorld world;
  const auto unpinned = [&](const char* wanted) {
    return unpinned_kernels(world.catalog(), world.lock().lock(), Version::parse(wanted).value());
  };
  using Keys = std::set<std::string>;
  world.lock().lock().sources.clear();
  EXPECT_EQ(unpinned("6.1"), Keys{"source:bookworm/linux"});
  EXPECT_EQ(unpinned("6.1.180"), Keys{"source:bookworm/linux"});
  EXPECT_EQ(unpinned("5"), Keys{"source:bullseye/linux"});
  EXPECT_EQ(unpinned("2.6.32.71"), Keys{});
  EXPECT_EQ(unpinned_kernels(world.catalog(), world.lock().lock(), std::nullopt), Keys{"source:bookworm/linux"}) << "the newest alone";
  world.lock().missing("source:bookworm/linux", "it cannot be had");
  EXPECT_EQ(unpinned("6.1"), Keys{});
  EXPECT_EQ(unpinned_kernels(world.catalog(), world.lock().lock(), std::nullopt), Keys{"source:bullseye/linux"});
  world.lock().source("bullseye", "linux", "5.10.230-1");
  EXPECT_EQ(unpinned_kernels(world.catalog(), world.lock().lock(), std::nullopt), Keys{});
}

}  // namespace
}  // namespace swage
