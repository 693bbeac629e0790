#include "fetch/published.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/hash.hpp"
#include "http_server.hpp"

namespace swage {
namespace {

using test::HttpReply;
using test::HttpRequest;
using test::HttpServer;

std::string hex(std::string_view text) { return sha256(text).hex(); }

// As kernel.org signs them.
std::string signed_list(const std::string& lines) {
  return "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + lines + "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----\n";
}

TEST(Sha256Sums, AFileHasTheHashOfItsLine) {
  const std::string list = signed_list(fmt::format("{}  a.tar.xz\n{} *b.tar.xz\r\n{}  ./sub/c.tar.xz\n", hex("a"), hex("b"), hex("c")));
  EXPECT_EQ(find_in_sha256sums(list, "a.tar.xz"), hex("a"));
  EXPECT_EQ(find_in_sha256sums(list, "b.tar.xz"), hex("b"));
  EXPECT_EQ(find_in_sha256sums(list, "c.tar.xz"), hex("c"));
  EXPECT_EQ(find_in_sha256sums(list, "tar.xz"), std::nullopt);
  EXPECT_EQ(find_in_sha256sums(list, ""), std::nullopt);
  EXPECT_EQ(find_in_sha256sums("", "a"), std::nullopt);
}

TEST(Sha256Sums, OtherLinesAreNoHashes) {
  EXPECT_EQ(find_in_sha256sums("abc  a\n" + hex("x").substr(1) + "  a\n" + hex("y") + "\n" + hex("z") + "a  a\n", "a"), std::nullopt);
}

TEST(Sha256Sums, AFileOfTwoHashesHasNone) {
  EXPECT_EQ(find_in_sha256sums(hex("1") + "  a\n" + hex("2") + "  a\n", "a"), std::nullopt);
  EXPECT_EQ(find_in_sha256sums(hex("1") + "  a\n" + hex("1") + "  old/a\n", "a"), hex("1"));
}

class PublishedTest : public testing::Test {
 protected:
  TempDir dir = TempDir::create("published").value();
  NullReporter reporter;
  Result<std::string> ask(const std::string& list_url) {
    return published_sha256({.urls = {"https://nowhere.example/x.tar.xz"}, .sha256sums = list_url}, dir.path(), {.tries = 1, .first_delay = 0.01}, reporter);
  }
};

TEST_F(PublishedTest, IsWhatTheListSays) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = signed_list(hex("x") + "  x.tar.xz\n")}; });
  EXPECT_EQ(ask(server.url("sha256sums.asc")).value(), hex("x"));
  EXPECT_EQ(ask(server.url("sha256sums.asc")).value(), hex("x"));
  EXPECT_EQ(server.requests().size(), 2U) << "what arrived is not kept: lists grow";
}

TEST_F(PublishedTest, WhatAnEarlierRunLeftOfAListIsNotContinued) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = signed_list(hex("x") + "  x.tar.xz\n")}; });
  const std::string url = server.url("sha256sums.asc");
  ASSERT_TRUE(write_file_atomically(dir.path() / (hex(url) + ".part"), hex("old") + "  x.tar.xz\n").has_value());
  EXPECT_EQ(ask(url).value(), hex("x"));
}

TEST_F(PublishedTest, AListWithoutTheArchiveIsAnError) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = signed_list(hex("y") + "  y.tar.xz\n")}; });
  const std::string url = server.url("sha256sums.asc");
  const auto answer = ask(url);
  EXPECT_EQ(answer.error().code, Errc::environment);
  EXPECT_EQ(render(answer.error()), fmt::format("error: 'x.tar.xz' cannot be pinned: its sha256 is not known\nnote: {} does not say it\n", url));
}

TEST_F(PublishedTest, AListThatCannotBeHadIsAnError) {
  const auto answer = ask("file:///nowhere/sha256sums.asc");
  EXPECT_EQ(answer.error().code, Errc::environment);
  EXPECT_EQ(answer.error().what, "'x.tar.xz' cannot be pinned: its sha256 is not known");
  EXPECT_EQ(answer.error().notes.front(), "'sha256sums.asc' cannot be downloaded");
}

}  // namespace
}  // namespace swage
