// Lines of a kernel's configuration as text: CONFIG_X=VALUE and `# CONFIG_X is not set`.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "catalog/catalog.hpp"

namespace swage {

// By symbol, without CONFIG_.
using ConfigValues = std::map<std::string, std::string, std::less<>>;

// What the last line for each symbol gives it, texts without their quotes; `n` for one that is not set.
ConfigValues config_values(std::string_view text);

// Whether this value of the symbol makes the kernel's build read files that it has not made itself.
bool names_files(const SymbolRow& row, std::string_view value);

}  // namespace swage
