#include "fetch/curl_request.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fmt/core.h>

namespace swage {

void set_up_request(CURL* easy, const std::string& url, const char* protocols, const std::string& proxy,
                    const RequestLimits& limits) {
  curl().easy_reset(easy);
  // As a person writes it: spaces and letters beyond ASCII, which URLs do not have.
  const std::string written = url_escaped(url, [](char c) { return c > ' ' && c < 127; });
  curl().easy_setopt(easy, CURLOPT_URL, written.c_str());
  curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
  curl().easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl().easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
  curl().easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
  curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_OPTIONAL));
  curl().easy_setopt(easy, CURLOPT_USERAGENT, "swage");
  curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, static_cast<long>(limits.connect_timeout));
  curl().easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(limits.slowest));
  curl().easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.stall_timeout));
  if (!proxy.empty()) curl().easy_setopt(easy, CURLOPT_PROXY, proxy == "DIRECT" ? "" : proxy.c_str());
}

long http_status(CURL* easy) {
  long code = 0;
  curl().easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
  return code;
}

bool may_pass(CURLcode code, long status) {
  switch (code) {
    case CURLE_HTTP_RETURNED_ERROR: return status >= 500 || status == 408 || status == 429;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return true;
    default: return false;
  }
}

std::uint64_t retry_after(CURL* easy) {
  const long status = http_status(easy);
  curl_off_t seconds = 0;
  if (status == 429 || status == 503) curl().easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
  return static_cast<std::uint64_t>(std::max<curl_off_t>(seconds, 0));
}

bool is_absent(CURLcode code, long status) {
  return status == 404 || status == 410 || code == CURLE_FILE_COULDNT_READ_FILE;
}

std::string failure_text(CURLcode code, CURL* easy, const RequestLimits& limits) {
  switch (code) {
    case CURLE_HTTP_RETURNED_ERROR: return fmt::format("HTTP status {}", http_status(easy));
    case CURLE_COULDNT_RESOLVE_HOST: return "unknown host";
    case CURLE_COULDNT_RESOLVE_PROXY: return "unknown proxy host";
    case CURLE_COULDNT_CONNECT: {
      long error = 0;
      curl().easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
      return error ? fmt::format("cannot connect: {}", std::strerror(static_cast<int>(error))) : "cannot connect";
    }
    case CURLE_OPERATION_TIMEDOUT: {
      curl_off_t connected = 0;
      long sent = 0;   // bytes: a connection that is used again took no time
      curl().easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
      curl().easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
      if (!connected && !sent) return fmt::format("no connection in {} s", limits.connect_timeout);
      return limits.slowest <= 1 ? fmt::format("no data for {} s", limits.stall_timeout)
                                 : fmt::format("less than {} bytes a second for {} s", limits.slowest,
                                               limits.stall_timeout);
    }
    case CURLE_GOT_NOTHING: return "the connection ended without an answer";
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return "the connection broke";
    case CURLE_FILE_COULDNT_READ_FILE: return "no such file";
    case CURLE_TOO_MANY_REDIRECTS: return "too many redirects";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return "not an http, https or file URL";
    default: {
      std::string text = curl().easy_strerror(code);
      if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
      return text;
    }
  }
}

}  // namespace swage
