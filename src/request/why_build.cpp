#include "request/why_build.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "cache/cache_contents.hpp"
#include "cache/pushed_derivations.hpp"
#include "request/store_words.hpp"

namespace swage {

namespace {

constexpr std::ptrdiff_t kMostCompared = 20;        // of one name
constexpr std::uint64_t kLargestText = 1'000'000;   // bytes of a script whose lines are told

// When the newest of its outputs was registered. Nothing: not all are valid.
Result<std::optional<std::int64_t>> built_at(Store& store, const Derivation& drv) {
  std::int64_t when = 0;
  for (const auto& [name, output] : drv.outputs) {
    SWAGE_TRY(const StorePath path, StorePath::parse(output.path));
    SWAGE_TRY(const std::optional<PathInfo> info, store.query(path));
    if (!info) return std::nullopt;
    when = std::max(when, info->registration_time);
  }
  return when;
}

Result<std::optional<Derivation>> derivation_of(Store& store, const StorePath& drv) {
  SWAGE_TRY(const bool valid, store.is_valid(drv));
  if (!valid) return std::nullopt;
  SWAGE_TRY(Derivation read, store.read_derivation(drv));
  return read;
}

// What was built of that name, the last first, with the times.
Result<std::vector<std::pair<std::int64_t, StorePath>>> find_built(Store& store, const std::string& name) {
  std::vector<std::pair<std::int64_t, StorePath>> found;
  SWAGE_TRY(const std::vector<StorePath> all, store.all_paths());
  for (const StorePath& path : all) {
    if (path.name() != name + ".drv") continue;
    SWAGE_TRY(const Derivation drv, store.read_derivation(path));
    SWAGE_TRY(const std::optional<std::int64_t> when, built_at(store, drv));
    if (when) found.emplace_back(*when, path);
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  return found;
}

// How much is told of them: of two that differ in one setting the one with the smaller change is nearer.
std::size_t size_of(const std::vector<Difference>& differences) {
  constexpr std::size_t each = 100;
  std::size_t size = 0;
  for (const Difference& one : differences) {
    size += each;
    for (const std::string& line : one.lines) size += line.size();
    if (one.lines.empty()) size += one.had.size() + one.has.size();
  }
  return size;
}

Result<StorePath> derivation_named(Store& store, const std::string& text) {
  SWAGE_TRY(const StorePath path, find_store_path(store, text));
  if (path.is_derivation()) return path;
  SWAGE_TRY(const std::optional<PathInfo> info, store.query(path));
  if (!info || !info->deriver)
    return fail(Errc::invalid_input, fmt::format("'{}' was not built: there is nothing to compare with", path.str()));
  SWAGE_TRY(const bool valid, store.is_valid(*info->deriver));
  if (!valid)
    return Fail(Error{.what = fmt::format("'{}' is not in the store any more", info->deriver->str()),
                      .notes = {fmt::format("'{}' was built from it", path.str())}});
  return *info->deriver;
}

// What of the cache is called as the wanted outputs are, and is another path.
Result<StorePathSet> namesakes(CachePlace& place, const StorePathSet& outputs) {
  SWAGE_TRY(std::optional<StorePathSet> held, read_cache_index(place));
  if (!held && !place.can_list())
    return Fail(Error{.what = fmt::format("'{}' cannot be listed, and has no '{}'", place.shown(), kCacheIndex),
                      .hint = "a push writes that file"});
  if (!held) {
    SWAGE_TRY(const CacheContents contents, list_contents(place));
    held.emplace();
    for (const auto& [path, one] : contents.paths) held->insert(path);
  }
  std::erase_if(*held, [&](const StorePath& path) {
    return outputs.contains(path) || std::none_of(outputs.begin(), outputs.end(), [&](const StorePath& output) {
             return output.name() == path.name();
           });
  });
  return *std::move(held);
}

// The derivations that their narinfos name.
Result<StorePathSet> derivers_of(CachePlace& place, const StorePathSet& paths) {
  std::vector<std::string> names;
  for (const StorePath& path : paths) names.push_back(narinfo_name(path));
  StorePathSet derivers;
  const std::vector<CachePlace::Answer> answers = place.read_all(names, kLargestNarInfo);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!answers[i] && answers[i].error().code != Errc::corrupt) return Fail(answers[i].error());
    if (!answers[i] || !*answers[i]) continue;
    const Result<NarInfo> narinfo = parse_narinfo(**answers[i], names[i]);
    if (narinfo && narinfo->info.deriver) derivers.insert(*narinfo->info.deriver);
  }
  return derivers;
}

}  // namespace

