// A hash that reads is the same in every form it can be written in; base-32 and base-64 invert each other where they read.
#include "fuzz.hpp"
#include "store/base32.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  if (const auto hash = parse_hash(text)) {
    const std::string name(hash_name(hash->algo));
    for (const std::string& form : {name + ":" + hash->hex(), name + ":" + hash_base32(*hash), name + ":" + hash->base64(), name + "-" + hash->base64()})
      FUZZ_ASSERT(parse_hash(form).value() == *hash);
    FUZZ_ASSERT(parse_hash(hash->hex(), hash->algo).value() == *hash);
    FUZZ_ASSERT(compress_hash(*hash, 20).size() == 20);
  }
  (void)parse_hash(text, HashAlgo::sha256);
  if (const auto bytes = base32_decode(text)) FUZZ_ASSERT(base32_encode(*bytes) == text);
  FUZZ_ASSERT(base32_decode(base32_encode({data, size})).value() == std::vector<std::uint8_t>(data, data + size));
  if (const auto bytes = base64_decode(text)) FUZZ_ASSERT(base64_decode(base64_encode({reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()})).value() == *bytes);
  return 0;
}
