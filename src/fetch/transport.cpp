#include "fetch/transport.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <fmt/core.h>
#include <map>
#include <mutex>
#include <poll.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "fetch/addresses.hpp"
#include "fetch/curl_handle.hpp"
#include "fetch/curl_request.hpp"

namespace swage {

namespace {

using Clock = std::chrono::steady_clock;

Fail stopped() { return fail(Errc::interrupted, "the download was interrupted"); }

// Sleeps; Errc::interrupted as soon as the user stops swage.
Result<void> pause(double seconds) {
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (!interrupted()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return {};
    pollfd wake{.fd = interrupt_fd(), .events = POLLIN, .revents = 0};
    ::poll(&wake, 1, static_cast<int>(std::min<long long>(left, 200)));
  }
  return stopped();
}

// The part file with the digest of what is in it.
class Landing {
 public:
  Landing(const PartFile& part, const Source::Download& what) : part_(part), what_(what) {}

  // Takes up what an earlier run left. True: it is complete and right.
  Result<bool> open() {
    if (!pinned()) {   // nothing would show that the file has changed since
      SWAGE_CHECK(restart());
      return false;
    }
    SWAGE_CHECK(read_all());
    if (size_ == 0 || (what_.size != 0 && size_ < what_.size)) return false;
    if (what_.size == 0 || size_ == what_.size) {
      if (hasher_.finish().hex() == what_.sha256) return true;
      hasher_.reset();
      if (what_.size == 0) {   // as good a start as any
        SWAGE_CHECK(read_all());
        return false;
      }
    }
    SWAGE_CHECK(restart());
    return false;
  }
  Result<void> restart() {
    if (::ftruncate(part_.fd(), 0) != 0 || ::lseek(part_.fd(), 0, SEEK_SET) < 0)
      return fail_errno(fmt::format("cannot write '{}'", part_.path().string()), errno);
    hasher_.reset();
    size_ = 0;
    etag_.clear();
    return {};
  }
  // The whole file begins, of the version that the server calls `etag`; "": it does not say.
  Result<void> begin(std::string etag) {
    SWAGE_CHECK(restart());
    etag_ = std::move(etag);
    return {};
  }
  Result<void> append(std::string_view data) {
    SWAGE_CHECK(write_all(part_.fd(), data, part_.path().string()));
    hasher_.update(data);
    size_ += data.size();
    return {};
  }
  std::uint64_t size() const { return size_; }
  bool pinned() const { return !what_.sha256.empty(); }
  const std::string& etag() const { return etag_; }
  // The digest of all; nothing can be appended after.
  std::string finish() { return hasher_.finish().hex(); }

 private:
  Result<void> read_all() {
    size_ = 0;
    if (::lseek(part_.fd(), 0, SEEK_SET) < 0)
      return fail_errno(fmt::format("cannot read '{}'", part_.path().string()), errno);
    std::vector<char> buffer(1 << 18);
    for (;;) {
      const ssize_t n = ::read(part_.fd(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno(fmt::format("cannot read '{}'", part_.path().string()), errno);
      if (n == 0) return {};
      if (interrupted()) return stopped();
      hasher_.update({buffer.data(), static_cast<std::size_t>(n)});
      size_ += static_cast<std::uint64_t>(n);
    }
  }

  const PartFile& part_;
  const Source::Download& what_;
  Hasher hasher_;
  std::uint64_t size_ = 0;
  std::string etag_{};   // of the server that the bytes of this run are from
};

// The value of a header line that has this name, in lower case.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  const auto is_lower = [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); };
  if (line.size() <= name.size() || line[name.size()] != ':' ||
      !std::equal(name.begin(), name.end(), line.begin(), is_lower))
    return {};
  return trim(line.substr(name.size() + 1));
}

// What one request to one URL came to.
struct Outcome {
  enum class Kind { complete, passing, final, restart } kind = Kind::complete;
  std::string reason{};
  bool absent = false;       // the server answered, and does not have it
  bool unreachable = false;  // there was no answer at all
  bool lied = false;         // what it has cannot be the file
  std::uint64_t wait = 0;    // seconds that the server wants to be left alone
};

struct FreeList {
  void operator()(curl_slist* list) const { curl().slist_free_all(list); }
};

// One request: where its bytes go, and what the server said about them.
struct Request {
  Landing& landing;
  const Source::Download& what;
  Reporter& reporter;
  Traffic* traffic;
  std::uint64_t job_id;
  CURL* easy;
  std::uint64_t from = 0;                    // asked to continue from here
  std::optional<std::uint64_t> range_start{};  // where the server says that it continues
  std::string etag{};                          // which version of the file it says that this is
  bool in_header = false;
  std::uint64_t largest_unsized = 0;
  std::unique_ptr<curl_slist, FreeList> if_range{};
  bool started = false;
  bool wrong_range = false;
  bool too_long = false;
  std::optional<Error> error{};              // of the disk
  Clock::time_point next_report{};

