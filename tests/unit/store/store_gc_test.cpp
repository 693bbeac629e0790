#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "hard_trees.hpp"
#include "store/database.hpp"
#include "store_support.hpp"

namespace swage {
namespace {

using StoreGc = test::StoreTest;
using StoreLocks = test::StoreTest;
using StoreVerify = test::StoreTest;
using StoreCrash = test::StoreTest;

StorePathSet deleted(const Result<GcResult>& result) {
  if (!result) throw std::runtime_error(render(result.error()));
  return {result->deleted.begin(), result->deleted.end()};
}

// Runs `body` in a child process that then waits; the child ends with the object.
class Child {
 public:
  explicit Child(const std::function<void()>& body) {
    int ready[2];
    if (::pipe(ready) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      body();
      (void)!::write(ready[1], "x", 1);
      ::pause();
      ::_exit(0);
    }
    ::close(ready[1]);
    char byte = 0;
    (void)!::read(ready[0], &byte, 1);
    ::close(ready[0]);
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

// --- Garbage ---

// A linked result keeps what it was built with, and its own other outputs, though it refers to none of these.
TEST_F(StoreGc, KeepsWhatRootsWereBuiltWith) {
  ModuloCache cache;
  const auto derive = [&](std::string_view name, std::map<StorePath, std::set<std::string>> inputs, std::initializer_list<const char*> outputs) {
    Derivation drv{.name = std::string(name), .input_drvs = std::move(inputs), .system = "x86_64-linux", .builder = "/bin/sh"};
    for (const char* output : outputs) drv.outputs[output];
    return finish_derivation(std::move(drv), cache).value();
  };
  const FinishedDerivation compiler = derive("compiler", {}, {"out"}), unused = derive("unused", {}, {"out"});
  const FinishedDerivation program = derive("program", {{compiler.path, {"out"}}}, {"out", "dev"});
  EXPECT_DONE(store->add_derivations({&compiler, &unused, &program}));
  const auto make = [&](const FinishedDerivation& drv, const char* output) {
    return add_output(StorePath::parse(drv.drv.outputs.at(output).path).value(), {}, "text", drv.path);
  };
  const StorePath made_compiler = make(compiler, "out"), made_unused = make(unused, "out");
  const StorePath out = make(program, "out"), dev = make(program, "dev");
  reopen();
  fs::create_symlink(out.str(), scratch / "result");
  EXPECT_DONE(store->add_indirect_root(scratch / "result"));
  SWAGE_OK(const GcResult usual, store->collect_garbage({.dry_run = true}));
  EXPECT_EQ(StorePathSet(usual.deleted.begin(), usual.deleted.end()), (StorePathSet{made_unused, unused.path}));
  const auto size = [&](const StorePath& path) { return store->query(path).value()->nar_size; };
  ASSERT_EQ(usual.kept.size(), 2U);
  EXPECT_EQ(usual.kept[0].because, GcKept::Because::link);
  EXPECT_EQ(usual.kept[0].bytes, size(out) + size(program.path) + size(compiler.path));
  EXPECT_EQ(usual.kept[1].because, GcKept::Because::building);
  EXPECT_EQ(usual.kept[1].paths, 2U);
  EXPECT_EQ(usual.kept[1].bytes, size(made_compiler) + size(dev));
  SWAGE_OK(const GcResult bare, store->collect_garbage({.dry_run = true, .keep_build_inputs = false}));
  EXPECT_EQ(StorePathSet(bare.deleted.begin(), bare.deleted.end()), (StorePathSet{made_unused, unused.path, made_compiler, dev}));
  EXPECT_EQ(bare.kept.size(), 1U);
  // What is named is meant.
  EXPECT_EQ(deleted(store->delete_paths({made_compiler})), StorePathSet{made_compiler});
  fs::remove(scratch / "result");
  EXPECT_EQ(deleted(store->collect_garbage({})), (StorePathSet{made_unused, unused.path, dev, out, compiler.path, program.path}));
}

TEST_F(StoreGc, OfTheNamedOnlyThoseGoThatNothingNeeds) {
  const StorePath library = add_output("library", {}), program = add_output("program", {library}),
                  alone = add_output("alone", {});
  const StorePath linked = add_output("linked", {}), other = add_output("other", {});
  reopen();
  fs::create_symlink(linked.str(), scratch / "result");
  EXPECT_DONE(store->add_indirect_root(scratch / "result"));
  EXPECT_EQ(deleted(store->collect_garbage({.only = StorePathSet{library, alone, linked}})), StorePathSet{alone})
      << "what is dead and not named still refers to the library";
  EXPECT_EQ(deleted(store->collect_garbage({.only = StorePathSet{}})), StorePathSet{});
  EXPECT_EQ(deleted(store->collect_garbage({.only = StorePathSet{library, program}})),
            (StorePathSet{library, program}));
  EXPECT_EQ(deleted(store->collect_garbage({})), StorePathSet{other});
  EXPECT_TRUE(store->verify({}).value().problems.empty());
}

// For a run of days, which is done with what it began with.
TEST_F(StoreGc, ATemporaryRootCanBeDropped) {
  const StorePath kept = add_output("kept", {}), dropped = add_output("dropped", {});
  reopen();
  EXPECT_DONE(store->drop_temp_roots({dropped}));   // there are none
  EXPECT_DONE(store->add_temp_roots({kept, dropped}));
  EXPECT_EQ(deleted(store->collect_garbage({})), StorePathSet{});
  EXPECT_DONE(store->drop_temp_roots({dropped}));
  EXPECT_EQ(deleted(store->collect_garbage({})), StorePathSet{dropped});
  const StorePath again = add_output("again", {});
  EXPECT_DONE(store->add_temp_root(again));
  EXPECT_DONE(store->drop_temp_roots({kept}));
  EXPECT_EQ(deleted(store->collect_garbage({})), StorePathSet{kept}) << "a root that comes after is one";
}

TEST_F(StoreGc, KeepsWhatRootsReach) {
  const StorePath a = add_output("a", {}), b = add_output("b", {a}), c = add_output("c", {}), d = add_output("d", {c});
  reopen();
  fs::create_symlink(b.str(), scratch / "result");
  EXPECT_DONE(store->add_indirect_root(scratch / "result"));
  EXPECT_EQ(deleted(store->collect_garbage({.dry_run = true})), (StorePathSet{c, d}));
  EXPECT_TRUE(path_exists(store->real_path(c)));
  SWAGE_OK(const GcResult result, store->collect_garbage({}));
  EXPECT_EQ(result.deleted, (std::vector<StorePath>{d, c}));
  EXPECT_GT(result.bytes_freed, 0u);
  EXPECT_EQ(store->all_paths().value().size(), 2u);
  EXPECT_FALSE(path_exists(store->real_path(c)));
  EXPECT_FALSE(path_exists(store->real_path(d)));
  EXPECT_TRUE(store->verify({}).value().problems.empty());
  // The link goes, and so does the root.
  fs::remove(scratch / "result");
  EXPECT_EQ(deleted(store->collect_garbage({})), (StorePathSet{a, b}));
  EXPECT_TRUE(list_directory(root / "nix/var/nix/gcroots/auto").value().empty());
}

TEST_F(StoreGc, RootsMayNameTheRealPathAndBeDirect) {
  const StorePath a = add_output("a", {}), b = add_output("b", {}), c = add_output("c", {});
  reopen();
  fs::create_symlink(store->real_path(a) / "bin", scratch / "result");
  EXPECT_DONE(store->add_indirect_root(scratch / "result"));
  fs::create_directories(root / "nix/var/nix/gcroots/sub/dir");
  fs::create_symlink(b.str(), root / "nix/var/nix/gcroots/sub/dir/mine");
  fs::create_symlink(c.str(), root / "nix/var/nix/profiles/default");
  SWAGE_OK(const std::vector<Store::Root> roots, store->find_roots());
  std::set<std::pair<std::string, StorePath>> found;
  for (const auto& found_root : roots) found.emplace(found_root.link, found_root.path);
  EXPECT_EQ(found, (std::set<std::pair<std::string, StorePath>>{{(scratch / "result").string(), a},
                                                                {(root / "nix/var/nix/gcroots/sub/dir/mine").string(), b},
                                                                {(root / "nix/var/nix/profiles/default").string(), c}}));
  EXPECT_TRUE(deleted(store->collect_garbage({})).empty());
}

TEST_F(StoreGc, ALiveOutputKeepsItsRegisteredDeriver) {
  ModuloCache cache;
  const FinishedDerivation input = finish_derivation({.name = "in", .outputs = {{"out", {}}}, .system = "s", .builder = "b"}, cache).value();
  const FinishedDerivation drv = finish_derivation({.name = "p", .outputs = {{"out", {}}}, .input_drvs = {{input.path, {"out"}}}, .system = "s", .builder = "b"}, cache).value();
  const FinishedDerivation other = finish_derivation({.name = "q", .outputs = {{"out", {}}}, .system = "s", .builder = "b"}, cache).value();
  EXPECT_DONE(store->add_derivations({&input, &drv, &other}));
  const StorePath built = add_output("built", {}, "x", drv.path), plain = add_output("plain", {});
  reopen();
  for (const StorePath& path : {built, plain}) fs::create_symlink(path.str(), root / "nix/var/nix/gcroots" / path.base());
  EXPECT_EQ(deleted(store->collect_garbage({})), StorePathSet{other.path});
}

TEST_F(StoreGc, ProcessesProtectWhatTheyWorkOn) {
  const StorePath a = add_output("a", {}), b = add_output("b", {a}), c = add_output("c", {});
  const StorePath planned = test::path_of("0000000000000000000000000000000a-planned");
  // One's own, too: those of add_output() are still held.
  EXPECT_TRUE(deleted(store->collect_garbage({})).empty());
  test::write(store->real_path(planned), "half");
  store.reset();
  {
    const Child child([&] {
      store = open();
      test::done(store->add_temp_root(b));
      test::done(store->add_temp_root(planned));
    });
    store = open();
    EXPECT_EQ(store->find_roots().value().size(), 1u);
    EXPECT_EQ(deleted(store->collect_garbage({})), StorePathSet{c});
    EXPECT_TRUE(path_exists(store->real_path(planned)));
  }
  // The child was killed: its file is there, and means nothing.
  EXPECT_FALSE(list_directory(root / "nix/var/nix/temproots").value().empty());
  EXPECT_EQ(deleted(store->collect_garbage({})), (StorePathSet{a, b}));
  EXPECT_TRUE(list_directory(root / "nix/var/nix/temproots").value().empty());
  EXPECT_FALSE(path_exists(store->real_path(planned)));
}

TEST_F(StoreGc, RunningProgramsProtectThemselves) {
  const StorePath a = add_output("a", {});
  store.reset();
  const Child child([&] { fs::current_path(root / "nix/store" / a.base()); });
  store = open();
  EXPECT_TRUE(deleted(store->collect_garbage({})).empty());
  SWAGE_OK(const auto roots, store->find_roots());
  ASSERT_EQ(roots.size(), 1u);
  EXPECT_EQ(roots[0].path, a);
}

TEST_F(StoreGc, StopsWhenEnoughIsFreed) {
  const StorePath a = add_output("a", {}, std::string(5000, 'x')), b = add_output("b", {a}, std::string(5000, 'x'));
  reopen();
  SWAGE_OK(const GcResult some, store->collect_garbage({.dry_run = true, .max_freed = 1}));
  EXPECT_EQ(some.left.paths, 1U);
  EXPECT_EQ(some.left.bytes, store->query(a).value()->nar_size);
  EXPECT_EQ(deleted(store->collect_garbage({.max_freed = 1})), StorePathSet{b});
  EXPECT_EQ(deleted(store->collect_garbage({.max_freed = 1})), StorePathSet{a});
}

TEST_F(StoreGc, TheOldestGoesFirstAndTheNewStays) {
  const std::int64_t now = std::time(nullptr);
  const StorePath late = add_output("late", {}, "x", {}, now - 100), library = add_output("library", {}, "x", {}, now - 9000);
  const StorePath old = add_output("old", {}, "x", {}, now - 5000), program = add_output("program", {library}, "x", {}, now - 50);
  reopen();
  SWAGE_OK(const GcResult kept, store->collect_garbage({.dry_run = true, .keep_newer = 1000}));
  EXPECT_EQ(kept.deleted, std::vector{old});
  ASSERT_EQ(kept.kept.size(), 1U);
  EXPECT_EQ(kept.kept[0].because, GcKept::Because::newer);
  EXPECT_EQ(kept.kept[0].paths, 3U) << "the library is old, and what is new refers to it";
  // The library is the oldest, and may go only after the program.
  SWAGE_OK(const GcResult all, store->collect_garbage({}));
  EXPECT_EQ(all.deleted, (std::vector{old, late, program, library}));
}

TEST_F(StoreGc, LogsOfWhatIsGoneGoAMonthLater) {
  ModuloCache cache;
  const FinishedDerivation drv =
      finish_derivation({.name = "kept", .outputs = {{"out", {}}}, .system = "x86_64-linux", .builder = "/bin/sh"}, cache).value();
  EXPECT_DONE(store->add_derivations({&drv}));
  const StorePath kept = drv.path, gone = path_of(std::string(32, '0') + "-gone.drv"), recent = path_of(std::string(32, '1') + "-recent.drv");
  fs::create_symlink(kept.str(), root / "nix/var/nix/gcroots/kept");
  reopen();
  const auto log = [&](const StorePath& of) { return store->log_dir() / of.base().substr(0, 2) / (of.base().substr(2) + ".bz2"); };
  for (const StorePath& one : {kept, gone, recent}) test::write(log(one), "what it said");
  const auto age = [&](const fs::path& file, int days) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(24 * days));
  };
  age(log(kept), 31);
  age(log(gone), 31);
  age(log(recent), 29);
  test::write(store->log_dir() / "aa/no log", "");
  age(store->log_dir() / "aa/no log", 31);
  EXPECT_DONE(store->collect_garbage({}));
  EXPECT_TRUE(path_exists(log(kept)));
  EXPECT_FALSE(path_exists(log(gone)));
  EXPECT_TRUE(path_exists(log(recent)));
  EXPECT_TRUE(path_exists(store->log_dir() / "aa/no log"));
}

TEST_F(StoreGc, RemovesLitter) {
  const StorePath kept = add_output("kept", {});
  reopen();
  fs::create_symlink(kept.str(), root / "nix/var/nix/gcroots/kept");
  const fs::path dir = root / "nix/store";
  test::write(dir / "0000000000000000000000000000000a-half/sub/f", "x");
  fs::permissions(dir / "0000000000000000000000000000000a-half/sub", fs::perms::none);
  test::write(dir / "tmp-something", "x");
  test::write(dir / "0000000000000000000000000000000b-x.lock", "");
  test::write(store->work_dir() / "builds/abc/f", "x");
  test::write(store->work_dir() / "staging/1.abc/f", "x");
  test::write(store->work_dir() / "durations", "kept");
  const UniqueFd unused = open_file(dir / ".links/unused", O_CREAT | O_WRONLY, 0444).value();
  EXPECT_TRUE(deleted(store->collect_garbage({})).empty());
  EXPECT_EQ(list_directory(dir).value(), (std::vector<std::string>{".links", kept.base()}));
  EXPECT_TRUE(list_directory(dir / ".links").value().empty());
  for (const char* kind : {"builds", "staging", "trash"}) EXPECT_TRUE(list_directory(store->work_dir() / kind).value().empty()) << kind;
  EXPECT_TRUE(path_exists(store->work_dir() / "durations"));
}

TEST_F(StoreGc, RemovesWhatKilledProcessesLeft) {
  const fs::path work = store->work_dir(), downloads = work / "downloads";
  const std::vector<fs::path> left{
      work / "src-.abc123/tree/f", work / "new-.abc123/f", work / "builds/hash.abc123/build/f", work / "staging/1.abc123/f", downloads / "abc.part",
      downloads / "abc.lock", downloads / "member.abc123/tree", root / "cache/apt/downloads/abc.part", root / "cache/apt/downloads/seed.abc123/f",
      work / "trash/1.abc123/trash-2.abc123/trash-3.abc123/f"};
  for (const fs::path& file : left) test::write(file, "x");
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ::waitpid(dead, nullptr, 0);
  const std::string left_temporary = ".tmp." + std::to_string(dead), living_temporary = ".tmp." + std::to_string(::getpid());
  const std::vector<fs::path> temporaries{root / "swage.lock", work / "durations", root / "nix/var/nix/gcroots/auto/link"};
  const timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
  for (const fs::path& file : temporaries)
    for (const std::string& end : {left_temporary, living_temporary}) {
      test::write(file.string() + end, "x");
      ::utimensat(AT_FDCWD, (file.string() + end).c_str(), old, 0);
    }
  test::write(root / ("fresh" + left_temporary), "x");
  // What is in use, and what is kept.
  const TempDir held = TempDir::create("src-", work).value();
  const FileLock continued = FileLock::acquire(downloads / "held.lock", FileLock::Mode::exclusive).value();
  const std::vector<fs::path> kept{downloads / "held.part", work / "failed/abc-0/f", root / "cache/apt/index.abc123"};
  for (const fs::path& file : kept) test::write(file, "x");
  SWAGE_OK(const GcResult result, store->collect_garbage({}));
  EXPECT_TRUE(result.stuck.empty());
  for (const fs::path& file : left) EXPECT_FALSE(path_exists(file)) << file;
  for (const fs::path& file : temporaries) {
    EXPECT_FALSE(path_exists(file.string() + left_temporary)) << file;
    EXPECT_TRUE(path_exists(file.string() + living_temporary)) << file;
  }
  EXPECT_TRUE(path_exists(root / ("fresh" + left_temporary)));
  EXPECT_TRUE(path_exists(held.path()));
  for (const fs::path& file : kept) EXPECT_TRUE(path_exists(file)) << file;
  EXPECT_TRUE(list_directory(work / "trash").value().empty());
}

TEST_F(StoreGc, ManyCollectorsAtOnce) {
  for (int i = 0; i < 60; ++i) add_output("o" + std::to_string(i), {});
  store.reset();
  std::vector<pid_t> children;
  for (int p = 0; p < 4; ++p) {
    const pid_t child = ::fork();
    if (child == 0) {
      store = open();
      for (int i = 0; i < 15; ++i) {
        test::write(root / "nix/store" / ("litter" + std::to_string(p * 100 + i)) / "f", "x");
        if (const auto result = store->collect_garbage({}); !result || !result->stuck.empty()) ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(list_directory(root / "nix/store").value(), std::vector<std::string>{".links"});
  EXPECT_TRUE(list_directory(root / "nix/var/swage/trash").value().empty());
}

TEST_F(StoreGc, SkipsAndNamesWhatAnotherUserMade) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can leave what a user cannot move";
  const StorePath roots = add_output("roots", {}), mine = add_output("mine", {});
  test::write(root / "nix/store/litter-of-root/f", "x");
  test::write(root / "nix/var/nix/temproots/1", "", 0600);
  store.reset();
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.path().string().find(roots.base()) == std::string::npos && entry.path().string().find("of-root") == std::string::npos &&
        !entry.path().string().ends_with("temproots/1")) {
      ASSERT_EQ(::lchown(entry.path().c_str(), test::kNobody, test::kNobody), 0);
    }
  ASSERT_EQ(::chown(scratch.path().c_str(), test::kNobody, test::kNobody), 0);
  test::as_nobody(root, [&] {
    for (const bool repair : {false, true}) {
      SWAGE_OK(const auto opened, Store::open(root));
      std::vector<std::string> stuck;
      if (repair) {
        SWAGE_OK(const VerifyResult result, opened->verify({.repair = true}));
        for (const Error& error : result.stuck) stuck.push_back(error.what.substr(0, error.what.find("' to '")));
      } else {
        SWAGE_OK(const GcResult result, opened->collect_garbage({}));
        EXPECT_EQ(result.deleted.size(), 2u);
        for (const Error& error : result.stuck) stuck.push_back(error.what.substr(0, error.what.find("' to '")));
      }
      EXPECT_EQ(stuck, (std::vector<std::string>{"cannot move '" + (root / "nix/store" / roots.base()).string(),
                                                 "cannot move '" + (root / "nix/store/litter-of-root").string()}));
      EXPECT_FALSE(path_exists(opened->real_path(mine)));
    }
  });
}

TEST_F(StoreGc, TheReserveIsGivenUpAndRenewed) {
  const fs::path reserve = root / "nix/var/nix/db/reserved";
  EXPECT_EQ(fs::file_size(reserve), 8u * 1024 * 1024);
  store.reset();
  store = Store::open(root, Store::Purpose::free_space).value();
  EXPECT_FALSE(path_exists(reserve));
  ASSERT_TRUE(store->collect_garbage({}));
  store.reset();
  EXPECT_EQ(fs::file_size(reserve), 8u * 1024 * 1024);
}

// A database of thousands of paths on a disk with 0 bytes left: the log of one long transaction would not fit.
TEST_F(StoreGc, WorksOnAFullDisk) {
  for (const bool reserve_is_lost : {false, true})
    test::on_small_disk(scratch / "disk", 48 * 1024 * 1024, [&] {
      store.reset();
      root = scratch / "disk/home";
      store = open();
      ModuloCache cache;
      std::vector<FinishedDerivation> drvs;
      for (int i = 0; i < 2000; ++i) {
        Derivation drv{.name = "d" + std::to_string(i), .outputs = {{"out", {}}}, .system = "s", .builder = "b"};
        if (i > 1) drv.input_drvs = {{drvs[static_cast<std::size_t>(i) / 2].path, {"out"}}, {drvs.back().path, {"out"}}};
        drvs.push_back(finish_derivation(std::move(drv), cache).value());
      }
      std::vector<const FinishedDerivation*> batch;
      for (const FinishedDerivation& drv : drvs) batch.push_back(&drv);
      EXPECT_DONE(store->add_derivations(batch));
      store.reset();
      if (reserve_is_lost) {
        fs::remove(root / "nix/var/nix/db/reserved");
        test::write(root / "nix/var/swage/builds/left.abc123/f", std::string(300'000, 'x'));
      }
      test::fill_disk(scratch / "disk/ballast");
      const auto refused = Store::open(root);
      const auto paths = refused ? (*refused)->all_paths().map([](const auto&) {}) : Result<void>(Fail(refused.error()));
      if (!paths) {
        EXPECT_EQ(paths.error().code, Errc::environment);
        EXPECT_EQ(paths.error().hint, "free space with: swage store gc");
      }
      SWAGE_OK(auto opened, Store::open(root, Store::Purpose::free_space));
      SWAGE_OK(const GcResult result, opened->collect_garbage({}));
      EXPECT_EQ(result.deleted.size(), 2000u);
      EXPECT_TRUE(result.stuck.empty()) << result.stuck.front().what;
      EXPECT_TRUE(opened->all_paths().value().empty());
      EXPECT_EQ(list_directory(root / "nix/store").value(), std::vector<std::string>{".links"});
      opened.reset();
      EXPECT_TRUE(reserve_is_lost || path_exists(root / "nix/var/nix/db/reserved"));
    });
}

TEST_F(StoreGc, ADiskWithoutAnyRoomIsHonestlyReported) {
  test::on_small_disk(scratch / "disk", 24 * 1024 * 1024, [&] {
    store.reset();
    root = scratch / "disk/home";
    open();
    fs::remove(root / "nix/var/nix/db/reserved");
    test::fill_disk(scratch / "disk/ballast");
    const auto opened = Store::open(root, Store::Purpose::free_space);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().hint, "there is no room even for that: remove some file on this disk, 1 MB is enough, then: swage store gc");
    fs::resize_file(scratch / "disk/ballast", fs::file_size(scratch / "disk/ballast") - 1'000'000);
    SWAGE_OK(const auto again, Store::open(root, Store::Purpose::free_space));
    EXPECT_TRUE(again->collect_garbage({}));
  });
}

// What a home was called before it was moved is still written in the links to it.
TEST_F(StoreGc, RootsOfAMovedHomeHold) {
  const StorePath a = add_output("a", {});
  store.reset();
  fs::create_symlink(root / "nix/store" / a.base(), scratch / "result");
  EXPECT_DONE(open()->add_indirect_root(scratch / "result"));
  fs::rename(root, scratch / "moved");
  root = scratch / "moved";
  store = open();
  EXPECT_TRUE(deleted(store->collect_garbage({})).empty());
}

TEST_F(StoreGc, LeavesWhatOthersHaveLocked) {
  const StorePath registered = add_output("registered", {}), half = test::path_of("0000000000000000000000000000000a-half");
  test::write(store->real_path(half), "x");
  store.reset();
  const Child child([&] {
    store = open();
    static const auto locks = store->lock_paths({registered, half});
  });
  store = open();
  EXPECT_TRUE(deleted(store->collect_garbage({})).empty());
  EXPECT_TRUE(path_exists(store->real_path(half)));
  EXPECT_TRUE(path_exists(store->real_path(half).string() + ".lock"));
}

TEST_F(StoreGc, DeletesNamedPathsOnlyWhenNothingNeedsThem) {
  const StorePath a = add_output("a", {}), b = add_output("b", {a}), c = add_output("c", {});
  reopen();
  fs::create_symlink(c.str(), root / "nix/var/nix/gcroots/c");
  EXPECT_FAILS(store->delete_paths({a}), Errc::invalid_input, "'" + a.str() + "' is in use: '" + b.str() + "' refers to it");
  EXPECT_FAILS(store->delete_paths({c}), Errc::invalid_input,
               "'" + c.str() + "' is in use: it is a root: " + (root / "nix/var/nix/gcroots/c").string());
  const StorePath none = test::path_of("0000000000000000000000000000000a-none");
  EXPECT_FAILS(store->delete_paths({none}), Errc::invalid_input, "'" + none.str() + "' is not in the store");
  EXPECT_EQ(deleted(store->delete_paths({a, b})), (StorePathSet{a, b}));
  EXPECT_EQ(store->all_paths().value(), std::vector<StorePath>{c});
  EXPECT_FALSE(path_exists(store->real_path(a)));
}

TEST_F(StoreGc, AddersWaitForACollection) {
  auto lock = std::make_optional(FileLock::acquire(root / "nix/var/nix/gc.lock", FileLock::Mode::exclusive).value());
  std::atomic<bool> added = false;
  std::thread adder([&] {
    test::done(store->add_temp_root(test::path_of("0000000000000000000000000000000a-x")));
    added = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(added);
  lock.reset();
  adder.join();
  EXPECT_TRUE(added);
}

// --- Locks ---

TEST_F(StoreLocks, ExcludeOtherProcessesAndVanish) {
  const StorePath a = test::path_of("0000000000000000000000000000000a-x"), b = test::path_of("0000000000000000000000000000000b-x");
  {
    const Child child([&] { static const auto locks = open()->lock_paths({b}); });
    EXPECT_FALSE(store->try_lock_paths({a, b}).value());
    EXPECT_FALSE(path_exists(store->real_path(a).string() + ".lock"));
    EXPECT_TRUE(store->try_lock_paths({a}).value());
  }
  {
    const auto locks = store->try_lock_paths({a, b});
    EXPECT_TRUE(locks->has_value());
  }
  EXPECT_EQ(list_directory(root / "nix/store").value(), std::vector<std::string>{".links"});
}

TEST_F(StoreLocks, PassFromHolderToWaiter) {
  const StorePath a = test::path_of("0000000000000000000000000000000a-x");
  auto held = std::make_optional(store->lock_paths({a}).value());
  std::atomic<bool> got = false;
  std::thread waiter([&] {
    const auto locks = store->lock_paths({a});
    got = locks.has_value();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_FALSE(got);
  held.reset();
  waiter.join();
  EXPECT_TRUE(got);
}

// --- Damage ---

std::vector<std::pair<VerifyProblem::Kind, std::string>> problems(const VerifyResult& result) {
  std::vector<std::pair<VerifyProblem::Kind, std::string>> out;
  for (const auto& problem : result.problems) out.emplace_back(problem.kind, problem.path);
  std::sort(out.begin(), out.end());
  return out;
}

void overwrite(const fs::path& file, std::string_view text) {
  fs::permissions(file.parent_path(), fs::perms::owner_all);
  fs::remove(file);
  test::write(file, text, 0444);
}

TEST_F(StoreVerify, FindsEveryKindOfDamageAndRepairsIt) {
  using Kind = VerifyProblem::Kind;
  const StorePath good = add_output("good", {}), corrupt = add_output("corrupt", {good}), user = add_output("user", {corrupt});
  const StorePath missing = add_output("missing", {}), lost = add_output("lost", {missing});
  reopen();
  overwrite(store->real_path(corrupt) / "file", "different");
  ASSERT_TRUE(remove_tree(store->real_path(missing)));
  test::write(root / "nix/store/0000000000000000000000000000000a-litter", "x");
  std::vector<StorePath> seen;
  SWAGE_OK(const VerifyResult result, store->verify({}, [&](const StorePath& path) { seen.push_back(path); }));
  EXPECT_TRUE(result.damaged());
  EXPECT_EQ(result.checked, 5u);
  EXPECT_EQ(seen.size(), 5u);
  EXPECT_EQ(problems(result), (std::vector<std::pair<Kind, std::string>>{{Kind::missing, missing.str()},
                                                                         {Kind::hash_mismatch, corrupt.str()},
                                                                         {Kind::dangling_reference, lost.str()},
                                                                         {Kind::litter, "/nix/store/0000000000000000000000000000000a-litter"}}));
  EXPECT_EQ(problems(store->verify({.check_contents = false}).value()).size(), 3u);
  SWAGE_OK(const VerifyResult repaired, store->verify({.repair = true}));
  EXPECT_TRUE(repaired.damaged());
  EXPECT_TRUE(store->verify({}).value().problems.empty());
  EXPECT_EQ(store->all_paths().value(), std::vector<StorePath>{good});
  EXPECT_FALSE(path_exists(store->real_path(user)));
}

TEST_F(StoreVerify, AnInterruptIsNoDamage) {
  for (int i = 0; i < 5; ++i) add_output("o" + std::to_string(i), {});
  const pid_t child = ::fork();
  if (child == 0) {
    int seen = 0;
    const auto result = store->verify({}, [&](const StorePath&) {
      if (++seen == 2) request_interrupt();
    });
    ::_exit(!result && result.error().code == Errc::interrupted && seen == 2 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(StoreVerify, WhatCannotBeReadIsReportedAndLeftAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "a child of another user is needed";
  const StorePath a = add_output("a", {});
  store.reset();
  for (const auto& entry : fs::recursive_directory_iterator(root)) ASSERT_EQ(::lchown(entry.path().c_str(), test::kNobody, test::kNobody), 0);
  ASSERT_EQ(::chown(scratch.path().c_str(), test::kNobody, test::kNobody), 0);
  fs::permissions(root / "nix/store" / a.base() / "file", fs::perms::none);
  test::as_nobody(root, [&] {
    using Kind = VerifyProblem::Kind;
    SWAGE_OK(const auto opened, Store::open(root));
    SWAGE_OK(const VerifyResult result, opened->verify({.repair = true}));
    EXPECT_EQ(problems(result), (std::vector<std::pair<Kind, std::string>>{{Kind::unreadable, a.str()}}));
    EXPECT_TRUE(result.damaged());
    EXPECT_TRUE(opened->is_valid(a).value());
  });
}

TEST_F(StoreVerify, WhatIsBuiltMeanwhileIsNoLitter) {
  add_output("before", {});
  std::vector<StorePath> added;
  SWAGE_OK(const VerifyResult result, store->verify({}, [&](const StorePath&) {
    // One process registers and ends, another is about to.
    {
      const Child child([&] { (void)open()->add_text("ended", "x"); });
    }
    added.push_back(add_output("meanwhile", {}));
    const StorePath half = test::path_of("0000000000000000000000000000000a-half");
    test::done(store->add_temp_root(half));
    test::write(store->real_path(half), "x");
  }));
  EXPECT_EQ(added.size(), 1u);
  EXPECT_TRUE(result.problems.empty()) << result.problems.front().path;
}

TEST_F(StoreVerify, LitterIsNoDamage) {
  test::write(root / "nix/store/0000000000000000000000000000000a-litter", "x");
  SWAGE_OK(const VerifyResult result, store->verify({}));
  EXPECT_EQ(result.problems.size(), 1u);
  EXPECT_FALSE(result.damaged());
}

TEST_F(StoreVerify, SurvivesADamagedDatabase) {
  const StorePath good = add_output("good", {});
  reopen();
  {
    SWAGE_OK(Database database, Database::open(root / "nix/var/nix/db/db.sqlite", Database::Access::read_write));
    EXPECT_DONE(database.execute("pragma foreign_keys = 0;"
                                 "insert into ValidPaths (path, hash, registrationTime) values ('/tmp/x', 'y', 1);"
                                 "insert into Refs values (1, 4711)"));
    const std::string bad_hash = "update ValidPaths set hash = 'sha256:00' where path = '" + good.str() + "'";
    EXPECT_DONE(database.execute(bad_hash.c_str()));
  }
  SWAGE_OK(const VerifyResult result, store->verify({}));
  EXPECT_EQ(problems(result), (std::vector<std::pair<VerifyProblem::Kind, std::string>>{
                                  {VerifyProblem::Kind::hash_mismatch, good.str()},
                                  {VerifyProblem::Kind::dangling_reference, good.str()},
                                  {VerifyProblem::Kind::dangling_reference, "/tmp/x"}}) );
  ASSERT_TRUE(store->verify({.repair = true}));
  EXPECT_TRUE(store->verify({}).value().problems.empty());
  EXPECT_TRUE(store->all_paths().value().empty());
}

// --- Crashes ---

// Kills a process that adds and registers without end, at a random moment, and looks at what it leaves.
TEST_F(StoreCrash, LeavesAValidStoreAtAnyMoment) {
  for (int i = 0; i < 30; ++i) test::write(scratch / "t" / std::to_string(i), std::string(1000, 'x'));
  store.reset();
  for (int round = 0; round < 25; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      store = open();
      for (int i = 0;; ++i) {
        const std::string name = std::to_string(round) + "-" + std::to_string(i);
        add_output(name, {});
        if (!store->add_text(name, name) || !store->add_tree(name, scratch / "t")) ::_exit(1);
        if (i % 5 == 4 && !store->collect_garbage({})) ::_exit(1);
      }
    }
    ::usleep(2000 + 1700 * static_cast<useconds_t>(round));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child failed by itself";
    const auto opened = open();
    SWAGE_OK(const VerifyResult result, opened->verify({}));
    ASSERT_FALSE(result.damaged()) << result.problems.front().path << ": " << result.problems.front().detail;
  }
  store = open();
  ASSERT_TRUE(store->collect_garbage({}));
  EXPECT_EQ(list_directory(root / "nix/store").value(), std::vector<std::string>{".links"});
}

TEST_F(StoreCrash, EightProcessesAddTheSameThings) {
  for (int i = 0; i < 20; ++i) test::write(scratch / "t" / std::to_string(i), std::string(1000, 'x'));
  store.reset();
  std::vector<pid_t> children;
  for (int p = 0; p < 8; ++p) {
    const pid_t child = ::fork();
    if (child == 0) {
      store = open();
      for (int i = 0; i < 5; ++i)
        if (!store->add_text("text" + std::to_string(i), "x") || !store->add_tree("tree" + std::to_string(i), scratch / "t")) ::_exit(1);
      if (p == 3 && !store->collect_garbage({})) ::_exit(1);
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  store = open();
  EXPECT_FALSE(store->verify({}).value().damaged());
}

}  // namespace
}  // namespace swage
