// A cache on a web server: plain GETs, look-ups many at once over few connections, downloads that go on where a
// connection broke.
#include <algorithm>
#include <atomic>
#include <cctype>
#include <charconv>
#include <deque>
#include <fmt/core.h>
#include <mutex>
#include <poll.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "cache/places.hpp"
#include "fetch/curl_handle.hpp"
#include "fetch/curl_request.hpp"

namespace swage {

namespace {

constexpr unsigned kTries = 3;          // of a request whose connection breaks
constexpr unsigned kFewerAtOnce = 4;    // after the server has asked for fewer requests

Fail stopped_by_user() { return fail(Errc::interrupted, "the download was interrupted"); }

// A server may have no list to show whoever may not see it: of S3 that is what a missing file looks like.
bool has_it_not(CURLcode code, long status) { return is_absent(code, status) || status == 403; }
bool wants_fewer(long status) { return status == 429 || status == 503; }
bool connection_broke(CURLcode code) {
  switch (code) {
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return true;
    default: return false;
  }
}

// One narinfo or the like, into memory.
struct Lookup {
  std::size_t index = 0;       // of the name
  std::uint64_t limit = 0;
  std::string text{};
  bool too_long = false;
  unsigned tries = 0;
};

std::size_t on_text(char* data, std::size_t, std::size_t size, void* pointer) {
  auto& lookup = *static_cast<Lookup*>(pointer);
  lookup.too_long = lookup.text.size() + size > lookup.limit;
  if (lookup.too_long) return 0;
  lookup.text.append(data, size);
  return size;
}

// The bytes of one file, over one connection or several.
struct Download {
  const ByteSink& sink;
  CURL* easy = nullptr;
  std::uint64_t got = 0;
  std::uint64_t skip = 0;                       // what a server sends again that does not know ranges
  bool started = false;                         // of this connection
  std::optional<std::uint64_t> range_start{};   // where it says that it continues
  std::optional<Error> error{};                 // of the sink

  bool take(std::string_view bytes) {
    if (!std::exchange(started, true)) {
      if (http_status(easy) != 206) skip = got;
      else if (range_start != got) error = Error{.code = Errc::corrupt, .what = "the server continues elsewhere"};
    }
    const std::size_t again = std::min<std::uint64_t>(skip, bytes.size());
    skip -= again;
    bytes.remove_prefix(again);
    if (error || bytes.empty()) return !error;
    if (Result<void> done = sink(bytes); !done) error = std::move(done).error();
    else got += bytes.size();
    return !error;
  }
};

std::size_t on_bytes(char* data, std::size_t, std::size_t size, void* pointer) {
  return static_cast<Download*>(pointer)->take({data, size}) ? size : 0;
}

std::size_t on_line(char* data, std::size_t, std::size_t size, void* pointer) {
  constexpr std::string_view name = "content-range: bytes ";
  std::string line(data, std::min<std::size_t>(size, 100));
  std::transform(line.begin(), line.end(), line.begin(), [](unsigned char c) { return std::tolower(c); });
  if (!line.starts_with(name)) return size;
  std::uint64_t start = 0;
  if (std::from_chars(line.data() + name.size(), line.data() + line.size(), start).ec == std::errc())
    static_cast<Download*>(pointer)->range_start = start;
  return size;
}

class HttpPlace final : public CachePlace {
 public:
  HttpPlace(std::string base, const PlaceLimits& limits, std::shared_ptr<const S3Signer> signer)
      : base_(std::move(base)),
        signer_(std::move(signer)),
        limits_(limits),
        request_limits_{.connect_timeout = limits.timeout, .stall_timeout = limits.timeout, .slowest = limits.slowest} {
    while (base_.ends_with('/')) base_.pop_back();
  }
  ~HttpPlace() override {
    for (CURL* easy : easies_) curl().easy_cleanup(easy);
  }

