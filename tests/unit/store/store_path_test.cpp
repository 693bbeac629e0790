#include "store/store_path.hpp"

#include <gtest/gtest.h>

#include "store_support.hpp"

namespace swage {
namespace {

const std::string kHash = "llk87470jxy0in98q3rvx652wbj9psa9";

std::string refusal(const std::string& base) {
  const auto path = StorePath::parse_base(base);
  return path ? "accepted" : path.error().what;
}

TEST(StorePath, SplitsIntoHashAndName) {
  SWAGE_OK(const StorePath path, StorePath::parse("/nix/store/" + kHash + "-foo.txt"));
  EXPECT_EQ(path.hash_part(), kHash);
  EXPECT_EQ(path.name(), "foo.txt");
  EXPECT_EQ(path.base(), kHash + "-foo.txt");
  EXPECT_EQ(path.str(), "/nix/store/" + kHash + "-foo.txt");
  EXPECT_FALSE(path.is_derivation());
}

TEST(StorePath, RefusesWhatIsNone) {
  EXPECT_EQ(refusal(""), "'' is not a store path: no 32-digit hash and name");
  EXPECT_EQ(refusal(kHash), "'" + kHash + "' is not a store path: no 32-digit hash and name");
  EXPECT_EQ(refusal(kHash + "-"), "'" + kHash + "-' is not a store path: the name is empty");
  EXPECT_EQ(refusal(kHash + "-a/b"), "'" + kHash + "-a/b' is not a store path: the name holds '/'");
  EXPECT_EQ(refusal(kHash + "-a\nb"), "'" + kHash + "-a\nb' is not a store path: the name holds byte 0x0a");
  EXPECT_EQ(refusal(kHash + "-.."), "'" + kHash + "-..' is not a store path: the name starts like a directory reference");
  EXPECT_EQ(refusal(kHash + "-.-x"), "'" + kHash + "-.-x' is not a store path: the name starts like a directory reference");
  EXPECT_EQ(refusal(kHash + "-.bashrc"), "accepted");
  EXPECT_EQ(refusal("e" + kHash.substr(1) + "-x"), "'e" + kHash.substr(1) + "-x' is not a store path: the hash is not base-32");
  EXPECT_EQ(refusal(kHash + "-" + std::string(211, 'x')), "accepted");
  EXPECT_NE(refusal(kHash + "-" + std::string(212, 'x')), "accepted");
  EXPECT_FAILS(StorePath::parse("/tmp/x"), Errc::invalid_input, "'/tmp/x' is not a store path: not below /nix/store");
  EXPECT_FAILS(StorePath::parse("/nix/storex/" + kHash + "-x"), Errc::invalid_input,
               "'/nix/storex/" + kHash + "-x' is not a store path: not below /nix/store");
}

TEST(StorePath, HashesAsNixDoes) {
  EXPECT_EQ(make_text_path("foo.txt", sha256("hello world\n"), {}).value().base(), "llk87470jxy0in98q3rvx652wbj9psa9-foo.txt");
  SWAGE_OK(const Hash tree, Hash::from_hex(HashAlgo::sha256, "4407843600569d5cffe1f40976d959218a15c4838bbc86c357ad0382ae46ece5"));
  EXPECT_EQ(make_fixed_path("d", ContentMethod::recursive, tree).value().base(), "968isdg7hnzjxabkf5civyq4h35fvlm5-d");
  EXPECT_EQ(make_fixed_path("fx-flat", ContentMethod::flat, sha256("hello")).value().base(), "4c1f90v1i3bdcdap1i0q7xh92643g50d-fx-flat");
  EXPECT_EQ(make_fixed_path("fx-rec-sha1", ContentMethod::recursive, hash_string(HashAlgo::sha1, "")).value().base(),
            "ml3v4zrr68664xygq4h1bpkhsk8gl0i2-fx-rec-sha1");
  SWAGE_OK(const Hash masked, Hash::from_hex(HashAlgo::sha256, "0b70c945e8306f747948ef176dfcbd70da67a9ff2a5b7c768fb4ee3c20cff9ce"));
  EXPECT_EQ(make_output_path("out", masked, "multi").value().base(), "nkjqxpr2zf4l43sbpzh263apnr1y7n9r-multi");
  EXPECT_EQ(make_output_path("dev", masked, "multi").value().base(), "lgar67zxk09zvyqscfdrh8yl0wrin2g5-multi-dev");
}

TEST(StorePath, FixedFilesHaveNoReferences) {
  const StorePath other = test::path_of(kHash + "-x");
  EXPECT_FAILS(make_fixed_path("f", ContentMethod::flat, sha256(""), {other}), Errc::invalid_input,
               "'f' may not have references: its content address is sha256");
}

TEST(ContentAddress, ReadsWhatItWrites) {
  for (const ContentMethod method : {ContentMethod::text, ContentMethod::flat, ContentMethod::recursive}) {
    const ContentAddress address{.method = method, .hash = sha256("x")};
    EXPECT_EQ(ContentAddress::parse(address.str()).value(), address);
  }
  EXPECT_EQ((ContentAddress{.method = ContentMethod::recursive, .hash = sha256("abc")}.str()),
            "fixed:r:sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s");
  EXPECT_FAILS(ContentAddress::parse("x:sha256:00"), Errc::invalid_input,
               "'x:sha256:00' is not a content address: it starts with neither text: nor fixed:");
}

}  // namespace
}  // namespace swage
