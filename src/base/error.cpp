#include "base/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <iterator>

#include "base/url.hpp"
#include "base/visible.hpp"

namespace swage {

Fail fail(Errc code, std::string what) { return Fail(Error{.code = code, .what = std::move(what)}); }

Fail fail_errno(std::string what, int err) {
  Error error{.code = Errc::environment, .what = fmt::format("{}: {}", what, std::strerror(err)), .os_error = err};
  if (is_no_space(err)) error.hint = "free space with: swage store gc";
  if (err == EMFILE) error.hint = "allow more open files, and try again: ulimit -n 1024";
  return Fail(std::move(error));
}

bool is_no_space(int err) { return err == ENOSPC || err == EDQUOT; }

Error together(std::vector<Error> errors) {
  Error first = std::move(errors.front());
  first.also.insert(first.also.end(), std::make_move_iterator(errors.begin() + 1),
                    std::make_move_iterator(errors.end()));
  return first;
}

int exit_code(Errc code) {
  switch (code) {
    case Errc::invalid_input: return 2;
    case Errc::unsatisfiable: return 3;
    case Errc::environment: return 4;
    case Errc::interrupted: return 130;
    case Errc::build_failed:
    case Errc::irreproducible:
    case Errc::hash_mismatch:
    case Errc::corrupt: return 1;
  }
  return 1;
}

namespace {

// Foreign text must not pass for a line of ours: what goes on below its first line is indented.
std::string visible_note(std::string_view text) {
  std::string out = visible(text);
  for (std::size_t at = 0; (at = out.find('\n', at)) != std::string::npos; ++at)
    if (out.compare(at + 1, 2, "  ") != 0) out.insert(at + 1, "  ");
  return out;
}

// A tab stays a tab under the line, so that the caret lands under its column in any terminal.
std::string blanks_under(std::string_view text) {
  std::string out;
  for (const char byte : text)
    if (byte == '\t') out += '\t';
    else if ((static_cast<unsigned char>(byte) & 0xc0) != 0x80) out += ' ';   // one for each character
  return out;
}

// A line that is too long for people is shown around what is meant.
SourcePos shortened(SourcePos pos) {
  constexpr std::size_t before = 100, longest = 240;
  if (pos.line_text.size() <= longest) return pos;
  constexpr std::string_view dots = "...";
  std::string& text = pos.line_text;
  const auto inside_letter = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
  };
  std::size_t from = pos.column > before ? pos.column - before : 0, to = from + longest;
  while (inside_letter(from)) ++from;
  while (inside_letter(to)) ++to;
  if (to < text.size()) text.replace(to, std::string::npos, dots);
  if (from > 0) {
    text.replace(0, from, dots);
    pos.column = static_cast<unsigned>(pos.column - from + dots.size());
  }
  pos.length = static_cast<unsigned>(
      std::min<std::size_t>(pos.length, text.size() - std::min<std::size_t>(pos.column - 1, text.size() - 1)));
  return pos;
}

std::string rendered(const Error& error, bool colour) {
  const auto paint = [&](std::string_view code, std::string_view text) {
    return colour ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
  };
  std::string out = fmt::format("{} {}\n", paint("1;31", "error:"), visible_note(error.what));
  if (error.where) {
    const SourcePos pos = shortened(*error.where);
    out += fmt::format("  --> {}:{}:{}\n", visible_line(pos.file), pos.line, error.where->column);
    if (!pos.line_text.empty()) {
      const std::string number = std::to_string(pos.line);
      const std::string pad = blanks_under(visible_line(std::string_view(pos.line_text).substr(0, pos.column - 1)));
      out += fmt::format("{:>4} | {}\n", number, visible_line(pos.line_text));
      out += fmt::format("     | {}{}\n", pad, paint("1;31", std::string(pos.length ? pos.length : 1, '^')));
    }
  }
  for (const std::string& note : error.notes) out += fmt::format("{} {}\n", paint("1;36", "note:"), visible_note(note));
  if (!error.hint.empty()) out += fmt::format("{} {}\n", paint("1;32", "hint:"), visible_note(error.hint));
  for (const Error& other : error.also) out += rendered(other, colour);
  return out;
}

}  // namespace

std::string render(const Error& error, bool colour) { return without_secrets(rendered(error, colour)); }

}  // namespace swage
