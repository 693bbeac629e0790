#include "cache/pushed_derivations.hpp"

#include <fmt/core.h>

#include "base/interrupt.hpp"

namespace swage {

namespace {

constexpr std::string_view kTextType = "text/plain";

bool is_small_text(const PathInfo& info) {
  return info.ca && info.ca->method == ContentMethod::text && info.references.empty() &&
         info.nar_size <= kLargestPushedText;
}

// Derivations and texts that these are made of, and they.
Result<StorePathSet> files_behind(Store& store, const StorePathSet& derivations) {
  StorePathSet files, seen = derivations;
  std::vector<StorePath> open(derivations.begin(), derivations.end());
  while (!open.empty()) {
    SWAGE_CHECK(check_interrupt());
    const StorePath path = std::move(open.back());
    open.pop_back();
    SWAGE_TRY(const std::optional<PathInfo> info, store.query(path));
    if (!info || (!path.is_derivation() && !is_small_text(*info))) continue;
    for (const StorePath& reference : info->references)
      if (seen.insert(reference).second) open.push_back(reference);
    files.insert(path);
  }
  return files;
}

// Of these files, those that the place has.
Result<std::set<std::string>> held_files(CachePlace& place, const StorePathSet& paths) {
  std::vector<std::string> names;
  for (const StorePath& path : paths) names.push_back(derivation_file(path));
  std::set<std::string> held;
  if (!place.is_remote()) {
    for (const std::string& name : names) {
      SWAGE_TRY(const bool there, place.has(name));
      if (there) held.insert(name);
    }
    return held;
  }
  const std::vector<CachePlace::Answer> answers = place.read_all(names, kLargestDerivation);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!answers[i] && answers[i].error().code != Errc::corrupt) return Fail(answers[i].error());
    if (answers[i] && *answers[i] && fault_of_derivation_file(names[i], **answers[i]).empty()) held.insert(names[i]);
  }
  return held;
}

}  // namespace

std::string derivation_file(const StorePath& path) { return std::string(kDerivationFiles) + path.base(); }

Result<std::uint64_t> push_derivations(Store& store, const StorePathSet& derivations,
                                       const std::map<StorePath, std::string>& texts, CachePlace& place) {
  SWAGE_TRY(const StorePathSet valid, store.valid_paths(derivations));
  SWAGE_CHECK(store.add_temp_roots(valid));
  SWAGE_TRY(StorePathSet files, files_behind(store, valid));
  for (const auto& [path, text] : texts)
    if (path.is_derivation() || text.size() <= kLargestPushedText) files.insert(path);
  if (files.empty()) return 0;
  SWAGE_TRY(const std::set<std::string> held, held_files(place, files));
  std::uint64_t written = 0;
  for (const StorePath& path : files) {
    SWAGE_CHECK(check_interrupt());
    const std::string name = derivation_file(path);
    if (held.contains(name)) continue;
    std::string text;
    if (const auto known = texts.find(path); known != texts.end()) {
      text = known->second;
    } else {
      SWAGE_TRY(text, read_file(store.real_path(path), kLargestDerivation));
    }
    if (const std::string fault = fault_of_derivation_file(name, text); !fault.empty())
      return fail(Errc::corrupt, fmt::format("'{}': {}", path.str(), fault));
    SWAGE_CHECK(place.write_text(name, text, kTextType));
    ++written;
  }
  return written;
}

std::string fault_of_derivation_file(std::string_view name, const std::string& text) {
  const Result<StorePath> path = StorePath::parse_base(name.substr(kDerivationFiles.size()));
  if (!path) return "it has no name of a store path";
  StorePathSet references;
  if (path->is_derivation()) {
    const Result<Derivation> drv = parse_derivation(text, path->name().substr(0, path->name().size() - 4));
    if (!drv) return drv.error().what;
    references = drv->input_srcs;
    for (const auto& [input, outputs] : drv->input_drvs) references.insert(input);
  }
  const Result<StorePath> own = make_text_path(path->name(), sha256(text), references);
  return own && *own == *path ? "" : "its content is not that of its name";
}

Result<std::optional<std::string>> PushedDerivations::text(const StorePath& path) {
  const auto known = texts_.find(path);
  if (known != texts_.end()) return known->second;
  const std::string name = derivation_file(path);
  CachePlace::Answer answer = place_.read(name, kLargestDerivation);
  if (!answer && answer.error().code != Errc::corrupt) return Fail(std::move(answer).error());
  std::optional<std::string> text;
  if (answer && *answer && fault_of_derivation_file(name, **answer).empty()) text = **std::move(answer);
  return texts_.emplace(path, std::move(text)).first->second;
}

Result<std::optional<Derivation>> PushedDerivations::derivation(const StorePath& drv) {
  SWAGE_TRY(const std::optional<std::string> known, text(drv));
  if (!known) return std::nullopt;
  SWAGE_TRY(Derivation parsed, parse_derivation(*known, drv.name().substr(0, drv.name().size() - 4)));
  return parsed;
}

Result<std::set<std::string>> needed_derivation_files(CachePlace& place, const StorePathSet& derivations,
                                                      const std::set<std::string>& all) {
  std::set<std::string> needed;
  StorePathSet wave = derivations;
  while (!wave.empty()) {
    SWAGE_CHECK(check_interrupt());
    std::vector<std::string> names;
    std::vector<StorePath> paths;
    for (const StorePath& path : wave) {
      std::string name = derivation_file(path);
      if (!all.contains(name) || !needed.insert(name).second || !path.is_derivation()) continue;
      names.push_back(std::move(name));
      paths.push_back(path);
    }
    wave.clear();
    if (names.empty()) break;
    const std::vector<CachePlace::Answer> answers = place.read_all(names, kLargestDerivation);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!answers[i] && answers[i].error().code != Errc::corrupt) return Fail(answers[i].error());
      if (!answers[i] || !*answers[i]) continue;
      const std::string_view name = paths[i].name();
      const Result<Derivation> drv = parse_derivation(**answers[i], name.substr(0, name.size() - 4));
      if (!drv) continue;   // damaged: it tells of nothing
      wave.insert(drv->input_srcs.begin(), drv->input_srcs.end());
      for (const auto& [input, outputs] : drv->input_drvs) wave.insert(input);
    }
  }
  return needed;
}

}  // namespace swage
