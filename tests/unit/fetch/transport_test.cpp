#include "fetch/transport.hpp"

#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <mutex>
#include <csignal>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "http_server.hpp"

namespace swage {
namespace {

using test::HttpReply;
using test::HttpRequest;
using test::HttpServer;
using test::refused_url;

std::string long_text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += fmt::format("line {}\n", i);
  text.resize(size);
  return text;
}

class TransportTest : public testing::Test {
 protected:
  TempDir dir = TempDir::create("transport").value();
  std::string content = long_text(300000);
  FetchOptions options{.tries = 3, .connect_timeout = 5, .stall_timeout = 1, .first_delay = 0.01};
  NullReporter reporter;

  Source::Download wanted(std::vector<std::string> urls) const {
    return {.name = "x.tar", .sha256 = sha256(content).hex(), .size = content.size(), .urls = std::move(urls)};
  }
  fs::path part_path() const { return dir.path() / (sha256(content).hex() + ".part"); }
  // The error as it is printed, or "" and the content is right.
  std::string get(const Source::Download& what) {
    Transport transport(options, reporter);
    auto part = PartFile::acquire(dir.path(), what.sha256);
    EXPECT_TRUE(part.has_value());
    if (auto done = transport.get(what, *part, 1); !done) return render(done.error());
    EXPECT_EQ(read_file(part->path()).value(), content);
    return "";
  }
};

TEST_F(TransportTest, DownloadsAFileOnceAndKnowsItAfterwards) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(TransportTest, ReportsProgressUpToTheEnd) {
  struct Journal final : Reporter {
    std::mutex mutex;
    std::vector<JobProgress> seen;
    void on(const Event& event) override {
      const std::lock_guard lock(mutex);
      if (const auto* progress = std::get_if<JobProgress>(&event)) seen.push_back(*progress);
    }
  } journal;
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  Transport transport(options, journal);
  auto part = PartFile::acquire(dir.path(), "a").value();
  ASSERT_TRUE(transport.get(wanted({server.url("x.tar")}), part, 7).has_value());
  ASSERT_FALSE(journal.seen.empty());
  EXPECT_EQ(journal.seen.back().id, 7U);
  EXPECT_EQ(journal.seen.back().done, content.size());
  EXPECT_EQ(journal.seen.back().total, content.size());
}

TEST_F(TransportTest, ReadsLocalFilesAndEmptyOnes) {
  const fs::path file = dir.path() / "there";
  ASSERT_TRUE(write_file_atomically(file, content).has_value());
  EXPECT_EQ(get(wanted({"file://" + file.string()})), "");
  content.clear();
  ASSERT_TRUE(write_file_atomically(file, content).has_value());
  EXPECT_EQ(get(wanted({"file://" + file.string()})), "");
  HttpServer server([&](const HttpRequest&) { return HttpReply{}; });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
}

TEST_F(TransportTest, ReadsLocalFilesWhateverTheirName) {
  for (const char* name : {"two words", "100%41", "a#b?c", "\xc3\xa9"}) {
    const fs::path file = dir.path() / name;
    ASSERT_TRUE(write_file_atomically(file, content).has_value());
    EXPECT_EQ(get(wanted({file_url(file)})), "") << file_url(file);
  }
  EXPECT_EQ(file_url("/x/two words-1.0%.tar.gz"), "file:///x/two%20words-1.0%25.tar.gz");
  EXPECT_EQ(get(wanted({"file://" + (dir.path() / "two words").string()})), "") << "as a person writes it";
}

TEST_F(TransportTest, ResumesWhatAnEarlierRunLeft) {
  ASSERT_TRUE(write_file_atomically(part_path(), content.substr(0, 1000)).has_value());
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].range_start, 1000U);
}

TEST_F(TransportTest, ResumesAfterABrokenConnection) {
  HttpServer server([&](const HttpRequest& request) {
    return HttpReply{.body = content, .cut_after = request.range_start ? std::optional<std::size_t>() : 1234};
  });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_EQ(server.requests()[1].range_start, 1234U);
}

