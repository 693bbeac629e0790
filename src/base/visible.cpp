#include "base/visible.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/core.h>
#include <optional>

namespace swage {

namespace {

struct Range {
  char32_t first, last;
};
// By Unicode's Bidi_Control, and the few others that the header names. Sorted.
constexpr Range kSpeltOut[] = {{0x00, 0x08},     {0x0b, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},
                               {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xe0000, 0xe007f}};

bool is_spelt_out(char32_t character) {
  return std::any_of(std::begin(kSpeltOut), std::end(kSpeltOut),
                     [&](Range range) { return character >= range.first && character <= range.last; });
}

bool is_plain(char byte) { return (byte >= 0x20 && byte < 0x7f) || byte == '\t'; }

struct Character {
  char32_t code;
  std::size_t size;
};

// The character that `text` begins with, by table 3-7 of the Unicode standard.
std::optional<Character> decode(std::string_view text) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return Character{lead, 1};
  const std::size_t size = lead >= 0xc2 && lead < 0xe0   ? 2
                           : lead >= 0xe0 && lead < 0xf0 ? 3
                           : lead >= 0xf0 && lead < 0xf5 ? 4
                                                         : 0;
  if (size == 0) return std::nullopt;
  char32_t code = lead & (0x7fU >> size);
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return std::nullopt;
    code = code << 6 | (byte(at) & 0x3f);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[size] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) return std::nullopt;
  return Character{code, size};
}

// The length of a sequence that sets colours, 0 when there is none at the beginning.
std::size_t colour_sequence(std::string_view text) {
  if (!text.starts_with("\033[")) return 0;
  const std::size_t end = text.find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

enum class LineEnds { stay, spelt_out };
enum class Colours { dropped, stay };

std::string make_visible(std::string_view text, LineEnds line_ends, Colours colours) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t colour = colour_sequence(text);
    const std::optional<Character> character = decode(text);
    const std::size_t size = colour ? colour : character ? character->size : 1;
    if (colour) {
      if (colours == Colours::stay) out += text.substr(0, size);
    } else if (!character) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (is_spelt_out(character->code) || (text.front() == '\n' && line_ends == LineEnds::spelt_out)) {
      const auto code = static_cast<std::uint32_t>(character->code);
      out += code > 0xffff ? fmt::format("\\U{:08x}", code) : fmt::format("\\u{:04x}", code);
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace

std::string visible(std::string_view text) { return make_visible(text, LineEnds::stay, Colours::dropped); }
std::string visible_line(std::string_view text) { return make_visible(text, LineEnds::spelt_out, Colours::dropped); }
std::string visible_painted(std::string_view text) { return make_visible(text, LineEnds::stay, Colours::stay); }

}  // namespace swage
