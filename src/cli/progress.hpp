// Renders the core's events for people, log files and programs. Everything goes to standard error; results are on
// standard output and none of this file's business.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/events.hpp"

namespace swage {

enum class ProgressStyle {
  tty,     // one live line: done/total, what runs, for how long, its last log line; above it one for each download
           // that takes long
  plain,   // a line when a job starts and one when it ends
  json,    // one JSON object per event, one a line
  quiet,   // nothing
};

struct ProgressSettings {
  ProgressStyle style = ProgressStyle::plain;
  bool logs = false;                                   // every log line as `name> line` (tty and plain)
  bool colour = false;
  int fd = 2;
  bool live = true;                                    // tty: a thread keeps the elapsed time going
  std::function<std::chrono::steady_clock::time_point()> now = [] { return std::chrono::steady_clock::now(); };
};

// What suits descriptor `fd`: tty on a terminal that is not `dumb`, else plain.
ProgressStyle default_progress_style(int fd = 2);
// NO_COLOR (not empty) forbids, CLICOLOR_FORCE (not empty, not 0) demands; else on terminals that are not `dumb`.
bool want_colour(int fd);
// COLUMNS, else what the terminal says, else 80.
unsigned terminal_width(int fd);

// `text` made visible (base/visible.hpp), a tab as a blank, cut to `width` columns with `...` in its middle.
std::string elide(std::string_view text, unsigned width);

// Thread-safe. The destructor takes the live line away. Lines are written whole.
std::unique_ptr<Reporter> make_reporter(ProgressSettings settings);

}  // namespace swage
