// Where a pinned file may be, in the order in which it is asked for there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fetch/fetch.hpp"

namespace swage {

struct Address {
  std::string url{};
  std::string proxy{};   // "": as the environment says
  bool is_last_resort = false;   // an archive of old packages
  bool is_local() const { return url.starts_with("file:"); }
};

// Mirrors of files by their hash; then, of a file of the distribution's pool, the host's mirrors of that; its own URLs;
// and archives of old packages, at the day on which it was seen and at the one after.
std::vector<Address> addresses_of(const Source::Download& what, const FetchOptions& options);

// The host that a URL is of, with its scheme and port; "" of a file.
std::string_view origin_of_url(std::string_view url);

}  // namespace swage
