// Where a binary cache is: a directory, a web server or a bucket, as names with bytes. Names are relative and plain
// (is_cache_name). Nothing that is written is seen before it is whole.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "store/nar.hpp"

namespace swage {

class CachePlace {
 public:
  virtual ~CachePlace() = default;
  virtual std::string shown() const = 0;    // for messages, without secrets
  virtual bool is_remote() const = 0;       // asking takes a while: answers are worth remembering

  // Errors of all that reads: Errc::environment when the place itself is at fault (it does not answer, is too slow,
  // wants fewer requests), Errc::corrupt when only this name is.

  // Nothing: the place answered, and has it not. More than `limit` bytes are an error.
  using Answer = Result<std::optional<std::string>>;
  virtual Answer read(const std::string& name, std::uint64_t limit) = 0;
  // The same of many names, at once where the place can; the answers are in their order. When the place is at fault,
  // that is the answer to all that are left.
  virtual std::vector<Answer> read_all(const std::vector<std::string>& names, std::uint64_t limit);
  // False: it is not there, and the sink got nothing.
  virtual Result<bool> stream(const std::string& name, const ByteSink& sink) = 0;
  virtual Result<bool> has(const std::string& name) = 0;

  // Where files are made that write() is to take: on the same file system where there is one.
  virtual fs::path staging() const = 0;
  // The file is moved or copied; what was there is replaced.
  virtual Result<void> write(const std::string& name, const fs::path& file, std::string_view media_type) = 0;
  Result<void> write_text(const std::string& name, std::string_view text, std::string_view media_type);

  // Every name that there is, with its bytes; an error where the place cannot list.
  struct Entry {
    std::string name;
    std::uint64_t size = 0;
    std::int64_t modified = 0;              // seconds since 1970
  };
  virtual bool can_list() const = 0;
  virtual Result<std::vector<Entry>> list() = 0;

  // In this order; what is not there is no error. When it returns, all of it is so on disk.
  virtual Result<void> remove_all(const std::vector<std::string>& names) = 0;
  // As if it had been written now.
  virtual Result<void> renew(const std::string& name) = 0;

  // Who adds shares the place with others who add, and with nobody who removes. Held as long as the result lives; null
  // where the place has no locks. `waiting` is called when somebody else holds it. An interrupt ends the wait.
  enum class Use { add, remove, index };
  using Held = std::shared_ptr<const void>;
  virtual Result<Held> lock(Use use, const std::function<void()>& waiting) = 0;
};

struct PlaceLimits {
  unsigned timeout = 10;                    // seconds that a server may take to be reached, or be slow
  unsigned slowest = 1000;                  // bytes a second
  unsigned parallel = 64;                   // look-ups at once
  unsigned patience = 10;                   // seconds at most until who asks for fewer requests is asked again, once
};

// `file:///DIR` or a path that begins with `/` or `.`; `writable` makes the directory where it is not there.
// `https://` and `http://` can only be read, and have no list. `s3://` is a bucket (s3_access.hpp, mark_lock.hpp).
// Errc::invalid_input for other schemes and for URLs with passwords.
Result<std::unique_ptr<CachePlace>> open_place(std::string_view url, bool writable, const PlaceLimits& limits = {});
// To read, in this order.
Result<std::vector<std::unique_ptr<CachePlace>>> open_places(const std::vector<std::string>& urls);
// Whether open_place() would take it, without looking.
Result<void> check_place(std::string_view url);
bool is_remote_place(std::string_view url);   // a network is asked

}  // namespace swage
