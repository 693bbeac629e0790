#include "evidence/bisect.hpp"

#include <algorithm>
#include <utility>

namespace swage {

namespace {

using Positions = std::vector<std::size_t>;

// Those from `first` on and before `end` that were not tried: the cheap ones, or else the dear ones.
Positions untried(const Line& line, std::size_t first, std::size_t end) {
  Positions cheap, dear;
  for (std::size_t i = first; i < end; ++i)
    if (line.outcomes[i] == Outcome::untried) (line.dear[i] ? dear : cheap).push_back(i);
  return cheap.empty() ? dear : cheap;
}

bool is_untried(const Line& line, std::size_t position) { return line.outcomes[position] == Outcome::untried; }

// The cheap ones next to the bound, or else the next.
std::pair<std::size_t, std::size_t> sides(const Line& line, std::size_t bound) {
  std::size_t before = bound - 1, after = bound;
  for (std::size_t i = 0; i < bound; ++i)
    if (!line.dear[i]) before = i;
  for (std::size_t i = line.dear.size(); i > bound; --i)
    if (!line.dear[i - 1]) after = i - 1;
  return {before, after};
}

}  // namespace

std::optional<std::size_t> next_probe(const Line& line) {
  if (line.outcomes.empty()) return std::nullopt;
  if (line.bound) {
    const auto [before, after] = sides(line, *line.bound);
    if (is_untried(line, before)) return before;
    if (is_untried(line, after)) return after;
  } else if (is_untried(line, line.start)) {
    return line.start;
  }
  const Found now = found(line);
  if (!now.fails) {
    const Positions after = untried(line, now.works ? *now.works + 1 : 0, line.outcomes.size());
    return after.empty() ? std::nullopt : std::optional(after.back());
  }
  const Positions between = untried(line, now.works ? *now.works + 1 : 0, *now.fails);
  if (between.empty()) return std::nullopt;
  return now.works ? between[(between.size() - 1) / 2] : between.front();
}

Found found(const Line& line) {
  Found result;
  for (std::size_t i = 0; i < line.outcomes.size(); ++i) {
    if (line.outcomes[i] == Outcome::fails && !result.fails) result.fails = i;
    if (line.outcomes[i] != Outcome::works) continue;
    if (result.fails) result.odd.push_back(i);
    else result.works = i;
  }
  return result;
}

std::size_t most_probes(Line line) {
  const std::optional<std::size_t> next = next_probe(line);
  if (!next) return 0;
  std::size_t most = 0;
  for (const Outcome outcome : {Outcome::works, Outcome::fails}) {
    line.outcomes[*next] = outcome;
    most = std::max(most, most_probes(line));
  }
  return 1 + most;
}

}  // namespace swage