  long status() const { return http_status(easy); }

  void header(std::string_view line) {
    in_header = !trim(line).empty();
    if (line.starts_with("HTTP/")) range_start.reset(), etag.clear();
    // A weak one, W/"...", does not promise the same bytes.
    if (const auto value = value_of(line, "etag"); value && value->starts_with('"')) etag = *value;
    auto value = value_of(line, "content-range");
    if (!value || !value->starts_with("bytes ")) return;
    value->remove_prefix(6);
    std::uint64_t start = 0;
    if (std::from_chars(value->data(), value->data() + value->size(), start).ec == std::errc{}) range_start = start;
  }

  bool body(std::string_view data) {
    if (traffic) traffic->add(data.size());
    if (!started) {
      started = true;
      // A server that does not know If-Range continues whatever it has now.
      if (status() == 206 && (range_start != from || (!landing.pinned() && etag != landing.etag())))
        return wrong_range = true, false;
      if (status() != 206 && !keep(landing.begin(etag))) return false;   // the whole file comes
    }
    if (landing.size() + data.size() > most()) return too_long = true, false;
    if (!keep(landing.append(data))) return false;
    report(false);
    return true;
  }

  std::uint64_t most() const { return what.size ? what.size : largest_unsized; }

  void report(bool last) {
    const auto now = Clock::now();
    if (!last && now < next_report) return;
    next_report = now + std::chrono::milliseconds(100);
    reporter.on(JobProgress{.id = job_id, .done = landing.size(), .total = what.size});
  }

