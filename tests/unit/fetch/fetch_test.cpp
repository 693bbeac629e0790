#include "fetch/fetch.hpp"

#include <atomic>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/process.hpp"
#include "http_server.hpp"

namespace swage {
namespace {

using test::HttpReply;
using test::HttpRequest;
using test::HttpServer;

const std::string kNoSum(64, '0');

class FetchTest : public testing::Test {
 protected:
  TempDir dir = TempDir::create("fetch").value();
  std::unique_ptr<Store> store = Store::open(dir.path() / "home").value();
  std::string content = "the bytes of a source";
  std::atomic<int> requests{0};
  HttpServer server{[this](const HttpRequest&) { return ++requests, HttpReply{.body = content}; }};
  NullReporter reporter;
  Fetcher fetcher{*store, FetchOptions{.tries = 1}, reporter};

  StorePath flat_path(std::string_view name) { return make_fixed_path(name, ContentMethod::flat, sha256(content)).value(); }
  Source::Download what(const std::string& name) {
    return {.name = name, .sha256 = sha256(content).hex(), .size = content.size(), .urls = {server.url(name)}};
  }
  std::string fetch(const Source& source) {
    const auto done = fetcher.fetch(source, 1);
    return done ? "" : render(done.error());
  }
  std::size_t leftovers() { return list_directory(store->work_dir() / "downloads")->size(); }

