// Hashing and copying trees as NARs, with the reading of files and the work on their bytes on two threads. Hashing is
// the slower half (one SHA-256 unit), so the reader stays ahead and the speed is that of the hash. The second thread
// starts when the first buffer is full: a small tree is done before a thread would run.
#include <thread>

#include "store/byte_pipe.hpp"
#include "store/nar_stream.hpp"

namespace swage::nar {

namespace {

// Feeds a pipe and starts its consumer at the first full buffer.
class PipeOutlet final : public Outlet {
 public:
  PipeOutlet(BytePipe& pipe, const Tap& tap, std::function<void()> consume)
      : pipe_(pipe), tap_(tap), consume_(std::move(consume)) {}
  ~PipeOutlet() override { finish(); }

  Result<std::span<char>> next() override {
    if (flushed_ && !consumer_.joinable()) consumer_ = std::thread(consume_);
    const std::span<char> buffer = pipe_.acquire();
    // The consumer's own error is the one to report; this one only ends the dump.
    stopped_ = buffer.empty();
    if (stopped_) return fail(Errc::interrupted, "interrupted");
    return buffer;
  }
  Result<void> flush(std::string_view filled) override {
    if (tap_) SWAGE_CHECK(tap_(filled));
    pipe_.push(filled.size());
    flushed_ = true;
    return {};
  }
  bool stopped() const { return stopped_; }
  // Ends the stream and returns when all of it is consumed.
  void finish() {
    if (finished_) return;
    finished_ = true;
    pipe_.close();
    if (consumer_.joinable())
      consumer_.join();
    else
      consume_();
  }

 private:
  BytePipe& pipe_;
  const Tap& tap_;
  std::function<void()> consume_;
  std::thread consumer_{};
  bool flushed_ = false;
  bool finished_ = false;
  bool stopped_ = false;
};

}  // namespace

Result<NarHash> hash(const fs::path& path, const PathFilter& keep, const Tap& tap) {
  BytePipe pipe;
  Hasher hasher;
  NarHash result;
  PipeOutlet outlet(pipe, tap, [&] {
    for (std::string_view bytes = pipe.front(); !bytes.empty(); bytes = pipe.front()) {
      hasher.update(bytes);
      result.size += bytes.size();
      pipe.pop();
    }
  });
  SWAGE_CHECK(dump(path, outlet, keep));
  outlet.finish();
  result.hash = hasher.finish();
  return result;
}

Result<NarHash> copy(const fs::path& from, const fs::path& to, const PathFilter& keep) {
  BytePipe pipe;
  Hasher hasher;
  NarHash result;
  Result<void> restored;
  std::string_view rest;
  bool taken = false;
  const ByteSource source = [&](char* buffer, std::size_t size) -> Result<std::size_t> {
    if (rest.empty()) {
      if (taken) pipe.pop();
      rest = pipe.front();
      taken = !rest.empty();
      hasher.update(rest);
      result.size += rest.size();
    }
    const std::size_t part = rest.copy(buffer, size);
    rest.remove_prefix(part);
    return part;
  };
  const Tap no_tap;
  PipeOutlet outlet(pipe, no_tap, [&] {
    restored = restore_nar(source, to);
    if (!restored) pipe.cancel();
  });
  const Result<void> dumped = dump(from, outlet, keep);
  outlet.finish();
  // A dump that failed also cut the stream short; a restore that failed also stopped the dump. Report the cause.
  if (!dumped && !outlet.stopped()) return Fail(dumped.error());
  if (!restored) return Fail(restored.error());
  result.hash = hasher.finish();
  return result;
}

}  // namespace swage::nar

namespace swage {

Result<NarHash> hash_nar(const fs::path& path, const PathFilter& keep) { return nar::hash(path, keep, {}); }

}  // namespace swage
