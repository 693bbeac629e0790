#include "catalog/parse_ahead.hpp"

#include <algorithm>

namespace swage {

namespace {

// A thread takes longer to start than a smaller file to parse.
constexpr std::uintmax_t kWorthAThread = 16 * 1024;

}  // namespace

Result<std::optional<TomlDocument>> parse_file(const std::vector<Layer>& layers, const fs::path& path) {
  SWAGE_TRY(std::optional<std::string> text, find_text(layers, path, kLargestTable));
  if (!text) return std::optional<TomlDocument>();
  SWAGE_TRY(TomlDocument document, parse_toml(std::move(*text), path.string()));
  return std::optional(std::move(document));
}

void ParseAhead::Job::run(const std::vector<Layer>& layers) {
  result = parse_file(layers, path);
  done = true;
  done.notify_one();
}

ParseAhead::ParseAhead(const std::vector<Layer>& layers, const std::vector<fs::path>& paths) : layers_(layers) {
  std::vector<std::pair<std::uintmax_t, const fs::path*>> sizes;
  for (const fs::path& path : paths) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path, error);
    if (!error) sizes.emplace_back(size, &path);
  }
  std::stable_sort(sizes.begin(), sizes.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [size, path] : sizes) jobs_.emplace_back().path = *path;
  const auto large = static_cast<std::size_t>(
      std::count_if(sizes.begin(), sizes.end(), [](const auto& size) { return size.first >= kWorthAThread; }));
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  for (std::size_t i = 1; i < std::min(cores, large + 1); ++i)
    threads_.emplace_back([this] {
      for (Job& job : jobs_)
        if (!ending_ && job.claim()) job.run(layers_);
    });
}

ParseAhead::~ParseAhead() {
  ending_ = true;
  for (std::thread& thread : threads_) thread.join();
}

Result<std::optional<TomlDocument>> ParseAhead::take(const fs::path& path) {
  const auto job = std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& one) { return one.path == path; });
  if (job == jobs_.end()) return parse_file(layers_, path);
  if (job->claim()) job->run(layers_);
  // While another thread is at it, what is wanted later.
  for (Job& other : jobs_) {
    if (job->done) break;
    if (other.claim()) other.run(layers_);
  }
  job->done.wait(false);
  return std::move(*job->result);
}

}  // namespace swage