  // A package made by the distribution's own tool.
  std::string make_deb(const std::string& program) {
    const fs::path tree = dir.path() / "tree";
    EXPECT_TRUE(make_directories(tree / "DEBIAN").has_value());
    EXPECT_TRUE(make_directories(tree / "bin").has_value());
    EXPECT_TRUE(write_file_atomically(tree / "DEBIAN/control", "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n").has_value());
    EXPECT_TRUE(write_file_atomically(tree / "bin/busybox", program, 0755).has_value());
    const fs::path deb = dir.path() / "x.deb";
    EXPECT_TRUE(run_process({.argv = {"dpkg-deb", "--build", "--root-owner-group", tree.string(), deb.string()}})->ok());
    return read_file(deb).value();
  }
};

TEST_F(FetchTest, PutsADownloadIntoTheStoreOnce) {
  const Source source{.path = flat_path("x.tar"), .how = what("x.tar")};
  EXPECT_EQ(fetch(source), "");
  EXPECT_EQ(read_file(store->real_path(source.path)).value(), content);
  EXPECT_EQ(fetch(source), "");
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(leftovers(), 0U);
  EXPECT_TRUE(store->verify({})->problems.empty());
}

TEST_F(FetchTest, ManyThreadsFetchAFileOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] { EXPECT_EQ(fetch({.path = flat_path("x.tar"), .how = what("x.tar")}), ""); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(leftovers(), 0U);
}

TEST_F(FetchTest, LeavesNothingInTheStoreAfterAMismatch) {
  Source source{.path = flat_path("x.tar"), .how = what("x.tar")};
  const std::string pinned = content;
  content = "The bytes of a source";
  EXPECT_EQ(fetch(source), fmt::format(R"(error: 'x.tar' is not the file that is pinned
note: expected sha256 {}
note: received sha256 {}
note: {}: other content
hint: if the publisher replaced the file, correct the sha256 in its table and run: swage check
)", sha256(pinned).hex(), sha256(content).hex(), server.url("x.tar")));
  EXPECT_FALSE(store->is_valid(source.path).value());
}

TEST_F(FetchTest, TakesATreeOutOfWhateverArchiveHoldsIt) {
  const fs::path tree = dir.path() / "linux-1a2b";
  ASSERT_TRUE(make_directories(tree / "arch").has_value());
  ASSERT_TRUE(write_file_atomically(tree / "arch/Kconfig", "config A\n").has_value());
  const Hash nar = hash_nar(tree)->hash;
  const fs::path archive = dir.path() / "tree.tar.gz";
  ASSERT_TRUE(run_process({.argv = {"tar", "-C", dir.path().string(), "-czf", archive.string(), "linux-1a2b"}})->ok());
  content = read_file(archive).value();
  const auto source = [&](const Hash& hash) {
    return Source{.path = make_fixed_path("linux-6.12-source", ContentMethod::recursive, hash).value(),
                  .how = Source::Tree{.name = "acme 6.12", .nar_sha256 = hash.hex(), .urls = {server.url("tree.tar.gz")},
                                      .hint = "name a copy of the tree with: --src DIR"}};
  };
  EXPECT_EQ(fetch(source(nar)), "");
  EXPECT_EQ(read_file(store->real_path(source(nar).path) / "arch/Kconfig").value(), "config A\n");
  EXPECT_EQ(leftovers(), 0U);
  EXPECT_TRUE(store->verify({})->problems.empty());
  const Hash other = sha256("another tree");
  EXPECT_EQ(fetch(source(other)), fmt::format(R"(error: 'acme 6.12' is not the tree that is pinned
note: expected NAR sha256 {}
note: received NAR sha256 {}
hint: name a copy of the tree with: --src DIR
)", other.hex(), nar.hex()));
  EXPECT_FALSE(store->is_valid(source(other).path).value());
}

TEST_F(FetchTest, ATreeThatCannotBeHadSaysWhatToDo) {
  const Hash hash = sha256("a tree");
  const Source source{.path = make_fixed_path("linux-6.12-source", ContentMethod::recursive, hash).value(),
                      .how = Source::Tree{.name = "acme 6.12", .nar_sha256 = hash.hex(), .urls = {"http://127.0.0.1:1/tree.tar.gz"},
                                          .hint = "name a copy of the tree with: --src DIR"}};
  const auto done = fetcher.fetch(source, 1);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::environment);   // exit code 4
  EXPECT_EQ(done.error().hint, "name a copy of the tree with: --src DIR");
}

TEST_F(FetchTest, AddsTexts) {
  const std::string text = "#!/bin/sh\n";
  const StorePath path = make_text_path("run.sh", sha256(text), {}).value();
  EXPECT_EQ(fetch({.path = path, .how = Source::Text{text}}), "");
  EXPECT_EQ(read_file(store->real_path(path)).value(), text);
  const StorePath other = make_text_path("run.sh", sha256("else"), {}).value();
  EXPECT_EQ(fetch({.path = other, .how = Source::Text{text}}),
            fmt::format("error: '{}' was planned, but its content belongs at '{}'\n", other.str(), path.str()));
}

TEST_F(FetchTest, TakesAProgramOutOfAPackage) {
  content = make_deb("a static shell");
  const fs::path tree = dir.path() / "expected";
  ASSERT_TRUE(make_directories(tree / "bin").has_value());
  ASSERT_TRUE(write_file_atomically(tree / "bin/busybox", "a static shell", 0555).has_value());
  const Hash nar = hash_nar(tree)->hash;
  const Source source{.path = make_fixed_path("busybox", ContentMethod::recursive, nar).value(),
                      .how = Source::Member{.package = what("x.deb"), .member = "./bin/busybox", .nar_sha256 = nar.hex()}};
  EXPECT_EQ(fetch(source), "");
  EXPECT_EQ(read_file(store->real_path(source.path) / "bin/busybox").value(), "a static shell");
  EXPECT_EQ(leftovers(), 0U);
  EXPECT_TRUE(store->verify({})->problems.empty());

  const StorePath other = make_fixed_path("sh", ContentMethod::recursive, nar).value();
  EXPECT_EQ(fetch({.path = other, .how = Source::Member{.package = what("x.deb"), .member = "./bin/busybox", .nar_sha256 = kNoSum}}),
            fmt::format(R"(error: './bin/busybox' of 'x.deb' is not the file that is pinned
note: expected NAR sha256 {}
note: received NAR sha256 {}
hint: pin it anew with: swage lock --update
)", kNoSum, nar.hex()));
  EXPECT_EQ(fetch({.path = other, .how = Source::Member{.package = what("x.deb"), .member = "./bin/no", .nar_sha256 = kNoSum}}),
            "error: 'x.deb' has no file './bin/no'\n");
}

TEST_F(FetchTest, SaysThatALocalTreeIsGone) {
  const Source source{.path = flat_path("src"), .how = Source::Present{.from = "/home/me/linux"}};
  EXPECT_EQ(fetch(source), fmt::format(R"(error: '{}' is no longer in the store
note: it was copied from '/home/me/linux' when the build was planned
hint: plan anew: run the same command again
)", source.path.str()));
  ASSERT_TRUE(write_file_atomically(dir.path() / "src", content).has_value());
  ASSERT_TRUE(store->add_fixed_file("src", sha256(content), dir.path() / "src").has_value());
  EXPECT_EQ(fetch(source), "");
}

}  // namespace
}  // namespace swage
