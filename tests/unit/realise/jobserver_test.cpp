#include "realise/jobserver.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "base/process.hpp"

namespace swage {
namespace {

int fd_of(const Jobserver::Lease& lease, int number) {
  for (const auto& [from, to] : lease.pass_fds())
    if (to == number) return from;
  return -1;
}

TEST(Jobserver, PoolHoldsOneTokenLessThanCores) {
  EXPECT_EQ(Jobserver::create(8)->tokens(), 7u);
  EXPECT_EQ(Jobserver::create(1)->tokens(), 0u);
  EXPECT_EQ(Jobserver::create(8)->makeflags(), " -j8 --jobserver-auth=50,51");
}

TEST(Jobserver, BuildsShareOnePool) {
  Jobserver server = Jobserver::create(4).value();
  const Jobserver::Lease a = server.lease().value();
  const Jobserver::Lease b = server.lease().value();
  char token = 0;
  ASSERT_EQ(::read(fd_of(a, 50), &token, 1), 1);
  ASSERT_EQ(::read(fd_of(b, 50), &token, 1), 1);
  EXPECT_EQ(server.tokens(), 1u);
  ASSERT_EQ(::write(fd_of(a, 51), &token, 1), 1);
  EXPECT_EQ(server.tokens(), 2u);
}

TEST(Jobserver, ABuildsReadModeIsItsOwn) {
  Jobserver server = Jobserver::create(4).value();
  const Jobserver::Lease a = server.lease().value();
  const Jobserver::Lease b = server.lease().value();
  ASSERT_EQ(::fcntl(fd_of(a, 50), F_SETFL, O_NONBLOCK), 0);  // as make 4.3 does
  EXPECT_EQ(::fcntl(fd_of(b, 50), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Jobserver, TokensThatAKilledBuildHeldComeBackWhenNothingRuns) {
  Jobserver server = Jobserver::create(4).value();
  {
    const Jobserver::Lease other = server.lease().value();
    {
      const Jobserver::Lease killed = server.lease().value();
      char tokens[2];
      ASSERT_EQ(::read(fd_of(killed, 50), tokens, 2), 2);
    }
    EXPECT_EQ(server.tokens(), 1u) << "another build runs: its tokens cannot be told from the lost ones";
  }
  EXPECT_EQ(server.tokens(), 3u);
}

TEST(Jobserver, TokensThatABuildInventedAreTakenOut) {
  Jobserver server = Jobserver::create(3).value();
  {
    const Jobserver::Lease forger = server.lease().value();
    ASSERT_EQ(::write(fd_of(forger, 51), std::string(500, 'x').data(), 500), 500);
  }
  EXPECT_EQ(server.tokens(), 2u);
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
    EXPECT_EQ(server.tokens(), 3u) << "before the refill";
  }
  unsigned most = 0;
  const std::string counts = read_file(dir.path() / "counts").value();
  for (std::size_t at = 0; at < counts.size(); at = counts.find('\n', at) + 1) most = std::max(most, static_cast<unsigned>(std::stoul(counts.substr(at))));
  EXPECT_GE(most, 2u);
  EXPECT_LE(most, 4u);
}

}  // namespace
}  // namespace swage
