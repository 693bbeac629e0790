#include "catalog/tables/readers.hpp"

namespace swage {

Platform blank_platform() { return {.name = {}, .triple = *Triple::parse("x86_64-linux-gnu")}; }

const Schema<Platform>& platform_schema() {
  static const Schema<Platform> schema = Schema<Platform>("[[platform]]")
      .required("name", &Platform::name)
      .optional("aliases", &Platform::aliases)
      .optional("called", &Platform::called)
      .required("triple", &Platform::triple)
      .optional("libc", reference(&Platform::libc, NameOf::c_library))
      .optional("endian", word<Platform, Endian>(&Platform::endian, {{"little", Endian::little}, {"big", Endian::big}}))
      .optional("bits", one_of(&Platform::bits, {8, 16, 32, 64}))
      .optional("pointer_bits", one_of(&Platform::pointer_bits, {16, 32, 64}))
      .optional("float_abi", word(&Platform::float_abi, same_words({"hard", "soft", "softfp"})))
      .optional("kernel_arch", &Platform::kernel_arch)
      .optional("debian", &Platform::debian)
      .optional("qemu_user", &Platform::qemu_user)
      .optional("qemu_system", &Platform::qemu_system)
      .optional("format", word(&Platform::format, same_words({"elf", "pe", "mach-o", "wasm", "script"})))
      .optional("elf_machine", &Platform::elf_machine)
      .optional("elf_class", one_of(&Platform::elf_class, {32, 64}))
      .optional("gcc", [](const FieldInput& in, Platform& row) { read_gcc_options(in, row.gcc); })
      .optional("override", read_override<Platform>);
  return schema;
}

const Schema<CpuRow>& cpu_schema() {
  static const Schema<CpuRow> schema = Schema<CpuRow>("[[cpu]]")
      .required("names", &CpuRow::names)
      .required("endian", word<CpuRow, Endian>(&CpuRow::endian, {{"little", Endian::little}, {"big", Endian::big}}))
      .required("bits", one_of(&CpuRow::bits, {8, 16, 32, 64}))
      .optional("pointer_bits", one_of(&CpuRow::pointer_bits, {16, 32, 64}))
      .optional("kernel_arch", &CpuRow::kernel_arch)
      .optional("qemu_user", &CpuRow::qemu_user)
      .optional("qemu_system", &CpuRow::qemu_system)
      .optional("elf_machine", &CpuRow::elf_machine);
  return schema;
}

}  // namespace swage
