#include "cache/signing_key.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>
#include <memory>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <optional>

#include "base/files.hpp"
#include "base/hash.hpp"

namespace swage {

namespace {

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
using Context = std::unique_ptr<EVP_MD_CTX, KeyFree>;

constexpr std::size_t kSignatureSize = 64;
constexpr std::size_t kLongestName = 128;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

struct NamedBytes {
  std::string_view name;
  std::string bytes;
};

// `NAME:BASE64` of that many bytes.
std::optional<NamedBytes> split(std::string_view text, std::size_t size) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !check_key_name(text.substr(0, colon))) return {};
  Result<std::string> bytes = base64_decode(text.substr(colon + 1));
  if (!bytes || bytes->size() != size) return {};
  return NamedBytes{.name = text.substr(0, colon), .bytes = std::move(*bytes)};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

}  // namespace

Result<void> check_key_name(std::string_view name) {
  const auto is_good = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-' || c == '_'; };
  if (name.empty() || name.size() > kLongestName || !std::all_of(name.begin(), name.end(), is_good))
    return Fail(Error{.what = fmt::format("'{}' is no name of a key", name)}.hinted(
        "letters, digits, '.', '-' and '_', by custom the host and a number: cache.example.org-1"));
  return {};
}

Result<PublicKey> PublicKey::parse(std::string_view text) {
  PublicKey key;
  const std::optional<NamedBytes> named = split(trimmed(text), key.bytes.size());
  if (!named)
    return Fail(Error{.what = fmt::format("'{}' is no public key", trimmed(text))}.hinted(
        "NAME:BASE64 of 32 bytes, as 'swage cache keygen' prints it"));
  key.name = named->name;
  std::copy_n(named->bytes.begin(), key.bytes.size(), key.bytes.begin());
  return key;
}

std::string PublicKey::str() const { return name + ":" + base64_encode(bytes); }

Result<SecretKey> SecretKey::of_seed(std::string_view name, const std::array<std::uint8_t, 32>& seed) {
  SecretKey key;
  const Key raw(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  std::size_t size = key.public_.bytes.size();
  if (!raw || EVP_PKEY_get_raw_public_key(raw.get(), key.public_.bytes.data(), &size) != 1)
    return fail(Errc::environment, "the cryptographic library has no ed25519");
  key.public_.name = name;
  key.seed_ = seed;
  return key;
}

Result<SecretKey> SecretKey::generate(std::string_view name) {
  SWAGE_CHECK(check_key_name(name));
  std::array<std::uint8_t, 32> seed{};
  if (RAND_priv_bytes(seed.data(), seed.size()) != 1)
    return fail(Errc::environment, "the cryptographic library has no random numbers");
  return of_seed(name, seed);
}

Result<SecretKey> SecretKey::read(const std::string& file) {
  constexpr std::uint64_t largest = 4096;
  SWAGE_TRY(const std::string text, read_file(file, largest));
  Result<SecretKey> key = parse(text);
  if (!key) return Fail(std::move(key).error().note(fmt::format("in '{}'", file)));
  return key;
}

Result<SecretKey> SecretKey::parse(std::string_view text) {
  std::array<std::uint8_t, 32> seed{};
  const std::optional<NamedBytes> named = split(trimmed(text), 2 * seed.size());
  const Error wrong = Error{.what = "this is no secret key"}.hinted(
      "NAME:BASE64 of 64 bytes, as 'swage cache keygen' writes it");
  if (!named) return Fail(wrong);
  std::copy_n(named->bytes.begin(), seed.size(), seed.begin());
  SWAGE_TRY(SecretKey key, of_seed(named->name, seed));
  const auto is_same = [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); };
  const std::array<std::uint8_t, 32>& made = key.public_.bytes;
  if (!std::equal(made.begin(), made.end(), named->bytes.begin() + seed.size(), is_same)) return Fail(wrong);
  return key;
}

std::string SecretKey::str() const {
  std::array<std::uint8_t, 64> both{};
  std::copy(seed_.begin(), seed_.end(), both.begin());
  std::copy(public_.bytes.begin(), public_.bytes.end(), both.begin() + seed_.size());
  return public_.name + ":" + base64_encode(both);
}

std::string SecretKey::sign(std::string_view message) const {
  const Key raw(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()));
  const Context context(EVP_MD_CTX_new());
  std::array<std::uint8_t, kSignatureSize> signature{};
  std::size_t size = signature.size();
  // It was made from this seed before: that it cannot be again is a bug of the library or no memory.
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, raw.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(message), message.size()) != 1)
    throw std::bad_alloc();
  return public_.name + ":" + base64_encode(signature);
}

const PublicKey* signer(const std::vector<PublicKey>& keys, std::string_view message, std::string_view signature) {
  const std::optional<NamedBytes> named = split(signature, kSignatureSize);
  if (!named) return nullptr;
  for (const PublicKey& key : keys) {
    if (key.name != named->name) continue;
    const Key raw(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.bytes.data(), key.bytes.size()));
    const Context context(EVP_MD_CTX_new());
    const bool holds = raw && context &&
                       EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, raw.get()) == 1 &&
                       EVP_DigestVerify(context.get(), bytes_of(named->bytes), named->bytes.size(), bytes_of(message),
                                        message.size()) == 1;
    if (holds) return &key;
  }
  return nullptr;
}

}  // namespace swage
