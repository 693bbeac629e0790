// The model of the Raspberry Pi's boot firmware: what a board of a model loads from a medium. No emulator runs that
// firmware, so this stands in for it. Rules are from the vendor's documentation (docs/firmware-model.md cites each);
// one that it does not say is marked as assumed where it is applied.
#pragma once

#include "catalog/catalog.hpp"
#include "image/boot_medium.hpp"
#include "image/boot_report.hpp"

namespace swage {

// What the catalog knows of firmware. Must live as long as what uses it.
struct FirmwareKnowledge {
  const std::vector<FirmwareModelRow>* models = nullptr;
  const std::vector<FirmwareSettingRow>* settings = nullptr;
};
Result<FirmwareKnowledge> firmware_knowledge(const Catalog& catalog);

struct BootQuestion {
  const FirmwareModelRow* model = nullptr;
  bool tryboot = false;                      // the flag of `reboot "0 tryboot"` is set
  std::string eeprom{};                      // the configuration in the EEPROM, of models that have one; "" as shipped
};

// A pure function of its arguments: whatever is on the medium, the report says what comes of it. Errors are those of
// reading the medium.
Result<BootReport> boot_from(const BootMedium& medium, const FirmwareKnowledge& known, const BootQuestion& question);

}  // namespace swage
