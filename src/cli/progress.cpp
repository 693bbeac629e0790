#include "cli/progress.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <fmt/core.h>
#include <map>
#include <mutex>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "base/visible.hpp"
#include "cli/json.hpp"

namespace swage {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kSlow = std::chrono::seconds(3);      // until a download has a line of its own
constexpr std::size_t kMostLines = 8;                // of these

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// Terminals that understand a carriage return and `erase to the end of the line`.
bool is_smart_terminal(int fd) {
  const std::string_view term = environment("TERM");
  return ::isatty(fd) && !term.empty() && term != "dumb";
}

struct Verb {
  std::string_view kind, running, done;
};
Verb verb_of(std::string_view kind) {
  static constexpr Verb verbs[] = {{"build", "building", "built"},
                                   {"fetch", "fetching", "fetched"},
                                   {"unpack", "unpacking", "unpacked"},
                                   {"lock", "locking", "locked"},
                                   {"push", "pushing", "pushed"},
                                   {"upload", "uploading", "uploaded"},
                                   {"copy", "copying", "copied"},
                                   {"substitute", "substituting", "substituted"},
                                   {"check", "checking", "checked"}};
  for (const Verb& verb : verbs)
    if (verb.kind == kind) return verb;
  return {kind, kind, kind};
}

std::string paint(bool colour, std::string_view code, std::string_view text) {
  return colour ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
}

struct Job {
  JobStarted what{};
  Clock::time_point start{};
  std::string last_line{};
  JobProgress progress{};
  std::optional<JobProgress> first{};   // what there was of it before
};

std::string finished_line(const Job& job, const JobFinished& event, bool colour) {
  const Verb verb = verb_of(job.what.kind);
  if (event.cancelled)
    return fmt::format("{} {} {} after {}\n", paint(colour, "33", "cancelled"), verb.running, job.what.name,
                       human_seconds(event.seconds));
  if (!event.ok)
    return fmt::format("{} {} {} after {}\n", paint(colour, "1;31", "failed"), verb.running, job.what.name,
                       human_seconds(event.seconds));
  const std::string size = job.progress.done ? fmt::format(", {}", human_bytes(job.progress.done)) : "";
  return fmt::format("{} {} in {}{}\n", paint(colour, "32", verb.done), job.what.name, human_seconds(event.seconds),
                     size);
}

std::string step_text(const StepStarted& step) {
  std::string text = fmt::format("[{}/{}] {}", step.number, step.of, step.name);
  std::vector<std::string> times;
  if (step.seconds) times.push_back("about " + human_seconds(*step.seconds));
  if (step.left && step.number < step.of)
    times.push_back(fmt::format("all that are left about {}", human_seconds(*step.left)));
  return times.empty() ? text : fmt::format("{}: {}", text, join(times, ", "));
}

// UTF-8 characters of a text as they would show; a tab is a blank.
std::vector<std::string> visible_characters(std::string_view text) {
  std::vector<std::string> characters;
  for (const char byte : visible_line(text)) {
    const bool goes_on = (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
    if (goes_on && !characters.empty()) characters.back() += byte;
    else characters.emplace_back(1, byte == '\t' ? ' ' : byte);
  }
  return characters;
}

JobStarted visible_names(JobStarted event) {
  event.name = visible_line(event.name);
  return event;
}

// What all styles for people share: the jobs that run, and whole lines to one descriptor.
class HumanReporter : public Reporter {
 public:
  explicit HumanReporter(ProgressSettings settings) : settings_(std::move(settings)) {}

  void on(const Event& event) override {
    const std::scoped_lock lock(mutex_);
    std::visit(
        Overloaded{[&](const JobStarted& e) {
                     started((jobs_[e.id] = {.what = visible_names(e), .start = settings_.now()}).what);
                   },
                   [&](const JobLog& e) { log(e); },
                   [&](const JobProgress& e) {
                     const auto job = jobs_.find(e.id);
                     if (job == jobs_.end()) return;
                     job->second.progress = e;
                     if (!job->second.first) job->second.first = e;
                   },
                   [&](const JobFinished& e) {
                     const auto job = jobs_.find(e.id);
                     if (job == jobs_.end()) return;
                     finished(job->second, e);
                     jobs_.erase(job);
                   },
                   [&](const Totals& e) { totals_ = e; },
                   [&](const StepStarted& e) { print(visible_line(step_text(e)) + "\n"); },
                   [&](const StepFinished&) {},  // what it came to is a message
                   [&](const Paused& e) { print(fmt::format("paused: {}\n", visible_line(e.why))); },
                   [&](const Resumed& e) { print(fmt::format("goes on, after {}\n", human_seconds(e.seconds))); },
                   [&](const Message& e) { print(visible(e.text) + "\n"); }},
        event);
    after_event();
  }

 protected:
  virtual void started(const JobStarted&) {}
  virtual void finished(const Job&, const JobFinished&) {}
  virtual void print(const std::string& line) { emit(line); }
  virtual void after_event() {}

  void emit(std::string_view bytes) const { (void)write_all(settings_.fd, bytes, "standard error"); }

  ProgressSettings settings_;
  std::mutex mutex_{};
  std::map<std::uint64_t, Job> jobs_{};   // ids grow: the oldest first
  Totals totals_{};

 private:
  void log(const JobLog& event) {
    const auto job = jobs_.find(event.id);
    if (job == jobs_.end()) return;
    const std::string line = visible_line(event.line);
    if (settings_.logs) print(fmt::format("{} {}\n", paint(settings_.colour, "36", job->second.what.name + ">"), line));
    job->second.last_line = line;
  }
};

class PlainReporter final : public HumanReporter {
 public:
  using HumanReporter::HumanReporter;

 private:
  void started(const JobStarted& event) override {
    print(fmt::format("{} {}\n", verb_of(event.kind).running, event.name));
  }
  void finished(const Job& job, const JobFinished& event) override {
    print(finished_line(job, event, settings_.colour));
  }
};

class TtyReporter final : public HumanReporter {
 public:
  explicit TtyReporter(ProgressSettings settings) : HumanReporter(std::move(settings)) {
    if (settings_.live) ticker_ = std::jthread([this](const std::stop_token& stop) { tick(stop); });
  }
  ~TtyReporter() override {
    ticker_.request_stop();
    wake_.notify_all();
    if (ticker_.joinable()) ticker_.join();
    clear();
  }

 private:
  void finished(const Job& job, const JobFinished& event) override {
    if (!event.ok && !event.cancelled) print(finished_line(job, event, settings_.colour));
  }

  void print(const std::string& line) override {
    clear();
    emit(line);
    drawn_at_ = {};
  }

  void after_event() override {
    if (settings_.now() - drawn_at_ >= kRedraw) draw();
  }

  void tick(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, kRedraw);
      if (!stop.stop_requested()) after_event();
    }
  }

