#include "catalog/tables/readers.hpp"

namespace swage {

const Schema<CommonMachine>& common_machine_schema() {
  static const Schema<CommonMachine> schema = Schema<CommonMachine>("[common]").optional("config", read_config<CommonMachine>);
  return schema;
}

const Schema<MachineRow>& machine_schema() {
  static const Schema<MachineRow> schema = Schema<MachineRow>("[[machine]]")
      .required("platform", reference(&MachineRow::platform, NameOf::platform))
      .optional("kernels", &MachineRow::kernels)
      .required("defconfig", &MachineRow::defconfig)
      .required("image_target", &MachineRow::image_target)
      .required("image", &MachineRow::image)
      .optional("make_args", &MachineRow::make_args)
      .optional("config", read_config<MachineRow>)
      .optional("qemu", &MachineRow::qemu)
      .optional("qemu_root", reference(&MachineRow::qemu_root, NameOf::root))
      .optional("qemu_args", &MachineRow::qemu_args)
      .optional("cmdline", &MachineRow::cmdline)
      .optional("dtb", &MachineRow::dtb)
      .optional("timeout", &MachineRow::timeout)
      .optional("override", read_override<MachineRow>);
  return schema;
}

}  // namespace swage
