// Any text as the index of a mirror: what is accepted is written and read back as the same, and names nothing outside the mirror.
#include "fetch/mirror.hpp"
#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto index = parse_mirror_index(as_text(data, size), "x");
  if (!index) {
    FUZZ_ASSERT(!index.error().what.empty());
    return 0;
  }
  for (const auto& [sha256, entry] : *index) FUZZ_ASSERT(sha256.size() == 64 && sha256.find_first_of("/.") == std::string::npos && !entry.name.empty());
  const std::string written = mirror_index_text(*index);
  const auto again = parse_mirror_index(written, "x");
  FUZZ_ASSERT(again && mirror_index_text(*again) == written);
  return 0;
}
