#include "store/base32.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "store_support.hpp"

namespace swage {
namespace {

std::string encode(std::initializer_list<std::uint8_t> bytes) { return base32_encode(std::vector<std::uint8_t>(bytes)); }

TEST(Base32, EncodesAsNixDoes) {
  EXPECT_EQ(encode({}), "");
  EXPECT_EQ(encode({0x00}), "00");
  EXPECT_EQ(encode({0xff}), "7z");
  EXPECT_EQ(encode({0x01, 0x02}), "00h1");
  EXPECT_EQ(hash_base32(sha256("abc")), "1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s");
  EXPECT_EQ(hash_base32(hash_string(HashAlgo::sha1, "abc")), "kpcd173cq987hw957sx6m0868wv3x6d9");
  EXPECT_EQ(hash_base32(hash_string(HashAlgo::md5, "abc")), "3jgzhjhz9zjvbb0kyj7jc500ch");
}

TEST(Base32, CompressesByXor) {
  EXPECT_EQ(base32_encode(compress_hash(sha256("abc"), 20)), "ldhh7c134ap5swsm86rqnc0i7cinqvrc");
}

TEST(Base32, RejectsWhatNoBytesGive) {
  EXPECT_FAILS(base32_decode("0"), Errc::invalid_input, "'0' is not base-32: no byte count gives 1 digits");
  EXPECT_FAILS(base32_decode("0e"), Errc::invalid_input, "'0e' is not base-32: digit 2 is not in the alphabet");
  EXPECT_FAILS(base32_decode("zz"), Errc::invalid_input, "'zz' is not base-32: the spare bits of the first digit are not zero");
}

RC_GTEST_PROP(Base32Property, DecodeInvertsEncode, (const std::vector<std::uint8_t>& bytes)) {
  const std::string text = base32_encode(bytes);
  RC_ASSERT(text.size() == base32_length(bytes.size()));
  RC_ASSERT(base32_decode(text).value() == bytes);
}

RC_GTEST_PROP(Base32Property, WhatDecodesEncodesBack, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789abcdfghijklmnpqrsvwxyzeE-")));
  if (const auto bytes = base32_decode(text)) RC_ASSERT(base32_encode(*bytes) == text);
}

TEST(ParseHash, TakesEveryForm) {
  const Hash abc = sha256("abc");
  for (const std::string& text : {"sha256:" + abc.hex(), "sha256:" + hash_base32(abc), "sha256:" + abc.base64(), "sha256-" + abc.base64()})
    EXPECT_EQ(parse_hash(text).value(), abc) << text;
  EXPECT_EQ(parse_hash(abc.hex(), HashAlgo::sha256).value(), abc);
  const Hash wide = hash_string(HashAlgo::sha512, "abc");
  EXPECT_EQ(parse_hash("sha512-" + wide.base64()).value(), wide);
}

TEST(ParseHash, SaysWhatIsWrong) {
  EXPECT_FAILS(parse_hash("abc"), Errc::invalid_input, "'abc' is not a hash: it names no algorithm");
  EXPECT_FAILS(parse_hash("crc:abc"), Errc::invalid_input, "'crc' is not a hash algorithm");
  EXPECT_FAILS(parse_hash("sha256:abc"), Errc::invalid_input,
               "'sha256:abc' is not a sha256 hash: 3 digits fit neither base-16, base-32 nor base-64");
  EXPECT_FAILS(parse_hash("md5-AAAA"), Errc::invalid_input, "'md5-AAAA' is not a md5 hash: 3 bytes, 16 expected");
  EXPECT_FAILS(parse_hash("sha1:" + std::string(40, '0'), HashAlgo::sha256), Errc::invalid_input,
               "'sha1:0000000000000000000000000000000000000000' is not a sha256 hash");
}

}  // namespace
}  // namespace swage
