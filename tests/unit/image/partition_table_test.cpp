// What sfdisk wrote is what is read, and what is broken is said.
#include "image/partition_table.hpp"

#include <gmock/gmock.h>

#include "image_tools.hpp"

namespace swage {
namespace {

using testing::ElementsAre;

PartitionTable table_of(const fs::path& image) { return read_partition_table(FileBytes::open(image).value()).value(); }

constexpr const char* kMbr = "label: dos\n"
                             "start=2048, size=8192, type=c, bootable\n"
                             "start=10240, size=4096, type=83\n"
                             "start=14336, type=5\n"
                             "start=16384, size=2048, type=83\n"
                             "start=20480, size=2048, type=b\n";
constexpr const char* kGpt = "label: gpt\n"
                             "start=2048, size=8192, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=\"autoboot ä\"\n"
                             "start=10240, size=4096, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n";

TEST(PartitionTable, OfAnMbrWithLogicalPartitions) {
  const ImageDir dir;
  const PartitionTable table = table_of(dir.disk("mbr", 16, kMbr));
  EXPECT_EQ(table.kind, TableKind::mbr);
  EXPECT_THAT(table.damage, ElementsAre());
  ASSERT_EQ(table.mbr.size(), 4U);
  EXPECT_EQ(table.mbr[0].start, 2048 * 512U);
  EXPECT_EQ(table.mbr[0].size, 8192 * 512U);
  EXPECT_EQ(table.mbr[0].mbr_type, 0x0cU);
  EXPECT_TRUE(table.mbr[0].active);
  EXPECT_EQ(table.mbr[1].number, 2U);
  EXPECT_EQ(table.mbr[2].number, 5U);
  EXPECT_EQ(table.mbr[2].start, 16384 * 512U);
  EXPECT_EQ(table.mbr[3].number, 6U);
  EXPECT_EQ(table.mbr[3].mbr_type, 0x0bU);
}

TEST(PartitionTable, OfAGpt) {
  const ImageDir dir;
  const PartitionTable table = table_of(dir.disk("gpt", 16, kGpt));
  EXPECT_EQ(table.kind, TableKind::gpt);
  EXPECT_THAT(table.damage, ElementsAre());
  ASSERT_EQ(table.gpt.size(), 2U);
  EXPECT_EQ(table.gpt[0].gpt_type, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
  EXPECT_EQ(table.gpt[0].name, "autoboot ä");
  EXPECT_EQ(table.gpt[1].number, 2U);
  EXPECT_EQ(table.gpt[1].start, 10240 * 512U);
  EXPECT_EQ(table.gpt[1].size, 4096 * 512U);
}

TEST(PartitionTable, OfAHybrid) {
  const ImageDir dir;
  const fs::path image = dir.disk("hybrid", 16, kGpt);
  // The second entry of the protective MBR: the GPT's first partition, as a FAT.
  ImageDir::put(image, 446 + 16, std::string("\x00\x00\x00\x00\x0c\x00\x00\x00\x00\x08\x00\x00\x00\x20\x00\x00", 16));
  const PartitionTable table = table_of(image);
  EXPECT_EQ(table.kind, TableKind::hybrid);
  ASSERT_EQ(table.mbr.size(), 1U);
  EXPECT_EQ(table.mbr[0].number, 2U);
  EXPECT_EQ(table.mbr[0].start, table.gpt[0].start);
}

TEST(PartitionTable, OfAFileSystemThatIsTheWholeImage) {
  const ImageDir dir;
  EXPECT_EQ(table_of(dir.fat("whole", 1024)).kind, TableKind::none);
  EXPECT_EQ(table_of(dir.file("nothing", "")).kind, TableKind::none);
  EXPECT_EQ(table_of(dir.file("zeros", std::string(4096, '\0'))).kind, TableKind::none);
}

TEST(PartitionTable, AGptWhoseFirstCopyIsBrokenIsReadFromTheSecond) {
  const ImageDir dir;
  const fs::path image = dir.disk("gpt", 16, kGpt);
  ImageDir::put(image, 512 + 40, "x");
  const PartitionTable table = table_of(image);
  EXPECT_EQ(table.gpt.size(), 2U);
  EXPECT_THAT(table.damage, ElementsAre("the first copy of the GPT is broken"));
}

TEST(PartitionTable, AnImageThatIsCutSaysWhatIsMissing) {
  const ImageDir dir;
  const fs::path image = dir.disk("gpt", 16, kGpt);
  fs::resize_file(image, 6 << 20);
  EXPECT_THAT(table_of(image).damage, ElementsAre("the GPT's second copy is not at the end of the image, or broken",
                                                  "partition 2 ends at byte 7340032, and the image at byte 6291456"));
}

TEST(PartitionTable, OverlapsAndCirclesAreSaid) {
  const ImageDir dir;
  const fs::path image = dir.disk("mbr", 16, kMbr);
  ImageDir::put(image, 446 + 8, std::string("\x00\x20\x00\x00", 4));                    // the first from sector 8192
  ImageDir::put(image, 14336 * 512 + 446 + 16, std::string("\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00", 12));
  EXPECT_THAT(table_of(image).damage, ElementsAre("the chain of logical partitions comes back to itself",
                                                  "partitions 1 and 2 overlap"));
}

}  // namespace
}  // namespace swage
