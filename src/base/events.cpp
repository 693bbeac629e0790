#include "base/events.hpp"

#include <atomic>

namespace swage {

std::uint64_t next_job_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace swage
