#include "catalog/log_lines.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "catalog/state.hpp"

namespace swage {

Result<LogLines> LogLines::compile(const std::vector<LogLineRow>& rows) {
  std::vector<const LogLineRow*> ordered;
  for (const LogLineRow& row : rows) ordered.push_back(&row);
  const auto rank = [](const LogLineRow* row) { return row->tool == LogTool::none ? 0 : row->text.empty() ? 2 : 1; };
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const LogLineRow* a, const LogLineRow* b) { return rank(a) < rank(b); });
  LogLines lines;
  std::vector<std::string> telling;
  for (const LogLineRow* row : ordered) {
    SWAGE_TRY(LinePattern pattern, LinePattern::parse(row->pattern).map_error([&](Error error) {
      return std::move(error).at(row->origin.pos);
    }));
    Entry& entry = lines.entries_.emplace_back(Entry{row, std::move(pattern)});
    if (!row->after.empty()) {
      SWAGE_TRY(LinePattern after, LinePattern::parse(row->after).map_error([&](Error error) {
        return std::move(error).at(row->origin.pos);
      }));
      entry.after.push_back(std::move(after));
    }
    if (row->tool != LogTool::none) telling.push_back(row->pattern);
  }
  if (!telling.empty()) {
    SWAGE_TRY(LinePattern all, LinePattern::any_of(telling));
    lines.any_.push_back(std::move(all));
  }
  return lines;
}

const LogLineRow* LogLines::find(std::string_view line, std::string_view before) const {
  if (any_.empty() || !any_.front().matches(line)) return nullptr;
  for (const Entry& entry : entries_)
    if (entry.pattern.matches(line) && (entry.after.empty() || entry.after.front().matches(before)))
      return entry.row->tool == LogTool::none ? nullptr : entry.row;
  return nullptr;
}

bool is_of_toolchain(const LogLineRow& row) {
  return row.tool == LogTool::compiler || row.tool == LogTool::assembler || row.tool == LogTool::linker;
}

void check_log_lines(const std::vector<LogLineRow>& rows, Findings& findings) {
  for (const LogLineRow& row : rows) {
    for (const std::string& text : {row.pattern, row.after})
      if (auto pattern = LinePattern::parse(text); !pattern)
        findings.errors.push_back(std::move(pattern).error().at(row.origin.pos));
    if (!row.hint.empty() && row.text.empty())
      findings.errors.push_back({.what = fmt::format("'{}' has a hint and no text: what to do against what?", row.id),
                                 .where = row.origin.pos});
  }
}

}  // namespace swage
