// What one build may take of the machine before it is ended, so that neither the others nor swage itself go down with it.
#pragma once

#include <cstdint>

namespace swage {

// Nine tenths of the machine's memory, in bytes.
std::uint64_t usual_memory_limit();

struct BuildLimits {                     // 0: none
  std::uint64_t log = 256'000'000;       // bytes that it prints
  unsigned processes = 8192;             // at once, threads among them
  std::uint64_t memory = usual_memory_limit();   // bytes, of all its processes together
};

// Where a kernel bounds what is looked at now and then, it does so a little higher: so a build at its limit is seen there, although
// some of its processes have just ended.
constexpr std::uint64_t hard_limit(std::uint64_t limit) { return limit + limit / 4; }

}  // namespace swage
