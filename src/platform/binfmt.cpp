#include "platform/binfmt.hpp"

#include <fmt/core.h>

namespace swage {

std::string binfmt_magic(const Platform& platform) {
  const bool little = platform.endian == Endian::little;
  const auto half = [&](int number) {
    const int low = number % 256, high = number / 256;
    return fmt::format("\\x{:02x}\\x{:02x}", little ? low : high, little ? high : low);
  };
  constexpr std::string_view zeros = "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00";
  return fmt::format(
      "\\x7f\\x45\\x4c\\x46\\x{:02x}\\x{:02x}\\x01\\x00{}{}{}:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00{}{}\\xff\\xff",
      platform.elf_class / 32, little ? 1 : 2, zeros, half(2), half(platform.elf_machine), zeros,
      little ? "\\xfe\\xff" : "\\xff\\xfe");
}

bool runs(const Platform& machine, const Platform& program) {
  return program.format == "elf" && program.triple.kernel() == machine.triple.kernel() &&
         program.elf_machine == machine.elf_machine && program.elf_class == machine.elf_class &&
         program.endian == machine.endian;
}

}  // namespace swage