// Whoever has no hash yet would pin a mixture of two files, which no server ever had.
TEST_F(TransportTest, WithoutAHashNothingOfAnEarlierRunIsTakenUp) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  Source::Download unpinned{.name = "x.tar", .urls = {server.url("x.tar")}};
  for (const std::string& left : {content.substr(0, 1000), std::string(1000, '?'), content + "more"}) {
    ASSERT_TRUE(write_file_atomically(dir.path() / ".part", left).has_value());
    EXPECT_EQ(get(unpinned), "");
  }
  for (const HttpRequest& request : server.requests()) EXPECT_FALSE(request.range_start.has_value());
}

TEST_F(TransportTest, WithoutAHashABrokenDownloadGoesOnOnlyWithTheSameVersion) {
  const auto requests = [&](const HttpServer::Handler& handler) {
    HttpServer server(handler);
    EXPECT_EQ(get({.name = "x.tar", .urls = {server.url("x.tar")}}), "");
    return server.requests();
  };
  const std::string other(content.size(), '?');
  // A version that stays: continued.
  std::vector<HttpRequest> seen = requests([&](const HttpRequest& request) {
    return HttpReply{.body = content, .headers = {{"ETag", "\"1\""}}, .cut_after = request.range_start ? std::optional<std::size_t>() : 1234};
  });
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[1].range_start, 1234U);
  EXPECT_EQ(seen[1].headers.at("if-range"), "\"1\"");
  // One that a server without If-Range changes meanwhile, and servers that name none that can be relied upon: begun anew.
  std::atomic<int> count{0};
  seen = requests([&](const HttpRequest&) {
    return ++count == 1 ? HttpReply{.body = other, .headers = {{"ETag", "\"1\""}}, .cut_after = 1234} : HttpReply{.body = content, .headers = {{"ETag", "\"2\""}}};
  });
  EXPECT_EQ(seen.size(), 3U);
  for (const char* etag : {"", "W/\"1\""}) {
    count = 0;
    seen = requests([&](const HttpRequest&) {
      return ++count == 1 ? HttpReply{.body = other, .headers = {{"ETag", etag}}, .cut_after = 1234} : HttpReply{.body = content, .headers = {{"ETag", etag}}};
    });
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_FALSE(seen[1].range_start.has_value());
  }
}

TEST_F(TransportTest, SaysThatAHeaderIsTooLarge) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content, .headers = {{"X-Long", std::string(200'000, 'x')}}}; });
  options.tries = 1;
  EXPECT_TRUE(get(wanted({server.url("x.tar")})).starts_with(
      fmt::format("error: 'x.tar' cannot be downloaded\nnote: {}: its HTTP header is larger than libcurl reads\n", server.url("x.tar"))));
}

TEST_F(TransportTest, ManyBreaksAreFineAsLongAsBytesArrive) {
  options.tries = 2;
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content, .cut_after = 70000}; });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  EXPECT_EQ(server.requests().size(), 5U);
}

TEST_F(TransportTest, StartsAnewWhenTheServerCannotResume) {
  ASSERT_TRUE(write_file_atomically(part_path(), content.substr(0, 1000)).has_value());
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content, .honour_range = false}; });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(TransportTest, StartsAnewWhenTheServerResumesElsewhere) {
  ASSERT_TRUE(write_file_atomically(part_path(), content.substr(0, 1000)).has_value());
  HttpServer server([&](const HttpRequest&) {
    return HttpReply{.body = content, .headers = {{"Content-Range", "bytes 7-299999/300000"}}};
  });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(TransportTest, StartsAnewWhenWhatWasLeftIsWrong) {
  ASSERT_TRUE(write_file_atomically(part_path(), std::string(1000, '?')).has_value());
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(TransportTest, StartsAnewWhenWhatWasLeftIsTooLongOrHasAnUnknownSize) {
  ASSERT_TRUE(write_file_atomically(part_path(), content + "more").has_value());
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  ASSERT_TRUE(write_file_atomically(part_path(), content + "more").has_value());
  Source::Download what = wanted({server.url("x.tar")});
  what.size = 0;
  EXPECT_EQ(get(what), "");
  ASSERT_TRUE(write_file_atomically(part_path(), content.substr(0, 5)).has_value());
  EXPECT_EQ(get(what), "");
}

TEST_F(TransportTest, TriesAgainAfterAServerError) {
  std::atomic<int> count{0};
  HttpServer server([&](const HttpRequest&) {
    return ++count < 3 ? HttpReply{.status = count == 1 ? 500 : 429, .body = "sorry"} : HttpReply{.body = content};
  });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  EXPECT_EQ(count, 3);
}

TEST_F(TransportTest, WaitsAsLongAsAServerAsksFor) {
  const auto http_date = [](std::time_t when) {
    std::tm time{};
    ::gmtime_r(&when, &time);
    char text[64];
    return std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &time));
  };
  for (const bool as_date : {false, true})
    for (const int status : {429, 503}) {
      std::filesystem::remove(part_path());
      std::atomic<int> asked{0};
      HttpServer server([&](const HttpRequest&) {
        if (asked++ > 0) return HttpReply{.body = content};
        return HttpReply{.status = status,
                         .headers = {{"Retry-After", as_date ? http_date(std::time(nullptr) + 2) : "1"}}};
      });
      const auto start = std::chrono::steady_clock::now();
      EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
      EXPECT_EQ(asked, 2);
      EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(950));
    }
}

