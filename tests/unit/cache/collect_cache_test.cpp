#include "cache/collect_cache.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "cache/check_cache.hpp"
#include "cache/push.hpp"
#include "store_support.hpp"

namespace swage::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A cache whose owner is killed after so many files were removed.
class EndsEarly final : public CachePlace {
 public:
  EndsEarly(CachePlace& place, std::size_t left) : place_(place), left_(left) {}
  std::string shown() const override { return place_.shown(); }
  bool is_remote() const override { return false; }
  Answer read(const std::string& name, std::uint64_t limit) override { return place_.read(name, limit); }
  Result<bool> stream(const std::string& name, const ByteSink& sink) override { return place_.stream(name, sink); }
  Result<bool> has(const std::string& name) override { return place_.has(name); }
  fs::path staging() const override { return place_.staging(); }
  Result<void> write(const std::string& name, const fs::path& file, std::string_view type) override {
    return place_.write(name, file, type);
  }
  bool can_list() const override { return true; }
  Result<std::vector<Entry>> list() override { return place_.list(); }
  Result<void> remove_all(const std::vector<std::string>& names) override {
    for (const std::string& name : names) {
      if (left_-- == 0) return fail(Errc::environment, "killed");
      SWAGE_CHECK(place_.remove_all({name}));
    }
    return {};
  }
  Result<void> renew(const std::string& name) override { return place_.renew(name); }
  Result<Held> lock(Use, const std::function<void()>&) override { return Held(); }

 private:
  CachePlace& place_;
  std::size_t left_;
};

// a <- b <- c, d alone.
class CollectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SWAGE_OK(store_, Store::open(home_ / "home"));
    SWAGE_OK(const StorePath a, store_->add_text("a", "first"));
    SWAGE_OK(const StorePath b, store_->add_text("b", a.str(), {a}));
    SWAGE_OK(const StorePath c, store_->add_text("c", b.str(), {b}));
    SWAGE_OK(const StorePath d, store_->add_text("d", "alone"));
    paths_ = {a, b, c, d};
    SWAGE_OK(place_, open_place((home_ / "cache").string(), true));
    push({c, d});
  }
  void push(const StorePathSet& paths) {
    const auto pushed = push_paths(*store_, paths, *place_, {.compression = Compression::none}, quiet_);
    ASSERT_TRUE(pushed) << render(pushed.error());
  }
  CollectResult collect(const std::vector<CacheRoot>& roots, std::optional<std::int64_t> newer = {}, bool dry = false) {
    Result<CacheCollection> collection = CacheCollection::begin(*place_, quiet_);
    EXPECT_TRUE(collection) << render(collection.error());
    const Result<CollectResult> result = collection->collect(roots, newer, dry);
    EXPECT_TRUE(result) << render(result.error());
    return *result;
  }
  std::vector<std::string> names(const CollectResult& result) {
    std::vector<std::string> all;
    for (const CollectedPath& one : result.deleted) all.emplace_back(one.path.name());
    return all;
  }
  CheckCacheResult checked() {
    const auto result = check_cache(*place_, {}, quiet_);
    EXPECT_TRUE(result) << render(result.error());
    for (const CacheProblem& problem : result->problems) ADD_FAILURE() << problem.name << ": " << problem.what;
    return *result;
  }
  void age(const StorePath& path) {
    fs::last_write_time(home_ / "cache" / narinfo_name(path), fs::file_time_type::clock::now() - std::chrono::hours(48));
  }

  Scratch home_;
  NullReporter quiet_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<CachePlace> place_;
  std::vector<StorePath> paths_{};
};

