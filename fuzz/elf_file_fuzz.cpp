// Any bytes as a program: what is read of it is inside, and is what the same bytes say again.
#include "image/elf_file.hpp"

#include <algorithm>

#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = as_text(data, size);
  const ReadAt read = [&](std::uint64_t offset, std::uint64_t length) -> Result<std::string> {
    FUZZ_ASSERT(length <= 64 << 20);
    return offset > size ? std::string() : std::string(bytes.substr(offset, length));
  };
  const auto file = read_elf(read, size);
  if (!file) {
    FUZZ_ASSERT(file.error().code == Errc::corrupt);
    return 0;
  }
  FUZZ_ASSERT(file->has_value() == bytes.starts_with("\x7f" "ELF"));
  if (!*file) return 0;
  for (const auto& names : {(*file)->needed, (*file)->search})
    for (const std::string& name : names) FUZZ_ASSERT(bytes.find(name) != std::string_view::npos);
  return 0;
}
