// What the core tells the outside while it works. The core emits typed events; a renderer (cli/progress.hpp) decides
// what a person, a log file or a program sees. Nothing here is a result: results are return values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace swage {

// A job is one build, one download or one check; `id` is unique within the process.
struct JobStarted {
  std::uint64_t id = 0;
  std::string kind;      // "build", "fetch", "substitute", "unpack", "lock", "check", "upload", "copy"
  std::string name;      // for people: "linux-6.1.170-arm64"
  std::string subject;   // the .drv path, or the URL's file name
};
struct JobLog {          // one line that a build printed, without the line end
  std::uint64_t id = 0;
  std::string line;
};
struct JobProgress {     // downloads: bytes so far and in total, 0: unknown
  std::uint64_t id = 0;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};
struct JobFinished {
  std::uint64_t id = 0;
  bool ok = true;
  double seconds = 0;
  bool cancelled = false;  // not `ok`, and nothing was wrong with it: another job failed, or the user stopped it
};
struct Totals {          // the plan's size, sent whenever it changes
  std::uint64_t done = 0;
  std::uint64_t running = 0;
  std::uint64_t total = 0;
};
// Of things that are done one after another, and may take days.
struct StepStarted {
  std::uint64_t number = 0, of = 0;   // from 1
  std::string name;
  std::optional<double> seconds{};    // that it is expected to take; none: nothing is known of it
  std::optional<double> left{};       // and it with all that come after it
};
struct StepFinished {
  std::uint64_t number = 0, of = 0;
  std::string name;
  std::string end;                    // "booted"
  double seconds = 0;
};
struct Paused {          // nothing begins, although something could
  std::string scarce;    // "processors", "memory"
  std::string why;       // "others leave 0.20 of 2 processors, and builds begin at 0.50"
};
struct Resumed {
  double seconds = 0;    // that it was paused
};
struct Message {         // a sentence for the user: "note: made swage.lock ..."
  std::string text;
};

using Event = std::variant<JobStarted, JobLog, JobProgress, JobFinished, Totals, StepStarted, StepFinished, Paused,
                           Resumed, Message>;

// Called from several threads; implementations lock.
struct Reporter {
  virtual ~Reporter() = default;
  virtual void on(const Event& event) = 0;
};

// Drops everything: for tests and pure queries.
struct NullReporter final : Reporter {
  void on(const Event&) override {}
};

std::uint64_t next_job_id();

}  // namespace swage
