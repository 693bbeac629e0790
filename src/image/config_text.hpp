// The lines of config.txt, tryboot.txt, autoboot.txt and of an EEPROM's configuration, which have the same form.
// https://www.raspberrypi.com/documentation/computers/config_txt.html#file-format
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace swage {

inline constexpr std::size_t kLongestConfigLine = 98;   // what stands behind is not read

struct ConfigLine {
  enum class Kind { blank, comment, filter, setting, directive, other };
  std::string file{};
  unsigned number = 0;
  std::string text{};                        // as the file has it, without its end
  Kind kind = Kind::blank;
  std::string key{}, value{};                // of a filter what stands in the brackets is the key
  unsigned key_column = 1, value_column = 1; // in bytes, from 1
  bool is_cut = false;                       // it is longer, and `value` has what is read of it

  SourcePos pos_of_key() const { return pos(key_column, key.size()); }
  SourcePos pos_of_value() const { return pos(value_column, value.size()); }
  SourcePos pos(unsigned column, std::size_t length) const {
    return {file, number, column, static_cast<unsigned>(length == 0 ? 1 : length), text};
  }
};

// Any text has lines: what is neither a setting (`key=value`), nor a directive (`include FILE`, `initramfs FILE
// ADDRESS`) nor a filter is `other`. White space before a line does not count.
std::vector<ConfigLine> parse_config(std::string_view file, std::string_view text);

}  // namespace swage
