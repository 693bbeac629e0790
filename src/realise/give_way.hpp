// When a run that gives way to others begins builds, goes on with them, and ends them. The numbers are those of
// docs/verify.md.
#pragma once

#include <deque>
#include <string>

#include "realise/load.hpp"
#include "realise/realise.hpp"

namespace swage {

struct GiveWayLimits {
  double spare = 0.5;           // processors that others leave, over the last kLoadWindow seconds: builds begin then
  std::uint64_t keep_free = 0;  // bytes of disk
};
inline constexpr double kLoadWindow = 10;
inline constexpr double kFirstLook = 1;         // s, before anything is known
inline constexpr double kMemoryToBegin = 0.10;  // of the machine's that is available: builds begin
inline constexpr double kMemoryToGoOn = 0.03;   // less: builds are ended
inline constexpr double kDiskToGoOn = 0.25;     // of keep_free

enum class Scarce { nothing, unknown, processors, memory, disk };
const char* scarce_name(Scarce scarce);  // "nothing", "unknown", "processors", "memory", "disk"

struct PaceVerdict {
  Pace pace = Pace::go;
  Scarce scarce = Scarce::nothing;
  std::string why{};  // "others leave 0.20 of 2 processors, and builds begin at 0.50"
};

// What there is to say of a time that lies behind.
struct Shortage {
  bool processors = false;  // others, of whatever priority, left less than half of one; the spare limit or not
  bool memory = false;      // less than builds begin with
};

// A pure function of the readings. Of several that are scarce the one with the strictest pace is named.
class GiveWay {
 public:
  explicit GiveWay(const GiveWayLimits& limits) : limits_(limits) {}
  PaceVerdict take(const Load& load);  // in the order of their time
  Shortage shortage_since(double seconds) const;

 private:
  // Processors; none: no time has passed. `all`: also by those that run at the lowest priority.
  std::optional<double> left_by_others(bool all) const;
  GiveWayLimits limits_;
  std::deque<Load> window_{};
  double short_of_processors_ = -1, short_of_memory_ = -1;  // when it was last so
};

}  // namespace swage
