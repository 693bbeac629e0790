#include "cache/place.hpp"

#include <fmt/core.h>

#include "base/url.hpp"
#include "cache/places.hpp"

namespace swage {

namespace {

constexpr std::string_view kFileScheme = "file://";

bool is_web(std::string_view url) { return url.starts_with("https://") || url.starts_with("http://"); }

}  // namespace

std::vector<CachePlace::Answer> CachePlace::read_all(const std::vector<std::string>& names, std::uint64_t limit) {
  std::vector<Answer> answers;
  answers.reserve(names.size());
  for (const std::string& name : names) {
    answers.push_back(read(name, limit));
    if (answers.back() || answers.back().error().code == Errc::corrupt) continue;
    answers.resize(names.size(), answers.back());
    break;
  }
  return answers;
}

Result<void> CachePlace::write_text(const std::string& name, std::string_view text, std::string_view media_type) {
  SWAGE_TRY(const TempDir place, TempDir::create("text", staging()));
  const fs::path file = place.path() / "text";
  SWAGE_CHECK(write_file_atomically(file, text, 0644, Durability::volatile_ok));
  return write(name, file, media_type);
}

bool is_remote_place(std::string_view url) { return is_web(url) || url.starts_with(kS3Scheme); }

Result<void> check_place(std::string_view url) {
  if (url.starts_with(kS3Scheme)) return parse_s3_url(url).map([](const S3Url&) {});
  if (is_web(url)) {
    SWAGE_CHECK(refuse_secrets(url));
    if (refuse_unfetchable(fmt::format("{}/nix-cache-info", url)) && url.find_first_of("?# ") == url.npos) return {};
  }
  if (url.starts_with(kFileScheme) || url.starts_with('/') || url.starts_with('.')) return {};
  return Fail(Error{.what = fmt::format("'{}' is no place of a cache", shown_url(url))}.hinted(
      "a directory (./cache or file:///srv/cache), a web server (https://cache.example.org), a bucket "
      "(s3://BUCKET?endpoint=HOST)"));
}

Result<std::unique_ptr<CachePlace>> open_place(std::string_view url, bool writable, const PlaceLimits& limits) {
  SWAGE_CHECK(check_place(url));
  if (url.starts_with(kS3Scheme)) return open_s3_place(url, limits);
  if (!is_web(url))
    return open_directory_place(url.starts_with(kFileScheme) ? url.substr(kFileScheme.size()) : url, writable);
  if (writable)
    return Fail(Error{.what = fmt::format("'{}' cannot be written: it is a web server", shown_url(url))}.hinted(
        "the directory that it serves"));
  return open_http_place(url, limits);
}

Result<std::vector<std::unique_ptr<CachePlace>>> open_places(const std::vector<std::string>& urls) {
  std::vector<std::unique_ptr<CachePlace>> places;
  for (const std::string& url : urls) {
    SWAGE_TRY(places.emplace_back(), open_place(url, false));
  }
  return places;
}

}  // namespace swage
