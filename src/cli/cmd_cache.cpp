// swage cache: binary caches, which every Nix client reads too.
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/text.hpp"
#include "cache/check_cache.hpp"
#include "cache/push.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "request/store_words.hpp"
#include "request/substituters.hpp"

namespace swage {

namespace {

struct KeygenOptions {
  std::string name{};
  std::string out{};
};

// A secret that was there is never replaced: what it signed could not be signed again.
Result<int> keygen(Session&, const KeygenOptions& options) {
  SWAGE_TRY(const SecretKey key, SecretKey::generate(options.name));
  const std::string file = options.out.empty() ? options.name + ".secret" : options.out;
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST)
    return Fail(Error{.what = fmt::format("'{}' exists", file)}.hinted("another name for the file: --out FILE"));
  if (fd < 0) return fail_errno(fmt::format("cannot write '{}'", file), errno);
  const UniqueFd owned(fd);
  SWAGE_CHECK(write_all(fd, key.str() + "\n", file));
  if (as_json()) print_json({{"file", file}, {"publicKey", key.public_key().str()}});
  else print_result("{}\n", key.public_key().str());
  return 0;
}

Result<int> public_key(Session&, const std::string& file) {
  SWAGE_TRY(const SecretKey key, SecretKey::read(file));
  if (as_json()) print_json({{"publicKey", key.public_key().str()}});
  else print_result("{}\n", key.public_key().str());
  return 0;
}

Result<int> trust(Session& session) {
  SWAGE_TRY(const TrustedSettings settings, trust_workspace(session));
  session.stop_reporter();
  if (as_json()) {
    Json keys = Json::array();
    for (const PublicKey& key : settings.keys) keys.push_back(key.str());
    print_json({{"keys", std::move(keys)}, {"unsigned", settings.are_unsigned}});
    return 0;
  }
  for (const PublicKey& key : settings.keys) print_result("trusted: the key '{}'\n", key.str());
  if (settings.are_unsigned) print_result("trusted: caches of this workspace, whatever they have signed\n");
  return 0;
}

struct PushCommand {
  std::vector<std::string> paths{};
  std::string to{};
  std::string key{};
  PushOptions push{};
};

Result<int> push(Session& session, const PushCommand& options) {
  SWAGE_TRY(Store* store, session.store());
  StorePathSet paths;
  for (const std::string& text : options.paths) {
    SWAGE_TRY(StorePath path, find_store_path(*store, text));
    paths.insert(std::move(path));
  }
  std::optional<SecretKey> key;
  if (!options.key.empty()) {
    SWAGE_TRY(SecretKey read, SecretKey::read(options.key));
    key = std::move(read);
  }
  SWAGE_TRY(const std::unique_ptr<CachePlace> place, open_place(options.to, true));
  PushOptions how = options.push;
  how.key = key ? &*key : nullptr;
  SWAGE_TRY(const PushResult result, push_paths(*store, paths, *place, how, session.reporter()));
  session.stop_reporter();
  if (as_json())
    print_json({{"pushed", result.pushed}, {"present", result.present}, {"narBytes", result.nar_bytes},
                {"fileBytes", result.file_bytes}});
  else
    print_result("pushed {} paths to '{}': {}, compressed from {}; it had {} already\n", result.pushed, place->shown(),
                 human_bytes(result.file_bytes), human_bytes(result.nar_bytes), result.present);
  return 0;
}

struct CheckCommand {
  std::string url{};
  std::vector<std::string> keys{};
  CheckCacheOptions check{};
};

Result<int> check(Session& session, const CheckCommand& options) {
  CheckCacheOptions how = options.check;
  for (const std::string& text : options.keys) {
    SWAGE_TRY(PublicKey key, PublicKey::parse(text));
    how.keys.push_back(std::move(key));
  }
  SWAGE_TRY(const std::unique_ptr<CachePlace> place, open_place(options.url, false));
  SWAGE_TRY(const CheckCacheResult result, check_cache(*place, how, session.reporter()));
  session.stop_reporter();
  if (as_json()) {
    Json problems = Json::array();
    for (const CacheProblem& problem : result.problems)
      problems.push_back({{"name", problem.name}, {"what", problem.what}});
    Json unused = Json::array();
    for (const std::string& name : result.unused) unused.push_back(name);
    print_json({{"paths", result.paths}, {"bytes", result.bytes}, {"problems", std::move(problems)},
                {"unused", std::move(unused)}});
  } else {
    for (const CacheProblem& problem : result.problems) print_result("{}: {}\n", problem.name, problem.what);
    if (!result.unused.empty())
      print_aside("{} NAR files belong to no path: pushes that were ended, or running now\n", result.unused.size());
    print_result("{}: {} paths, {} of NARs read\n", result.problems.empty() ? "ok" : "damaged", result.paths,
                 human_bytes(result.bytes));
  }
  return result.problems.empty() ? 0 : 1;
}

Result<int> info(Session&, const std::string& url) {
  SWAGE_TRY(const std::unique_ptr<CachePlace> place, open_place(url, false));
  SWAGE_TRY(const std::optional<std::string> text, place->read("nix-cache-info", kLargestNarInfo));
  if (!text)
    return Fail(
        Error{.what = fmt::format("'{}' is no binary cache", place->shown()), .notes = {"it has no 'nix-cache-info'"}}
            .hinted(fmt::format("the first push makes it one: swage cache push PATH --to {}", shell_quoted(url))));
  SWAGE_TRY(const CacheInfo cache, parse_cache_info(*text, "nix-cache-info"));
  if (as_json())
    print_json({{"url", place->shown()}, {"storeDir", kStoreDir}, {"wantMassQuery", cache.want_mass_query},
                {"priority", cache.priority}});
  else print_result("{}\n  store     {}\n  priority  {}\n", place->shown(), kStoreDir, cache.priority);
  return 0;
}

}  // namespace

