#include "realise/jobserver.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/process.hpp"

namespace swage {
namespace {

int fd_of(const Jobserver::Lease& lease, int number) {
  for (const auto& [from, to] : lease.pass_fds())
    if (to == number) return from;
  return -1;
}

// A build that takes and gives back tokens. What its pipe holds changes in another thread: so all is awaited, for seconds at most.
struct Build {
  explicit Build(Jobserver& server) : lease(server.lease().value()) { ::fcntl(fd_of(lease, 50), F_SETFL, O_NONBLOCK); }
  // How many of `count` tokens it gets when it takes its time.
  int take(int count) {
    int got = 0;
    for (int idle = 0; got < count && idle < 100; ++idle) {
      char token = 0;
      pollfd ready{fd_of(lease, 50), POLLIN, 0};
      ::poll(&ready, 1, 3);
      if (::read(fd_of(lease, 50), &token, 1) == 1) ++got, idle = 0;
    }
    return got;
  }
  bool give(std::size_t count) { return ::write(fd_of(lease, 51), std::string(count, '+').data(), count) == static_cast<ssize_t>(count); }
  Jobserver::Lease lease;
};

testing::AssertionResult becomes(const Jobserver& server, unsigned tokens) {
  for (int i = 0; i < 1000 && server.tokens() != tokens; ++i) ::usleep(1000);
  return server.tokens() == tokens ? testing::AssertionSuccess() : testing::AssertionFailure() << server.tokens() << " tokens";
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + 1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

TEST(Jobserver, ThereIsOneTokenLessThanCores) {
  EXPECT_EQ(Jobserver::create(8)->tokens(), 7u);
  EXPECT_EQ(Jobserver::create(1)->tokens(), 0u);
  EXPECT_EQ(Jobserver::create(8)->makeflags(), " -j8 --jobserver-auth=50,51");
}

TEST(Jobserver, ABuildAloneGetsAllAndNoMore) {
  Jobserver server = Jobserver::create(8).value();
  Build build(server);
  EXPECT_EQ(build.take(20), 7);
  EXPECT_EQ(server.tokens(), 0u);
  ASSERT_TRUE(build.give(7));
  EXPECT_TRUE(becomes(server, 7));
  EXPECT_EQ(build.take(3), 3);
  Jobserver one = Jobserver::create(1).value();
  EXPECT_EQ(Build(one).take(1), 0);
}

TEST(Jobserver, WhatOneDoesNotWantIsTheOthers) {
  Jobserver server = Jobserver::create(4).value();
  Build idle(server), busy(server);
  EXPECT_EQ(busy.take(4), 3);
  EXPECT_EQ(idle.take(1), 1) << "its share of the cores is two commands";
  EXPECT_EQ(idle.take(1), 0);
  ASSERT_TRUE(busy.give(3));
  EXPECT_TRUE(becomes(server, 2));
  EXPECT_EQ(idle.take(4), 2) << "and now the rest";
}

TEST(Jobserver, ABuildCannotReadAnothersBytes) {
  Jobserver server = Jobserver::create(2).value();
  Build a(server), b(server);
  ASSERT_EQ(::write(fd_of(a.lease, 51), "secret", 6), 6);
  const UniqueFd forged(::open(fmt::format("/proc/self/fd/{}", fd_of(a.lease, 50)).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_GE(::write(forged.get(), "secret", 6), -1);
  char bytes[64];
  for (int i = 0; i < 20; ++i) {
    const ssize_t got = ::read(fd_of(b.lease, 50), bytes, sizeof bytes);
    EXPECT_THAT(std::string(bytes, static_cast<std::size_t>(std::max<ssize_t>(got, 0))), testing::AnyOf("", "+"));
    ::usleep(1000);
  }
}

TEST(Jobserver, WhoHoardsDoesNotStarveOthers) {
  Jobserver server = Jobserver::create(4).value();
  Build hoarder(server);
  EXPECT_EQ(hoarder.take(3), 3);
  Build other(server);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(other.take(1), 1);
    ASSERT_TRUE(other.give(1));
  }
}

TEST(Jobserver, ABuildsReadModeIsItsOwn) {
  Jobserver server = Jobserver::create(4).value();
  const Jobserver::Lease a = server.lease().value();
  const Jobserver::Lease b = server.lease().value();
  ASSERT_EQ(::fcntl(fd_of(a, 50), F_SETFL, O_NONBLOCK), 0);  // as make 4.3 does
  EXPECT_EQ(::fcntl(fd_of(b, 50), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Jobserver, TokensThatAKilledBuildHeldComeBackAtOnce) {
  Jobserver server = Jobserver::create(4).value();
  Build other(server);
  {
    Build killed(server);
    EXPECT_EQ(killed.take(3), 3);
  }
  EXPECT_EQ(server.tokens(), 3u);
  EXPECT_EQ(other.take(3), 3);
}

// Neither gives others anything, nor wakes the thread for ever.
TEST(Jobserver, TokensThatABuildInventsAreNobodys) {
  Jobserver server = Jobserver::create(3).value();
  Build other(server), forger(server);
  ASSERT_TRUE(forger.give(500));
  const int flood = fd_of(forger.lease, 51);
  ::fcntl(flood, F_SETFL, O_NONBLOCK);
  const std::string bytes(65'536, '+');
  ssize_t written = 0;
  for (int i = 0; i < 200; ++i) {
    written += std::max<ssize_t>(::write(flood, bytes.data(), bytes.size()), 0);
    ::usleep(500);
  }
  EXPECT_LT(written, 4 * 65'536) << "it blocks: nobody listens any more";
  const int offers = fd_of(forger.lease, 50);
  const UniqueFd larger(::open(fmt::format("/proc/self/fd/{}", offers).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  ::fcntl(larger.get(), F_SETPIPE_SZ, 65'536);
  ASSERT_GT(::write(larger.get(), bytes.data(), 5000), 0);
  EXPECT_EQ(server.tokens(), 2u);
  EXPECT_EQ(other.take(4), 2);
  const double before = cpu_seconds();
  ::usleep(200'000);
  EXPECT_LT(cpu_seconds() - before, 0.05);
}

TEST(Jobserver, ALargerPipeGivesNothingMore) {
  Jobserver server = Jobserver::create(3).value();
  Build build(server), other(server);
  ASSERT_GT(::fcntl(fd_of(build.lease, 50), F_SETPIPE_SZ, 65'536), 0);
  const double before = cpu_seconds();
  ::usleep(200'000);
  EXPECT_LT(cpu_seconds() - before, 0.05);
  EXPECT_LE(build.take(9), 1);
  EXPECT_GE(other.take(9), 1);
}

// The host's make as the client: two of these at once never run more than cores + 1 commands, and give all tokens back.
TEST(Jobserver, GnuMakeUsesItAndReturnsEveryToken) {
  const TempDir dir = TempDir::create("swage-jobserver").value();
  std::string makefile = "all:";
  for (int i = 0; i < 12; ++i) makefile += fmt::format(" t{}", i);
  makefile += "\nt%:\n\t@touch run.$$$$; set -- run.*; echo $$# >> counts; sleep 0.03; rm -f run.$$$$\n";
  ASSERT_TRUE(write_file_atomically(dir.path() / "Makefile", makefile));
  Jobserver server = Jobserver::create(4).value();
  {
    const Jobserver::Lease lease = server.lease().value();
    const int read = fd_of(lease, 50), write = fd_of(lease, 51);
    const std::string script = fmt::format("exec make all 50<&{} 51>&{}", read, write);
    ::fcntl(read, F_SETFD, 0);
    ::fcntl(write, F_SETFD, 0);
    const ProcessResult made = run_process({.argv = {"bash", "-c", script},
                                            .env = std::map<std::string, std::string>{{"PATH", "/usr/bin:/bin"}, {"MAKEFLAGS", server.makeflags()}},
                                            .directory = dir.path()}).value();
    EXPECT_EQ(made.status, 0) << made.err;
    EXPECT_EQ(made.err, "");
    EXPECT_TRUE(becomes(server, 3));
  }
  unsigned most = 0;
  const std::string counts = read_file(dir.path() / "counts").value();
  for (std::size_t at = 0; at < counts.size(); at = counts.find('\n', at) + 1) most = std::max(most, static_cast<unsigned>(std::stoul(counts.substr(at))));
  EXPECT_GE(most, 2u);
  EXPECT_LE(most, 4u);
}

}  // namespace
}  // namespace swage
