// The log of one build: raw bytes go compressed to a file, lines go to the renderer, and the last few are kept for the
// error message. The file is a sequence of complete bzip2 streams, one for each second or so of output: `nix-store
// --read-log` reads it, and what an interrupted swage leaves is readable up to its last second.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "base/files.hpp"

namespace swage {

class BuildLog {
 public:
  using Clock = std::chrono::steady_clock;
  using OnLine = std::function<void(const std::string&)>;
  // Truncates an older log at `file`. Keeps the last `tail_lines` lines.
  static Result<BuildLog> create(const fs::path& file, std::size_t tail_lines, OnLine on_line);

  void append(std::string_view bytes);
  void flush_when_due(Clock::time_point now);   // call it now and then: output may pause
  // The last line may lack its line end. An error of any write is told here: a log that cannot be kept is no reason to
  // end a build.
  Result<void> finish();
  const std::deque<std::string>& tail() const { return tail_; }
  std::uint64_t size() const { return size_; }   // bytes appended

 private:
  BuildLog(UniqueFd fd, fs::path file, std::size_t tail_lines, OnLine on_line);
  void take_line();
  void flush();
  Result<void> write_stream();

  UniqueFd fd_;
  fs::path file_;
  std::size_t tail_lines_;
  OnLine on_line_;
  std::uint64_t size_ = 0;
  std::string pending_{};        // not yet written
  std::string line_{};
  std::deque<std::string> tail_{};
  Clock::time_point flushed_ = Clock::now();
  bool wrote_ = false;
  Result<void> written_{};
};

// Such a file, piece by piece, to where it is cut off, if it is: the end of one that is being written. Errc::corrupt
// when it is not bzip2.
Result<void> decompress_log(const fs::path& file, const std::function<void(std::string_view bytes)>& sink);

}  // namespace swage
