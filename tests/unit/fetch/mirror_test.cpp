#include "fetch/mirror_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <mutex>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <thread>

#include "http_server.hpp"

namespace swage {
namespace {

using test::HttpReply;
using test::HttpRequest;
using test::HttpServer;

std::string error_of(const auto& result) { return result ? "no error" : render(result.error()); }

TEST(Mirror, IsADirectoryOrAWebServer) {
  const fs::path here = current_directory().value();
  EXPECT_EQ(mirror_url("/srv/two words/").value(), "file:///srv/two%20words");
  EXPECT_EQ(mirror_url("./mirror").value(), "file://" + (here / "mirror").string());
  EXPECT_EQ(mirror_url("mirror", "/srv/work").value(), "file:///srv/work/mirror");
  EXPECT_EQ(mirror_url("file:///srv/mirror").value(), "file:///srv/mirror");
  EXPECT_EQ(mirror_url("https://mirror.example.org/swage//").value(), "https://mirror.example.org/swage");
  EXPECT_EQ(mirror_directory("file:///srv/two%20words").value(), "/srv/two words");
  EXPECT_FALSE(mirror_directory("https://mirror.example.org"));
  const std::string hint = "hint: a directory (./mirror or file:///srv/mirror) or a web server (https://mirror.example.org)\n";
  for (const char* wrong : {"s3://bucket", "ftp://x/y", "", "file://host/x", "https://", "http://x/y?z=1"})
    EXPECT_EQ(error_of(mirror_url(wrong)), fmt::format("error: '{}' is no place of a mirror\n{}", wrong, hint));
  EXPECT_EQ(error_of(mirror_url("https://me:secret@host/x")).find("secret"), std::string::npos);
  EXPECT_EQ(mirror_path("abcd"), "sha256/ab/abcd");
}

const std::string kHash = sha256("x").hex();

TEST(Mirror, AnIndexHasALineForEachFile) {
  const MirrorIndex index{{kHash, {.name = "x.deb", .size = 12, .needed_by = {"a", "b", "c", "d", "e"}}}};
  const std::string text = "{\"swage-mirror\":1}\n{\"sha256\":\"" + kHash + "\",\"size\":12,\"name\":\"x.deb\",\"for\":[\"a\",\"b\",\"c\",\"d\"]}\n";
  EXPECT_EQ(mirror_index_text(index), text);
  EXPECT_EQ(mirror_index_text(parse_mirror_index(text, "i").value()), text);
  EXPECT_TRUE(parse_mirror_index(mirror_index_text({}), "i").value().empty());
}

RC_GTEST_PROP(MirrorIndexProp, ReadingWhatWasWrittenGivesItAgain, ()) {
  MirrorIndex index;
  for (unsigned i = *rc::gen::inRange<unsigned>(0, 6); i-- > 0;) {
    MirrorEntry& entry = index[sha256(std::to_string(*rc::gen::inRange(0, 50))).hex()];
    entry.name = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab\"\\\n\x01/"))));
    entry.size = *rc::gen::arbitrary<std::uint64_t>();
    for (unsigned k = *rc::gen::inRange<unsigned>(0, 3); k-- > 0;) entry.needed_by.insert(*rc::gen::container<std::string>(rc::gen::elementOf(std::string("xy \""))));
  }
  RC_ASSERT(parse_mirror_index(mirror_index_text(index), "i").value() == index);
}

TEST(Mirror, WhatIsNoIndexIsRefused) {
  const std::string good = mirror_index_text({{kHash, {.name = "x", .size = 1}}});
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& wrong : {std::string(), std::string("<html>"), std::string("{}\n"), std::string("[]\n"), std::string("{\"swage-mirror\":1}")})
    EXPECT_EQ(error_of(parse_mirror_index(wrong, "files.jsonl")), "error: 'files.jsonl' is no index of a mirror\n") << wrong;
  EXPECT_EQ(error_of(parse_mirror_index(with(":1}", ":2}"), "i")), "error: 'i' has format 2, this swage reads format 1\n");
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {kHash, "../../etc/passwd"}, {"\"size\":1", "\"size\":-1"}, {"\"size\":1", "\"size\":\"1\""}, {"\"name\":\"x\"", "\"name\":\"\""},
           {"\"for\":[]", "\"for\":[1]"}, {"\"for\":[]", "\"for\":{}"}, {"{\"sha256\"", "[\"sha256\""}})
    EXPECT_EQ(error_of(parse_mirror_index(with(from, to), "i")), "error: 'i' is damaged: line 2 is no file of a mirror\n") << to;
  EXPECT_EQ(error_of(parse_mirror_index(good + good.substr(good.find('\n') + 1), "i")), "error: 'i' is damaged: line 3 is no file of a mirror\n");
}

