#include "base/process.hpp"

#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

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

}  // namespace
}  // namespace swage
