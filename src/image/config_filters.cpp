#include "image/config_filters.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

namespace {

// https://www.raspberrypi.com/documentation/computers/config_txt.html#the-expression-filter
const std::vector<std::string> kBootVariables{"boot_arg1", "cust_otp", "bootvar0", "boot_count", "boot_partition",
                                              "partition"};

// cust_otp0 to cust_otp7 are one kind of variable.
std::string kind_of_variable(std::string_view name) {
  const bool otp = name.size() == 9 && name.starts_with("cust_otp") && name.back() >= '0' && name.back() <= '7';
  return std::string(otp ? name.substr(0, 8) : name);
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

ConfigFilters::ConfigFilters(const FirmwareModelRow& model, const std::vector<FirmwareModelRow>& models,
                             BootMoment moment)
    : model_(model), moment_(std::move(moment)) {
  for (const FirmwareModelRow& one : models)
    for (const std::string& filter : one.filters)
      if (!has(model_filters_, filter)) model_filters_.push_back(filter);
}

bool ConfigFilters::has(const std::vector<std::string>& words, std::string_view word) const {
  return std::find(words.begin(), words.end(), word) != words.end();
}

FilterEntered ConfigFilters::set(Kind kind, std::string_view filter, Truth truth, FilterEntered entered) {
  active_[kind] = {fmt::format("[{}]", filter), truth};
  return entered;
}

// ARG=VALUE, ARG&MASK, ARG&MASK=VALUE, ARG<VALUE, ARG>VALUE. None: it is no such expression.
std::optional<FilterEntered> ConfigFilters::enter_expression(std::string_view filter) {
  const std::size_t at = filter.find_first_of("=&<>");
  if (at == std::string_view::npos) return {};
  const std::string name(filter.substr(0, at)), kind = kind_of_variable(name);
  if (!has(kBootVariables, kind)) return {};
  const std::string_view operands = filter.substr(at + 1);
  const std::size_t equals = filter[at] == '&' ? operands.find('=') : std::string_view::npos;
  const auto first = config_number(operands.substr(0, equals));
  const auto second = equals == std::string_view::npos ? first : config_number(operands.substr(equals + 1));
  if (!first || !second)
    return set(
        Kind::expression, filter, Truth::no,
        {fmt::format("'{}' is no expression: ARG=VALUE, ARG&MASK, ARG&MASK=VALUE, ARG<VALUE or ARG>VALUE", filter)});
  if (!has(model_.variables, kind))
    return set(Kind::expression, filter, Truth::no, {fmt::format("{} has no boot variable '{}'", model_.name, name)});
  const auto known = moment_.variables.find(name);
  if (known == moment_.variables.end()) return set(Kind::expression, filter, Truth::unknown);
  const std::uint64_t value = known->second;
  const bool holds = filter[at] == '='                 ? value == *first
                     : filter[at] == '<'               ? value < *first
                     : filter[at] == '>'               ? value > *first
                     : equals == std::string_view::npos ? (value & *first) != 0
                                                        : (value & *first) == *second;
  return set(Kind::expression, filter, holds ? Truth::yes : Truth::no);
}

FilterEntered ConfigFilters::enter(std::string_view filter) {
  if (filter == "all") {
    active_.clear();
    return {};
  }
  const auto truth = [](bool yes) { return yes ? Truth::yes : Truth::no; };
  if (filter == "none") return set(Kind::none, filter, Truth::no);   // assumed: until [all]
  if (filter == "tryboot") return set(Kind::tryboot, filter, truth(moment_.tryboot));
  if (has(model_filters_, filter)) return set(Kind::model, filter, truth(has(model_.filters, filter)));
  if (filter.starts_with("board-type=")) {   // stands among the model filters: assumed to be of their kind
    const auto type = config_number(filter.substr(11));
    if (!type) return set(Kind::model, filter, Truth::no, {fmt::format("'{}' has no number of a board", filter)});
    const bool own = std::find(model_.board_types.begin(), model_.board_types.end(), *type) != model_.board_types.end();
    return set(Kind::model, filter, truth(own));
  }
  if (filter.starts_with("0x")) {
    const auto serial = config_number(filter);
    if (!serial) return set(Kind::serial, filter, Truth::no, {fmt::format("'{}' is no serial number", filter)});
    return set(Kind::serial, filter, moment_.serial ? truth(*moment_.serial == *serial) : Truth::unknown);
  }
  if (filter.starts_with("gpio")) {
    const std::size_t equals = filter.find('=');
    const auto pin = config_number(filter.substr(4, equals == std::string_view::npos ? equals : equals - 4));
    const std::string_view level = equals == std::string_view::npos ? "" : filter.substr(equals + 1);
    if (!pin || (level != "0" && level != "1"))
      return set(Kind::gpio, filter, Truth::no, {fmt::format("'{}' is not [gpioN=0] or [gpioN=1]", filter)});
    const auto known = moment_.gpio.find(static_cast<unsigned>(*pin));
    return set(Kind::gpio, filter,
               known == moment_.gpio.end() ? Truth::unknown : truth(known->second == (level == "1")));
  }
  if (filter.starts_with("EDID=") || filter.starts_with("HDMI:")) {
    const std::string name(filter.substr(0, 4));
    const Kind kind = name == "EDID" ? Kind::edid : Kind::hdmi;
    if (has(model_.no_filters, name))
      return set(kind, filter, Truth::no, {fmt::format("{} has no filter [{}]", model_.name, name)});
    // [HDMI:N] says of which port the settings are, and keeps no line away.
    return set(kind, filter, kind == Kind::edid ? Truth::unknown : Truth::yes);
  }
  if (auto expression = enter_expression(filter)) return *std::move(expression);
  std::vector<std::string> known = model_filters_;
  known.insert(known.end(), {"all", "none", "tryboot"});
  // Not documented: assumed to be true of no board, in place of a model's.
  return set(
      Kind::model, filter, Truth::no,
      {fmt::format("'{}' is no filter: its lines count on no board (assumed)", filter), did_you_mean(filter, known)});
}

Truth ConfigFilters::truth() const {
  Truth all = Truth::yes;
  for (const auto& [kind, one] : active_) {
    if (one.truth == Truth::no) return Truth::no;
    if (one.truth == Truth::unknown) all = Truth::unknown;
  }
  return all;
}

std::string ConfigFilters::because() const {
  const Truth all = truth();
  std::string text;
  for (const auto& [kind, one] : active_)
    if (one.truth == all) text += one.text;
  return text;
}

}  // namespace swage
