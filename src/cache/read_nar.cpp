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

// Bytes that a thread of its own makes, as something to read from.
class Stage {
 public:
  using Make = std::function<Result<void>(BytePipe&)>;
  explicit Stage(Make make) : make_(std::move(make)), thread_([this] {
    state_ = make_(pipe_);
    pipe_.close();
  }) {}
  ~Stage() { stop(); }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  Result<std::size_t> read(char* buffer, std::size_t size) {
    if (rest_.empty()) {
      if (held_) pipe_.pop();
      rest_ = pipe_.front();
      held_ = !rest_.empty();
    }
    if (rest_.empty()) {   // the end, or an error of who makes it
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
  void stop() {
    pipe_.cancel();
    if (thread_.joinable()) thread_.join();
  }

  Make make_;
  BytePipe pipe_{};
  Result<void> state_{};        // of the thread, until that has ended
  std::string_view rest_{};
  bool held_ = false;
  std::thread thread_;
};

Fail nobody_reads() { return fail(Errc::interrupted, "nobody reads on"); }

// The file that a narinfo names, measured as it comes.
class IncomingFile {
 public:
  IncomingFile(CachePlace& place, const NarInfo& narinfo, const std::function<void(std::uint64_t)>& progress,
               bool check_hash)
      : place_(place), narinfo_(narinfo), progress_(progress) {
    // The hash of what is not compressed is taken once.
    file_.hashes = check_hash && narinfo.file_hash &&
                   (narinfo.compression != Compression::none || narinfo.file_hash != narinfo.info.nar_hash);
  }

  Result<void> receive(BytePipe& pipe) {
    SWAGE_TRY(const bool there,
              place_.stream(narinfo_.url, [&](std::string_view bytes) { return take(bytes, pipe); }));
    if (!there) return fail(Errc::corrupt, fmt::format("'{}' is not there", narinfo_.url));
    return {};
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
  Result<void> take(std::string_view bytes, BytePipe& pipe) {
    file_.add(bytes);
    if (narinfo_.file_size != 0 && file_.size > narinfo_.file_size)
      return fail(Errc::corrupt, fmt::format("'{}' is longer than its {} bytes", narinfo_.url, narinfo_.file_size));
    if (progress_) progress_(file_.size);
    while (!bytes.empty()) {
      const std::span<char> room = pipe.acquire();
      if (room.empty()) return nobody_reads();
      const std::size_t count = std::min(room.size(), bytes.size());
      std::copy_n(bytes.data(), count, room.data());
      pipe.push(count);
      bytes.remove_prefix(count);
    }
    return {};
  }

  CachePlace& place_;
  const NarInfo& narinfo_;
  const std::function<void(std::uint64_t)>& progress_;
  Measure file_{};
};

// What comes out of it, measured; a bomb ends here.
Result<std::size_t> read_plain(const ByteSource& plain, const NarInfo& narinfo, Measure& nar, char* buffer,
                               std::size_t size) {
  SWAGE_TRY(const std::size_t got, plain(buffer, size));
  nar.add({buffer, got});
  if (nar.size > narinfo.info.nar_size)
    return fail(Errc::corrupt,
                fmt::format("'{}' unpacks to more than its {} bytes", narinfo.url, narinfo.info.nar_size));
  return got;
}

// Decompressed and hashed by one thread, and used by this one: of a large path either takes as long as the other.
Result<void> use_beside(const ByteSource& packed, const NarInfo& narinfo, Measure& nar,
                        const std::function<Result<void>(const ByteSource&)>& use) {
  Stage stage([&](BytePipe& pipe) {
    return decompress(narinfo.compression, packed, narinfo.url, [&](const ByteSource& plain) -> Result<void> {
      for (;;) {
        const std::span<char> room = pipe.acquire();
        if (room.empty()) return nobody_reads();
        SWAGE_TRY(const std::size_t got, read_plain(plain, narinfo, nar, room.data(), room.size()));
        if (got == 0) return {};
        pipe.push(got);
      }
    });
  });
  SWAGE_CHECK(use([&](char* buffer, std::size_t size) { return stage.read(buffer, size); }));
  char more = 0;
  SWAGE_TRY(const std::size_t left, stage.read(&more, 1));
  if (left != 0) return fail(Errc::corrupt, fmt::format("'{}' goes on after its end", narinfo.url));
  return {};
}

constexpr std::uint64_t kWorthAThread = 1'000'000;   // bytes of a NAR

}  // namespace

Result<void> read_nar(CachePlace& place, const NarInfo& narinfo,
                      const std::function<Result<void>(const ByteSource&)>& use,
                      const std::function<void(std::uint64_t)>& progress, FileHash file_hash) {
  Measure nar;
  IncomingFile file(place, narinfo, progress, file_hash == FileHash::checked);
  Stage incoming([&](BytePipe& pipe) { return file.receive(pipe); });
  const ByteSource packed = [&](char* buffer, std::size_t size) { return incoming.read(buffer, size); };
  if (narinfo.info.nar_size >= kWorthAThread) {
    SWAGE_CHECK(use_beside(packed, narinfo, nar, use));
  } else {
    SWAGE_CHECK(decompress(narinfo.compression, packed, narinfo.url, [&](const ByteSource& plain) {
      return use([&](char* buffer, std::size_t size) { return read_plain(plain, narinfo, nar, buffer, size); });
    }));
  }
  // What follows the compressed stream is a part of the file's hash.
  for (std::vector<char> rest(1 << 16);;) {
    SWAGE_TRY(const std::size_t got, packed(rest.data(), rest.size()));
    if (got == 0) break;
  }
  SWAGE_CHECK(file.verdict());
  if (nar.size != narinfo.info.nar_size || nar.hasher.finish() != narinfo.info.nar_hash)
    return fail(Errc::hash_mismatch, fmt::format("'{}' holds another path than its narinfo says", narinfo.url));
  return {};
}

}  // namespace swage
