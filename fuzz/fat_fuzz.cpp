// Any bytes as a FAT file system: what is listed can be found again under its name, and a file has the size that it says, or
// an error says what is wrong.
#include "image/fat.hpp"

#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryBytes image(as_text(data, size));
  const auto volume = FatVolume::open(image, 0, size);
  if (!volume) {
    FUZZ_ASSERT(volume.error().code == Errc::corrupt);
    return 0;
  }
  if (const auto free = volume->free_bytes()) FUZZ_ASSERT(*free <= volume->clusters() * volume->cluster_size());
  const auto all = volume->all();
  if (!all) return 0;
  unsigned looked = 0;
  for (const FatEntry& entry : *all) {
    FUZZ_ASSERT(!entry.path.empty() && entry.path.front() != '/');
    if (++looked > 50) break;
    const auto again = volume->find(entry.path);
    FUZZ_ASSERT(again && again->has_value());
    if (entry.directory) continue;
    if (const auto bytes = volume->read(entry, 100'000)) FUZZ_ASSERT(bytes->size() == entry.size);
    else FUZZ_ASSERT(!bytes.error().what.empty());
  }
  return 0;
}
