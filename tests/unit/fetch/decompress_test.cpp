#include "fetch/decompress.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/files.hpp"
#include "base/process.hpp"

namespace swage {
namespace {

using namespace std::string_view_literals;

// "CONFIG_A=y\n" by gzip -n, bzip2, xz and zstd.
constexpr std::string_view kGzip =
    "\037\213\010\000\000\000\000\000\000\003\163\366\367\163\363\164\217\167\264\255\344\002\000\216\261\200\332\013"
    "\000\000\000"sv;
constexpr std::string_view kBzip2 =
    "\102\132\150\071\061\101\131\046\123\131\025\164\101\047\000\000\001\316\200\000\020\000\002\051\241\200\000\200"
    "\040\040\000\042\230\006\324\040\032\151\240\202\022\321\007\013\271\042\234\050\110\012\272\040\223\200"sv;
constexpr std::string_view kXz =
    "\375\067\172\130\132\000\000\004\346\326\264\106\002\000\041\001\026\000\000\000\164\057\345\243\001\000\012\103"
    "\117\116\106\111\107\137\101\075\171\012\000\000\267\377\073\247\057\241\215\330\000\001\043\013\302\033\375\011"
    "\037\266\363\175\001\000\000\000\000\004\131\132"sv;
constexpr std::string_view kZstd =
    "\050\265\057\375\004\130\131\000\000\103\117\116\106\111\107\137\101\075\171\012\077\062\043\024"sv;

TEST(Decompressed, ReadsEachOfThem) {
  for (const std::string_view bytes : {kGzip, kBzip2, kXz, kZstd}) {
    EXPECT_TRUE(is_compressed(bytes));
    EXPECT_EQ(decompressed(bytes, 100, "x").value(), "CONFIG_A=y\n");
  }
  for (const std::string_view plain : {""sv, "CONFIG_A=y\n"sv, "\x1f"sv, "# BZh"sv}) EXPECT_FALSE(is_compressed(plain));
}

TEST(Decompressed, StopsAtTheLimit) {
  EXPECT_EQ(decompressed(kGzip, 11, "x").value().size(), 11U);
  EXPECT_EQ(decompressed(kGzip, 10, "x.gz").error().what, "'x.gz' is larger than 10 B when it is decompressed");
}

TEST(Decompressed, WhatIsCutOffOrChangedIsDamaged) {
  for (const std::string_view bytes : {kGzip, kBzip2, kXz, kZstd}) {
    const auto cut = decompressed(bytes.substr(0, bytes.size() - 5), 100, "x");
    ASSERT_FALSE(cut.has_value());
    EXPECT_EQ(cut.error().what, "'x' is truncated or damaged");
    EXPECT_EQ(cut.error().code, Errc::corrupt);
  }
}

// An image is mostly nothing, and takes no space for that once it is unpacked.
TEST(DecompressFile, ZerosBecomeHoles) {
  const TempDir dir = TempDir::create("decompress").value();
  const fs::path plain = dir.path() / "plain", packed = dir.path() / "plain.gz", out = dir.path() / "out";
  std::ofstream(plain) << std::string(5000, 'a');
  fs::resize_file(plain, 20'000'000);
  std::ofstream(plain, std::ios::app) << "end";
  ASSERT_TRUE(run_process({.argv = {"/bin/gzip", "-1", "-k", plain.string()}})->ok());
  const UniqueFd from = open_regular(packed).value();
  const auto unpack = [&](std::uint64_t limit) -> Result<void> {
    ::lseek(from.get(), 0, SEEK_SET);
    const UniqueFd to = open_file(out, O_RDWR | O_CREAT | O_TRUNC, 0644).value();
    return decompress_file(from.get(), to.get(), limit, "plain.gz");
  };
  ASSERT_TRUE(unpack(100'000'000));
  EXPECT_EQ(read_file(out).value(), read_file(plain).value());
  struct stat st {};
  ASSERT_EQ(::stat(out.c_str(), &st), 0);
  EXPECT_LT(st.st_blocks * 512, 1'000'000);
  EXPECT_EQ(unpack(1'000'000).error().what, "'plain.gz' is larger than 1.0 MB when it is decompressed");
  fs::resize_file(packed, fs::file_size(packed) / 2);
  EXPECT_EQ(unpack(100'000'000).error().what, "'plain.gz' is truncated or damaged");
}

}  // namespace
}  // namespace swage
