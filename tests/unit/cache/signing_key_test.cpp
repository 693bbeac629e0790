#include "cache/signing_key.hpp"

#include <gtest/gtest.h>

#include "base/hash.hpp"

namespace swage {
namespace {

// RFC 8032, 7.1, test 1: seed, public key, and the signature of the empty message.
constexpr std::string_view kSeed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
constexpr std::string_view kPublic = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
constexpr std::string_view kSignature =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
    "655141438e7a100b";

std::string base64_of_hex(std::string_view hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return base64_encode(bytes);
}

std::string rfc_secret() { return "test-1:" + base64_of_hex(std::string(kSeed) + std::string(kPublic)); }

TEST(SigningKey, SignsAsTheRfcDoes) {
  const SecretKey key = SecretKey::parse(rfc_secret()).value();
  EXPECT_EQ(key.str(), rfc_secret());
  EXPECT_EQ(key.public_key().str(), "test-1:" + base64_of_hex(kPublic));
  EXPECT_EQ(key.sign(""), "test-1:" + base64_of_hex(kSignature));
  EXPECT_NE(signer({key.public_key()}, "", key.sign("")), nullptr);
}

TEST(SigningKey, ASignatureHoldsForItsMessageAndKeyAlone) {
  const SecretKey key = SecretKey::generate("a-1").value();
  const SecretKey other = SecretKey::generate("a-1").value();
  const std::vector<PublicKey> keys{other.public_key(), key.public_key()};   // two of a name: each is tried
  EXPECT_EQ(signer(keys, "message", key.sign("message")), &keys[1]);
  EXPECT_EQ(signer(keys, "massage", key.sign("message")), nullptr);
  EXPECT_EQ(signer({other.public_key()}, "message", key.sign("message")), nullptr);
  const std::string renamed = "b-1" + key.sign("message").substr(3);
  EXPECT_EQ(signer(keys, "message", renamed), nullptr);
  for (const char* malformed : {"", "a-1", "a-1:", "a-1:AAAA", ":AAAA", "a-1:!"})
    EXPECT_EQ(signer(keys, "message", malformed), nullptr) << malformed;
}

TEST(SigningKey, IsReadBackAsItIsWritten) {
  const SecretKey key = SecretKey::generate("cache.example.org-1").value();
  EXPECT_EQ(SecretKey::parse(key.str() + "\n").value().public_key(), key.public_key());
  EXPECT_EQ(PublicKey::parse(key.public_key().str() + "\n").value(), key.public_key());
  EXPECT_NE(SecretKey::generate("x").value().str(), SecretKey::generate("x").value().str());
}

TEST(SigningKey, WhatIsNoneIsSaidWithoutShowingIt) {
  const std::string secret = rfc_secret();
  std::string other_half = secret;
  other_half[secret.size() - 10] ^= 1;
  for (const std::string& text : {std::string(), secret.substr(7), secret.substr(0, secret.size() - 8), other_half}) {
    const auto key = SecretKey::parse(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(render(key.error()),
              "error: this is no secret key\nhint: NAME:BASE64 of 64 bytes, as 'swage cache keygen' writes it\n");
  }
  EXPECT_EQ(render(PublicKey::parse("cache:AAAA").error()),
            "error: 'cache:AAAA' is no public key\nhint: NAME:BASE64 of 32 bytes, as 'swage cache keygen' prints it\n");
  for (const char* name : {"", "a b", "a:b", "ä", "a/b", "a\n"}) {
    const auto key = SecretKey::generate(name);
    ASSERT_FALSE(key) << name;
    EXPECT_EQ(key.error().what, std::string("'") + name + "' is no name of a key");
  }
}

}  // namespace
}  // namespace swage
