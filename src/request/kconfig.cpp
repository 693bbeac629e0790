#include "request/kconfig.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>

#include "base/text.hpp"
#include "catalog/version.hpp"

namespace swage {

namespace {

bool is_symbol(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

// A text in double quotes, on one line, with the quotes and backslashes inside escaped.
bool is_quoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return false;
  value = value.substr(1, value.size() - 2);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '"' || (value[i] != '\t' && std::iscntrl(static_cast<unsigned char>(value[i])))) return false;
    if (value[i] == '\\' && (++i == value.size() || std::iscntrl(static_cast<unsigned char>(value[i])))) return false;
  }
  return true;
}

bool is_value(std::string_view value) {
  if (value == "y" || value == "m" || value == "n" || is_quoted(value)) return true;
  if (value.starts_with('-')) return is_number(value.substr(1));
  if (value.starts_with("0x") || value.starts_with("0X")) value.remove_prefix(2);
  return !value.empty() && std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isxdigit(c); });
}

// A line of a configuration that is none, and where.
Error bad_line(std::string_view line, unsigned number, const std::string& file, std::string what) {
  std::string shown = printable(line);
  const auto length = static_cast<unsigned>(shown.size());
  return {
      .what = std::move(what),
      .where = SourcePos{.file = file, .line = number, .column = 1, .length = length, .line_text = std::move(shown)}};
}

constexpr std::size_t kMostErrors = 20;
constexpr std::size_t kLongestShown = 100;

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (out.size() >= kLongestShown) return out + "...";
    if (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f) out.push_back(c);
    else if (c == '\t') out += "\\t";
    else if (c == '\n') out += "\\n";
    else out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

Result<std::string> config_symbol(std::string_view text) {
  std::string_view name = text;
  if (name.starts_with("CONFIG_")) name.remove_prefix(7);
  if (!is_symbol(name))
    return fail(Errc::invalid_input, fmt::format("'{}' is not a configuration symbol", printable(text)));
  return fmt::format("CONFIG_{}", name);
}

Result<std::string> config_assignment(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos)
    return Fail(Error{.what = fmt::format("'{}' does not set a value", printable(text)),
                      .hint = fmt::format("write it as: --set {}=VALUE", printable(text))});
  SWAGE_TRY(const std::string symbol, config_symbol(text.substr(0, equals)));
  const std::string_view value = text.substr(equals + 1);
  if (!is_value(value))
    return Fail(Error{.what = fmt::format("'{}' is not a configuration value", printable(value)),
                      .hint = "values are y, m, n, a number, or a text in double quotes"});
  return fmt::format("{}={}", symbol, value);
}

namespace {

// Of a line `# CONFIG_NAME is not set`; "" it is another comment.
std::string symbol_not_set(std::string_view comment) {
  const auto words = split_words(comment.substr(1));
  if (words.size() != 4 || !words[0].starts_with("CONFIG_") || !config_symbol(words[0])) return "";
  return words[1] == "is" && words[2] == "not" && words[3] == "set" ? std::string(words[0]) : "";
}

}  // namespace

Result<std::vector<std::string>> parse_config(std::string_view text, const std::string& file) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);   // of an editor
  if (text.find('\0') != std::string_view::npos)
    return fail(Errc::invalid_input, fmt::format("'{}' is not a kernel configuration: it is no text", file));
  std::vector<std::string> lines;
  std::vector<Error> errors;
  std::size_t more = 0;
  unsigned number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (line.empty()) continue;
    if (line.starts_with('#')) {
      if (const std::string symbol = symbol_not_set(line); !symbol.empty())
        lines.push_back(fmt::format("{}=n", symbol));
      continue;
    }
    Result<std::string> assignment = config_assignment(line);
    if (assignment && line.starts_with("CONFIG_")) {
      lines.push_back(std::move(*assignment));
      continue;
    }
    if (errors.size() == kMostErrors) ++more;
    else
      errors.push_back(
          bad_line(line, number, file, fmt::format("'{}' is not a line of a kernel configuration", printable(line))));
  }
  if (more > 0) errors.back().notes.push_back(fmt::format("and {} more", more));
  if (errors.empty()) return lines;
  return Fail(together(std::move(errors)));
}

Result<std::string> kernel_tree_version(std::string_view makefile, const std::string& file) {
  std::string version, patchlevel, sublevel, extra;
  for (const std::string_view line : split(makefile, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view key = trim(line.substr(0, equals));   // VERSION := 4   # all that make takes
    if (key.ends_with(':')) key = trim(key.substr(0, key.find(':')));
    const std::string value(trim(line.substr(0, line.find('#')).substr(std::min(equals + 1, line.find('#')))));
    if (key == "VERSION" && version.empty()) version = value;
    else if (key == "PATCHLEVEL" && patchlevel.empty()) patchlevel = value;
    else if (key == "SUBLEVEL" && sublevel.empty()) sublevel = value;
    else if (key == "EXTRAVERSION" && extra.empty()) extra = value;
    else if (key == "NAME") break;
  }
  std::string out = fmt::format("{}.{}", version, patchlevel);
  if (!sublevel.empty() && (sublevel != "0" || version == "2")) out += "." + sublevel;
  // What the release added: -rc1, or .67 of 2.6.32.67. What comes after that (-rc1+, .67-dirty), and numbers that are
  // dates, are of those who changed the tree.
  const std::size_t skipped = extra.starts_with("-rc") ? 3 : extra.starts_with('.') ? 1 : 0;
  const std::size_t end = std::min(extra.find_first_not_of("0123456789", skipped), extra.size());
  if (skipped > 0 && end > skipped && Version::parse(out + extra.substr(0, end))) out += extra.substr(0, end);
  if (!is_number(version) || !is_number(patchlevel) || (!sublevel.empty() && !is_number(sublevel)) ||
      !Version::parse(out))
    return fail(Errc::invalid_input, fmt::format("'{}' does not declare a kernel version", file));
  return out;
}

Result<void> check_config_arch(std::string_view text, const std::string& file, std::string_view arch) {
  unsigned number = 0;
  for (const std::string_view line : split(text, '\n')) {
    if (++number > 10) break;
    const auto at = line.find("# Linux/");
    const auto end = line.find(' ', at + 8);
    if (at != 0 || end == std::string_view::npos || line.find("Kernel Configuration") == std::string_view::npos)
      continue;
    std::string_view made_for = line.substr(8, end - 8);
    if (made_for == "x86_64" || made_for == "i386") made_for = "x86";
    if (made_for == arch) return {};
    return Fail(bad_line(line, number, file,
                         fmt::format("'{}' is a configuration for {}, not for {}", file, printable(made_for), arch)));
  }
  return {};
}

}  // namespace swage
