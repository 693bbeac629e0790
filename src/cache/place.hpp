// Where a binary cache is: a directory, a web server or a bucket, as names with bytes. Names are relative and plain
// (is_cache_name). Nothing that is written is seen before it is whole.
#pragma once

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

  // Nothing: the place answered, and has it not. More than `limit` bytes are an error.
  virtual Result<std::optional<std::string>> read(const std::string& name, std::uint64_t limit) = 0;
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
  };
  virtual Result<std::vector<Entry>> list() = 0;
  virtual Result<void> remove(const std::string& name) = 0;
};

// `file:///DIR` or a path that begins with `/` or `.`; `writable` makes the directory where it is not there.
// Errc::invalid_input for other schemes.
Result<std::unique_ptr<CachePlace>> open_place(std::string_view url, bool writable);

}  // namespace swage
