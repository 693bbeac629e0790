#include "base/json.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <nlohmann/detail/conversions/to_chars.hpp>

namespace swage {

namespace {

struct Utf8 {
  char32_t code = 0;
  std::size_t length = 1;
  bool valid = false;
};

// The first character. What is no UTF-8 is as long as what could still have become a character.
Utf8 first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 1;
  char32_t code = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    // Of the second byte the range depends on the first: no overlong forms, no surrogates, nothing past U+10FFFF.
    const unsigned char low = i > 1 ? 0x80 : lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = i > 1 ? 0xbf : lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {0, i, false};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  return {code, length, length > 1};
}

void write_unit(std::string& out, std::uint32_t unit) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) out += digits[unit >> shift & 0xf];
}

void write_escaped(std::string& out, char32_t code) {
  if (code < 0x10000) return write_unit(out, code);
  write_unit(out, 0xd800 + ((code - 0x10000) >> 10));
  write_unit(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
}

void write_string(std::string& out, std::string_view text, JsonAscii ascii) {
  constexpr std::string_view named = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
  out += '"';
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  while (true) {
    const auto plain = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const Utf8 one = first_character(text);
    if (!one.valid) {
      if (ascii == JsonAscii::yes) write_escaped(out, 0xfffd);
      else out += "\xef\xbf\xbd";
    } else if (const auto at = one.length == 1 ? named.find(text[0]) : std::string_view::npos;
               at != std::string_view::npos) {
      out += '\\';
      out += letters[at];
    } else if (one.code < 0x20 || (ascii == JsonAscii::yes && one.code > 0x7e)) {
      write_escaped(out, one.code);
    } else {
      out += text.substr(0, one.length);
    }
    text.remove_prefix(one.length);
  }
  out += '"';
}

template <class T>
void write_integer(std::string& out, T value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end.ptr);
}

// The shortest text that reads as the same number; what JSON has no number for is null.
void write_real(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 64> digits{};
  const char* end = nlohmann::detail::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

}  // namespace

Json::Json(Kind kind, std::uint64_t number) : kind_(kind), number_(number) {}
Json::Json(std::nullptr_t) {}
Json::Json(double value) : Json(Kind::real, std::bit_cast<std::uint64_t>(value)) {}
Json::Json(const char* text) : Json(std::string(text)) {}
Json::Json(std::string text) : kind_(Kind::text), text_(std::move(text)) {}
Json::Json(std::string_view text) : Json(std::string(text)) {}
Json::Json(const std::vector<std::string>& texts) : kind_(Kind::array), items_(texts.begin(), texts.end()) {}
Json::Json(const std::set<std::string>& texts) : kind_(Kind::array), items_(texts.begin(), texts.end()) {}
Json::Json(const std::map<std::string, std::string>& texts) : kind_(Kind::object) {
  for (const auto& [key, text] : texts) (*this)[key] = text;
}
Json::Json(std::vector<Json> items) : kind_(Kind::array), items_(std::move(items)) {}
Json::Json(const Json&) = default;
Json::Json(Json&& other) noexcept = default;
Json::~Json() = default;

Json& Json::operator=(Json other) noexcept {
  kind_ = other.kind_;
  number_ = other.number_;
  text_.swap(other.text_);
  keys_.swap(other.keys_);
  items_.swap(other.items_);
  return *this;
}

Json::Json(std::initializer_list<JsonPart> items) : kind_(Kind::array) {
  const auto is_pair = [](const JsonPart& part) {
    return part.value_.is_array() && part.value_.items_.size() == 2 && part.value_.items_[0].is_string();
  };
  items_.reserve(items.size());
  if (items.size() == 0 || !std::all_of(items.begin(), items.end(), is_pair)) {
    for (const JsonPart& part : items) items_.push_back(std::move(part.value_));
    return;
  }
  kind_ = Kind::object;
  keys_.reserve(items.size());
  for (const JsonPart& part : items) {
    std::vector<Json>& pair = part.value_.items_;
    (*this)[pair[0].text_] = std::move(pair[1]);
  }
}

Json Json::array() { return Json(Kind::array, 0); }
Json Json::object() { return Json(Kind::object, 0); }

void Json::push_back(Json item) {
  if (is_null()) kind_ = Kind::array;
  items_.push_back(std::move(item));
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) kind_ = Kind::object;
  const auto found = std::find(keys_.begin(), keys_.end(), key);
  if (found != keys_.end()) return items_[static_cast<std::size_t>(found - keys_.begin())];
  keys_.emplace_back(key);
  items_.emplace_back();
  return items_.back();
}

void Json::update(const Json& object) {
  for (std::size_t i = 0; i < object.keys_.size(); ++i) (*this)[object.keys_[i]] = object.items_[i];
}

void Json::erase(std::string_view key) {
  const auto found = std::find(keys_.begin(), keys_.end(), key);
  if (found == keys_.end()) return;
  items_.erase(items_.begin() + (found - keys_.begin()));
  keys_.erase(found);
}

void Json::write(std::string& out, std::optional<unsigned> indent, unsigned depth) const {
  switch (kind_) {
    case Kind::null: out += "null"; return;
    case Kind::boolean: out += number_ ? "true" : "false"; return;
    case Kind::integer: return write_integer(out, static_cast<std::int64_t>(number_));
    case Kind::natural: return write_integer(out, number_);
    case Kind::real: return write_real(out, std::bit_cast<double>(number_));
    case Kind::text: return write_string(out, text_, JsonAscii::no);
    case Kind::array:
    case Kind::object: break;
  }
  const bool is_object = kind_ == Kind::object;
  const auto new_line = [&](unsigned at) {
    if (indent && !items_.empty()) out.append(1, '\n').append(std::size_t{*indent} * at, ' ');
  };
  out += is_object ? '{' : '[';
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (i != 0) out += ',';
    new_line(depth + 1);
    if (is_object) {
      write_string(out, keys_[i], JsonAscii::no);
      out += indent ? ": " : ":";
    }
    items_[i].write(out, indent, depth + 1);
  }
  new_line(depth);
  out += is_object ? '}' : ']';
}

std::string Json::dump(std::optional<unsigned> indent) const {
  std::string out;
  write(out, indent, 0);
  return out;
}

std::string json_string(std::string_view text, JsonAscii ascii) {
  std::string out;
  write_string(out, text, ascii);
  return out;
}

}  // namespace swage
