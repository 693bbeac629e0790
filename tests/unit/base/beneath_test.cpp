// No name leads out of an open directory, and nothing but a regular file within its limit is read.
#include "base/beneath.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <thread>


namespace swage {
namespace {

class BeneathTest : public testing::Test {
 protected:
  BeneathTest() : temp_(TempDir::create("beneath").value()) {
    write("secret", "not for a layer");
    write("layer/a", "in the layer");
    write("layer/sub/b", "deeper");
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((temp_.path() / name).parent_path());
    std::ofstream(temp_.path() / name) << text;
  }
  void link(const std::string& target, const std::string& name) { fs::create_symlink(target, temp_.path() / name); }
  fs::path layer() const { return temp_.path() / "layer"; }
  // What a user sees, with the temporary directory called TMP.
  std::string said(const Error& error) const {
    std::string text = render(error);
    for (std::size_t at; (at = text.find(temp_.path().string())) != std::string::npos;) text.replace(at, temp_.path().string().size(), "TMP");
    return text;
  }
  std::string read(const fs::path& name, std::uint64_t limit = kLargestFile) const {
    const auto text = read_beneath(layer(), name, limit);
    return text ? *text : said(text.error());
  }

  TempDir temp_;
};

TEST_F(BeneathTest, ReadsWhatIsBelowAndFollowsLinksThatStay) {
  link("../a", "layer/sub/up");
  link("sub", "layer/other");
  EXPECT_EQ(read("a"), "in the layer");
  EXPECT_EQ(read("sub/b"), "deeper");
  EXPECT_EQ(read("sub/../a"), "in the layer");
  EXPECT_EQ(read("sub/up"), "in the layer");
  EXPECT_EQ(read("other/b"), "deeper");
}

TEST_F(BeneathTest, EveryWayOutIsRefused) {
  link("../secret", "layer/relative");
  link((temp_.path() / "secret").string(), "layer/absolute");
  link((layer() / "a").string(), "layer/absolute-but-inside");
  link("..", "layer/directory");
  link("relative", "layer/link-to-link");
  const auto refused = [](const std::string& name) {
    return "error: '" + name + "' leads out of 'TMP/layer'\nnote: only what is below that directory is read for it\n";
  };
  for (const char* name : {"relative", "absolute", "absolute-but-inside", "link-to-link", "directory/secret", "../secret", "sub/../../secret", "/etc/passwd"})
    EXPECT_EQ(read(name), refused(name));
  const Beneath files = Beneath::open(layer()).value();
  EXPECT_EQ(said(files.directory("directory").error()), refused("directory"));
  EXPECT_EQ(said(files.find("../secret").error()), refused("../secret"));
  EXPECT_EQ(files.directory("sub").value(), fs::canonical(layer() / "sub"));
}

TEST_F(BeneathTest, LinksOfProcLeadNowhere) {
  const UniqueFd open = open_regular(temp_.path() / "secret").value();
  const auto text = read_beneath("/proc/self/fd", std::to_string(open.get()));
  ASSERT_FALSE(text);
  EXPECT_EQ(render(text.error()), "error: cannot open '/proc/self/fd/" + std::to_string(open.get()) + "': Too many levels of symbolic links\n");
}

TEST_F(BeneathTest, NothingButARegularFileIsOpenedAndNothingHangs) {
  ASSERT_EQ(::mkfifo((layer() / "fifo").c_str(), 0600), 0);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  (layer() / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(read("fifo"), "error: 'TMP/layer/fifo' is a FIFO, not a file\n");
  EXPECT_EQ(read("socket"), "error: 'TMP/layer/socket' is a socket, not a file\n");
  EXPECT_EQ(read("sub"), "error: 'TMP/layer/sub' is a directory, not a file\n");
  ::close(fd);
  // The same of what the user names, which may be anywhere.
  EXPECT_EQ(said(read_file("/dev/zero").error()), "error: '/dev/zero' is a device, not a file\n");
  EXPECT_EQ(said(read_file(layer() / "fifo").error()), "error: 'TMP/layer/fifo' is a FIFO, not a file\n");
  EXPECT_EQ(said(map_file(layer() / "fifo").error()), "error: 'TMP/layer/fifo' is a FIFO, not a file\n");
}

TEST_F(BeneathTest, WhatIsMissingIsNotWhatIsWrong) {
  link("nothing", "layer/dangling");
  const Beneath files = Beneath::open(layer()).value();
  EXPECT_EQ(files.find("missing").value(), std::nullopt);
  EXPECT_EQ(files.find("a/below-a-file").value(), std::nullopt);
  EXPECT_EQ(files.find("a").value(), "in the layer");
  EXPECT_EQ(said(files.find("dangling").error()), "error: cannot open 'TMP/layer/dangling': No such file or directory\n");
}

// It was an error, when it came between the look that did not find it and the one that asked why.
TEST_F(BeneathTest, WhatComesAndGoesIsThereOrNot) {
  const fs::path root = temp_.path() / "busy", file = root / "file";
  fs::create_directories(root);
  const std::jthread other([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::ofstream(root / "new") << "text";
      ::rename((root / "new").c_str(), file.c_str());
      ::unlink(file.c_str());
    }
  });
  const Beneath files = Beneath::open(root).value();
  for (int i = 0; i < 20'000; ++i) {
    const Result<std::optional<UniqueFd>> found = files.find_regular("file");
    ASSERT_TRUE(found) << found.error().what;
  }
}

TEST_F(BeneathTest, SizesAreLimitedWhateverTheFileSaysOfItself) {
  write("layer/ten", "0123456789");
  EXPECT_EQ(read("ten", 10), "0123456789");
  const std::string refused = "error: 'TMP/layer/ten' is larger than 9 B, which is the most that is read of it\n";
  EXPECT_EQ(read("ten", 9), refused);
  ASSERT_EQ(::truncate((layer() / "a").c_str(), off_t{1} << 42), 0);
  EXPECT_EQ(read("a"), "error: 'TMP/layer/a' is larger than 256.0 MB, which is the most that is read of it\n");
  EXPECT_EQ(said(map_file(layer() / "a").error()), "error: 'TMP/layer/a' is larger than 256.0 MB, which is the most that is read of it\n");
  // Files of /proc say that they are empty.
  const auto status = read_file("/proc/self/status", 20);
  ASSERT_FALSE(status);
  EXPECT_EQ(render(status.error()), "error: '/proc/self/status' is larger than 20 B, which is the most that is read of it\n");
}

TEST_F(BeneathTest, PathsAreTakenApart) {
  const auto relative = [](const char* directory, const char* path) {
    const auto found = Beneath::open(directory).value().relative(path);
    return found ? found->string() : "none";
  };
  EXPECT_EQ(relative("/usr", "/usr/bin/x"), "bin/x");
  EXPECT_EQ(relative("/usr/", "/usr/bin/x"), "bin/x");
  EXPECT_EQ(relative("/usr", "/usr/../etc/x"), "../etc/x");
  EXPECT_EQ(relative("/usr", "/usrlocal/x"), "none");
  EXPECT_EQ(relative("/usr", "/usr"), "none");
  EXPECT_EQ(relative("/", "/etc/x"), "etc/x");
}

}  // namespace
}  // namespace swage
