#include "base/tree_walk.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <dirent.h>
#include <gtest/gtest.h>

#include "hard_trees.hpp"

namespace swage {
namespace {

using test::as_nobody;
using test::DescriptorLimit;
using test::make_deep;

TempDir scratch() { return TempDir::create("swage-test", ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "").value(); }

void touch(const fs::path& file) { ASSERT_TRUE(open_file(file, O_WRONLY | O_CREAT, 0644)); }

// Writes down what it sees.
class Recorder : public TreeVisitor {
 public:
  Result<void> leaf(const TreePlace& place) override { return note(place.relative() + (place.type == DT_LNK ? "@" : "")); }
  Result<bool> enter(const TreePlace& place) override {
    SWAGE_CHECK(note(place.relative() + "/"));
    return place.relative() != passed_over;
  }
  Result<void> leave(const TreePlace& place) override { return note("-" + place.relative()); }

  Result<void> note(std::string what) {
    seen.push_back(std::move(what));
    return {};
  }
  std::vector<std::string> seen{};
  std::string passed_over{"nothing"};
};

TEST(TreeWalk, VisitsInTheOrderOfBytesAndFollowsNoLink) {
  const TempDir dir = scratch();
  fs::create_directories(dir.path() / "t/b/c");
  fs::create_directories(dir.path() / "t/skipped/inside");
  fs::create_directory_symlink("b", dir.path() / "t/a");
  touch(dir.path() / "t/b/x");
  touch(dir.path() / "t/b-");
  Recorder recorder;
  recorder.passed_over = "skipped";
  ASSERT_TRUE(walk_tree(dir.path() / "t", recorder));
  EXPECT_EQ(recorder.seen, (std::vector<std::string>{"/", "a@", "b/", "b/c/", "-b/c", "b/x", "-b", "b-", "skipped/", "-"}));
}

TEST(TreeWalk, TheRootMayBeAFileOrMissing) {
  const TempDir dir = scratch();
  touch(dir.path() / "f");
  Recorder recorder;
  ASSERT_TRUE(walk_tree(dir.path() / "f", recorder));
  EXPECT_EQ(recorder.seen, std::vector<std::string>{""});
  const auto missing = walk_tree(dir.path() / "none", recorder);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().what, "cannot read '" + (dir.path() / "none").string() + "': No such file or directory");
}

TEST(TreeWalk, AnyDepthAndAnyLengthWithFewDescriptors) {
  const TempDir dir = scratch();
  for (const auto& [levels, name] : {std::pair<unsigned, std::string>{5000, "d"}, {300, std::string(255, 'n')}}) {
    make_deep(dir.path() / "t", levels, name);
    const DescriptorLimit limit(24);
    Recorder recorder;
    ASSERT_TRUE(walk_tree(dir.path() / "t", recorder));
    ASSERT_EQ(recorder.seen.size(), 2 * (levels + 1) + 1);
    EXPECT_EQ(recorder.seen[levels + 1].size(), levels * (name.size() + 1) + 4);
    ASSERT_TRUE(remove_tree(dir.path() / "t"));
    EXPECT_FALSE(path_exists(dir.path() / "t"));
  }
}

TEST(TreeWalk, GoesOnBesideTheDeepPlaces) {
  // After the way back up through closed levels there is still something to visit at each.
  const TempDir dir = scratch();
  fs::path at = dir.path() / "t";
  for (int i = 0; i < 40; ++i) {
    fs::create_directories(at / "a");
    touch(at / "z");
    at /= "a";
  }
  Recorder recorder;
  ASSERT_TRUE(walk_tree(dir.path() / "t", recorder));
  EXPECT_EQ(std::count_if(recorder.seen.begin(), recorder.seen.end(), [](const std::string& seen) { return seen.ends_with('z'); }), 40);
  EXPECT_EQ(recorder.seen[recorder.seen.size() - 2], "z");
}

TEST(TreeWalk, NoticesADirectoryThatIsMovedMeanwhile) {
  const TempDir dir = scratch();
  make_deep(dir.path() / "t", 20, "d");
  fs::create_directory(dir.path() / "elsewhere");
  class Mover final : public Recorder {
   public:
    explicit Mover(fs::path where) : base(std::move(where)) {}
    Result<void> leaf(const TreePlace&) override {
      fs::rename(base / "t/d/d/d", base / "elsewhere/d");
      return {};
    }
    fs::path base;
  } mover(dir.path());
  const auto walked = walk_tree(dir.path() / "t", mover);
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().what, "'" + (dir.path() / "t/d/d/d").string() + "' was moved while it was read");
}

TEST(TreeWalk, AsksAtEveryEntryWhetherToGoOn) {
  const TempDir dir = scratch();
  make_deep(dir.path() / "t", 10, "d");
  int asked = 0;
  Recorder recorder;
  const auto walked = walk_tree(dir.path() / "t", recorder, [&]() -> Result<void> {
    if (++asked < 5) return {};
    return fail(Errc::build_failed, "enough");
  });
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().what, "enough");
  EXPECT_EQ(recorder.seen.size(), 4u);
}

