#include "base/on_all_cores.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/interrupt.hpp"

namespace swage {

Result<void> on_all_cores(std::size_t count, const std::function<Result<void>(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> ends{false};
  std::mutex mutex;
  std::optional<Error> first;
  const auto run = [&] {
    while (!ends) {
      const std::size_t index = next++;
      if (index >= count) return;
      Result<void> done = check_interrupt();
      if (done) done = work(index);
      if (done) continue;
      ends = true;
      const std::scoped_lock lock(mutex);
      if (!first) first = std::move(done).error();
    }
  };
  {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(cores, count); ++i) others.emplace_back(run);
    run();
  }
  if (first) return Fail(std::move(*first));
  return {};
}

}  // namespace swage
