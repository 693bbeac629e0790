#include "cli/output.hpp"

#include <cstdio>
#include <unistd.h>

#include "base/visible.hpp"

namespace swage {

namespace {
OutputMode mode_of_process;
}

void set_output_mode(const OutputMode& mode) { mode_of_process = mode; }
const OutputMode& output_mode() { return mode_of_process; }

void print_text(std::string_view text) {
  if (::isatty(STDOUT_FILENO)) fmt::print("{}", visible(text));   // lint-ok: the way out
  else fmt::print("{}", text);   // lint-ok: the way out
}

void print_painted(std::string_view text) {
  if (::isatty(STDOUT_FILENO)) fmt::print("{}", visible_painted(text));   // lint-ok: the way out
  else fmt::print("{}", text);   // lint-ok: the way out
}

void print_aside_text(std::string_view text) {
  // Who has closed standard error still gets the exit code.
  const std::string shown = ::isatty(STDERR_FILENO) ? visible_painted(text) : std::string(text);
  std::fputs(shown.c_str(), stderr);   // lint-ok: the way out
}

}  // namespace swage
