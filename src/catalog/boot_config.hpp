// config.txt of the Raspberry Pi's firmware, made of typed rows: options by firmware_settings.toml, overlays in their
// order and parameters by firmware_overlays.toml and firmware_trees.toml.
// https://www.raspberrypi.com/documentation/computers/config_txt.html
#pragma once

#include "catalog/images.hpp"

namespace swage {

// The config.txt of the image, its loader's sections first, then the board's and those of what the board has besides.
// "" it has none. @dtb@ and the like stay in it. Overlays are called as the board's processor has them: what is named
// `disable-bt` is `disable-bt-pi5` on a 5. Errors, all together and each with its place: what is no setting or has
// another type, a filter that is none, an overlay or a parameter that there is not, a line of more than 98 characters,
// an overlay that is not among the files of the card. Parameters are those of the device tree that the card has: the
// vendor's with its kernel, mainline's, which has none unless a row of firmware_trees.toml says so, with the
// distribution's.
Result<std::string> boot_config(const Catalog& catalog, const ImageRow& image);
// The same of every board with its own loader, for `swage check`: of a board that has both kernels, parameters that
// either tree has.
std::vector<Error> check_boot_configs(const Catalog& catalog);

// The EEPROM's configuration: what is tried first is the last digit. "" nothing is said of it.
std::string eeprom_config(const ImageTables& tables, const BoardRow& board);

}  // namespace swage
