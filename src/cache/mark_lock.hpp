// Locks where there are none, as in buckets: marks, which are small objects. Everybody puts one down and looks for
// those of others after that, so of two that are at odds at least one sees the other. It needs a place whose list has
// at once what was put (S3's has since 2020). A mark is renewed as long as its owner lives; one that was not for two
// minutes is a dead one's, and counts for nothing.
#pragma once

#include <chrono>

#include "cache/place.hpp"

namespace swage {

inline constexpr std::string_view kMarks = "locks/";

struct MarkPlace {
  std::function<Result<void>(const std::string& name)> put{};         // also again: it is then as new
  std::function<Result<std::vector<CachePlace::Entry>>()> list{};     // of all marks, by the place's own clock
  std::function<void(const std::string& name)> remove{};
};
struct MarkTimes {
  std::chrono::milliseconds renewed{15'000};
  std::chrono::milliseconds looked{1'000};   // at those who are waited for
  std::int64_t dead = 120;                   // seconds without being renewed
};

// Use::add and Use::remove as CachePlace::lock(). The mark goes with the result; if the user stops swage, it is left,
// and dies. Errors: of the place, and Errc::interrupted.
Result<CachePlace::Held> lock_by_mark(CachePlace::Use use, const MarkPlace& place, const std::function<void()>& waiting,
                                      const MarkTimes& times = {});

}  // namespace swage
