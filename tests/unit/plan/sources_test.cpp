#include "plan/sources.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "support/plan_world.hpp"

namespace swage {
namespace {

SourceSpec url(const std::string& text) { return {.urls = {text}, .sha256 = hex_of("x"), .size = 7}; }

template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "no error" : render(result.error());
}

TEST(StoreNameOf, WhatAStoreNameCannotHoldBecomesADash) {
  EXPECT_EQ(store_name_of("linux-6.1.tar.xz"), "linux-6.1.tar.xz");
  EXPECT_EQ(store_name_of("libstdc++_1:12~rc1%2b.tar.gz"), "libstdc++_1-12-rc1-2b.tar.gz");
  EXPECT_EQ(store_name_of("a b\tc\xc3\xa9"), "a-b-c--");
  EXPECT_EQ(store_name_of("download.php?v=1&x=2"), "download.php?v=1-x=2");
  EXPECT_EQ(store_name_of(".config"), "-config");
  EXPECT_EQ(store_name_of(".."), "-.");
  EXPECT_EQ(store_name_of(""), "");
}

RC_GTEST_PROP(StoreNameOfProp, AnyFileNameBecomesAStoreName, (const std::string& text)) {
  const std::string name = store_name_of(text).substr(0, 200);
  RC_PRE(!name.empty());
  RC_ASSERT(check_store_name(name));
  RC_ASSERT(store_name_of(name) == name);
}

TEST(SourceOf, AUrlGivesAFlatFixedPathNamedAfterItsFile) {
  const Source source = source_of({}, url("https://example.org/a/b/foo%2Bbar~1.tar.gz"), "foo").value();
  EXPECT_EQ(source.path.str(),
            make_fixed_path("foo-2Bbar-1.tar.gz", ContentMethod::flat, Hash::from_hex(HashAlgo::sha256, hex_of("x")).value()).value().str());
  const auto& download = std::get<Source::Download>(source.how);
  EXPECT_EQ(download.name, "foo-2Bbar-1.tar.gz");
  EXPECT_EQ(download.size, 7u);
  EXPECT_EQ(download.pool_path, "");
}

TEST(SourceOf, MoreUrlsDoNotMoveThePath) {
  SourceSpec spec = url("https://example.org/foo.tar.gz");
  const StorePath path = source_of({}, spec, "foo").value().path;
  spec.urls.push_back("https://example.net/elsewhere/renamed.tar.gz");
  spec.size = 0;
  EXPECT_EQ(source_of({}, spec, "foo").value().path.str(), path.str());
}

TEST(SourceOf, AFileOfTheDistributionsPoolIsTheMirrors) {
  SourceSpec spec = url("debian:pool/main/l/linux/linux_5.10.28.orig.tar.xz");
  spec.urls.push_back("https://example.org/linux-5.10.28.tar.xz");
  const Source source = source_of({}, spec, "foo").value();
  const auto& download = std::get<Source::Download>(source.how);
  EXPECT_EQ(source.path.name(), "linux_5.10.28.orig.tar.xz");
  EXPECT_EQ(download.pool_path, "pool/main/l/linux/linux_5.10.28.orig.tar.xz");
  EXPECT_EQ(download.urls, std::vector<std::string>{"https://example.org/linux-5.10.28.tar.xz"});
}

TEST(SourceOf, AUrlWithoutAFileNameIsRefused) {
  EXPECT_EQ(error_of(source_of({}, url("https://example.org/"), "foo")), "error: '' is not a store name: the name is empty\n");
}

TEST(SourceOf, ARecipeWithoutASourceSaysSo) {
  EXPECT_EQ(error_of(source_of({}, {}, "foo")), "error: 'foo' has no source\n");
}

TEST(SourceOf, ADistributionSourceIsThePinnedFile) {
  LockBuilder lock;
  lock.source("bookworm", "linux", "6.1.170-3");
  const Source source = source_of(lock.lock(), {.debian_suite = "bookworm", .debian_package = "linux"}, "linux").value();
  const auto& download = std::get<Source::Download>(source.how);
  EXPECT_EQ(download.name, "linux_6.1.170.orig.tar.xz");
  EXPECT_EQ(download.pool_path, "pool/main/linux/linux_6.1.170.orig.tar.xz");
  EXPECT_EQ(download.size, 1000u);
  EXPECT_TRUE(download.urls.empty());
}

TEST(SourceOf, ADistributionSourceOfAnotherSuiteIsMissing) {
  LockBuilder lock;
  lock.source("bookworm", "linux", "6.1.170-3").missing("source:trixie/linux", "no such suite");
  EXPECT_EQ(error_of(source_of(lock.lock(), {.debian_suite = "trixie", .debian_package = "linux"}, "linux-6.12")),
            R"(error: 'linux-6.12' has no source in the lock file
note: when it was asked for: no such suite
hint: pin it with: swage lock
)");
}

TEST(SourceOf, AnArchiveWhosePublisherSaysItsHashIsPinnedByTheLock) {
  const SourceSpec spec{.urls = {"https://kernel.org/gcc/x.tar.xz", "https://elsewhere/x.tar.xz"}, .sha256sums = "https://kernel.org/gcc/sha256sums.asc"};
  Lockfile lock;
  const auto without = source_of(lock, spec, "x");
  EXPECT_EQ(without.error().code, Errc::environment);
  EXPECT_EQ(error_of(without), R"(error: 'x' is not in the lock file
note: its sha256 is pinned from https://kernel.org/gcc/sha256sums.asc when it is first planned
)");
  lock.archives[spec.urls[0]] = hex_of("an archive");
  const Source source = source_of(lock, spec, "x").value();
  const auto& download = std::get<Source::Download>(source.how);
  EXPECT_EQ(download.sha256, hex_of("an archive"));
  EXPECT_EQ(download.urls, spec.urls);
}

TEST(SeedSource, IsATreeWithOneProgramOfAPackage) {
  LockBuilder lock;
  lock.seed();
  const Source seed = seed_source(lock.lock(), "busybox").value();
  const Hash nar = Hash::from_hex(HashAlgo::sha256, hex_of("busybox nar")).value();
  EXPECT_EQ(seed.path.str(), make_fixed_path("busybox", ContentMethod::recursive, nar).value().str());
  const auto& member = std::get<Source::Member>(seed.how);
  EXPECT_EQ(member.member, "./bin/busybox");
  EXPECT_EQ(member.nar_sha256, hex_of("busybox nar"));
  EXPECT_EQ(member.package.pool_path, "pool/main/b/busybox-static_1.35.0-4_amd64.deb");
}

TEST(SeedSource, TheErrorSaysWhatItIsFor) {
  LockBuilder lock;
  EXPECT_EQ(error_of(seed_source(lock.lock(), "busybox")),
            "error: 'busybox', which unpacks all else, is not in the lock file\nhint: pin it with: swage lock\n");
  lock.missing("seed:busybox", "unknown package 'busybox-static' in suite 'bookworm'");
  EXPECT_EQ(error_of(seed_source(lock.lock(), "busybox")), R"(error: 'busybox', which unpacks all else, is not in the lock file
note: when it was asked for: unknown package 'busybox-static' in suite 'bookworm'
hint: pin it with: swage lock
)");
}

TEST(SetSources, KeepTheOrderOfTheLock) {
  LockBuilder lock;
  lock.set("root:x", {"zstd", "bash", "make"});
  const auto sources = set_sources(lock.lock(), "root:x", "bookworm", {"make", "bash", "zstd", "bash"}).value();
  ASSERT_EQ(sources.size(), 3u);
  EXPECT_EQ(std::get<Source::Download>(sources[0].how).name, "zstd_1.0-1_amd64.deb");
  EXPECT_EQ(std::get<Source::Download>(sources[2].how).name, "make_1.0-1_amd64.deb");
}

TEST(SetSources, AMissingSetIsAnEnvironmentError) {
  LockBuilder lock;
  const auto sources = set_sources(lock.lock(), "root:x", "bookworm", {"bash"});
  EXPECT_EQ(sources.error().code, Errc::environment);
  EXPECT_EQ(error_of(sources), "error: 'root:x' has no packages in the lock file\nhint: pin it with: swage lock --root x\n");
  lock.missing("root:x", "unknown package 'bash'");
  EXPECT_EQ(error_of(set_sources(lock.lock(), "root:x", "bookworm", {"bash"})), R"(error: 'root:x' has no packages in the lock file
note: when it was asked for: unknown package 'bash'
hint: pin it with: swage lock --root x
)");
}

TEST(SetSources, AChangedListOrSuiteMakesASetStale) {
  LockBuilder lock;
  lock.set("root:x", {"bash"});
  const std::string stale = "error: 'root:x' has changed since it was pinned\nhint: pin it anew with: swage lock --update root:x\n";
  EXPECT_EQ(error_of(set_sources(lock.lock(), "root:x", "bookworm", {"bash", "make"})), stale);
  EXPECT_EQ(error_of(set_sources(lock.lock(), "root:x", "bookworm", {})), stale);
  EXPECT_EQ(error_of(set_sources(lock.lock(), "root:x", "trixie", {"bash"})), stale);
}

TEST(SetSources, AFileThatTheLockLacksIsAnError) {
  LockBuilder lock;
  lock.set("root:x", {"bash"}).lock().files.clear();
  EXPECT_EQ(error_of(set_sources(lock.lock(), "root:x", "bookworm", {"bash"})),
            "error: 'root:x' names a file that the lock file lacks\nhint: pin it with: swage lock\n");
}

TEST(SetRequest, IsSortedAndHasNothingTwice) {
  EXPECT_EQ(set_request({"make", "bash", "make"}), "bash make");
  EXPECT_EQ(set_request({}), "");
}

TEST(SetRequest, OfARootSaysAlsoWhatOfItIsTaken) {
  RootRow row{.name = "x", .packages = {"b", "a"}};
  EXPECT_EQ(root_request(row), "a b");
  row.only = {"b*", "a*"};
  EXPECT_EQ(root_request(row), "a b only a* b*");
  row.components = {"non-free", "main"};
  EXPECT_EQ(root_request(row), "a b only a* b* of main non-free");
}

}  // namespace
}  // namespace swage
