#include "daemon/daemon_progress.hpp"

#include "base/text.hpp"

namespace swage {

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

DaemonProgress::~DaemonProgress() {
  for (const auto& [number, job] : jobs_)
    reporter_.on(JobFinished{.id = job.id, .ok = false, .seconds = seconds_since(job.begin), .cancelled = true});
}

void DaemonProgress::start(const DaemonStart& start) {
  const auto type = static_cast<DaemonActivity>(start.type);
  if (type != DaemonActivity::build && type != DaemonActivity::substitute) return;
  const std::string* subject = field_text(start.fields, 0);   // a derivation, or a path
  const Result<StorePath> path = subject ? StorePath::parse(*subject) : fail(Errc::corrupt, "no path");
  if (!path) return;
  std::string name(path->name());
  if (name.ends_with(".drv")) name.resize(name.size() - 4);
  const Job job{.id = next_job_id(), .begin = std::chrono::steady_clock::now()};
  if (!jobs_.emplace(start.id, job).second) return;   // one number twice
  reporter_.on(JobStarted{.id = job.id, .kind = type == DaemonActivity::build ? "build" : "substitute",
                          .name = std::move(name), .subject = path->str()});
}

void DaemonProgress::on(const DaemonMessage& message) {
  if (const auto* text = std::get_if<DaemonText>(&message)) {
    if (const std::string_view line = trim(text->text); !line.empty()) reporter_.on(Message{std::string(line)});
  } else if (const auto* started = std::get_if<DaemonStart>(&message)) {
    start(*started);
  } else if (const auto* stopped = std::get_if<DaemonStop>(&message)) {
    const auto at = jobs_.find(stopped->id);
    if (at == jobs_.end()) return;
    reporter_.on(JobFinished{.id = at->second.id, .seconds = seconds_since(at->second.begin)});
    jobs_.erase(at);
  } else if (const auto* news = std::get_if<DaemonNews>(&message)) {
    const auto at = jobs_.find(news->id);
    const std::string* line = field_text(news->fields, 0);
    if (at != jobs_.end() && line && static_cast<DaemonResult>(news->type) == DaemonResult::build_log_line)
      reporter_.on(JobLog{.id = at->second.id, .line = *line});
  }
}

}  // namespace swage
