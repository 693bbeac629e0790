// What can be wrong with a cache, by a web server that has all faults of real ones: no path comes of it, and never an error.
#include "cache/caches.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <random>

#include "base/hash.hpp"
#include "cache/push.hpp"
#include "http_server.hpp"
#include "store_support.hpp"

namespace swage::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string noise(std::size_t size) {
  std::mt19937 random(5);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

class CachesTest : public StoreTest {
 protected:
  void SetUp() override {
    EXPECT_DONE(push(scratch / "cache", *key_));
    server_.emplace([this](const HttpRequest& request) {
      HttpReply reply;
      const auto file = read_file(scratch / ("cache" + request.path));
      if (file) reply.body = *file;
      else reply.status = 404;
      if (fault_) fault_(request, reply);
      return reply;
    });
    options_ = {.urls = {server_->url("")}, .keys = {key_->public_key()}, .limits = {.patience = 1}};
  }
  Result<PushResult> push(const fs::path& directory, const SecretKey& key) {
    const auto place = open_place(directory.string(), true).value();
    return push_paths(*store, {top_}, *place, {.key = &key, .compression = Compression::none}, quiet_);
  }
  Caches& open() {
    caches_ = Caches::open(options_).value();
    return *caches_;
  }
  std::vector<StorePath> found(const StorePathSet& paths) {
    const auto all = caches_->find(paths);
    EXPECT_TRUE(all) << render(all.error());
    std::vector<StorePath> names;
    for (const NarInfo& narinfo : *all) names.push_back(narinfo.info.path);
    std::sort(names.begin(), names.end());
    return names;
  }
  std::optional<PathInfo> get(const StorePath& path) {
    const auto got = caches_->get(path, {low_, top_}, tree_, quiet_, 1);
    EXPECT_TRUE(got) << render(got.error());
    if (!*got) {
      EXPECT_FALSE(path_exists(tree_));
    } else {
      EXPECT_EQ(hash_nar(tree_).value().hash, (*got)->nar_hash);
      EXPECT_EQ(nar_of(tree_), nar_of(store->real_path(path)));
      EXPECT_DONE(remove_tree(tree_));
    }
    return *got;
  }
  // That the path is offered, and does not come: what the cache is said to have done.
  std::string failure_of(const StorePath& path) {
    open();
    EXPECT_THAT(found({path}), ElementsAre(path));
    EXPECT_FALSE(get(path));
    EXPECT_THAT(found({path}), IsEmpty()) << "it is not offered twice";
    const CacheUse use = caches_->uses().at(0);
    EXPECT_EQ(use.paths, 0U);
    EXPECT_EQ(use.failed, 1U);
    EXPECT_EQ(use.left_out, "");
    return use.failure;
  }
  std::string why_left_out() {
    open();
    if (!found({low_}).empty()) {
      EXPECT_FALSE(get(low_));
    }
    EXPECT_THAT(found({top_}), IsEmpty());
    return caches_->uses().at(0).left_out;
  }
  NarInfo narinfo(const StorePath& path) const {
    return parse_narinfo(read_file(scratch / ("cache/" + narinfo_name(path))).value(), "x").value();
  }
  void on_nars(std::function<void(const HttpRequest&, HttpReply&)> change) {
    fault_ = [change](const HttpRequest& request, HttpReply& reply) {
      if (request.path.starts_with("/nar/")) change(request, reply);
    };
  }
  std::size_t asked(std::string_view part) const {
    std::size_t count = 0;
    for (const HttpRequest& request : server_->requests()) count += request.path.find(part) != std::string::npos;
    return count;
  }

