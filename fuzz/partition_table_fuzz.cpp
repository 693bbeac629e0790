// Any bytes as an image: whatever is read as a partition has a number of its own, and one that leads out of the image is told.
#include "image/partition_table.hpp"

#include <set>

#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryBytes image(as_text(data, size));
  const auto table = read_partition_table(image);
  FUZZ_ASSERT(table);
  FUZZ_ASSERT(table->kind != TableKind::none || (table->mbr.empty() && table->gpt.empty()));
  for (const auto& partitions : {table->mbr, table->gpt}) {
    std::set<unsigned> numbers;
    for (const Partition& one : partitions) {
      FUZZ_ASSERT(one.number > 0 && numbers.insert(one.number).second);
      FUZZ_ASSERT((one.start <= size && one.size <= size - one.start) || !table->damage.empty());
    }
  }
  return 0;
}
