// Builds in homes of every kind: they work, or are refused with the reason.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/process.hpp"
#include "support/hard_trees.hpp"
#include "support/realise_world.hpp"

namespace swage {
namespace {

using testing_support::Step;
using testing_support::World;

class HomeTest : public testing::Test {
 protected:
  TempDir place_ = TempDir::create("swage-home", testing_support::fast_directory()).value();
  fs::path home_ = place_.path() / "home";

  // Builds one thing on another; all of the store is well, and what a link keeps stays.
  static void use(const fs::path& home) {
    World world(home);
    const StorePath first = world.add({.name = "first", .script = "b mkdir $out; echo one > $out/f; echo said"});
    const StorePath second = world.add({.name = "second", .script = "b cat $in0/f > $out; echo $in0 >> $out", .needs = {first}});
    ASSERT_EQ(world.error_of(second), "") << home;
    EXPECT_EQ(world.content(second), "one\n" + world.output(first).str() + "\n");
    EXPECT_EQ(read_log(*world.store, first).value(), "said\n");
    EXPECT_TRUE(world.store->verify({})->problems.empty()) << home;
    const fs::path result = home.parent_path() / "result";
    ASSERT_TRUE(make_symlink_atomically(world.real(second).string(), result));
    ASSERT_TRUE(world.store->add_indirect_root(result));
    world.store.reset();
    const std::unique_ptr<Store> again = Store::open(home).value();
    const Result<GcResult> collected = again->collect_garbage({});
    ASSERT_TRUE(collected) << render(collected.error());
    EXPECT_TRUE(collected->stuck.empty());
    EXPECT_TRUE(again->is_valid(world.output(second)).value()) << home;
    EXPECT_TRUE(again->verify({})->problems.empty()) << home;
  }

  // An empty store, of which `part` then lies elsewhere, behind a link.
  void put_behind_link(const fs::path& part, const fs::path& target) {
    ASSERT_TRUE(Store::open(home_));
    fs::rename(home_ / part, place_.path() / "elsewhere");
    fs::create_symlink(target, home_ / part);
  }
};

TEST_F(HomeTest, AnyName) {
  for (const std::string& name : {std::string("with space"), std::string("new\nline"), std::string("co:lon,comma;"), std::string("back\\slash'\"$`"),
                                  std::string("per%cent#hash?q=1&x"), std::string("-dash"), std::string("\xff no utf-8"), std::string(200, 'L')})
    use(place_.path() / name / "home");
  const fs::path longest = place_.path() / std::string(220, 'L') / std::string(200, 'L');
  EXPECT_EQ(Store::open(longest).error().what,
            fmt::format("'{}' has too long a name for a home: {} bytes, where its database allows 400", longest.string(), longest.string().size()));
}

TEST_F(HomeTest, APathThatGoesRoundabout) {
  const fs::path before = fs::current_path();
  fs::current_path(place_.path());
  use("relative/home");
  use("./relative/../other/home/");
  fs::current_path(before);
}

TEST_F(HomeTest, LinkToTheHome) {
  fs::create_directory(place_.path() / "elsewhere");
  fs::create_directory_symlink("elsewhere", home_);
  use(home_);
}

TEST_F(HomeTest, AbsoluteLinkToTheStore) {
  put_behind_link("nix/store", place_.path() / "elsewhere");
  use(home_);
}

TEST_F(HomeTest, RelativeLinkToTheStore) {
  put_behind_link("nix/store", "../../elsewhere");
  use(home_);
}

TEST_F(HomeTest, LinkToAllOfIt) {
  put_behind_link("nix", place_.path() / "elsewhere");
  use(home_);
}

TEST_F(HomeTest, LinkToTheDatabaseAndWork) {
  put_behind_link("nix/var", place_.path() / "elsewhere");
  use(home_);
}

TEST_F(HomeTest, MovedAndCopied) {
  use(home_);
  const fs::path moved = place_.path() / "moved";
  fs::rename(home_, moved);
  use(moved);
  const fs::path copied = place_.path() / "copied";
  ASSERT_TRUE(run_process({.argv = {"cp", "-a", moved.string(), copied.string()}})->ok());
  use(copied);
  use(moved);
}

TEST_F(HomeTest, ADiskOfItsOwn) {
  test::on_small_disk(home_, 64 * 1024 * 1024, [&] { use(home_ / "home"); });
}

TEST_F(HomeTest, WithoutPermissionToRunProgramsItIsRefused) {
  test::on_small_disk(home_, 64 * 1024 * 1024, [&] {
    World world(home_);
    EXPECT_EQ(world.error_of(world.add({.name = "any", .script = "echo > $out"})),
              fmt::format("error: '{}' is on a file system without permission to run programs (noexec)\n"
                          "hint: take a home elsewhere: swage --home DIR ..., or SWAGE_HOME\n", (home_ / "nix/store").string()));
  }, MS_NOEXEC);
}

}  // namespace
}  // namespace swage
