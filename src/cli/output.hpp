// Every way out to standard output and standard error but the reporter's. What a terminal gets is made visible
// (base/visible.hpp), because results hold names that others chose; files and pipes get the bytes as they are.
#pragma once

#include <fmt/core.h>
#include <string_view>
#include <utility>

namespace swage {

// How results and progress are told, said once for the process by its command line.
struct OutputMode {
  bool json = false;        // --json: results are for programs
  bool quiet = false;       // -q: no progress
  bool log_lines = false;   // -L: what builds print is shown
};
void set_output_mode(const OutputMode& mode);
const OutputMode& output_mode();
inline bool as_json() { return output_mode().json; }

void print_text(std::string_view text);      // to standard output; throws std::system_error when it cannot be written
void print_painted(std::string_view text);   // the same of text in which swage has set colours
void print_aside_text(std::string_view text);   // to standard error, with or without colours

template <class... T>
void print_result(fmt::format_string<T...> format, T&&... arguments) {
  print_text(fmt::format(format, std::forward<T>(arguments)...));
}
template <class... T>
void print_aside(fmt::format_string<T...> format, T&&... arguments) {
  print_aside_text(fmt::format(format, std::forward<T>(arguments)...));
}

}  // namespace swage
