#include "base/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace swage {
namespace {

TEST(Files, APathIsAbsoluteFromHere) {
  EXPECT_EQ(absolute_path("a/../b").value(), current_directory().value() / "a/../b");
  EXPECT_EQ(absolute_path("/a").value(), "/a");
  EXPECT_EQ(absolute_path("").error().what, "'' is no path");
}

// In a child: the working directory is the whole process's.
TEST(Files, AWorkingDirectoryThatIsGoneIsSaid) {
  const TempDir dir = TempDir::create("gone").value();
  const pid_t child = ::fork();
  if (child == 0) {
    const fs::path gone = dir.path() / "gone";
    if (!make_directories(gone) || ::chdir(gone.c_str()) != 0 || ::rmdir(gone.c_str()) != 0) ::_exit(1);
    const auto is_gone = [](const auto& result) {
      return !result && result.error().code == Errc::environment && render(result.error()) == "error: the current directory is gone\n";
    };
    ::_exit(is_gone(current_directory()) && is_gone(absolute_path("x")) && absolute_path("/x").has_value() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Files, WhatTheUserNamesIsWrittenInto) {
  const TempDir dir = TempDir::create("named").value();
  const fs::path file = dir.path() / "file", link = dir.path() / "link", pipe = dir.path() / "pipe";
  ASSERT_TRUE(write_file_atomically(file, "old", 0640));
  ASSERT_EQ(::symlink("file", link.c_str()), 0);
  ASSERT_TRUE(write_named_file(link, "new"));
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(read_file(file).value(), "new");
  EXPECT_EQ(fs::status(file).permissions(), static_cast<fs::perms>(0640));
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const UniqueFd reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(write_named_file(pipe, "through"));
  char text[8] = {};
  EXPECT_EQ(::read(reader.get(), text, sizeof text), 7);
  EXPECT_STREQ(text, "through");
  EXPECT_TRUE(write_named_file("/dev/null", "gone") && fs::is_character_file("/dev/null"));
  EXPECT_TRUE(write_named_file(dir.path() / "fresh", "x"));
  EXPECT_FALSE(write_named_file(dir.path(), "x"));
}

TEST(Files, WhatCannotBeLookedAtIsNoDirectory) {
  EXPECT_TRUE(directory_exists("/"));
  EXPECT_FALSE(directory_exists("/no/such"));
  EXPECT_FALSE(directory_exists(std::string(5000, 'x')));
}

}  // namespace
}  // namespace swage