class MirrorTest : public testing::Test {
 protected:
  TempDir dir = TempDir::create("mirror").value();
  std::unique_ptr<Store> store = Store::open(dir.path() / "home").value();
  fs::path mirror = dir.path() / "mirror";
  NullReporter reporter;
  FetchOptions fetch{.tries = 1, .first_delay = 0.01};
  WantedFiles wanted;

  static std::string hash_of(const std::string& content) { return sha256(content).hex(); }
  Source file(const std::string& content, std::vector<std::string> urls = {}) {
    return {.path = make_fixed_path("x.tar", ContentMethod::flat, sha256(content)).value(),
            .how = Source::Download{.name = "x.tar", .sha256 = hash_of(content), .size = content.size(), .urls = std::move(urls)}};
  }
  void in_store(const std::string& content) {
    const fs::path path = dir.path() / "new";
    ASSERT_TRUE(write_file_atomically(path, content));
    ASSERT_TRUE(store->add_fixed_file("x.tar", sha256(content), path));
  }
  MirrorPush push() {
    auto pushed = push_to_mirror(mirror, wanted, *store, fetch, reporter);
    if (!pushed) throw std::runtime_error(render(pushed.error()));
    return *pushed;
  }
  MirrorCheck check(const std::string& url, MirrorProof proof = MirrorProof::usual, bool all = false) {
    auto checked = check_mirror(url, all ? nullptr : &wanted, proof, fetch, reporter);
    if (!checked) throw std::runtime_error(render(checked.error()));
    return *checked;
  }
  fs::path place(const std::string& content) const { return mirror / mirror_path(hash_of(content)); }
  std::string url() const { return mirror_url(mirror.string()).value(); }
  std::vector<std::string> problems(const std::string& where, MirrorProof proof = MirrorProof::usual) {
    std::vector<std::string> all;
    for (const MirrorProblem& problem : check(where, proof).problems) all.push_back(problem.name + " " + problem.what);
    return all;
  }
};

