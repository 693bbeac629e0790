// The features that --with and --without switch.
#pragma once

#include <string>
#include <vector>

#include "request/goals.hpp"

namespace swage {

// That each PACKAGE:FEATURE is of a target or of what one of them is built from or with: of nothing else it would
// change anything.
Result<void> check_feature_words(const Catalog& catalog, const TargetOptions& options,
                                 const std::vector<Target>& targets);

}  // namespace swage
