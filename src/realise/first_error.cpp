#include "realise/first_error.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace swage {

namespace {

constexpr std::size_t kBefore = 4, kAfter = 8;
constexpr std::size_t kLongestShown = 1000;   // bytes of a line

// A hostile log may have lines of any length. Not cut within a character of UTF-8.
std::string shown(std::string_view line) {
  if (line.size() <= kLongestShown) return std::string(line);
  std::size_t end = kLongestShown;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;
  return fmt::format("{}...", line.substr(0, end));
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

template <class Lines>
std::string listed(std::string text, const Lines& lines) {
  for (const std::string& line : lines) text += "\n  " + shown(line);
  return text;
}

}  // namespace

void FirstError::take(std::string_view line) {
  ++count_;
  if (!lines_) return;
  const bool open = !row_ || row_->weak;
  const LogLineRow* row = open ? lines_->find(line, said_) : nullptr;
  if (row && (!row_ || !row->weak)) {
    row_ = row;
    at_ = count_;
    first_ = count_ - last_.size();
    around_.assign(last_.begin(), last_.end());
    wanted_ = kAfter + 1;
  }
  if (wanted_ > 0) {
    around_.push_back(shown(line));
    --wanted_;
  }
  if (open) {
    last_.push_back(shown(line));
    if (last_.size() > kBefore) last_.pop_front();
    if (!is_blank(line)) said_ = last_.back();
  }
}

std::vector<std::string> FirstError::before_tail(const std::deque<std::string>& tail) const {
  if (!row_ || at_ >= first_of(tail)) return {};
  std::vector<std::string> lines = around_;
  lines.resize(std::min(lines.size(), first_of(tail) - first_));
  return lines;
}

std::vector<std::string> FirstError::notes(const std::deque<std::string>& tail) const {
  if (tail.empty()) return {"it printed nothing"};
  std::vector<std::string> notes;
  if (const std::vector<std::string> lines = before_tail(tail); !lines.empty())
    notes.push_back(listed(fmt::format("the first error, in line {} of its log:", at_), lines));
  notes.push_back(
      listed(tail.size() == 1 ? "last line of its log:" : fmt::format("last {} lines of its log:", tail.size()), tail));
  return notes;
}

const LogLineRow* FirstError::known(const std::deque<std::string>& tail) const {
  if (!lines_ || (row_ && !row_->text.empty())) return row_;
  const auto find = [&](const auto& lines) -> const LogLineRow* {
    std::string_view before;
    for (const std::string& line : lines) {
      if (const LogLineRow* row = lines_->find(line, before); row && !row->text.empty()) return row;
      if (!is_blank(line)) before = line;
    }
    return nullptr;
  };
  const LogLineRow* row = find(before_tail(tail));
  return row ? row : find(tail);
}

}  // namespace swage
