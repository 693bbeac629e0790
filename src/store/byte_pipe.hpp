// A bounded stream of bytes from one thread to another: a ring of fixed buffers, filled in place by the producer, read
// in place by the consumer. For this layer and for who feeds it NARs (src/cache).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>

namespace swage {

class BytePipe {
 public:
  static constexpr std::size_t kBufferSize = 256 * 1024;
  static constexpr std::size_t kBuffers = 6;

  // Producer: the next buffer to fill; waits for one. Empty: the consumer has given up.
  std::span<char> acquire();
  void push(std::size_t used);  // hands the acquired buffer over
  void close();                 // nothing more comes

  // Consumer: the oldest bytes not yet released; waits for some. Empty: the end.
  std::string_view front();
  void pop();
  void cancel();

 private:
  struct Slot {
    std::unique_ptr<char[]> bytes{};
    std::size_t used = 0;
  };
  Slot slots_[kBuffers];
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t pushed_ = 0;
  std::size_t popped_ = 0;
  bool closed_ = false;
  bool cancelled_ = false;
};

}  // namespace swage
