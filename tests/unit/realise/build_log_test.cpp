#include "realise/build_log.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/process.hpp"

namespace swage {
namespace {

using testing::ElementsAre;

Result<std::string> decompressed(const fs::path& file) {
  std::string text;
  SWAGE_CHECK(decompress_log(file, [&](std::string_view bytes) { text += bytes; }));
  return text;
}

class BuildLogTest : public testing::Test {
 protected:
  BuildLog open(std::size_t tail = 3) {
    return BuildLog::create(file_, tail, [this](const std::string& line) { lines_.push_back(line); }).value();
  }
  std::string stored() { return decompressed(file_).value(); }

  TempDir dir_ = TempDir::create("swage-log").value();
  fs::path file_ = dir_.path() / "ab" / "cd.drv.bz2";
  std::vector<std::string> lines_{};
};

TEST_F(BuildLogTest, SplitsLinesHoweverTheBytesCome) {
  BuildLog log = open();
  for (const char* part : {"on", "e\ntw", "o\r\n", "\n", "last"}) log.append(part);
  EXPECT_THAT(lines_, ElementsAre("one", "two", ""));
  ASSERT_TRUE(log.finish());
  EXPECT_THAT(lines_, ElementsAre("one", "two", "", "last"));
  EXPECT_THAT(log.tail(), ElementsAre("two", "", "last"));
  EXPECT_EQ(stored(), "one\ntwo\r\n\nlast");
}

TEST_F(BuildLogTest, EmptyLogIsAValidFile) {
  BuildLog log = open();
  ASSERT_TRUE(log.finish());
  EXPECT_EQ(stored(), "");
  EXPECT_EQ(run_process({.argv = {"bzip2", "-t", file_.string()}})->status, 0);
}

TEST_F(BuildLogTest, AnAbortedLogIsReadableUpToTheLastFlush) {
  BuildLog log = open();
  log.append("first\n");
  log.flush_when_due(BuildLog::Clock::now());
  EXPECT_EQ(stored(), "") << "not due yet";
  log.flush_when_due(BuildLog::Clock::now() + std::chrono::seconds(2));
  log.append("second\n");
  EXPECT_EQ(stored(), "first\n");
}

TEST_F(BuildLogTest, ACutStreamLosesOnlyItself) {
  BuildLog log = open();
  log.append("first\n");
  log.flush_when_due(BuildLog::Clock::now() + std::chrono::seconds(2));
  log.append("second\n");
  ASSERT_TRUE(log.finish());
  EXPECT_EQ(decompressed(file_).value(), "first\nsecond\n");
  const std::string bytes = read_file(file_).value();
  ASSERT_TRUE(write_file_atomically(file_, bytes.substr(0, bytes.size() - 20)));
  EXPECT_EQ(decompressed(file_).value(), "first\n");
}

TEST_F(BuildLogTest, BigLogsAreReadByBzip2Too) {
  BuildLog log = open();
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  for (std::size_t at = 0; at < text.size(); at += 4093) log.append(std::string_view(text).substr(at, 4093));
  ASSERT_TRUE(log.finish());
  EXPECT_EQ(stored(), text);
  EXPECT_EQ(run_process({.argv = {"bzip2", "-dc", file_.string()}})->out, text);
  EXPECT_EQ(lines_.size(), 60'000u);
}

TEST_F(BuildLogTest, AnEndlessLineIsCutForTheRendererOnly) {
  BuildLog log = open();
  log.append(std::string(100'000, 'x'));
  ASSERT_TRUE(log.finish());
  EXPECT_EQ(stored().size(), 100'000u);
  EXPECT_EQ(lines_.size(), 7u);
}

RC_GTEST_PROP(BuildLogProperty, WhateverComesInIsReadBack, (const std::vector<std::string>& parts)) {
  const TempDir dir = TempDir::create("swage-log").value();
  std::string lines, text;
  BuildLog log = BuildLog::create(dir.path() / "log", 5, [&](const std::string& line) { lines += line + "\n"; }).value();
  auto now = BuildLog::Clock::now();
  for (const std::string& part : parts) {
    log.append(part);
    log.flush_when_due(now += std::chrono::milliseconds(600));
    text += part;
  }
  RC_ASSERT(log.finish().has_value());
  RC_ASSERT(decompressed(dir.path() / "log").value() == text);
  RC_ASSERT(std::count(lines.begin(), lines.end(), '\n') == std::count(text.begin(), text.end(), '\n') + (!text.empty() && text.back() != '\n'));
}

TEST(BuildLog, AFullDiskEndsTheLogNotTheBuild) {
  std::vector<std::string> lines;
  BuildLog log = BuildLog::create("/dev/full", 5, [&](const std::string& line) { lines.push_back(line); }).value();
  log.append("one\n");
  log.flush_when_due(BuildLog::Clock::now() + std::chrono::seconds(2));
  log.append("two\n");
  const Result<void> kept = log.finish();
  EXPECT_THAT(lines, ElementsAre("one", "two"));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().what, "cannot write '/dev/full': No space left on device");
}

TEST(DecompressLog, SaysWhatIsNotALog) {
  const TempDir dir = TempDir::create("swage-log").value();
  const fs::path file = dir.path() / "x.bz2";
  ASSERT_TRUE(write_file_atomically(file, "hello, this is no bzip2"));
  const Result<std::string> text = decompressed(file);
  ASSERT_FALSE(text);
  EXPECT_EQ(render(text.error()), fmt::format("error: '{}' is not a log in bzip2 format\n", file.string()));
}

}  // namespace
}  // namespace swage
