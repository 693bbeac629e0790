// The kinds of places, for open_place(). Inside this layer only.
#pragma once

#include "cache/place.hpp"
#include "cache/s3_access.hpp"

namespace swage {

Result<std::unique_ptr<CachePlace>> open_directory_place(const fs::path& directory, bool writable);
// Nothing is asked yet. `signer`: of all requests below the URL, or null.
std::unique_ptr<CachePlace> open_http_place(std::string_view url, const PlaceLimits& limits,
                                            std::shared_ptr<const S3Signer> signer = {});
Result<std::unique_ptr<CachePlace>> open_s3_place(std::string_view url, const PlaceLimits& limits);

}  // namespace swage
