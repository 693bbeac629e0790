#include "base/process.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <fstream>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/talking_process.hpp"

extern char** environ;

namespace swage {

namespace {

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// Feeds standard input and drains both outputs at once, so that no side can block the other.
Result<void> pump(UniqueFd in, std::string_view input, int out, int err, ProcessResult& result) {
  ::fcntl(in.get(), F_SETFL, O_NONBLOCK);
  bool out_open = true;
  bool err_open = true;
  if (input.empty()) in.reset();
  while (out_open || err_open) {
    SWAGE_CHECK(check_interrupt());
    pollfd fds[4] = {{out_open ? out : -1, POLLIN, 0},
                     {err_open ? err : -1, POLLIN, 0},
                     {in.get(), POLLOUT, 0},
                     {interrupt_fd(), POLLIN, 0}};
    if (::poll(fds, 4, -1) < 0) {
      if (errno == EINTR) continue;
      return fail_errno("cannot wait for a program's output", errno);
    }
    char buffer[65536];
    const auto drain = [&](pollfd& fd, std::string& into, bool& open) {
      if (!fd.revents) return;
      const ssize_t n = ::read(fd.fd, buffer, sizeof buffer);
      if (n > 0) into.append(buffer, static_cast<std::size_t>(n));
      else if (n == 0 || errno != EINTR) open = false;
    };
    drain(fds[0], result.out, out_open);
    drain(fds[1], result.err, err_open);
    if (fds[2].revents) {
      const ssize_t n = ::write(in.get(), input.data(), input.size());
      if (n > 0) input.remove_prefix(static_cast<std::size_t>(n));
      if (input.empty() || (n < 0 && errno != EAGAIN && errno != EINTR)) in.reset();
    }
  }
  return {};
}

// As waitpid; ends with an error when swage is interrupted.
Result<int> wait_for(pid_t pid) {
  const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));   // none before Linux 5.3
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) return status;
    if (ended < 0 && errno != EINTR) return fail_errno("cannot wait for a program", errno);
    SWAGE_CHECK(check_interrupt());
    pollfd fds[2] = {{handle.get(), POLLIN, 0}, {interrupt_fd(), POLLIN, 0}};
    ::poll(fds, 2, handle ? -1 : 20);
  }
}

// What the process has begun, and they in turn, as far as it is running. Not by a process group: in one of its own a
// program could not ask its user anything.
void add_descendants(pid_t pid, std::vector<pid_t>& all) {
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", pid));
  for (pid_t child = 0; children >> child;) {
    all.push_back(child);
    add_descendants(child, all);
  }
}

// Ends a program and what it has begun. Git and apt remove what they have made when they are asked to end, so they are
// asked first; what they leave running would write on where the caller is about to remove.
void end(pid_t pid) {
  std::vector<pid_t> others;
  add_descendants(pid, others);
  ::kill(pid, SIGTERM);
  bool ended = false;
  for (int i = 0; i < 100 && !ended; ++i) {   // two seconds
    ended = ::waitpid(pid, nullptr, WNOHANG) != 0;
    if (!ended) ::usleep(20'000);
  }
  if (!ended) {
    add_descendants(pid, others);
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  for (const pid_t other : others) ::kill(other, SIGKILL);
  for (const pid_t other : others)   // nobody's here to wait for
    for (int i = 0; i < 100 && ::kill(other, 0) == 0; ++i) ::usleep(10'000);
}

struct Pipes {
  Pipe in, out, err;
};

Result<Pipes> make_pipes() {
  Pipes pipes;
  SWAGE_TRY(pipes.in, make_pipe());
  SWAGE_TRY(pipes.out, make_pipe());
  SWAGE_TRY(pipes.err, make_pipe());
  return pipes;
}

// Begins it, and closes the ends that are its own.
Result<pid_t> spawn(const ProcessSpec& spec, Pipes& pipes, bool talks) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (!spec.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, spec.directory.c_str());
  if (spec.input.empty() && !talks) posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  else posix_spawn_file_actions_adddup2(&actions, pipes.in.read.get(), 0);
  if (spec.capture) {
    posix_spawn_file_actions_adddup2(&actions, pipes.out.write.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, pipes.err.write.get(), 2);
  }
  std::vector<char*> argv;
  for (const std::string& arg : spec.argv) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  std::vector<std::string> env_text;
  std::vector<char*> env;
  if (spec.env) {
    for (const auto& [key, value] : *spec.env) env_text.push_back(key + "=" + value);
    for (std::string& text : env_text) env.push_back(text.data());
    env.push_back(nullptr);
  }
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), spec.env ? env.data() : environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error) return fail_errno(fmt::format("cannot run '{}'", spec.argv[0]), error);
  pipes.in.read.reset();
  pipes.out.write.reset();
  pipes.err.write.reset();
  return pid;
}

}  // namespace

Result<ProcessResult> run_process(const ProcessSpec& spec) {
  SWAGE_TRY(Pipes pipes, make_pipes());
  SWAGE_TRY(const pid_t pid, spawn(spec, pipes, false));
  ProcessResult result;
  const Result<void> pumped =
      pump(std::move(pipes.in.write), spec.input, pipes.out.read.get(), pipes.err.read.get(), result);
  const Result<int> status = pumped ? wait_for(pid) : Result<int>(tl::unexpected(pumped.error()));
  if (!status) {
    end(pid);
    return Fail(Error(status.error()));
  }
  SWAGE_CHECK(check_interrupt());   // a Ctrl-C of the terminal's ends the program too, which then says this or that
  result.status = WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
  return result;
}

Result<TalkingProcess> TalkingProcess::start(const std::vector<std::string>& argv) {
  SWAGE_TRY(Pipes pipes, make_pipes());
  SWAGE_TRY(const pid_t pid, spawn({.argv = argv}, pipes, true));
  for (const int fd : {pipes.in.write.get(), pipes.out.read.get(), pipes.err.read.get()})
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return TalkingProcess(pid, std::move(pipes.in.write), std::move(pipes.out.read), std::move(pipes.err.read));
}

TalkingProcess::~TalkingProcess() {
  if (pid_ == 0) return;
  to_.reset();
  from_.reset();
  for (int i = 0; i < 100; ++i) {   // two seconds
    if (::waitpid(pid_, nullptr, WNOHANG) != 0) return;
    ::usleep(20'000);
  }
  end(pid_);
}

}  // namespace swage
