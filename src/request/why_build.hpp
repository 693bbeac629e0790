// Why a target is to be built, although something that is called so was built before.
#pragma once

#include "cache/place.hpp"
#include "plan/why_different.hpp"
#include "request/realising.hpp"

namespace swage {

struct WhyBuild {
  StorePath wanted;                        // derivation
  bool is_built = false;                   // or, of a cache, is in it: nothing is to be done, and nothing else is told
  std::optional<StorePath> had{};          // what it was compared with: a derivation
  std::optional<std::int64_t> when{};      // that was built, in seconds since 1970; none: it was not, or not here
  std::vector<Difference> differences{};
};

// Against a derivation, an output of one or a link to that (`against`), or, if that is empty, what of the last twenty
// that were built of the same name differs least. `had` stays empty where there is none.
Result<WhyBuild> why_build(Session& session, const Planned& planned, const Wanted& wanted, const std::string& against);

// Against what a cache has of the same name, of which that is told which differs least. What that was made of is known
// by the cache (pushed_derivations.hpp), or by the store. `when` stays empty. Errc::environment: the cache does not
// answer; Errc::invalid_input: it tells not what it has, or of nothing what it was made of.
Result<WhyBuild> why_build_of_cache(Session& session, const Planned& planned, const Wanted& wanted, CachePlace& place);

}  // namespace swage
