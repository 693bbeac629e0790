// Cryptographic hashes (by OpenSSL, which uses the CPU's SHA instructions) and their text forms base16 and base64.
// The Nix base-32 form belongs to the store layer (store/base32.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace swage {

enum class HashAlgo : std::uint8_t { md5, sha1, sha256, sha512 };

std::size_t hash_size(HashAlgo algo);           // bytes
std::string_view hash_name(HashAlgo algo);      // "sha256"
Result<HashAlgo> parse_hash_algo(std::string_view name);

struct Hash {
  HashAlgo algo = HashAlgo::sha256;
  std::array<std::uint8_t, 64> bytes{};         // the first hash_size(algo) count

  std::span<const std::uint8_t> view() const { return {bytes.data(), hash_size(algo)}; }
  std::string hex() const;
  std::string base64() const;
  // Exactly 2 * hash_size lower- or upper-case hex digits.
  static Result<Hash> from_hex(HashAlgo algo, std::string_view hex);
  static Hash from_bytes(HashAlgo algo, std::span<const std::uint8_t> bytes);  // sizes must agree
  friend bool operator==(const Hash&, const Hash&) = default;
};

// Streaming digest. update() any number of times, finish() once; reset() makes it reusable.
class Hasher {
 public:
  explicit Hasher(HashAlgo algo = HashAlgo::sha256);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  void update(std::string_view data);
  Hash finish();
  void reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Hash hash_string(HashAlgo algo, std::string_view data);
// Of a regular file of any size; Ctrl-C ends it.
Result<Hash> hash_file(HashAlgo algo, const std::filesystem::path& file);
inline Hash sha256(std::string_view data) { return hash_string(HashAlgo::sha256, data); }

std::string base64_encode(std::span<const std::uint8_t> bytes);
Result<std::string> base64_decode(std::string_view text);

}  // namespace swage
