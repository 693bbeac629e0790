#include "realise/build_log.hpp"

#include <bzlib.h>
#include <fcntl.h>
#include <fmt/format.h>

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
  const int status = ::BZ2_bzBuffToBuffCompress(packed.data(), &size, pending_.data(), static_cast<unsigned>(pending_.size()), 1, 0, 0);
  if (status != BZ_OK) return fail(Errc::environment, fmt::format("cannot compress '{}': bzip2 error {}", file_.string(), status));
  packed.resize(size);
  return write_all(fd_.get(), packed, file_.string());
}

Result<std::string> decompress_log(std::string_view bytes, std::string_view name) {
  const auto damaged = [&] { return fail(Errc::corrupt, fmt::format("'{}' is not a log in bzip2 format", name)); };
  std::string text;
  std::string buffer(1 << 16, '\0');
  while (!bytes.empty()) {
    bz_stream stream{};
    if (::BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) throw std::bad_alloc();
    stream.next_in = const_cast<char*>(bytes.data());
    stream.avail_in = static_cast<unsigned>(bytes.size());
    std::string part;
    int status = BZ_OK;
    do {
      stream.next_out = buffer.data();
      stream.avail_out = static_cast<unsigned>(buffer.size());
      status = ::BZ2_bzDecompress(&stream);
      part.append(buffer.data(), buffer.size() - stream.avail_out);
    } while (status == BZ_OK && (stream.avail_in > 0 || stream.avail_out == 0));
    bytes.remove_prefix(bytes.size() - stream.avail_in);
    ::BZ2_bzDecompressEnd(&stream);
    if (status == BZ_OK) return text + part;  // cut off
    if (status != BZ_STREAM_END) return damaged();
    text += part;
  }
  return text;
}

}  // namespace swage