  void clear() {
    if (shown_ == 0) return;
    std::string bytes = "\r\033[K";
    for (; shown_ > 1; --shown_) bytes += "\033[A\033[K";
    shown_ = 0;
    emit(bytes);
  }

  // Downloads that take long, the oldest first.
  std::vector<const Job*> slow_downloads() const {
    std::vector<const Job*> slow;
    for (const auto& [id, job] : jobs_)
      if (job.first && (job.what.kind == "fetch" || job.what.kind == "substitute") &&
          settings_.now() - job.start >= kSlow && slow.size() < kMostLines)
        slow.push_back(&job);
    return slow;
  }

  std::string download_line(const Job& job, unsigned width) const {
    const double seconds = std::chrono::duration<double>(settings_.now() - job.start).count();
    const double rate = static_cast<double>(job.progress.done - std::min(job.first->done, job.progress.done)) / seconds;
    std::string text = human_bytes(job.progress.done);
    if (job.progress.total) text += " of " + human_bytes(job.progress.total);
    text += fmt::format(", {}/s", human_bytes(static_cast<std::uint64_t>(rate)));
    if (rate >= 1 && job.progress.total > job.progress.done)
      text +=
          fmt::format(", {} left", human_seconds(static_cast<double>(job.progress.total - job.progress.done) / rate));
    return elide(fmt::format("{} {}: {}", verb_of(job.what.kind).running, job.what.name, text), width);
  }

  // `told`: those that have a line of their own.
  std::string line(unsigned width, const std::vector<const Job*>& told) const {
    std::string text = fmt::format("[{}/{}]", totals_.done, totals_.total);
    std::vector<const Job*> others;
    for (const auto& [id, job] : jobs_)
      if (std::find(told.begin(), told.end(), &job) == told.end()) others.push_back(&job);
    if (others.empty()) return text;
    const Job& job = *others.front();
    const double seconds = std::chrono::duration<double>(settings_.now() - job.start).count();
    text += fmt::format(" {} {} {}", verb_of(job.what.kind).running, job.what.name, human_seconds(seconds));
    if (others.size() > 1) text += fmt::format(" and {} more", others.size() - 1);
    if (job.progress.total)
      text += fmt::format(": {} of {}", human_bytes(job.progress.done), human_bytes(job.progress.total));
    else if (job.progress.done) text += fmt::format(": {}", human_bytes(job.progress.done));
    else if (!job.last_line.empty() && text.size() + 12 < width)   // a few characters would tell nothing
      text += ": " + elide(job.last_line, width - static_cast<unsigned>(text.size()) - 2);
    return elide(text, width);
  }

