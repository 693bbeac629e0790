#include "image/image_sizes.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <vector>

#include "base/text.hpp"

namespace swage {

namespace {

constexpr std::size_t kMostShown = 20;

struct SizeChange {
  std::string name{};
  std::uint64_t before = 0, after = 0;       // 0: it is not there
  std::uint64_t by() const { return before > after ? before - after : after - before; }
};

std::vector<SizeChange> size_changes(const ImageSizes& before, const ImageSizes& after) {
  std::vector<SizeChange> changes;
  for (const auto& [name, size] : after) {
    const auto old = before.find(name);
    const std::uint64_t was = old == before.end() ? 0 : old->second;
    if (was != size) changes.push_back({name, was, size});
  }
  for (const auto& [name, size] : before)
    if (!after.contains(name) && size != 0) changes.push_back({name, size, 0});
  std::stable_sort(changes.begin(), changes.end(),
                   [](const SizeChange& a, const SizeChange& b) { return a.by() > b.by(); });
  return changes;
}

std::uint64_t sum_of(const ImageSizes& sizes) {
  std::uint64_t sum = 0;
  for (const auto& [name, size] : sizes) sum += size;
  return sum;
}

std::string signed_bytes(std::uint64_t before, std::uint64_t after) {
  return before > after ? "-" + human_bytes(before - after) : "+" + human_bytes(after - before);
}

std::string files_text(const ImageSizes& sizes) {
  return fmt::format("{} in {} file{}", human_bytes(sum_of(sizes)), sizes.size(), sizes.size() == 1 ? "" : "s");
}

void add_more(std::string& out, std::size_t count, const char* what) {
  if (count > kMostShown) out += fmt::format("  and {} {}\n", count - kMostShown, what);
}

std::string largest_text(const ImageSizes& sizes) {
  std::vector<std::pair<std::uint64_t, std::string>> all;
  for (const auto& [name, size] : sizes) all.emplace_back(size, name);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), kMostShown); ++i)
    out += fmt::format("  {:>9}  {}\n", human_bytes(all[i].first), all[i].second);
  add_more(out, all.size(), "smaller ones");
  return out;
}

}  // namespace

Result<ImageSizes> parse_image_sizes(std::string_view text, std::string_view file) {
  ImageSizes sizes;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    const std::size_t space = line.find(' ');
    std::uint64_t size = 0;
    const char* end = line.data() + std::min(space, line.size());
    const auto [stop, wrong] = std::from_chars(line.data(), end, size);
    if (space == std::string_view::npos || wrong != std::errc() || stop != end)
      return fail(Errc::corrupt, fmt::format("'{}' is no list of sizes: '{}'", file, line));
    sizes[std::string(line.substr(space + 1))] = size;
  }
  return sizes;
}

std::string sizes_text(const std::string& image, const ImageSizes& sizes, const std::optional<SizesBefore>& before) {
  std::string out = fmt::format("{}: {}\n", image, files_text(sizes));
  if (!before) return out + largest_text(sizes);
  const std::vector<SizeChange> changes = size_changes(before->sizes, sizes);
  const std::uint64_t was = sum_of(before->sizes), is = sum_of(sizes);
  out += fmt::format("before: {}, in {}\n", files_text(before->sizes), before->name);
  if (changes.empty()) return out + "no file has another size\n";
  for (std::size_t i = 0; i < std::min(changes.size(), kMostShown); ++i) {
    const SizeChange& one = changes[i];
    const std::string what = one.before == 0  ? "new"
                             : one.after == 0 ? "gone"
                                              : fmt::format("{} before", human_bytes(one.before));
    out += fmt::format("  {:>10}  {}  ({})\n", signed_bytes(one.before, one.after), one.name, what);
  }
  add_more(out, changes.size(), "smaller changes");
  return out + fmt::format("  {:>10}  in all\n", signed_bytes(was, is));
}

Json sizes_json(const std::string& image, const ImageSizes& sizes, const std::optional<SizesBefore>& before) {
  Json files = Json::array(), changes = nullptr;
  for (const auto& [name, size] : sizes) files.push_back({{"name", name}, {"size", size}});
  if (before) {
    changes = Json::array();
    for (const SizeChange& one : size_changes(before->sizes, sizes))
      changes.push_back({{"name", one.name}, {"before", one.before}, {"after", one.after}});
  }
  return {{"image", image},
          {"size", sum_of(sizes)},
          {"files", std::move(files)},
          {"before", before ? Json(before->name) : Json(nullptr)},
          {"changes", std::move(changes)}};
}

}  // namespace swage
