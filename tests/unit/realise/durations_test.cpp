#include "realise/durations.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

TEST(Durations, RemembersAndMerges) {
  const TempDir dir = TempDir::create("swage-durations").value();
  const fs::path file = dir.path() / "durations";
  Durations mine = Durations::load(file);
  Durations other = Durations::load(file);
  EXPECT_EQ(mine.expected("linux"), 5.0) << "a guess";
  mine.record("linux", 61.5);
  mine.record("gcc", 300);
  other.record("busybox", 12);
  other.record("gcc", 280);
  ASSERT_TRUE(mine.save());
  ASSERT_TRUE(other.save());
  const Durations now = Durations::load(file);
  EXPECT_EQ(now.expected("linux"), 61.5);
  EXPECT_EQ(now.expected("busybox"), 12);
  EXPECT_EQ(now.expected("gcc"), 280) << "the newest counts";
}

TEST(Durations, IgnoresWhatItCannotRead) {
  const TempDir dir = TempDir::create("swage-durations").value();
  const fs::path file = dir.path() / "durations";
  ASSERT_TRUE(write_file_atomically(file, "x y\n\n3 a b\n7.25 ok\n\xff\xfe"));
  EXPECT_EQ(Durations::load(file).expected("ok"), 7.25);
}

TEST(Durations, NothingRecordedWritesNothing) {
  const TempDir dir = TempDir::create("swage-durations").value();
  ASSERT_TRUE(Durations::load(dir.path() / "durations").save());
  EXPECT_FALSE(path_exists(dir.path() / "durations"));
}

}  // namespace
}  // namespace swage
