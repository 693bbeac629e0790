// File systems of mkfs.vfat, filled by mcopy, and what happens to broken ones.
#include "image/fat.hpp"

#include <gmock/gmock.h>

#include "image/utf16.hpp"
#include "image_tools.hpp"

namespace swage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct FatCase {
  unsigned bits, kib;
  std::vector<std::string> options{};
};
void PrintTo(const FatCase& one, std::ostream* out) { *out << "FAT" << one.bits; }

class Fat : public testing::TestWithParam<FatCase> {};

std::vector<std::string> paths(const std::vector<FatEntry>& entries) {
  std::vector<std::string> all;
  for (const FatEntry& entry : entries) all.push_back(entry.path + (entry.directory ? "/" : ""));
  return all;
}

TEST_P(Fat, IsReadAsItWasWritten) {
  const ImageDir dir;
  std::vector<std::string> options{"-F", std::to_string(GetParam().bits), "-n", "FIRMWARE"};
  options.insert(options.end(), GetParam().options.begin(), GetParam().options.end());
  const fs::path image = dir.fat("fat", GetParam().kib, options);
  std::string large;                                           // many clusters, each unlike the others
  for (unsigned i = 0; large.size() < 150'000; ++i) large += std::to_string(i);
  dir.copy_in(image, dir.file("a", "kernel=kernel8.img\n"), "config.txt");
  dir.copy_in(image, dir.file("b", large), "kernel8.img");
  dir.make_directory(image, "overlays");
  dir.copy_in(image, dir.file("c", "dt"), "overlays/a rather long näme €.dtbo");
  dir.copy_in(image, dir.file("d", ""), "overlays/README");
  const FileBytes bytes = FileBytes::open(image).value();
  const FatVolume volume = FatVolume::open(bytes, 0, bytes.size()).value();
  EXPECT_EQ(volume.bits(), GetParam().bits);
  EXPECT_EQ(volume.label(), "FIRMWARE");
  EXPECT_EQ(volume.size(), GetParam().kib * 1024U);
  EXPECT_THAT(paths(volume.all().value()),
              ElementsAre("config.txt", "kernel8.img", "overlays/", "overlays/a rather long näme €.dtbo", "overlays/README"));
  EXPECT_THAT(paths(volume.list("OverLays").value()), ElementsAre("overlays/a rather long näme €.dtbo", "overlays/README"));
  EXPECT_EQ(volume.read(volume.find("/KERNEL8.IMG").value().value()).value(), large);
  EXPECT_EQ(volume.read_head(volume.find("kernel8.img").value().value(), 10).value(), large.substr(0, 10));
  EXPECT_EQ(volume.read(volume.find("overlays//readme").value().value()).value(), "");
  EXPECT_FALSE(volume.find("overlays/README/x").value().has_value());
  EXPECT_FALSE(volume.find("overlays/..").value().has_value());
  const std::uint64_t used = (large.size() / volume.cluster_size() + 1 + 3) * volume.cluster_size();
  EXPECT_EQ(volume.free_bytes().value() + used + (volume.bits() == 32 ? volume.cluster_size() : 0),
            volume.clusters() * volume.cluster_size());
  EXPECT_EQ(volume.list("config.txt").error().what, "'config.txt' is no directory of the file system");
  EXPECT_EQ(volume.read(volume.find("overlays").value().value()).error().what, "'overlays' is a directory");
  EXPECT_EQ(volume.read(volume.find("kernel8.img").value().value(), 1000).error().what,
            "'kernel8.img' has 150.0 kB, more than the 1.0 kB that are read");
}

INSTANTIATE_TEST_SUITE_P(Kinds, Fat,
                         testing::Values(FatCase{12, 1024}, FatCase{16, 16384}, FatCase{16, 65536}, FatCase{32, 40960, {"-s", "1"}},
                                         FatCase{16, 32768, {"-s", "4"}}));

struct SmallFat : testing::Test {
  SmallFat() {
    image = dir.fat("fat", 64, {"-F", "12", "-f", "1", "-r", "16", "-s", "1", "-R", "1"});
    dir.copy_in(image, dir.file("a", std::string(1500, 'x')), "A.TXT");
    dir.make_directory(image, "sub");
  }
  Result<std::vector<FatEntry>> all() {
    bytes.emplace(FileBytes::open(image).value());
    SWAGE_TRY(volume, FatVolume::open(*bytes, 0, bytes->size()));
    return volume->all();
  }
  ImageDir dir;
  fs::path image;
  std::optional<FileBytes> bytes{};
  std::optional<FatVolume> volume{};
};

TEST_F(SmallFat, LowerCaseOfShortNames) { EXPECT_THAT(paths(all().value()), ElementsAre("A.TXT", "sub/")); }

TEST_F(SmallFat, AChainThatEndsEarly) {
  ImageDir::put(image, 512 + 3, std::string("\xff\x0f", 2));   // cluster 2 is the last one
  const auto entries = all().value();
  EXPECT_EQ(volume->read(entries[0]).error().what, "'A.TXT' has 512 of its 1500 bytes: its chain of clusters ends early");
}

TEST_F(SmallFat, ADirectoryInsideItself) {
  // sub's own entry: the third of the root, after A.TXT and the long name that mmd gives lower case.
  const FileBytes before = FileBytes::open(image).value();
  const std::string root = before.read(1024, 512).value();
  const std::size_t at = root.find("SUB ");
  ASSERT_NE(at, std::string::npos);
  const std::string entry = root.substr(at, 32);
  ImageDir::put(image, 1024 + 512 + 512 * ((static_cast<unsigned char>(entry[26])) - 2U) + 64, entry);
  EXPECT_EQ(all().error().what, "directory 'sub/sub' is inside itself");
}

TEST_F(SmallFat, AChainThatComesBackToItself) {
  const FileBytes before = FileBytes::open(image).value();
  const std::string root = before.read(1024, 512).value();
  const unsigned cluster = static_cast<unsigned char>(root[root.find("SUB ") + 26]);
  ASSERT_EQ(cluster % 2, 1U);
  std::string pair = before.read(512 + cluster + cluster / 2, 2).value();
  pair[0] = static_cast<char>((pair[0] & 0x0f) | (cluster & 0x0f) << 4);
  pair[1] = static_cast<char>(cluster >> 4);
  ImageDir::put(image, 512 + cluster + cluster / 2, pair);
  EXPECT_EQ(all().error().what, "directory 'sub' has no end");
}

TEST_F(SmallFat, AnImageThatIsCut) {
  fs::resize_file(image, 2048);
  const auto entries = all();
  EXPECT_THAT(entries.error().what, HasSubstr("leads out of its partition"));
  fs::resize_file(image, 300);
  EXPECT_EQ(all().error().what, "there is no room for a FAT file system");
}

TEST(Utf16, WhatIsNoneIsReplaced) {
  const auto read = [](std::u16string text) {
    return from_utf16(std::string_view(reinterpret_cast<const char*>(text.data()), 2 * text.size()));
  };
  EXPECT_EQ(read(u"aä€😀"), "aä€😀");
  EXPECT_EQ(read(u"a") + read({0xd83d}) + read({0xde00, u'b'}) + read({0xd83d, u'c'}), "a\uFFFD\uFFFDb\uFFFDc");
  EXPECT_EQ(read({u'a', 0, u'b'}), "a");
}

TEST(FatOpen, WhatIsNone) {
  const auto why = [](std::string_view text) { return FatVolume::open(MemoryBytes(text), 0, text.size()).error().what; };
  EXPECT_EQ(why(std::string(1024, 'x')), "it does not begin like a FAT file system");
  EXPECT_EQ(why(std::string(100, 'x')), "there is no room for a FAT file system");
}

TEST(FatOpen, A32WithTooFewClustersIsTold) {
  const ImageDir dir;
  const fs::path image = dir.fat("fat", 1024, {"-F", "32"});
  const FileBytes bytes = FileBytes::open(image).value();
  EXPECT_TRUE(FatVolume::open(bytes, 0, bytes.size()).value().is_too_small_for_its_kind());
}

}  // namespace
}  // namespace swage
