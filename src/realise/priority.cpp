#include "realise/priority.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/files.hpp"

namespace swage {

namespace {

constexpr int kNicest = 19;
// <linux/ioprio.h> is not in every C library's headers.
constexpr int kIoOfProcess = 1, kIoIdle = 3 << 13;

// All three are a thread's own, and a new thread's are those of who starts it.
Result<void> lower_thread(pid_t thread) {
  const sched_param none{};
  const auto failed = [&](const char* what) -> Result<void> {
    if (errno == ESRCH) return {};  // it has ended
    return fail_errno(std::string("cannot take the lowest priority: ") + what, errno);
  };
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(thread), kNicest) != 0) return failed("setpriority");
  if (::sched_setscheduler(thread, SCHED_IDLE, &none) != 0) return failed("sched_setscheduler");
  if (::syscall(SYS_ioprio_set, kIoOfProcess, thread, kIoIdle) != 0) return failed("ioprio_set");
  return {};
}

}  // namespace

Result<void> take_lowest_priority() {
  SWAGE_TRY(const std::vector<std::string> threads, list_directory("/proc/self/task"));
  for (const std::string& name : threads) {
    pid_t thread = 0;
    std::from_chars(name.data(), name.data() + name.size(), thread);
    if (thread > 0) SWAGE_CHECK(lower_thread(thread));
  }
  if (::getsid(0) == ::getpid()) keep_niceness_in_session();  // else it is the session of the shell, too
  return {};
}

void keep_niceness_in_session() noexcept {
  const int nice = std::clamp(::getpriority(PRIO_PROCESS, 0), 0, kNicest);
  if (nice == 0) return;
  const int fd = ::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;  // a kernel without them
  const char digits[] = {static_cast<char>('0' + nice / 10), static_cast<char>('0' + nice % 10)};
  // Who is not root may change one every tenth of a second, on the whole machine.
  for (int tries = 0; tries < 25 && ::write(fd, digits, sizeof digits) < 0 && errno == EAGAIN; ++tries) {
    const timespec pause{0, 20'000'000};
    ::nanosleep(&pause, nullptr);
  }
  ::close(fd);
}

}  // namespace swage
