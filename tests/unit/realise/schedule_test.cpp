// Several derivations: order, failures, sources, interrupts.
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "support/realise_world.hpp"

namespace swage {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using testing_support::fast_directory;
using testing_support::Step;
using testing_support::World;
using Clock = std::chrono::steady_clock;

class ScheduleTest : public testing::Test {
 protected:
  Source text_source(const std::string& name, const std::string& content) {
    const StorePath path = make_text_path(name, sha256(content), {}).value();
    const Source source{path, Source::Text{content}};
    world_.graph.sources.emplace(path, source);
    return source;
  }
  Source download(const std::string& name, const std::string& bytes, bool reachable = true) {
    const StorePath path = make_fixed_path(name, ContentMethod::flat, sha256(bytes)).value();
    const Source source{path, Source::Download{.name = name, .sha256 = sha256(bytes).hex(), .size = bytes.size(), .urls = {"https://example.org/x/" + name}}};
    world_.graph.sources.emplace(path, source);
    if (reachable) world_.fetcher.files[name] = bytes;
    return source;
  }
  std::vector<std::string> started() { return world_.journal.starting_with("start build"); }
  World world_{};
};

TEST_F(ScheduleTest, InputsComeFirst) {
  const StorePath a = world_.add({.name = "a", .script = "echo a > $out"});
  const StorePath b = world_.add({.name = "b", .script = "b cat $in0 > $out; echo b >> $out", .needs = {a}});
  const StorePath c = world_.add({.name = "c", .script = "b cat $in0 > $out; echo c >> $out", .needs = {a}});
  const StorePath d = world_.add({.name = "d", .script = "b cat $in0 $in1 > $out", .needs = {b, c}});
  const Result<RealiseResult> result = world_.realise(d);
  ASSERT_TRUE(result) << render(result.error());
  EXPECT_EQ(world_.content(d), "a\nb\na\nc\n");
  EXPECT_EQ(result->built.size(), 4u);
  const RealisePlan plan = plan_realise(*world_.store, world_.graph, {{.drv = d}}).value();
  EXPECT_THAT(plan.build, IsEmpty());
  EXPECT_THAT(plan.valid, ElementsAre(d)) << "what is valid is not looked into";
}

TEST_F(ScheduleTest, PlanTellsWhatWouldBeDone) {
  const Source script = text_source("script", "content");
  const StorePath a = world_.add({.name = "a", .script = "echo a > $out"});
  const StorePath b = world_.add({.name = "b", .script = "b cat $in0 > $out", .needs = {a}, .sources = {script.path}});
  const StorePath c = world_.add({.name = "c", .script = "b cat $in0 > $out", .needs = {b}});
  ASSERT_TRUE(world_.realise(a));
  const RealisePlan plan = plan_realise(*world_.store, world_.graph, {{.drv = c}}).value();
  EXPECT_THAT(plan.build, ElementsAre(b, c));
  EXPECT_THAT(plan.fetch, ElementsAre(script.path));
  EXPECT_THAT(plan.valid, ElementsAre(a));
  const Result<RealisePlan> wrong = plan_realise(*world_.store, world_.graph, {{.drv = c, .outputs = {"doc"}}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(render(wrong.error()), "error: 'c' has no output 'doc'\n");
}

TEST_F(ScheduleTest, TheLongestPathStartsFirst) {
  world_.options.jobs = 1;
  ASSERT_TRUE(make_directories(world_.store->work_dir()));
  ASSERT_TRUE(write_file_atomically(world_.store->work_dir() / "durations", "1 short\n30 long\n2 first\n50 last\n"));
  const StorePath brief = world_.add({.name = "short", .script = "echo > $out"});
  const StorePath lengthy = world_.add({.name = "long", .script = "echo > $out"});
  const StorePath first = world_.add({.name = "first", .script = "echo > $out"});
  const StorePath last = world_.add({.name = "last", .script = "echo > $out", .needs = {first}});
  ASSERT_TRUE(world_.realise({brief, lengthy, last}));
  EXPECT_THAT(started(), ElementsAre("start build first", "start build last", "start build long", "start build short"));
  const std::string durations = read_file(world_.store->work_dir() / "durations").value();
  EXPECT_THAT(durations, HasSubstr(" last\n"));
  EXPECT_THAT(durations, testing::Not(HasSubstr("50 last")));
}

TEST_F(ScheduleTest, NothingBeginsWhileItIsHeldUp) {
  const StorePath a = world_.add({.name = "a", .script = "echo a > $out"});
  std::vector<std::string> begun_meanwhile;
  unsigned asked = 0;
  world_.options.ask_pace = [&](bool waiting) {
    EXPECT_EQ(waiting, asked < 3);
    if (asked < 3) begun_meanwhile = started();
    return ++asked < 3 ? Pace::hold : Pace::go;
  };
  ASSERT_TRUE(world_.realise(a));
  EXPECT_GE(asked, 3u);
  EXPECT_THAT(begun_meanwhile, IsEmpty());
  EXPECT_EQ(world_.content(a), "a\n");
}

TEST_F(ScheduleTest, WhatRunsIsFinishedAndNoMore) {
  const StorePath a = world_.add({.name = "a", .script = "b sleep 0.6; echo a > $out"});
  const StorePath b = world_.add({.name = "b", .script = "echo b > $out", .needs = {a}});
  world_.options.ask_pace = [&](bool) { return started().empty() ? Pace::go : Pace::finish; };
  const Result<RealiseResult> result = world_.realise(b);
  ASSERT_FALSE(result);
  EXPECT_EQ(render(result.error()), "error: interrupted\n");
  EXPECT_FALSE(interrupted()) << "nobody did";
  EXPECT_THAT(started(), ElementsAre("start build a"));
  EXPECT_EQ(world_.content(a), "a\n");
}

TEST_F(ScheduleTest, WhatRunsIsEndedWhenItMustStop) {
  const StorePath slow = world_.add({.name = "slow", .script = "b sleep 60"});
  world_.options.ask_pace = [&](bool) { return started().empty() ? Pace::go : Pace::stop; };
  const auto start = Clock::now();
  const Result<RealiseResult> result = world_.realise(slow);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::interrupted);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(20));
  EXPECT_THAT(world_.journal.starting_with("cancelled"), ElementsAre("cancelled slow"));
}

TEST_F(ScheduleTest, AFailureStopsTheOthers) {
  const StorePath slow = world_.add({.name = "slow", .script = "b sleep 60"});
  const StorePath bad = world_.add({.name = "bad", .script = "b sleep 0.1; exit 1"});
  const auto start = Clock::now();
  const Result<RealiseResult> result = world_.realise({slow, bad});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "'bad' did not build: builder ended with status 1");
  EXPECT_THAT(result.error().also, IsEmpty());
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(20));
  EXPECT_THAT(world_.journal.starting_with("failed"), ElementsAre("failed bad"));
  EXPECT_THAT(world_.journal.starting_with("cancelled"), ElementsAre("cancelled slow")) << "nothing was wrong with it";
}

