// Store paths as a person writes them.
#pragma once

#include <string>

#include "store/store.hpp"

namespace swage {

// Whether a word that may also be a target is meant as a store path: by what it looks like, or as a link to one.
bool looks_like_store_path(const std::string& text);
// The logical path, the base name, where it really is, or a link to one of these (./result), wherever it is valid.
Result<StorePath> parse_store_word(const std::string& text);
// The same; an error unless it is valid in the store.
Result<StorePath> find_store_path(Store& store, const std::string& text);

}  // namespace swage
