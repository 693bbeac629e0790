#include "image/utf16.hpp"

#include "image/image_bytes.hpp"

namespace swage {

namespace {

void add_utf8(std::string& out, std::uint32_t point) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0 | point >> 6);
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0 | point >> 12);
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xf0 | point >> 18);
    tail(12), tail(6), tail(0);
  }
}

}  // namespace

std::string from_utf16(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at + 2 <= bytes.size(); at += 2) {
    auto unit = static_cast<std::uint32_t>(little_endian(bytes, at, 2));
    if (unit == 0) break;
    const bool high = unit >= 0xd800 && unit < 0xdc00, low = unit >= 0xdc00 && unit < 0xe000;
    if (high && at + 4 <= bytes.size()) {
      const auto second = static_cast<std::uint32_t>(little_endian(bytes, at + 2, 2));
      if (second >= 0xdc00 && second < 0xe000) {
        add_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00));
        at += 2;
        continue;
      }
    }
    add_utf8(out, high || low ? 0xfffd : unit);
  }
  return out;
}

}  // namespace swage
