#include "realise/durations.hpp"

#include <charconv>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

namespace {

constexpr double kGuess = 5.0;

std::map<std::string, double> read_entries(const fs::path& file) {
  std::map<std::string, double> entries;
  const Result<std::string> text = read_file(file);
  if (!text) return entries;
  for (const std::string_view line : split(*text, '\n')) {
    const auto words = split_words(line);
    double seconds = 0;
    if (words.size() == 2 &&
        std::from_chars(words[0].data(), words[0].data() + words[0].size(), seconds).ec == std::errc())
      entries[std::string(words[1])] = seconds;
  }
  return entries;
}

}  // namespace

Durations Durations::load(const fs::path& file) {
  Durations durations(file);
  durations.known_ = read_entries(file);
  return durations;
}

std::optional<double> Durations::find(const std::string& name) const {
  const auto found = known_.find(name);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

double Durations::expected(const std::string& name) const { return find(name).value_or(kGuess); }

void Durations::record(const std::string& name, double seconds) { fresh_[name] = seconds; }

Result<void> Durations::save() const {
  if (fresh_.empty()) return {};
  SWAGE_TRY(const FileLock lock, FileLock::acquire(file_.string() + ".lock", FileLock::Mode::exclusive));
  std::map<std::string, double> entries = read_entries(file_);
  for (const auto& [name, seconds] : fresh_) entries[name] = seconds;
  std::string text;
  for (const auto& [name, seconds] : entries) text += fmt::format("{:.3f} {}\n", seconds, name);
  return write_file_atomically(file_, text, 0644, Durability::volatile_ok);
}

}  // namespace swage
