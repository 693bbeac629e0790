#include "base/url.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>
#include <vector>

namespace swage {

namespace {

constexpr std::string_view kScheme = "://";
constexpr std::string_view kBlanks = " \t\r\n";

// How long the URL is that begins at `from`, in a text: a blank ends it. The quotes around one are taken for a part of
// it.
std::size_t url_end(std::string_view text, std::size_t from) {
  return std::min(text.find_first_of(kBlanks, from), text.size());
}

bool is_port(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Of the URL whose `://` is at `scheme`: what stands before its host, without the @. A password with a slash in it, or
// one slash too many before it, is no URL any more, and no less a password.
std::string_view user_info(std::string_view text, std::size_t scheme) {
  std::size_t from = scheme + kScheme.size();
  const std::size_t end = url_end(text, from);
  while (from < end && text[from] == '/') ++from;
  const bool strayed = from > scheme + kScheme.size();   // no host: what follows is a path
  const std::string_view url = text.substr(from, end - from);
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos)
    return strayed && authority.find(':') > at ? std::string_view() : url.substr(0, at);
  const auto colon = authority.rfind(':');
  if (strayed || colon == std::string_view::npos || authority.starts_with('[') || is_port(authority.substr(colon + 1)))
    return {};
  const auto at = url.substr(0, url.find_first_of("?#")).rfind('@');
  return at == std::string_view::npos ? std::string_view() : url.substr(0, at);
}

bool is_http(std::string_view text, std::size_t scheme) {
  std::string before(text.substr(0, scheme).substr(scheme < 5 ? 0 : scheme - 5));
  std::transform(before.begin(), before.end(), before.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return before.ends_with("http") || before == "https";
}

bool is_secret(std::string_view text, std::size_t scheme, std::string_view user) {
  return user.find(':') != std::string_view::npos || (!user.empty() && is_http(text, scheme));
}

// Whether a key of a query says that its value is for one person alone.
bool is_secret_key(std::string_view key) {
  std::string small(key);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const char* part :
       {"token", "password", "passwd", "secret", "signature", "credential", "apikey", "api_key", "api-key"})
    if (small.find(part) != std::string::npos) return true;
  return small == "sig" || small == "key" || small == "auth";
}

// The secret values of the query of the URL whose `://` is at `scheme`, as (place, length).
std::vector<std::pair<std::size_t, std::size_t>> secret_values(std::string_view text, std::size_t scheme) {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  const std::size_t end = std::min(url_end(text, scheme), text.find_first_of("#\"'", scheme));
  std::size_t at = text.find('?', scheme);
  while (at < end) {
    const std::size_t next = std::min(text.find_first_of("&;", at + 1), end);
    const std::string_view field = text.substr(at + 1, next - at - 1);
    const auto equals = field.find('=');
    if (equals != std::string_view::npos && is_secret_key(field.substr(0, equals)))
      found.emplace_back(at + 1 + equals + 1, field.size() - equals - 1);
    at = next;
  }
  return found;
}

}  // namespace

std::string shown_url(std::string_view url) {
  const auto scheme = url.find(kScheme);
  if (scheme == std::string_view::npos) return std::string(url);
  std::string shown(url);
  for (const auto& [at, size] : secret_values(url, scheme))
    std::fill_n(shown.begin() + static_cast<std::ptrdiff_t>(at), size, '*');
  const std::string_view user = user_info(url, scheme);
  if (!user.empty()) shown.erase(static_cast<std::size_t>(user.data() - url.data()), user.size() + 1);
  return shown;
}

std::string without_secrets(std::string text) {
  const auto hide = [&](std::size_t at, std::size_t size) {
    std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at), size, '*');
  };
  for (std::size_t scheme = 0; (scheme = text.find(kScheme, scheme)) != std::string::npos; scheme += kScheme.size()) {
    for (const auto& [at, size] : secret_values(text, scheme)) hide(at, size);
    if (const std::string_view user = user_info(text, scheme); is_secret(text, scheme, user))
      hide(static_cast<std::size_t>(user.data() - text.data()), user.size());
  }
  return text;
}

Result<void> refuse_secrets(std::string_view url) {
  const auto scheme = url.find(kScheme);
  if (scheme == std::string_view::npos) return {};
  const bool asked = !secret_values(url, scheme).empty();
  if (!asked && !is_secret(url, scheme, user_info(url, scheme))) return {};
  return Fail(Error{.what = fmt::format("'{}' has a {} in it", shown_url(url), asked ? "secret" : "user or a password"),
                    .notes = {"it would be read by everybody who reads the recipe, a log or a record"},
                    .hint = "give it to ~/.netrc: machine HOST login USER password PASSWORD"});
}

Result<void> refuse_unfetchable(std::string_view url) {
  const auto refuse = [&](const char* why) {
    return Fail(Error{.what = fmt::format("'{}' is no URL of a download: {}", url, why)});
  };
  const auto scheme = url.find(kScheme);
  constexpr std::string_view known[] = {"https", "http", "ftp", "file"};
  if (scheme == std::string_view::npos ||
      std::find(std::begin(known), std::end(known), url.substr(0, scheme)) == std::end(known))
    return refuse("it begins with none of https://, http://, ftp:// and file://");
  if (std::any_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }))
    return refuse("it has characters that do not show");
  const std::string_view rest = url.substr(scheme + kScheme.size());
  if (rest.find('/') == std::string_view::npos || rest.ends_with('/') ||
      (rest.starts_with('/') && !url.starts_with("file")))
    return refuse("it names no file of a host");
  return {};
}

}  // namespace swage
