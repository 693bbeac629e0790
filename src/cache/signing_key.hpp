// Keys of binary caches: ed25519 (RFC 8032, by OpenSSL) in Nix's text form, `NAME:BASE64`. A public key has 32 bytes, a
// secret one 64: the seed, then the public key. Source: NixOS/nix src/libutil/signature/local-keys.cc.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace swage {

// What a key may be called: one word of letters, digits and `.`, `-`, `_`, at most 128 of them.
Result<void> check_key_name(std::string_view name);

struct PublicKey {
  std::string name{};
  std::array<std::uint8_t, 32> bytes{};

  // Errors name the key, not the text: invalid_input.
  static Result<PublicKey> parse(std::string_view text);
  std::string str() const;
  friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

class SecretKey {
 public:
  static Result<SecretKey> generate(std::string_view name);
  // No error shows what it could not read. A public key that is not the seed's is refused.
  static Result<SecretKey> parse(std::string_view text);
  static Result<SecretKey> read(const std::string& file);     // the error names it

  const PublicKey& public_key() const { return public_; }
  std::string str() const;                                    // secret
  std::string sign(std::string_view message) const;           // `NAME:BASE64`

 private:
  SecretKey() = default;
  static Result<SecretKey> of_seed(std::string_view name, const std::array<std::uint8_t, 32>& seed);
  PublicKey public_{};
  std::array<std::uint8_t, 32> seed_{};
};

// Which of the keys made this signature of the message: null, when it is of another key, malformed or of something
// else.
const PublicKey* signer(const std::vector<PublicKey>& keys, std::string_view message, std::string_view signature);

}  // namespace swage
