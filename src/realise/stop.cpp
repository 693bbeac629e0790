#include "realise/stop.hpp"

#include <cerrno>
#include <sys/eventfd.h>
#include <unistd.h>

namespace swage {

Result<StopSignal> StopSignal::create() {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return fail_errno("cannot make an event descriptor", errno);
  return StopSignal(std::move(event));
}

void StopSignal::set() {
  set_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

}  // namespace swage
