// What the paths of a cache were made of, beside them: `derivations/BASE` is the text of a derivation, or of a script
// or configuration that one reads, by the base name of its store path. They are no paths of the cache: as such they
// would refer to every source archive, which a cache is not to hold, or to holes, which Nix allows in no cache. Nix
// passes over them. None needs a signature, since its name is by the hash of its text.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "cache/place.hpp"
#include "store/derivation.hpp"
#include "store/store.hpp"

namespace swage {

inline constexpr std::string_view kDerivationFiles = "derivations/";
inline constexpr std::uint64_t kLargestDerivation = 16'000'000;     // bytes
inline constexpr std::uint64_t kLargestPushedText = 1'000'000;      // of a script; larger ones are not pushed
std::string derivation_file(const StorePath& path);

// Those of `derivations` that the store has, with all that they are made of but sources that are no texts, and these
// texts. What is there already is left alone. Returns how many files were written.
Result<std::uint64_t> push_derivations(Store& store, const StorePathSet& derivations,
                                       const std::map<StorePath, std::string>& texts, CachePlace& place);

// Whether the text is the one that `name`, a file of a cache, says it is. What is wrong with it; "" nothing.
std::string fault_of_derivation_file(std::string_view name, const std::string& text);

// What a cache has of them; each is asked for once.
class PushedDerivations {
 public:
  explicit PushedDerivations(CachePlace& place) : place_(place) {}
  // Nothing: the cache has it not, or something else in its place. Errc::environment: the cache does not answer.
  Result<std::optional<Derivation>> derivation(const StorePath& drv);
  Result<std::optional<std::string>> text(const StorePath& path);

 private:
  CachePlace& place_;
  std::map<StorePath, std::optional<std::string>> texts_{};
};

// The files that the derivations of a cache need of `all` (names), beginning with these derivations.
Result<std::set<std::string>> needed_derivation_files(CachePlace& place, const StorePathSet& derivations,
                                                      const std::set<std::string>& all);

}  // namespace swage