TEST_F(TransportTest, AServerThatAsksForAnHourIsNotWaitedFor) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.status = 503, .headers = {{"Retry-After", "3600"}}}; });
  const std::string url = server.url("x.tar");
  EXPECT_NE(get(wanted({url})).find(url + ": HTTP status 503, and it wants to be asked again in 1 h 00 m"), std::string::npos);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(TransportTest, CountsWhatArrives) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  Traffic traffic;
  options.traffic = &traffic;
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  EXPECT_EQ(traffic.total().bytes, content.size());
  EXPECT_GT(traffic.total().seconds, 0);
}

TEST_F(TransportTest, DoesNotAskAgainForWhatIsNotThere) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.status = 404, .body = "not here"}; });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), fmt::format(R"(error: 'x.tar' cannot be downloaded
note: {}: HTTP status 404
hint: nobody has it any more under that address: correct its table, bring it as --src or by a layer, or name a mirror that has it with: --mirror DIR
)", server.url("x.tar")));
  EXPECT_EQ(server.requests().size(), 1U);

  options.mirrors = {server.url("debian")};
  Source::Download pinned = wanted({});
  pinned.pool_path = "pool/x.tar";
  EXPECT_EQ(get(pinned), fmt::format(R"(error: 'x.tar' cannot be downloaded
note: {}: HTTP status 404
hint: the suite has moved on: name a mirror that has the file with --mirror DIR, or pin another one with: swage lock --update
)", server.url("debian/pool/x.tar")));
}

TEST_F(TransportTest, KnowsWhatIsAbsentWithoutReadingIt) {
  HttpServer server([&](const HttpRequest& request) {
    if (request.path == "/here") return HttpReply{.body = content};
    return HttpReply{.status = request.path == "/broken" ? 503 : 404};
  });
  Transport transport(options, reporter);
  EXPECT_TRUE(transport.absent(wanted({server.url("gone")})).value());
  EXPECT_TRUE(transport.absent(wanted({"file://" + (dir.path() / "gone").string()})).value());
  EXPECT_FALSE(transport.absent(wanted({server.url("gone"), server.url("here")})).value());
  EXPECT_FALSE(transport.absent(wanted({server.url("broken")})).value()) << "it may be there";
  EXPECT_FALSE(transport.absent(wanted({refused_url("x")})).value()) << "it may be there";
}

TEST_F(TransportTest, TriesUrlsInOrderMirrorsFirst) {
  HttpServer server([&](const HttpRequest& request) {
    return request.path == "/other/x.tar" ? HttpReply{.body = content} : HttpReply{.status = 404};
  });
  options.mirrors = {server.url("debian"), server.url("second/")};
  Source::Download what = wanted({server.url("gone/x.tar"), server.url("other/x.tar"), server.url("never")});
  what.pool_path = "pool/x_1%3a2~rc.tar";
  EXPECT_EQ(get(what), "");
  std::vector<std::string> paths;
  for (const HttpRequest& request : server.requests()) paths.push_back(request.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"/debian/pool/x_1%253a2~rc.tar", "/second/pool/x_1%253a2~rc.tar", "/gone/x.tar", "/other/x.tar"}));
}

