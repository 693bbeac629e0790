#include "plan/reduced_lock.hpp"

#include <gtest/gtest.h>

#include "support/plan_world.hpp"

namespace swage {
namespace {

struct Planned {
  CatalogDir dir{};
  std::shared_ptr<const Catalog> catalog{};
  Planned() {
    write_plan_catalog(dir);
    catalog = dir.load().value();
  }
  // The derivation that boots 6.1 on arm64, planned from `lock`.
  StorePath boot(const Lockfile& lock, Planner& planner) {
    static std::deque<Cell> cells;   // planners keep their addresses
    Cell& cell = cells.emplace_back(Cell{.platform = *catalog->platform("arm64"), .toolchain = *catalog->toolchain("debian-gcc-12-arm64")});
    cell.kernel = find_kernel(*catalog, lock, Version::parse("6.1").value()).value();
    cell.machine = find_machine(*catalog, *cell.platform, cell.kernel->version).value();
    return planner.package("boot", cell).value().drv;
  }
};

std::vector<std::string> keys(const auto& map) {
  std::vector<std::string> list;
  for (const auto& [key, value] : map) list.push_back(key);
  return list;
}
using Strings = std::vector<std::string>;

TEST(ReducedLock, IsEnoughToPlanTheSameAgain) {
  Planned world;
  LockBuilder builder = plan_lock();
  builder.set("root:other", {"emacs"}).source("bullseye", "linux", "5.10.223-1").missing("toolchain:x", "no such package");
  const Lockfile& lock = builder.lock();
  Planner planner(*world.catalog, lock);
  const StorePath boot = world.boot(lock, planner);
  const Lockfile reduced = reduced_lock(lock, planner.graph(), {boot});

  EXPECT_EQ(keys(reduced.sets), (Strings{"root:build", "root:qemu", "toolchain:debian-gcc-12-arm64"}));
  EXPECT_EQ(keys(reduced.sources), (Strings{"bookworm/busybox", "bookworm/linux"}));
  EXPECT_EQ(keys(reduced.seeds), Strings{"busybox"});
  EXPECT_TRUE(reduced.missing.empty());
  EXPECT_EQ(reduced.files.size(), 2u + 1 + 1 + 2 + 1);
  EXPECT_EQ(reduced.created, lock.created);
  ASSERT_TRUE(Lockfile::parse(reduced.str(), "reduced"));

  Planner again(*world.catalog, reduced);
  EXPECT_EQ(world.boot(reduced, again), boot);
}

TEST(ReducedLock, ARootThatCameLaterIsThatOfToday) {
  LockBuilder today = plan_lock();
  Lockfile record = plan_lock().lock();
  record.sets.at("root:build").suite = "older";
  today.set("root:later", {"emacs"}).set("toolchain:later", {"gcc"});
  add_missing_roots(record, today.lock());
  EXPECT_EQ(record.sets.at("root:later"), today.lock().sets.at("root:later"));
  for (const std::string& file : record.sets.at("root:later").files) EXPECT_TRUE(record.files.contains(file));
  EXPECT_EQ(record.sets.at("root:build").suite, "older");
  EXPECT_FALSE(record.sets.contains("toolchain:later"));
}

TEST(ReducedLock, HoldsNothingThatTheDerivationsDoNotReach) {
  Planned world;
  const Lockfile lock = plan_lock().lock();
  Planner planner(*world.catalog, lock);
  world.boot(lock, planner);
  const StorePath root = planner.root("qemu").value().drv;
  const Lockfile reduced = reduced_lock(lock, planner.graph(), {root});
  EXPECT_EQ(keys(reduced.sets), Strings{"root:qemu"});
  EXPECT_TRUE(reduced.sources.empty());
}

TEST(ReducedLock, CoversWhatIsPartOfIt) {
  const Lockfile whole = plan_lock().lock();
  Lockfile more = whole;
  more.archives["https://kernel.org/x.tar.xz"] = hex_of("x");
  EXPECT_TRUE(covers(more, whole));
  EXPECT_FALSE(covers(whole, more));
  Lockfile part = whole;
  part.sets.erase("root:build");
  EXPECT_TRUE(covers(whole, part));
  EXPECT_TRUE(covers(whole, whole));
  EXPECT_FALSE(covers(part, whole));
  part.created = "2020-01-01";
  EXPECT_TRUE(covers(whole, part)) << "when it was made changes nothing";
  part.sources["bookworm/busybox"] = hex_of("another");
  EXPECT_FALSE(covers(whole, part));
}

TEST(ReducedLock, WhatTwoOfOneDaySayTogetherServesBoth) {
  Planned world;
  LockBuilder builder = plan_lock();
  builder.set("root:other", {"emacs"}).source("bullseye", "linux", "5.10.223-1");
  const Lockfile& lock = builder.lock();
  Planner planner(*world.catalog, lock);
  const StorePath boot = world.boot(lock, planner);
  const Lockfile part = reduced_lock(lock, planner.graph(), {boot});
  Lockfile other{.created = lock.created};
  other.sets.emplace("root:other", lock.sets.at("root:other"));
  for (const std::string& file : other.sets.at("root:other").files) other.files.emplace(file, lock.files.at(file));

  const Lockfile both = joined(part, other).value();
  EXPECT_TRUE(covers(both, part) && covers(both, other));
  EXPECT_EQ(both, joined(other, part).value());
  ASSERT_TRUE(Lockfile::parse(both.str(), "both"));
  Planner again(*world.catalog, both);
  EXPECT_EQ(world.boot(both, again), boot);
}

TEST(ReducedLock, ThoseOfOtherDaysOrThatContradictEachOtherStayApart) {
  const Lockfile lock = plan_lock().lock();
  Lockfile later = lock;
  later.created = "2027-01-01";
  EXPECT_FALSE(joined(lock, later));
  Lockfile other = lock;
  other.sets.at("root:build").suite = "older";
  EXPECT_FALSE(joined(lock, other));
  other = lock;
  other.archives.emplace("https://example.org/a", "1");
  EXPECT_EQ(joined(lock, other), other);
}

// That a file was seen again, or that only one of them says when, is no contradiction; what is known of it is not lost.
TEST(ReducedLock, WhereFilesWereSeenIsKept) {
  const Lockfile lock = plan_lock().lock();
  Lockfile dated = lock, again = lock;
  for (auto& [sha256, file] : dated.files) file.day = "2026-01-30", file.archive = "debian";
  for (auto& [sha256, file] : again.files) file.day = "2026-02-01";
  EXPECT_TRUE(covers(dated, lock));
  EXPECT_TRUE(covers(dated, again));
  EXPECT_FALSE(covers(lock, dated));
  EXPECT_EQ(joined(lock, dated), dated);
  EXPECT_EQ(joined(dated, again), dated);
  Lockfile record = lock;
  record.created = "2020-01-01";
  LockBuilder today = plan_lock();
  today.set("root:later", {"emacs"});
  add_missing_roots(record, today.lock());
  EXPECT_EQ(record.files.at(record.sets.at("root:later").files.front()).day, today.lock().created) << "the record is of another day";
  EXPECT_EQ(record.files.at(record.sets.at("root:build").files.front()).day, "");
}

}  // namespace
}  // namespace swage