TEST_F(ScheduleTest, TellsHowEachDerivationEnded) {
  const auto ends_of = [&](const std::vector<StorePath>& drvs) {
    std::map<std::string, std::string> ends;
    world_.options.on_end = [&](const StorePath& drv, BuildEnd end, const std::string& because) {
      const char* const names[] = {"built", "failed", "cancelled", "not built"};
      ends[std::string(drv.name())] = names[static_cast<int>(end)] + (because.empty() ? "" : " because of " + because);
    };
    EXPECT_FALSE(world_.realise(drvs));
    return ends;
  };
  const Source gone = download("gone.tar", "bytes", false);
  const StorePath bad = world_.add({.name = "bad", .script = "b sleep 0.3; exit 1"});
  const StorePath user = world_.add({.name = "user", .script = ":", .needs = {bad}});
  const StorePath its_user = world_.add({.name = "its-user", .script = ":", .needs = {user}});
  const StorePath lost = world_.add({.name = "lost", .script = ":", .sources = {gone.path}});
  const StorePath good = world_.add({.name = "good", .script = "echo > $out"});
  world_.options.keep_going = true;
  EXPECT_EQ(ends_of({its_user, lost, good}), (std::map<std::string, std::string>{{"bad.drv", "failed"},
                                                                                  {"user.drv", "not built because of bad"},
                                                                                  {"its-user.drv", "not built because of bad"},
                                                                                  {"lost.drv", "not built because of gone.tar"},
                                                                                  {"good.drv", "built"}}));
  world_.options.keep_going = false;
  const StorePath slow = world_.add({.name = "slow", .script = "b sleep 60"});
  const StorePath late = world_.add({.name = "late", .script = ":", .needs = {slow}});
  EXPECT_EQ(ends_of({bad, late}), (std::map<std::string, std::string>{{"bad.drv", "failed"}, {"slow.drv", "cancelled"}, {"late.drv", "cancelled"}}));
}

