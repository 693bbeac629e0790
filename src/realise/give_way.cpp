#include "realise/give_way.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

namespace {

constexpr double kShortOfProcessors = 0.5;

PaceVerdict judge_memory(const Load& load) {
  const auto part = [&](double of) { return static_cast<std::uint64_t>(static_cast<double>(load.memory) * of); };
  if (load.memory == 0 || load.memory_available >= part(kMemoryToBegin)) return {};
  const bool stop = load.memory_available < part(kMemoryToGoOn);
  return {.pace = stop ? Pace::stop : Pace::hold,
          .scarce = Scarce::memory,
          .why = fmt::format("{} of memory are available, and builds {} {}", human_bytes(load.memory_available),
                             stop ? "are ended below" : "begin at",
                             human_bytes(part(stop ? kMemoryToGoOn : kMemoryToBegin)))};
}

PaceVerdict judge_disk(const Load& load, std::uint64_t keep_free) {
  if (load.disk_free >= keep_free) return {};
  const auto least = static_cast<std::uint64_t>(static_cast<double>(keep_free) * kDiskToGoOn);
  const bool stop = load.disk_free < least;
  return {.pace = stop ? Pace::stop : Pace::finish,
          .scarce = Scarce::disk,
          .why = fmt::format("{} of the disk are free, and builds {} {}", human_bytes(load.disk_free),
                             stop ? "are ended below" : "begin at", human_bytes(stop ? least : keep_free))};
}

}  // namespace

const char* scarce_name(Scarce scarce) {
  switch (scarce) {
    case Scarce::nothing: return "nothing";
    case Scarce::unknown: return "unknown";
    case Scarce::processors: return "processors";
    case Scarce::memory: return "memory";
    case Scarce::disk: break;
  }
  return "disk";
}

std::optional<double> GiveWay::left_by_others(bool all) const {
  const Load &first = window_.front(), &last = window_.back();
  if (last.ticks <= first.ticks) return std::nullopt;
  // A process that nobody waited for takes its time with it: never less than nothing.
  const auto since = [&](std::uint64_t Load::*ticks) {
    return last.*ticks > first.*ticks ? last.*ticks - first.*ticks : 0;
  };
  const std::uint64_t left = since(&Load::unused) + since(&Load::own) + (all ? 0 : since(&Load::equal));
  const auto part = static_cast<double>(left) / static_cast<double>(last.ticks - first.ticks);
  return std::min(part, 1.0) * last.processors;
}

PaceVerdict GiveWay::take(const Load& load) {
  window_.push_back(load);
  while (window_.size() > 2 && window_[1].seconds <= load.seconds - kLoadWindow) window_.pop_front();
  PaceVerdict verdict;
  const auto also = [&](PaceVerdict other) {
    if (other.pace > verdict.pace) verdict = std::move(other);
  };
  if (load.processors > 0 && load.seconds - window_.front().seconds < kFirstLook) {
    also({.pace = Pace::hold, .scarce = Scarce::unknown});
  } else if (const std::optional<double> left = load.processors > 0 ? left_by_others(false) : std::nullopt) {
    if (*left_by_others(true) < kShortOfProcessors) short_of_processors_ = load.seconds;
    if (*left < limits_.spare)
      also({.pace = Pace::hold,
            .scarce = Scarce::processors,
            .why = fmt::format("others leave {:.2f} of {} processor{}, and builds begin at {:.2f}", *left,
                               load.processors, load.processors == 1 ? "" : "s", limits_.spare)});
  }
  PaceVerdict of_memory = judge_memory(load);
  if (of_memory.scarce == Scarce::memory) short_of_memory_ = load.seconds;
  also(std::move(of_memory));
  also(judge_disk(load, limits_.keep_free));
  return verdict;
}

Shortage GiveWay::shortage_since(double seconds) const {
  return {.processors = short_of_processors_ >= seconds, .memory = short_of_memory_ >= seconds};
}

}  // namespace swage