TEST_F(MirrorTest, TakesFromTheStoreWhatIsThereAndFetchesTheRest) {
  HttpServer server([&](const HttpRequest& request) {
    return request.path == "/fetched" ? HttpReply{.body = "fetched"} : HttpReply{.status = 404};
  });
  in_store("stored");
  want_source(wanted, file("stored", {server.url("never")}), "a");
  want_source(wanted, file("stored"), "b");
  want_source(wanted, file("fetched", {server.url("fetched")}), "a");
  want_source(wanted, file("gone", {server.url("gone")}), "c");
  const MirrorPush first = push();
  EXPECT_EQ(std::tuple(first.present, first.taken, first.fetched, first.bytes), std::tuple(0u, 1u, 1u, 13u));
  ASSERT_EQ(first.missing.size(), 1u);
  EXPECT_EQ(first.missing[0].sha256, hash_of("gone"));
  EXPECT_EQ(first.missing[0].what, "'x.tar' cannot be downloaded");
  EXPECT_EQ(first.missing[0].notes, std::vector<std::string>{server.url("gone") + ": HTTP status 404"});
  EXPECT_EQ(first.missing[0].needed_by, std::set<std::string>{"c"});
  EXPECT_EQ(read_file(place("stored")).value() + read_file(place("fetched")).value(), "storedfetched");
  struct stat status{};
  ASSERT_EQ(::stat(place("fetched").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u) << "a server of another user is to read it";
  EXPECT_EQ(list_directory(mirror / kMirrorIncoming).value(), std::vector<std::string>{});
  const MirrorIndex index = parse_mirror_index(read_file(mirror / kMirrorIndex).value(), "i").value();
  ASSERT_EQ(index.size(), 2u);
  EXPECT_EQ(index.at(hash_of("stored")).needed_by, (std::set<std::string>{"a", "b"}));

  wanted.erase(hash_of("gone"));
  const std::size_t asked = server.requests().size();
  const MirrorPush second = push();
  EXPECT_EQ(std::tuple(second.present, second.taken, second.fetched, second.bytes), std::tuple(2u, 0u, 0u, 0u));
  EXPECT_EQ(server.requests().size(), asked);
  EXPECT_TRUE(store->verify({})->problems.empty());
}

TEST_F(MirrorTest, WhatTheStoreHasDamagedIsNotTaken) {
  in_store("stored");
  want_source(wanted, file("stored"), "a");
  const fs::path real = store->real_path(file("stored").path);
  ASSERT_EQ(::chmod(real.c_str(), 0644), 0);
  ASSERT_TRUE(write_all(open_file(real, O_WRONLY).value().get(), "St", "x"));
  EXPECT_EQ(push().missing.size(), 1u);
  EXPECT_FALSE(path_exists(place("stored")));
}

// Vendors' trees: an archive may be another one each time that it is made, the NAR is not.
TEST_F(MirrorTest, ATreeIsThereAsItsNar) {
  const fs::path tree = dir.path() / "tree";
  ASSERT_TRUE(make_directories(tree / "arch"));
  ASSERT_TRUE(write_file_atomically(tree / "arch/Kconfig", "config A\n"));
  const Hash nar = hash_nar(tree)->hash;
  const Source source{.path = make_fixed_path("linux-6.12-source", ContentMethod::recursive, nar).value(),
                      .how = Source::Tree{.name = "acme 6.12", .nar_sha256 = nar.hex(), .urls = {"file:///no/such/file"}, .hint = "name a copy"}};
  want_source(wanted, source, "a");
  EXPECT_EQ(push().missing.size(), 1u);
  ASSERT_TRUE(store->add_tree("linux-6.12-source", tree));
  EXPECT_EQ(push().taken, 1u);
  EXPECT_TRUE(check(url()).problems.empty());

  const auto other = Store::open(dir.path() / "other").value();
  Fetcher fetcher(*other, {.by_hash = {"file:///no/such/mirror", url()}, .tries = 1}, reporter);
  const auto done = fetcher.fetch(source, 1);
  ASSERT_TRUE(done) << render(done.error());
  EXPECT_EQ(read_file(other->real_path(source.path) / "arch/Kconfig").value(), "config A\n");
  EXPECT_TRUE(other->verify({})->problems.empty());

  // Of a NAR that is damaged nothing is left, and who was asked is said.
  const auto third = Store::open(dir.path() / "third").value();
  ASSERT_TRUE(write_file_atomically(mirror / mirror_path(nar.hex()), "nix-archive?"));
  Fetcher without(*third, {.by_hash = {url()}, .tries = 1}, reporter);
  EXPECT_EQ(error_of(without.fetch(source, 1)), fmt::format("error: 'acme 6.12' cannot be downloaded\nnote: expected sha256 {}\nnote: received sha256 {}\n"
                                                            "note: {}/{}: other content\nnote: file:///no/such/file: no such file\nhint: name a copy\n",
                                                            nar.hex(), hash_of("nix-archive?"), url(), mirror_path(nar.hex())));
  EXPECT_FALSE(third->is_valid(source.path).value());
}

// A kernel tree that a record was made of is somebody's, and only the store may have it.
TEST_F(MirrorTest, ARecordedTreeIsTakenFromTheStoreOrNamed) {
  const fs::path tree = dir.path() / "tree";
  ASSERT_TRUE(make_directories(tree));
  ASSERT_TRUE(write_file_atomically(tree / "Makefile", "VERSION = 6\n"));
  const std::string nar = hash_nar(tree)->hash.hex();
  const Source source{.path = make_fixed_path("linux-source", ContentMethod::recursive, hash_nar(tree)->hash).value(),
                      .how = Source::Present{"https://example.org/linux.git#1a2b"}};
  want_source(wanted, source, "a");
  EXPECT_TRUE(wanted.empty()) << "what it should be is not known";
  want_source(wanted, source, "a", nar);
  const MirrorPush first = push();
  ASSERT_EQ(first.missing.size(), 1u);
  EXPECT_EQ(first.missing[0].what, "'https://example.org/linux.git#1a2b' is not in the store, where repeating its record puts it");
  ASSERT_TRUE(store->add_tree("linux-source", tree));
  EXPECT_EQ(push().taken, 1u);
  EXPECT_TRUE(check(url()).problems.empty());
}

TEST_F(MirrorTest, TwoThatPushAtOnceLoseNothing) {
  std::vector<WantedFiles> parts(4);
  for (int i = 0; i < 40; ++i) {
    const std::string content = fmt::format("file {}", i);
    in_store(content);
    want_source(parts[static_cast<std::size_t>(i % 4)], file(content), "a");
    want_source(parts[static_cast<std::size_t>((i + 1) % 4)], file(content), "b");
    want_source(wanted, file(content), "all");
  }
  std::vector<std::thread> threads;
  for (const WantedFiles& part : parts)
    threads.emplace_back([&] {
      NullReporter quiet;
      EXPECT_TRUE(push_to_mirror(mirror, part, *store, fetch, quiet).has_value());
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(check(url()).problems.empty());
  EXPECT_EQ(check(url(), MirrorProof::usual, true).files, 40u);
  EXPECT_TRUE(list_directory(mirror / kMirrorIncoming).value().empty());
}

TEST_F(MirrorTest, CheckFindsWhatIsWrongInADirectory) {
  for (const char* content : {"right", "flipped", "cut", "gone", "odd"}) {
    in_store(content);
    want_source(wanted, file(content), content);
  }
  push();
  EXPECT_EQ(problems(url()), std::vector<std::string>{});
  const auto replace = [&](const char* content, const std::string& text) {
    ASSERT_TRUE(write_file_atomically(place(content), text));   // not into the store's file
  };
  replace("flipped", "flopped");
  replace("cut", "cu");
  ASSERT_TRUE(remove_tree(place("gone")));
  ASSERT_TRUE(remove_tree(place("odd")));
  ASSERT_TRUE(make_directories(place("odd")));
  std::vector<std::string> found = problems(url());
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (std::vector<std::string>{"x.tar has 2 bytes, and 3 are pinned", "x.tar has other content, of sha256 " + hash_of("flopped"), "x.tar is no regular file",
                                             "x.tar is not there"}));
  const MirrorCheck all = check(url(), MirrorProof::usual, true);
  EXPECT_EQ(all.files, 5u);
  EXPECT_EQ(all.problems.size(), 4u);
  EXPECT_EQ(all.bytes, 5u + 7u);
}

TEST_F(MirrorTest, CheckAsksAWebServerForSizesOrReadsIt) {
  for (const char* content : {"right", "flipped", "cut"}) {
    in_store(content);
    want_source(wanted, file(content), content);
  }
  push();
  HttpServer server([&](const HttpRequest& request) {
    const auto text = read_file(mirror / request.path.substr(1));
    return text ? HttpReply{.body = *text} : HttpReply{.status = 404};
  });
  const std::string base = server.url("").substr(0, server.url("").size() - 1);
  EXPECT_EQ(check(base, MirrorProof::usual, true).files, 3u) << "by its index";
  EXPECT_EQ(problems(base, MirrorProof::deep), std::vector<std::string>{});
  ASSERT_TRUE(write_file_atomically(place("flipped"), "flopped"));
  ASSERT_TRUE(write_file_atomically(place("cut"), "cu"));
  EXPECT_EQ(problems(base), std::vector<std::string>{"x.tar has 2 bytes, and 3 are pinned"});
  std::vector<std::string> found = problems(base, MirrorProof::deep);
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (std::vector<std::string>{"x.tar cannot be had: it has 2 bytes, and 3 are pinned", "x.tar cannot be had: other content"}));
  ASSERT_TRUE(remove_tree(place("right")));
  found = problems(base);
  EXPECT_NE(std::find(found.begin(), found.end(), "x.tar is not there: HTTP status 404"), found.end());
}

TEST_F(MirrorTest, WithoutAnIndexThereIsNothingToCheck) {
  EXPECT_EQ(error_of(check_mirror(url(), nullptr, MirrorProof::usual, fetch, reporter)),
            fmt::format("error: cannot open '{}/files.jsonl': No such file or directory\nhint: fill it with: swage mirror push, or say what it should have\n", mirror.string()));
  HttpServer server([&](const HttpRequest&) { return HttpReply{.body = "<html>it works</html>"}; });
  const std::string base = server.url("").substr(0, server.url("").size() - 1);
  EXPECT_EQ(error_of(check_mirror(base, nullptr, MirrorProof::usual, fetch, reporter)), fmt::format("error: '{}/files.jsonl' is no index of a mirror\n", base));
}

TEST_F(MirrorTest, AllOfALockFileIsWanted) {
  Lockfile lock{.created = "2026-01-31"};
  lock.files[kHash] = {"x", "1", "pool/x_1.deb", kHash, 1};
  lock.archives["https://example.org/y.tar"] = hash_of("y");
  ASSERT_TRUE(want_locked(wanted, lock, "swage.lock"));
  ASSERT_EQ(wanted.size(), 2u);
  const auto& file = std::get<Source::Download>(wanted.at(kHash).source.how);
  EXPECT_EQ(file.pool_path + " " + file.day, "pool/x_1.deb 2026-01-31");
  EXPECT_EQ(wanted.at(hash_of("y")).name, "y.tar");
}

}  // namespace
}  // namespace swage
