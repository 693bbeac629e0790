#include "store/byte_pipe.hpp"

namespace swage {

std::span<char> BytePipe::acquire() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return cancelled_ || pushed_ - popped_ < kBuffers; });
  if (cancelled_) return {};
  Slot& slot = slots_[pushed_ % kBuffers];
  // Not value-initialised: a small tree should not pay for clearing a buffer that it does not fill.
  if (!slot.bytes) slot.bytes.reset(new char[kBufferSize]);
  return {slot.bytes.get(), kBufferSize};
}

void BytePipe::push(std::size_t used) {
  const std::lock_guard lock(mutex_);
  slots_[pushed_++ % kBuffers].used = used;
  changed_.notify_one();
}

void BytePipe::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_one();
}

std::string_view BytePipe::front() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || pushed_ != popped_; });
  if (pushed_ == popped_) return {};
  const Slot& slot = slots_[popped_ % kBuffers];
  return {slot.bytes.get(), slot.used};
}

void BytePipe::pop() {
  const std::lock_guard lock(mutex_);
  ++popped_;
  changed_.notify_one();
}

void BytePipe::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  changed_.notify_one();
}

}  // namespace swage