// A file of a distribution: mirrors of files by hash, those of the distribution, and who has what it had on a day.
TEST_F(TransportTest, MirrorsByHashComeFirstAndArchivesOfOldPackagesLast) {
  std::string has = "/never";
  HttpServer server([&](const HttpRequest& request) {
    return request.path == has ? HttpReply{.body = content} : HttpReply{.status = 404};
  });
  const std::string hash = sha256(content).hex();
  options.by_hash = {server.url("one"), server.url("two")};
  options.mirrors = {server.url("debian")};
  options.old = {{.name = "debian", .urls = {server.url("old/{day}/{path}"), server.url("old/{next_day}/{path}")}},
                 {.name = "debian-security", .urls = {server.url("security/{day}/{path}")}}};
  Source::Download what = wanted({});
  what.pool_path = "pool/x_1%3a2.tar";
  what.day = "2024-02-28";
  what.archive = "debian";
  const auto asked = [&](std::size_t from) {
    std::vector<std::string> paths;
    for (const HttpRequest& request : server.requests()) paths.push_back(request.path);
    return std::vector<std::string>(paths.begin() + static_cast<std::ptrdiff_t>(from), paths.end());
  };
  has = "/old/20240229/pool/x_1%253a2.tar";
  EXPECT_EQ(get(what), "");
  EXPECT_EQ(asked(0), (std::vector<std::string>{"/one/sha256/" + hash.substr(0, 2) + "/" + hash, "/two/sha256/" + hash.substr(0, 2) + "/" + hash,
                                                "/debian/pool/x_1%253a2.tar", "/old/20240228/pool/x_1%253a2.tar", has}));
  // Of a lock file that does not say which archive, all are asked; without a day none.
  ASSERT_TRUE(remove_tree(part_path()).has_value());
  what.archive = "";
  what.day = "2023-12-31";
  has = "/security/20231231/pool/x_1%253a2.tar";
  EXPECT_EQ(get(what), "");
  EXPECT_EQ(asked(8), (std::vector<std::string>{"/old/20231231/pool/x_1%253a2.tar", "/old/20240101/pool/x_1%253a2.tar", has}));
  ASSERT_TRUE(remove_tree(part_path()).has_value());
  what.day = "";
  EXPECT_EQ(get(what), fmt::format(R"(error: 'x.tar' cannot be downloaded
note: {0}/one/sha256/{1}/{2}: HTTP status 404
note: {0}/two/sha256/{1}/{2}: HTTP status 404
note: {0}/debian/pool/x_1%253a2.tar: HTTP status 404
hint: the suite has moved on: name a mirror that has the file with --mirror DIR, or pin another one with: swage lock --update
)", server.url("").substr(0, server.url("").size() - 1), hash.substr(0, 2), hash));
}

// One time-out for the whole run, as long as somebody else has the files.
TEST_F(TransportTest, ASourceThatDoesNotAnswerIsAskedOnce) {
  HttpServer stalls([&](const HttpRequest&) { return HttpReply{.body = content, .cut_after = 0, .stall = true}; });
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  Transport transport(options, reporter);
  const std::string refused = refused_url("x");
  for (int i = 0; i < 3; ++i) {
    auto part = PartFile::acquire(dir.path() / std::to_string(i), "a").value();
    ASSERT_TRUE(transport.get(wanted({stalls.url("x.tar"), refused, server.url("x.tar")}), part, 1).has_value());
  }
  EXPECT_EQ(stalls.requests().size(), 3U) << "the tries of the first download";
  EXPECT_EQ(server.requests().size(), 3U);
  auto part = PartFile::acquire(dir.path() / "last", "a").value();
  const auto done = transport.get(wanted({stalls.url("x.tar"), refused, "file:///no/such/file"}), part, 1);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().notes, (std::vector<std::string>{stalls.url("x.tar") + ": left out: no data for 1 s (3 tries)",
                                                          refused + ": left out: cannot connect: Connection refused", "file:///no/such/file: no such file"}));
}

