// What is asked of programs, libraries and kernel modules: whose they are, and what they need to start.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "platform/platform.hpp"

namespace swage {

struct ElfFile {
  int bits = 64;
  Endian endian = Endian::little;
  unsigned type = 0, machine = 0;            // e_type, e_machine
  std::uint32_t flags = 0;                   // e_flags
  std::string interpreter{};                 // "" it asks for none
  std::vector<std::string> needed{};
  std::vector<std::string> search{};         // DT_RPATH and DT_RUNPATH, split at the colons
  bool is_module() const { return type == 1; }   // or another object file: nothing of how calls are made is in flags
};

// Bytes at an offset, fewer where the file ends.
using ReadAt = std::function<Result<std::string>(std::uint64_t offset, std::uint64_t length)>;

// Nothing: it does not begin like an ELF. Errc::corrupt: it ends early, or what it says of itself does not fit
// together.
Result<std::optional<ElfFile>> read_elf(const ReadAt& read, std::uint64_t size);

// What keeps it from running on the platform, one clause: "of x86_64", "made for hard float"; "" nothing.
std::string why_foreign(const ElfFile& file, const Platform& platform, std::span<const Platform> known);

}  // namespace swage
