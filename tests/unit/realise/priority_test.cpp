#include "realise/priority.hpp"

#include <fcntl.h>
#include <functional>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/text.hpp"
#include "support/realise_world.hpp"

namespace swage {
namespace {

// In a process of its own, for there is no way back; what it finds wrong is its output.
std::string in_child(const std::function<std::string()>& body) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string text = body();
    (void)!::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  const UniqueFd out(ends[0]);
  std::string text = read_fd(out.get(), "child").value_or("nothing");
  ::waitpid(child, nullptr, 0);
  return text;
}

std::string priority_of_thread() {
  const long io = ::syscall(SYS_ioprio_get, 1, 0);
  return std::to_string(::sched_getscheduler(0)) + " " + std::to_string(::getpriority(PRIO_PROCESS, 0)) + " " +
         std::to_string(io >> 13);
}

const std::string kLowest = std::to_string(SCHED_IDLE) + " 19 3";

TEST(Priority, IsTheLowestOfEveryThread) {
  EXPECT_EQ(in_child([] {
              std::string before;
              std::atomic<int> step{0};
              std::thread running([&] {
                step = 1;
                while (step != 2) std::this_thread::yield();
                before = priority_of_thread();
              });
              while (step != 1) std::this_thread::yield();
              const Result<void> taken = take_lowest_priority();
              step = 2;
              running.join();
              std::string later;
              std::thread([&] { later = priority_of_thread(); }).join();
              return taken ? before + ", " + later + ", " + priority_of_thread() : render(taken.error());
            }),
            kLowest + ", " + kLowest + ", " + kLowest);
}

TEST(Priority, BuildersInheritItAndTheirSessionToo) {
  const std::string found = in_child([] {
    testing_support::World world;
    world.options.lowest_priority = true;
    const StorePath drv =
        world.add({.name = "look",
                   .script = "b cat /proc/self/stat > $out; b cat /proc/self/autogroup >> $out || echo none >> $out"});
    const Result<RealiseResult> made = world.realise(drv);
    return made ? world.content(drv) : render(made.error());
  });
  const std::vector<std::string_view> fields = split_words(std::string_view(found).substr(found.rfind(')') + 1));
  ASSERT_GT(fields.size(), 45u) << found;
  EXPECT_EQ(fields[19 - 3], "19") << found;
  EXPECT_EQ(fields[41 - 3], std::to_string(SCHED_IDLE)) << found;
  EXPECT_THAT(std::string(fields.back()), testing::AnyOf("19", "none"))
      << found;  // "/autogroup-77 nice 19"; none: a kernel without them
}

TEST(Priority, ASessionThatIsSharedIsLeftAlone) {
  const std::string own = read_file("/proc/self/autogroup").value_or("");
  EXPECT_EQ(in_child([] {
              const Result<void> taken = take_lowest_priority();
              return taken ? read_file("/proc/self/autogroup").value_or("") : render(taken.error());
            }),
            own);
  if (own.empty()) return;  // a kernel without them
  EXPECT_THAT(in_child([] {
                ::setsid();
                const Result<void> taken = take_lowest_priority();
                return taken ? read_file("/proc/self/autogroup").value_or("") : render(taken.error());
              }),
              testing::EndsWith(" nice 19\n"));
}

// As measured for docs/verify.md: on one processor and in one scheduling group a busy process at the lowest priority
// gets a hundredth of what another one gets.
TEST(Priority, LeavesTheProcessorToOthers) {
  const auto spin = [] {
    rusage used{};
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (std::chrono::steady_clock::now() < until) ::getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  };
  const std::string times = in_child([&] {
    cpu_set_t all, one;
    CPU_ZERO(&one);
    if (::sched_getaffinity(0, sizeof all, &all) != 0) return std::string("no affinity");
    unsigned processor = 0;
    while (!CPU_ISSET(processor, &all)) ++processor;
    CPU_SET(processor, &one);
    if (::sched_setaffinity(0, sizeof one, &one) != 0) return std::string("no affinity");
    int ends[2];
    if (::pipe(ends) != 0) return std::string("no pipe");
    if (::fork() == 0) {
      const bool taken = take_lowest_priority().has_value();
      const std::string text = std::to_string(taken ? spin() : 99);
      (void)!::write(ends[1], text.data(), text.size());
      ::_exit(0);
    }
    const std::string own = std::to_string(spin());
    ::close(ends[1]);
    ::wait(nullptr);
    return own + " " + read_fd(ends[0], "pipe").value_or("");
  });
  const std::vector<std::string_view> words = split_words(times);
  ASSERT_EQ(words.size(), 2u) << times;
  EXPECT_GT(std::stod(std::string(words[0])), 5 * std::stod(std::string(words[1]))) << times;
}

}  // namespace
}  // namespace swage
