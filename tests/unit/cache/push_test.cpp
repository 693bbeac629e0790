#include "cache/push.hpp"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

#include "cache/background_push.hpp"
#include "cache/check_cache.hpp"
#include "store_support.hpp"

namespace swage::test {
namespace {

class CacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SWAGE_OK(store_, Store::open(home_ / "home"));
    SWAGE_OK(const StorePath a, store_->add_text("a", "first"));
    SWAGE_OK(const StorePath b, store_->add_text("b", a.str(), {a}));
    SWAGE_OK(const StorePath c, store_->add_text("c", a.str() + b.str(), {a, b}));
    paths_ = {a, b, c};
    SWAGE_OK(place_, open_place((home_ / "cache").string(), true));
    key_ = SecretKey::generate("test-1").value();
  }
  Result<PushResult> push(PushOptions options = {}) {
    options.key = &*key_;
    return push_paths(*store_, {paths_[2]}, *place_, options, quiet_);
  }
  std::vector<std::string> problems() {
    const auto checked = check_cache(*place_, {.keys = {key_->public_key()}}, quiet_);
    EXPECT_TRUE(checked) << render(checked.error());
    std::vector<std::string> all;
    for (const CacheProblem& problem : checked->problems) all.push_back(problem.name + ": " + problem.what);
    return all;
  }
  fs::path file(const std::string& name) const { return home_ / "cache" / name; }
  std::string narinfo(int i) const { return std::string(paths_[i].hash_part()) + ".narinfo"; }
  NarInfo read(int i) { return parse_narinfo(**place_->read(narinfo(i), 10'000), "x").value(); }

  Scratch home_;
  NullReporter quiet_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<CachePlace> place_;
  std::vector<StorePath> paths_{};
  std::optional<SecretKey> key_{};
};

TEST_F(CacheTest, APushedClosureIsCompleteAndSigned) {
  for (const Compression form : {Compression::zstd, Compression::xz, Compression::gzip, Compression::bzip2, Compression::none}) {
    EXPECT_DONE(remove_tree(file("nar")));
    SWAGE_OK(const PushResult result, push({.compression = form, .again = true}));
    EXPECT_EQ(result.pushed, 3U);
    EXPECT_EQ(problems(), std::vector<std::string>()) << compression_name(form);
    EXPECT_EQ(read(2).info.references, (StorePathSet{paths_[0], paths_[1]}));
  }
  SWAGE_OK(const PushResult again, push());
  EXPECT_EQ(again.pushed, 0U);
  EXPECT_EQ(again.present, 3U);
  EXPECT_EQ(list_directory(file(".swage-push")).value(), (std::vector<std::string>{"index.lock", "lock"}));
}

TEST_F(CacheTest, WhatAnUpstreamHasIsNotPushed) {
  SWAGE_OK(const auto upstream, open_place((home_ / "upstream").string(), true));
  EXPECT_DONE(push_paths(*store_, {paths_[1]}, *upstream, {.compression = Compression::none}, quiet_));
  SWAGE_OK(const PushResult result, push({.upstreams = {upstream.get()}}));
  EXPECT_EQ(result.pushed, 1U);
  EXPECT_EQ(result.upstream, 2U);
  EXPECT_EQ(read_cache_index(*place_).value(), StorePathSet{paths_[2]});
  EXPECT_EQ(problems().size(), 2U) << "alone it has holes";
  const auto both = check_cache(*place_, {.keys = {key_->public_key()}, .upstreams = {upstream.get()}}, quiet_);
  ASSERT_TRUE(both);
  EXPECT_TRUE(both->problems.empty());
  EXPECT_EQ(both->upstream, 2U);
}

TEST_F(CacheTest, OfGivenPathsOnlyTheirClosureIsLookedAt) {
  EXPECT_DONE(push());
  SWAGE_OK(const StorePath other, store_->add_text("other", "other"));
  EXPECT_DONE(push_paths(*store_, {other}, *place_, {}, quiet_));
  fs::remove(file(read(0).url));
  const CheckCacheOptions alone{.paths = StorePathSet{other}};
  SWAGE_OK(const CheckCacheResult fine, check_cache(*place_, alone, quiet_));
  EXPECT_EQ(fine.scope, CheckScope::paths);
  EXPECT_EQ(fine.paths, 1U);
  EXPECT_TRUE(fine.problems.empty());
  const CheckCacheOptions user{.paths = StorePathSet{paths_[1]}};
  SWAGE_OK(const CheckCacheResult damaged, check_cache(*place_, user, quiet_));
  EXPECT_EQ(damaged.paths, 2U);
  ASSERT_EQ(damaged.problems.size(), 1U);
  EXPECT_EQ(damaged.problems[0].what, "'" + read(0).url + "' is not there");
}

TEST_F(CacheTest, AHoleIsFilledAndNamed) {
  EXPECT_DONE(push());
  fs::remove(file(narinfo(0)));
  std::vector<std::string> expected;
  for (const int i : {1, 2}) expected.push_back(narinfo(i) + ": its reference '" + paths_[0].str() + "' is not in the cache");
  expected.push_back(narinfo(0) + ": 'store-paths' names it, and it is not there");
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(problems(), expected);
  SWAGE_OK(const PushResult again, push());
  EXPECT_EQ(again.pushed, 1U);
  EXPECT_EQ(problems(), std::vector<std::string>());
}

TEST_F(CacheTest, DamageIsNamed) {
  EXPECT_DONE(push());
  const NarInfo one = read(0);
  std::ofstream(file(one.url), std::ios::in | std::ios::out).put('x');
  EXPECT_EQ(problems(), std::vector<std::string>{narinfo(0) + ": '" + one.url + "' is not compressed by zstd"});
  std::ofstream(file(one.url), std::ios::app).put('x');
  EXPECT_EQ(problems(), std::vector<std::string>{narinfo(0) + ": its NAR '" + one.url + "' has " +
                                                 std::to_string(one.file_size + 1) + " bytes, not " +
                                                 std::to_string(one.file_size)});
  fs::remove(file(one.url));
  EXPECT_EQ(problems(), std::vector<std::string>{narinfo(0) + ": its NAR '" + one.url + "' is not there"});
}

TEST_F(CacheTest, ANarOfAnotherPathIsNamed) {
  EXPECT_DONE(push());
  NarInfo one = read(0);
  const NarInfo two = read(1);
  one.url = two.url;
  one.file_hash = two.file_hash;
  one.file_size = two.file_size;
  ASSERT_TRUE(place_->write_text(narinfo(0), format_narinfo(one), ""));
  const std::vector<std::string> found = problems();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0] == narinfo(0) + ": '" + two.url + "' holds another path than its narinfo says" ||
              found[0] == narinfo(0) + ": '" + two.url + "' unpacks to more than its " +
                              std::to_string(one.info.nar_size) + " bytes") << found[0];
}

TEST_F(CacheTest, WhatIsNotOfItsAddressIsNamed) {
  EXPECT_DONE(push());
  NarInfo one = read(0);
  const NarInfo two = read(1);
  one.info.nar_hash = two.info.nar_hash;   // all of it fits together, but the address
  one.info.nar_size = two.info.nar_size;
  one.url = two.url, one.file_hash = two.file_hash, one.file_size = two.file_size;
  ASSERT_TRUE(place_->write_text(narinfo(0), format_narinfo(one), ""));
  EXPECT_EQ(problems(), std::vector<std::string>{narinfo(0) + ": its content is not that of its address"});
}

TEST_F(CacheTest, AWrongSignatureIsNamed) {
  EXPECT_DONE(push());
  NarInfo one = read(1);
  ASSERT_EQ(one.info.signatures.size(), 1U);
  one.info.ca.reset();   // which would do without
  one.info.references.clear();
  ASSERT_TRUE(place_->write_text(narinfo(1), format_narinfo(one), ""));
  EXPECT_EQ(problems(), std::vector<std::string>{narinfo(1) + ": no signature of a given key holds"});
  one.info.signatures.clear();
  ASSERT_TRUE(place_->write_text(narinfo(1), format_narinfo(one), ""));
  EXPECT_EQ(problems(), std::vector<std::string>{narinfo(1) + ": it has no signature"});
}

TEST_F(CacheTest, WhatWasChangedInTheStoreIsNotPublished) {
  const fs::path real = store_->real_path(paths_[1]);
  fs::permissions(real, fs::perms::owner_write, fs::perm_options::add);
  std::ofstream(real, std::ios::in | std::ios::out).put('X');
  const auto pushed = push();
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code, Errc::hash_mismatch);
  EXPECT_EQ(pushed.error().what, "'" + paths_[1].str() + "' is not what this store registered");
  EXPECT_FALSE(fs::exists(file(narinfo(1))));
  EXPECT_FALSE(fs::exists(file(narinfo(2)))) << "it refers to what is not there";
}

