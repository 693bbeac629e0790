// The kinds of places, for open_place(). Inside this layer only.
#pragma once

#include "cache/place.hpp"

namespace swage {

Result<std::unique_ptr<CachePlace>> open_directory_place(const fs::path& directory, bool writable);
// Nothing is asked yet.
std::unique_ptr<CachePlace> open_http_place(std::string_view url, const PlaceLimits& limits);

}  // namespace swage
