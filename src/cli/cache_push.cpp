// swage cache push and check: filling a cache, and proving one.
#include <fmt/core.h>

#include "base/text.hpp"
#include "cache/check_cache.hpp"
#include "cache/push.hpp"
#include "cli/cache_commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/target_options.hpp"
#include "request/store_words.hpp"
#include "request/target_outputs.hpp"

namespace swage {

namespace {

struct PushCommand {
  TargetOptions targets{};
  std::string to{};
  std::string key{};
  std::vector<std::string> upstreams{};
  PushOptions push{};
};

Result<int> push(Session& session, const PushCommand& options) {
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(BuiltPaths built, built_paths(session, options.targets));
  std::optional<SecretKey> key;
  if (!options.key.empty()) {
    SWAGE_TRY(SecretKey read, SecretKey::read(options.key));
    key = std::move(read);
  }
  SWAGE_TRY(const auto upstreams, open_places(options.upstreams));
  SWAGE_TRY(const std::unique_ptr<CachePlace> place, open_place(options.to, true));
  PushOptions how = options.push;
  how.key = key ? &*key : nullptr;
  how.made_of = std::move(built.made_of);
  for (const auto& upstream : upstreams) how.upstreams.push_back(upstream.get());
  SWAGE_TRY(const PushResult result, push_paths(*store, built.paths, *place, how, session.reporter()));
  session.stop_reporter();
  if (as_json())
    print_json({{"pushed", result.pushed}, {"present", result.present}, {"upstream", result.upstream},
                {"derivations", result.derivations}, {"narBytes", result.nar_bytes}, {"fileBytes", result.file_bytes}});
  else
    print_result("pushed {} paths to '{}': {}, compressed from {}; it had {} already{}\n", result.pushed,
                 place->shown(), human_bytes(result.file_bytes), human_bytes(result.nar_bytes), result.present,
                 upstreams.empty() ? "" : fmt::format(", and upstreams have {}", result.upstream));
  return 0;
}

struct CheckCommand {
  std::string url{};
  TargetOptions targets{};
  std::vector<std::string> keys{};
  std::vector<std::string> upstreams{};
  CheckCacheOptions check{};
};

// Store paths, which need not be in the store, and what targets are.
Result<StorePathSet> paths_to_check(Session& session, TargetOptions options) {
  StorePathSet paths;
  for (const std::string& word : std::exchange(options.targets, {})) {
    if (!looks_like_store_path(word)) {
      options.targets.push_back(word);
      continue;
    }
    SWAGE_TRY(StorePath path, parse_store_word(word));
    paths.insert(std::move(path));
  }
  SWAGE_TRY(const std::vector<TargetOutputs> targets, outputs_of_targets(session, options));
  for (const TargetOutputs& target : targets) paths.insert(target.wanted.begin(), target.wanted.end());
  return paths;
}

const char* scope_name(CheckScope scope) {
  switch (scope) {
    case CheckScope::all: return "all";
    case CheckScope::index: return "index";
    case CheckScope::paths: break;
  }
  return "paths";
}

// What was looked at, and what of it.
std::string proven(const CheckCacheResult& result, bool contents) {
  std::string what;
  switch (result.scope) {
    case CheckScope::all: what = "all that is there"; break;
    case CheckScope::index:
      what = fmt::format("what '{}' names; what others than swage have put there is not in it", kCacheIndex);
      break;
    case CheckScope::paths: what = "the given paths and all that they refer to"; break;
  }
  return fmt::format("looked at: {}{}", what, contents ? "" : "; not at the content of NARs");
}

void print(const CheckCacheResult& result, bool contents) {
  for (const CacheProblem& problem : result.problems) print_result("{}: {}\n", problem.name, problem.what);
  if (!result.unused.empty())
    print_aside("{} NAR files belong to no path: pushes that were ended, or running now\n", result.unused.size());
  if (result.unlisted > 0)
    print_aside("{} paths are not in '{}', which is for those who cannot list the cache\n", result.unlisted,
                kCacheIndex);
  if (result.upstream > 0) print_aside("{} paths that they refer to are in upstream caches\n", result.upstream);
  print_aside("{}\n", proven(result, contents));
  print_result("{}: {} paths, {} of NARs read\n", result.problems.empty() ? "ok" : "damaged", result.paths,
               human_bytes(result.bytes));
}

Json json_of(const CheckCacheResult& result) {
  Json problems = Json::array();
  for (const CacheProblem& problem : result.problems)
    problems.push_back({{"name", problem.name}, {"what", problem.what}});
  Json unused = Json::array();
  for (const std::string& name : result.unused) unused.push_back(name);
  return {{"scope", scope_name(result.scope)}, {"paths", result.paths},       {"bytes", result.bytes},
          {"upstream", result.upstream},       {"unlisted", result.unlisted}, {"problems", std::move(problems)},
          {"unused", std::move(unused)}};
}

Result<int> check(Session& session, const CheckCommand& options) {
  CheckCacheOptions how = options.check;
  for (const std::string& text : options.keys) {
    SWAGE_TRY(PublicKey key, PublicKey::parse(text));
    how.keys.push_back(std::move(key));
  }
  if (!options.targets.targets.empty()) { SWAGE_TRY(how.paths, paths_to_check(session, options.targets)); }
  SWAGE_TRY(const auto upstreams, open_places(options.upstreams));
  for (const auto& upstream : upstreams) how.upstreams.push_back(upstream.get());
  SWAGE_TRY(const std::unique_ptr<CachePlace> place, open_place(options.url, false));
  SWAGE_TRY(const CheckCacheResult result, check_cache(*place, how, session.reporter()));
  session.stop_reporter();
  if (as_json()) print_json(json_of(result));
  else print(result, how.contents);
  return result.problems.empty() ? 0 : 1;
}

}  // namespace

void declare_cache_push(const Options& app, const std::shared_ptr<Action>& chosen) {
  auto options = std::make_shared<PushCommand>();
  const Options put = app.add_subcommand("push", "copy what was built, with all that it refers to, into a cache");
  declare_targets(put, options->targets);
  put.get_option("TARGET").description("store paths, links to them (./result), or targets that are built");
  put.add_option("--to", options->to, "the cache: a directory, which is made, or a bucket").required();
  put.add_option("--key", options->key, "sign with the secret key in this file");
  put.add_option("--upstream", options->upstreams, "what this cache has is not pushed");
  const std::vector<std::string> forms{"zstd", "xz", "gzip", "bzip2", "none"};
  put.add_choice("--compression", forms,
                 [options, forms](std::size_t which) { options->push.compression = *parse_compression(forms[which]); },
                 "FORM", "zstd (the default), xz, gzip, bzip2 or none");
  put.add_option_function("--level", [options](unsigned level) { options->push.level = static_cast<int>(level); },
                          "of the compression (default: its own)");
  put.add_option("-j,--jobs", options->push.jobs, "paths at once (default: number of cores)").at_least_one();
  put.add_flag("--again", options->push.again, "also what the cache has: a signature by another key");
  put.callback([chosen, options] { *chosen = [options](Session& session) { return push(session, *options); }; });
}

void declare_cache_check(const Options& app, const std::shared_ptr<Action>& chosen) {
  auto options = std::make_shared<CheckCommand>();
  const Options prove = app.add_subcommand("check", "prove that a cache is complete, intact and signed");
  prove.add_option("URL", options->url, "the cache").required();
  declare_targets(prove, options->targets);
  prove.get_option("TARGET").required(false).description(
      "store paths or targets: these, and all that they refer to (default: all that there is; of a web server what its "
      "'store-paths' names)");
  prove.add_option("--public-key", options->keys, "a key that signs it; several times for several");
  prove.add_option("--upstream", options->upstreams, "a cache that may have what paths refer to");
  prove.add_flag("!--no-contents", options->check.contents, "do not read the NARs");
  prove.callback([chosen, options] { *chosen = [options](Session& session) { return check(session, *options); }; });
}

}  // namespace swage
