// What every request through libcurl has, whoever makes it, and what is said of one that failed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fetch/libraries.hpp"

namespace swage {

struct RequestLimits {
  unsigned connect_timeout = 15;    // seconds
  unsigned stall_timeout = 60;      // seconds below `slowest` until it is given up
  std::uint64_t slowest = 1;        // bytes a second
};

// After load_curl(). `protocols` as "http,https"; redirects lead to http and https alone. `proxy`: a URL, `DIRECT` for
// none, "" for what the environment says. URLs have no passwords of their own: those of netrc are used.
void set_up_request(CURL* easy, const std::string& url, const char* protocols, const std::string& proxy,
                    const RequestLimits& limits);

long http_status(CURL* easy);   // 0: there was no answer
// Whether the same request may go well a little later.
bool may_pass(CURLcode code, long status);
// Of an answer that wants fewer requests (429, 503), how many seconds it asks for (Retry-After, of either form); 0: it
// does not say.
std::uint64_t retry_after(CURL* easy);
bool is_absent(CURLcode code, long status);   // the server answered, and does not have it

// Why a request failed, in a few words: "HTTP status 500", "no connection in 15 s".
std::string failure_text(CURLcode code, CURL* easy, const RequestLimits& limits);

// The text with %XX in place of the bytes for which `plain` does not hold.
template <class Plain>
std::string url_escaped(std::string_view text, const Plain& plain) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string url;
  for (const char c : text) {
    if (plain(c)) {
      url += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    url += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return url;
}

}  // namespace swage