  std::string shown() const override { return shown_url(base_); }
  bool is_remote() const override { return true; }

  Answer read(const std::string& name, std::uint64_t limit) override {
    return std::move(read_all({name}, limit).front());
  }

  std::vector<Answer> read_all(const std::vector<std::string>& names, std::uint64_t limit) override {
    const std::lock_guard lock(lookups_mutex_);
    std::vector<Answer> answers(names.size());
    std::deque<Lookup> todo;
    for (std::size_t i = 0; i < names.size(); ++i) todo.push_back({.index = i, .limit = limit});
    std::deque<Lookup> refused;   // by who wants fewer requests
    Result<void> done = look_up(names, todo, refused, fewer_ ? kFewerAtOnce : limits_.parallel, answers);
    if (done && !refused.empty()) {
      done = be_patient();
      if (done) done = look_up(names, refused, refused, kFewerAtOnce, answers);
      if (done && !refused.empty()) done = too_many_requests();
    }
    for (std::size_t i = 0; !done && i < names.size(); ++i)
      if (!answered_[i]) answers[i] = Fail(done.error());
    return answers;
  }

  Result<bool> stream(const std::string& name, const ByteSink& sink) override {
    SWAGE_CHECK(load_curl());
    Download download{.sink = sink};
    for (unsigned tries = 1;; ++tries) {
      const std::uint64_t before = download.got;
      SWAGE_TRY(const Attempt attempt, ask_for(name, download));
      const auto& [code, status, why] = attempt;
      if (download.error) return Fail(std::move(*download.error));
      if (code == CURLE_OK) return true;
      if (has_it_not(code, status) && download.got == 0) return false;
      if (wants_fewer(status)) {
        SWAGE_CHECK(be_patient());
        continue;
      }
      if (status == 416) return fail(Errc::corrupt, fmt::format("'{}' ends after {} bytes", name, download.got));
      if (!connection_broke(code)) return place_failed(code, why);
      if (download.got > before) tries = 1;   // it moves on
      else if (tries >= kTries)
        return download.got == 0 ? place_failed(code, why)
                                 : Result<bool>(fail(Errc::corrupt, fmt::format("'{}' ends after {} bytes: {}", name,
                                                                               download.got, why)));
    }
  }

  Result<bool> has(const std::string& name) override {
    SWAGE_TRY(const std::optional<std::string> text, read(name, kLargestFile));
    return text.has_value();
  }

  bool can_list() const override { return false; }
  Result<std::vector<Entry>> list() override {
    return Fail(Error{.what = fmt::format("'{}' cannot be listed: it is a web server", shown())}.hinted(
        "the directory that it serves"));
  }

  fs::path staging() const override { return {}; }
  Result<void> write(const std::string&, const fs::path&, std::string_view) override { return read_only(); }
  Result<void> remove_all(const std::vector<std::string>&) override { return read_only(); }
  Result<void> renew(const std::string&) override { return read_only(); }
  Result<Held> lock(Use, const std::function<void()>&) override { return read_only(); }

 private:
  struct Attempt {
    CURLcode code = CURLE_OK;
    long status = 0;
    std::string why{};
  };

  Fail read_only() const {
    return fail(Errc::invalid_input, fmt::format("'{}' cannot be written: it is a web server", shown()));
  }
  Fail place_failed(CURLcode code, const std::string& why) const {
    return fail(code == CURLE_TOO_MANY_REDIRECTS || code == CURLE_UNSUPPORTED_PROTOCOL ? Errc::corrupt
                                                                                     : Errc::environment, why);
  }
  static Fail too_many_requests() {
    return fail(Errc::environment, "it wants fewer requests (HTTP status 429 or 503)");
  }

  static bool is_elsewhere(const std::string& name) {
    return name.starts_with("https://") || name.starts_with("http://");
  }

