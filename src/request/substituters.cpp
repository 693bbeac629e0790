#include "request/substituters.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fmt/core.h>

#include "base/text.hpp"
#include "request/setting_words.hpp"
#include "request/trusted_caches.hpp"

namespace swage {

namespace {

Result<std::vector<std::string>> chosen_urls(Session& session) {
  const SessionOptions& options = session.options();
  if (options.no_substituters) return std::vector<std::string>();
  if (!options.substituters.empty()) return words_of(options.substituters);
  if (std::optional<std::vector<std::string>> words = words_of_variable("SWAGE_SUBSTITUTERS")) {
    for (const std::string& url : *words)
      if (Result<void> place = check_place(url); !place)
        return Fail(in_variable(std::move(place).error(), "SWAGE_SUBSTITUTERS"));
    return *std::move(words);
  }
  SWAGE_TRY(const Workspace* workspace, session.workspace());
  if (!workspace->substituters) return std::vector<std::string>();
  for (std::size_t i = 0; i < workspace->substituters->size(); ++i)
    if (Result<void> place = check_place((*workspace->substituters)[i]); !place)
      return Fail(std::move(place).error().at(workspace->substituter_pos[i]));
  return *workspace->substituters;
}

Result<std::vector<PublicKey>> keys_of_workspace(const Workspace& workspace) {
  std::vector<PublicKey> keys;
  const std::vector<std::string> texts = workspace.trusted_keys.value_or(std::vector<std::string>());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Result<PublicKey> key = PublicKey::parse(texts[i]);
    if (!key) return Fail(std::move(key).error().at(workspace.key_pos[i]));
    keys.push_back(*std::move(key));
  }
  return keys;
}

constexpr const char* kHowToTrust = "if you do: swage cache trust";

// Those that the user trusts, too.
Result<std::vector<PublicKey>> trusted_keys_of_workspace(Session& session, const Workspace& workspace) {
  SWAGE_TRY(std::vector<PublicKey> keys, keys_of_workspace(workspace));
  SWAGE_TRY(const fs::path home, session.home());
  SWAGE_TRY(const TrustedCaches trusted, TrustedCaches::read(home));
  std::erase_if(keys, [&](const PublicKey& key) {
    const bool unknown = !trusted.has(key);
    if (unknown)
      session.reporter().on(
          Message{fmt::format("note: {} trusts the key '{}', and you did not say that you do\nhint: {}", kWorkspaceFile,
                              key.name, kHowToTrust)});
    return unknown;
  });
  return keys;
}

Result<std::vector<PublicKey>> chosen_keys(Session& session) {
  const std::vector<std::string>& given = session.options().trusted_keys;
  const std::optional<std::vector<std::string>> of_variable = words_of_variable("SWAGE_TRUSTED_PUBLIC_KEYS");
  SWAGE_TRY(const Workspace* workspace, session.workspace());
  if (given.empty() && !of_variable) return trusted_keys_of_workspace(session, *workspace);
  std::vector<PublicKey> keys;
  for (const std::string& text : !given.empty() ? words_of(given) : *of_variable) {
    Result<PublicKey> key = PublicKey::parse(text);
    if (!key && given.empty()) return Fail(in_variable(std::move(key).error(), "SWAGE_TRUSTED_PUBLIC_KEYS"));
    if (!key) return Fail(std::move(key).error());
    keys.push_back(*std::move(key));
  }
  return keys;
}

Result<bool> chosen_requirement(Session& session) {
  if (session.options().no_require_signatures) return false;
  if (const char* value = std::getenv("SWAGE_REQUIRE_SIGS")) {
    const std::string_view text = value;
    if (text == "1" || text == "0") return text == "1";
    return fail(Errc::invalid_input, fmt::format("'{}' is neither 1 nor 0: SWAGE_REQUIRE_SIGS", text));
  }
  SWAGE_TRY(const Workspace* workspace, session.workspace());
  if (workspace->require_signatures.value_or(true)) return true;
  SWAGE_TRY(const fs::path home, session.home());
  SWAGE_TRY(const TrustedCaches trusted, TrustedCaches::read(home));
  SWAGE_TRY(const std::optional<fs::path> directory, session.workspace_directory());
  if (trusted.has_unsigned(*directory)) return false;
  session.reporter().on(Message{
      fmt::format("note: {} wants no signatures, and you did not say that you trust its caches so far\nhint: {}",
                  kWorkspaceFile, kHowToTrust)});
  return true;
}

Result<unsigned> chosen_timeout(Session& session) {
  if (session.options().substituter_timeout != 0) return session.options().substituter_timeout;
  const char* value = std::getenv("SWAGE_SUBSTITUTER_TIMEOUT");
  if (!value) return PlaceLimits{}.timeout;
  const std::string_view text = value;
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size() && seconds > 0) return seconds;
  return fail(Errc::invalid_input, fmt::format("'{}' is no number of seconds: SWAGE_SUBSTITUTER_TIMEOUT", text));
}


}  // namespace

