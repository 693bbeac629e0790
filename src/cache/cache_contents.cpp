#include "cache/cache_contents.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"

namespace swage {

namespace {

constexpr std::string_view kNarInfoSuffix = ".narinfo";
constexpr std::string_view kPins = "pins/";
constexpr std::string_view kListType = "text/plain";
constexpr std::ptrdiff_t kAtOnce = 1000;       // look-ups that are asked for together

// A narinfo's text to what it is; what is wrong with it goes to the problems.
void take_narinfo(CacheContents& contents, const std::string& name, std::string_view text, std::int64_t modified) {
  Result<NarInfo> narinfo = parse_narinfo(text, name);
  if (!narinfo) {
    contents.problems.push_back({name, narinfo.error().what});
  } else if (narinfo_name(narinfo->info.path) != name) {
    contents.problems.push_back({name, fmt::format("it is of '{}'", narinfo->info.path.str())});
  } else {
    const StorePath path = narinfo->info.path;
    contents.paths.insert_or_assign(path, HeldPath{.narinfo = *std::move(narinfo), .modified = modified});
  }
}

// One base name a line.
Result<StorePathSet> parse_paths(std::string_view text, std::string_view file) {
  StorePathSet paths;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    Result<StorePath> path = StorePath::parse_base(line);
    if (!path) return fail(Errc::corrupt, fmt::format("'{}' names '{}'", file, line.substr(0, 200)));
    paths.insert(*std::move(path));
  }
  return paths;
}

std::string format_paths(const StorePathSet& paths) {
  std::string text;
  for (const StorePath& path : paths) text += path.base() + "\n";
  return text;
}

bool is_pin_name(std::string_view name) {
  return name.size() <= 100 && is_cache_name(name) && name.find('/') == name.npos && !name.starts_with('.');
}

}  // namespace

Result<CacheContents> list_contents(CachePlace& place) {
  SWAGE_TRY(std::vector<CachePlace::Entry> entries, place.list());
  CacheContents contents;
  std::vector<std::string> names;
  std::map<std::string, std::int64_t> modified;
  for (CachePlace::Entry& entry : entries) {
    if (entry.name.ends_with(kNarInfoSuffix) && entry.name.find('/') == std::string::npos) {
      modified.emplace(entry.name, entry.modified);
      names.push_back(std::move(entry.name));
    } else {
      std::string name = entry.name;
      contents.others.emplace(std::move(name), std::move(entry));
    }
  }
  // A server is asked for many at once; of a directory, what is wrong with one file says nothing of the next.
  const std::ptrdiff_t at_once = place.is_remote() ? kAtOnce : 1;
  for (auto from = names.begin(); from != names.end();) {
    SWAGE_CHECK(check_interrupt());
    const auto to = from + std::min(std::ssize(names) - (from - names.begin()), at_once);
    const std::vector<std::string> some(from, to);
    const std::vector<CachePlace::Answer> answers = place.read_all(some, kLargestNarInfo);
    for (std::size_t i = 0; i < some.size(); ++i) {
      const CachePlace::Answer& answer = answers[i];
      if (!answer && place.is_remote() && answer.error().code != Errc::corrupt) return Fail(answer.error());
      if (!answer) contents.problems.push_back({some[i], answer.error().what});
      else if (*answer) take_narinfo(contents, some[i], **answer, modified[some[i]]);   // else it has just gone
    }
    from = to;
  }
  return contents;
}

