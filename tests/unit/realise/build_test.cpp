// What a single derivation's build does and says.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.hpp"
#include "base/text.hpp"
#include "realise/build_dir.hpp"
#include "support/hard_trees.hpp"
#include "support/realise_world.hpp"

namespace swage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using testing_support::World;

class BuildTest : public testing::Test {
 protected:
  World world_{};
  std::string logged(const std::string& name) {
    std::string text;
    const std::string prefix = "log " + name + ": ";
    for (const std::string& line : world_.journal.starting_with(prefix)) text += line.substr(prefix.size()) + "\n";
    return text;
  }
  bool builds_is_empty() {
    const Result<std::vector<std::string>> names = list_directory(world_.store->work_dir() / "builds");
    return !names || names->empty();
  }
};

TEST_F(BuildTest, RegistersTheOutputOnceAndForAll) {
  const StorePath drv = world_.add({.name = "hello", .script = "echo working; echo hi > $out"});
  const Result<RealiseResult> first = world_.realise(drv);
  ASSERT_TRUE(first) << render(first.error());
  ASSERT_EQ(first->built.size(), 1u);
  EXPECT_EQ(first->built[0].drv, drv);
  EXPECT_EQ(world_.content(drv), "hi\n");
  EXPECT_THAT(world_.journal.lines(), ElementsAre("totals 0/1", "totals 0/1", "start build hello", "log hello: working", "done hello", "totals 1/1"));
  EXPECT_EQ(read_log(*world_.store, drv).value(), "working\n");
  const PathInfo info = world_.store->query(world_.output(drv)).value().value();
  EXPECT_EQ(info.deriver, drv);
  EXPECT_TRUE(info.ultimate);
  EXPECT_TRUE(world_.store->is_valid(drv).value()) << "the .drv file is there";
  struct stat st {};
  ASSERT_EQ(::lstat(world_.real(drv).c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0444u);
  EXPECT_EQ(st.st_mtime, 1);
  const Result<RealiseResult> second = world_.realise(drv);
  ASSERT_TRUE(second);
  EXPECT_THAT(second->built, IsEmpty());
  EXPECT_EQ(second->already_valid, 1u);
  EXPECT_TRUE(builds_is_empty());
}

TEST_F(BuildTest, EnvironmentIsNixsPlusMakeflags) {
  const StorePath drv = world_.add({.name = "env", .script = "b tr '\\0' '\\n' < /proc/1/environ | b sort; echo > $out", .env = {{"A", "x y"}}});
  ASSERT_EQ(world_.error_of(drv), "");
  EXPECT_EQ(logged("env"), fmt::format("A=x y\nHOME=/homeless-shelter\nMAKEFLAGS= -j2 --jobserver-auth=50,51\nNIX_BUILD_CORES=2\nNIX_BUILD_TOP=/build\n"
                                       "NIX_LOG_FD=2\nNIX_STORE=/nix/store\nPATH=/path-not-set\nPWD=/build\nTEMP=/build\nTEMPDIR=/build\n"
                                       "TERM=xterm-256color\nTMP=/build\nTMPDIR=/build\nname=env\nout={}\n",
                                       world_.output(drv).str()));
}

TEST_F(BuildTest, SeesItsClosureAndNothingElse) {
  const StorePath low = world_.add({.name = "low", .script = "echo low > $out"});
  const StorePath mid = world_.add({.name = "mid", .script = "echo $in0 > $out", .needs = {low}});
  const StorePath other = world_.add({.name = "other", .script = "echo other > $out"});
  const StorePath top = world_.add({.name = "top", .script = "b ls /nix/store; b cat $(b cat $in0) > $out", .needs = {mid}});
  ASSERT_EQ(world_.error_of(other), "");
  ASSERT_EQ(world_.error_of(top), "");
  std::vector<std::string> names{world_.busybox.base(), world_.output(low).base(), world_.output(mid).base()};
  std::sort(names.begin(), names.end());
  EXPECT_EQ(logged("top"), join(names, "\n") + "\n");
  EXPECT_EQ(world_.content(top), "low\n");
  EXPECT_THAT(world_.store->query(world_.output(mid)).value()->references, ElementsAre(world_.output(low)));
  EXPECT_THAT(world_.store->query(world_.output(top)).value()->references, IsEmpty());
}

TEST_F(BuildTest, SeveralOutputsMayReferToEachOther) {
  const StorePath drv = world_.add({.name = "multi", .script = "b mkdir $dev; echo $out > $dev/link; b mkdir $out; echo $out > $out/self; echo $lib > $out/lib; echo lib > $lib",
                                    .outputs = {"dev", "lib", "out"}});
  ASSERT_EQ(world_.error_of(drv), "");
  EXPECT_THAT(world_.store->query(world_.output(drv, "dev")).value()->references, ElementsAre(world_.output(drv)));
  EXPECT_THAT(world_.store->query(world_.output(drv)).value()->references, UnorderedElementsAre(world_.output(drv), world_.output(drv, "lib")));
  EXPECT_THAT(world_.store->query(world_.output(drv, "lib")).value()->references, IsEmpty());
}

TEST_F(BuildTest, FailureShowsTheEndOfTheLog) {
  world_.options.log_lines = 3;
  const StorePath drv = world_.add({.name = "bad", .script = "for i in 1 2 3 4; do echo line $i; done; echo half > $out; exit 3"});
  EXPECT_EQ(world_.error_of(drv), fmt::format("error: 'bad' did not build: builder ended with status 3\n"
                                              "note: last 3 lines of its log:\n  line 2\n  line 3\n  line 4\n"
                                              "hint: swage log {}\n", drv.str()));
  EXPECT_FALSE(world_.store->is_valid(world_.output(drv)).value());
  EXPECT_FALSE(path_exists(world_.real(drv)));
  EXPECT_EQ(read_log(*world_.store, drv).value(), "line 1\nline 2\nline 3\nline 4\n");
  EXPECT_TRUE(builds_is_empty());
  EXPECT_EQ(world_.journal.starting_with("failed"), std::vector<std::string>{"failed bad"});
}

TEST_F(BuildTest, FailureShowsTheFirstErrorOfTheLogToo) {
  const std::vector<LogLineRow> rows{{.id = "error", .pattern = "error:", .tool = LogTool::compiler}};
  const LogLines lines = LogLines::compile(rows).value();
  world_.options.error_lines = &lines;
  world_.options.log_lines = 2;
  FailedLog seen;
  world_.options.on_built = [&](const StorePath&, Result<BuildRecord>&, const FailedLog& log) { seen = log; };
  const StorePath drv = world_.add({.name = "bad", .script = "echo 0; echo x.c:1: error: y; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; done; exit 3"});
  EXPECT_EQ(world_.error_of(drv), fmt::format("error: 'bad' did not build: builder ended with status 3\n"
                                              "note: the first error, in line 2 of its log:\n  0\n  x.c:1: error: y\n  line 1\n  line 2\n  line 3\n"
                                              "  line 4\n  line 5\n  line 6\n  line 7\n  line 8\n"
                                              "note: last 2 lines of its log:\n  line 11\n  line 12\n"
                                              "hint: swage log {}\n", drv.str()));
  EXPECT_TRUE(seen.by_itself);
  EXPECT_EQ(seen.cause, &rows[0]);
  world_.error_of(world_.add({.name = "killed", .script = "echo error:; b sh -c 'kill -9 $$'; exit $?"}));
  EXPECT_FALSE(seen.by_itself || seen.cause) << "what was killed did not fail by itself";
  world_.options.timeout = std::chrono::seconds(1);
  world_.error_of(world_.add({.name = "slow", .script = "echo error:; b sleep 60"}));
  EXPECT_FALSE(seen.by_itself || seen.cause);
}

TEST_F(BuildTest, SilentFailureSaysSo) {
  const StorePath drv = world_.add({.name = "mute", .script = "exit 1"});
  EXPECT_EQ(world_.error_of(drv), fmt::format("error: 'mute' did not build: builder ended with status 1\nnote: it printed nothing\nhint: swage log {}\n", drv.str()));
}

TEST_F(BuildTest, MissingOutputIsAnError) {
  const StorePath drv = world_.add({.name = "gone", .script = "echo x > $out", .outputs = {"dev", "out"}});
  EXPECT_EQ(world_.error_of(drv), fmt::format("error: 'gone' did not make its output 'dev'\n"
                                              "note: its builder ended well, but '{}' does not exist\nhint: swage log {}\n",
                                              world_.output(drv, "dev").str(), drv.str()));
  EXPECT_FALSE(world_.store->is_valid(world_.output(drv)).value()) << "all outputs or none";
}

TEST_F(BuildTest, SpecialFilesInAnOutputAreRefused) {
  const StorePath drv = world_.add({.name = "fifo", .script = "b mkdir $out; b mkfifo $out/f"});
  const Result<RealiseResult> result = world_.realise(drv);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::build_failed);
  EXPECT_THAT(result.error().notes, testing::Contains("in output 'out' of 'fifo'"));
  EXPECT_TRUE(builds_is_empty());
}

