// Finds the first error of a log while the log comes, and keeps a few lines around it: with a parallel make the cause
// is often far from the end. Takes bounded memory, whatever is printed.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/log_lines.hpp"

namespace swage {

class FirstError {
 public:
  // Null: nothing is looked for.
  explicit FirstError(const LogLines* lines) : lines_(lines) {}

  void take(std::string_view line);
  const LogLineRow* row() const { return row_; }   // null: no line told of a failure
  // The error of a failed build: what is shown of its log, no line twice. `tail`: the last lines.
  std::vector<std::string> notes(const std::deque<std::string>& tail) const;
  // What is known of the failure: the row of the first error, or else of a line that is shown, that has a text; or
  // null.
  const LogLineRow* known(const std::deque<std::string>& tail) const;

 private:
  std::size_t first_of(const std::deque<std::string>& tail) const { return count_ - tail.size() + 1; }
  // The lines around the error that are not of the tail.
  std::vector<std::string> before_tail(const std::deque<std::string>& tail) const;

  const LogLines* lines_;
  std::size_t count_ = 0;                // lines so far
  std::deque<std::string> last_{};       // the last few
  std::string said_{};                   // the last one that is not blank
  const LogLineRow* row_ = nullptr;
  std::size_t at_ = 0;                   // the number of its line, from 1
  std::vector<std::string> around_{};    // the lines around it, the first of which is
  std::size_t first_ = 0;
  std::size_t wanted_ = 0;               // further ones
};

}  // namespace swage
