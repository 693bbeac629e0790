// A range that parses prints as it was written and means the same again; an error points into its text.
#include "catalog/version.hpp"
#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  if (const auto version = Version::parse(text)) {
    FUZZ_ASSERT(version->str() == text);
    FUZZ_ASSERT(version->is_prefix_of(*version));
    FUZZ_ASSERT(VersionRange::parse("=" + version->str())->contains(*version));
    FUZZ_ASSERT(!VersionRange::parse("<" + version->str())->contains(*version));
  } else {
    FUZZ_ASSERT(version.error().code == Errc::invalid_input);
  }
  TextSpan bad;
  const auto range = VersionRange::parse(text, &bad);
  if (!range) {
    FUZZ_ASSERT(bad.offset <= size && bad.length <= size - bad.offset);
    return 0;
  }
  const auto again = VersionRange::parse(range->str());
  FUZZ_ASSERT(again && again->str() == range->str());
  for (const char* probe : {"0", "2.6.32.67", "4.4.122", "5.8-rc1", "6.1", "12.2.0", "4294967295"}) {
    const Version version = Version::parse(probe).value();
    FUZZ_ASSERT(range->contains(version) == again->contains(version));
    FUZZ_ASSERT(!range->is_any() || range->contains(version));
  }
  return 0;
}
