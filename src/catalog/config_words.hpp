// The words of config.txt, of the Raspberry Pi's firmware, as rows write them and as the firmware's model reads them.
// https://www.raspberrypi.com/documentation/computers/config_txt.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.hpp"

namespace swage {

// A number: decimal, or hexadecimal after 0x. None: it is no number.
std::optional<std::uint64_t> config_number(std::string_view text);

// What stands in the brackets of a filter.
struct ConfigFilter {
  // Of one kind the later filter takes the earlier one's place. [board-type=N] is of kind model (assumed).
  enum class Kind { all, model, none, tryboot, edid, serial, gpio, expression, hdmi };
  Kind kind = Kind::model;
  bool is_known = true;                      // false: it is none, and its lines count on no board (assumed)
  std::string wrong{}, hint{};               // what is amiss with how it is written; "" nothing
  std::optional<std::uint64_t> board_type{}; // of [board-type=N]
  std::uint64_t number = 0;                  // a serial number, a pin
  bool is_high = false;                      // the pin
  // ARG=VALUE, ARG&MASK, ARG&MASK=VALUE, ARG<VALUE, ARG>VALUE
  std::string variable{}, variables{};       // cust_otp3, which is one of cust_otp
  char sign = '=';
  std::uint64_t operand = 0;
  std::optional<std::uint64_t> masked{};     // of ARG&MASK=VALUE
};
// `models`: all that there are, of which every name is a filter.
ConfigFilter parse_config_filter(std::string_view text, const std::vector<FirmwareModelRow>& models);

}  // namespace swage
