#include "request/config_report.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace swage {

namespace {

using Read = nlohmann::ordered_json;
constexpr std::size_t kShown = 5;

Error not_a_report() {
  return {.code = Errc::corrupt, .what = "config-drift.json is not what a kernel's build writes"};
}

// False: there is no such text.
bool read_text(const Read& from, const char* key, std::string& into) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_string()) return false;
  into = found->get<std::string>();
  return true;
}

}  // namespace

Result<ConfigReport> parse_config_report(std::string_view text) {
  const Read json = Read::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto has_list = [&](const char* key) { return json.contains(key) && json[key].is_array(); };
  if (!json.is_object() || !has_list("lines") || !has_list("new")) return Fail(not_a_report());
  ConfigReport report;
  for (const Read& one : json["lines"]) {
    ConfigDrift line;
    if (!one.is_object()) return Fail(not_a_report());
    for (const auto& [key, text_of] : {std::pair("source", &line.source), std::pair("symbol", &line.symbol),
                                       std::pair("asked", &line.asked), std::pair("kind", &line.kind),
                                       std::pair("reason", &line.reason)})
      if (!read_text(one, key, *text_of)) return Fail(not_a_report());
    if (std::string value; read_text(one, "value", value)) line.value = value;
    line.counted = one.value("counted", Read(false)) == Read(true);
    report.lines.push_back(std::move(line));
  }
  for (const Read& one : json["new"]) {
    if (!one.is_string()) return Fail(not_a_report());
    report.fresh.push_back(one.get<std::string>());
  }
  return report;
}

std::string config_drift_text(const ConfigDrift& line) {
  std::string value;
  if (line.value) value = *line.value == "n" ? "it is not set: " : fmt::format("it is {}: ", *line.value);
  return fmt::format("{}: CONFIG_{}={} did not take effect: {}{}", line.source, line.symbol, line.asked, value,
                     line.reason);
}

std::string config_summary(const ConfigReport& report) {
  std::string shown;
  std::size_t count = 0;
  for (const ConfigDrift& line : report.lines)
    if (line.counted && ++count <= kShown) shown += "  " + config_drift_text(line) + "\n";
  if (count == 0) return {};
  if (count > kShown) shown += fmt::format("  and {} more: see config-drift in the kernel's output\n", count - kShown);
  return fmt::format("{} of the configuration did not take effect\n{}",
                     count == 1 ? "1 line" : fmt::format("{} lines", count), shown);
}

Json config_report_json(const ConfigReport& report) {
  Json lines = Json::array();
  for (const ConfigDrift& line : report.lines)
    lines.push_back({{"source", line.source},
                     {"symbol", line.symbol},
                     {"asked", line.asked},
                     {"value", line.value ? Json(*line.value) : Json(nullptr)},
                     {"kind", line.kind},
                     {"reason", line.reason},
                     {"counted", line.counted}});
  return {{"withoutEffect", std::move(lines)}, {"new", report.fresh}};
}

}  // namespace swage
