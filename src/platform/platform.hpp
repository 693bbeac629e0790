// A platform: a triple and the properties of the machine and ABI it names. Rows of catalog/platforms.toml become these.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "platform/triple.hpp"

namespace swage {

enum class Endian { little, big };

struct Platform {
  std::string name;                          // the short name: arm64, mipsel, x86_64
  std::vector<std::string> aliases{};        // nixpkgs names, distribution names: aarch64-multiplatform
  std::vector<std::string> called{};         // what people call this and others: no name of it, and suggested where it
                                             // is used as one
  Triple triple;
  std::string libc{};                        // glibc, musl, uclibc, newlib, msvcrt, ... none
  Endian endian = Endian::little;
  int bits = 64;                             // of a register
  int pointer_bits = 64;
  std::string float_abi{};                   // hard, soft, softfp; "" where the ABI has no choice
  std::string kernel_arch{};                 // ARCH= of the kernel's make: arm64, powerpc, x86; "" where Linux does not
                                             // run
  std::string debian{};                      // the distribution's name of it: arm64, armhf, ppc64el; "" it has no
                                             // packages for it
  std::string qemu_user{};                   // suffix of qemu-user binaries: aarch64, ppc64le; "" none
  std::string qemu_system{};                 // suffix of qemu-system binaries; "" none
  std::string format = "elf";                // of programs: elf, pe, mach-o, wasm, script
  int elf_machine = 0;                       // e_machine; 0 with another format
  int elf_class = 64;                        // 32 or 64
  std::map<std::string, std::string> gcc{};  // arch, cpu, fpu, abi, ... : what the compiler is configured or called
                                             // with
  // No operating system: one program, and libraries are static.
  bool bare_metal() const { return triple.kernel() == "none"; }
  friend bool operator==(const Platform&, const Platform&) = default;
};

}  // namespace swage
