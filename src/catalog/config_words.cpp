#include "catalog/config_words.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

namespace {

using Kind = ConfigFilter::Kind;

// https://www.raspberrypi.com/documentation/computers/config_txt.html#the-expression-filter
const std::vector<std::string>& boot_variables() {
  static const std::vector<std::string> names{"boot_arg1",  "cust_otp",       "bootvar0",
                                              "boot_count", "boot_partition", "partition"};
  return names;
}

bool is_among(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// cust_otp0 to cust_otp7 are one kind of variable.
std::string kind_of_variable(std::string_view name) {
  const bool otp = name.size() == 9 && name.starts_with("cust_otp") && name.back() >= '0' && name.back() <= '7';
  return std::string(otp ? name.substr(0, 8) : name);
}

// False: the text does not begin as one.
bool parse_expression(std::string_view text, ConfigFilter& filter) {
  const std::size_t at = text.find_first_of("=&<>");
  if (at == std::string_view::npos) return false;
  filter.variable = std::string(text.substr(0, at));
  filter.variables = kind_of_variable(filter.variable);
  if (!is_among(boot_variables(), filter.variables)) return false;
  filter.kind = Kind::expression;
  filter.sign = text[at];
  const std::string_view operands = text.substr(at + 1);
  const std::size_t equals = filter.sign == '&' ? operands.find('=') : std::string_view::npos;
  const auto first = config_number(operands.substr(0, equals));
  if (equals != std::string_view::npos) filter.masked = config_number(operands.substr(equals + 1));
  filter.operand = first.value_or(0);
  if (!first || (equals != std::string_view::npos && !filter.masked))
    filter.wrong =
        fmt::format("'{}' is no expression: ARG=VALUE, ARG&MASK, ARG&MASK=VALUE, ARG<VALUE or ARG>VALUE", text);
  return true;
}

void parse_gpio(std::string_view text, ConfigFilter& filter) {
  filter.kind = Kind::gpio;
  const std::size_t equals = text.find('=');
  const auto pin = config_number(text.substr(4, equals == std::string_view::npos ? equals : equals - 4));
  const std::string_view level = equals == std::string_view::npos ? "" : text.substr(equals + 1);
  if (!pin || (level != "0" && level != "1")) filter.wrong = fmt::format("'{}' is not [gpioN=0] or [gpioN=1]", text);
  filter.number = pin.value_or(0);
  filter.is_high = level == "1";
}

}  // namespace

std::optional<std::uint64_t> config_number(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

ConfigFilter parse_config_filter(std::string_view text, const std::vector<FirmwareModelRow>& models) {
  ConfigFilter filter;
  std::vector<std::string> known;
  for (const FirmwareModelRow& model : models)
    for (const std::string& name : model.filters)
      if (!is_among(known, name)) known.push_back(name);
  constexpr std::string_view board_type = "board-type=";
  if (text == "all") filter.kind = Kind::all;
  else if (text == "none") filter.kind = Kind::none;
  else if (text == "tryboot") filter.kind = Kind::tryboot;
  else if (is_among(known, text)) filter.kind = Kind::model;
  else if (text.starts_with(board_type)) {
    filter.board_type = config_number(text.substr(board_type.size()));
    if (!filter.board_type) filter.wrong = fmt::format("'{}' has no number of a board", text);
  } else if (text.starts_with("0x")) {
    filter.kind = Kind::serial;
    const auto serial = config_number(text);
    if (!serial) filter.wrong = fmt::format("'{}' is no serial number", text);
    filter.number = serial.value_or(0);
  } else if (text.starts_with("gpio")) parse_gpio(text, filter);
  else if (text.starts_with("EDID=")) filter.kind = Kind::edid;
  else if (text.starts_with("HDMI:")) filter.kind = Kind::hdmi;
  else if (!parse_expression(text, filter)) {
    filter.is_known = false;
    known.insert(known.end(), {"all", "none", "tryboot"});
    filter.hint = did_you_mean(text, known);
  }
  return filter;
}

}  // namespace swage
