// A cache in a bucket: read as from a web server, with signed requests, and written by single PUTs, which are seen
// whole or not at all.
#include <cstdio>
#include <fmt/core.h>
#include <poll.h>

#include "base/interrupt.hpp"
#include "cache/mark_lock.hpp"
#include "cache/narinfo.hpp"
#include "cache/places.hpp"
#include "cache/s3_access.hpp"
#include "cache/s3_listing.hpp"
#include "fetch/curl_handle.hpp"
#include "fetch/curl_request.hpp"

namespace swage {

namespace {

constexpr unsigned kS3Tries = 3;
constexpr const char* kRenewedType = "text/x-nix-narinfo";
constexpr const char* kWhoMayWrite =
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile of ~/.aws/credentials, of one who may";

struct S3Request {
  const char* method = "GET";                      // PUT and DELETE too
  std::string name{};                              // below the bucket, or `?` and a query
  std::vector<std::string> headers{};
  const fs::path* file = nullptr;                  // of PUT
};
struct S3Answer {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string why{}, text{};
};

struct S3Text {
  std::string text{};
  bool too_long = false;
};

std::size_t on_s3_text(char* data, std::size_t, std::size_t size, void* pointer) {
  auto& text = *static_cast<S3Text*>(pointer);
  text.too_long = text.text.size() + size > kLargestListing;
  if (text.too_long) return 0;
  text.text.append(data, size);
  return size;
}

class S3Place final : public CachePlace {
 public:
  S3Place(S3Url url, std::shared_ptr<const S3Signer> signer, const PlaceLimits& limits, TempDir staging)
      : url_(std::move(url)),
        signer_(std::move(signer)),
        limits_{.connect_timeout = limits.timeout, .stall_timeout = limits.timeout, .slowest = limits.slowest},
        staging_(std::move(staging)),
        reader_(open_http_place(url_.base, limits, signer_)) {}

  std::string shown() const override { return fmt::format("{}{}", kS3Scheme, url_.bucket); }
  bool is_remote() const override { return true; }

  Answer read(const std::string& name, std::uint64_t limit) override { return reader_->read(name, limit); }
  std::vector<Answer> read_all(const std::vector<std::string>& names, std::uint64_t limit) override {
    return reader_->read_all(names, limit);
  }
  Result<bool> stream(const std::string& name, const ByteSink& sink) override { return reader_->stream(name, sink); }

  // By GET, since what is asked for is short.
  Result<bool> has(const std::string& name) override {
    return reader_->read(name, kLargestNarInfo).map([](const auto& text) { return text.has_value(); });
  }

  fs::path staging() const override { return staging_.path(); }

  Result<void> write(const std::string& name, const fs::path& file, std::string_view media_type) override {
    return put(name, file, media_type, name);
  }

  bool can_list() const override { return true; }
  Result<std::vector<Entry>> list() override { return list_below(""); }

  Result<void> remove_all(const std::vector<std::string>& names) override {
    for (const std::string& name : names) {
      SWAGE_TRY(const S3Answer answer, ask({.method = "DELETE", .name = "/" + name}));
      if (answer.code != CURLE_OK && !is_absent(answer.code, answer.status)) return refused("removed", name, answer);
    }
    return {};
  }

  // By putting it once more: an object cannot be touched.
  Result<void> renew(const std::string& name) override {
    SWAGE_TRY(const std::optional<std::string> text, read(name, kLargestNarInfo));
    return text ? write_text(name, *text, kRenewedType) : Result<void>();
  }

  Result<Held> lock(Use use, const std::function<void()>& waiting) override {
    if (use == Use::index) return Held();
    const MarkPlace marks{.put = [this](const std::string& name) { return put_mark(name); },
                          .list = [this] { return list_below(kMarks); },
                          .remove = [this](const std::string& name) { (void)remove_all({name}); }};
    return lock_by_mark(use, marks, waiting);
  }

 private:
  // `said`: what an error calls it; "": the bucket.
  Result<void> put(const std::string& name, const fs::path& file, std::string_view media_type,
                   const std::string& said) {
    SWAGE_TRY(const Hash hash, hash_file(HashAlgo::sha256, file));
    S3Request request{.method = "PUT", .name = "/" + name, .file = &file};
    request.headers = {fmt::format("Content-Type: {}", media_type.empty() ? "application/octet-stream" : media_type),
                       fmt::format("x-amz-content-sha256: {}", hash.hex())};
    SWAGE_TRY(const S3Answer answer, ask(request));
    if (answer.code != CURLE_OK) return refused("written", said, answer);
    return {};
  }