  void draw() {
    drawn_at_ = settings_.now();
    if (totals_.total == 0 && jobs_.empty()) return clear();
    // One column stays free: a full line would wrap on some terminals.
    const unsigned width = terminal_width(settings_.fd) - 1;
    const std::vector<const Job*> slow = slow_downloads();
    if (shown_ > slow.size() + 1) clear();
    std::string bytes = shown_ > 1 ? fmt::format("\033[{}A", shown_ - 1) : "";
    for (const Job* job : slow) bytes += "\r" + download_line(*job, width) + "\033[K\n";
    emit(bytes + "\r" + line(width, slow) + "\033[K");
    shown_ = slow.size() + 1;
  }

  Clock::time_point drawn_at_{};
  std::size_t shown_ = 0;   // lines
  std::condition_variable wake_{};
  std::jthread ticker_{};
};

class JsonReporter final : public Reporter {
 public:
  explicit JsonReporter(int fd) : fd_(fd) {}
  void on(const Event& event) override {
    const Json object = std::visit(
        Overloaded{[](const JobStarted& e) {
                     return Json{
                         {"event", "start"}, {"id", e.id}, {"kind", e.kind}, {"name", e.name}, {"subject", e.subject}};
                   },
                   [](const JobLog& e) {
                     return Json{{"event", "log"}, {"id", e.id}, {"line", e.line}};
                   },
                   [](const JobProgress& e) {
                     return Json{{"event", "progress"}, {"id", e.id}, {"done", e.done}, {"total", e.total}};
                   },
                   [](const JobFinished& e) {
                     return Json{{"event", "finish"},
                                 {"id", e.id},
                                 {"ok", e.ok},
                                 {"cancelled", e.cancelled},
                                 {"seconds", e.seconds}};
                   },
                   [](const Totals& e) {
                     return Json{{"event", "totals"}, {"done", e.done}, {"running", e.running}, {"total", e.total}};
                   },
                   [](const StepStarted& e) {
                     return Json{{"event", "step"}, {"number", e.number}, {"of", e.of}, {"name", e.name},
                                 {"seconds", value_or_null(e.seconds)}, {"left", value_or_null(e.left)}};
                   },
                   [](const StepFinished& e) {
                     return Json{{"event", "step-end"}, {"number", e.number}, {"of", e.of},
                                 {"name", e.name},      {"end", e.end},       {"seconds", e.seconds}};
                   },
                   [](const Paused& e) {
                     return Json{{"event", "pause"}, {"scarce", e.scarce}, {"why", e.why}};
                   },
                   [](const Resumed& e) {
                     return Json{{"event", "resume"}, {"seconds", e.seconds}};
                   },
                   [](const Message& e) {
                     return Json{{"event", "message"}, {"text", e.text}};
                   }},
        event);
    const std::string line = json_text(object) + "\n";
    const std::scoped_lock lock(mutex_);
    (void)write_all(fd_, line, "standard error");
  }

 private:
  int fd_;
  std::mutex mutex_{};
};

}  // namespace

ProgressStyle default_progress_style(int fd) {
  return is_smart_terminal(fd) ? ProgressStyle::tty : ProgressStyle::plain;
}

bool want_colour(int fd) {
  if (!environment("NO_COLOR").empty()) return false;
  const std::string_view force = environment("CLICOLOR_FORCE");
  if (!force.empty() && force != "0") return true;
  return is_smart_terminal(fd);
}

unsigned terminal_width(int fd) {
  const std::string_view columns = environment("COLUMNS");
  unsigned width = 0;
  std::from_chars(columns.data(), columns.data() + columns.size(), width);
  winsize size{};
  if (width == 0 && ::ioctl(fd, TIOCGWINSZ, &size) == 0) width = size.ws_col;
  return width == 0 ? 80 : std::max(width, 10U);
}

std::string elide(std::string_view text, unsigned width) {
  const std::vector<std::string> characters = visible_characters(text);
  if (characters.size() <= width) return join(characters, "");
  constexpr std::string_view dots = "...";
  if (width <= dots.size()) return std::string(dots.substr(0, width));
  const std::size_t tail = (width - dots.size()) / 2;
  const std::size_t head = width - dots.size() - tail;
  const std::span<const std::string> all(characters);
  return join(all.first(head), "") + std::string(dots) + join(all.last(tail), "");
}

std::unique_ptr<Reporter> make_reporter(ProgressSettings settings) {
  switch (settings.style) {
    case ProgressStyle::tty: return std::make_unique<TtyReporter>(std::move(settings));
    case ProgressStyle::plain: return std::make_unique<PlainReporter>(std::move(settings));
    case ProgressStyle::json: return std::make_unique<JsonReporter>(settings.fd);
    case ProgressStyle::quiet: break;
  }
  return std::make_unique<NullReporter>();
}

}  // namespace swage