TEST_F(BuildTest, FixedOutputMustHaveItsHash) {
  const std::string good = sha256("fixed\n").hex();
  const StorePath right = world_.add({.name = "right", .script = "echo fixed > $out", .hash_algo = "sha256", .hash = good});
  ASSERT_EQ(world_.error_of(right), "");
  EXPECT_EQ(world_.store->query(world_.output(right)).value()->ca->hash.hex(), good);
  const StorePath wrong = world_.add({.name = "wrong", .script = "echo other > $out", .hash_algo = "sha256", .hash = good});
  EXPECT_EQ(world_.error_of(wrong), fmt::format("error: 'wrong' made something else than its fixed hash says\nnote: expected sha256 {}\nnote:      got sha256 {}\n",
                                                good, sha256("other\n").hex()));
  const StorePath tree = world_.add({.name = "tree", .script = "b mkdir $out", .hash_algo = "sha256", .hash = good});
  EXPECT_EQ(world_.error_of(tree), "error: 'tree' must make a plain file that is not executable, because its hash is flat\n");
}

TEST_F(BuildTest, FixedTreeIsHashedAsNar) {
  const fs::path tree = world_.temporary->path() / "tree";
  ASSERT_TRUE(make_directories(tree));
  ASSERT_TRUE(write_file_atomically(tree / "file", "content\n"));
  const StorePath drv = world_.add({.name = "nar", .script = "b mkdir $out; echo content > $out/file", .hash_algo = "r:sha256", .hash = hash_nar(tree)->hash.hex()});
  EXPECT_EQ(world_.error_of(drv), "");
}

