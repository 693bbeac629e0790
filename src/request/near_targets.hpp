// What was meant by a word that is no target.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.hpp"

namespace swage {

// The hint of the error: `Linux:6.1`, `linux-6.1` and `6.1` are linux@6.1 otherwise written, `linux@6.1,5.10` are two
// targets, and what is a platform stands behind a comma of --for, which names `platforms`. Nothing is near: where to
// look.
std::string hint_for_target(const Catalog& catalog, const std::string& text, const std::vector<std::string>& platforms);

}  // namespace swage
