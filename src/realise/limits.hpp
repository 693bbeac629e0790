// What one build may take of the machine before it is ended, so that neither the others nor swage itself go down with
// it.
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

// Where the kernel bounds processes it does so higher, because they are only counted now and then: what goes beyond its
// limit is still growing then, and ended with the reason, not by its own forks that fail.
constexpr std::uint64_t hard_limit(unsigned processes) { return processes == 0 ? 0 : processes + 10'000ULL; }

}  // namespace swage
