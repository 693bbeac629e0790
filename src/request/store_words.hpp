// Store paths as a person writes them.
#pragma once

#include <string>

#include "store/store.hpp"

namespace swage {

// The logical path, the base name, where it really is, or a link to one of these (./result). An error unless it is
// valid in the store.
Result<StorePath> find_store_path(Store& store, const std::string& text);

}  // namespace swage
