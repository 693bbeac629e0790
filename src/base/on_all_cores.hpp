// Work on many independent things.
#pragma once

#include <functional>

#include "base/error.hpp"

namespace swage {

// Does work(0) to work(count - 1), each once, in any order, on as many threads as there are cores. The first error is
// returned when what had begun has ended, and nothing begins after it; neither does after an interrupt.
Result<void> on_all_cores(std::size_t count, const std::function<Result<void>(std::size_t)>& work);

}  // namespace swage
