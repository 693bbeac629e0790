// Room on the disk for a run that makes one cell after the other: what cells that are done with have left in the store.
#pragma once

#include <deque>

#include "evidence/recorder.hpp"

namespace swage {

struct RoomFreed {
  std::uint64_t bytes = 0;
  std::uint64_t free = 0;  // afterwards
  std::size_t paths = 0;
};
// Deletes what only cells that are done or on record were made of: kernels, boots, source trees and toolchains that no
// open cell needs, and the kernels and boots of all records. First what takes the least time for its size to be made
// again; no more than it takes for `wanted` bytes to be free. Never what a link, another process or anything else in
// the store needs.
Result<RoomFreed> make_room(Store& store, const Catalog& catalog, const Graph& graph, const std::deque<CellRun>& cells,
                            std::uint64_t wanted);

}  // namespace swage
