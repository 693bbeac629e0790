#include "base/interrupt.hpp"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace swage {

namespace {
std::atomic<bool> flag{false};
std::atomic<std::chrono::steady_clock::rep> first_at{0};
int pipe_fds[2] = {-1, -1};
void handler(int) { request_interrupt(); }
}  // namespace

void request_interrupt() {
  // clock_gettime(2), allowed in a handler.
  if (!flag) first_at = std::chrono::steady_clock::now().time_since_epoch().count();
  flag = true;
  if (pipe_fds[1] >= 0) [[maybe_unused]] const auto written = ::write(pipe_fds[1], "!", 1);
}

void install_interrupt_handlers() {
  if (pipe_fds[0] < 0 && ::pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0) pipe_fds[0] = pipe_fds[1] = -1;
  struct sigaction action {};
  action.sa_handler = handler;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return flag; }
int interrupt_fd() { return pipe_fds[0]; }

std::chrono::nanoseconds since_interrupt() {
  return std::chrono::steady_clock::now().time_since_epoch() - std::chrono::steady_clock::duration(first_at.load());
}

Result<void> check_interrupt() {
  if (flag) return fail(Errc::interrupted, "interrupted");
  return {};
}

}  // namespace swage
