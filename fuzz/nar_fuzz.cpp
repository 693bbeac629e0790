// An archive is either refused, by reader and restorer alike and with nothing left behind, or it is exactly what a dump of
// the restored tree gives.
#include "fuzz.hpp"
#include "store/nar.hpp"

using namespace swage;

namespace {

ByteSource source_of(std::string_view bytes, std::size_t piece) {
  return [bytes, piece](char* buffer, std::size_t size) mutable -> Result<std::size_t> {
    const std::size_t got = bytes.copy(buffer, std::min(size, piece));
    bytes.remove_prefix(got);
    return got;
  };
}

const fs::path& scratch() {
  static const TempDir dir = TempDir::create("swage-fuzz", fs::is_directory("/dev/shm") ? "/dev/shm" : "").value();
  return dir.path();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(data, size);
  const auto checked = check_nar(source_of(input, SIZE_MAX));
  const fs::path target = scratch() / "t";
  const auto restored = restore_nar(source_of(input, 13), target);
  FUZZ_ASSERT(list_directory(scratch()).value().size() == (restored ? 1u : 0u));
  if (!checked) {
    FUZZ_ASSERT(!restored);
    return 0;
  }
  FUZZ_ASSERT(restored);
  FUZZ_ASSERT(checked->hash == sha256(input) && checked->size == size);
  std::string dumped;
  FUZZ_ASSERT(dump_nar(target, [&](std::string_view bytes) -> Result<void> {
    dumped += bytes;
    return {};
  }));
  FUZZ_ASSERT(dumped == input);
  FUZZ_ASSERT(hash_nar(target).value().hash == checked->hash);
  FUZZ_ASSERT(remove_tree(target));
  return 0;
}