// The archive of old packages is slow for all, and out of reach for many: a mirror that does not answer at once is tried again first.
TEST_F(TransportTest, ForTheLastResortNobodyIsGivenUpAtOnce) {
  const std::string mirror = refused_url("debian"), old = refused_url("old");
  options.by_hash = {refused_url("mirror")};
  options.mirrors = {mirror};
  options.old = {{.name = "debian", .urls = {old + "/{day}/{path}"}}};
  Source::Download what = wanted({});
  what.pool_path = "pool/x.tar";
  what.day = "2026-01-31";
  EXPECT_EQ(get(what), fmt::format(R"(error: 'x.tar' cannot be downloaded
note: {}/{}: cannot connect: Connection refused
note: {}/pool/x.tar: cannot connect: Connection refused (3 tries)
note: {}/20260131/pool/x.tar: cannot connect: Connection refused (3 tries)
hint: when the network is back, run the same command again: what has arrived is kept
)", options.by_hash[0], "sha256/" + what.sha256.substr(0, 2) + "/" + what.sha256, mirror, old));
}

TEST_F(TransportTest, ASourceThatLiesIsNamedAndPassedOver) {
  struct Journal final : Reporter {
    std::vector<std::string> said;
    void on(const Event& event) override {
      if (const auto* message = std::get_if<Message>(&event)) said.push_back(message->text);
    }
  } journal;
  HttpServer server([&](const HttpRequest& request) {
    return HttpReply{.body = request.path == "/short"  ? "ten bytes."
                             : request.path == "/long" ? content + "more"
                             : request.path == "/flip" ? std::string(content.size(), 'x') : content};
  });
  Transport transport(options, journal);
  auto part = PartFile::acquire(dir.path(), "a").value();
  ASSERT_TRUE(transport.get(wanted({server.url("short"), server.url("long"), server.url("flip"), server.url("right")}), part, 1).has_value());
  EXPECT_EQ(read_file(part.path()).value(), content);
  EXPECT_EQ(journal.said, (std::vector<std::string>{
                              "note: " + server.url("short") + ": it has 10 bytes, and 300000 are pinned; another source had the right file",
                              "note: " + server.url("long") + ": it is longer than the 300000 bytes that are pinned; another source had the right file",
                              "note: " + server.url("flip") + ": other content; another source had the right file"}));
}

TEST_F(TransportTest, OfflineOnlyFilesAreAskedFor) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  options.offline = true;
  EXPECT_EQ(get(wanted({server.url("x.tar"), "file:///no/such/file"})), fmt::format(R"(error: 'x.tar' cannot be downloaded
note: {}: not asked, by --offline
note: file:///no/such/file: no such file
hint: run it without --offline, or name a directory that has the file with: --mirror DIR
)", server.url("x.tar")));
  const fs::path file = dir.path() / "there";
  ASSERT_TRUE(write_file_atomically(file, content).has_value());
  EXPECT_EQ(get(wanted({server.url("x.tar"), file_url(file)})), "");
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(TransportTest, FollowsRedirects) {
  HttpServer server([&](const HttpRequest& request) {
    if (request.path == "/x.tar") return HttpReply{.status = 302, .body = "moved", .headers = {{"Location", "/y.tar"}}};
    return HttpReply{.body = content};
  });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
}

TEST_F(TransportTest, DoesNotFollowRedirectsToLocalFiles) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.status = 302, .headers = {{"Location", "file:///etc/passwd"}}}; });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), fmt::format(R"(error: 'x.tar' cannot be downloaded
note: {}: not an http, https or file URL
)", server.url("x.tar")));
}

