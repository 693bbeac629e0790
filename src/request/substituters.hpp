// The binary caches that a session may ask, by its settings, lent to the executor.
#pragma once

#include "cache/caches.hpp"
#include "realise/substituter.hpp"
#include "request/session.hpp"

namespace swage {

class CacheSubstituter final : public Substituter {
 public:
  // `reporter` gives the session's present one.
  CacheSubstituter(std::unique_ptr<Caches> caches, std::function<Reporter&()> reporter)
      : caches_(std::move(caches)), reporter_(std::move(reporter)) {}
  Result<std::vector<Offer>> offers(const StorePathSet& paths) override;
  Result<std::optional<PathInfo>> get(const Offer& offer, const fs::path& tree, std::uint64_t id) override;
  std::vector<CacheUse> uses() const { return caches_->uses(); }

 private:
  std::unique_ptr<Caches> caches_;
  std::function<Reporter&()> reporter_;
};

// What is set, by options, environment and swage.toml: the nearest of the three that says anything counts, for each
// setting. No URL: nobody is asked.
Result<CachesOptions> caches_options(Session& session);

// The user's word that what the workspace's swage.toml says of trust may count (trusted_caches.hpp); what that is. An
// error when it says nothing.
struct TrustedSettings {
  std::vector<PublicKey> keys{};
  bool are_unsigned = false;
};
Result<TrustedSettings> trust_workspace(Session& session);

// A line for each cache: what it gave, or why it gave nothing. "": there is nothing to say.
std::string caches_summary(const std::vector<CacheUse>& uses);

}  // namespace swage