Result<std::vector<Offer>> CacheSubstituter::offers(const StorePathSet& paths) {
  SWAGE_TRY(const std::vector<NarInfo> found, caches_->find(paths));
  std::vector<Offer> offers;
  for (const NarInfo& narinfo : found)
    offers.push_back({.path = narinfo.info.path,
                      .references = narinfo.info.references,
                      .download = narinfo.file_size,
                      .nar_size = narinfo.info.nar_size});
  return offers;
}

Result<std::optional<PathInfo>> CacheSubstituter::get(const Offer& offer, const fs::path& tree, std::uint64_t id) {
  return caches_->get(offer.path, offer.references, tree, reporter_(), id);
}

Result<CachesOptions> caches_options(Session& session) {
  CachesOptions options;
  SWAGE_TRY(options.urls, chosen_urls(session));
  if (session.options().offline)
    std::erase_if(options.urls, is_remote_place);
  if (options.urls.empty()) return options;
  SWAGE_TRY(options.keys, chosen_keys(session));
  SWAGE_TRY(options.require_signatures, chosen_requirement(session));
  SWAGE_TRY(options.limits.timeout, chosen_timeout(session));
  SWAGE_TRY(const fs::path home, session.home());
  options.traffic = &session.traffic();
  options.memory = home / "cache/substituters.sqlite";
  return options;
}

std::string caches_summary(const std::vector<CacheUse>& uses) {
  std::string text;
  for (const CacheUse& use : uses) {
    std::vector<std::string> parts;
    if (use.paths > 0)
      parts.push_back(fmt::format("{}, {}", counted(use.paths, "path"), human_bytes(use.bytes)));
    if (use.untrusted > 0)
      parts.push_back(fmt::format("{} not taken, which no trusted key has signed", counted(use.untrusted, "path")));
    if (!use.left_out.empty()) parts.push_back(fmt::format("left out: {}", use.left_out));
    else if (use.failed > 0)
      parts.push_back(fmt::format("{} not as it says: {}", counted(use.failed, "path"), use.failure));
    if (parts.empty()) continue;
    text += fmt::format("{}cache {}: {}", text.empty() ? "" : "\n", use.cache, join(parts, "; "));
  }
  return text;
}

Result<TrustedSettings> trust_workspace(Session& session) {
  SWAGE_TRY(const Workspace* workspace, session.workspace());
  SWAGE_TRY(const std::optional<fs::path> directory, session.workspace_directory());
  TrustedSettings settings;
  SWAGE_TRY(settings.keys, keys_of_workspace(*workspace));
  settings.are_unsigned = !workspace->require_signatures.value_or(true);
  if (settings.keys.empty() && !settings.are_unsigned)
    return Fail(Error{.what = directory ? fmt::format("'{}' names no key that could be trusted",
                                                      (*directory / kWorkspaceFile).string())
                                        : fmt::format("there is no {} here or above", kWorkspaceFile),
                      .hint = "it is a swage.toml's 'trusted-public-keys' and 'require-sigs' that want to be trusted"});
  SWAGE_TRY(const fs::path home, session.home());
  SWAGE_TRY(TrustedCaches trusted, TrustedCaches::read(home));
  for (const PublicKey& key : settings.keys) trusted.add(key);
  if (settings.are_unsigned) trusted.add_unsigned(*directory);
  SWAGE_CHECK(trusted.write());
  return settings;
}

Result<CacheSubstituter*> Session::substituter() {
  if (!substituter_) {
    SWAGE_TRY(CachesOptions options, caches_options(*this));
    if (options.urls.empty()) return nullptr;
    SWAGE_TRY(std::unique_ptr<Caches> caches, Caches::open(std::move(options)));
    substituter_ =
        std::make_unique<CacheSubstituter>(std::move(caches), [this]() -> Reporter& { return reporter(); });
  }
  return substituter_.get();
}

}  // namespace swage