TEST_F(CollectTest, WhatARootRefersToIsKept) {
  const CollectResult result = collect({{.because = "pin 'x'", .paths = {paths_[1]}}});
  EXPECT_THAT(names(result), ElementsAre("d", "c"));
  ASSERT_EQ(result.kept.size(), 1U);
  EXPECT_EQ(result.kept[0].because, "pin 'x'");
  EXPECT_EQ(result.kept[0].paths, (StorePathSet{paths_[0], paths_[1]}));
  const CheckCacheResult left = checked();
  EXPECT_EQ(left.paths, 2U);
  EXPECT_THAT(left.unused, IsEmpty());
  EXPECT_EQ(left.unlisted, 0U);
  EXPECT_EQ(read_cache_index(*place_).value(), (StorePathSet{paths_[0], paths_[1]}));
}

TEST_F(CollectTest, EachIsCountedForTheFirstRootThatKeepsIt) {
  const CollectResult result = collect({{.because = "1", .paths = {paths_[0]}}, {.because = "2", .paths = {paths_[2]}}});
  ASSERT_EQ(result.kept.size(), 2U);
  EXPECT_EQ(result.kept[0].paths, StorePathSet{paths_[0]});
  EXPECT_EQ(result.kept[1].paths, (StorePathSet{paths_[1], paths_[2]}));
  EXPECT_THAT(names(result), ElementsAre("d"));
}

TEST_F(CollectTest, ADryRunChangesNothing) {
  const CollectResult result = collect({{.because = "1", .paths = {paths_[3]}}}, {}, true);
  EXPECT_THAT(names(result), ElementsAre("c", "b", "a"));
  EXPECT_EQ(checked().paths, 4U);
}

TEST_F(CollectTest, WhatIsNewerIsKeptAndAPushAgainMakesItNewer) {
  for (const StorePath& path : paths_) age(path);
  EXPECT_THAT(names(collect({}, 3600, true)), ElementsAre("d", "c", "b", "a"));
  push({paths_[2]});   // all there: but somebody wants it
  const CollectResult result = collect({}, 3600);
  EXPECT_THAT(names(result), ElementsAre("d"));
  EXPECT_EQ(result.kept.front().because, "newer");
  checked();
}

