#include "base/url.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace swage {

namespace {

constexpr std::string_view kScheme = "://";

// Of the URL whose `://` is at `scheme`: what stands before its host, without the @.
std::string_view user_info(std::string_view text, std::size_t scheme) {
  const std::size_t from = scheme + kScheme.size();
  const std::string_view authority = text.substr(from, std::min(text.find_first_of("/?#\"' \t\n", from), text.size()) - from);
  const auto at = authority.rfind('@');
  return at == std::string_view::npos ? std::string_view() : text.substr(from, at);
}

bool is_secret(std::string_view text, std::size_t scheme, std::string_view user) {
  if (user.find(':') != std::string_view::npos) return true;
  const std::string_view before = text.substr(0, scheme);
  return !user.empty() && (before.ends_with("http") || before.ends_with("https"));
}

}  // namespace

std::string shown_url(std::string_view url) {
  const auto scheme = url.find(kScheme);
  if (scheme == std::string_view::npos) return std::string(url);
  const std::string_view user = user_info(url, scheme);
  if (user.empty()) return std::string(url);
  return fmt::format("{}{}", url.substr(0, scheme + kScheme.size()), url.substr(scheme + kScheme.size() + user.size() + 1));
}

std::string without_secrets(std::string text) {
  for (std::size_t scheme = 0; (scheme = text.find(kScheme, scheme)) != std::string::npos; scheme += kScheme.size())
    if (const std::string_view user = user_info(text, scheme); is_secret(text, scheme, user))
      std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(scheme + kScheme.size()), user.size(), '*');
  return text;
}

Result<void> refuse_secrets(std::string_view url) {
  const auto scheme = url.find(kScheme);
  if (scheme == std::string_view::npos || !is_secret(url, scheme, user_info(url, scheme))) return {};
  return Fail(Error{.what = fmt::format("'{}' has a user or a password in it", shown_url(url)),
                    .notes = {"it would be read by everybody who reads the recipe, a log or a record"},
                    .hint = "give it to ~/.netrc: machine HOST login USER password PASSWORD"});
}

}  // namespace swage
