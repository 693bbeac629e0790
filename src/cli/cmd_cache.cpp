// swage cache: binary caches, which every Nix client reads too.
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/text.hpp"
#include "cache/cache_contents.hpp"
#include "cli/cache_commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
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

Result<int> info(Session&, const std::string& url) {
  SWAGE_TRY(const std::unique_ptr<CachePlace> place, open_cache(url, false));
  SWAGE_TRY(const std::optional<std::string> text, place->read("nix-cache-info", kLargestNarInfo));
  SWAGE_TRY(const CacheInfo cache, parse_cache_info(*text, "nix-cache-info"));
  CachePins pins;
  if (place->can_list()) { SWAGE_TRY(pins, read_cache_pins(*place)); }
  if (as_json()) {
    Json all = Json::object();
    for (const auto& [name, paths] : pins) {
      all[name] = Json::array();
      for (const StorePath& path : paths) all[name].push_back(path.str());
    }
    print_json({{"url", place->shown()}, {"storeDir", kStoreDir}, {"wantMassQuery", cache.want_mass_query},
                {"priority", cache.priority}, {"pins", place->can_list() ? std::move(all) : Json(nullptr)}});
    return 0;
  }
  print_result("{}\n  store     {}\n  priority  {}\n", place->shown(), kStoreDir, cache.priority);
  for (const auto& [name, paths] : pins) {
    print_result("  pin       {}\n", name);
    for (const StorePath& path : paths) print_result("            {}\n", path.str());
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<CachePlace>> open_cache(const std::string& url, bool writable) {
  SWAGE_TRY(std::unique_ptr<CachePlace> place, open_place(url, false));
  SWAGE_TRY(const std::optional<std::string> text, place->read("nix-cache-info", kLargestNarInfo));
  if (!text)
    return Fail(
        Error{.what = fmt::format("'{}' is no binary cache", place->shown()), .notes = {"it has no 'nix-cache-info'"}}
            .hinted(fmt::format("the first push makes it one: swage cache push PATH --to {}", shell_quoted(url))));
  if (!writable) return place;
  return open_place(url, true);
}

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

  declare_cache_push(app, chosen);
  declare_cache_check(app, chosen);
  declare_cache_pins(app, chosen);
  declare_cache_gc(app, chosen);

  auto url = std::make_shared<std::string>();
  const Options about = app.add_subcommand("info", "what a cache says of itself");
  about.add_option("URL", *url, "the cache").required();
  about.callback([chosen, url] { *chosen = [url](Session& session) { return info(session, *url); }; });

  return [chosen](Session& session) { return (*chosen)(session); };
}

}  // namespace swage