TEST_F(CollectTest, ADerivationStaysAsLongAsItsOutput) {
  SWAGE_OK(const StorePath drv, store_->add_text("d-derivation", "of d", {paths_[0]}));
  push({drv});
  NarInfo output = parse_narinfo(**place_->read(narinfo_name(paths_[3]), 10'000), "x").value();
  output.info.deriver = drv;
  ASSERT_TRUE(place_->write_text(narinfo_name(paths_[3]), format_narinfo(output), ""));
  EXPECT_THAT(names(collect({{.because = "1", .paths = {paths_[3]}}})), ElementsAre("c", "b"));
  EXPECT_EQ(checked().paths, 3U);
  EXPECT_THAT(names(collect({{.because = "1", .paths = {paths_[0]}}})), testing::UnorderedElementsAre("d", "d-derivation"));
}

TEST_F(CollectTest, ANarOfTwoPathsStaysWithTheLast) {
  NarInfo one = parse_narinfo(**place_->read(narinfo_name(paths_[3]), 10'000), "x").value();
  const std::string nar = one.url;
  one.info.path = StorePath::parse_base(std::string(32, '0') + "-copy").value();
  one.info.ca.reset();
  ASSERT_TRUE(place_->write_text(narinfo_name(one.info.path), format_narinfo(one), ""));
  EXPECT_THAT(names(collect({{.because = "1", .paths = {one.info.path}}})), ElementsAre("d", "c", "b", "a"));
  EXPECT_TRUE(place_->has(nar).value());
}

TEST_F(CollectTest, WhatANarInfoNamesElsewhereIsNotRemovedWithIt) {
  EXPECT_DONE(pin_in_cache(*place_, "mine", {paths_[0]}, [] {}));
  NarInfo one = parse_narinfo(**place_->read(narinfo_name(paths_[3]), 10'000), "x").value();
  one.url = "pins/mine";
  ASSERT_TRUE(place_->write_text(narinfo_name(paths_[3]), format_narinfo(one), ""));
  collect({{.because = "1", .paths = {paths_[0]}}});
  EXPECT_TRUE(place_->has("pins/mine").value());
}

// However early it ends, what is there is whole, and the next one takes the rest.
TEST_F(CollectTest, OneThatIsKilledLeavesAWholeCache) {
  for (std::size_t removed = 0;; ++removed) {
    push({paths_[2], paths_[3]});
    EndsEarly place(*place_, removed);
    Result<CacheCollection> collection = CacheCollection::begin(place, quiet_);
    ASSERT_TRUE(collection);
    const bool whole = collection->collect({{.because = "1", .paths = {paths_[0]}}}, {}, false).has_value();
    checked();
    collect({{.because = "1", .paths = {paths_[0]}}});
    const CheckCacheResult left = checked();
    EXPECT_EQ(left.paths, 1U);
    EXPECT_THAT(left.unused, IsEmpty()) << removed;
    if (!whole) continue;
    EXPECT_GE(removed, 6U) << "three narinfos and three NARs";
    break;
  }
}

TEST_F(CollectTest, NothingIsDeletedWhereANarInfoCannotBeRead) {
  std::ofstream(home_ / "cache" / narinfo_name(paths_[0])) << "StorePath: x\n";
  const Result<CacheCollection> collection = CacheCollection::begin(*place_, quiet_);
  ASSERT_FALSE(collection);
  EXPECT_EQ(render(collection.error()),
            "error: '" + narinfo_name(paths_[0]) + "': '" + narinfo_name(paths_[0]) +
                "' has no 'URL'\nnote: what it refers to is not known, so nothing was deleted\n");
}

TEST_F(CollectTest, APushAndACollectionWaitForEachOther) {
  std::thread pusher;
  {
    Result<CacheCollection> collection = CacheCollection::begin(*place_, quiet_);
    ASSERT_TRUE(collection);
    pusher = std::thread([&] { push({paths_[2]}); });   // it finds all there, if it does not wait
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ASSERT_TRUE(collection->collect({{.because = "1", .paths = {paths_[3]}}}, {}, false));
  }
  pusher.join();
  EXPECT_EQ(checked().paths, 4U);
}

TEST_F(CollectTest, PinsAreWords) {
  EXPECT_EQ(pin_in_cache(*place_, "../x", {paths_[0]}, [] {}).error().what, "'../x' is no name of a pin");
  const StorePath other = StorePath::parse_base(std::string(32, '0') + "-x").value();
  EXPECT_EQ(pin_in_cache(*place_, "x", {other}, [] {}).error().what,
            "'" + other.str() + "' is not in '" + place_->shown() + "'");
  EXPECT_DONE(pin_in_cache(*place_, "release", {paths_[0]}, [] {}));
  EXPECT_EQ(read_cache_pins(*place_).value(), (CachePins{{"release", {paths_[0]}}}));
  EXPECT_EQ(render(unpin_in_cache(*place_, "relaese").error()),
            "error: 'relaese' is no pin of '" + place_->shown() + "'\nhint: did you mean 'release'?\n");
  EXPECT_DONE(unpin_in_cache(*place_, "release"));
  EXPECT_THAT(read_cache_pins(*place_).value(), IsEmpty());
}

TEST_F(CollectTest, AnIndexThatIsNoneIsMadeAnew) {
  ASSERT_TRUE(place_->write_text("store-paths", "what\n", ""));
  const auto wrong = check_cache(*place_, {}, quiet_);
  ASSERT_TRUE(wrong);
  ASSERT_EQ(wrong->problems.size(), 1U);
  EXPECT_EQ(wrong->problems[0].what, "'store-paths' names 'what'");
  push({paths_[2]});
  EXPECT_EQ(read_cache_index(*place_).value(), (StorePathSet{paths_[0], paths_[1], paths_[2]}));
  EXPECT_EQ(checked().unlisted, 1U);
}

}  // namespace
}  // namespace swage::test