Result<CacheContents> closure_contents(CachePlace& place, const StorePathSet& paths) {
  CacheContents contents;
  StorePathSet asked, open = paths;
  while (!open.empty()) {
    SWAGE_CHECK(check_interrupt());
    std::vector<std::string> names;
    for (const StorePath& path : open) names.push_back(narinfo_name(path));
    const std::vector<CachePlace::Answer> answers = place.read_all(names, kLargestNarInfo);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!answers[i] && answers[i].error().code != Errc::corrupt) return Fail(answers[i].error());
      if (!answers[i]) contents.problems.push_back({names[i], answers[i].error().what});
      else if (*answers[i]) take_narinfo(contents, names[i], **answers[i], 0);
    }
    asked.merge(StorePathSet(open));
    StorePathSet next;
    for (const StorePath& path : open) {
      const auto held = contents.paths.find(path);
      if (held == contents.paths.end()) continue;
      const StorePathSet& references = held->second.narinfo.info.references;
      std::set_difference(references.begin(), references.end(), asked.begin(), asked.end(),
                          std::inserter(next, next.end()));
    }
    open = std::move(next);
  }
  return contents;
}

// --- The index ---

Result<std::optional<StorePathSet>> read_cache_index(CachePlace& place) {
  SWAGE_TRY(const std::optional<std::string> text, place.read(std::string(kCacheIndex), kLargestFile));
  if (!text) return std::nullopt;
  SWAGE_TRY(StorePathSet paths, parse_paths(*text, kCacheIndex));
  return paths;
}

Result<void> write_cache_index(CachePlace& place, const StorePathSet& paths) {
  return place.write_text(std::string(kCacheIndex), format_paths(paths), kListType);
}

Result<void> add_to_cache_index(CachePlace& place, const StorePathSet& paths) {
  SWAGE_TRY(const CachePlace::Held lock, place.lock(CachePlace::Use::index, [] {}));
  Result<std::optional<StorePathSet>> before = read_cache_index(place);
  if (!before && before.error().code != Errc::corrupt) return Fail(std::move(before).error());
  StorePathSet all;   // a damaged one is made anew
  if (before && *before) all = std::move(**before);
  if (std::includes(all.begin(), all.end(), paths.begin(), paths.end())) return {};
  all.insert(paths.begin(), paths.end());
  return write_cache_index(place, all);
}

// --- Pins ---

Result<CachePins> read_cache_pins(CachePlace& place) {
  SWAGE_TRY(const std::vector<CachePlace::Entry> entries, place.list());
  CachePins pins;
  for (const CachePlace::Entry& entry : entries) {
    if (!entry.name.starts_with(kPins)) continue;
    SWAGE_TRY(const std::optional<std::string> text, place.read(entry.name, kLargestNarInfo));
    if (!text) continue;
    SWAGE_TRY(StorePathSet paths, parse_paths(*text, entry.name));
    pins.emplace(entry.name.substr(kPins.size()), std::move(paths));
  }
  return pins;
}

Result<void> pin_in_cache(CachePlace& place, const std::string& name, const StorePathSet& paths,
                          const std::function<void()>& waiting) {
  if (!is_pin_name(name))
    return Fail(Error{.what = fmt::format("'{}' is no name of a pin", name)}.hinted(
        "a word that names a file: release-1.2"));
  SWAGE_TRY(const CachePlace::Held lock, place.lock(CachePlace::Use::add, waiting));
  for (const StorePath& path : paths) {
    SWAGE_TRY(const bool there, place.has(narinfo_name(path)));
    if (!there) return fail(Errc::invalid_input, fmt::format("'{}' is not in '{}'", path.str(), place.shown()));
  }
  return place.write_text(std::string(kPins) + name, format_paths(paths), kListType);
}

Result<void> unpin_in_cache(CachePlace& place, const std::string& name) {
  const std::string file = std::string(kPins) + name;
  SWAGE_TRY(const bool there, is_pin_name(name) ? place.has(file) : Result<bool>(false));
  if (!there) {
    SWAGE_TRY(const CachePins pins, read_cache_pins(place));
    std::vector<std::string> names;
    for (const auto& [known, paths] : pins) names.push_back(known);
    return Fail(Error{.what = fmt::format("'{}' is no pin of '{}'", name, place.shown())}.hinted(
        did_you_mean(name, names)));
  }
  return place.remove_all({file});
}

}  // namespace swage