TEST_F(ScheduleTest, KeepGoingBuildsWhatItCan) {
  world_.options.keep_going = true;
  world_.options.jobs = 1;
  const StorePath bad = world_.add({.name = "bad", .script = "exit 1"});
  const StorePath worse = world_.add({.name = "worse", .script = "exit 2"});
  const StorePath user = world_.add({.name = "user", .script = ":", .needs = {bad}});
  const StorePath its_user = world_.add({.name = "its-user", .script = ":", .needs = {user, worse}});
  const StorePath good = world_.add({.name = "good", .script = "echo > $out"});
  const Result<RealiseResult> result = world_.realise({its_user, good});
  ASSERT_FALSE(result);
  EXPECT_EQ(render(result.error()), fmt::format("error: 'bad' did not build: builder ended with status 1\nnote: it printed nothing\nhint: swage log {}\n"
                                                "error: 'worse' did not build: builder ended with status 2\nnote: it printed nothing\n"
                                                "note: 2 more not started, because of what failed\nhint: swage log {}\n", bad.str(), worse.str()));
  EXPECT_TRUE(world_.store->is_valid(world_.output(good)).value());
}

TEST_F(ScheduleTest, TellsOfEachDerivationWhenItsOutputsAreValid) {
  world_.options.keep_going = true;
  world_.options.jobs = 1;
  const StorePath good = world_.add({.name = "good", .script = "echo > $out"});
  const StorePath bad = world_.add({.name = "bad", .script = "exit 1"});
  const StorePath user = world_.add({.name = "user", .script = ":", .needs = {bad}});
  std::vector<std::string> told;
  world_.options.on_built = [&](const StorePath& drv, Result<BuildRecord>& outcome, const FailedLog&) {
    told.push_back(fmt::format("{} {} {}", drv.name(), outcome.has_value(), world_.store->is_valid(world_.output(drv)).value()));
    if (!outcome) outcome.error().notes.push_back("noted");
  };
  const Result<RealiseResult> result = world_.realise({good, user});
  ASSERT_FALSE(result);
  EXPECT_THAT(told, UnorderedElementsAre("good.drv true true", "bad.drv false false"));
  EXPECT_THAT(result.error().notes, Contains("noted"));
  told.clear();
  ASSERT_TRUE(world_.realise(good));
  EXPECT_THAT(told, IsEmpty()) << "what was valid before was not built";
}