  void set_up(CURL* easy, const std::string& name) const {
    set_up_request(easy, is_elsewhere(name) ? name : base_ + "/" + name, "http,https", "", request_limits_);
    if (signer_ && !is_elsewhere(name)) signer_->sign(easy);
    curl().easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
    // Rather one connection with many requests, where the server can, than many.
    if (base_.starts_with("https")) curl().easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
  }

  // Waits as long as the server has asked for: once, and not for long.
  Result<void> be_patient() {
    if (patience_spent_.exchange(true)) return too_many_requests();
    fewer_ = true;
    const auto until = std::chrono::steady_clock::now() +
                       std::chrono::seconds(std::clamp(retry_after_.load(), 1L, static_cast<long>(limits_.patience)));
    while (std::chrono::steady_clock::now() < until) {
      if (interrupted()) return stopped_by_user();
      pollfd wake{.fd = interrupt_fd(), .events = POLLIN, .revents = 0};
      ::poll(&wake, 1, 100);
    }
    return {};
  }

  void note_retry_after(CURL* easy) {
    retry_after_ = static_cast<long>(std::min<std::uint64_t>(retry_after(easy), 1000));
  }

  Result<Attempt> ask_for(const std::string& name, Download& download) {
    std::unique_ptr<CurlHandle> handle = pool_.take();
    if (!handle->multi || !handle->easy) return fail(Errc::environment, "libcurl cannot be started");
    CURL* const easy = handle->easy;
    set_up(easy, name);
    download.easy = easy;
    download.started = false;
    download.skip = 0;
    download.range_start.reset();
    curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl().easy_setopt(easy, CURLOPT_WRITEDATA, &download);
    curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
    curl().easy_setopt(easy, CURLOPT_HEADERDATA, &download);
    const std::string range = fmt::format("{}-", download.got);
    if (download.got > 0) curl().easy_setopt(easy, CURLOPT_RANGE, range.c_str());
    SWAGE_TRY(const CURLcode code, handle->perform());
    Attempt attempt{.code = code, .status = http_status(easy), .why = failure_text(code, easy, request_limits_)};
    if (wants_fewer(attempt.status)) note_retry_after(easy);
    pool_.give_back(std::move(handle));
    return attempt;
  }

  // --- Look-ups ---

  // Answers what is in `todo`; an error is the place's, and ends it.
  Result<void> look_up(const std::vector<std::string>& names, std::deque<Lookup> todo, std::deque<Lookup>& refused,
                       unsigned parallel, std::vector<Answer>& answers) {
    refused.clear();
    answered_.resize(names.size());
    if (todo.size() == names.size()) std::fill(answered_.begin(), answered_.end(), false);
    SWAGE_CHECK(load_curl());
    if (!lookups_) lookups_ = std::make_unique<CurlHandle>();
    if (!lookups_->multi) return fail(Errc::environment, "libcurl cannot be started");
    std::vector<std::pair<CURL*, std::unique_ptr<Lookup>>> running;
    Result<void> state;
    while (state && (!todo.empty() || !running.empty())) {
      while (!todo.empty() && running.size() < parallel) {
        SWAGE_TRY(CURL* const easy, take_easy());
        running.emplace_back(easy, std::make_unique<Lookup>(std::move(todo.front())));
        todo.pop_front();
        begin(easy, names[running.back().second->index], *running.back().second);
      }
      state = wait_for_some();
      int left = 0;
      while (const CURLMsg* message = curl().multi_info_read(lookups_->multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL* const easy = message->easy_handle;
        const auto at = std::find_if(running.begin(), running.end(), [&](const auto& r) { return r.first == easy; });
        std::unique_ptr<Lookup> lookup = std::move(at->second);
        running.erase(at);
        Result<void> ended = finish(easy, message->data.result, std::move(*lookup), names, todo, refused, answers);
        end(easy);
        if (!ended && state) state = std::move(ended);
      }
    }
    for (auto& [easy, lookup] : running) end(easy);
    return state;
  }

  Result<CURL*> take_easy() {
    if (easies_.empty()) {
      CURL* const made = curl().easy_init();
      if (!made) return fail(Errc::environment, "libcurl cannot be started");
      return made;
    }
    CURL* const easy = easies_.back();
    easies_.pop_back();
    return easy;
  }

  void begin(CURL* easy, const std::string& name, Lookup& lookup) {
    set_up(easy, name);
    // Else libcurl gives the connection up with each file that is not there. finish() looks at the status.
    curl().easy_setopt(easy, CURLOPT_FAILONERROR, 0L);
    curl().easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");   // S3 keeps what was compressed before it was put there
    curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_text);
    curl().easy_setopt(easy, CURLOPT_WRITEDATA, &lookup);
    curl().multi_add_handle(lookups_->multi, easy);
  }

