// Where a bucket is, and who asks: by the words of Nix's URLs, and by the variables and files of AWS's own programs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fetch/libraries.hpp"

namespace swage {

// `s3://BUCKET?endpoint=HOST[:PORT]&region=REGION&scheme=http&profile=NAME`
struct S3Url {
  std::string bucket{};
  std::string base{};         // https://HOST/BUCKET: names come after it
  std::string region{};       // "": as the environment says
  std::string profile{};
};
inline constexpr std::string_view kS3Scheme = "s3://";
// Errc::invalid_input: no bucket, a parameter that is not known, a secret.
Result<S3Url> parse_s3_url(std::string_view url);

struct S3Credentials {
  std::string key{}, secret{}, token{};     // key "": requests are not signed
};
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or else the profile (AWS_PROFILE, `default`) of
// AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials. A profile that was named must be there. Nothing of it is in an
// error.
Result<S3Credentials> find_s3_credentials(const std::string& profile);
std::string find_s3_region(const std::string& given);   // AWS_REGION, AWS_DEFAULT_REGION, us-east-1

// Signs requests, by libcurl (AWS Signature Version 4).
class S3Signer {
 public:
  S3Signer(S3Credentials credentials, const std::string& region);
  ~S3Signer();
  S3Signer(const S3Signer&) = delete;
  S3Signer& operator=(const S3Signer&) = delete;

  // After set_up_request(). `more`: headers that the request has besides, of one with a body x-amz-content-sha256 among
  // them. The result lives as long as the request runs.
  struct Headers {
    Headers() = default;
    Headers(Headers&& other) noexcept : list(std::exchange(other.list, nullptr)) {}
    Headers& operator=(Headers&& other) noexcept {
      std::swap(list, other.list);
      return *this;
    }
    ~Headers();
    curl_slist* list = nullptr;
  };
  Headers sign(CURL* easy, const std::vector<std::string>& more) const;
  void sign(CURL* easy) const;     // a request without body and headers of its own

 private:
  Headers list_of(const std::vector<std::string>& more) const;
  void set_key(CURL* easy) const;
  S3Credentials credentials_;
  std::string algorithm_;          // aws:amz:REGION:s3
  std::vector<std::string> own_{};   // headers of every request that has no body
  Headers own_list_{};
};

}  // namespace swage
