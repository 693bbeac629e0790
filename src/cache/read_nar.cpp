#include "cache/read_nar.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <thread>

#include "store/byte_pipe.hpp"

namespace swage {

namespace {

// What a place gives, on a thread of its own, as something to read from.
class Incoming {
 public:
  Incoming(CachePlace& place, const std::string& name)
      : thread_([this, &place, name] {
          state_ = receive(place, name);
          pipe_.close();
        }) {}
  ~Incoming() { stop(); }

  Result<std::size_t> read(char* buffer, std::size_t size) {
    if (rest_.empty()) {
      if (held_) pipe_.pop();
      rest_ = pipe_.front();
      held_ = !rest_.empty();
    }
    if (rest_.empty()) {   // the end, or an error of the place
      stop();
      SWAGE_CHECK(state_);
      return std::size_t{0};
    }
    const std::size_t count = std::min(size, rest_.size());
    std::copy_n(rest_.data(), count, buffer);
    rest_.remove_prefix(count);
    return count;
  }

 private:
  Result<void> receive(CachePlace& place, const std::string& name) {
    SWAGE_TRY(const bool there, place.stream(name, [this](std::string_view bytes) -> Result<void> {
      while (!bytes.empty()) {
        const std::span<char> room = pipe_.acquire();
        if (room.empty()) return fail(Errc::interrupted, "nobody reads on");
        const std::size_t count = std::min(room.size(), bytes.size());
        std::copy_n(bytes.data(), count, room.data());
        pipe_.push(count);
        bytes.remove_prefix(count);
      }
      return {};
    }));
    if (!there) return fail(Errc::corrupt, fmt::format("'{}' is not there", name));
    return {};
  }
  void stop() {
    pipe_.cancel();
    if (thread_.joinable()) thread_.join();
  }

  BytePipe pipe_{};
  Result<void> state_{};
  std::string_view rest_{};
  bool held_ = false;
  std::thread thread_;
};

// What passes through, measured.
struct Measure {
  Hasher hasher{};
  std::uint64_t size = 0;
  void add(std::string_view bytes) {
    hasher.update(bytes);
    size += bytes.size();
  }
};

}  // namespace

Result<void> read_nar(CachePlace& place, const NarInfo& narinfo,
                      const std::function<Result<void>(const ByteSource&)>& use,
                      const std::function<void(std::uint64_t)>& progress) {
  const std::string& name = narinfo.url;
  const std::uint64_t nar_size = narinfo.info.nar_size;
  Measure file, nar;
  Incoming incoming(place, name);
  const ByteSource packed = [&](char* buffer, std::size_t size) -> Result<std::size_t> {
    SWAGE_TRY(const std::size_t got, incoming.read(buffer, size));
    file.add({buffer, got});
    if (progress) progress(file.size);
    if (narinfo.file_size != 0 && file.size > narinfo.file_size)
      return fail(Errc::corrupt, fmt::format("'{}' is longer than its {} bytes", name, narinfo.file_size));
    return got;
  };
  SWAGE_CHECK(decompress(narinfo.compression, packed, name, [&](const ByteSource& plain) {
    return use([&](char* buffer, std::size_t size) -> Result<std::size_t> {
      SWAGE_TRY(const std::size_t got, plain(buffer, size));
      nar.add({buffer, got});
      // A bomb ends here.
      if (nar.size > nar_size)
        return fail(Errc::corrupt, fmt::format("'{}' unpacks to more than its {} bytes", name, nar_size));
      return got;
    });
  }));
  // What follows the compressed stream is a part of the file's hash.
  for (std::vector<char> rest(1 << 16);;) {
    SWAGE_TRY(const std::size_t got, packed(rest.data(), rest.size()));
    if (got == 0) break;
  }
  if (narinfo.file_size != 0 && file.size != narinfo.file_size)
    return fail(Errc::corrupt, fmt::format("'{}' has {} bytes, not {}", name, file.size, narinfo.file_size));
  if (narinfo.file_hash && file.hasher.finish() != *narinfo.file_hash)
    return fail(Errc::hash_mismatch, fmt::format("'{}' is another file than its narinfo says", name));
  if (nar.size != nar_size || nar.hasher.finish() != narinfo.info.nar_hash)
    return fail(Errc::hash_mismatch, fmt::format("'{}' holds another path than its narinfo says", name));
  return {};
}

}  // namespace swage
