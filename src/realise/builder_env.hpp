// The environment of a builder, as Nix gives it (facts nix_formats section 10), plus MAKEFLAGS with the jobserver.
#pragma once

#include <map>
#include <string>

#include "realise/jobserver.hpp"
#include "store/derivation.hpp"

namespace swage {

// Files named by `passAsFile` are written into `build_dir`, which the builder sees as /build.
// Errc::invalid_input for derivations that ask for what this executor does not offer.
Result<std::map<std::string, std::string>> builder_env(const Derivation& drv, unsigned cores,
                                                       const Jobserver& jobserver, const fs::path& build_dir);

}  // namespace swage
