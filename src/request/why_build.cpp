#include "request/why_build.hpp"

#include <algorithm>
#include <fmt/core.h>

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

}  // namespace

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