  bool keep(Result<void> done) {
    if (!done) error = std::move(done).error();
    return !error;
  }
};

std::size_t on_header(char* data, std::size_t, std::size_t size, void* request) {
  static_cast<Request*>(request)->header({data, size});
  return size;
}
std::size_t on_body(char* data, std::size_t, std::size_t size, void* request) {
  return static_cast<Request*>(request)->body({data, size}) ? size : 0;
}

std::string reason_for(CURLcode code, const Request& request, const RequestLimits& limits) {
  if (code == CURLE_PARTIAL_FILE) {
    curl_off_t announced = -1;
    curl().easy_getinfo(request.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    const std::uint64_t before = request.status() == 206 ? request.from : 0;
    return fmt::format("the connection ended after {} of {} bytes", request.landing.size(),
                       before + static_cast<std::uint64_t>(std::max<curl_off_t>(announced, 0)));
  }
  if (code == CURLE_OUT_OF_MEMORY)
    return request.in_header ? "its HTTP header is larger than libcurl reads" : "out of memory";
  return failure_text(code, request.easy, limits);
}

RequestLimits limits_of(const FetchOptions& options) {
  return {.connect_timeout = options.connect_timeout, .stall_timeout = options.stall_timeout};
}

void set_up(CURL* easy, const Address& address, const FetchOptions& options) {
  set_up_request(easy, address.url, "http,https,file", address.proxy, limits_of(options));
}

void receive(CURL* easy, const Address& address, Request& request) {
  curl().easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
  curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl().easy_setopt(easy, CURLOPT_WRITEDATA, &request);
  curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl().easy_setopt(easy, CURLOPT_HEADERDATA, &request);
  // A local file is read anew: it costs nothing, and libcurl's range of a file tells no start.
  if (!request.from || address.url.starts_with("file:")) return;
  curl().easy_setopt(easy, CURLOPT_RANGE, fmt::format("{}-", request.from).c_str());
  if (request.landing.etag().empty()) return;
  request.if_range.reset(curl().slist_append(nullptr, fmt::format("If-Range: {}", request.landing.etag()).c_str()));
  curl().easy_setopt(easy, CURLOPT_HTTPHEADER, request.if_range.get());
}

// Why the file of a file: URL cannot be read, where that is no question of libcurl's, which would read a device or wait
// at a FIFO for ever.
std::string no_regular_file(std::string_view url) {
  const std::optional<fs::path> path = local_path(url);
  if (!path) return {};
  const Result<UniqueFd> file = open_regular(*path);
  return file || file.error().code != Errc::invalid_input ? "" : "it is not a regular file";
}

}  // namespace

std::optional<fs::path> local_path(std::string_view url) {
  constexpr std::string_view scheme = "file:";
  const auto is_lower = [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); };
  if (url.size() < scheme.size() || !std::equal(scheme.begin(), scheme.end(), url.begin(), is_lower)) return {};
  url.remove_prefix(scheme.size());
  if (url.starts_with("//")) url.remove_prefix(std::min(url.find('/', 2), url.size()));   // a host is this one
  std::string path;
  for (; !url.empty(); url.remove_prefix(1)) {
    unsigned code = 0;
    if (url[0] != '%' || url.size() < 3 ||
        std::from_chars(url.data() + 1, url.data() + 3, code, 16).ptr != url.data() + 3) {
      path += url[0];
      continue;
    }
    path += static_cast<char>(code);
    url.remove_prefix(2);
  }
  return fs::path(path);
}

std::string file_url(const fs::path& file) {
  constexpr std::string_view marks = "/-._~+=:@,";
  return "file://" + url_escaped(file.string(), [&](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  marks.find(c) != std::string_view::npos;
         });
}

Result<PartFile> PartFile::acquire(const fs::path& directory, std::string_view sha256) {
  SWAGE_CHECK(make_directories(directory));
  fs::path path = directory / fmt::format("{}.part", sha256);
  fs::path lock_path = directory / fmt::format("{}.lock", sha256);
  for (;;) {
    SWAGE_TRY(std::optional<FileLock> lock, FileLock::try_acquire(lock_path, FileLock::Mode::exclusive));
    if (lock) {
      SWAGE_TRY(UniqueFd data, open_file(path, O_RDWR | O_CREAT, 0600));
      return PartFile(std::move(path), std::move(lock_path), std::move(data), std::move(*lock));
    }
    SWAGE_CHECK(pause(0.05));
  }
}

// Removed while held: a waiter that locks the removed file sees that it is not the one of that name, and starts again.
PartFile::~PartFile() {
  if (lock_.fd() >= 0) ::unlink(lock_path_.c_str());
}

void PartFile::remove() const { ::unlink(path_.c_str()); }

struct Transport::State {
  FetchOptions options;
  Reporter& reporter;
  CurlPool pool{};
  // Servers that did not answer, by origin_of_url(): until when they are left out, and why.
  struct Dead {
    Clock::time_point until{};
    std::string reason{};
  };
  std::mutex mutex{};
  std::map<std::string, Dead, std::less<>> dead{};