TEST_F(TransportTest, ShowsBothHashesOnAMismatch) {
  std::string other = content;
  other[0] = 'L';
  HttpServer server([&](const HttpRequest& request) {
    return request.path == "/a" ? HttpReply{.body = other} : HttpReply{.status = 404};
  });
  EXPECT_EQ(get(wanted({server.url("a"), server.url("b")})), fmt::format(R"(error: 'x.tar' is not the file that is pinned
note: expected sha256 {}
note: received sha256 {}
note: {}: other content
note: {}: HTTP status 404
hint: if the publisher replaced the file, correct the sha256 in its table and run: swage check
)", sha256(content).hex(), sha256(other).hex(), server.url("a"), server.url("b")));
  EXPECT_EQ(read_file(part_path()).value(), "");
}

TEST_F(TransportTest, GoesOnToTheNextUrlAfterAMismatch) {
  HttpServer server([&](const HttpRequest& request) {
    return HttpReply{.body = request.path == "/a" ? std::string(content.size(), 'x') : content};
  });
  EXPECT_EQ(get(wanted({server.url("a"), server.url("b")})), "");
}

TEST_F(TransportTest, WhatHasNoPinnedSizeHasALimit) {
  options.largest_unsized = 200'000;
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  for (const std::string& sha256_of_it : {std::string(), sha256(content).hex()}) {
    Source::Download what = wanted({server.url("x.tar")});
    what.size = 0;
    what.sha256 = sha256_of_it;
    EXPECT_EQ(get(what), fmt::format("error: 'x.tar' cannot be downloaded\n"
                                     "note: {}: it is longer than 200.0 kB, which is the limit where no size is pinned\n", server.url("x.tar")));
  }
  options.largest_unsized = 300'000;
  Source::Download what = wanted({server.url("x.tar")});
  what.size = 0;
  EXPECT_EQ(get(what), "");
}

TEST_F(TransportTest, StopsReadingWhatIsTooLong) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content + "more"}; });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), fmt::format(R"(error: 'x.tar' cannot be downloaded
note: {}: it is longer than the 300000 bytes that are pinned
)", server.url("x.tar")));
  EXPECT_EQ(read_file(part_path()).value(), "");
}

TEST_F(TransportTest, KeepsWhatArrivedOfATruncatedFile) {
  HttpServer server([&](const HttpRequest& request) {
    return HttpReply{.body = content, .cut_after = request.range_start ? 0 : 1234};
  });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), fmt::format(R"(error: 'x.tar' cannot be downloaded
note: {}: the connection ended after 1234 of 300000 bytes (3 tries)
hint: when the network is back, run the same command again: what has arrived is kept
)", server.url("x.tar")));
  EXPECT_EQ(read_file(part_path()).value(), content.substr(0, 1234));
}

TEST_F(TransportTest, GivesUpOnAStalledConnection) {
  options.tries = 1;
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content, .cut_after = 0, .stall = true}; });
  const std::string text = get(wanted({server.url("x.tar")}));
  EXPECT_EQ(text, fmt::format(R"(error: 'x.tar' cannot be downloaded
note: {}: no data for 1 s
hint: when the network is back, run the same command again: what has arrived is kept
)", server.url("x.tar")));
}

TEST_F(TransportTest, SaysWhyAHostCannotBeReached) {
  options.tries = 2;
  const std::string url = test::refused_url("x.tar");
  EXPECT_EQ(get(wanted({url, "http://no-such-host.invalid/x", "gopher://x/y", "file:///no/such/file"})), fmt::format(R"(error: 'x.tar' cannot be downloaded
note: {}: cannot connect: Connection refused
note: http://no-such-host.invalid/x: unknown host
note: gopher://x/y: not an http, https or file URL
note: file:///no/such/file: no such file
hint: who did not answer may have it: run the same command again later, or name a mirror that has it with: --mirror DIR
)", url));
}

TEST_F(TransportTest, SaysWhenThereIsNowhereToLook) {
  EXPECT_EQ(get(wanted({})), "error: 'x.tar' cannot be downloaded\nnote: there is no URL and no mirror for it\n");
}

TEST_F(TransportTest, ALocalFileIsARegularOne) {
  options.tries = 1;
  ASSERT_EQ(::mkfifo((dir.path() / "fi fo").c_str(), 0600), 0);
  for (const std::string& url : {std::string("file:///dev/zero"), std::string("file:///dev/%7aero"), std::string("FILE:/dev/zero"), "file://localhost" + dir.path().string() + "/fi%20fo"})
    EXPECT_EQ(get(wanted({url})), "error: 'x.tar' cannot be downloaded\nnote: " + url + ": it is not a regular file\n");
  std::ofstream(dir.path() / "a b") << content;
  EXPECT_EQ(get(wanted({"file://" + dir.path().string() + "/a%20b"})), "");
}

// URLs may not have any; who needs one has it where curl and git look for it.
TEST_F(TransportTest, PasswordsComeFromNetrc) {
  std::ofstream(dir.path() / ".netrc") << "machine 127.0.0.1 login me password secret\n";
  const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
  ::setenv("HOME", dir.path().c_str(), 1);
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  EXPECT_EQ(get(wanted({server.url("x.tar")})), "");
  ::setenv("HOME", home.c_str(), 1);
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].headers.at("authorization"), "Basic bWU6c2VjcmV0");
}

