#include "fetch/traffic.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

namespace {

double seconds_of(std::chrono::steady_clock::duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void Traffic::begin() {
  const std::scoped_lock lock(mutex_);
  if (running_++ == 0) since_ = now_();
}

void Traffic::end() {
  const std::scoped_lock lock(mutex_);
  if (--running_ == 0) past_.seconds += seconds_of(now_() - since_);
}

void Traffic::add(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  past_.bytes += bytes;
}

Traffic::Total Traffic::total() const {
  const std::scoped_lock lock(mutex_);
  Total total = past_;
  if (running_ > 0) total.seconds += seconds_of(now_() - since_);
  return total;
}

std::string traffic_text(const Traffic::Total& total) {
  constexpr double shortest = 0.001;       // of what took no time there is no rate
  const double rate = static_cast<double>(total.bytes) / std::max(total.seconds, shortest);
  return fmt::format("{} in {}, {}/s", human_bytes(total.bytes), human_seconds(total.seconds),
                     human_bytes(static_cast<std::uint64_t>(rate)));
}

}  // namespace swage
