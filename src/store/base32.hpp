// Nix's base-32: alphabet 0123456789abcdfghijklmnpqrsvwxyz (no e o u t), least significant bits first, most significant
// digit first. Source: NixOS/nix src/libutil/base-nix-32.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace swage {

constexpr std::size_t base32_length(std::size_t bytes) { return bytes ? (bytes * 8 - 1) / 5 + 1 : 0; }
std::string base32_encode(std::span<const std::uint8_t> bytes);
// Rejects other characters, lengths that no byte count gives, and non-zero spare bits in the top digit.
Result<std::vector<std::uint8_t>> base32_decode(std::string_view text);
bool is_base32_digit(char c);

std::string hash_base32(const Hash& hash);  // the digits alone
// `sha256:<base16|base32|base64>` (the length decides) or SRI `sha256-<base64>`; without a prefix `expected` names it.
Result<Hash> parse_hash(std::string_view text, std::optional<HashAlgo> expected = {});
// Folds a hash to `size` bytes by XOR, as store paths do with 20.
std::vector<std::uint8_t> compress_hash(const Hash& hash, std::size_t size);

}  // namespace swage
