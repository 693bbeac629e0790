// What a bucket answers when it is asked what it holds (ListObjectsV2), in pages. Read by expat.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cache/place.hpp"

namespace swage {

struct S3Listing {
  std::vector<CachePlace::Entry> entries{};   // of names that a cache may have; others are passed over
  std::string next{};                         // what to ask the next page with; "": this was the last
};
inline constexpr std::size_t kLargestListing = 16'000'000;   // bytes of a page, which has a thousand names

// Errc::corrupt: what is no such document, a size or time that is none, and pages that go on without saying how.
Result<S3Listing> parse_s3_listing(std::string_view xml, std::string_view name);

}  // namespace swage
