#include "cache/s3_access.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "base/url.hpp"

namespace swage {

namespace {

constexpr std::string_view kNoBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";   // its sha256

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

// Without what follows the bucket, where a secret may have been put.
Error no_bucket(std::string_view url) {
  return Error{.what = fmt::format("'{}' is no place of a cache", shown_url(url.substr(0, url.find('?'))))}.hinted(
      "s3://BUCKET?endpoint=HOST&region=REGION");
}

bool is_bucket_name(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  }) && name.front() != '.' && name.front() != '-' && name.find("..") == name.npos;
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

// `[profile]`, then `key = value`.
std::optional<S3Credentials> credentials_of(std::string_view text, std::string_view profile) {
  std::optional<S3Credentials> found;
  bool inside = false;
  for (const std::string_view row : split(text, '\n')) {
    const std::string_view line = trim(row);
    if (line.starts_with('[')) {
      inside = line.ends_with(']') && trim(line.substr(1, line.size() - 2)) == profile;
      if (inside && !found) found.emplace();
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!inside || line.starts_with('#') || equals == line.npos) continue;
    const std::string_view key = trim(line.substr(0, equals)), value = trim(line.substr(equals + 1));
    if (key == "aws_access_key_id") found->key = value;
    if (key == "aws_secret_access_key") found->secret = value;
    if (key == "aws_session_token") found->token = value;
  }
  return found;
}

}  // namespace

Result<S3Url> parse_s3_url(std::string_view url) {
  SWAGE_CHECK(refuse_secrets(url));
  std::string_view rest = url.substr(kS3Scheme.size());
  const std::size_t query = rest.find('?');
  S3Url parsed{.bucket = std::string(rest.substr(0, query))};
  if (!is_bucket_name(parsed.bucket)) return Fail(no_bucket(url));
  std::string scheme = "https", endpoint;
  for (const std::string_view part : split(query == rest.npos ? std::string_view() : rest.substr(query + 1), '&')) {
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view key = part.substr(0, equals), value = part.substr(std::min(equals + 1, part.size()));
    if (key == "scheme" && (value == "http" || value == "https")) scheme = value;
    else if (key == "region" && is_word(value)) parsed.region = value;
    else if (key == "profile" && is_word(value)) parsed.profile = value;
    else if (key == "endpoint" && !value.empty()) endpoint = value;
    else
      return Fail(Error{.what = fmt::format("'{}' of '{}{}' says nothing to swage", key, kS3Scheme, parsed.bucket)}
                      .hinted("endpoint=HOST, region=REGION, scheme=http, profile=NAME"));
  }
  if (endpoint.empty()) endpoint = fmt::format("s3.{}.amazonaws.com", find_s3_region(parsed.region));
  if (const std::size_t end = endpoint.find("://"); end != endpoint.npos) {
    scheme = endpoint.substr(0, end);
    endpoint = endpoint.substr(end + 3);
  }
  while (endpoint.ends_with('/')) endpoint.pop_back();
  parsed.base = fmt::format("{}://{}/{}", scheme, endpoint, parsed.bucket);
  if ((scheme != "http" && scheme != "https") || endpoint.find_first_of("/?#@ ") != endpoint.npos ||
      !refuse_unfetchable(parsed.base))
    return Fail(no_bucket(url));
  return parsed;
}

Result<S3Credentials> find_s3_credentials(const std::string& profile) {
  if (profile.empty() && !variable("AWS_ACCESS_KEY_ID").empty())
    return S3Credentials{.key = variable("AWS_ACCESS_KEY_ID"),
                         .secret = variable("AWS_SECRET_ACCESS_KEY"),
                         .token = variable("AWS_SESSION_TOKEN")};
  const std::string named = profile.empty() ? variable("AWS_PROFILE") : profile;
  fs::path file = variable("AWS_SHARED_CREDENTIALS_FILE");
  if (file.empty()) file = fs::path(variable("HOME")) / ".aws/credentials";
  std::optional<S3Credentials> found;
  if (path_exists(file)) {
    SWAGE_TRY(const std::string text, read_file(file));
    found = credentials_of(text, named.empty() ? "default" : named);
  }
  if (!found && !named.empty())
    return fail(Errc::invalid_input, fmt::format("'{}' has no profile '{}'", file.string(), named));
  return found.value_or(S3Credentials{});
}

std::string find_s3_region(const std::string& given) {
  for (const std::string& region : {given, variable("AWS_REGION"), variable("AWS_DEFAULT_REGION")})
    if (!region.empty()) return region;
  return "us-east-1";
}

S3Signer::Headers::~Headers() {
  if (list) curl().slist_free_all(list);
}

S3Signer::S3Signer(S3Credentials credentials, const std::string& region)
    : credentials_(std::move(credentials)), algorithm_(fmt::format("aws:amz:{}:s3", region)) {
  if (credentials_.key.empty()) return;
  if (!credentials_.token.empty()) own_.push_back("x-amz-security-token: " + credentials_.token);
  own_list_ = list_of({});
}
S3Signer::~S3Signer() = default;

void S3Signer::set_key(CURL* easy) const {
  if (credentials_.key.empty()) return;
  curl().easy_setopt(easy, CURLOPT_AWS_SIGV4, algorithm_.c_str());
  curl().easy_setopt(easy, CURLOPT_USERNAME, credentials_.key.c_str());
  curl().easy_setopt(easy, CURLOPT_PASSWORD, credentials_.secret.c_str());
  curl().easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);   // a signature is of one host
}

S3Signer::Headers S3Signer::list_of(const std::vector<std::string>& more) const {
  Headers headers;
  const auto add = [&](const std::string& line) { headers.list = curl().slist_append(headers.list, line.c_str()); };
  for (const std::string& line : own_) add(line);
  for (const std::string& line : more) add(line);
  // libcurl 7.88 signs what S3 wants to be signed only when it is given.
  if (more.empty()) add(fmt::format("x-amz-content-sha256: {}", kNoBody));
  return headers;
}

void S3Signer::sign(CURL* easy) const {
  set_key(easy);
  if (own_list_.list) curl().easy_setopt(easy, CURLOPT_HTTPHEADER, own_list_.list);
}

S3Signer::Headers S3Signer::sign(CURL* easy, const std::vector<std::string>& more) const {
  set_key(easy);
  Headers headers = list_of(more);
  curl().easy_setopt(easy, CURLOPT_HTTPHEADER, headers.list);
  return headers;
}

}  // namespace swage
