#include "store/base32.hpp"

#include <array>
#include <fmt/core.h>

namespace swage {

namespace {

constexpr std::string_view kDigits = "0123456789abcdfghijklmnpqrsvwxyz";

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (std::size_t i = 0; i < kDigits.size(); ++i)
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  return values;
}
constexpr std::array<std::int8_t, 256> kValues = make_values();

Fail not_base32(std::string_view text, std::string_view why) {
  return fail(Errc::invalid_input, fmt::format("'{}' is not base-32: {}", text, why));
}

Result<Hash> from_bytes(HashAlgo algo, std::string_view bytes, std::string_view text) {
  if (bytes.size() != hash_size(algo))
    return fail(Errc::invalid_input, fmt::format("'{}' is not a {} hash: {} bytes, {} expected", text, hash_name(algo),
                                                 bytes.size(), hash_size(algo)));
  return Hash::from_bytes(algo, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

Result<Hash> parse_digits(HashAlgo algo, std::string_view digits, std::string_view text) {
  const std::size_t size = hash_size(algo);
  if (digits.size() == size * 2) return Hash::from_hex(algo, digits);
  if (digits.size() == base32_length(size)) {
    SWAGE_TRY(const std::vector<std::uint8_t> bytes, base32_decode(digits));
    return Hash::from_bytes(algo, bytes);
  }
  if (digits.size() == (size + 2) / 3 * 4) {
    SWAGE_TRY(const std::string bytes, base64_decode(digits));
    return from_bytes(algo, bytes, text);
  }
  return fail(Errc::invalid_input,
              fmt::format("'{}' is not a {} hash: {} digits fit neither base-16, base-32 nor base-64", text,
                          hash_name(algo), digits.size()));
}

}  // namespace

bool is_base32_digit(char c) { return kValues[static_cast<unsigned char>(c)] >= 0; }

std::string base32_encode(std::span<const std::uint8_t> bytes) {
  const std::size_t length = base32_length(bytes.size());
  std::string out;
  out.reserve(length);
  for (std::size_t k = length; k-- > 0;) {
    const std::size_t byte = k * 5 / 8;
    const unsigned shift = static_cast<unsigned>(k * 5 % 8);
    unsigned digit = bytes[byte] >> shift;
    if (byte + 1 < bytes.size()) digit |= static_cast<unsigned>(bytes[byte + 1]) << (8 - shift);
    out += kDigits[digit & 31];
  }
  return out;
}

Result<std::vector<std::uint8_t>> base32_decode(std::string_view text) {
  const std::size_t size = text.size() * 5 / 8;
  if (base32_length(size) != text.size())
    return not_base32(text, fmt::format("no byte count gives {} digits", text.size()));
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t k = 0; k < text.size(); ++k) {
    const int value = kValues[static_cast<unsigned char>(text[text.size() - 1 - k])];
    if (value < 0) return not_base32(text, fmt::format("digit {} is not in the alphabet", text.size() - k));
    const std::size_t byte = k * 5 / 8;
    const unsigned shifted = static_cast<unsigned>(value) << (k * 5 % 8);
    bytes[byte] = static_cast<std::uint8_t>(bytes[byte] | shifted);
    const unsigned carry = shifted >> 8;
    if (byte + 1 < size)
      bytes[byte + 1] = static_cast<std::uint8_t>(bytes[byte + 1] | carry);
    else if (carry != 0)
      return not_base32(text, "the spare bits of the first digit are not zero");
  }
  return bytes;
}

std::string hash_base32(const Hash& hash) { return base32_encode(hash.view()); }

Result<Hash> parse_hash(std::string_view text, std::optional<HashAlgo> expected) {
  const std::size_t mark = text.find_first_of(":-");
  if (mark == std::string_view::npos) {
    if (!expected) return fail(Errc::invalid_input, fmt::format("'{}' is not a hash: it names no algorithm", text));
    return parse_digits(*expected, text, text);
  }
  SWAGE_TRY(const HashAlgo algo, parse_hash_algo(text.substr(0, mark)));
  if (expected && algo != *expected)
    return fail(Errc::invalid_input, fmt::format("'{}' is not a {} hash", text, hash_name(*expected)));
  const std::string_view digits = text.substr(mark + 1);
  if (text[mark] == ':') return parse_digits(algo, digits, text);
  SWAGE_TRY(const std::string bytes, base64_decode(digits));
  return from_bytes(algo, bytes, text);
}

std::vector<std::uint8_t> compress_hash(const Hash& hash, std::size_t size) {
  std::vector<std::uint8_t> out(size);
  const auto bytes = hash.view();
  for (std::size_t i = 0; i < bytes.size(); ++i) out[i % size] = static_cast<std::uint8_t>(out[i % size] ^ bytes[i]);
  return out;
}

}  // namespace swage
