// swage cache gc, pin and unpin: what of a cache is kept.
#include <algorithm>
#include <fmt/core.h>
#include <fnmatch.h>

#include "base/text.hpp"
#include "cache/collect_cache.hpp"
#include "cli/cache_commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "request/store_words.hpp"
#include "request/target_outputs.hpp"

namespace swage {

namespace {

struct PinCommand {
  std::string cache{};
  std::string name{};
  std::vector<std::string> paths{};
};

Result<int> pin(Session& session, const PinCommand& options) {
  StorePathSet paths;
  for (const std::string& word : options.paths) {
    SWAGE_TRY(StorePath path, parse_store_word(word));
    paths.insert(std::move(path));
  }
  SWAGE_TRY(const std::unique_ptr<CachePlace> place, open_cache(options.cache, true));
  SWAGE_CHECK(pin_in_cache(*place, options.name, paths, [&] {
    session.reporter().on(Message{fmt::format("waiting for a collection of '{}'", place->shown())});
  }));
  session.stop_reporter();
  if (as_json()) print_json({{"pin", options.name}, {"paths", paths.size()}});
  else print_result("pinned {} paths as '{}'\n", paths.size(), options.name);
  return 0;
}

Result<int> unpin(Session&, const PinCommand& options) {
  SWAGE_TRY(const std::unique_ptr<CachePlace> place, open_cache(options.cache, true));
  SWAGE_CHECK(unpin_in_cache(*place, options.name));
  if (as_json()) print_json({{"unpinned", options.name}});
  else print_result("'{}' is pinned no more\n", options.name);
  return 0;
}

struct GcCommand {
  std::string cache{};
  std::vector<std::string> keep{};
  std::vector<std::string> platforms{};
  std::uint64_t newer = 0;        // seconds; 0: not given
  bool dry_run = false;
};

Error not_there(const std::string& word, const CachePlace& place) {
  return {.what = fmt::format("'{}' is not in '{}'", word, place.shown()),
          .notes = {"what is to be kept is not known, so nothing was deleted"}};
}

// A path, what is called so, or a target's outputs, of what the cache has.
Result<CacheRoot> root_of(Session& session, const GcCommand& options, const std::string& word,
                          const CachePlace& place, const CacheContents& contents) {
  CacheRoot root{.because = fmt::format("--keep {}", shell_quoted(word))};
  if (looks_like_store_path(word)) {
    SWAGE_TRY(StorePath path, parse_store_word(word));
    root.paths.insert(std::move(path));
  } else {
    for (const auto& [path, held] : contents.paths)
      if (::fnmatch(word.c_str(), std::string(path.name()).c_str(), 0) == 0) root.paths.insert(path);
    if (!root.paths.empty()) return root;
    if (word.find_first_of("*?[") != std::string::npos) return Fail(not_there(word, place));
    const TargetOptions targets{.command = "gc", .targets = {word}, .platforms = options.platforms};
    SWAGE_TRY(const std::vector<TargetOutputs> all, outputs_of_targets(session, targets));
    for (const TargetOutputs& one : all) {
      if (std::none_of(one.wanted.begin(), one.wanted.end(),
                       [&](const StorePath& path) { return contents.paths.contains(path); }))
        return Fail(not_there(one.label, place));
      root.paths.insert(one.wanted.begin(), one.wanted.end());
      root.paths.insert(one.others.begin(), one.others.end());
    }
    return root;
  }
  if (!contents.paths.contains(*root.paths.begin())) return Fail(not_there(root.paths.begin()->str(), place));
  return root;
}

void print(const GcCommand& options, const CollectResult& result) {
  if (options.dry_run)
    for (const CollectedPath& one : result.deleted)
      print_result("{:>10}  {}\n", human_bytes(one.bytes), one.path.str());
  for (const KeptPaths& kept : result.kept)
    print_result("kept {} paths, {}: {}\n", kept.paths.size(), human_bytes(kept.bytes), kept.because);
  print_result("{} {} paths{}, {}\n", options.dry_run ? "would delete" : "deleted", result.deleted.size(),
               result.unused.empty() ? "" : fmt::format(" and {} NARs that belonged to none", result.unused.size()),
               human_bytes(result.freed));
}

Json json_of(const CollectResult& result) {
  Json deleted = Json::array(), kept = Json::array();
  for (const CollectedPath& one : result.deleted)
    deleted.push_back({{"path", one.path.str()}, {"fileBytes", one.bytes}});
  for (const KeptPaths& one : result.kept) {
    Json paths = Json::array();
    for (const StorePath& path : one.paths) paths.push_back(path.str());
    kept.push_back({{"because", one.because}, {"fileBytes", one.bytes}, {"paths", std::move(paths)}});
  }
  return {{"deleted", std::move(deleted)},
          {"unused", result.unused},
          {"derivations", result.derivations},
          {"bytesFreed", result.freed},
          {"kept", std::move(kept)}};
}

Result<int> gc(Session& session, const GcCommand& options) {
  SWAGE_TRY(const std::unique_ptr<CachePlace> place, open_cache(options.cache, true));
  SWAGE_TRY(CacheCollection collection, CacheCollection::begin(*place, session.reporter()));
  std::vector<CacheRoot> roots;
  for (const auto& [name, paths] : collection.pins())
    roots.push_back({.because = fmt::format("pin '{}'", name), .paths = paths});
  for (const std::string& word : options.keep) {
    SWAGE_TRY(roots.emplace_back(), root_of(session, options, word, *place, collection.contents()));
  }
  const std::optional<std::int64_t> newer = options.newer ? std::optional(options.newer) : std::nullopt;
  if (roots.empty() && !newer)
    return Fail(Error{.what = fmt::format("'{}' has no pins, and nothing else is to be kept", place->shown()),
                      .notes = {"all of it would be deleted"}}
                    .hinted(fmt::format("swage cache pin {} NAME PATH, --keep or --keep-newer",
                                        shell_quoted(options.cache))));
  SWAGE_TRY(const CollectResult result, collection.collect(roots, newer, options.dry_run));
  session.stop_reporter();
  if (as_json()) print_json(json_of(result));
  else print(options, result);
  return 0;
}

}  // namespace

void declare_cache_pins(const Options& app, const std::shared_ptr<Action>& chosen) {
  auto options = std::make_shared<PinCommand>();
  const Options keep = app.add_subcommand("pin", "let no `gc` of a cache delete these paths");
  keep.add_option("DIR", options->cache, "the cache").required();
  keep.add_option("NAME", options->name, "what they are pinned as; what was pinned so is let go").required();
  keep.add_option("PATH", options->paths, "a store path that the cache has, its base name, or a link to it").required();
  keep.callback([chosen, options] { *chosen = [options](Session& session) { return pin(session, *options); }; });

  auto dropped = std::make_shared<PinCommand>();
  const Options drop = app.add_subcommand("unpin", "let a pin of a cache go");
  drop.add_option("DIR", dropped->cache, "the cache").required();
  drop.add_option("NAME", dropped->name, "the pin").required();
  drop.callback([chosen, dropped] { *chosen = [dropped](Session& session) { return unpin(session, *dropped); }; });
}

void declare_cache_gc(const Options& app, const std::shared_ptr<Action>& chosen) {
  auto options = std::make_shared<GcCommand>();
  const Options collect = app.add_subcommand("gc", "delete what of a cache no pin and no option keeps");
  collect.add_option("DIR", options->cache, "the cache").required();
  collect
      .add_option("--keep", options->keep,
                  "a store path, all that have this name (with * and ?), or a target; several times for several")
      .allow_extra_args(false);
  collect.add_option("--for", options->platforms, "host platforms of the targets, with commas").allow_extra_args(false);
  collect.add_option("--keep-newer", options->newer, "also what was pushed in the last 90m, 8h, 30d, or seconds")
      .in_seconds()
      .at_least_one();
  collect.add_flag("--dry-run", options->dry_run, "say what would be deleted");
  collect.callback([chosen, options] { *chosen = [options](Session& session) { return gc(session, *options); }; });
}

}  // namespace swage
