// What a kernel's build says of the configuration that it was asked for: config-drift.json of its output, written by
// catalog/scripts/kernel/kconfig-report.awk.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace swage {

class Session;
struct Goal;
struct Planned;

// A line that did not take effect.
struct ConfigDrift {
  std::string source{};                  // machine.config, file, quirk, fragment, option, or the tree's NAME.config
  std::string symbol{}, asked{};         // without CONFIG_; the value that the line wanted
  std::optional<std::string> value{};    // that the symbol has instead; none: there is no such symbol
  std::string kind{};                    // unknown, renamed, dependency, computed, selected, choice, type, other
  std::string reason{};                  // for people
  bool counted = false;                  // --strict-config minds it
};
struct ConfigReport {
  std::vector<ConfigDrift> lines{};
  std::vector<std::string> fresh{};      // CONFIG_X=VALUE that a whole configuration file does not know
};

// Errc::corrupt for what the script does not write.
Result<ConfigReport> parse_config_report(std::string_view json);
// "option: CONFIG_X=y did not take effect: no such symbol", as in the build's log.
std::string config_drift_text(const ConfigDrift& line);
// What the user should see of a build that succeeded: the lines that count, some of them in full; "" none.
std::string config_summary(const ConfigReport& report);
Json config_report_json(const ConfigReport& report);

// Of the kernel that the goal is or is made from, once that is built. Nothing for goals without a kernel.
Result<std::optional<ConfigReport>> config_report_of(Session& session, const Planned& planned, const Goal& goal);

}  // namespace swage
