#include "cache/compression.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace swage {
namespace {

constexpr Compression kAll[] = {Compression::none, Compression::xz, Compression::bzip2, Compression::zstd, Compression::gzip};

std::string packed(Compression form, std::string_view text, std::size_t piece = 1000, unsigned threads = 2) {
  std::string out;
  const auto done = compress(form, 0, threads, [&](const ByteSink& sink) -> Result<void> {
    for (std::size_t at = 0; at < text.size(); at += piece) SWAGE_CHECK(sink(text.substr(at, piece)));
    return {};
  }, [&](std::string_view bytes) -> Result<void> { return out.append(bytes), Result<void>(); });
  EXPECT_TRUE(done) << render(done.error());
  return out;
}

// At most `piece` bytes at once.
ByteSource source_of(std::string_view& text, std::size_t piece = 777) {
  return [&text, piece](char* buffer, std::size_t size) -> Result<std::size_t> {
    const std::size_t count = std::min({size, piece, text.size()});
    std::copy_n(text.data(), count, buffer);
    text.remove_prefix(count);
    return count;
  };
}

Result<std::string> unpacked(Compression form, std::string_view bytes, std::size_t most = SIZE_MAX) {
  std::string out;
  SWAGE_CHECK(decompress(form, source_of(bytes), "x.nar", [&](const ByteSource& plain) -> Result<void> {
    char buffer[500];
    while (out.size() < most) {
      SWAGE_TRY(const std::size_t got, plain(buffer, std::min(sizeof buffer, most - out.size())));
      if (got == 0) break;
      out.append(buffer, got);
    }
    return {};
  }));
  return out;
}

std::string sample() {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < 300'000) text += random() % 3 ? std::string(100, 'a') : std::to_string(random());
  return text;
}

TEST(Compression, AnyNumberOfThreadsWritesTheSame) {
  std::string text;
  while (text.size() < 20'000'000) text += sample();   // several of the pieces that zstd gives to its threads
  EXPECT_TRUE(packed(Compression::zstd, text, 100'000, 2) == packed(Compression::zstd, text, 100'000, 5));
}

TEST(Compression, EveryFormComesBack) {
  const std::string text = sample();
  for (const Compression form : kAll) {
    const std::string bytes = packed(form, text);
    EXPECT_TRUE(form == Compression::none || bytes.size() < text.size() / 2) << compression_name(form);
    const auto back = unpacked(form, bytes);
    ASSERT_TRUE(back) << compression_name(form) << render(back.error());
    EXPECT_EQ(*back, text);
    EXPECT_EQ(packed(form, text), bytes) << "the same each time";
  }
}

TEST(Compression, SeveralFramesAreOneStream) {
  EXPECT_EQ(unpacked(Compression::zstd, packed(Compression::zstd, "one ") + packed(Compression::zstd, "two")).value(), "one two");
}

TEST(Compression, WhatIsCutChangedOrOfAnotherFormIsDamage) {
  const std::string text = sample();
  for (const Compression form : kAll) {
    if (form == Compression::none) continue;
    const std::string bytes = packed(form, text);
    for (const std::size_t size : {bytes.size() / 2, bytes.size() - 12, std::size_t{0}, std::size_t{3}}) {
      const auto cut = unpacked(form, std::string_view(bytes).substr(0, size));
      ASSERT_FALSE(cut && *cut == text) << compression_name(form) << " " << size;
      EXPECT_TRUE(cut || cut.error().code == Errc::corrupt);
    }
    std::string changed = bytes;
    changed[changed.size() / 2] ^= 0x10;
    const auto damaged = unpacked(form, changed);
    EXPECT_FALSE(damaged && *damaged == text);
    EXPECT_FALSE(unpacked(form, text)) << "plain text as " << compression_name(form);
  }
  EXPECT_EQ(unpacked(Compression::xz, packed(Compression::gzip, text)).error().code, Errc::corrupt);
}

TEST(Compression, WhatGoesOnAfterItsEndIsDamage) {
  const std::string text = sample();
  for (const Compression form : kAll)
    EXPECT_EQ(unpacked(form, packed(form, text), 1000).error().what, "'x.nar' goes on after its end");
}

TEST(Compression, TheErrorOfEitherEndIsPassedOn) {
  const Error mine{.code = Errc::environment, .what = "mine"};
  for (const Compression form : kAll) {
    const ByteSink broken = [&](std::string_view) -> Result<void> { return Fail(mine); };
    const std::string text = sample();
    const auto out = compress(form, 0, 1, [&](const ByteSink& sink) { return sink(text); }, broken);
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().what, "mine");
    const ByteSource dry = [&](char*, std::size_t) -> Result<std::size_t> { return Fail(mine); };
    const auto in = decompress(form, dry, "x", [](const ByteSource& plain) -> Result<void> {
      char c = 0;
      return plain(&c, 1).map([](std::size_t) {});
    });
    ASSERT_FALSE(in);
    EXPECT_EQ(in.error().what, "mine");
  }
}

}  // namespace
}  // namespace swage
