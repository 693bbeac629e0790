// Which lines of config.txt count on a board: the filters [pi4], [tryboot], [gpio4=1] ... and how they add up.
// https://www.raspberrypi.com/documentation/computers/config_txt.html#conditional-filters
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/config_words.hpp"

namespace swage {

enum class Truth { no, yes, unknown };   // unknown: only the running board can tell

// What is known of the moment of a boot.
struct BootMoment {
  bool tryboot = false;
  std::map<std::string, std::uint64_t> variables{};   // of expression filters: boot_partition, bootvar0 ...
  std::map<unsigned, bool> gpio{};
  std::optional<std::uint64_t> serial{};
};

// What is amiss with a filter, one clause; "" nothing.
struct FilterEntered {
  std::string wrong{};
  std::string hint{};
};

class ConfigFilters {
 public:
  // `models`: all that there are, of which every name is a filter. They and the model must live as long.
  ConfigFilters(const FirmwareModelRow& model, const std::vector<FirmwareModelRow>& models, BootMoment moment);

  // A line [filter]. One of the same kind takes the place of the earlier one, others are added, [all] forgets all.
  FilterEntered enter(std::string_view filter);

  Truth truth() const;
  // The filters that make it so: "[pi4]", "[gpio4=1]"; "" there are none.
  std::string because() const;
  bool is_plain() const { return active_.empty(); }   // as at the beginning and after [all]

 private:
  using Kind = ConfigFilter::Kind;
  struct Active {
    std::string text{};
    Truth truth = Truth::no;
  };
  Truth truth_of(const ConfigFilter& filter, std::string_view text) const;
  std::string lacks(const ConfigFilter& filter) const;

  const FirmwareModelRow& model_;
  const std::vector<FirmwareModelRow>& models_;
  BootMoment moment_;
  std::map<Kind, Active> active_{};
};

}  // namespace swage
