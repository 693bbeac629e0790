// The search for the first of a line of versions that does not work, as a function of what is known: nothing here
// builds.
//
// Versions stand in the order in which they are looked at: those that are expected to work first. That may be from old
// to new, or the other way round. Of a search by halves nothing is known but what was tried, so a version that fails
// between two that work is found only where it was tried; then it is told (Found::odd).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace swage {

enum class Outcome { untried, works, fails };

struct Line {
  std::vector<Outcome> outcomes{};     // by position
  std::vector<bool> dear{};            // by position: tried only where no other narrows the search
  std::size_t start = 0;               // what is expected to work
  std::optional<std::size_t> bound{};  // the first that is said to fail: both sides of it are tried first; not 0
};

// What to try next; nothing: no more is to be found out. In this order: both sides of the bound; without one the start;
// while all work the last; while none before the first that fails works the first; then the middle between the last
// that works and that.
std::optional<std::size_t> next_probe(const Line& line);

struct Found {
  std::optional<std::size_t> fails{};  // the first that is known to fail
  std::optional<std::size_t> works{};  // the last before it that works; where none fails: the last of all that works
  std::vector<std::size_t> odd{};      // that work although one before them fails
};
Found found(const Line& line);

// How many of `line` have to be tried at most, however they end.
std::size_t most_probes(Line line);

}  // namespace swage