  Result<void> put_mark(const std::string& name) {
    SWAGE_TRY(const TempDir place, TempDir::create("mark", staging()));
    const fs::path file = place.path() / "mark";
    SWAGE_CHECK(write_file_atomically(file, "swage\n", 0644, Durability::volatile_ok));
    return put(name, file, "text/plain", "");
  }

  Result<std::vector<Entry>> list_below(std::string_view prefix) {
    std::vector<Entry> entries;
    for (std::string next;;) {
      std::string query = "list-type=2&max-keys=1000";   // in the order in which they are signed
      if (!next.empty()) query = fmt::format("continuation-token={}&{}", escaped(next), query);
      if (!prefix.empty()) query += "&prefix=" + escaped(prefix);
      SWAGE_TRY(const S3Answer answer, ask({.name = "?" + query}));
      if (answer.code != CURLE_OK) return refused("listed", "", answer);
      SWAGE_TRY(S3Listing page, parse_s3_listing(answer.text, shown()));
      std::move(page.entries.begin(), page.entries.end(), std::back_inserter(entries));
      if (page.next.empty()) return entries;
      if (page.next == next) return fail(Errc::corrupt, fmt::format("the list of '{}' has no end", shown()));
      next = std::move(page.next);
    }
  }

  static std::string escaped(std::string_view text) {
    return url_escaped(text, [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
             c == '.' || c == '~';
    });
  }

  Fail refused(std::string_view what, const std::string& name, const S3Answer& answer) const {
    Error error{.code = Errc::environment,
                .what = name.empty() ? fmt::format("'{}' cannot be {}: {}", shown(), what, answer.why)
                                     : fmt::format("'{}' of '{}' cannot be {}: {}", name, shown(), what, answer.why)};
    if (answer.status == 401 || answer.status == 403) error.hint = kWhoMayWrite;
    return Fail(std::move(error));
  }

  Result<S3Answer> ask(const S3Request& request) {
    for (unsigned tries = 1;; ++tries) {
      SWAGE_TRY(S3Answer answer, ask_once(request));
      if (answer.code == CURLE_OK || !may_pass(answer.code, answer.status) || tries == kS3Tries) return answer;
      pollfd wake{.fd = interrupt_fd(), .events = POLLIN, .revents = 0};
      ::poll(&wake, 1, static_cast<int>(tries) * 500);
      SWAGE_CHECK(check_interrupt());
    }
  }

  Result<S3Answer> ask_once(const S3Request& request) {
    std::unique_ptr<CurlHandle> handle = pool_.take();
    if (!handle->multi || !handle->easy) return fail(Errc::environment, "libcurl cannot be started");
    CURL* const easy = handle->easy;
    set_up_request(easy, url_.base + request.name, "http,https", "", limits_);
    const S3Signer::Headers headers = signer_->sign(easy, request.headers);
    S3Text text;
    curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_s3_text);
    curl().easy_setopt(easy, CURLOPT_WRITEDATA, &text);
    if (request.method == std::string_view("DELETE"))
      curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> body(nullptr, std::fclose);
    if (request.file) {
      body.reset(std::fopen(request.file->c_str(), "rbe"));
      if (!body) return fail_errno(fmt::format("cannot read '{}'", request.file->string()), errno);
      std::error_code error;
      curl().easy_setopt(easy, CURLOPT_UPLOAD, 1L);
      curl().easy_setopt(easy, CURLOPT_READDATA, body.get());
      curl().easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(fs::file_size(*request.file, error)));
    }
    SWAGE_TRY(const CURLcode code, handle->perform());
    S3Answer answer{.code = code, .status = http_status(easy), .why = failure_text(code, easy, limits_)};
    if (text.too_long) answer.why = "its answer is too long";
    answer.text = std::move(text.text);
    curl().easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
    pool_.give_back(std::move(handle));
    return answer;
  }

  S3Url url_;
  std::shared_ptr<const S3Signer> signer_;
  RequestLimits limits_;
  TempDir staging_;
  std::unique_ptr<CachePlace> reader_;
  CurlPool pool_{};
};

}  // namespace

Result<std::unique_ptr<CachePlace>> open_s3_place(std::string_view url, const PlaceLimits& limits) {
  SWAGE_TRY(S3Url parsed, parse_s3_url(url));
  SWAGE_TRY(S3Credentials credentials, find_s3_credentials(parsed.profile));
  SWAGE_CHECK(load_curl());
  SWAGE_TRY(TempDir staging, TempDir::create("swage-push"));
  const std::string region = find_s3_region(parsed.region);
  auto signer = std::make_shared<const S3Signer>(std::move(credentials), region);
  return std::unique_ptr<CachePlace>(
      std::make_unique<S3Place>(std::move(parsed), std::move(signer), limits, std::move(staging)));
}

}  // namespace swage
