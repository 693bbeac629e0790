// The canonical form of a triple that parses is a fixed point.
#include "fuzz.hpp"
#include "platform/triple.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto triple = Triple::parse(as_text(data, size));
  if (!triple) {
    FUZZ_ASSERT(triple.error().code == Errc::invalid_input && !triple.error().what.empty());
    return 0;
  }
  const auto again = Triple::parse(triple->str());
  FUZZ_ASSERT(again && *again == *triple && again->str() == triple->str());
  FUZZ_ASSERT(again->libc() == triple->libc());
  FUZZ_ASSERT(!triple->cpu().empty() && !triple->vendor().empty() && !triple->kernel().empty());
  return 0;
}