Result<WhyBuild> why_build_of_cache(Session& session, const Planned& planned, const Wanted& wanted, CachePlace& place) {
  const Graph& graph = planned.planner->graph();
  SWAGE_TRY(Store* store, session.store());
  WhyBuild why{.wanted = wanted.drv};
  const Derivation& derivation = graph.find(wanted.drv)->drv;
  StorePathSet outputs;
  why.is_built = true;
  for (const std::string& name : wanted.outputs) {
    SWAGE_TRY(StorePath path, StorePath::parse(derivation.outputs.at(name).path));
    SWAGE_TRY(const bool there, place.has(narinfo_name(path)));
    why.is_built = why.is_built && there;
    outputs.insert(std::move(path));
  }
  if (why.is_built) return why;
  PushedDerivations pushed(place);
  const MadeBefore before{
      .derivation = [&](const StorePath& drv) -> Result<std::optional<Derivation>> {
        SWAGE_TRY(std::optional<Derivation> known, pushed.derivation(drv));
        return known ? known : derivation_of(*store, drv);
      },
      .text = [&](const StorePath& source) -> std::optional<std::string> {
        Result<std::optional<std::string>> known = pushed.text(source);
        if (known && *known) return **std::move(known);
        Result<std::string> text = read_file(store->real_path(source), kLargestText);
        return text ? std::optional(*std::move(text)) : std::nullopt;
      }};
  SWAGE_TRY(const StorePathSet others, namesakes(place, outputs));
  SWAGE_TRY(const StorePathSet derivers, derivers_of(place, others));
  std::ptrdiff_t compared = 0;
  for (const StorePath& drv : derivers) {
    SWAGE_TRY(const std::optional<Derivation> known, before.derivation(drv));
    if (!known) continue;
    SWAGE_TRY(std::vector<Difference> differences, why_different(graph, wanted.drv, drv, before));
    if (!why.had || size_of(differences) < size_of(why.differences)) {
      why.had = drv;
      why.differences = std::move(differences);
    }
    if (++compared == kMostCompared) break;
  }
  if (!why.had && !others.empty())
    return Fail(Error{.what = fmt::format("'{}' does not tell what its '{}' was made of", place.shown(),
                                          others.begin()->str()),
                      .hint = "push it again with this swage, from a store that has built it"});
  return why;
}

Result<WhyBuild> why_build(Session& session, const Planned& planned, const Wanted& wanted, const std::string& against) {
  const Graph& graph = planned.planner->graph();
  SWAGE_TRY(Store* store, session.store());
  WhyBuild why{.wanted = wanted.drv};
  const FinishedDerivation* derivation = graph.find(wanted.drv);
  const MadeBefore before{
      .derivation = [&](const StorePath& drv) { return derivation_of(*store, drv); },
      .text = [&](const StorePath& source) -> std::optional<std::string> {
        Result<std::string> text = read_file(store->real_path(source), kLargestText);
        return text ? std::optional(*std::move(text)) : std::nullopt;
      }};
  if (!against.empty()) {
    SWAGE_TRY(why.had, derivation_named(*store, against));
    SWAGE_TRY(const Derivation drv, store->read_derivation(*why.had));
    SWAGE_TRY(why.when, built_at(*store, drv));
    SWAGE_TRY(why.differences, why_different(graph, wanted.drv, *why.had, before));
    return why;
  }
  SWAGE_TRY(const std::optional<std::int64_t> built, built_at(*store, derivation->drv));
  why.is_built = built.has_value();
  if (why.is_built) return why;
  SWAGE_TRY(auto others, find_built(*store, derivation->drv.name));
  if (std::ssize(others) > kMostCompared) others.erase(others.begin() + kMostCompared, others.end());
  for (const auto& [when, drv] : others) {
    SWAGE_TRY(std::vector<Difference> differences, why_different(graph, wanted.drv, drv, before));
    if (why.had && size_of(differences) >= size_of(why.differences)) continue;
    why.had = drv;
    why.when = when;
    why.differences = std::move(differences);
  }
  return why;
}

}  // namespace swage
