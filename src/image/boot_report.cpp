#include "image/boot_report.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "base/visible.hpp"

namespace swage {

namespace {

const char* severity_name(Severity severity) {
  return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "note";
}

std::string address_text(const LoadedFile& file) {
  if (!file.address) return "";
  return file.end ? fmt::format("at 0x{:x} to 0x{:x}", *file.address, *file.end)
                  : fmt::format("at 0x{:x}", *file.address);
}

void add_loads(const BootReport& report, std::string& out) {
  std::size_t role = 0, path = 0;
  for (const LoadedFile& file : report.loads) {
    role = std::max(role, file.role.size());
    path = std::max(path, visible_line(file.path).size());
  }
  out += "\nloads\n";
  for (const LoadedFile& file : report.loads) {
    std::string line = fmt::format("  {:<{}}  {:<{}}  {:>8}  {}", file.role, role, visible_line(file.path), path,
                                   file.size ? human_bytes(*file.size) : "", visible_line(file.why));
    if (file.address) line += ", " + address_text(file);
    if (file.assumed) line += " (assumed)";
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
    for (const std::string& parameter : file.parameters)
      out += fmt::format("  {:<{}}    {}\n", "", role, visible_line(parameter));
  }
}

void add_lines(const BootReport& report, std::string& out) {
  std::size_t width = 0;
  for (const ExplainedLine& line : report.lines)
    width = std::max(width, std::min<std::size_t>(visible_line(line.text).size(), 40));
  std::string file;
  for (const ExplainedLine& line : report.lines) {
    if (line.file != file) out += fmt::format("\n{}\n", visible_line(line.file));
    file = line.file;
    const char* mark = line.state == LineState::counts ? "+" : line.state == LineState::ignored ? "-"
                       : line.state == LineState::unknown ? "?" : " ";
    std::string text = fmt::format("  {:>3} {} {:<{}}  {}", line.number, mark, visible_line(line.text), width,
                                   visible_line(line.why));
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
}

Json optional_json(const std::optional<std::uint64_t>& value) { return value ? Json(*value) : Json(nullptr); }

Json position_json(const std::optional<SourcePos>& where) {
  if (!where) return nullptr;
  return {{"file", where->file}, {"line", where->line}, {"column", where->column}};
}

}  // namespace

bool BootReport::starts() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const BootFinding& finding) { return finding.severity == Severity::error; });
}

std::string boot_report_text(const BootReport& report, const std::string& image) {
  std::string out = fmt::format("{} ({}) from '{}'{}\n", report.board_name, report.board, image,
                                report.tryboot ? ", tryboot" : "");
  out += fmt::format("  {}", report.table);
  if (report.partitions > 0)
    out += fmt::format(", {} partition{}", report.partitions, report.partitions == 1 ? "" : "s");
  out += "\n";
  if (!report.partition_text.empty())
    out += fmt::format("  {}: {}: {}\n",
                       report.partition == 0 ? "the image" : fmt::format("partition {}", report.partition),
                       visible_line(report.partition_text), report.partition_why);
  if (!report.loads.empty()) add_loads(report, out);
  if (!report.lines.empty()) add_lines(report, out);
  std::size_t errors = 0, warnings = 0;
  for (const BootFinding& finding : report.findings) {
    errors += finding.severity == Severity::error;
    warnings += finding.severity == Severity::warning;
    const std::string text = render(finding.what);
    out += fmt::format("\n{}{}", severity_name(finding.severity), text.substr(text.find(':')));
  }
  return out + fmt::format("\n{}: {}, {}\n", report.starts() ? "it would start" : "it would not start",
                           counted(errors, "error"), counted(warnings, "warning"));
}

Json boot_report_json(const BootReport& report, const std::string& image) {
  Json loads = Json::array(), lines = Json::array(), findings = Json::array();
  for (const LoadedFile& file : report.loads)
    loads.push_back({{"role", file.role},
                     {"path", file.path},
                     {"size", optional_json(file.size)},
                     {"why", file.why},
                     {"address", optional_json(file.address)},
                     {"end", optional_json(file.end)},
                     {"parameters", file.parameters},
                     {"assumed", file.assumed}});
  for (const ExplainedLine& line : report.lines) {
    const char* state = line.state == LineState::counts ? "counts" : line.state == LineState::ignored ? "ignored"
                        : line.state == LineState::unknown ? "unknown" : "plain";
    lines.push_back(
        {{"file", line.file}, {"line", line.number}, {"text", line.text}, {"state", state}, {"why", line.why}});
  }
  for (const BootFinding& finding : report.findings)
    findings.push_back({{"severity", severity_name(finding.severity)},
                        {"id", finding.id},
                        {"what", finding.what.what},
                        {"where", position_json(finding.what.where)},
                        {"notes", finding.what.notes},
                        {"hint", finding.what.hint}});
  return {{"image", image},
          {"board", report.board},
          {"boardName", report.board_name},
          {"tryboot", report.tryboot},
          {"table", report.table},
          {"partition", report.partition_text.empty() ? Json(nullptr) : Json(report.partition)},
          {"starts", report.starts()},
          {"loads", std::move(loads)},
          {"lines", std::move(lines)},
          {"findings", std::move(findings)}};
}

}  // namespace swage