TEST_F(ScheduleTest, SourcesAreFetchedBeforeTheirUsers) {
  const Source script = text_source("script", "echo from the script\n");
  const Source tarball = download("zlib.tar", "bytes");
  const StorePath drv = world_.add({.name = "user", .script = fmt::format(". {}; b cat {} > $out", script.path.str(), tarball.path.str()), .sources = {script.path, tarball.path}});
  const Result<RealiseResult> result = world_.realise(drv);
  ASSERT_TRUE(result) << render(result.error());
  EXPECT_EQ(result->fetched, 1u) << "texts do not count";
  EXPECT_EQ(world_.content(drv), "bytes");
  EXPECT_THAT(world_.journal.lines(), Contains("log user: from the script"));
  EXPECT_THAT(world_.journal.starting_with("start"), ElementsAre("start fetch zlib.tar", "start build user"));
  EXPECT_TRUE(world_.store->is_valid(drv).value());
}

TEST_F(ScheduleTest, DownloadsRunSideBySideUpToTheLimit) {
  world_.options.downloads = 3;
  Step step{.name = "user", .script = "echo > $out"};
  for (int i = 0; i < 9; ++i) step.sources.insert(download(fmt::format("f{}", i), fmt::format("{}", i)).path);
  const StorePath drv = world_.add(step);
  ASSERT_EQ(world_.error_of(drv), "");
  EXPECT_EQ(world_.fetcher.journal.size(), 9u);
  EXPECT_GE(world_.fetcher.peak, 2u);
  EXPECT_LE(world_.fetcher.peak, 3u);
}

TEST_F(ScheduleTest, AFailedFetchIsReportedAndOthersMayGoOn) {
  world_.options.keep_going = true;
  const Source gone = download("gone.tar", "bytes", false);
  const StorePath bad = world_.add({.name = "bad", .script = ":", .sources = {gone.path}});
  const StorePath good = world_.add({.name = "good", .script = "b sleep 0.1; echo > $out"});
  const Result<RealiseResult> result = world_.realise({bad, good});
  ASSERT_FALSE(result);
  EXPECT_EQ(render(result.error()), "error: 'gone.tar' cannot be reached\nnote: 1 more not started, because of what failed\n");
  EXPECT_EQ(result.error().code, Errc::environment);
  EXPECT_TRUE(world_.store->is_valid(world_.output(good)).value());
}

TEST_F(ScheduleTest, ASourceThatNothingMakesIsAnError) {
  const StorePath unknown = make_text_path("unknown", sha256("x"), {}).value();
  const StorePath drv = world_.add({.name = "user", .script = ":", .sources = {unknown}});
  EXPECT_EQ(world_.error_of(drv), fmt::format("error: '{}' is needed, and nothing says where to get it\n", unknown.str()));
}

TEST_F(ScheduleTest, ManySmallBuildsShareTheSlots) {
  world_.options.jobs = 4;
  std::vector<StorePath> drvs;
  for (int i = 0; i < 30; ++i) drvs.push_back(world_.add({.name = fmt::format("n{}", i), .script = fmt::format("echo {} > $out", i)}));
  const Result<RealiseResult> result = world_.realise(drvs);
  ASSERT_TRUE(result) << render(result.error());
  EXPECT_EQ(result->built.size(), 30u);
  EXPECT_EQ(world_.journal.lines().back(), "totals 30/30");
}

// Any graph: each job once, and none before what it needs is done. Real builds, so fewer cases than rapidcheck would try.
class AnyGraph : public testing::TestWithParam<unsigned> {};

