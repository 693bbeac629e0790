#include "realise/build_log.hpp"

#include <bzlib.h>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

namespace swage {

namespace {
constexpr std::size_t kFlushBytes = 90'000;   // just under one block of bzip2 -1
constexpr auto kFlushInterval = std::chrono::seconds(1);
constexpr std::size_t kLongestLine = 16'384;  // a line that never ends is cut for the renderer, not in the file
}  // namespace

BuildLog::BuildLog(UniqueFd fd, fs::path file, std::size_t tail_lines, OnLine on_line)
    : fd_(std::move(fd)), file_(std::move(file)), tail_lines_(tail_lines), on_line_(std::move(on_line)) {}

Result<BuildLog> BuildLog::create(const fs::path& file, std::size_t tail_lines, OnLine on_line) {
  SWAGE_CHECK(make_directories(file.parent_path()));
  SWAGE_TRY(UniqueFd fd, open_file(file, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  return BuildLog(std::move(fd), file, tail_lines, std::move(on_line));
}

void BuildLog::take_line() {
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  on_line_(line_);
  tail_.push_back(std::move(line_));
  if (tail_.size() > tail_lines_) tail_.pop_front();
  line_.clear();
}

void BuildLog::append(std::string_view bytes) {
  pending_ += bytes;
  size_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t room = kLongestLine - line_.size();
    const std::size_t take = std::min({end, bytes.size(), room});
    line_ += bytes.substr(0, take);
    bytes.remove_prefix(take);
    if (!bytes.empty() && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      take_line();
    } else if (line_.size() == kLongestLine) {
      take_line();
    }
  }
  if (pending_.size() >= kFlushBytes) flush();
}

void BuildLog::flush_when_due(Clock::time_point now) {
  if (!pending_.empty() && now - flushed_ >= kFlushInterval) flush();
}

Result<void> BuildLog::finish() {
  if (!line_.empty()) take_line();
  if (!pending_.empty() || !wrote_) flush();
  return written_;
}

void BuildLog::flush() {
  // After a failure nothing is added: a gap would be worse than an early end.
  if (written_) written_ = write_stream();
  pending_.clear();
  flushed_ = Clock::now();
  wrote_ = true;
}

Result<void> BuildLog::write_stream() {
  std::string packed(pending_.size() + pending_.size() / 100 + 600, '\0');  // the bound that bzlib documents
  auto size = static_cast<unsigned>(packed.size());
  const int status = ::BZ2_bzBuffToBuffCompress(packed.data(), &size, pending_.data(),
                                                static_cast<unsigned>(pending_.size()), 1, 0, 0);
  if (status != BZ_OK)
    return fail(Errc::environment, fmt::format("cannot compress '{}': bzip2 error {}", file_.string(), status));
  packed.resize(size);
  return write_all(fd_.get(), packed, file_.string());
}

namespace {

// One bzip2 stream after another.
class Decompressor {
 public:
  Decompressor() = default;
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  ~Decompressor() { end(); }

  // False: this is not bzip2.
  bool take(std::string_view bytes, const std::function<void(std::string_view)>& sink) {
    stream_.next_in = const_cast<char*>(bytes.data());
    stream_.avail_in = static_cast<unsigned>(bytes.size());
    bool full = false;
    while (stream_.avail_in > 0 || full) {
      if (!open_ && ::BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) throw std::bad_alloc();
      open_ = true;
      char text[1 << 16];
      stream_.next_out = text;
      stream_.avail_out = sizeof text;
      const int status = ::BZ2_bzDecompress(&stream_);
      full = status == BZ_OK && stream_.avail_out == 0;
      sink({text, sizeof text - stream_.avail_out});
      if (status == BZ_STREAM_END) end();
      else if (status != BZ_OK) return false;
    }
    return true;
  }

 private:
  void end() {
    if (std::exchange(open_, false)) ::BZ2_bzDecompressEnd(&stream_);
  }
  bz_stream stream_{};
  bool open_ = false;
};

}  // namespace

Result<void> decompress_log(const fs::path& file, const std::function<void(std::string_view)>& sink) {
  SWAGE_TRY(const UniqueFd fd, open_file(file, O_RDONLY));
  Decompressor decompressor;
  for (;;) {
    char packed[1 << 16];
    const ssize_t got = ::read(fd.get(), packed, sizeof packed);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(fmt::format("cannot read '{}'", file.string()), errno);
    if (got == 0) return {};
    if (!decompressor.take({packed, static_cast<std::size_t>(got)}, sink))
      return fail(Errc::corrupt, fmt::format("'{}' is not a log in bzip2 format", file.string()));
  }
}

}  // namespace swage
