// One pinned file from the first URL that has it, into a part file that outlives a broken connection and this process.
// Knows no store: the fetcher moves what arrives into it, and the lock looks into a package before there is a store
// path.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/events.hpp"
#include "base/files.hpp"
#include "fetch/fetch.hpp"

namespace swage {

// `<directory>/<sha256>.part`, and the right to write it: two processes that want the same file do not write it both.
// The lock is a file of its own, because the data file moves into the store before the store says that it is there;
// whoever waited must not find a new, empty one in between.
class PartFile {
 public:
  // Waits for another holder, until interrupted. The directory is made.
  static Result<PartFile> acquire(const fs::path& directory, std::string_view sha256);
  PartFile(PartFile&&) noexcept = default;
  PartFile& operator=(PartFile&&) = delete;
  ~PartFile();           // the lock goes, the data stays for the next try
  const fs::path& path() const { return path_; }
  int fd() const { return data_.get(); }
  void remove() const;   // when its content is where it belongs; the next holder starts anew

 private:
  PartFile(fs::path path, fs::path lock_path, UniqueFd data, FileLock lock)
      : path_(std::move(path)), lock_path_(std::move(lock_path)), data_(std::move(data)), lock_(std::move(lock)) {}
  fs::path path_, lock_path_;
  UniqueFd data_;
  FileLock lock_;
};

class Transport {
 public:
  Transport(FetchOptions options, Reporter& reporter);
  ~Transport();
  // Fills `part` with the verified bytes; what is in it already is kept and continued. With no `sha256` any bytes of
  // one version of the file will do, for who pins it for the first time: then nothing of an earlier run is taken up,
  // and a broken connection is continued only where the server's ETag says that the file is still the same.
  // Thread-safe. Errors: as Fetcher::fetch.
  Result<void> get(const Source::Download& what, const PartFile& part, std::uint64_t job_id);
  // What a server says of a URL without giving it.
  struct Presence {
    std::string reason{};                   // why it cannot be had; "" it is there
    std::optional<std::uint64_t> size{};    // where the server says it
  };
  Result<Presence> look(const std::string& url);
  // Asks for nothing but whether it is there, once at each address. True: all of them answered that they do not have
  // it.
  Result<bool> absent(const Source::Download& what);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The URL of a file: every byte that is not plain in URLs is escaped.
std::string file_url(const fs::path& file);
// The other way round, also as a person writes it; nothing: it is no file: URL.
std::optional<fs::path> local_path(std::string_view url);

}  // namespace swage
