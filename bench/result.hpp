// The quick mode, and the lines that bench/run.sh makes its table of; as bench/results.py has them.
#pragma once

#include <cstdlib>
#include <fmt/core.h>
#include <string_view>

namespace swage::bench {

// BENCH_QUICK=1: small inputs, one round and no verdict.
inline bool quick() {
  const char* value = std::getenv("BENCH_QUICK");
  return value && *value != '\0' && std::string_view(value) != "0";
}

// Whether the promise is kept; in the quick mode nothing is judged.
inline bool result(std::string_view what, double measured, std::string_view unit, double most, bool kept) {
  fmt::print("result: {} | {:.2f} {} | at most {:.2f} {} | {}\n", what, measured, unit, most, unit, quick() ? "quick" : kept ? "ok" : "missed");
  return kept || quick();
}

}  // namespace swage::bench
