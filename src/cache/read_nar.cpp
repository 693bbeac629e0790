#include "cache/read_nar.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <thread>

#include "store/byte_pipe.hpp"

namespace swage {

namespace {

// What passes through, measured.
struct Measure {
  bool hashes = true;
  Hasher hasher{};
  std::uint64_t size = 0;
  void add(std::string_view bytes) {
    if (hashes) hasher.update(bytes);
    size += bytes.size();
  }
};

// What a place gives, on a thread of its own, which also measures it, as something to read from.
class Incoming {
 public:
  Incoming(CachePlace& place, const NarInfo& narinfo, const std::function<void(std::uint64_t)>& progress)
      : narinfo_(narinfo), progress_(progress) {
    // The hash of what is not compressed is taken once.
    file_.hashes = narinfo.file_hash && (narinfo.compression != Compression::none ||
                                         narinfo.file_hash != narinfo.info.nar_hash);
    thread_ = std::thread([this, &place] {
      state_ = receive(place);
      pipe_.close();
    });
  }
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

  // Whether it was the file of the narinfo, once its end was read.
  Result<void> verdict() {
    const std::string& name = narinfo_.url;
    if (narinfo_.file_size != 0 && file_.size != narinfo_.file_size)
      return fail(Errc::corrupt, fmt::format("'{}' has {} bytes, not {}", name, file_.size, narinfo_.file_size));
    if (file_.hashes && file_.hasher.finish() != *narinfo_.file_hash)
      return fail(Errc::hash_mismatch, fmt::format("'{}' is another file than its narinfo says", name));
    return {};
  }

 private:
  Result<void> receive(CachePlace& place) {
    SWAGE_TRY(const bool there,
              place.stream(narinfo_.url, [this](std::string_view bytes) { return take(bytes); }));
    if (!there) return fail(Errc::corrupt, fmt::format("'{}' is not there", narinfo_.url));
    return {};
  }

  Result<void> take(std::string_view bytes) {
    file_.add(bytes);
    if (narinfo_.file_size != 0 && file_.size > narinfo_.file_size)
      return fail(Errc::corrupt, fmt::format("'{}' is longer than its {} bytes", narinfo_.url, narinfo_.file_size));
    if (progress_) progress_(file_.size);
    while (!bytes.empty()) {
      const std::span<char> room = pipe_.acquire();
      if (room.empty()) return fail(Errc::interrupted, "nobody reads on");
      const std::size_t count = std::min(room.size(), bytes.size());
      std::copy_n(bytes.data(), count, room.data());
      pipe_.push(count);
      bytes.remove_prefix(count);
    }
    return {};
  }

  void stop() {
    pipe_.cancel();
    if (thread_.joinable()) thread_.join();
  }

  const NarInfo& narinfo_;
  const std::function<void(std::uint64_t)>& progress_;
  BytePipe pipe_{};
  Measure file_{};              // of the thread, until that has ended
  Result<void> state_{};
  std::string_view rest_{};
  bool held_ = false;
  std::thread thread_{};
};

}  // namespace

Result<void> read_nar(CachePlace& place, const NarInfo& narinfo,
                      const std::function<Result<void>(const ByteSource&)>& use,
                      const std::function<void(std::uint64_t)>& progress) {
  const std::string& name = narinfo.url;
  const std::uint64_t nar_size = narinfo.info.nar_size;
  Measure nar;
  Incoming incoming(place, narinfo, progress);
  const ByteSource packed = [&](char* buffer, std::size_t size) { return incoming.read(buffer, size); };
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
  SWAGE_CHECK(incoming.verdict());
  if (nar.size != nar_size || nar.hasher.finish() != narinfo.info.nar_hash)
    return fail(Errc::hash_mismatch, fmt::format("'{}' holds another path than its narinfo says", name));
  return {};
}

}  // namespace swage
