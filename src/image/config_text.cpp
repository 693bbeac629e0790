#include "image/config_text.hpp"

#include "base/text.hpp"

namespace swage {

namespace {

void parse_line(std::string_view read, ConfigLine& line) {
  const std::size_t begin = read.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return;
  read.remove_prefix(begin);
  line.key_column = line.value_column = static_cast<unsigned>(begin + 1);
  if (read.front() == '#') {
    line.kind = ConfigLine::Kind::comment;
    return;
  }
  if (read.front() == '[') {
    const std::size_t end = read.find(']');
    line.kind = end == std::string_view::npos ? ConfigLine::Kind::other : ConfigLine::Kind::filter;
    line.key = end == std::string_view::npos ? std::string(read) : std::string(read.substr(1, end - 1));
    line.key_column += line.kind == ConfigLine::Kind::filter;
    return;
  }
  const std::size_t equals = read.find('='), blank = read.find_first_of(" \t");
  const std::string_view word = read.substr(0, blank);
  const bool directive = blank != std::string_view::npos && (word == "include" || word == "initramfs");
  const std::size_t at = directive ? blank : equals;
  line.key = std::string(directive ? word : read.substr(0, at));
  if (at == std::string_view::npos) {
    line.kind = ConfigLine::Kind::other;
    return;
  }
  line.kind = directive ? ConfigLine::Kind::directive : ConfigLine::Kind::setting;
  const std::string_view rest = read.substr(at + 1);
  const std::size_t value = directive ? rest.find_first_not_of(" \t") : 0;
  if (value == std::string_view::npos) return;
  line.value = std::string(rest.substr(value));
  line.value.erase(line.value.find_last_not_of(" \t") + 1);
  line.value_column += static_cast<unsigned>(at + 1 + value);
}

}  // namespace

std::vector<ConfigLine> parse_config(std::string_view file, std::string_view text) {
  std::vector<ConfigLine> lines;
  if (text.empty()) return lines;
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (std::string_view one : split(text, '\n')) {
    if (one.ends_with('\r')) one.remove_suffix(1);
    ConfigLine& line = lines.emplace_back();
    line.file = std::string(file);
    line.number = static_cast<unsigned>(lines.size());
    line.text = std::string(one);
    line.is_cut = one.size() > kLongestConfigLine;
    parse_line(one.substr(0, kLongestConfigLine), line);
  }
  return lines;
}

}  // namespace swage