TEST_F(CacheTest, ACacheOfAnotherStoreDirectoryIsRefused) {
  ASSERT_TRUE(place_->write_text("nix-cache-info", "StoreDir: /gnu/store\n", ""));
  EXPECT_EQ(push().error().what, "'nix-cache-info' says 'StoreDir: /gnu/store'");
}

TEST_F(CacheTest, ALinkOutOfTheDirectoryIsNotFollowed) {
  std::ofstream(home_ / "secret") << "x";
  fs::create_directories(file("nar"));
  fs::create_symlink(home_ / "secret", file("nar/x"));
  const auto got = place_->read("nar/x", 100);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().what, "'nar/x' leads out of '" + (home_ / "cache").string() + "'");
}

TEST_F(CacheTest, APushInTheBackgroundBeginsAtOnce) {
  PushOptions options{.key = &*key_};
  BackgroundPush meanwhile(*store_, *place_, options);
  meanwhile.add({paths_[1]});
  for (int tries = 0; tries < 1000 && !fs::exists(file(narinfo(1))); ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(fs::exists(file(narinfo(1))));
  EXPECT_EQ(meanwhile.finish().pushed, 2U);
  SWAGE_OK(const PushResult rest, push());
  EXPECT_EQ(rest.pushed, 1U);
  EXPECT_EQ(problems(), std::vector<std::string>());
}

TEST_F(CacheTest, APushInTheBackgroundThatFailsIsLeftToTheRest) {
  ASSERT_TRUE(place_->write_text("nix-cache-info", "StoreDir: /gnu/store\n", ""));
  BackgroundPush meanwhile(*store_, *place_, {});
  meanwhile.add({paths_[1]});
  meanwhile.add({paths_[2]});
  EXPECT_EQ(meanwhile.finish().pushed, 0U);
}

}  // namespace
}  // namespace swage::test
