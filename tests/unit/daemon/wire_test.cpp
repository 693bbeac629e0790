#include "daemon/wire.hpp"

#include "store_support.hpp"

namespace swage {
namespace {

using test::source_of;

WireReader reader(std::string_view bytes) { return {source_of(bytes, 3), "far"}; }

TEST(Wire, IsReadAsItWasWritten) {
  const StorePath one = test::path_of(std::string(32, '0') + "-a"), two = test::path_of(std::string(32, '1') + "-b");
  WireWriter out;
  out.number(0x0102030405060708).text("hello").texts({"", "12345678"}).path(one).paths({one, two}).text("");
  EXPECT_EQ(out.bytes().substr(0, 24), std::string_view("\x08\x07\x06\x05\x04\x03\x02\x01\x05\0\0\0\0\0\0\0hello\0\0\0", 24));
  WireReader in = reader(out.bytes());
  EXPECT_EQ(in.number("x").value(), 0x0102030405060708U);
  EXPECT_EQ(in.text("x").value(), "hello");
  EXPECT_EQ(in.texts("x", 2, 8).value(), (std::vector<std::string>{"", "12345678"}));
  EXPECT_EQ(in.path("x").value(), one);
  EXPECT_EQ(in.paths("x").value(), (StorePathSet{one, two}));
  EXPECT_EQ(in.optional_path("x").value(), std::nullopt);
  EXPECT_FAILS(in.number("the next number"), Errc::corrupt,
               "'far' does not speak the worker protocol at byte " + std::to_string(out.bytes().size()) +
                   ": the stream ends in the next number");
}

TEST(Wire, FramesHaveNoPadding) {
  WireWriter out;
  out.frame("abc").frame("").end_of_frames();
  EXPECT_EQ(out.bytes(), std::string_view("\3\0\0\0\0\0\0\0abc\0\0\0\0\0\0\0\0", 19));
}

std::string what_of(const std::string& bytes, const std::function<void(WireReader&, std::string&)>& read) {
  WireReader in = reader(bytes);
  std::string what = "nothing";
  read(in, what);
  return what;
}

TEST(Wire, BoundsAreKept) {
  WireWriter huge;
  huge.number(UINT64_MAX).text("x");
  const std::string begin = "'far' does not speak the worker protocol at byte 8: ";
  const auto said = [](auto result, std::string& what) { what = result ? "nothing" : result.error().what; };
  EXPECT_EQ(what_of(huge.bytes(), [&](WireReader& in, std::string& what) { said(in.text("a name", 10), what); }),
            begin + "a name is of 18446744073709551615 bytes, and at most 10 are allowed");
  EXPECT_EQ(what_of(huge.bytes(), [&](WireReader& in, std::string& what) { said(in.texts("names", 9, 9), what); }),
            begin + "names is 18446744073709551615, and at most 9 is allowed");
  EXPECT_EQ(what_of(huge.bytes(), [&](WireReader& in, std::string& what) { said(in.paths("paths"), what); }),
            begin + "paths is 18446744073709551615, and at most 1000000 is allowed");
  EXPECT_EQ(what_of(huge.bytes(), [&](WireReader& in, std::string& what) { said(in.boolean("whether"), what); }),
            begin + "whether is 18446744073709551615, and at most 1 is allowed");
}

TEST(Wire, WhatIsMalformedIsRefused) {
  WireWriter out;
  out.text("/etc/passwd");
  WireReader in = reader(out.bytes());
  const auto path = in.path("a path");
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, Errc::corrupt);
  EXPECT_NE(path.error().what.find("at byte 24: a path: "), std::string::npos) << path.error().what;
  std::string padded = out.bytes();
  padded.back() = 'x';
  WireReader again = reader(padded);
  EXPECT_FAILS(again.text("a path"), Errc::corrupt,
               "'far' does not speak the worker protocol at byte 24: padding that is not zero behind a path");
}

}  // namespace
}  // namespace swage