  const std::string content_ = noise(300'000);
  StorePath low_ = add_output("low", {}, content_);
  StorePath top_ = add_output("top", {low_}, low_.str() + content_);
  std::optional<SecretKey> key_ = SecretKey::generate("test-1").value();
  NullReporter quiet_;
  const fs::path tree_ = scratch / "tree";
  std::function<void(const HttpRequest&, HttpReply&)> fault_{};
  CachesOptions options_{};
  std::unique_ptr<Caches> caches_{};
  std::optional<HttpServer> server_{};
};

TEST_F(CachesTest, GiveWhatTheyHave) {
  for (const std::string& url : {server_->url(""), (scratch / "cache").string()}) {
    options_.urls = {url};
    open();
    const StorePath none = path_of("00000000000000000000000000000000-none");
    EXPECT_THAT(found({low_, top_, none}), testing::UnorderedElementsAre(low_, top_));
    const auto info = get(top_);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->references, StorePathSet{low_});
    EXPECT_EQ(info->signatures.size(), 1U);
    EXPECT_TRUE(get(low_));
    const CacheUse use = caches_->uses().at(0);
    EXPECT_EQ(use.paths, 2U);
    EXPECT_EQ(use.bytes, narinfo(low_).file_size + narinfo(top_).file_size);
    EXPECT_EQ(use.failed + use.untrusted, 0U);
  }
}

TEST_F(CachesTest, ASignatureMustBeOfATrustedKey) {
  const auto refused = [&] {
    open();
    EXPECT_THAT(found({low_, top_}), IsEmpty());
    EXPECT_FALSE(get(low_));
    EXPECT_EQ(caches_->uses().at(0).untrusted, 2U);
    EXPECT_EQ(asked("/nar/"), 0U);
  };
  options_.keys = {};
  refused();
  options_.keys = {SecretKey::generate("test-1").value().public_key()};   // of the same name
  refused();
  options_.keys = {key_->public_key()};
  fault_ = [&](const HttpRequest& request, HttpReply& reply) {   // a good signature, of the other path
    if (request.path == "/" + narinfo_name(low_) || request.path == "/" + narinfo_name(top_)) {
      const bool low = request.path == "/" + narinfo_name(low_);
      NarInfo swapped = narinfo(low ? low_ : top_);
      swapped.info.signatures = narinfo(low ? top_ : low_).info.signatures;
      reply.body = format_narinfo(swapped);
    }
  };
  refused();
  options_.require_signatures = false;
  open();
  EXPECT_EQ(found({low_, top_}).size(), 2U);
  EXPECT_TRUE(get(low_));
}

TEST_F(CachesTest, WhatProvesItselfNeedsNoSignature) {
  SWAGE_OK(const StorePath text, store->add_text("text", "plain"));
  const auto place = open_place((scratch / "cache").string(), true).value();
  EXPECT_DONE(push_paths(*store, {text}, *place, {.compression = Compression::none}, quiet_));
  options_.keys = {};
  open();
  EXPECT_THAT(found({text}), ElementsAre(text));
  EXPECT_TRUE(get(text));
  // Another text under that name: all hashes fit, but the address.
  NarInfo forged = narinfo(text);
  write(scratch / "other", "forged");
  const std::string nar = nar_of(scratch / "other");
  forged.info.nar_hash = sha256(nar);
  forged.info.nar_size = nar.size();
  forged.file_hash.reset(), forged.file_size = 0;
  write(scratch / "cache/nar/forged", nar);
  forged.url = "nar/forged";
  write(scratch / ("cache/" + narinfo_name(text)), format_narinfo(forged));
  EXPECT_EQ(failure_of(text), "'" + text.str() + "' has not the content of its address");
}

TEST_F(CachesTest, EveryDamageIsSeenAndLeavesNothing) {
  const std::string url = narinfo(low_).url;
  on_nars([](const HttpRequest&, HttpReply& reply) { reply.body[reply.body.size() / 2] ^= 1; });
  EXPECT_EQ(failure_of(low_), "'" + url + "' holds another path than its narinfo says");
  on_nars([&](const HttpRequest&, HttpReply& reply) {
    reply.body = read_file(scratch / ("cache/" + narinfo(top_).url)).value();
  });
  EXPECT_THAT(failure_of(low_), StartsWith("'" + url + "' is longer than its "));
  on_nars([](const HttpRequest&, HttpReply& reply) { reply.body.resize(reply.body.size() / 2); });
  EXPECT_THAT(failure_of(low_), testing::Not(IsEmpty()));
  on_nars([](const HttpRequest&, HttpReply& reply) { reply.body.clear(); });
  EXPECT_THAT(failure_of(low_), testing::Not(IsEmpty()));
  on_nars([](const HttpRequest&, HttpReply& reply) { reply.body = "<html>it works</html>"; });
  EXPECT_THAT(failure_of(low_), testing::Not(IsEmpty()));
  on_nars([](const HttpRequest&, HttpReply& reply) { reply.status = 404; });
  EXPECT_EQ(failure_of(low_), "'" + url + "' is not there");
  on_nars([](const HttpRequest& request, HttpReply& reply) {
    if (!request.range_start) reply.cut_after = 100'000;
    else reply.cut_after = 0;
  });
  EXPECT_EQ(failure_of(low_), "'" + url + "' ends after 100000 bytes: transferred a partial file");
  on_nars([](const HttpRequest& request, HttpReply& reply) {   // shorter, and it breaks off before it says so
    if (!request.range_start) reply.cut_after = 100'000;
    else reply.body.resize(100'000);
  });
  EXPECT_EQ(failure_of(low_), "'" + url + "' ends after 100000 bytes");
  on_nars([](const HttpRequest&, HttpReply& reply) {
    reply.status = 302;
    reply.headers["Location"] = "file:///etc/passwd";
  });
  EXPECT_EQ(failure_of(low_), "not an http, https or file URL");
}

TEST_F(CachesTest, ABombDoesNotGoOff) {
  std::string bomb;
  EXPECT_DONE(compress(Compression::zstd, 0, 1, [](const ByteSink& sink) -> Result<void> {
    const std::string zeros(1 << 20, '\0');
    for (int i = 0; i < 200; ++i) SWAGE_CHECK(sink(zeros));
    return {};
  }, [&](std::string_view bytes) -> Result<void> { return bomb.append(bytes), Result<void>(); }));
  NarInfo forged = narinfo(low_);   // what is not signed says how it is compressed
  forged.compression = Compression::zstd;
  forged.file_hash.reset(), forged.file_size = 0;
  fault_ = [&](const HttpRequest& request, HttpReply& reply) {
    if (request.path == "/" + narinfo_name(low_)) reply.body = format_narinfo(forged);
    if (request.path.starts_with("/nar/")) reply.body = bomb;
  };
  EXPECT_THAT(failure_of(low_), testing::Not(IsEmpty()));
}

TEST_F(CachesTest, ANarInfoThatIsNoneIsNoOffer) {
  for (const std::string& body : {std::string("<html>\n"), std::string(), format_narinfo(narinfo(top_)), std::string(5'000'000, 'x')}) {
    fault_ = [&](const HttpRequest& request, HttpReply& reply) {
      if (request.path == "/" + narinfo_name(low_)) reply.body = body;
    };
    open();
    EXPECT_THAT(found({low_}), IsEmpty());
    const CacheUse use = caches_->uses().at(0);
    EXPECT_EQ(use.failed, 1U);
    EXPECT_THAT(use.failure, HasSubstr("'" + narinfo_name(low_) + "' "));
    EXPECT_EQ(use.left_out, "");
  }
}

TEST_F(CachesTest, OneThatDoesNotAnswerIsLeftOut) {
  const std::string good = options_.urls[0];
  options_.urls = {refused_url("")};
  EXPECT_EQ(why_left_out(), "cannot connect: Connection refused");
  options_.urls = {(scratch / "none").string()};
  EXPECT_THAT(why_left_out(), HasSubstr("No such file or directory"));
  options_.urls = {good};
  for (const int status : {500, 401}) {
    on_nars([&](const HttpRequest&, HttpReply& reply) { reply.status = status; });
    EXPECT_EQ(why_left_out(), fmt::format("HTTP status {}", status));
  }
  fault_ = [](const HttpRequest&, HttpReply& reply) { reply.status = 404; };
  EXPECT_EQ(why_left_out(), "it has no 'nix-cache-info'");
  fault_ = [](const HttpRequest&, HttpReply& reply) { reply.body = "StoreDir: /gnu/store\n"; };
  EXPECT_EQ(why_left_out(), "'nix-cache-info' says 'StoreDir: /gnu/store'");
}

TEST_F(CachesTest, OneThatStallsCostsOneTimeOut) {
  options_.limits.timeout = 1;
  fault_ = [](const HttpRequest& request, HttpReply& reply) {
    if (!request.path.ends_with(".narinfo")) return;
    reply.cut_after = 10;
    reply.stall = true;
  };
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(why_left_out(), "less than 1000 bytes a second for 1 s");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(asked(".narinfo"), 1U);
}

TEST_F(CachesTest, OneThatWantsFewerRequestsIsAskedOnceMore) {
  std::atomic<int> refusals = 1;
  const auto refuse = [&](const HttpRequest& request, HttpReply& reply) {
    if (request.path == "/nix-cache-info" || refusals-- <= 0) return;
    reply.status = 429;
    reply.headers["Retry-After"] = "1";
  };
  fault_ = refuse;
  open();
  EXPECT_EQ(found({low_, top_}).size(), 2U);
  EXPECT_TRUE(get(low_));
  refusals = 1'000'000;
  EXPECT_EQ(why_left_out(), "it wants fewer requests (HTTP status 429 or 503)");
}

TEST_F(CachesTest, ABrokenConnectionIsTakenUpWhereItBroke) {
  for (const bool ranges : {true, false}) {
    std::atomic<int> cuts = 3;
    on_nars([&](const HttpRequest&, HttpReply& reply) {
      reply.honour_range = ranges;
      const std::size_t cut = 80'000;   // the server that starts again gets a little further each time
      if (const int left = cuts--; left > 0) reply.cut_after = ranges ? cut : cut * static_cast<std::size_t>(4 - left);
    });
    open();
    EXPECT_EQ(found({low_}).size(), 1U);
    EXPECT_TRUE(get(low_)) << ranges << caches_->uses().at(0).failure;
    EXPECT_EQ(server_->requests().back().range_start, std::optional<std::size_t>(240'000)) << ranges;
  }
}

TEST_F(CachesTest, TheNextOneIsAsked) {
  EXPECT_DONE(push(scratch / "second", *key_));
  options_.urls.push_back((scratch / "second").string());
  on_nars([](const HttpRequest&, HttpReply& reply) { reply.body[100] ^= 1; });
  open();
  EXPECT_EQ(found({low_, top_}).size(), 2U);
  EXPECT_TRUE(get(low_));
  on_nars([](const HttpRequest&, HttpReply& reply) { reply.status = 500; });
  EXPECT_TRUE(get(top_));
  const std::vector<CacheUse> uses = caches_->uses();
  EXPECT_EQ(uses[0].paths, 0U);
  EXPECT_EQ(uses[0].failed, 1U);
  EXPECT_EQ(uses[0].left_out, "HTTP status 500");
  EXPECT_EQ(uses[1].paths, 2U);
}

TEST_F(CachesTest, TheLowestPriorityIsAskedFirst) {
  EXPECT_DONE(push(scratch / "second", *key_));
  write(scratch / "second/nix-cache-info", "StoreDir: /nix/store\nPriority: 10\n");
  options_.urls.push_back((scratch / "second").string());
  open();
  EXPECT_EQ(found({low_}).size(), 1U);
  EXPECT_EQ(caches_->uses()[0].cache, (scratch / "second").string());
  EXPECT_EQ(asked(".narinfo"), 0U);
}

TEST_F(CachesTest, FiveWrongPathsAreEnough) {
  StorePathSet paths;
  for (int i = 0; i < 7; ++i) paths.insert(add_output(fmt::format("more{}", i), {}, "x"));
  const auto place = open_place((scratch / "cache").string(), true).value();
  EXPECT_DONE(push_paths(*store, paths, *place, {.key = &*key_}, quiet_));
  on_nars([](const HttpRequest&, HttpReply& reply) { reply.status = 404; });
  open();
  EXPECT_EQ(found(paths).size(), 7U);
  for (const StorePath& path : paths) EXPECT_FALSE(get(path));
  EXPECT_EQ(asked("/nar/"), 5U);
  EXPECT_THAT(caches_->uses()[0].left_out, StartsWith("5 paths were not as it says, the first: 'nar/"));
}

TEST_F(CachesTest, AnswersAreRemembered) {
  options_.memory = scratch / "memory/x.sqlite";
  const StorePath none = path_of("00000000000000000000000000000000-none");
  for (int run = 0; run < 2; ++run) {
    open();
    EXPECT_THAT(found({low_, none}), ElementsAre(low_));
  }
  EXPECT_EQ(asked(".narinfo"), 2U);
  EXPECT_EQ(asked("/nix-cache-info"), 1U);
  EXPECT_TRUE(get(low_));
  // It was pushed again, compressed otherwise, and the old NAR went.
  const auto place = open_place((scratch / "cache").string(), true).value();
  fs::remove(scratch / ("cache/" + narinfo(low_).url));
  EXPECT_DONE(push_paths(*store, {low_}, *place, {.key = &*key_, .compression = Compression::zstd, .again = true}, quiet_));
  open();
  EXPECT_THAT(found({low_}), ElementsAre(low_));
  EXPECT_TRUE(get(low_));
  EXPECT_EQ(asked(".narinfo"), 3U);
}

TEST_F(CachesTest, WhatWasNotTrustedIsAskedForAnew) {
  options_.memory = scratch / "memory/x.sqlite";
  options_.require_signatures = false;
  fault_ = [&](const HttpRequest& request, HttpReply& reply) {
    NarInfo bare = narinfo(low_);
    bare.info.signatures.clear();
    if (request.path == "/" + narinfo_name(low_)) reply.body = format_narinfo(bare);
  };
  open();
  EXPECT_THAT(found({low_}), ElementsAre(low_));
  fault_ = {};   // it was signed
  options_.require_signatures = true;
  open();
  EXPECT_THAT(found({low_}), ElementsAre(low_));
}

TEST_F(CachesTest, AMemoryThatIsNoneIsNoTrouble) {
  write(scratch / "broken.sqlite", std::string(5000, 'x'));
  write(scratch / "file", "x");
  for (const fs::path& memory : {scratch / "broken.sqlite", scratch / "file/below.sqlite"}) {
    options_.memory = memory;
    open();
    EXPECT_THAT(found({low_}), ElementsAre(low_));
  }
  open();
  options_.memory = scratch / "broken.sqlite";
  open();
  EXPECT_THAT(found({low_}), ElementsAre(low_)) << "which was made anew";
}

TEST_F(CachesTest, ManyAreAskedForAtOnce) {
  fault_ = [](const HttpRequest&, HttpReply&) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  StorePathSet paths{low_};
  for (int i = 0; i < 300; ++i) paths.insert(make_output_path("out", sha256(std::to_string(i)), "x").value());
  open();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(found(paths), ElementsAre(low_));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(300 * 20)) << "one after another";
  EXPECT_EQ(asked(".narinfo"), 301U);
}

TEST_F(CachesTest, WhatIsNoPlaceIsAnError) {
  for (const char* url : {"gopher://x", "https://", "https://host/?x=1", "cache.example.org", "s3://", "s3://Bucket", "s3://bucket/x"}) {
    options_.urls = {url};
    const auto opened = Caches::open(options_);
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().what, std::string("'") + url + "' is no place of a cache");
  }
  options_.urls = {"https://me:secret@host"};
  const auto opened = Caches::open(options_);
  ASSERT_FALSE(opened);
  EXPECT_THAT(render(opened.error()), testing::Not(HasSubstr("secret")));
}

TEST_F(CachesTest, AWebServerIsReadOnlyAndHasNoList) {
  const auto place = open_place(server_->url(""), false).value();
  EXPECT_EQ(place->list().error().what, "'" + place->shown() + "' cannot be listed: it is a web server");
  EXPECT_FALSE(place->remove_all({"x"}));
  EXPECT_FALSE(open_place(server_->url(""), true));
}

}  // namespace
}  // namespace swage::test