Action declare_cache(const Options& app) {
  // The subcommand that was given fills this in while the line is parsed.
  auto chosen = std::make_shared<Action>();
  app.require_subcommand();

  auto key = std::make_shared<KeygenOptions>();
  const Options make_key = app.add_subcommand("keygen", "make a key to sign with; print its public half");
  make_key.add_option("NAME", key->name, "what the key is called: cache.example.org-1").required();
  make_key.add_option("-o,--out", key->out, "the file of the secret half (default: NAME.secret)");
  make_key.callback([chosen, key] { *chosen = [key](Session& session) { return keygen(session, *key); }; });

  auto secret = std::make_shared<std::string>();
  const Options half = app.add_subcommand("public-key", "print the public half of a secret key");
  half.add_option("FILE", *secret, "the secret key's file").required();
  half.callback([chosen, secret] { *chosen = [secret](Session& session) { return public_key(session, *secret); }; });

  const Options believe = app.add_subcommand("trust", "let the keys that this workspace's swage.toml names count");
  believe.callback([chosen] { *chosen = [](Session& session) { return trust(session); }; });

  auto pushed = std::make_shared<PushCommand>();
  const Options put = app.add_subcommand("push", "copy paths, with all that they refer to, into a cache");
  put.add_option("PATH", pushed->paths, "a store path, its base name, or a link to it (./result)").required();
  put.add_option("--to", pushed->to, "the cache: a directory, which is made").required();
  put.add_option("--key", pushed->key, "sign with the secret key in this file");
  const std::vector<std::string> forms{"zstd", "xz", "gzip", "bzip2", "none"};
  put.add_choice("--compression", forms,
                 [pushed, forms](std::size_t which) { pushed->push.compression = *parse_compression(forms[which]); },
                 "FORM", "zstd (the default), xz, gzip, bzip2 or none");
  put.add_option_function("--level", [pushed](unsigned level) { pushed->push.level = static_cast<int>(level); },
                          "of the compression (default: its own)");
  put.add_option("-j,--jobs", pushed->push.jobs, "paths at once (default: number of cores)").at_least_one();
  put.add_flag("--again", pushed->push.again, "also what the cache has: a signature by another key");
  put.callback([chosen, pushed] { *chosen = [pushed](Session& session) { return push(session, *pushed); }; });

  auto checked = std::make_shared<CheckCommand>();
  const Options prove = app.add_subcommand("check", "prove that a cache is complete, intact and signed");
  prove.add_option("URL", checked->url, "the cache").required();
  prove.add_option("--public-key", checked->keys, "a key that signs it; several times for several");
  prove.add_flag("!--no-contents", checked->check.contents, "do not read the NARs");
  prove.callback([chosen, checked] { *chosen = [checked](Session& session) { return check(session, *checked); }; });

  auto url = std::make_shared<std::string>();
  const Options about = app.add_subcommand("info", "what a cache says of itself");
  about.add_option("URL", *url, "the cache").required();
  about.callback([chosen, url] { *chosen = [url](Session& session) { return info(session, *url); }; });

  return [chosen](Session& session) { return (*chosen)(session); };
}

}  // namespace swage
