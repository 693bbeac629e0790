// A password in a URL is neither taken nor shown.
#include "base/url.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

TEST(ShownUrl, HasNoUser) {
  EXPECT_EQ(shown_url("https://me:secret@host:8/a@b"), "https://host:8/a@b");
  EXPECT_EQ(shown_url("https://host/a@b"), "https://host/a@b");
  EXPECT_EQ(shown_url("nonsense"), "nonsense");
}

TEST(WithoutSecrets, KeepsPlacesAndHidesEachOfThem) {
  EXPECT_EQ(without_secrets("a = [\"https://me:secret@host/x\", \"ftp://u:p@h\"] # b@c"), "a = [\"https://*********@host/x\", \"ftp://***@h\"] # b@c");
  EXPECT_EQ(without_secrets("https://ghp_token@host/x.git#main"), "https://*********@host/x.git#main");
  EXPECT_EQ(without_secrets("https://a:p@ss@host/"), "https://******@host/");
  for (const char* plain : {"ssh://git@host/x.git", "https://host/a:b@c", "https://host?q=a:b@c", "://", "see https://host, or a:b@c", ""})
    EXPECT_EQ(without_secrets(plain), plain);
}

TEST(RefuseSecrets, NamesTheUrlWithoutThem) {
  for (const char* url : {"https://me:secret@host/x", "http://token@host/x", "ssh://git:secret@host/x"}) {
    const auto refused = refuse_secrets(url);
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().what, "'" + shown_url(url) + "' has a user or a password in it");
  }
  for (const char* url : {"ssh://git@host/x", "https://host/@x", "file:///a@b", "../a:b@c", "git@host:x.git"}) EXPECT_TRUE(refuse_secrets(url)) << url;
}

// Written in ways that are no URL any more, or that only some readers take for one.
TEST(RefuseSecrets, KnowsThemByEveryWayOfWriting) {
  for (const char* url : {"HTTP://tok3n@host/x", "HttpS://tok3n@host/x", "https://u:pa'ss@host/x", "https://u:pa\"ss@host/x", "https:///u:SECRET@host/x",
                          "https://u:SE/CRET@host/x", "https://host/x?private_token=SECRET", "https://host/x?a=b&X-Amz-Signature=SECRET#c"}) {
    const auto refused = refuse_secrets(url);
    ASSERT_FALSE(refused) << url;
    for (const std::string& shown : {refused.error().what, without_secrets(std::string("see '") + url + "', or not")})
      for (const char* secret : {"SECRET", "tok3n", "SE/CRET", "pa'ss", "pa\"ss"}) EXPECT_EQ(shown.find(secret), std::string::npos) << shown;
  }
  for (const char* url : {"https://host:8/x?monkey=1", "file:///a@b", "https://[::1]:8/x@y", "https://host/x?v=1#token=2", "file:///home/u:v@w"})
    EXPECT_TRUE(refuse_secrets(url)) << url;
}

TEST(Render, HidesWhatALineOfAFileSays) {
  Error error{.what = "'urls' is wrong in https://u:pass@h/"};
  error.where = SourcePos{.file = "f", .line = 1, .column = 9, .length = 19, .line_text = "urls = [\"https://u:pass@h/\"]"};
  error.also.push_back(Error{.what = "second", .notes = {"git: cannot access 'https://u:pass@h/'"}});
  EXPECT_EQ(render(error), "error: 'urls' is wrong in https://******@h/\n  --> f:1:9\n   1 | urls = [\"https://******@h/\"]\n     |         ^^^^^^^^^^^^^^^^^^^\n"
                           "error: second\nnote: git: cannot access 'https://******@h/'\n");
}

TEST(Render, ShowsALongLineAroundThePlace) {
  Error error{.what = "far"};
  error.where = SourcePos{.file = "f", .line = 1, .column = 1001, .length = 3, .line_text = std::string(1000, 'a') + "xyz" + std::string(5000, 'b')};
  const std::string text = render(error);
  EXPECT_EQ(text, "error: far\n  --> f:1:1001\n   1 | ..." + std::string(99, 'a') + "xyz" + std::string(138, 'b') + "...\n     | " + std::string(102, ' ') + "^^^\n");
}

TEST(Unfetchable, IsWhatNoDownloadCanBeOf) {
  for (const char* url : {"https://example.org/x.tar.xz", "http://h:80/a?b=c", "ftp://h/x", "file:///x", "file:///a b"})
    EXPECT_TRUE(refuse_unfetchable(url)) << url;
  const auto refusal = [](const char* url) { return refuse_unfetchable(url).error().what; };
  EXPECT_EQ(refusal(""), "'' is no URL of a download: it begins with none of https://, http://, ftp:// and file://");
  EXPECT_EQ(refusal("ext::x"), "'ext::x' is no URL of a download: it begins with none of https://, http://, ftp:// and file://");
  EXPECT_EQ(refusal("https://x/"), "'https://x/' is no URL of a download: it names no file of a host");
  EXPECT_EQ(refusal("https:///x"), "'https:///x' is no URL of a download: it names no file of a host");
  EXPECT_EQ(refusal("https://x/y\n-o"), "'https://x/y\n-o' is no URL of a download: it has characters that do not show");
}

}  // namespace
}  // namespace swage
