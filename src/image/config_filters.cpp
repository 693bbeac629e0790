#include "image/config_filters.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace swage {

ConfigFilters::ConfigFilters(const FirmwareModelRow& model, const std::vector<FirmwareModelRow>& models,
                             BootMoment moment)
    : model_(model), models_(models), moment_(std::move(moment)) {}

Truth ConfigFilters::truth_of(const ConfigFilter& filter, std::string_view text) const {
  const auto truth = [](bool yes) { return yes ? Truth::yes : Truth::no; };
  const auto has = [](const auto& values, const auto& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  switch (filter.kind) {
    case Kind::all: return Truth::yes;
    case Kind::none: return Truth::no;   // assumed: until [all]
    case Kind::tryboot: return truth(moment_.tryboot);
    case Kind::model:
      return truth(filter.board_type ? has(model_.board_types, *filter.board_type) : has(model_.filters, text));
    case Kind::serial: return moment_.serial ? truth(*moment_.serial == filter.number) : Truth::unknown;
    case Kind::gpio: {
      const auto known = moment_.gpio.find(static_cast<unsigned>(filter.number));
      return known == moment_.gpio.end() ? Truth::unknown : truth(known->second == filter.is_high);
    }
    case Kind::edid: return Truth::unknown;
    case Kind::hdmi: return Truth::yes;   // says of which port the settings are, and keeps no line away
    case Kind::expression: break;
  }
  const auto known = moment_.variables.find(filter.variable);
  if (known == moment_.variables.end()) return Truth::unknown;
  const std::uint64_t value = known->second;
  switch (filter.sign) {
    case '=': return truth(value == filter.operand);
    case '<': return truth(value < filter.operand);
    case '>': return truth(value > filter.operand);
    default: return truth(filter.masked ? (value & filter.operand) == *filter.masked : (value & filter.operand) != 0);
  }
}

// What the model does not have of a filter that is one; "" nothing.
std::string ConfigFilters::lacks(const ConfigFilter& filter) const {
  const auto has = [](const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  const std::string_view port = filter.kind == Kind::edid ? "EDID" : filter.kind == Kind::hdmi ? "HDMI" : "";
  if (!port.empty() && has(model_.no_filters, port)) return fmt::format("{} has no filter [{}]", model_.name, port);
  if (filter.kind == Kind::expression && !has(model_.variables, filter.variables))
    return fmt::format("{} has no boot variable '{}'", model_.name, filter.variable);
  return "";
}

FilterEntered ConfigFilters::enter(std::string_view text) {
  const ConfigFilter filter = parse_config_filter(text, models_);
  if (filter.kind == Kind::all) {
    active_.clear();
    return {};
  }
  FilterEntered entered{filter.wrong, filter.hint};
  // The vendor in raspberrypi/firmware#1839, where [pi5] was none yet. That filters before it go on is assumed.
  if (!filter.is_known) {
    entered.wrong = fmt::format("'{}' is no filter, and keeps no line away", text);
    return entered;
  }
  if (entered.wrong.empty()) entered.wrong = lacks(filter);
  active_[filter.kind] = {fmt::format("[{}]", text), entered.wrong.empty() ? truth_of(filter, text) : Truth::no};
  return entered;
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
