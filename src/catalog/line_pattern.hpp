// A POSIX extended regular expression for one line of a log.
#pragma once

#include <memory>
#include <regex.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace swage {

// regcomp(3): no back references, so the time for a line grows with its length only. Of a longer line the first
// kLongest bytes count.
class LinePattern {
 public:
  static constexpr std::size_t kLongest = 2000;
  static constexpr std::size_t kLongestPattern = 1000;   // regcomp(3) is recursive

  static Result<LinePattern> parse(const std::string& text);
  // What one of them matches. The limit is for each: alternatives do not nest.
  static Result<LinePattern> any_of(const std::vector<std::string>& texts);
  bool matches(std::string_view line) const;   // thread-safe

 private:
  static Result<LinePattern> compile(const std::string& text);
  struct Free {
    bool armed = false;
    void operator()(regex_t* compiled) const {
      if (armed) ::regfree(compiled);
      delete compiled;
    }
  };
  std::unique_ptr<regex_t, Free> compiled_{new regex_t{}, Free{}};
};

}  // namespace swage