TEST_F(TransportTest, UsesTheProxyOfTheMirrorsForThemAlone) {
  HttpServer proxy([&](const HttpRequest&) { return HttpReply{.body = content}; });
  HttpServer direct([&](const HttpRequest&) { return HttpReply{.body = content}; });
  options.http_proxy = proxy.url("");
  options.mirrors = {"http://mirror.invalid/debian"};
  Source::Download what = wanted({});
  what.pool_path = "pool/x";
  EXPECT_EQ(get(what), "");
  ASSERT_EQ(proxy.requests().size(), 1U);
  EXPECT_EQ(proxy.requests()[0].path, "http://mirror.invalid/debian/pool/x");
  ASSERT_TRUE(remove_tree(part_path()).has_value());
  EXPECT_EQ(get(wanted({direct.url("x.tar")})), "");
  EXPECT_EQ(direct.requests().size(), 1U);
  EXPECT_EQ(proxy.requests().size(), 1U);
}

TEST_F(TransportTest, TwoThatWantTheSameFileFetchItOnce) {
  std::atomic<int> count{0};
  HttpServer server([&](const HttpRequest&) {
    ++count;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return HttpReply{.body = content};
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_EQ(get(wanted({server.url("x.tar")})), ""); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 1);
}

bool write_proc(const char* path, std::string_view text) {
  const auto fd = open_file(path, O_WRONLY);
  return fd && write_all(fd->get(), text, path).has_value();
}

// A file system of 64 kB of its own, in a child: what a full disk does to a download.
TEST_F(TransportTest, AFullDiskIsSaidAtOnce) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content}; });
  const fs::path small = dir.path() / "small";
  ASSERT_TRUE(make_directories(small).has_value());
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string uid_map = fmt::format("0 {} 1", ::getuid());
    const std::string gid_map = fmt::format("0 {} 1", ::getgid());
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !write_proc("/proc/self/uid_map", uid_map) ||
        !write_proc("/proc/self/setgroups", "deny") || !write_proc("/proc/self/gid_map", gid_map) ||
        ::mount("none", small.c_str(), "tmpfs", 0, "size=64k") != 0) ::_exit(77);
    Transport transport(options, reporter);
    auto part = PartFile::acquire(small, "a");
    if (!part) fprintf(stderr, "%s", render(part.error()).c_str()), ::_exit(1);
    const auto done = transport.get(wanted({server.url("x.tar")}), *part, 1);
    const std::string want = fmt::format("error: cannot write '{}/a.part': No space left on device\nhint: free space with: swage store gc\n", small.string());
    const std::string got = done ? "no error" : render(done.error());
    if (got != want) fprintf(stderr, "%s", got.c_str());
    ::_exit(got == want && done.error().code == Errc::environment ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no user namespaces here";
  EXPECT_EQ(status, 0);
  EXPECT_EQ(server.requests().size(), 1U);
}

// In a child, because an interrupt is for the whole process.
TEST_F(TransportTest, AnInterruptStopsAtOnce) {
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = content, .cut_after = 10, .stall = true}; });
  options.stall_timeout = 60;
  const pid_t child = ::fork();
  if (child == 0) {
    install_interrupt_handlers();
    const pid_t killer = ::fork();
    if (killer == 0) {
      ::usleep(200000);
      ::kill(::getppid(), SIGINT);
      ::_exit(0);
    }
    Transport transport(options, reporter);
    auto part = PartFile::acquire(dir.path(), "a");
    const auto start = std::chrono::steady_clock::now();
    const auto done = transport.get(wanted({server.url("x.tar")}), *part, 1);
    const auto took = std::chrono::steady_clock::now() - start;
    ::_exit(!done && done.error().code == Errc::interrupted && took < std::chrono::milliseconds(900) ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace swage