TEST_P(AnyGraph, JobsStartAfterTheirInputs) {
  std::mt19937 random(GetParam());
  World world;
  world.options.jobs = 1 + random() % 4;
  std::vector<StorePath> drvs;
  std::vector<std::pair<std::string, std::string>> edges;   // (input, user)
  for (unsigned i = 0; i < 12; ++i) {
    Step step{.name = fmt::format("n{}", i), .script = "echo > $out"};
    for (unsigned input = 0; input < i; ++input) {
      if (random() % 4 != 0) continue;
      step.needs.push_back(drvs[input]);
      edges.emplace_back(fmt::format("n{}", input), step.name);
    }
    drvs.push_back(world.add(step));
  }
  const Result<RealiseResult> result = world.realise(drvs);
  ASSERT_TRUE(result) << render(result.error());
  EXPECT_EQ(result->built.size(), drvs.size());
  const std::vector<std::string> lines = world.journal.lines();
  const auto at = [&](const std::string& line) { return std::find(lines.begin(), lines.end(), line) - lines.begin(); };
  for (const auto& [input, user] : edges) EXPECT_LT(at("done " + input), at("start build " + user));
  EXPECT_EQ(world.journal.starting_with("start build").size(), drvs.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyGraph, testing::Range(0U, 10U));

// Runs `act` in a child process and returns what it says.
template <class Act>
std::string in_child(Act act, const std::function<void(pid_t)>& meanwhile = {}) {
  int fds[2];
  EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  const UniqueFd read(fds[0]);
  UniqueFd write(fds[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    (void)write_all(write.get(), act(), "pipe");
    ::_exit(0);
  }
  write.reset();
  if (meanwhile) meanwhile(child);
  std::string text = read_fd(read.get(), "pipe").value();
  ::waitpid(child, nullptr, 0);
  return text;
}

std::string verdict(const Result<RealiseResult>& result) {
  return result ? "ok" : fmt::format("{}exit {}\n", render(result.error()), exit_code(result.error().code));
}

TEST(Interrupt, SaysWhatHadFailedBefore) {
  const TempDir dir = TempDir::create("swage-interrupt", fast_directory()).value();
  const std::string text = in_child([&] {
    install_interrupt_handlers();
    World world(dir.path() / "home");
    world.options.keep_going = true;
    world.options.jobs = 1;
    const StorePath bad = world.add({.name = "bad", .script = "exit 1"});
    const StorePath slow = world.add({.name = "slow", .script = "b sleep 60"});
    const StorePath user = world.add({.name = "user", .script = ":", .needs = {bad}});
    world.options.on_built = [&](const StorePath& drv, const Result<BuildRecord>&, const FailedLog&) {
      if (drv == bad) request_interrupt();
    };
    std::string said = verdict(world.realise({bad, slow, user}));
    return said.replace(said.find("swage log"), said.find('\n', said.find("swage log")) - said.find("swage log"), "swage log DRV");
  });
  EXPECT_EQ(text, "error: interrupted\nerror: 'bad' did not build: builder ended with status 1\nnote: it printed nothing\nhint: swage log DRV\nexit 130\n");
}

TEST(Interrupt, KillsBuildersAndCleansUp) {
  const TempDir dir = TempDir::create("swage-interrupt", fast_directory()).value();
  const fs::path home = dir.path() / "home";
  World before(home);  // makes the store
  const fs::path log_dir = before.store->log_dir();
  const auto start = Clock::now();
  const std::string text = in_child(
      [&] {
        install_interrupt_handlers();
        World world(home);
        const StorePath slow = world.add({.name = "slow", .script = "echo running; echo half > $out; b sleep 60; echo late"});
        return verdict(world.realise(slow));
      },
      [&](pid_t child) {
        const fs::path builds = before.store->work_dir() / "builds";
        for (int i = 0; i < 500; ++i) {  // until the builder has written its output
          ::usleep(10'000);
          const Result<std::vector<std::string>> names = list_directory(builds);
          bool half = false;
          for (std::size_t at = 0; names && at < names->size(); ++at)
            if (const auto made = list_directory(builds / (*names)[at] / "store"); made)
              for (const std::string& path : *made) half = half || path.ends_with("-slow");
          if (half) break;
        }
        ::kill(child, SIGINT);
      });
  EXPECT_EQ(text, "error: interrupted\nexit 130\n");
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(20));
  EXPECT_THAT(list_directory(before.store->work_dir() / "builds").value(), IsEmpty());
  const std::vector<std::string> left = list_directory(home / "nix/store").value();
  for (const std::string& name : left) {
    EXPECT_FALSE(name.ends_with(".lock")) << name;
    EXPECT_FALSE(name.ends_with("-slow")) << name;
  }
}

}  // namespace
}  // namespace swage
