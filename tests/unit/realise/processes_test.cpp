// Several swage processes on one store, processes that are killed, and file systems that refuse.
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <random>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/text.hpp"
#include "realise/derivation_writer.hpp"
#include "support/realise_world.hpp"

namespace swage {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::fast_directory;
using testing_support::World;

class Child {
 public:
  explicit Child(const std::function<std::string()>& act) {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    read_ = UniqueFd(fds[0]);
    const UniqueFd write(fds[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
      (void)write_all(write.get(), act(), "pipe");
      ::_exit(0);
    }
  }
  void kill() const { ::kill(pid_, SIGKILL); }
  std::string join() {
    std::string text = read_fd(read_.get(), "pipe").value();
    ::waitpid(pid_, nullptr, 0);
    return text;
  }

 private:
  UniqueFd read_{};
  pid_t pid_ = -1;
};

// A chain and some leaves; each build takes a little, so that processes meet.
std::vector<StorePath> add_graph(World& world, const std::string& delay) {
  const StorePath a = world.add({.name = "a", .script = "b sleep " + delay + "; b mkdir $out; echo a > $out/a"});
  const StorePath b = world.add({.name = "b", .script = "b sleep " + delay + "; b cp -r $in0 $out", .needs = {a}});
  const StorePath c = world.add({.name = "c", .script = "b sleep " + delay + "; echo $in0 > $out; echo dev > $dev", .needs = {a}, .outputs = {"dev", "out"}});
  const StorePath d = world.add({.name = "d", .script = "b sleep " + delay + "; b cat $in0/a $in1 > $out", .needs = {b, c}});
  const StorePath e = world.add({.name = "e", .script = "b sleep " + delay + "; echo e > $out"});
  return {a, b, c, d, e};
}

std::size_t built_here(const Result<RealiseResult>& result) {
  return static_cast<std::size_t>(std::count_if(result->built.begin(), result->built.end(), [](const BuildRecord& record) { return !record.waited_for_other; }));
}

std::string build_all(const fs::path& home, const std::string& delay) {
  World world(home);
  const Result<RealiseResult> result = world.realise(add_graph(world, delay));
  return result ? std::to_string(built_here(result)) : render(result.error());
}

void expect_clean(const fs::path& home) {
  const std::unique_ptr<Store> store = Store::open(home).value();
  const Result<VerifyResult> verified = store->verify({});
  ASSERT_TRUE(verified) << render(verified.error());
  for (const VerifyProblem& problem : verified->problems)
    EXPECT_EQ(problem.kind, VerifyProblem::Kind::litter) << problem.path << ": " << problem.detail;
}

TEST(Processes, EachDerivationIsBuiltOnce) {
  for (const unsigned processes : {2U, 8U}) {
    const TempDir dir = TempDir::create("swage-processes", fast_directory()).value();
    std::vector<Child> children;
    for (unsigned i = 0; i < processes; ++i) children.emplace_back([&] { return build_all(dir.path() / "home", "0.05"); });
    unsigned long built = 0;
    for (Child& child : children) {
      const std::string text = child.join();
      ASSERT_EQ(text.size(), 1u) << text;
      built += std::stoul(text);
    }
    EXPECT_EQ(built, 5u) << processes << " processes";
    expect_clean(dir.path() / "home");
    EXPECT_THAT(list_directory(dir.path() / "home/nix/var/swage/builds").value(), IsEmpty());
  }
}

TEST(Processes, WaitingForAnotherTakesNoSlot) {
  const TempDir dir = TempDir::create("swage-processes", fast_directory()).value();
  World world(dir.path() / "home");
  world.options.jobs = 1;
  const StorePath contested = world.add({.name = "contested", .script = "echo x > $out"});
  const StorePath free = world.add({.name = "free", .script = "echo y > $out"});
  Result<Store::PathLocks> lock = world.store->lock_paths({world.output(contested)});
  ASSERT_TRUE(lock);
  std::jthread releaser([&] {
    while (world.journal.starting_with("done free").empty()) ::usleep(1000);
    *lock = Store::PathLocks();
  });
  const Result<RealiseResult> result = world.realise({contested, free});
  ASSERT_TRUE(result) << render(result.error());
  EXPECT_THAT(world.journal.lines(), testing::Contains("message waiting for another process that builds 'contested'"));
  EXPECT_EQ(result->built.size(), 2u);
}

// Derivations that a process which has ended left are nobody's until this one says that it needs them.
TEST(Processes, ACollectionLeavesTheDerivationsThatArePlannedWith) {
  World world;
  const StorePath low = world.add({.name = "low", .script = "echo low > $out"});
  const StorePath high = world.add({.name = "high", .script = "b cat $in0 > $out", .needs = {low}});
  {
    const std::unique_ptr<Store> ended = Store::open(world.store->root()).value();
    ASSERT_TRUE(DerivationWriter(*ended, world.graph).write({low}));
  }
  DerivationWriter writer(*world.store, world.graph);
  ASSERT_TRUE(writer.write({low}));
  ASSERT_TRUE(Store::open(world.store->root()).value()->collect_garbage({}));
  const Result<void> written = writer.write({high});
  EXPECT_TRUE(written) << render(written.error());
  EXPECT_TRUE(world.store->is_valid(low).value());
}

// Nothing of the run itself goes, whatever is wanted free; what nobody needs does.
TEST(Processes, ADiskThatIsNearlyFullIsCollectedBeforeABuild) {
  World world;
  const StorePath unused = [&] {
    const std::unique_ptr<Store> ended = Store::open(world.store->root()).value();
    return ended->add_text("unused", "x").value();
  }();
  const StorePath low = world.add({.name = "low", .script = "echo low > $out"});
  const StorePath high = world.add({.name = "high", .script = "b cat $in0 > $out", .needs = {low}});
  world.options.free_space = {.least = UINT64_MAX, .wanted = UINT64_MAX};
  const Result<RealiseResult> result = world.realise({high});
  ASSERT_TRUE(result) << render(result.error());
  EXPECT_EQ(result->built.size(), 2u);
  EXPECT_FALSE(world.store->is_valid(unused).value());
  const std::vector<std::string> said = world.journal.starting_with("message ");
  ASSERT_EQ(said.size(), 1U) << "what did not help is not done before every build";
  EXPECT_THAT(said[0], testing::MatchesRegex("message note: deleted 1 path, [0-9.]+ k?B, to make room: .* of the disk are free, and --min-free is .*"));
  // With room enough nothing goes.
  const StorePath kept = [&] {
    const std::unique_ptr<Store> ended = Store::open(world.store->root()).value();
    return ended->add_text("kept", "x").value();
  }();
  const StorePath other = world.add({.name = "other", .script = "echo other > $out"});
  world.options.free_space = {.least = 1};
  ASSERT_TRUE(world.realise({other}));
  EXPECT_TRUE(world.store->is_valid(kept).value());
}

TEST(Processes, InputsThatAreValidNeedNoSources) {
  const TempDir dir = TempDir::create("swage-gone", fast_directory()).value();
  const auto add = [](World& world) {
    const Source tarball{make_fixed_path("old.tar", ContentMethod::flat, sha256("bytes")).value(), Source::Download{.name = "old.tar"}};
    world.graph.sources.emplace(tarball.path, tarball);
    const StorePath low = world.add({.name = "low", .script = "echo low > $out", .sources = {tarball.path}});
    return std::tuple(tarball.path, low, world.add({.name = "high", .script = "b cat $in0 > $out", .needs = {low}}));
  };
  const std::string first = Child([&] {
    World world(dir.path() / "home");
    world.fetcher.files["old.tar"] = "bytes";
    const auto [tarball, low, high] = add(world);
    const Result<RealiseResult> result = world.realise(low);
    return result ? "ok" : render(result.error());
  }).join();
  ASSERT_EQ(first, "ok");
  World world(dir.path() / "home");
  const auto [tarball, low, high] = add(world);
  const Result<GcResult> deleted = world.store->delete_paths({tarball, low});
  ASSERT_TRUE(deleted) << render(deleted.error());
  EXPECT_EQ(world.error_of(high), "");
  EXPECT_THAT(world.fetcher.journal, IsEmpty());
  EXPECT_FALSE(world.store->is_valid(high).value()) << "its .drv would refer to one that is not there";
  EXPECT_EQ(world.store->query(world.output(high)).value()->deriver, high);
}

// Twenty times: killed at a random moment, the store is sound, and the next run goes on where it can.
TEST(Processes, KilledAtAnyMomentTheStoreStaysSound) {
  const TempDir dir = TempDir::create("swage-killed", fast_directory()).value();
  const fs::path home = dir.path() / "home";
  { World world(home); }
  std::mt19937 random(4711);
  for (int round = 0; round < 20; ++round) {
    Child child([&] { return build_all(home, "0.01"); });
    ::usleep(static_cast<useconds_t>(random() % 150'000));
    child.kill();
    (void)child.join();
    if (round % 4 == 3) expect_clean(home);
    if (round % 10 == 9) {
      World world(home);  // begin anew
      StorePathSet outputs;
      for (const StorePath& drv : add_graph(world, "0.01"))
        for (const auto& [name, output] : world.graph.derivations[world.graph.index.at(drv)].drv.outputs) outputs.insert(StorePath::parse(output.path).value());
      const Result<StorePathSet> valid = world.store->valid_paths(outputs);
      ASSERT_TRUE(valid);
      const Result<GcResult> deleted = world.store->delete_paths(*valid);
      EXPECT_TRUE(deleted) << render(deleted.error());
    }
  }
  const std::string last = Child([&] { return build_all(home, "0.01"); }).join();
  EXPECT_EQ(last.size(), 1u) << last;
  expect_clean(home);
  EXPECT_THAT(list_directory(home / "nix/var/swage/builds").value(), IsEmpty());
}

// Makes this process root of a user namespace with private mounts, and mounts a tmpfs at `where`.
bool mount_private_tmpfs(const fs::path& where, const char* options) {
  const std::string uid = fmt::format("0 {} 1", ::geteuid()), gid = fmt::format("0 {} 1", ::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;   // EINVAL under the thread sanitizer, which has a thread
  const auto put = [](const char* path, std::string_view text) {
    const Result<UniqueFd> fd = open_file(path, O_WRONLY);
    return fd && write_all(fd->get(), text, path);
  };
  return put("/proc/self/setgroups", "deny") && put("/proc/self/uid_map", uid) && put("/proc/self/gid_map", gid) &&
         ::mount("none", where.c_str(), "tmpfs", 0, options) == 0;
}

TEST(FileSystem, AFullDiskIsNotTheBuildersFault) {
  const TempDir dir = TempDir::create("swage-full", fast_directory()).value();
  const std::string text = Child([&]() -> std::string {
    if (!mount_private_tmpfs(dir.path(), "size=12m")) return "no namespace";
    World world(dir.path() / "home");
    const StorePath drv = world.add({.name = "big", .script = "b head -c 30000000 /dev/zero > $out 2> /dev/null || { echo no room; exit 1; }"});
    const Result<RealiseResult> result = world.realise(drv);
    return result ? "ok" : fmt::format("{}exit {}\n", render(result.error()), exit_code(result.error().code));
  }).join();
  if (text == "no namespace") GTEST_SKIP() << text;
  EXPECT_EQ(text, "error: 'big' did not build: the disk is full\n"
                  "note: last line of its log:\n  no room\n"
                  "hint: free space with: swage store gc\nexit 4\n");
}

// Others have made room before the failure is looked at.
TEST(FileSystem, ADiskThatWasFullIsNotTheBuildersFault) {
  World world;
  const StorePath drv = world.add({.name = "big", .script = "b echo 'ld: final link failed: No space left on device'; exit 1"});
  const Result<RealiseResult> result = world.realise(drv);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "'big' did not build: the disk is full");
  EXPECT_EQ(exit_code(result.error().code), 4);
}

TEST(FileSystem, AReadOnlyStoreCannotBuild) {
  const TempDir dir = TempDir::create("swage-read-only", fast_directory()).value();
  const std::string text = Child([&]() -> std::string {
    if (!mount_private_tmpfs(dir.path(), "size=12m")) return "no namespace";
    { World world(dir.path() / "home"); }
    World world(dir.path() / "home");
    const StorePath drv = world.add({.name = "any", .script = "echo > $out"});
    world.store.reset();
    if (::mount("none", dir.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0) return std::strerror(errno);
    world.store = Store::open(dir.path() / "home").value();
    const Result<RealiseResult> result = world.realise(drv);
    std::string said = result ? "ok" : fmt::format("{}exit {}\n", render(result.error()), exit_code(result.error().code));
    for (std::size_t at = 0; (at = said.find(dir.path().string())) != std::string::npos;) said.replace(at, dir.path().string().size(), "DIR");
    return said;
  }).join();
  if (text == "no namespace") GTEST_SKIP() << text;
  EXPECT_EQ(text, "error: store 'DIR/home' is read-only\nexit 4\n");
}

}  // namespace
}  // namespace swage
