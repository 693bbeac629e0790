#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cache/s3_access.hpp"
#include "cache/s3_listing.hpp"
#include "store_support.hpp"

namespace swage::test {
namespace {

Result<S3Listing> seed(const std::string& name) {
  const Result<std::string> text = read_file(fs::path(SWAGE_SOURCE_DIR) / "fuzz/corpus/s3_listing" / name);
  EXPECT_TRUE(text);
  return parse_s3_listing(*text, "s3://bucket");
}

TEST(S3Listing, NamesSizesAndTimes) {
  SWAGE_OK(const S3Listing listing, seed("whole"));
  ASSERT_EQ(listing.entries.size(), 2U);
  EXPECT_EQ(listing.entries[0].name, "nix-cache-info");
  EXPECT_EQ(listing.entries[0].size, 50U);
  EXPECT_EQ(listing.entries[0].modified, 1'796'067'825);
  EXPECT_EQ(listing.entries[1].name, "nar/a.nar.zst");
  EXPECT_EQ(listing.entries[1].size, UINT64_MAX);
  EXPECT_EQ(listing.next, "");
}

TEST(S3Listing, PagesGoOnWithAnEscapedToken) {
  SWAGE_OK(const S3Listing listing, seed("more"));
  EXPECT_EQ(listing.next, "1&2=");
}

TEST(S3Listing, NamesThatLeadOutAreNone) {
  SWAGE_OK(const S3Listing listing, seed("traversal"));
  EXPECT_TRUE(listing.entries.empty());
}

TEST(S3Listing, WhatIsNoneIsRefused) {
  const std::pair<const char*, const char*> cases[]{
      {"endless", "it does not say how it goes on"}, {"entities", "it has a document type"},
      {"deep", "it is too deep"},                    {"error", "it is no list of a bucket"},
      {"empty", "no element found"}};
  for (const auto& [name, why] : cases) {
    const Result<S3Listing> listing = seed(name);
    ASSERT_FALSE(listing) << name;
    EXPECT_EQ(listing.error().what, std::string("'s3://bucket' cannot be read: ") + why);
    EXPECT_EQ(listing.error().code, Errc::corrupt);
  }
}

TEST(S3Url, SaysWhereABucketIs) {
  SWAGE_OK(const S3Url usual, parse_s3_url("s3://my-bucket?region=eu-central-1"));
  EXPECT_EQ(usual.base, "https://s3.eu-central-1.amazonaws.com/my-bucket");
  SWAGE_OK(const S3Url own, parse_s3_url("s3://b-1?endpoint=localhost:9000&scheme=http&profile=ci"));
  EXPECT_EQ(own.base, "http://localhost:9000/b-1");
  EXPECT_EQ(own.profile, "ci");
  SWAGE_OK(const S3Url as_nix, parse_s3_url("s3://b-1?endpoint=http://localhost:9000/&region=r"));
  EXPECT_EQ(as_nix.base, "http://localhost:9000/b-1");
}

TEST(S3Url, WhatIsNoneIsRefused) {
  for (const char* url : {"s3://", "s3://B", "s3://a..b", "s3://bucket/x", "s3://bucket?endpoint=a/b", "s3://bucket?endpoint=me:secret@host",
                          "s3://bucket?scheme=ftp", "s3://bucket?endpoint=ftp://host", "s3://bucket?endpoint=", "s3://bucket?what"}) {
    const Result<S3Url> parsed = parse_s3_url(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().code, Errc::invalid_input) << url;
    EXPECT_THAT(render(parsed.error()), testing::Not(testing::HasSubstr("secret"))) << url;
  }
}

}  // namespace
}  // namespace swage::test
