#include "base/interrupt.hpp"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace swage {

namespace {
std::atomic<bool> flag{false};
int pipe_fds[2] = {-1, -1};
void handler(int) { request_interrupt(); }
}  // namespace

void request_interrupt() {
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

}  // namespace swage
