#include "base/line_diff.hpp"

#include <algorithm>
#include <cstdint>

#include "base/text.hpp"

namespace swage {

namespace {

constexpr std::size_t kMostPairs = 4'000'000;

std::vector<std::string_view> lines_of(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text.empty() ? std::vector<std::string_view>{} : split(text, '\n');
}

std::string marked(char mark, std::string_view line) {
  std::string text(1, mark);
  return text += line;
}

}  // namespace

std::vector<std::string> line_diff(std::string_view before, std::string_view after) {
  std::vector<std::string_view> a = lines_of(before), b = lines_of(after);
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.pop_back();
    b.pop_back();
  }
  const auto first = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  a.erase(a.begin(), first.first);
  b.erase(b.begin(), first.second);

  std::vector<std::string> changed;
  // common[i][j]: how many lines a from i on and b from j on have in common.
  const std::size_t width = b.size() + 1;
  const bool few = (a.size() + 1) * width <= kMostPairs;
  std::vector<std::uint32_t> common(few ? (a.size() + 1) * width : 0);
  if (few)
    for (std::size_t i = a.size(); i-- > 0;)
      for (std::size_t j = b.size(); j-- > 0;)
        common[i * width + j] = a[i] == b[j] ? common[(i + 1) * width + j + 1] + 1
                                             : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (few && i < a.size() && j < b.size() && a[i] == b[j]) {
      ++i;
      ++j;
    } else if (i < a.size() && (!few || j == b.size() || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      changed.push_back(marked('-', a[i++]));
    } else {
      changed.push_back(marked('+', b[j++]));
    }
  }
  return changed;
}

}  // namespace swage