TEST(TreeWalk, VeryLongPathsAreShownShortened) {
  const TempDir dir = scratch();
  make_deep(dir.path() / "t", 300, std::string(255, 'n'));
  class Refuser final : public Recorder {
   public:
    Result<void> leaf(const TreePlace& place) override { return fail(Errc::build_failed, place.shown()); }
  } refuser;
  const auto walked = walk_tree(dir.path() / "t", refuser);
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().what.size(), 1024 + std::strlen("[...]"));
  EXPECT_TRUE(walked.error().what.starts_with((dir.path() / "t/nnn").string()));
  EXPECT_TRUE(walked.error().what.ends_with("nnn/leaf"));
}

TEST(RemoveTree, MakesDirectoriesWritableAndLeavesWhatLinksPointTo) {
  const TempDir dir = scratch();
  as_nobody(dir.path(), [&] {
    fs::create_directories(dir.path() / "t/closed/inner");
    touch(dir.path() / "t/closed/inner/f");
    touch(dir.path() / "kept");
    fs::create_symlink(dir.path() / "kept", dir.path() / "t/link");
    fs::permissions(dir.path() / "t/closed/inner", fs::perms::none);
    fs::permissions(dir.path() / "t/closed", fs::perms::none);
    EXPECT_TRUE(remove_tree(dir.path() / "t"));
    EXPECT_FALSE(path_exists(dir.path() / "t"));
    EXPECT_TRUE(path_exists(dir.path() / "kept"));
    EXPECT_TRUE(remove_tree(dir.path() / "t")) << "a missing path is no error";
  });
}

TEST(RemoveTree, RemovesWhatItCanAndNamesTheRest) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make what a user cannot remove";
  const TempDir dir = scratch();
  fs::create_directories(dir.path() / "t/a");
  fs::create_directories(dir.path() / "t/m-of-root/inner");
  fs::create_directories(dir.path() / "t/z");
  for (const char* file : {"t/a/f", "t/z/f"}) touch(dir.path() / file);
  for (const char* user_owned : {"t", "t/a", "t/z"}) ASSERT_EQ(::chown((dir.path() / user_owned).c_str(), test::kNobody, test::kNobody), 0);
  as_nobody(dir.path(), [&] {
    const auto removed = remove_tree(dir.path() / "t");
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().code, Errc::environment);
    EXPECT_EQ(removed.error().what, "cannot remove '" + (dir.path() / "t/m-of-root/inner").string() + "': Permission denied");
    EXPECT_EQ(list_directory(dir.path() / "t").value(), std::vector<std::string>{"m-of-root"});
  });
}

TEST(RemoveAbandoned, LeavesWhatALivingProcessHolds) {
  const TempDir dir = scratch();
  const TempDir mine = TempDir::create("mine", dir.path()).value();
  const pid_t child = ::fork();
  if (child == 0) {
    (void)TempDir::create("killed", dir.path()).value().release();
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  for (const char* name : {"old", "dead.abc123", "dead.abc12/", "x.tar.gz"}) fs::create_directory(dir.path() / name);
  std::vector<Error> stuck;
  ASSERT_TRUE(remove_abandoned(dir.path(), Abandoned::like_a_tempdir, stuck));
  EXPECT_EQ(list_directory(dir.path()).value(), (std::vector<std::string>{"dead.abc12", mine.path().filename(), "old", "x.tar.gz"}));
  ASSERT_TRUE(remove_abandoned(dir.path(), Abandoned::every_entry, stuck));
  EXPECT_EQ(list_directory(dir.path()).value(), std::vector<std::string>{mine.path().filename()});
  EXPECT_TRUE(stuck.empty());
  EXPECT_EQ(remove_abandoned(dir.path() / "none", Abandoned::every_entry, stuck).value(), 0u);
}

TEST(RemoveAbandoned, ACleanerAndMakersDoNotDisturbEachOther) {
  const TempDir dir = scratch();
  const pid_t cleaner = ::fork();
  if (cleaner == 0) {
    std::vector<Error> stuck;
    while (remove_abandoned(dir.path(), Abandoned::every_entry, stuck)) {}
    ::_exit(1);
  }
  for (int i = 0; i < 2000; ++i) {
    const TempDir made = TempDir::create("made", dir.path()).value();
    touch(made.path() / "file");
    ASSERT_TRUE(path_exists(made.path() / "file"));
  }
  ::kill(cleaner, SIGKILL);
  ::waitpid(cleaner, nullptr, 0);
}

TEST(RemoveTree, GoesOnForAMomentAfterAnInterrupt) {
  // In a process of its own: an interrupt is for good.
  const TempDir dir = scratch();
  make_deep(dir.path() / "small", 3, "d");
  make_deep(dir.path() / "later", 3, "d");
  const pid_t child = ::fork();
  if (child == 0) {
    request_interrupt();
    if (!remove_tree(dir.path() / "small")) ::_exit(1);
    ::usleep(2'100'000);
    const auto removed = remove_tree(dir.path() / "later");
    ::_exit(!removed && removed.error().code == Errc::interrupted ? 0 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(path_exists(dir.path() / "small"));
  EXPECT_TRUE(path_exists(dir.path() / "later"));
}

}  // namespace
}  // namespace swage