TEST_F(BuildTest, TimeoutKills) {
  world_.options.timeout = std::chrono::seconds(1);
  const StorePath drv = world_.add({.name = "slow", .script = "while :; do echo tick; b sleep 0.3; done"});
  EXPECT_THAT(world_.error_of(drv), HasSubstr("error: 'slow' did not build: it ran for more than 1 s\n"));
  EXPECT_THAT(world_.error_of(drv), HasSubstr("hint: give it longer with: --timeout SECONDS\n"));
}

TEST_F(BuildTest, AnEndlessLogEndsTheBuild) {
  world_.options.limits.log = 100'000;
  const StorePath drv = world_.add({.name = "chatty", .script = "b yes 'the same again'"});
  const std::string text = world_.error_of(drv);
  EXPECT_THAT(text, testing::StartsWith("error: 'chatty' did not build: it printed more than 100.0 kB\nnote: last 25 lines of its log:\n  the same again\n"));
  EXPECT_THAT(text, testing::EndsWith("\nhint: let it print more with: --max-log-size BYTES (0: any number)\n"));
  const std::string log = read_log(*world_.store, drv).value();
  EXPECT_GT(log.size(), 100'000u);
  EXPECT_LT(log.size(), 200'000u) << "a pipe's content more at most";
}

TEST_F(BuildTest, AForkBombEndsTheBuild) {
  world_.options.limits.processes = 100;
  // One that doubles itself, and one that only waits for what it has begun. While its namespace dies, fork fails with ENOMEM, and a shell
  // may have the time to say so.
  for (const char* script : {"bomb() { bomb | bomb & }; bomb 2>/dev/null; b sleep 100", "exec 2>/dev/null; while :; do b sleep 100 & done"})
    EXPECT_EQ(world_.error_of(world_.add({.name = "bomb", .script = script})),
              "error: 'bomb' did not build: it had more than 100 processes at once\nnote: it printed nothing\n"
              "hint: let it have more with: --max-processes NUMBER (0: any number)\n");
}

TEST_F(BuildTest, AMemoryEaterEndsTheBuild) {
  world_.options.limits.memory = 60'000'000;
  const StorePath drv = world_.add({.name = "hungry", .script = "x=$(b head -c 20000000 /dev/zero | b tr '\\0' x); (b sleep 100; b true) & y=$(b head -c 40000000 /dev/zero | b tr '\\0' y); b sleep 100; : $y"});
  EXPECT_EQ(world_.error_of(drv), "error: 'hungry' did not build: it needed more than 60.0 MB of memory\nnote: it printed nothing\n"
                                  "hint: let it have more with: --max-memory BYTES (0: all there is)\n");
  // What processes share is counted once.
  const StorePath sharing = world_.add({.name = "sharing", .script = "x=$(b head -c 10000000 /dev/zero | b tr '\\0' x); for i in 1 2 3 4 5 6 7 8 9; do (b sleep 1; b true) & done; wait; echo > $out"});
  EXPECT_EQ(world_.error_of(sharing), "");
}

TEST_F(BuildTest, TimeoutHoldsUntilTheOutputsAreRegistered) {
  world_.options.timeout = std::chrono::seconds(1);
  const std::string good = sha256("x").hex();
  const std::vector<StorePath> drvs{world_.add({.name = "sparse", .script = "b truncate -s 4096G $out"}),
                                    world_.add({.name = "flat", .script = "b truncate -s 4096G $out", .hash_algo = "sha256", .hash = good}),
                                    world_.add({.name = "nar", .script = "b mkdir $out; b truncate -s 4096G $out/f", .hash_algo = "r:sha256", .hash = good})};
  for (const StorePath& drv : drvs) {
    const std::string text = world_.error_of(drv);
    EXPECT_THAT(text, HasSubstr(" did not build: it ran for more than 1 s\nnote: its builder ended after 0."));
    EXPECT_THAT(text, HasSubstr(" s: the rest went into reading its outputs\n"));
  }
  EXPECT_TRUE(builds_is_empty());
}

TEST_F(BuildTest, TreesDeeperThanTheLimitOfDescriptors) {
  const test::DescriptorLimit limit(64);
  const std::string deep = "i=0; while [ $i -lt 100 ]; do b mkdir d; cd d; i=$((i+1)); done; echo x > leaf";
  const StorePath drv = world_.add({.name = "deep", .script = deep + "; b mkdir $out; cd $out; " + deep});
  EXPECT_EQ(world_.error_of(drv), "");
  EXPECT_TRUE(builds_is_empty());
  EXPECT_EQ(world_.error_of(world_.add({.name = "next", .script = "echo > $out"})), "");
  EXPECT_FALSE(world_.store->verify({})->damaged());
}

TEST_F(BuildTest, SilenceKillsEvenWithTheOutputClosed) {
  world_.options.max_silent = std::chrono::seconds(1);
  const StorePath drv = world_.add({.name = "quiet", .script = "echo begin; exec >&- 2>&-; b sleep 100"});
  EXPECT_EQ(world_.error_of(drv), "error: 'quiet' did not build: it printed nothing for 1 s\nnote: last line of its log:\n  begin\n"
                                  "hint: give it longer with: --max-silent-time SECONDS (0: for ever)\n");
}

TEST_F(BuildTest, AFailureIsToldWithItsTimes) {
  FailedLog told;
  world_.options.on_built = [&](const StorePath&, Result<BuildRecord>&, const FailedLog& log) { told = log; };
  world_.options.timeout = std::chrono::seconds(1);
  EXPECT_NE(world_.error_of(world_.add({.name = "busy", .script = "while true; do :; done"})), "");
  EXPECT_TRUE(told.by_clock && !told.by_itself);
  EXPECT_GE(told.seconds, 1);
  EXPECT_GT(told.cpu_seconds, 0);
  EXPECT_NE(world_.error_of(world_.add({.name = "wrong", .script = "exit 1"})), "");
  EXPECT_TRUE(!told.by_clock && told.by_itself);
}

TEST_F(BuildTest, KeepFailedKeepsTheBuildDirectory) {
  world_.options.keep_failed = true;
  const StorePath drv = world_.add({.name = "keep", .script = "echo evidence > file; exit 1"});
  const std::string kept = fmt::format("{}/failed/{}-keep-", world_.store->work_dir().string(), drv.hash_part().substr(0, 8));
  EXPECT_THAT(world_.error_of(drv), HasSubstr("note: its build directory is kept in '" + kept + "0'\n"));
  EXPECT_THAT(world_.error_of(drv), HasSubstr("'" + kept + "1'\n"));
  EXPECT_EQ(read_file(kept + "0/file").value(), "evidence\n");
  EXPECT_TRUE(builds_is_empty());
}

TEST_F(BuildTest, CheckAcceptsTheSameBytes) {
  const StorePath drv = world_.add({.name = "same", .script = "b mkdir $out; echo $out > $out/self"});
  world_.options.check = true;
  const Result<RealiseResult> result = world_.realise(drv);
  ASSERT_TRUE(result) << render(result.error());
  EXPECT_EQ(result->built.size(), 2u) << "built, then built again to compare";
  EXPECT_EQ(world_.journal.starting_with("start"), (std::vector<std::string>{"start build same", "start check same"}));
  ASSERT_TRUE(world_.realise(drv));
  EXPECT_EQ(world_.journal.starting_with("start check").size(), 2u);
}

TEST_F(BuildTest, CheckFindsDifferentBytes) {
  const StorePath drv = world_.add({.name = "random", .script = "b mkdir $out; b head -c 8 /dev/urandom > $out/r"});
  ASSERT_EQ(world_.error_of(drv), "");
  const std::string before = read_file(world_.real(drv) / "r").value();
  world_.options.check = true;
  const Result<RealiseResult> result = world_.realise(drv);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::irreproducible);
  EXPECT_EQ(result.error().what, "'random' is not reproducible: its output 'out' differs between two builds");
  ASSERT_EQ(result.error().notes.size(), 2u);
  EXPECT_THAT(result.error().notes[0], testing::MatchesRegex(" first sha256:[0-9a-z]{52}"));
  EXPECT_THAT(result.error().notes[1], testing::MatchesRegex("second sha256:[0-9a-z]{52}"));
  world_.options.keep_failed = true;
  const std::string text = world_.error_of(drv);
  const fs::path kept = world_.store->work_dir() / "failed" / (world_.output(drv).base() + ".check");
  EXPECT_THAT(text, HasSubstr(fmt::format("hint: swage store diff /nix/store/{} {}\n", world_.real(drv).filename().string(), kept.string())));
  EXPECT_EQ(read_file(kept / "r")->size(), 8u);
  EXPECT_EQ(read_file(world_.real(drv) / "r").value(), before) << "the valid one stays";
}

TEST_F(BuildTest, PassAsFileAndUnsupportedFeatures) {
  const StorePath drv = world_.add({.name = "pass", .script = "b cat $bigPath > $out; echo ${big-unset}", .env = {{"passAsFile", "big"}, {"big", "long text"}}});
  ASSERT_EQ(world_.error_of(drv), "");
  EXPECT_EQ(world_.content(drv), "long text");
  EXPECT_EQ(logged("pass"), "unset\n");
  const StorePath refs = world_.add({.name = "refs", .script = ":", .env = {{"exportReferencesGraph", "x /nix/store/x"}}});
  EXPECT_EQ(world_.error_of(refs), "error: 'refs' needs 'exportReferencesGraph', which only Nix itself offers\n");
}

TEST_F(BuildTest, UnreadableLitterInTheBuildDirectoryIsRemoved) {
  const StorePath drv = world_.add({.name = "litter", .script = "b mkdir -p a/b; echo x > a/b/c; b chmod 0 a/b a; echo > $out"});
  ASSERT_EQ(world_.error_of(drv), "");
  EXPECT_TRUE(builds_is_empty());
}

TEST_F(BuildTest, DirectoriesAreRemovedWhileOthersAreUsed) {
  const fs::path work = world_.store->work_dir();
  {
    BuildDirRemover remover;
    for (const char* name : {"one", "two"}) {
      auto dir = BuildDir::create(work, name);
      ASSERT_TRUE(dir);
      ASSERT_TRUE(write_file_atomically(dir->build() / "file", "x"));
      remover.take(std::move(*dir));
    }
    ASSERT_TRUE(BuildDir::create(work, "two").has_value()) << "does not wait for the one before, which is being removed";
  }
  EXPECT_TRUE(builds_is_empty());
}

TEST_F(BuildTest, StaleDirectoriesOfKilledProcessesAreRemoved) {
  const fs::path builds = world_.store->work_dir() / "builds";
  ASSERT_TRUE(make_directories(builds / "stale.abcdef/build/deep"));
  ASSERT_TRUE(make_directories(builds / "of-an-older-swage/build"));
  ASSERT_TRUE(write_file_atomically(builds / "of-an-older-swage.lock", ""));
  const BuildDir alive = BuildDir::create(world_.store->work_dir(), "alive").value();
  ASSERT_EQ(world_.error_of(world_.add({.name = "any", .script = "echo > $out"})), "");
  EXPECT_THAT(list_directory(builds).value(), ElementsAre(alive.build().parent_path().filename().string()));
}

TEST(BuildDirTest, WhatCannotBeRemovedIsInNobodysWay) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can leave what a user cannot remove";
  const TempDir work = TempDir::create("swage-test").value();
  const fs::path builds = work.path() / "builds";
  ASSERT_TRUE(make_directories(builds / "stuck.abcdef/build/inner"));
  ASSERT_TRUE(make_directories(builds / "other.abcdef/build/inner"));
  for (const char* mine : {".", "other.abcdef", "other.abcdef/build", "other.abcdef/build/inner"})
    ASSERT_EQ(::chown((builds / mine).c_str(), test::kNobody, test::kNobody), 0);
  test::as_nobody(work.path(), [&] {
    const Result<std::vector<Error>> stuck = clean_stale_builds(work.path());
    ASSERT_TRUE(stuck) << render(stuck.error());
    ASSERT_EQ(stuck->size(), 1u);
    EXPECT_EQ(stuck->at(0).what, "cannot remove '" + (builds / "stuck.abcdef/build/inner").string() + "': Permission denied");
    EXPECT_FALSE(path_exists(builds / "other.abcdef"));
    EXPECT_TRUE(BuildDir::create(work.path(), "stuck"));
  });
}

TEST_F(BuildTest, ReadLogSaysWhenThereIsNone) {
  const StorePath drv = world_.add({.name = "never", .script = ":"});
  const Result<std::string> log = read_log(*world_.store, drv);
  ASSERT_FALSE(log);
  EXPECT_EQ(render(log.error()), fmt::format("error: '{}' has no log: it was not built here\n", drv.str()));
}

TEST_F(BuildTest, NixReadsTheLog) {
  const StorePath drv = world_.add({.name = "log", .script = "echo one; echo two; echo > $out"});
  ASSERT_EQ(world_.error_of(drv), "");
  const Result<ProcessResult> nix = run_process({.argv = {"nix-store", "--store", world_.store->root().string(), "--read-log", drv.str()},
                                                   .env = std::map<std::string, std::string>{{"PATH", "/usr/bin:/bin"}, {"HOME", world_.temporary->path().string()}}});
  if (!nix) GTEST_SKIP() << "no nix-store here";
  EXPECT_EQ(nix->out, "one\ntwo\n") << nix->err;
}

}  // namespace
}  // namespace swage
