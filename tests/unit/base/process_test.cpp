#include "base/process.hpp"

#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.hpp"
#include "base/interrupt.hpp"

namespace swage {
namespace {

TEST(Process, GivesStatusAndBothOutputs) {
  const ProcessResult result = run_process({.argv = {"sh", "-c", "cat; echo said >&2; exit 3"}, .input = "given"}).value();
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.out, "given");
  EXPECT_EQ(result.err, "said\n");
  EXPECT_EQ(run_process({.argv = {"sh", "-c", "kill -9 $$"}}).value().status, 137);
  EXPECT_EQ(run_process({.argv = {"no-such-program"}}).error().code, Errc::environment);
}

// In a child, because an interrupt is for the whole process: that alone gets the signal, as from a supervisor.
void interrupted_while(const ProcessSpec& spec) {
  const pid_t child = ::fork();
  if (child == 0) {
    install_interrupt_handlers();
    if (::fork() == 0) {
      ::usleep(200'000);
      ::kill(::getppid(), SIGTERM);
      ::_exit(0);
    }
    const auto start = std::chrono::steady_clock::now();
    const Result<ProcessResult> done = run_process(spec);
    const auto took = std::chrono::steady_clock::now() - start;
    ::_exit(!done && render(done.error()) == "error: interrupted\n" && took < std::chrono::seconds(5) ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Process, AnInterruptEndsIt) {
  interrupted_while({.argv = {"sleep", "60"}});
  interrupted_while({.argv = {"sleep", "60"}, .capture = false});
  interrupted_while({.argv = {"sh", "-c", "exec >&- 2>&-; exec sleep 60"}});
  interrupted_while({.argv = {"sh", "-c", "trap '' TERM; sleep 60"}});
}

TEST(Process, AnInterruptEndsWhatItHasBegun) {
  const TempDir dir = TempDir::create("begun").value();
  const std::string log = dir.path() / "log";
  interrupted_while({.argv = {"sh", "-c", "(trap '' TERM; while :; do echo x >> " + log + "; sleep 0.02; done) & trap '' TERM; wait"}});
  const auto size = fs::file_size(log);
  EXPECT_GT(size, 0u);
  ::usleep(200'000);
  EXPECT_EQ(fs::file_size(log), size);
}

}  // namespace
}  // namespace swage
