// Which lines of a build's log tell of a failure (catalog/log_lines.toml). For logs that are read as they come: one
// look at a line that says nothing, which nearly all are.
#pragma once

#include <string_view>
#include <vector>

#include "catalog/catalog.hpp"
#include "catalog/line_pattern.hpp"

namespace swage {

class LogLines {
 public:
  // The rows must live as long. Errc::invalid_input for a pattern that is none.
  static Result<LogLines> compile(const std::vector<LogLineRow>& rows);

  // The row that the line is of; null: it tells of no failure. Of several rows that match, a harmless one comes first,
  // then one with a text, then the others, each in the order of the table. `before`: the nearest line before it that is
  // not blank. Thread-safe.
  const LogLineRow* find(std::string_view line, std::string_view before = {}) const;

 private:
  struct Entry {
    const LogLineRow* row;
    LinePattern pattern;
    std::vector<LinePattern> after{};   // one or none
  };
  std::vector<Entry> entries_{};
  std::vector<LinePattern> any_{};   // one: of all rows that are not harmless; none: there are no such rows
};

// An error of one of the tools that a toolchain consists of: another toolchain may not make it.
bool is_of_toolchain(const LogLineRow& row);

}  // namespace swage
