// How the kernel tells a platform's programs from others: for binfmt_misc, which starts them with an emulator.
#pragma once

#include <string>

#include "platform/platform.hpp"

namespace swage {

// `MAGIC:MASK` of a line for binfmt_misc's `register`: the ELF header up to e_machine, without the ABI and the bit that
// tells an executable from a shared object. Bytes are text escapes, since a raw zero would end the line (Linux,
// Documentation/admin-guide/binfmt-misc.rst; elf(5)).
std::string binfmt_magic(const Platform& platform);

// Whether the machine that `machine` is about runs programs of `program` unaided: an emulator for these would be one
// for its own.
bool runs(const Platform& machine, const Platform& program);

}  // namespace swage
