#include "plan/config_text.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace swage {

ConfigValues config_values(std::string_view text) {
  constexpr std::string_view prefix = "CONFIG_", unset = " is not set";
  ConfigValues values;
  for (const std::string_view raw : split(text, '\n')) {
    std::string_view line = trim(raw);
    const bool comment = line.starts_with("# ");
    if (comment) line.remove_prefix(2);
    if (!line.starts_with(prefix)) continue;
    line.remove_prefix(prefix.size());
    const auto equals = line.find('=');
    if (comment) {
      if (line.ends_with(unset)) values[std::string(line.substr(0, line.size() - unset.size()))] = "n";
    } else if (equals != std::string_view::npos) {
      std::string_view value = line.substr(equals + 1);
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
      values[std::string(line.substr(0, equals))] = std::string(value);
    }
  }
  return values;
}

bool names_files(const SymbolRow& row, std::string_view value) {
  const bool generated = std::find(row.generated.begin(), row.generated.end(), value) != row.generated.end();
  return row.path && value != "n" && !generated && !trim(value).empty();
}

}  // namespace swage
