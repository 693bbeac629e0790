// Why a target is to be built, although something that is called so was built before.
#pragma once

#include "plan/why_different.hpp"
#include "request/realising.hpp"

namespace swage {

struct WhyBuild {
  StorePath wanted;                        // derivation
  bool is_built = false;                   // nothing is to be done, and nothing else is told
  std::optional<StorePath> had{};          // what it was compared with: a derivation
  std::optional<std::int64_t> when{};      // that was built, in seconds since 1970; none: it was not, or not here
  std::vector<Difference> differences{};
};

// Against a derivation, an output of one or a link to that (`against`), or, if that is empty, what of the last twenty
// that were built of the same name differs least. `had` stays empty where there is none.
Result<WhyBuild> why_build(Session& session, const Planned& planned, const Wanted& wanted, const std::string& against);

}  // namespace swage
