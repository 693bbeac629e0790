#include "base/hash.hpp"

#include <cassert>
#include <cstring>
#include <fmt/format.h>
#include <openssl/evp.h>

namespace swage {

namespace {

const EVP_MD* digest(HashAlgo algo) {
  // Fetched once: EVP_sha256() would look the provider up again at each init, three times the cost for a short text. Each when it
  // is wanted: nearly always that is but one.
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  switch (algo) {
    case HashAlgo::md5: {
      static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
      return md5;
    }
    case HashAlgo::sha1: {
      static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
      return sha1;
    }
    case HashAlgo::sha512: {
      static const EVP_MD* const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
      return sha512;
    }
    case HashAlgo::sha256: break;
  }
  return sha256;
}

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::size_t hash_size(HashAlgo algo) {
  switch (algo) {
    case HashAlgo::md5: return 16;
    case HashAlgo::sha1: return 20;
    case HashAlgo::sha256: return 32;
    case HashAlgo::sha512: return 64;
  }
  return 0;
}

std::string_view hash_name(HashAlgo algo) {
  switch (algo) {
    case HashAlgo::md5: return "md5";
    case HashAlgo::sha1: return "sha1";
    case HashAlgo::sha256: return "sha256";
    case HashAlgo::sha512: return "sha512";
  }
  return "";
}

Result<HashAlgo> parse_hash_algo(std::string_view name) {
  for (HashAlgo algo : {HashAlgo::md5, HashAlgo::sha1, HashAlgo::sha256, HashAlgo::sha512})
    if (hash_name(algo) == name) return algo;
  return fail(Errc::invalid_input, fmt::format("'{}' is not a hash algorithm", name));
}

std::string Hash::hex() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(hash_size(algo) * 2);
  for (std::uint8_t b : view()) {
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}

std::string Hash::base64() const { return base64_encode(view()); }

Result<Hash> Hash::from_hex(HashAlgo algo, std::string_view hex) {
  Hash hash{.algo = algo};
  if (hex.size() != hash_size(algo) * 2)
    return fail(Errc::invalid_input, fmt::format("'{}' is not a {} hash: {} hex digits, {} expected", hex, hash_name(algo),
                                                 hex.size(), hash_size(algo) * 2));
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = nibble(hex[i]);
    const int low = nibble(hex[i + 1]);
    if (high < 0 || low < 0)
      return fail(Errc::invalid_input, fmt::format("'{}' is not a {} hash: not hexadecimal", hex, hash_name(algo)));
    hash.bytes[i / 2] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return hash;
}

Hash Hash::from_bytes(HashAlgo algo, std::span<const std::uint8_t> bytes) {
  assert(bytes.size() == hash_size(algo));
  Hash hash{.algo = algo};
  std::memcpy(hash.bytes.data(), bytes.data(), bytes.size());
  return hash;
}

struct Hasher::State {
  HashAlgo algo;
  EVP_MD_CTX* ctx;
};

Hasher::Hasher(HashAlgo algo) : state_(std::make_unique<State>(State{algo, EVP_MD_CTX_new()})) { reset(); }
Hasher::~Hasher() {
  if (state_) EVP_MD_CTX_free(state_->ctx);
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
void Hasher::reset() { EVP_DigestInit_ex2(state_->ctx, digest(state_->algo), nullptr); }
void Hasher::update(std::string_view data) { EVP_DigestUpdate(state_->ctx, data.data(), data.size()); }
Hash Hasher::finish() {
  Hash hash{.algo = state_->algo};
  EVP_DigestFinal_ex(state_->ctx, hash.bytes.data(), nullptr);
  return hash;
}

Hash hash_string(HashAlgo algo, std::string_view data) {
  thread_local Hasher sha256_hasher(HashAlgo::sha256);  // one context for the commonest case: it is called per derivation
  if (algo != HashAlgo::sha256) {
    Hasher hasher(algo);
    hasher.update(data);
    return hasher.finish();
  }
  sha256_hasher.reset();
  sha256_hasher.update(data);
  return sha256_hasher.finish();
}

std::string base64_encode(std::span<const std::uint8_t> bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  out.resize(static_cast<std::size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(), static_cast<int>(bytes.size()))));
  return out;
}

Result<std::string> base64_decode(std::string_view text) {
  const auto bad = [&] { return fail(Errc::invalid_input, fmt::format("'{}' is not base64", text)); };
  if (text.size() % 4) return bad();
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return bad();
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(out.size() - padding);
  return out;
}

}  // namespace swage