  // Why the address is not asked; "" it is.
  std::string left_out(const Address& address);
  void leave_out(const Address& address, const std::string& reason);
  Result<Outcome> request(const Address& address, const Source::Download& what, Landing& landing, std::uint64_t job_id);
  Result<bool> absent(const Address& address);
  // `last`: there is no other address to ask.
  Result<Outcome> persist(const Address& address, const Source::Download& what, Landing& landing, std::uint64_t job_id,
                          bool last);
};

Transport::Transport(FetchOptions options, Reporter& reporter)
    : state_(new State{.options = std::move(options), .reporter = reporter}) {}
Transport::~Transport() = default;

std::string Transport::State::left_out(const Address& address) {
  if (address.is_local()) return {};
  if (options.offline) return "not asked, by --offline";
  const std::scoped_lock lock(mutex);
  const auto found = dead.find(origin_of_url(address.url));
  if (found == dead.end() || found->second.until < Clock::now()) return {};
  return fmt::format("left out: {}", found->second.reason);
}

void Transport::State::leave_out(const Address& address, const std::string& reason) {
  constexpr auto time = std::chrono::minutes(10);   // a run may last for days, and a network comes back
  const std::string_view origin = origin_of_url(address.url);
  if (origin.empty()) return;
  const std::scoped_lock lock(mutex);
  dead[std::string(origin)] = {.until = Clock::now() + time, .reason = reason};
}

Result<Outcome> Transport::State::request(const Address& address, const Source::Download& what, Landing& landing,
                                          std::uint64_t job_id) {
  if (std::string reason = no_regular_file(address.url); !reason.empty())
    return Outcome{Outcome::Kind::final, std::move(reason)};
  // The rest may be of another version.
  if (!landing.pinned() && landing.etag().empty()) SWAGE_CHECK(landing.restart());
  SWAGE_CHECK(load_curl());
  std::unique_ptr<CurlHandle> handle = pool.take();
  if (!handle->multi || !handle->easy) return fail(Errc::environment, "libcurl cannot be started");
  Request request{.landing = landing, .what = what, .reporter = reporter, .traffic = options.traffic, .job_id = job_id,
                  .easy = handle->easy, .from = landing.size(), .largest_unsized = options.largest_unsized};
  set_up(handle->easy, address, options);
  receive(handle->easy, address, request);
  SWAGE_TRY(const CURLcode code, handle->perform());
  const long status = request.status();
  Outcome outcome;
  if (request.error) return Fail(std::move(*request.error));
  if (request.wrong_range || (status == 416 && request.from))
    outcome = {Outcome::Kind::restart, "the server cannot continue a download"};
  else if (request.too_long) {
    SWAGE_CHECK(landing.restart());   // none of it is worth keeping
    outcome = {.kind = Outcome::Kind::final,
               .reason = what.size
                             ? fmt::format("it is longer than the {} bytes that are pinned", what.size)
                             : fmt::format("it is longer than {}, which is the limit where no size is pinned",
                                           human_bytes(request.most())),
               .lied = true};
  } else if (code != CURLE_OK)
    outcome = {may_pass(code, status) ? Outcome::Kind::passing : Outcome::Kind::final,
               reason_for(code, request, limits_of(options)), is_absent(code, status), status == 0 && !request.started,
               false, retry_after(handle->easy)};
  else if (!request.started)   // an empty answer: no body callback was made
    SWAGE_CHECK(landing.restart());
  if (code == CURLE_OK) request.report(true);
  pool.give_back(std::move(handle));
  return outcome;
}

Result<bool> Transport::State::absent(const Address& address) {
  SWAGE_CHECK(load_curl());
  std::unique_ptr<CurlHandle> handle = pool.take();
  if (!handle->multi || !handle->easy) return fail(Errc::environment, "libcurl cannot be started");
  set_up(handle->easy, address, options);
  curl().easy_setopt(handle->easy, CURLOPT_NOBODY, 1L);
  // libcurl prints the headers of a local file otherwise.
  curl().easy_setopt(
      handle->easy, CURLOPT_WRITEFUNCTION, +[](char*, std::size_t, std::size_t size, void*) { return size; });
  SWAGE_TRY(const CURLcode code, handle->perform());
  const long status = http_status(handle->easy);
  pool.give_back(std::move(handle));
  return is_absent(code, status);
}

Result<Transport::Presence> Transport::look(const std::string& url) {
  const Address address{url, ""};
  if (std::string reason = state_->left_out(address); !reason.empty()) return Presence{.reason = std::move(reason)};
  SWAGE_CHECK(load_curl());
  std::unique_ptr<CurlHandle> handle = state_->pool.take();
  if (!handle->multi || !handle->easy) return fail(Errc::environment, "libcurl cannot be started");
  set_up(handle->easy, address, state_->options);
  curl().easy_setopt(handle->easy, CURLOPT_NOBODY, 1L);
  SWAGE_TRY(const CURLcode code, handle->perform());
  Presence presence;
  curl_off_t size = -1;
  if (code != CURLE_OK) {
    presence.reason = failure_text(code, handle->easy, limits_of(state_->options));
    if (may_pass(code, http_status(handle->easy))) state_->leave_out(address, presence.reason);
  } else if (curl().easy_getinfo(handle->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size) == CURLE_OK && size >= 0) {
    presence.size = static_cast<std::uint64_t>(size);
  }
  state_->pool.give_back(std::move(handle));
  return presence;
}

Result<bool> Transport::absent(const Source::Download& what) {
  for (const Address& address : addresses_of(what, state_->options)) {
    SWAGE_TRY(const bool absent, state_->absent(address));
    if (!absent) return false;
  }
  return true;
}

// Asks one URL until it gave all or there is no hope.
Result<Outcome> Transport::State::persist(const Address& address, const Source::Download& what, Landing& landing,
                                          std::uint64_t job_id, bool last) {
  constexpr std::uint64_t progress = 64 * 1024;   // bytes that make a request worth its time
  constexpr std::uint64_t longest_wait = 60;      // seconds, for the sake of a server that asks for it
  constexpr unsigned patience = 16;               // times `tries` requests in all, even with progress
  double delay = options.first_delay;
  unsigned fruitless = 0;
  for (unsigned requests = 1;; ++requests) {
    const std::uint64_t before = landing.size();
    SWAGE_TRY(Outcome outcome, request(address, what, landing, job_id));
    if (outcome.kind == Outcome::Kind::complete || outcome.kind == Outcome::Kind::final) return outcome;
    if (outcome.unreachable && !last) return outcome;
    if (outcome.kind == Outcome::Kind::restart) SWAGE_CHECK(landing.restart());
    if (landing.size() >= before + progress) fruitless = 0, delay = options.first_delay;
    else ++fruitless;
    if (fruitless >= options.tries || requests >= patience * options.tries) {
      if (requests > 1) outcome.reason += fmt::format(" ({} tries)", requests);
      return outcome;
    }
    if (outcome.wait > longest_wait) {
      outcome.reason += fmt::format(", and it wants to be asked again in {}",
                                    human_seconds(static_cast<double>(outcome.wait)));
      return outcome;
    }
    SWAGE_CHECK(pause(std::max(delay, static_cast<double>(outcome.wait))));
    delay *= 2;
  }
}

namespace {

// Who was asked for a file, and what became of it.
struct Asked {
  std::vector<std::string> reasons{};   // of each, why it was not had there
  std::vector<std::string> lies{};      // of these, other bytes
  std::size_t absent = 0, passing = 0;  // of these
  std::string received{};               // the hash of other bytes
};

Fail not_had(const Source::Download& what, Asked asked, bool offline) {
  const bool is_packaged = !what.pool_path.empty();
  if (!asked.received.empty()) {
    Error error{.code = Errc::hash_mismatch, .what = fmt::format("'{}' is not the file that is pinned", what.name)};
    error.notes = {fmt::format("expected sha256 {}", what.sha256), fmt::format("received sha256 {}", asked.received)};
    error.notes.insert(error.notes.end(), asked.reasons.begin(), asked.reasons.end());
    error.hint = is_packaged
                     ? "if the distribution replaced the file, pin it anew with: swage lock --update"
                     : "if the publisher replaced the file, correct the sha256 in its table and run: swage check";
    return Fail(std::move(error));
  }
  Error error{.code = Errc::environment,
              .what = fmt::format("'{}' cannot be downloaded", what.name),
              .notes = std::move(asked.reasons)};
  if (error.notes.empty()) error.notes = {"there is no URL and no mirror for it"};
  else if (asked.absent == error.notes.size())
    error.hint = is_packaged ? "the suite has moved on: name a mirror that has the file with --mirror DIR, or pin "
                               "another one with: swage lock --update"
                             : "nobody has it any more under that address: correct its table, bring it as --src or by "
                               "a layer, or name a mirror that has it with: --mirror DIR";
  else if (asked.passing > 0 && asked.absent > 0)
    error.hint = "who did not answer may have it: run the same command again later, or name a mirror that has it with: "
                 "--mirror DIR";
  else if (asked.passing > 0)
    error.hint = fmt::format("when the network is back, run the same command again{}",
                             what.sha256.empty() ? "" : ": what has arrived is kept");
  else if (offline)
    error.hint = "run it without --offline, or name a directory that has the file with: --mirror DIR";
  return Fail(std::move(error));
}

}  // namespace

Result<void> Transport::get(const Source::Download& what, const PartFile& part, std::uint64_t job_id) {
  Landing landing(part, what);
  SWAGE_TRY(const bool complete, landing.open());
  if (complete) return {};
  const Traffic::Running running(state_->options.traffic);
  Asked asked;
  const std::vector<Address> addresses = addresses_of(what, state_->options);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const Address& address = addresses[i];
    const auto say = [&](const std::string& reason) {
      return asked.reasons.emplace_back(fmt::format("{}: {}", shown_url(address.url), reason));
    };
    if (const std::string why = state_->left_out(address); !why.empty()) {
      say(why);
      asked.passing += !state_->options.offline;
      continue;
    }
    // For the last resort nobody is given up at the first try.
    const bool last = std::all_of(addresses.begin() + static_cast<std::ptrdiff_t>(i) + 1, addresses.end(),
                                  [&](const Address& later) {
                                    return !state_->left_out(later).empty() ||
                                           (later.is_last_resort && !address.is_last_resort);
                                  });
    if (!landing.pinned()) SWAGE_CHECK(landing.restart());   // another server's file
    const std::uint64_t before = landing.size();
    // Bytes of an earlier run may be what is wrong: a file that was continued and does not match is had once more,
    // whole.
    for (bool again = true; again;) {
      again = landing.size() > 0;
      SWAGE_TRY(const Outcome outcome, state_->persist(address, what, landing, job_id, last));
      if (outcome.kind != Outcome::Kind::complete) {
        const std::string said = say(outcome.reason);
        if (outcome.lied) asked.lies.push_back(said);
        asked.absent += outcome.absent;
        const bool failed = outcome.kind != Outcome::Kind::final;
        asked.passing += failed;
        if (failed && landing.size() <= before && addresses.size() > 1) state_->leave_out(address, outcome.reason);
        break;
      }
      const std::uint64_t size = landing.size();
      std::string digest = landing.finish();
      if (what.sha256.empty() || digest == what.sha256) {
        for (const std::string& lie : asked.lies)
          state_->reporter.on(Message{fmt::format("note: {}; another source had the right file", lie)});
        return {};
      }
      SWAGE_CHECK(landing.restart());
      if (again) continue;
      asked.received = std::move(digest);
      asked.lies.push_back(say(what.size != 0 && size != what.size
                                   ? fmt::format("it has {} bytes, and {} are pinned", size, what.size)
                                   : "other content"));
    }
  }
  return not_had(what, std::move(asked), state_->options.offline);
}

}  // namespace swage
