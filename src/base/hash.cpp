// OpenSSL's EVP interface would first read its configuration and set up providers: 2 ms of a command that takes ten,
// and none of it is wanted for plain digests. The functions below it are deprecated, not gone.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.hpp"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <unistd.h>
#include <vector>

#include "base/files.hpp"
#include "base/interrupt.hpp"

namespace swage {

namespace {

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
    return fail(Errc::invalid_input, fmt::format("'{}' is not a {} hash: {} hex digits, {} expected", hex,
                                                 hash_name(algo), hex.size(), hash_size(algo) * 2));
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
  union {
    MD5_CTX md5;
    SHA_CTX sha1;
    SHA256_CTX sha256;
    SHA512_CTX sha512;
  };
};

Hasher::Hasher(HashAlgo algo) : state_(std::make_unique<State>(State{.algo = algo, .md5 = {}})) { reset(); }
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
void Hasher::reset() {
  switch (state_->algo) {
    case HashAlgo::md5: MD5_Init(&state_->md5); return;
    case HashAlgo::sha1: SHA1_Init(&state_->sha1); return;
    case HashAlgo::sha256: SHA256_Init(&state_->sha256); return;
    case HashAlgo::sha512: SHA512_Init(&state_->sha512); return;
  }
}
void Hasher::update(std::string_view data) {
  switch (state_->algo) {
    case HashAlgo::md5: MD5_Update(&state_->md5, data.data(), data.size()); return;
    case HashAlgo::sha1: SHA1_Update(&state_->sha1, data.data(), data.size()); return;
    case HashAlgo::sha256: SHA256_Update(&state_->sha256, data.data(), data.size()); return;
    case HashAlgo::sha512: SHA512_Update(&state_->sha512, data.data(), data.size()); return;
  }
}
Hash Hasher::finish() {
  Hash hash{.algo = state_->algo};
  switch (state_->algo) {
    case HashAlgo::md5: MD5_Final(hash.bytes.data(), &state_->md5); break;
    case HashAlgo::sha1: SHA1_Final(hash.bytes.data(), &state_->sha1); break;
    case HashAlgo::sha256: SHA256_Final(hash.bytes.data(), &state_->sha256); break;
    case HashAlgo::sha512: SHA512_Final(hash.bytes.data(), &state_->sha512); break;
  }
  return hash;
}

Hash hash_string(HashAlgo algo, std::string_view data) {
  Hasher hasher(algo);
  hasher.update(data);
  return hasher.finish();
}

Result<Hash> hash_file(HashAlgo algo, const fs::path& file) {
  SWAGE_TRY(const UniqueFd fd, open_regular(file));
  Hasher hasher(algo);
  std::vector<char> part(1 << 20);
  for (;;) {
    const ssize_t n = ::read(fd.get(), part.data(), part.size());
    if (n < 0 && errno != EINTR) return fail_errno(fmt::format("cannot read '{}'", file.string()), errno);
    if (interrupted()) return fail(Errc::interrupted, fmt::format("reading '{}' was interrupted", file.string()));
    if (n == 0) return hasher.finish();
    if (n > 0) hasher.update({part.data(), static_cast<std::size_t>(n)});
  }
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
