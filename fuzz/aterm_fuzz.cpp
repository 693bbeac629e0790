// What parses is written back to a text that parses to the same derivation; what has output paths passes through hashing
// without a crash, and hashing is idempotent.
#include "fuzz.hpp"
#include "store/derivation.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto drv = parse_derivation(as_text(data, size), "fuzz");
  if (!drv) {
    FUZZ_ASSERT(drv.error().code == Errc::corrupt);
    return 0;
  }
  const std::string text = unparse(*drv);
  FUZZ_ASSERT(text.size() <= 2 * size);  // the input may have line ends that should have been escaped
  const auto again = parse_derivation(text, "fuzz");
  FUZZ_ASSERT(again && *again == *drv);
  FUZZ_ASSERT(derivation_path(*drv, text).name() == "fuzz.drv");

  ModuloCache cache;
  for (const auto& [input, outputs] : drv->input_drvs) cache.insert(input, sha256(input.str()));
  (void)check_derivation(*drv, cache);
  const auto finished = finish_derivation(*drv, cache);
  if (!finished) return 0;
  FUZZ_ASSERT(check_derivation(finished->drv, cache));
  FUZZ_ASSERT(cache.find(finished->path));
  FUZZ_ASSERT(parse_derivation(finished->text, "fuzz").value() == finished->drv);
  FUZZ_ASSERT(finish_derivation(finished->drv, cache).value().path == finished->path);
  return 0;
}
