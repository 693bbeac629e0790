#include "plan/values.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "platform/binfmt.hpp"

namespace swage {

Values platform_values(const Platform& platform, const Platform& builder) {
  Values values{
      {"name", platform.name},
      {"triple", platform.triple.str()},
      {"kernel_arch", platform.kernel_arch},
      {"endian", platform.endian == Endian::little ? "little" : "big"},
      {"bits", std::to_string(platform.bits)},
      {"pointer_bits", std::to_string(platform.pointer_bits)},
      {"elf_machine", std::to_string(platform.elf_machine)},
      {"elf_class", std::to_string(platform.elf_class)},
      {"float_abi", platform.float_abi},
      {"libc", platform.libc},
      {"emulator", platform.qemu_user},
      {"binfmt", binfmt_magic(platform)},
      {"native", runs(builder, platform) ? "1" : ""},
      {"gcc_abi", {}},
      {"gcc_configure", {}},
  };
  for (const auto& [key, value] : platform.gcc) values["gcc_configure"] += fmt::format("--with-{}={} ", key, value);
  if (const auto abi = platform.gcc.find("abi"); abi != platform.gcc.end()) values["gcc_abi"] = abi->second;
  return values;
}

Values toolchain_values(const ToolchainRow& row) {
  return {
      {"id", row.id},
      {"provider", row.provider},
      {"compiler", row.compiler},
      {"version", row.version.str()},
      {"major", std::to_string(row.version.parts().front())},
      {"binutils", row.binutils ? row.binutils->str() : ""},
      {"group", row.group},
      {"userland", row.userland},
      {"libc", row.libc},
      {"libc_version", row.libc_version},
      {"libc_config", join(row.libc_config, "\n")},
      {"purpose", std::string(row.purpose())},
      {"prefix", row.prefix},
      {"dumpmachine", row.dumpmachine},
      {"flags", row.flags},
  };
}

Values machine_values(const MachineRow& row) {
  return {
      {"defconfig", row.defconfig},
      {"image_target", row.image_target},
      {"image", row.image},
      {"make_args", join(row.make_args, " ")},
      {"config", join(row.config, "\n")},
      {"qemu", row.qemu},
      {"qemu_root", row.qemu_root},
      {"qemu_args", join(row.qemu_args, " ")},
      {"cmdline", row.cmdline},
      {"dtb", row.dtb},
      {"timeout", std::to_string(row.timeout)},
  };
}

}  // namespace swage
