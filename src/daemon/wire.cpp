#include "daemon/wire.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/core.h>
#include <optional>

namespace swage {

namespace {
constexpr std::size_t kWireBuffer = 64 * 1024;
}

WireReader::WireReader(ByteSource source, std::string name)
    : source_(std::move(source)), name_(std::move(name)), buffer_(new char[kWireBuffer]) {}

Fail WireReader::broken(std::string_view why) const {
  return fail(Errc::corrupt, fmt::format("'{}' does not speak the worker protocol at byte {}: {}", name_, at_, why));
}

Result<std::size_t> WireReader::some(char* buffer, std::size_t size, std::string_view what) {
  if (begin_ == end_) {
    SWAGE_TRY(const std::size_t got, source_(buffer_.get(), kWireBuffer));
    if (got == 0) return broken(fmt::format("the stream ends in {}", what));
    begin_ = 0;
    end_ = got;
  }
  const std::size_t count = std::min(size, end_ - begin_);
  std::memcpy(buffer, buffer_.get() + begin_, count);
  begin_ += count;
  at_ += count;
  return count;
}

Result<void> WireReader::exactly(char* out, std::size_t size, std::string_view what) {
  while (size > 0) {
    SWAGE_TRY(const std::size_t got, some(out, size, what));
    out += got;
    size -= got;
  }
  return {};
}

Result<void> WireReader::padding(std::uint64_t size, std::string_view what) {
  char bytes[8];
  const std::size_t count = (8 - size % 8) % 8;
  SWAGE_CHECK(exactly(bytes, count, what));
  if (std::any_of(bytes, bytes + count, [](char c) { return c != 0; }))
    return broken(fmt::format("padding that is not zero behind {}", what));
  return {};
}

Result<std::uint64_t> WireReader::number(std::string_view what) {
  unsigned char bytes[8];
  SWAGE_CHECK(exactly(reinterpret_cast<char*>(bytes), sizeof bytes, what));
  std::uint64_t value = 0;
  for (unsigned i = 8; i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

Result<std::uint64_t> WireReader::number(std::string_view what, std::uint64_t most) {
  SWAGE_TRY(const std::uint64_t value, number(what));
  if (value > most) return broken(fmt::format("{} is {}, and at most {} is allowed", what, value, most));
  return value;
}

Result<bool> WireReader::boolean(std::string_view what) {
  SWAGE_TRY(const std::uint64_t value, number(what, 1));
  return value == 1;
}

Result<std::string> WireReader::text(std::string_view what, std::size_t most) {
  SWAGE_TRY(const std::uint64_t length, number(what));
  if (length > most)
    return broken(fmt::format("{} is of {} bytes, and at most {} are allowed", what, length, most));
  std::string text;
  char piece[4096];
  for (std::uint64_t left = length; left > 0;) {
    SWAGE_TRY(const std::size_t got, some(piece, std::min<std::uint64_t>(left, sizeof piece), what));
    text.append(piece, got);
    left -= got;
  }
  SWAGE_CHECK(padding(length, what));
  return text;
}

Result<std::vector<std::string>> WireReader::texts(std::string_view what, std::size_t most, std::size_t longest) {
  SWAGE_TRY(const std::uint64_t count, number(what, most));
  std::vector<std::string> all;
  for (std::uint64_t i = 0; i < count; ++i) {
    SWAGE_TRY(std::string one, text(what, longest));
    all.push_back(std::move(one));
  }
  return all;
}

Result<StorePath> WireReader::path(std::string_view what) {
  SWAGE_TRY(const std::string full, text(what, kLongestPath));
  Result<StorePath> path = StorePath::parse(full);
  if (!path) return broken(fmt::format("{}: {}", what, path.error().what));
  return path;
}

Result<std::optional<StorePath>> WireReader::optional_path(std::string_view what) {
  SWAGE_TRY(const std::string full, text(what, kLongestPath));
  if (full.empty()) return std::nullopt;
  Result<StorePath> path = StorePath::parse(full);
  if (!path) return broken(fmt::format("{}: {}", what, path.error().what));
  return *std::move(path);
}

Result<StorePathSet> WireReader::paths(std::string_view what) {
  SWAGE_TRY(const std::uint64_t count, number(what, kMostPaths));
  StorePathSet all;
  for (std::uint64_t i = 0; i < count; ++i) {
    SWAGE_TRY(StorePath one, path(what));
    all.insert(std::move(one));
  }
  return all;
}

WireWriter& WireWriter::number(std::uint64_t value) {
  for (unsigned i = 0; i < 8; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return *this;
}

WireWriter& WireWriter::text(std::string_view bytes) {
  number(bytes.size());
  bytes_.append(bytes);
  bytes_.append((8 - bytes.size() % 8) % 8, '\0');
  return *this;
}

WireWriter& WireWriter::texts(const std::vector<std::string>& all) {
  number(all.size());
  for (const std::string& one : all) text(one);
  return *this;
}

WireWriter& WireWriter::paths(const StorePathSet& all) {
  number(all.size());
  for (const StorePath& one : all) path(one);
  return *this;
}

WireWriter& WireWriter::frame(std::string_view bytes) {
  if (bytes.empty()) return *this;
  number(bytes.size());
  bytes_.append(bytes);
  return *this;
}

}  // namespace swage