  void end(CURL* easy) {
    curl().multi_remove_handle(lookups_->multi, easy);
    easies_.push_back(easy);
  }

  Result<void> wait_for_some() {
    int running = 0;
    if (curl().multi_perform(lookups_->multi, &running) != CURLM_OK)
      return fail(Errc::environment, "libcurl cannot be used");
    curl_waitfd wake{.fd = interrupt_fd(), .events = CURL_WAIT_POLLIN, .revents = 0};
    if (running > 0) curl().multi_poll(lookups_->multi, &wake, wake.fd >= 0 ? 1 : 0, 200, nullptr);
    if (interrupted()) return stopped_by_user();
    return {};
  }

  Result<void> finish(CURL* easy, CURLcode code, Lookup lookup, const std::vector<std::string>& names,
                      std::deque<Lookup>& todo, std::deque<Lookup>& refused, std::vector<Answer>& answers) {
    constexpr long first_error = 400;
    const long status = http_status(easy);
    if (status >= first_error) {   // whatever it has sent with it
      code = CURLE_HTTP_RETURNED_ERROR;
      lookup.too_long = false;
    }
    const std::size_t index = lookup.index;
    const auto answer = [&](Answer what) {
      answers[index] = std::move(what);
      answered_[index] = true;
      return Result<void>();
    };
    if (code == CURLE_OK) return answer(std::move(lookup.text));
    if (lookup.too_long) return answer(fail(Errc::corrupt, fmt::format("'{}' is longer than {}", names[index],
                                                                       human_bytes(lookup.limit))));
    if (has_it_not(code, status)) return answer(std::nullopt);
    if (wants_fewer(status)) {
      note_retry_after(easy);
      refused.push_back({.index = index, .limit = lookup.limit, .tries = lookup.tries});
      std::move(todo.begin(), todo.end(), std::back_inserter(refused));
      todo.clear();
      return {};
    }
    if (connection_broke(code) && ++lookup.tries < kTries) {
      todo.push_back({.index = index, .limit = lookup.limit, .tries = lookup.tries});
      return {};
    }
    const Fail failed = place_failed(code, failure_text(code, easy, request_limits_));
    if (failed.value().code == Errc::corrupt) return answer(failed);
    return failed;
  }

  std::string base_;
  std::shared_ptr<const S3Signer> signer_;
  PlaceLimits limits_;
  RequestLimits request_limits_;
  CurlPool pool_{};                            // of downloads
  std::atomic<bool> patience_spent_{false}, fewer_{false};
  std::atomic<long> retry_after_{0};
  std::mutex lookups_mutex_{};                 // guards all below
  std::unique_ptr<CurlHandle> lookups_{};
  std::vector<CURL*> easies_{};                // that are idle
  std::vector<bool> answered_{};               // of the names of read_all()
};

}  // namespace

std::unique_ptr<CachePlace> open_http_place(std::string_view url, const PlaceLimits& limits,
                                            std::shared_ptr<const S3Signer> signer) {
  return std::make_unique<HttpPlace>(std::string(url), limits, std::move(signer));
}

}  // namespace swage
