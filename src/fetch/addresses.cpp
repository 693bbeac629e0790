#include "fetch/addresses.hpp"

#include <charconv>
#include <ctime>
#include <fmt/core.h>

#include "base/text.hpp"
#include "fetch/mirror.hpp"

namespace swage {

namespace {

// 2026-01-31 as YYYYMMDD, so many days later; "" it is no date.
std::string day_text(std::string_view day, int later) {
  if (!is_calendar_date(day)) return {};
  std::tm parts{};
  std::from_chars(day.data(), day.data() + 4, parts.tm_year);
  std::from_chars(day.data() + 5, day.data() + 7, parts.tm_mon);
  std::from_chars(day.data() + 8, day.data() + 10, parts.tm_mday);
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  parts.tm_mday += later;
  return time_text("%Y%m%d", ::timegm(&parts));   // which knows how long months are
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

}  // namespace

std::vector<Address> addresses_of(const Source::Download& what, const FetchOptions& options) {
  std::vector<Address> all;
  if (!what.sha256.empty())
    for (const std::string& mirror : options.by_hash)
      all.push_back({fmt::format("{}/{}", mirror, mirror_path(what.sha256)), ""});
  // `%` and `~` of a pool path are part of its name: `%3a` in it is asked for as `%253a`.
  std::string path = what.pool_path;
  replace_all(path, "%", "%25");
  if (!path.empty())
    for (const std::string& mirror : options.mirrors)
      all.push_back({fmt::format("{}{}{}", mirror, mirror.ends_with('/') ? "" : "/", path),
                     mirror.starts_with("https:") ? options.https_proxy : options.http_proxy});
  for (const std::string& url : what.urls) all.push_back({url, ""});
  if (path.empty() || day_text(what.day, 0).empty()) return all;
  for (const OldArchive& archive : options.old) {
    if (!what.archive.empty() && what.archive != archive.name) continue;
    for (std::string url : archive.urls) {
      replace_all(url, "{day}", day_text(what.day, 0));
      replace_all(url, "{next_day}", day_text(what.day, 1));
      replace_all(url, "{path}", path);
      all.push_back({.url = std::move(url), .is_last_resort = true});
    }
  }
  return all;
}

std::string_view origin_of_url(std::string_view url) {
  const std::size_t host = url.find("://");
  if (host == std::string_view::npos || url.starts_with("file:")) return {};
  return url.substr(0, url.find('/', host + 3));
}

}  // namespace swage
