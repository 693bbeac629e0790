#include "cli/config_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/beneath.hpp"
#include "cli/output.hpp"

namespace swage {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kShown = 5;

Error not_a_report() { return {.code = Errc::corrupt, .what = "config-drift.json is not what a kernel's build writes"}; }

// False: there is no such text.
bool read_text(const Json& from, const char* key, std::string& into) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_string()) return false;
  into = found->get<std::string>();
  return true;
}

}  // namespace

Result<ConfigReport> parse_config_report(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("lines") || !json.contains("new") || !json["lines"].is_array() || !json["new"].is_array()) return Fail(not_a_report());
  ConfigReport report;
  for (const Json& one : json["lines"]) {
    ConfigDrift line;
    if (!one.is_object() || !read_text(one, "source", line.source) || !read_text(one, "symbol", line.symbol) || !read_text(one, "asked", line.asked) ||
        !read_text(one, "kind", line.kind) || !read_text(one, "reason", line.reason))
      return Fail(not_a_report());
    if (std::string value; read_text(one, "value", value)) line.value = value;
    line.counted = one.value("counted", Json(false)) == Json(true);
    report.lines.push_back(std::move(line));
  }
  for (const Json& one : json["new"]) {
    if (!one.is_string()) return Fail(not_a_report());
    report.fresh.push_back(one.get<std::string>());
  }
  return report;
}

std::string config_drift_text(const ConfigDrift& line) {
  std::string value;
  if (line.value) value = *line.value == "n" ? "it is not set: " : fmt::format("it is {}: ", *line.value);
  return fmt::format("{}: CONFIG_{}={} did not take effect: {}{}", line.source, line.symbol, line.asked, value, line.reason);
}

std::string config_summary(const ConfigReport& report) {
  std::string shown;
  std::size_t count = 0;
  for (const ConfigDrift& line : report.lines)
    if (line.counted && ++count <= kShown) shown += "  " + config_drift_text(line) + "\n";
  if (count == 0) return {};
  if (count > kShown) shown += fmt::format("  and {} more: see config-drift in the kernel's output\n", count - kShown);
  return fmt::format("{} of the configuration did not take effect\n{}", count == 1 ? "1 line" : fmt::format("{} lines", count), shown);
}

Json config_report_json(const ConfigReport& report) {
  Json lines = Json::array();
  for (const ConfigDrift& line : report.lines)
    lines.push_back({{"source", line.source}, {"symbol", line.symbol}, {"asked", line.asked}, {"value", line.value ? Json(*line.value) : Json(nullptr)},
                     {"kind", line.kind}, {"reason", line.reason}, {"counted", line.counted}});
  return {{"withoutEffect", std::move(lines)}, {"new", report.fresh}};
}

Result<std::optional<ConfigReport>> config_report_of(Session& session, const Planned& planned, const Goal& goal) {
  if (!goal.cell.kernel || !goal.cell.toolchain) return std::nullopt;
  SWAGE_TRY(Store* store, session.store());
  const Graph& graph = planned.planner->graph();
  const std::string name = fmt::format("linux-{}-{}", goal.cell.kernel->version.str(), goal.platform->name);
  for (const StorePath& drv : graph.closure(goal.wanted->drv)) {
    const Derivation& derivation = graph.find(drv)->drv;
    if (derivation.name != name) continue;
    SWAGE_TRY(const StorePath out, StorePath::parse(derivation.outputs.at("out").path));
    SWAGE_TRY(const Beneath files, Beneath::open(store->real_path(out)));
    SWAGE_TRY(const std::optional<std::string> text, files.find("config-drift.json"));
    if (!text) return std::nullopt;   // a layer's own recipe for kernels
    SWAGE_TRY(ConfigReport report, parse_config_report(*text));
    return report;
  }
  return std::nullopt;
}

void tell_config_report(const Session& session, const Goal& goal, const std::optional<ConfigReport>& report) {
  if (!report || session.options().quiet || session.options().json) return;
  if (const std::string text = config_summary(*report); !text.empty()) print_aside("linux@{} for {}: {}", goal.cell.kernel->version.str(), goal.platform->name, text);
}

}  // namespace swage
